/* SPDX-License-Identifier: Apache-2.0 */

/* What a frame is: a segment, of whom, with which options; or something for the host. */

#include "engine/parse.h"

#define VLAN_BYTES 4
#define ETH_IP4    0x0800
#define ETH_IP6    0x86dd
#define ETH_VLAN   0x8100

/** Port checksums: without an IPv4 header's. */
static bool
parse_ip4(struct flue_segment *s, const uint8_t *ip, uint32_t room, uint32_t *seg_len)
{
	uint32_t total;

	if (room < IP4_BYTES + 20 || ip[0] != 0x45 || ip[9] != PROTO_TCP)
		return false;
	/* More fragments, or an offset: the host reassembles. */
	if ((flue_load16be(ip + 6) & 0x3fff) != 0)
		return false;
	total = flue_load16be(ip + 2);
	if (total < IP4_BYTES + 20 || total > room)
		return false;
	s->key.raddr = flue_load32(ip + 12);
	s->key.laddr = flue_load32(ip + 16);
	s->key.ip6 = false;
	s->tcp = ip + IP4_BYTES;
	*seg_len = total - IP4_BYTES;
	return true;
}

static uint32_t
fold_ip6(const uint8_t *a)
{
	return flue_load32(a) ^ flue_load32(a + 4) ^ flue_load32(a + 8) ^ flue_load32(a + 12);
}

static bool
parse_ip6(struct flue_segment *s, const uint8_t *ip, uint32_t room, uint32_t *seg_len)
{
	uint32_t length;

	if (room < IP6_BYTES + 20 || ip[0] >> 4 != 6 || ip[6] != PROTO_TCP)
		return false;
	length = flue_load16be(ip + 4);
	if (length < 20 || length > room - IP6_BYTES)
		return false;
	s->key.raddr = fold_ip6(ip + 8);
	s->key.laddr = fold_ip6(ip + 24);
	s->key.ip6 = true;
	s->tcp = ip + IP6_BYTES;
	*seg_len = length;
	return true;
}

static inline bool
same_mac(const uint8_t *a, const uint8_t *b)
{
	return ((flue_load32(a) ^ flue_load32(b)) |
			       (uint32_t)(flue_load16(a + 4) ^ flue_load16(b + 4))) == 0;
}

bool
flue_segment_parse(struct flue_engine *e, struct flue_pkt *pkt, struct flue_segment *s)
{
	const uint8_t *eth = pkt->data;
	const uint8_t *ip = eth + FLUE_ETH_BYTES;
	uint32_t room = pkt->len;
	uint32_t seg_len;
	uint16_t type;
	bool ok;

	if (room < FLUE_ETH_BYTES || (!same_mac(eth, e->port->mac) && !flue_mac_held(e, eth)))
		return false;
	room -= FLUE_ETH_BYTES;
	type = flue_load16be(eth + 12);
	flue_segment_clear(s);
	if (unlikely(type == ETH_VLAN)) {
		if (room < VLAN_BYTES)
			return false;
		s->tagged = true;
		s->vlan = flue_load16be(ip) & 0xfff;
		type = flue_load16be(ip + 2);
		ip += VLAN_BYTES;
		room -= VLAN_BYTES;
	}
	if (likely(type == ETH_IP4))
		ok = parse_ip4(s, ip, room, &seg_len);
	else
		ok = type == ETH_IP6 && parse_ip6(s, ip, room, &seg_len);
	if (!ok)
		return false;
	s->key.ports = flue_load32(s->tcp);
	s->hash = flue_flow_hash(&e->flow, s->key.raddr, s->key.laddr, s->key.ports);
	return flue_segment_tcp(s, pkt, seg_len);
}

/** A second option of the kind replaces the first. */
static void
sack_blocks(struct flue_segment *s, const uint8_t *p, uint32_t n)
{
	uint32_t i;

	s->sacks = (uint8_t)(n < 4 ? n : 4);
	for (i = 0; i < s->sacks; i++, p += 8) {
		s->sack[i].start = flue_load32be(p);
		s->sack[i].end = flue_load32be(p + 4);
	}
}

void
flue_segment_options(struct flue_segment *s)
{
	const uint8_t *p = s->tcp + 20;
	uint32_t left = s->hlen - 20u;

	while (left > 0 && p[0] != 0) {
		uint32_t n;

		if (p[0] == 1) {
			p++;
			left--;
			continue;
		}
		if (left < 2)
			return;
		n = p[1];
		if (n < 2 || n > left)
			return;
		if (p[0] == 8 && n == 10) {
			s->has_ts = true;
			s->tsval = flue_load32be(p + 2);
			s->tsecr = flue_load32be(p + 6);
		} else if (p[0] == 5 && n >= 10 && (n - 2) % 8 == 0) {
			sack_blocks(s, p + 2, (n - 2) / 8);
		}
		p += n;
		left -= n;
	}
}
