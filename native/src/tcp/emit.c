/* SPDX-License-Identifier: Apache-2.0 */

/* Building segments: the usual ones here, the others in segment.c. Which may go is decided in output.c. */

#include "tcp/loss.h"
#include "tcp/segment.h"
#include "tcp/window.h"

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

/* ---- Usual segments -------------------------------------------------------------------------- */

#define USUAL_TCP(ip6) ((ip6) ? 54u : 34u)

/* What follows is made twice, for `ip6` is a constant wherever it counts. */

/** No tag, no option but timestamps, no ECN, no flag but ACK and PSH. */
static inline bool
is_usual(const struct flue_conn *c, const struct flue_path *path, uint8_t flags)
{
	return !((c->flags & (CONN_OOO | CONN_ACK_NOW)) | (c->tos & TOS_ECN) | path->vlan |
			       c->priority) &&
	       flags == TCP_ACK;
}

/** Within a pass nothing of it changes but in commands, after which it is forgotten. */
static inline __attribute__((always_inline)) void
make_template(struct flue_engine *e, const struct flue_conn *c, const struct flue_path *path,
		const bool ip6)
{
	const uint32_t port = e->port->offloads;
	const bool ts = c->flags & CONN_TS;
	struct flue_template *t = &e->template;
	uint8_t *ip = t->head + 14;
	uint8_t *tcp = t->head + USUAL_TCP(ip6);
	uint8_t tos = c->tos & 0xfc;

	memcpy(t->head, path, FLUE_CACHE_LINE);
	memset(tcp, 0, 20 + TCP_TS_BYTES);
	t->flags = port & FLUE_PORT_TX_TCP_CSUM ? FLUE_PKT_TX_TCP_CSUM : 0;
	if (ip6) {
		flue_store32be(ip, UINT32_C(0x60000000) | (uint32_t)tos << 20 | c->flow_label);
		ip[7] = c->ttl;
	} else {
		ip[1] = tos;
		ip[8] = c->ttl;
		t->ip_sum = (uint32_t)path->ip_sum + ((uint32_t)tos << 8) + c->ttl;
		t->flags |= port & FLUE_PORT_TX_IP_CSUM ? FLUE_PKT_TX_IP_CSUM : 0;
	}
	flue_store32(tcp, c->ports >> 16 | c->ports << 16);
	if (ts) {
		flue_store32be(tcp + 20, UINT32_C(0x0101080a));
		flue_store32be(tcp + 24, flue_ts_clock(e, c));
	}
	t->tcp_bytes = ts ? 20 + TCP_TS_BYTES : 20;
	t->echo = ts ? UINT32_MAX : 0;
	/* The echo is each segment's. */
	t->tcp_sum = flue_csum_add(tcp, 28, path->pseudo);
	t->pseudo = path->pseudo;
	t->ip6 = ip6;
	t->neighbor = &e->neighbors[path->neighbor];
	t->conn = c;
}

static __attribute__((noinline)) void
make_template4(struct flue_engine *e, const struct flue_conn *c, const struct flue_path *path)
{
	make_template(e, c, path, false);
}

static __attribute__((noinline)) void
make_template6(struct flue_engine *e, const struct flue_conn *c, const struct flue_path *path)
{
	make_template(e, c, path, true);
}

/** What the usual segments of one length have in common beyond the template. */
struct usual {
	uint64_t sum; /* of pseudo and TCP header without number and `rest` */
	uint32_t tcp_len;
	uint32_t ip_len; /* IPv4 */
	uint32_t ack;
	uint32_t echo;
	uint32_t rest; /* header length, flags but PSH, window */
	uint16_t pseudo;
	uint16_t flags; /* what is left to the port */
};

static inline __attribute__((always_inline)) struct usual
usual_of(const struct flue_engine *e, struct flue_conn *c, uint32_t len)
{
	const struct flue_template *t = &e->template;
	struct usual u = {
		.tcp_len = __builtin_bswap16((uint16_t)(t->tcp_bytes + len)),
		.ip_len = __builtin_bswap16((uint16_t)(20 + t->tcp_bytes + len)),
		.ack = __builtin_bswap32(c->rcv_nxt),
		.echo = __builtin_bswap32(c->ts_recent & t->echo),
		.rest = __builtin_bswap32(
				t->tcp_bytes << 26 | TCP_ACK << 16 | flue_window_advertise(c)),
	};

	u.sum = t->tcp_sum + u.tcp_len + u.ack + u.echo;
	u.pseudo = flue_csum_fold32(t->pseudo + u.tcp_len);
	u.flags = t->flags;
	return u;
}

