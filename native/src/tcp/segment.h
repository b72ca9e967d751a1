/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_SEGMENT_H
#define FLUE_TCP_SEGMENT_H

/** @file What segments are built of, usual ones (emit.c) and any others (segment.c). Owner thread. */

#include "tcp/csum.h"
#include "tcp/tcp.h"

/** Piece in which `seq` lies. The queue is not empty and holds it. */
static inline struct flue_piece *
flue_piece_at(struct flue_engine *e, struct flue_conn *c, uint32_t seq)
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

/** Does the piece end an NBL, at `end`, counted from the piece's first byte? */
static inline uint32_t
flue_ends_nbl(const struct flue_piece *p, uint32_t end)
{
	return p->flags & PIECE_LAST_OF_NBL && p->len == end;
}

/** flue_put_payload() of several pieces, or with a sum: `off` bytes into the first. */
uint64_t flue_gather(struct flue_engine *e, struct flue_pkt *pkt, const struct flue_piece *p,
		uint32_t off, uint32_t len, bool sum_wanted, uint32_t *push);

/** Lend or copy, from `off` bytes into the piece on. `push`: set when an NBL ends within the payload.
 *  @return the sum of the payload; 0 when the port does checksums */
static inline __attribute__((always_inline)) uint64_t
flue_put_piece(struct flue_engine *e, struct flue_pkt *pkt, struct flue_piece *p, uint32_t off,
		uint32_t len, bool sum_wanted, uint32_t *push)
{
	const uint32_t left = p->len - off;
	const bool whole = left >= len;

	*push = left == len && p->flags & PIECE_LAST_OF_NBL;
	if (likely(whole && len >= FLUE_COPY_BELOW)) {
		flue_pkt_lend(pkt, p->data + off, len, &p->tx);
		return sum_wanted ? flue_csum_add(pkt->ext, len, 0) : 0;
	}
	flue_count(e, FLUE_CTR_OUT_COPIED, 1);
	if (unlikely(!whole || sum_wanted))
		return flue_gather(e, pkt, p, off, len, sum_wanted, push);
	flue_copy_small(pkt->data + pkt->len, p->data + off, len);
	pkt->len = (uint16_t)(pkt->len + len);
	return 0;
}

/** The same of the piece in which `seq` lies. */
static inline __attribute__((always_inline)) uint64_t
flue_put_payload(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt, uint32_t seq,
		uint32_t len, bool sum_wanted, uint32_t *push)
{
	struct flue_piece *p = flue_piece_at(e, c, seq);

	return flue_put_piece(e, pkt, p, seq - p->seq, len, sum_wanted, push);
}

/** Segments of it went out: with each goes its ACK. */
static inline void
flue_segment_left(struct flue_conn *c)
{
	c->last_ack_sent = c->rcv_nxt;
	c->flags &= ~(CONN_ACK_OWED | CONN_ACK_NOW | CONN_WIN_UPDATE);
}

/** The packet is several segments, of which one has been counted: the port is to cut it. Each has
 *  its length in its own pseudo header. */
void flue_segment_cut(struct flue_engine *e, const struct flue_conn *c, struct flue_pkt *pkt,
		uint8_t *tcp, uint32_t hlen, uint32_t len);

/** Any segment. @return false: no packet */
bool flue_segment_build(struct flue_engine *e, struct flue_conn *c, const struct flue_path *path,
		uint32_t seq, uint32_t len, uint8_t flags);

#endif /* FLUE_TCP_SEGMENT_H */
