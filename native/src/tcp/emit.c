/* SPDX-License-Identifier: Apache-2.0 */

/* Building segments. Which may go is decided in output.c. */

#include "tcp/csum.h"
#include "tcp/loss.h"
#include "tcp/sack.h"
#include "tcp/window.h"

/** Piece in which `seq` lies. The queue is not empty and holds it. */
static inline struct flue_piece *
piece_at(struct flue_engine *e, struct flue_conn *c, uint32_t seq)
{
	uint32_t at = c->send_nxt;
	struct flue_piece *p;

	if (at == FLUE_NONE || flue_seq_lt(seq, e->pieces[at].seq))
		at = c->send_head;
	p = &e->pieces[at];
	while (seq - p->seq >= p->len && p->next != FLUE_NONE) {
		at = p->next;
		p = &e->pieces[at];
	}
	if (seq == c->snd_nxt)
		c->send_nxt = at;
	return p;
}

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

/** Does the piece end an NBL, at `end`, counted from the piece's first byte? */
static uint32_t
ends_nbl(const struct flue_piece *p, uint32_t end)
{
	return p->flags & PIECE_LAST_OF_NBL && p->len == end;
}

/** A few bytes, most often a message: in line, where a call costs as much as copying. Never beyond `n` at
 *  either end; what lies in the middle may be copied twice. */
static inline void
copy_small(uint8_t *to, const uint8_t *from, uint32_t n)
{
	if (likely(n - 32 <= 32)) {
		memcpy(to, from, 32);
		memcpy(to + n - 32, from + n - 32, 32);
	} else if (likely(n - 16 < 16)) {
		memcpy(to, from, 16);
		memcpy(to + n - 16, from + n - 16, 16);
	} else {
		memcpy(to, from, n);
	}
}

/** put_payload() of several pieces, or with a sum: `off` bytes into the first. */
static __attribute__((noinline)) uint64_t
gather(struct flue_engine *e, struct flue_pkt *pkt, const struct flue_piece *p, uint32_t off,
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
			copy_small(pkt->data + pkt->len, p->data + off, n);
		}
		pkt->len = (uint16_t)(pkt->len + n);
		done += n;
		*push |= ends_nbl(p, off + n);
		off = 0;
		if (done < len)
			p = &e->pieces[p->next];
	}
	return sum;
}

/** Lend or copy. `push`: set when an NBL ends within the payload.
 *  @return the sum of the payload; 0 when the port does checksums */
