/* SPDX-License-Identifier: Apache-2.0 */

/* What leaves: whole frames, right sums, the host's bytes, inside the peer's window. */

#include "support/world.h"
#include "tcp/csum.h"

/** Options of a segment that is not a SYN: well formed, and only what was agreed. */
static void
check_options(struct world *w, const uint8_t *tcp, uint32_t hlen, const struct flue_conn *c)
{
	uint32_t ack = flue_load32be(tcp + 8);
	bool ts = false;
	uint32_t at = 20;
	uint32_t i;

	while (at < hlen) {
		if (tcp[at] == 0)
			break;
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		fuzz_require(at + 1 < hlen && tcp[at + 1] >= 2 && at + tcp[at + 1] <= hlen,
				"options that leave are well formed");
		if (tcp[at] == 8) {
			fuzz_require(tcp[at + 1] == 10, "a timestamp has ten bytes");
			w->echo = flue_load32be(tcp + at + 2);
			ts = true;
		} else {
			fuzz_require(tcp[at] == 5 && tcp[at + 1] % 8 == 2 && tcp[at + 1] > 2,
					"only timestamps and SACK leave");
			fuzz_require(w->sack, "SACK was agreed");
			for (i = at + 2; i < at + tcp[at + 1]; i += 8) {
				uint32_t from = flue_load32be(tcp + i);
				uint32_t to = flue_load32be(tcp + i + 4);

				fuzz_require(flue_seq_lt(from, to), "a SACK block is not empty");
				fuzz_require(flue_seq_leq(to, c->rcv_adv) ||
								flue_seq_leq(to, c->rcv_nxt),
						"a SACK block lies in the window");
				fuzz_require(i == at + 2 || flue_seq_gt(from, ack),
						"SACK blocks lie beyond the ACK");
			}
		}
		at += tcp[at + 1];
	}
	fuzz_require(ts == w->ts || (tcp[13] & TCP_RST), "timestamps on each segment, if agreed");
}

static void
check_payload(struct world *w, uint32_t seq, const uint8_t *data, uint32_t len, uint8_t flags)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		fuzz_require(w->patched || data[i] == world_byte(seq + i),
				"what leaves is what the host gave");
	/* A probe is a byte beyond; nobody's window is asked about a FIN alone. */
	if (len > 1 && !w->patched)
		fuzz_require(flue_seq_leq(seq + len, w->peer_edge),
				"data stays within what the peer ever allowed");
	fuzz_require(!(flags & TCP_SYN), "no SYN leaves");
}

static void
check_window(struct world *w, const uint8_t *tcp, const struct flue_conn *c)
{
	uint32_t unit = 1u << (w->scales >> 4);
	uint32_t ack = flue_load32be(tcp + 8);
	uint32_t edge = ack + flue_load16be(tcp + 14) * unit;

	fuzz_require(flue_seq_leq(ack, c->rcv_nxt), "only what came is acknowledged");
	fuzz_require(w->patched || flue_seq_geq(ack, w->told_ack), "an ACK is never taken back");
	w->told_ack = ack;
	fuzz_require(flue_seq_leq(edge, c->rcv_adv), "no window beyond the promise");
	if (!w->patched)
		fuzz_require(flue_seq_gt(edge + unit, w->told_edge),
				"the right edge moves left by rounding alone");
	if (flue_seq_gt(edge, w->told_edge))
		w->told_edge = edge;
}

void
world_sent(struct fuzz *f, const struct flue_pkt *pkt)
{
	struct world *w = f->context;
	const struct flue_conn *c = flue_conn_of(f->e, w->token);
	uint8_t bytes[FUZZ_ROOM];
	uint32_t len = (uint32_t)pkt->len + pkt->ext_len;
	uint32_t at = f->ip6 ? 54 : 34;
	const uint8_t *tcp = bytes + at;
	uint64_t sum;
	uint32_t hlen;

	fuzz_require(len >= at + 20 && len <= 18 + 1500u, "a frame has its size");
	memcpy(bytes, pkt->data, pkt->len);
	if (pkt->ext_len > 0)
		memcpy(bytes + pkt->len, pkt->ext, pkt->ext_len);
	if (flue_load16be(bytes + 12) == 0x8100) {
		len -= 4;
		memmove(bytes + 12, bytes + 16, len - 12);
	}
	fuzz_require(len <= 14 + 1500u, "a frame fits the path");
	fuzz_require(memcmp(bytes, FUZZ_PEER_MAC, 6) == 0, "it goes to the neighbor");
	if (f->ip6) {
		fuzz_require(flue_load16be(bytes + 18) == len - at, "IPv6 has its length");
		sum = flue_csum_add(bytes + 22, 32, __builtin_bswap16(6));
	} else {
		fuzz_require(flue_load16be(bytes + 16) == len - 14u, "IPv4 has its length");
		fuzz_require(flue_csum_fold(flue_csum_add(bytes + 14, 20, 0)) == 0xffff,
				"the sum of the IPv4 header");
		sum = flue_csum_add(bytes + 26, 8, __builtin_bswap16(6));
	}
	sum += __builtin_bswap16((uint16_t)(len - at));
	fuzz_require(flue_csum_fold(flue_csum_add(tcp, len - at, sum)) == 0xffff,
			"the sum of the segment");
	hlen = (tcp[12] >> 4) * 4u;
	fuzz_require(hlen >= 20 && hlen <= len - at, "a header has its length");
	fuzz_require(!(tcp[13] & TCP_RST) || w->resets, "no reset that nobody asked for");
	check_payload(w, flue_load32be(tcp + 4), tcp + hlen, len - at - hlen, tcp[13]);
	if (c == NULL)
		return;
	check_options(w, tcp, hlen, c);
	if (!(tcp[13] & TCP_RST))
		check_window(w, tcp, c);
}