/** By the template; payload from `off` bytes into the piece on, none where there is no piece. */
static inline __attribute__((always_inline)) void
put_usual(struct flue_engine *e, const struct usual *u, struct flue_pkt *pkt, uint32_t seq,
		struct flue_piece *p, uint32_t off, uint32_t len, const bool ip6)
{
	const struct flue_template *t = &e->template;
	const bool port_sums = u->flags & FLUE_PKT_TX_TCP_CSUM;
	uint32_t number = __builtin_bswap32(seq);
	uint8_t *at = pkt->data;
	uint8_t *tcp = at + USUAL_TCP(ip6);
	uint32_t push = 0;
	uint32_t id = 0;
	uint64_t sum = 0;
	uint32_t rest;

	/* Each word into the packet: a line with them in it would be read right behind writes of its
	 * parts. */
	memcpy(at, t->head, ip6 ? sizeof(t->head) : FLUE_CACHE_LINE);
	if (ip6) {
		flue_store16(at + 18, (uint16_t)u->tcp_len);
	} else {
		id = __builtin_bswap16((uint16_t)(0x8000 | e->ip_id++));
		flue_store32(at + 16, id << 16 | u->ip_len);
	}
	flue_store32(tcp + 4, number);
	flue_store32(tcp + 8, u->ack);
	/* Without timestamps the payload, which comes later, lies here. */
	flue_store32(tcp + 28, u->echo);
	pkt->len = (uint16_t)(USUAL_TCP(ip6) + t->tcp_bytes);
	pkt->flags = u->flags;
	if (p != NULL)
		sum = flue_put_piece(e, pkt, p, off, len, !port_sums, &push);
	/* PSH lies in the second byte of the word as it is in memory. */
	rest = u->rest | (push * TCP_PSH) << 8;
	flue_store32(tcp + 12, rest);
	if (!ip6 && unlikely(!(u->flags & FLUE_PKT_TX_IP_CSUM)))
		flue_store16(at + 24, flue_csum_finish32(t->ip_sum + u->ip_len + id));
	flue_store16(tcp + 16, likely(port_sums) ? u->pseudo
						 : flue_csum_finish(u->sum + number + rest + sum));
}

/** `n` of them went out, with `bytes` of payload. */
static inline void
usual_left(struct flue_engine *e, struct flue_conn *c, uint32_t n, uint32_t bytes, const bool ip6)
{
	if (c->rcv_nxt != c->last_ack_sent)
		e->template.neighbor->nic_time = e->now_ticks;
	flue_segment_left(c);
	e->usual[ip6].segments += n;
	e->usual[ip6].bytes += bytes;
	e->usual[ip6].headers += n * e->template.tcp_bytes;
}

/** By the template, which is the connection's. @return false: no packet */
static inline __attribute__((always_inline)) bool
build_usual(struct flue_engine *e, struct flue_conn *c, uint32_t seq, uint32_t len, const bool ip6)
{
	struct flue_pkt *pkt = flue_tx_alloc(e);
	struct flue_piece *p = NULL;
	struct usual u;

	if (unlikely(pkt == NULL))
		return false;
	u = usual_of(e, c, len);
	if (len > 0)
		p = flue_piece_at(e, c, seq);
	put_usual(e, &u, pkt, seq, p, p == NULL ? 0 : seq - p->seq, len, ip6);
	if (unlikely(len > c->mss))
		flue_segment_cut(e, c, pkt, pkt->data + USUAL_TCP(ip6), e->template.tcp_bytes, len);
	flue_txq_push(e, pkt);
	usual_left(e, c, 1, len, ip6);
	e->usual[ip6].resent += len > 0 && flue_seq_leq(seq + len, c->snd_max);
	return true;
}

/* Out of the way of IPv4's. */
static __attribute__((noinline)) bool
build_usual6(struct flue_engine *e, struct flue_conn *c, uint32_t seq, uint32_t len)
{
	return build_usual(e, c, seq, len, true);
}

