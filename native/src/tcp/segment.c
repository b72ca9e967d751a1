/* SPDX-License-Identifier: Apache-2.0 */

/* Building segments of any kind: tags, SACK blocks, ECN, FIN and RST. The usual ones are built in
 * emit.c. */

#include "tcp/segment.h"

#include "tcp/loss.h"
#include "tcp/sack.h"
#include "tcp/window.h"

/** Ethernet with a tag: VLAN, or 0 and a priority alone; then the rest of the head.
 *  @return where the IP header lies */
static uint8_t *
put_tagged(const struct flue_conn *c, const struct flue_path *p, uint8_t *at)
{
	memcpy(at, p->head, 12);
	flue_store16be(at + 12, 0x8100);
	flue_store16be(at + 14, (uint16_t)(c->priority << 13 | p->vlan));
	memcpy(at + 16, p->head + 12, sizeof(p->head) - 12);
	return at + 18;
}

/** A tag, written here or left to the port; then the rest of the head. @return where the IP header lies */
static uint8_t *
put_tag(const struct flue_conn *c, const struct flue_path *p, struct flue_pkt *pkt, bool by_port)
{
	if (!by_port)
		return put_tagged(c, p, pkt->data);
	memcpy(pkt->data, p->head, sizeof(p->head));
	pkt->flags |= FLUE_PKT_TX_VLAN;
	pkt->tx_vlan = (uint16_t)(c->priority << 13 | p->vlan);
	return pkt->data + 14;
}

/** Ethernet and IP. @return where the TCP header goes */
static inline uint8_t *
put_head(struct flue_engine *e, const struct flue_conn *c, const struct flue_path *p,
		struct flue_pkt *pkt, uint8_t tos, uint32_t tcp_len)
{
	const uint32_t port = e->port->offloads;
	uint8_t *ip = pkt->data + 14;
	uint16_t len = __builtin_bswap16((uint16_t)(tcp_len + 20));
	uint32_t sum;
	uint16_t id;

	/* A whole line, in vectors: what of it is no head is written over. */
	memcpy(pkt->data, p, FLUE_CACHE_LINE);
	if (unlikely(p->vlan | c->priority))
		ip = put_tag(c, p, pkt, port & FLUE_PORT_VLAN_INSERT);
	if (unlikely(p->ip6)) {
		flue_store32be(ip, UINT32_C(0x60000000) | (uint32_t)tos << 20 | c->flow_label);
		flue_store16be(ip + 4, (uint16_t)tcp_len);
		ip[7] = c->ttl;
		return ip + 40;
	}
	/* The lower half of the ids is the host's (chimney rules 5.2). */
	id = __builtin_bswap16((uint16_t)(0x8000 | (e->ip_id++ & 0x7fff)));
	ip[1] = tos;
	flue_store32(ip + 2, (uint32_t)id << 16 | len);
	ip[8] = c->ttl;
	if (port & FLUE_PORT_TX_IP_CSUM) {
		pkt->flags |= FLUE_PKT_TX_IP_CSUM;
		return ip + 20;
	}
	/* The traffic class is the second byte of a word as it lies in memory. */
	sum = (uint32_t)p->ip_sum + len + id + ((uint32_t)tos << 8) + c->ttl;
	flue_store16(ip + 10, flue_csum_finish32(sum));
	return ip + 20;
}

/** Words 0 to 3 and 4, whose checksum is 0 for now, and the timestamps where they are agreed.
 *  @return their sum */
static inline uint64_t
put_tcp(struct flue_engine *e, struct flue_conn *c, uint8_t *tcp, uint32_t seq, uint32_t hlen,
		uint8_t flags)
{
	uint32_t ports = c->ports >> 16 | c->ports << 16;
	uint32_t number = __builtin_bswap32(seq);
	uint32_t ack = __builtin_bswap32(c->rcv_nxt);
	uint32_t rest = __builtin_bswap32(
			hlen << 26 | (uint32_t)flags << 16 | flue_window_advertise(c));
	uint64_t sum = (uint64_t)ports + number + ack + rest;

	/* Word by word: an array on the stack would be read before it is written. */
	flue_store32(tcp, ports);
	flue_store32(tcp + 4, number);
	flue_store32(tcp + 8, ack);
	flue_store32(tcp + 12, rest);
	flue_store32(tcp + 16, 0);
	if (likely(c->flags & CONN_TS)) {
		uint32_t option = __builtin_bswap32(UINT32_C(0x0101080a));
		uint32_t value = __builtin_bswap32(flue_ts_clock(e, c));
		uint32_t echo = __builtin_bswap32(c->ts_recent);

		flue_store32(tcp + 20, option);
		flue_store32(tcp + 24, value);
		flue_store32(tcp + 28, echo);
		sum += (uint64_t)option + value + echo;
	}
	return sum;
}

uint64_t
flue_gather(struct flue_engine *e, struct flue_pkt *pkt, const struct flue_piece *p, uint32_t off,
		uint32_t len, bool sum_wanted, uint32_t *push)
{
	uint32_t done = 0;
	uint64_t sum = 0;

	while (done < len) {
		uint32_t n = p->len - off < len - done ? p->len - off : len - done;

		if (sum_wanted) {
			uint64_t part = flue_csum_copy(pkt->data + pkt->len, p->data + off, n, 0);

			sum += done & 1 ? flue_csum_odd(part) : flue_csum_fold(part);
		} else {
			flue_copy_small(pkt->data + pkt->len, p->data + off, n);
		}
		pkt->len = (uint16_t)(pkt->len + n);
		done += n;
		*push |= flue_ends_nbl(p, off + n);
		off = 0;
		if (done < len)
			p = &e->pieces[p->next];
	}
	return sum;
}