static inline __attribute__((always_inline)) uint64_t
put_payload(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt, uint32_t seq,
		uint32_t len, bool sum_wanted, uint32_t *push)
{
	struct flue_piece *p = piece_at(e, c, seq);
	uint32_t off = seq - p->seq;
	bool whole = p->len - off >= len;

	if (likely(whole && len >= FLUE_COPY_BELOW)) {
		pkt->ext = p->data + off;
		pkt->ext_len = (uint16_t)len;
		pkt->ext_owner = &p->tx;
		p->tx.lent++;
		*push = ends_nbl(p, off + len);
		return sum_wanted ? flue_csum_add(pkt->ext, len, 0) : 0;
	}
	flue_count(e, FLUE_CTR_OUT_COPIED, 1);
	if (unlikely(!whole || sum_wanted))
		return gather(e, pkt, p, off, len, sum_wanted, push);
	copy_small(pkt->data + pkt->len, p->data + off, len);
	pkt->len = (uint16_t)(pkt->len + len);
	*push = ends_nbl(p, off + len);
	return 0;
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

/** The packet is several segments, of which one has been counted: the port is to cut it. Each has
 *  its length in its own pseudo header. */
static __attribute__((noinline)) void
leave_cut(struct flue_engine *e, const struct flue_conn *c, struct flue_pkt *pkt, uint8_t *tcp,
		uint32_t hlen, uint32_t len)
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

/** Before a datagram (chimney rules 6.4). New data since the last one means that what we sent before
 *  arrived. */
static inline void
reachable(struct flue_engine *e, const struct flue_conn *c, struct flue_neighbor *n)
{
	uint32_t stale = e->params.nce_stale_ticks;

	if (c->rcv_nxt != c->last_ack_sent)
		n->nic_time = e->now_ticks;
	else if (unlikely(e->now_ticks - n->nic_time > stale &&
				 e->now_ticks - n->host_time > stale))
		flue_neighbor_doubt(e, n);
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

/** Path and neighbor are good to send over; the head is of the neighbor as it is now. */
static inline bool
ready_below(struct flue_engine *e, struct flue_conn *c, struct flue_path *path)
{
	struct flue_neighbor *n = &e->neighbors[path->neighbor];

	if (unlikely(path->invalid | n->invalid)) {
		flue_conn_invalidate(e, c);
		return false;
	}
	reachable(e, c, n);
	if (unlikely(path->epoch != n->epoch))
		flue_path_build_head(e, path);
	return true;
}

/** It goes out: what is noted of it. */
static inline void
leave(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt)
{
	flue_txq_push(e, pkt);
	c->last_ack_sent = c->rcv_nxt;
	c->flags &= ~(CONN_ACK_OWED | CONN_ACK_NOW | CONN_WIN_UPDATE);
}

/** Any segment. @return false: no packet */
static __attribute__((noinline)) bool
build(struct flue_engine *e, struct flue_conn *c, const struct flue_path *path, uint32_t seq,
		uint32_t len, uint8_t flags)
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
		sum += put_payload(e, c, pkt, seq, len, sums, &push);
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
		leave_cut(e, c, pkt, tcp, hlen, len);
	leave(e, c, pkt);
	count_out(e, c, seq, hlen, len, flags);
	return true;
}

/* ---- Usual segments -------------------------------------------------------------------------- */

#define USUAL_TCP   34
#define USUAL_BYTES (USUAL_TCP + 20 + TCP_TS_BYTES)

/** IPv4 without a tag, timestamps the only option, no ECN, no flag but ACK and PSH. */
static inline bool
is_usual(const struct flue_conn *c, const struct flue_path *path, uint8_t flags)
{
	return (c->flags & (CONN_TS | CONN_IP6 | CONN_OOO | CONN_ACK_NOW)) == CONN_TS &&
	       !((c->tos & TOS_ECN) | path->vlan | c->priority) && flags == TCP_ACK;
}

/** Within a pass nothing of it changes but in commands, after which it is forgotten. */
static __attribute__((noinline)) void
make_template(struct flue_engine *e, const struct flue_conn *c, const struct flue_path *path)
{
	struct flue_template *t = &e->template;
	uint8_t *ip = t->line + 14;
	uint8_t *tcp = t->line + USUAL_TCP;
	uint8_t tos = c->tos & 0xfc;

	memcpy(t->line, path, FLUE_CACHE_LINE);
	ip[1] = tos;
	ip[8] = c->ttl;
	memset(tcp, 0, FLUE_CACHE_LINE - USUAL_TCP);
	flue_store32(tcp, c->ports >> 16 | c->ports << 16);
	flue_store32be(tcp + 20, UINT32_C(0x0101080a));
	flue_store32be(tcp + 24, flue_ts_clock(e, c));
	t->ip_sum = (uint32_t)path->ip_sum + ((uint32_t)tos << 8) + c->ttl;
	t->tcp_sum = flue_csum_add(tcp, FLUE_CACHE_LINE - USUAL_TCP, path->pseudo);
	t->pseudo = path->pseudo;
	t->neighbor = &e->neighbors[path->neighbor];
	t->conn = c;
}

/** By the template, which is the connection's. @return false: no packet */
static inline bool
build_usual(struct flue_engine *e, struct flue_conn *c, uint32_t seq, uint32_t len)
{
	const uint32_t port = e->port->offloads;
	const struct flue_template *t = &e->template;
	uint32_t tcp_len = __builtin_bswap16((uint16_t)(USUAL_BYTES - USUAL_TCP + len));
	uint32_t ip_len = __builtin_bswap16((uint16_t)(USUAL_BYTES - 14 + len));
	uint32_t number = __builtin_bswap32(seq);
	uint32_t ack = __builtin_bswap32(c->rcv_nxt);
	uint32_t echo = __builtin_bswap32(c->ts_recent);
	struct flue_pkt *pkt = flue_tx_alloc(e);
	uint32_t push = 0;
	uint64_t sum = 0;
	uint16_t flags;
	uint32_t rest;
	uint32_t id;
	uint8_t *at;

	if (unlikely(pkt == NULL))
		return false;
	id = __builtin_bswap16((uint16_t)(0x8000 | (e->ip_id++ & 0x7fff)));
	at = pkt->data;
	memcpy(at, t->line, FLUE_CACHE_LINE);
	flue_store32(at + 16, id << 16 | ip_len);
	flue_store32(at + USUAL_TCP + 4, number);
	flue_store32(at + USUAL_TCP + 8, ack);
	flue_store32(at + USUAL_TCP + 28, echo);
	pkt->len = USUAL_BYTES;
	if (len > 0)
		sum = put_payload(e, c, pkt, seq, len, !(port & FLUE_PORT_TX_TCP_CSUM), &push);
	rest = __builtin_bswap32(UINT32_C(32) << 26 | (TCP_ACK | push * TCP_PSH) << 16 |
				 flue_window_advertise(c));
	flue_store32(at + USUAL_TCP + 12, rest);
	flags = port & FLUE_PORT_TX_IP_CSUM ? FLUE_PKT_TX_IP_CSUM : 0;
	if (unlikely(!flags))
		flue_store16(at + 24, flue_csum_finish32(t->ip_sum + ip_len + id));
	if (likely(port & FLUE_PORT_TX_TCP_CSUM)) {
		flags |= FLUE_PKT_TX_TCP_CSUM;
		flue_store16(at + USUAL_TCP + 16, flue_csum_fold32(t->pseudo + tcp_len));
	} else {
		sum += t->tcp_sum + tcp_len + number + ack + echo + rest;
		flue_store16(at + USUAL_TCP + 16, flue_csum_finish(sum));
	}
	pkt->flags = flags;
	if (unlikely(len > c->mss))
		leave_cut(e, c, pkt, at + USUAL_TCP, USUAL_BYTES - USUAL_TCP, len);
	if (c->rcv_nxt != c->last_ack_sent)
		t->neighbor->nic_time = e->now_ticks;
	leave(e, c, pkt);
	e->usual.segments++;
	e->usual.bytes += len;
	e->usual.resent += len > 0 && flue_seq_leq(seq + len, c->snd_max);
	return true;
}

bool
flue_tcp_emit(struct flue_engine *e, struct flue_conn *c, uint32_t seq, uint32_t len, uint8_t flags)
{
	if (unlikely(flue_txq_room(e) == 0))
		return false;
	if (unlikely(e->template.conn != c) || unlikely(flags != TCP_ACK) ||
			unlikely(c->flags & (CONN_OOO | CONN_ACK_NOW))) {
		struct flue_path *path = &e->paths[c->path];

		if (!ready_below(e, c, path))
			return false;
		if (!is_usual(c, path, flags))
			return build(e, c, path, seq, len, flags);
		make_template(e, c, path);
	}
	return build_usual(e, c, seq, len);
}

uint32_t
flue_tcp_cut(struct flue_engine *e, struct flue_conn *c, uint32_t len, uint32_t unsent)
{
	const struct flue_piece *p;
	uint32_t n;

	if (c->snd_nxt != c->snd_max || c->cwr || c->mss < FLUE_COPY_BELOW ||
			(c->flags & (CONN_OOO | CONN_ACK_NOW | CONN_FORCE | CONN_PERSIST)))
		return c->mss;
	p = piece_at(e, c, c->snd_nxt);
	if (len > p->len - (c->snd_nxt - p->seq))
		len = p->len - (c->snd_nxt - p->seq);
	if (len > e->port->tso_bytes)
		len = e->port->tso_bytes;
	/* The last one is to bear the FIN. */
	if (len == unsent && (c->flags & CONN_FIN_QUEUED))
		len--;
	n = len / c->mss;
	/* Identifications of IPv4 count up without a jump. */
	if (!(c->flags & CONN_IP6) && n > 0x8000 - (e->ip_id & 0x7fffu))
		n = 0x8000 - (e->ip_id & 0x7fffu);
	return n > 1 ? n * c->mss : c->mss;
}