/** Where the payload of the next segment begins. */
struct train_from {
	struct flue_piece *piece;
	uint32_t off; /* into the piece */
	uint32_t seq;
};

static inline __attribute__((always_inline)) void
train_on(const struct flue_engine *e, struct train_from *from, uint32_t bytes)
{
	from->seq += bytes;
	from->off += bytes;
	while (from->off >= from->piece->len && from->piece->next != FLUE_NONE) {
		from->off -= from->piece->len;
		from->piece = &e->pieces[from->piece->next];
	}
}

typedef uint64_t vector __attribute__((vector_size(16)));

/** In registers. */
struct line {
	vector a;
	vector b;
	vector c;
	vector d;
};

static inline struct line
line_load(const uint8_t *from)
{
	struct line l;

	memcpy(&l.a, from, 16);
	memcpy(&l.b, from + 16, 16);
	memcpy(&l.c, from + 32, 16);
	memcpy(&l.d, from + 48, 16);
	return l;
}

static inline void
line_store(uint8_t *to, struct line l)
{
	memcpy(to, &l.a, 16);
	memcpy(to + 16, &l.b, 16);
	memcpy(to + 32, &l.c, 16);
	memcpy(to + 48, &l.d, 16);
}

/** Sums are the port's, and each payload lies in one piece: then numbers, identification and PSH are all that
 *  tells one from the next. @return how many of `n` */
static inline __attribute__((always_inline)) uint32_t
put_alike(struct flue_engine *e, const struct usual *u, struct flue_pkt **pkts, uint32_t n,
		struct train_from *begin, const uint32_t len, const bool ip6)
{
	const struct usual same = *u;
	const uint16_t bytes = (uint16_t)(USUAL_TCP(ip6) + e->template.tcp_bytes);
	struct train_from from = *begin;
	uint16_t id = e->ip_id;
	uint8_t first[sizeof(e->template.head)];
	uint8_t *header = first + USUAL_TCP(ip6);
	struct line line;
	struct line tail;
	uint32_t i;

	memcpy(first, e->template.head, ip6 ? sizeof(first) : FLUE_CACHE_LINE);
	if (ip6)
		flue_store16(first + 18, (uint16_t)u->tcp_len);
	flue_store32(header + 8, u->ack);
	flue_store32(header + 12, u->rest);
	flue_store16(header + 16, u->pseudo);
	line = line_load(first);
	if (ip6)
		tail = line_load(first + sizeof(first) - FLUE_CACHE_LINE);
	for (i = 0; i < n; i++) {
		struct flue_piece *p = from.piece;
		const uint32_t left = p->len - from.off;
		const uint32_t push = left == len && p->flags & PIECE_LAST_OF_NBL ? TCP_PSH : 0;
		const uint8_t *data = p->data + from.off;
		struct flue_pkt *pkt = pkts[i];
		uint8_t *at = pkt->data;
		uint8_t *tcp = at + USUAL_TCP(ip6);

		if (unlikely(left < len))
			break;
		line_store(at, line);
		if (ip6)
			line_store(at + sizeof(first) - FLUE_CACHE_LINE, tail);
		else
			flue_store32(at + 16, (uint32_t)__builtin_bswap16((uint16_t)(0x8000 | id++))
									      << 16 |
							      same.ip_len);
		flue_store32be(tcp + 4, from.seq);
		flue_store32(tcp + 28, same.echo);
		tcp[13] = (uint8_t)(TCP_ACK | push);
		pkt->flags = same.flags;
		if (len < FLUE_COPY_BELOW) {
			pkt->len = (uint16_t)(bytes + len);
			flue_copy_small(at + bytes, data, len);
		} else {
			pkt->len = bytes;
			flue_pkt_lend(pkt, data, len, &p->tx);
		}
		train_on(e, &from, len);
	}
	flue_count(e, FLUE_CTR_OUT_COPIED, len < FLUE_COPY_BELOW ? i : 0);
	e->ip_id = id;
	*begin = from;
	return i;
}

static __attribute__((noinline)) uint32_t
put_alike4(struct flue_engine *e, const struct usual *u, struct flue_pkt **pkts, uint32_t n,
		struct train_from *begin, const uint32_t len)
{
	return put_alike(e, u, pkts, n, begin, len, false);
}