/** Counters, and statistics of chimney rules 8.4. What the peer was sent all of before is no new
 *  segment. */
static inline void
count_out(struct flue_engine *e, const struct flue_conn *c, uint32_t seq, uint32_t hlen,
		uint32_t len, uint8_t flags)
{
	bool ip6 = (c->flags & CONN_IP6) != 0;
	uint32_t numbers = len + ((flags & TCP_FIN) != 0);
	struct flue_tcp_offload_stats *tcp = &e->stats[ip6].tcp;
	struct flue_ip_offload_stats *ip = &e->stats[ip6].ip;

	flue_count(e, FLUE_CTR_OUT_SEGMENTS, 1);
	flue_count(e, FLUE_CTR_OUT_BYTES, len);
	if (unlikely(numbers > 0 && flue_seq_leq(seq + numbers, c->snd_max)))
		tcp->retransmitted_segments++;
	else
		tcp->out_segments++;
	if (unlikely(flags & TCP_RST))
		tcp->out_resets++;
	ip->out_requests++;
	ip->out_octets += (ip6 ? 40 : 20) + hlen + len;
}

void
flue_segment_cut(struct flue_engine *e, const struct flue_conn *c, struct flue_pkt *pkt,
		uint8_t *tcp, uint32_t hlen, uint32_t len)
{
	bool ip6 = (c->flags & CONN_IP6) != 0;
	uint32_t more = len / c->mss - 1;
	struct flue_ip_offload_stats *ip = &e->stats[ip6].ip;

	pkt->flags |= FLUE_PKT_TX_TSO;
	pkt->tx_segment = c->mss;
	flue_store16(tcp + 16, flue_csum_fold(e->paths[c->path].pseudo));
	flue_count(e, FLUE_CTR_OUT_SEGMENTS, more);
	e->stats[ip6].tcp.out_segments += more;
	ip->out_requests += more;
	ip->out_octets += ((ip6 ? 40 : 20) + hlen) * more;
	if (!ip6)
		e->ip_id = (uint16_t)(e->ip_id + more);
}

/**
 * ECN (RFC 3168 6.1): that CE was seen goes with every ACK. New data says that it can be marked, and
 * first that the window was cut; pure ACKs, what is sent again and probes of a window do not (6.1.4 to
 * 6.1.6).
 * @return the traffic class
 */
static inline uint8_t
put_marks(struct flue_conn *c, uint32_t seq, uint32_t len, uint8_t *flags)
{
	uint8_t dscp = c->tos & 0xfc;

	if (likely(!(c->tos & TOS_ECN)) || (*flags & TCP_RST))
		return dscp;
	if (c->tos & TOS_ECE)
		*flags |= TCP_ECE;
	if (len == 0 || seq != c->snd_max || (c->flags & CONN_PERSIST))
		return dscp;
	if (c->cwr)
		*flags |= TCP_CWR;
	c->cwr = 0;
	return dscp | TOS_ECN;
}

/** Room for a SACK option in a segment with so much payload. Options count: with data it is never larger
 *  than a full one without (RFC 9293 3.7.1). */
static uint32_t
sack_room(const struct flue_conn *c, const struct flue_path *path, uint32_t len)
{
	uint32_t ts = c->flags & CONN_TS ? TCP_TS_BYTES : 0;
	uint32_t fits = path->mss > ts ? path->mss - ts : 0;
	uint32_t left;

	if (len > 0 && fits > c->mss)
		fits = c->mss;
	left = fits > len ? fits - len : 0;
	return left < 40 - ts ? left : 40 - ts;
}

bool
flue_segment_build(struct flue_engine *e, struct flue_conn *c, const struct flue_path *path,
		uint32_t seq, uint32_t len, uint8_t flags)
{
	bool sums = (e->port->offloads & FLUE_PORT_TX_TCP_CSUM) == 0;
	uint32_t hlen = c->flags & CONN_TS ? 20 + TCP_TS_BYTES : 20;
	struct flue_pkt *pkt = flue_tx_alloc(e);
	uint8_t sack[FLUE_SACK_BYTES];
	uint32_t told = 0;
	uint32_t push = 0;
	uint64_t sum;
	uint8_t *tcp;
	uint8_t tos;

	if (unlikely(pkt == NULL))
		return false;
	if ((c->flags & (CONN_OOO | CONN_ACK_NOW)) && flue_sack_news(c) && !(flags & TCP_RST)) {
		told = flue_sack_put(e, c, sack, sack_room(c, path, len));
		hlen += told;
	}
	tos = put_marks(c, seq, len, &flags);
	tcp = put_head(e, c, path, pkt, tos, hlen + len);
	pkt->len = (uint16_t)(tcp + hlen - pkt->data);
	sum = (uint32_t)path->pseudo + __builtin_bswap16((uint16_t)(hlen + len));
	if (len > 0)
		sum += flue_put_payload(e, c, pkt, seq, len, sums, &push);
	flags |= (uint8_t)(push * TCP_PSH);
	if (unlikely(told > 0))
		memcpy(tcp + hlen - told, sack, told);
	if (sums) {
		sum += put_tcp(e, c, tcp, seq, hlen, flags);
		sum = flue_csum_add(sack, told, sum);
		flue_store16(tcp + 16, flue_csum_finish(sum));
	} else {
		(void)put_tcp(e, c, tcp, seq, hlen, flags);
		flue_store16(tcp + 16, flue_csum_fold32((uint32_t)sum));
		pkt->flags |= FLUE_PKT_TX_TCP_CSUM;
	}
	if (unlikely(len > c->mss))
		flue_segment_cut(e, c, pkt, tcp, hlen, len);
	flue_txq_push(e, pkt);
	flue_segment_left(c);
	count_out(e, c, seq, hlen, len, flags);
	return true;
}
