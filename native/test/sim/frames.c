/* SPDX-License-Identifier: Apache-2.0 */

/* Segments that came while no engine had the connection: kept, and forwarded to the next one. */

#include <string.h>

#include "sim/sim.h"
#include "tcp/bytes.h"
#include "tcp/csum.h"

#define FORWARDS 64 /* under way at a time */

/** Is it a whole segment with good sums? The wire flips bits; a host forwards none of these. */
static bool
sums_good(const uint8_t *frame, uint32_t len, uint32_t *at, uint32_t *tcp_len)
{
	bool ip6 = len >= 14 && flue_load16be(frame + 12) == 0x86dd;
	uint64_t sum;

	*at = ip6 ? 54 : 34;
	if (len < *at + 20 || frame[ip6 ? 20 : 23] != 6)
		return false;
	*tcp_len = ip6 ? flue_load16be(frame + 18) : flue_load16be(frame + 16) - 20u;
	if (*tcp_len < 20 || *tcp_len > len - *at)
		return false;
	if (!ip6 && flue_csum_fold(flue_csum_add(frame + 14, 20, 0)) != 0xffff)
		return false;
	sum = flue_csum_add(frame + (ip6 ? 22 : 26), ip6 ? 32 : 8, __builtin_bswap16(6));
	sum += __builtin_bswap16((uint16_t)*tcp_len);
	return flue_csum_fold(flue_csum_add(frame + *at, *tcp_len, sum)) == 0xffff;
}

static void
keep_frame(struct sim_side *s, flue_ref ref)
{
	struct flue_nb_walk w = { 0 };
	uint8_t frame[2048];
	uint32_t n = 0;
	uint32_t at;
	uint8_t *data;
	uint32_t len;

	if (flue_nb_walk_begin(&w, flue_nb_at(flue_nbl_at(ref)->first_net_buffer)) < 0)
		return;
	while (flue_nb_walk_next(&w, &data, &len) > 0 && n + len <= sizeof(frame)) {
		memcpy(frame + n, data, len);
		n += len;
	}
	if (s->kept_tail - s->kept_done == SIM_KEPT || !sums_good(frame, n, &at, &len))
		return;
	memcpy(s->base + flue_ref_offset(s->kept_base) +
					(uint64_t)(s->kept_tail % SIM_KEPT) * SIM_KEPT_ROOM + 256,
			frame + at, len);
	s->kept_len[s->kept_tail % SIM_KEPT] = len;
	s->kept_tail++;
}

void
sim_frames_up(struct sim_side *s, struct sim_engine *x, flue_ref chain)
{
	flue_ref ref;

	for (ref = chain; ref != 0; ref = flue_nbl_at(ref)->next)
		if (s->phase != SIM_OVER)
			keep_frame(s, ref);
	sim_submit(x, FLUE_SUB_FRAME_RETURN, 0, chain, 0, 0);
}

void
sim_frames_forward(struct sim_side *s)
{
	while (s->phase == SIM_HERE && s->kept_next != s->kept_tail &&
			s->kept_next - s->kept_done < FORWARDS) {
		uint32_t i = s->kept_next++ % SIM_KEPT;

		sim_submit(s->at, FLUE_SUB_FORWARD, s->token,
				sim_nbl(s, s->kept_base + (uint64_t)i * SIM_KEPT_ROOM,
						s->kept_len[i]),
				0, 0);
	}
}