static __attribute__((noinline)) uint32_t
put_alike6(struct flue_engine *e, const struct usual *u, struct flue_pkt **pkts, uint32_t n,
		struct train_from *begin, const uint32_t len)
{
	return put_alike(e, u, pkts, n, begin, len, true);
}

uint32_t
flue_tcp_train(struct flue_engine *e, struct flue_conn *c, uint32_t bytes, uint32_t most)
{
	const uint32_t at = e->txq_tail % FLUE_TX_QUEUE;
	const uint32_t mss = c->mss;
	const bool ip6 = e->template.ip6;
	const uint16_t sums =
			ip6 ? FLUE_PKT_TX_TCP_CSUM : FLUE_PKT_TX_TCP_CSUM | FLUE_PKT_TX_IP_CSUM;
	struct flue_pkt **pkts = &e->txq[at];
	struct train_from from = { .seq = c->snd_nxt };
	struct usual u;
	uint32_t n = 0;

	if (unlikely(e->template.conn != c) || unlikely(c->flags & (CONN_OOO | CONN_ACK_NOW)))
		return 0;
	if (most > flue_txq_room(e))
		most = flue_txq_room(e);
	if (most > FLUE_TX_QUEUE - at)
		most = FLUE_TX_QUEUE - at;
	if (most > bytes / mss)
		most = bytes / mss;
	if (most < 2)
		return 0;
	most = flue_tx_alloc_many(e, pkts, most);
	u = usual_of(e, c, mss);
	from.piece = flue_piece_at(e, c, from.seq);
	from.off = from.seq - from.piece->seq;
	while (n < most) {
		if (likely(u.flags == sums))
			n += (ip6 ? put_alike6 : put_alike4)(e, &u, pkts + n, most - n, &from, mss);
		if (n == most)
			break;
		if (ip6)
			put_usual(e, &u, pkts[n++], from.seq, from.piece, from.off, mss, true);
		else
			put_usual(e, &u, pkts[n++], from.seq, from.piece, from.off, mss, false);
		train_on(e, &from, mss);
	}
	e->txq_tail += n;
	if (n > 0) {
		c->send_nxt = (uint32_t)(from.piece - e->pieces);
		usual_left(e, c, n, n * mss, ip6);
	}
	return n;
}

/** In line, for an ACK has neither payload nor flags to decide on. */
static inline __attribute__((always_inline)) bool
emit(struct flue_engine *e, struct flue_conn *c, uint32_t seq, uint32_t len, uint8_t flags)
{
	if (unlikely(flue_txq_room(e) == 0))
		return false;
	if (unlikely(e->template.conn != c) || unlikely(flags != TCP_ACK) ||
			unlikely(c->flags & (CONN_OOO | CONN_ACK_NOW))) {
		struct flue_path *path = &e->paths[c->path];

		if (!ready_below(e, c, path))
			return false;
		if (!is_usual(c, path, flags))
			return flue_segment_build(e, c, path, seq, len, flags);
		if (unlikely(path->ip6))
			make_template6(e, c, path);
		else
			make_template4(e, c, path);
	}
	return unlikely(e->template.ip6) ? build_usual6(e, c, seq, len)
					 : build_usual(e, c, seq, len, false);
}

bool
flue_tcp_emit(struct flue_engine *e, struct flue_conn *c, uint32_t seq, uint32_t len, uint8_t flags)
{
	return emit(e, c, seq, len, flags);
}

bool
flue_tcp_send_ack(struct flue_engine *e, struct flue_conn *c)
{
	if (!emit(e, c, flue_tcp_bare_seq(c), 0, TCP_ACK))
		return false;
	flue_count(e, FLUE_CTR_OUT_ACKS, 1);
	return true;
}

uint32_t
flue_tcp_cut(struct flue_engine *e, struct flue_conn *c, uint32_t len, uint32_t unsent)
{
	const struct flue_piece *p;
	uint32_t n;

	if (c->snd_nxt != c->snd_max || c->cwr || c->mss < FLUE_COPY_BELOW ||
			(c->flags & (CONN_OOO | CONN_ACK_NOW | CONN_FORCE | CONN_PERSIST)))
		return c->mss;
	p = flue_piece_at(e, c, c->snd_nxt);
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
