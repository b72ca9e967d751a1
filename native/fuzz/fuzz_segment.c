/* SPDX-License-Identifier: Apache-2.0 */

/* Segments in every state. The input describes a connection as a host hands it over: its state, options,
 * data under way, loss recovery, timers; then says what happens to it, step by step: segments near what
 * is expected and anywhere, time, sends, posted receives, verdicts, the end, a move. After each step
 * the engine's invariants hold; what leaves is what the host gave, within the peer's window, and never
 * acknowledges what did not come.
 *
 * Input: a header that begin() reads, then {action, arguments} of act(). */

#include "support/fuzz.h"
#include "support/world.h"

static void
segment(struct world *w, struct fuzz_in *in, uint8_t ecn)
{
	struct world_segment s = { .ecn = ecn };
	uint8_t how = fuzz_u8(in);
	uint8_t where = fuzz_u8(in);

	s.flags = TCP_ACK;
	if (how & 0x80)
		s.flags = fuzz_u8(in);
	s.seq = world_near(w, where & 15, fuzz_u8(in));
	s.ack = world_near(w, 16 + (where >> 4), fuzz_u8(in));
	s.window = how & 0x40 ? fuzz_u16(in) : 65535;
	s.len = how & 0x20 ? fuzz_u16(in) % 1461u : (how & 0x10) * 10u;
	s.options = how & 0x08 ? WORLD_RAW : how & 0x04 ? WORLD_SACK : WORLD_USUAL;
	if (how & 0x02)
		s.options |= WORLD_ODD_TIME;
	s.forwarded = (how & 0x01) != 0;
	world_segment(w, &s, in);
}

/** Bytes from the sequence number on as they are in the input. */
static void
raw_segment(struct world *w, struct fuzz_in *in)
{
	uint8_t frame[54 + 260] = { 0 };
	const uint8_t *bytes;
	uint32_t n = fuzz_bytes(in, &bytes, fuzz_u8(in));
	uint32_t len = n < 16 ? 16 : n;
	uint32_t at = fuzz_put_ip(w->f, frame, 4 + len);

	fuzz_put_ports(frame + at);
	memcpy(frame + at + 4, bytes, n);
	world_allow(w, flue_load32be(frame + at + 8), flue_load16be(frame + at + 14));
	(void)fuzz_receive(w->f, frame, at + 4 + len, FLUE_PKT_RX_CSUM_GOOD);
}

static void
act(struct world *w, struct fuzz_in *in)
{
	uint8_t action = fuzz_u8(in);

	switch (action & 15) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		segment(w, in, action >> 5 & 3);
		break;
	case 5:
		raw_segment(w, in);
		break;
	case 6:
	case 7:
		/* From a microsecond to hours. */
		world_pass(w, INT64_C(1000) << (fuzz_u8(in) % 34));
		return;
	case 8:
		world_send(w, fuzz_u16(in) % WORLD_SEND_ROOM);
		break;
	case 9:
		world_post(w, fuzz_u8(in), fuzz_u8(in));
		break;
	case 10:
		world_verdict(w, fuzz_u8(in), fuzz_u8(in));
		break;
	case 11:
		world_disconnect(w, fuzz_u8(in));
		break;
	case 12:
		world_update(w, fuzz_u8(in), fuzz_u8(in));
		break;
	case 13:
		world_query(w);
		break;
	case 14:
		world_move(w, fuzz_u8(in));
		break;
	default:
		world_shortage(w, fuzz_u8(in));
		break;
	}
	/* Sixteen more: several of them in one pass. */
	if (!(action & 0x10))
		world_pass(w, 1000000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct world w;

	world_begin(&w, &in);
	while (in.left > 0)
		act(&w, &in);
	world_end(&w);
	return 0;
}
