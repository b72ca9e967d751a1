/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_PARSE_H
#define FLUE_ENGINE_PARSE_H

/** @file Segments out of frames, in line: those that follow another one of their flow, as peers send them.
 *  flue_segment_parse() takes any. */

#include <string.h>

#include "engine/parts.h"
#include "port/ethernet.h"
#include "tcp/bytes.h"

#define IP4_BYTES 20
#define IP6_BYTES 40
#define PROTO_TCP 6

/** All that is not read from the frame, in one. */
static inline void
flue_segment_clear(struct flue_segment *s)
{
	memset(&s->sacks, 0,
			offsetof(struct flue_segment, key) - offsetof(struct flue_segment, sacks));
}

/** What lies behind IP, from `s->tcp` on: `seg_len` bytes. @return false: no header */
static inline bool
flue_segment_tcp(struct flue_segment *s, struct flue_pkt *pkt, uint32_t seg_len)
{
	s->hlen = (uint8_t)((s->tcp[12] >> 4) * 4);
	if (s->hlen < 20 || s->hlen > seg_len)
		return false;
	s->pkt = pkt;
	s->seq = flue_load32be(s->tcp + 4);
	s->ack = flue_load32be(s->tcp + 8);
	s->flags = s->tcp[13];
	s->window = flue_load16be(s->tcp + 14);
	s->payload = seg_len - s->hlen;
	s->checked = (pkt->flags & FLUE_PKT_RX_CSUM_GOOD) == FLUE_PKT_RX_CSUM_GOOD;
	pkt->seq = s->seq;
	pkt->payload_off = (uint16_t)(s->tcp + s->hlen - pkt->data);
	pkt->payload_len = (uint16_t)s->payload;
	return true;
}

static inline uint64_t
flue_differ64(const uint8_t *a, const uint8_t *b, uint32_t at)
{
	return flue_load64(a + at) ^ flue_load64(b + at);
}

/** By every byte that says whose a frame is, from Ethernet's first to the ports: IPv4 without a tag. Type of
 *  service, identification, time to live and the header's sum may be others. */
static inline bool
flue_same_flow4(const uint8_t *a, const uint8_t *b)
{
	uint64_t macs = flue_differ64(a, b, 0);
	uint64_t version = flue_differ64(a, b, 8) << 8;
	uint64_t remote = flue_differ64(a, b, 22) & UINT64_C(0xffffffff0000ff00);
	uint64_t local = flue_differ64(a, b, 30);

	return (macs | version | remote | local) == 0;
}

/** The same for IPv6: traffic class, flow label and hop limit may be others. */
static inline bool
flue_same_flow6(const uint8_t *a, const uint8_t *b)
{
	uint64_t macs = flue_differ64(a, b, 0);
	uint64_t version = flue_differ64(a, b, 8) & UINT64_C(0x00f0ffffffffffff);
	uint64_t remote = (flue_differ64(a, b, 20) & UINT64_C(0xffffffffffff00ff)) |
			  flue_differ64(a, b, 28) | flue_differ64(a, b, 30);
	uint64_t local = flue_differ64(a, b, 38) | flue_differ64(a, b, 46);
	uint64_t ports = flue_differ64(a, b, 50);

	return (macs | version | remote | local | ports) == 0;
}

/** A plain segment of the flow of the one before it, which has no tag: what it shares with that one is not read
 *  again. @return false: nothing is known of it */
static inline bool
flue_segment_parse_next(
		struct flue_pkt *pkt, struct flue_segment *s, const struct flue_segment *before)
{
	const uint8_t *ip = pkt->data + FLUE_ETH_BYTES;
	uint32_t room = pkt->len - FLUE_ETH_BYTES;
	uint32_t head = IP4_BYTES;
	uint32_t total;

	if (unlikely(before->key.ip6)) {
		head = IP6_BYTES;
		if (pkt->len < FLUE_ETH_BYTES + IP6_BYTES + 20 ||
				!flue_same_flow6(pkt->data, before->pkt->data))
			return false;
		total = IP6_BYTES + flue_load16be(ip + 4);
	} else {
		if (pkt->len < FLUE_ETH_BYTES + IP4_BYTES + 20 ||
				!flue_same_flow4(pkt->data, before->pkt->data) ||
				(flue_load16be(ip + 6) & 0x3fff) != 0)
			return false;
		total = flue_load16be(ip + 2);
	}
	if (total < head + 20 || total > room)
		return false;
	flue_segment_clear(s);
	s->key = before->key;
	s->hash = before->hash;
	s->tcp = ip + head;
	return flue_segment_tcp(s, pkt, total - head);
}

#endif /* FLUE_ENGINE_PARSE_H */
