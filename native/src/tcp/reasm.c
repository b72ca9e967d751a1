/* SPDX-License-Identifier: Apache-2.0 */

/* Segments behind a hole: whole frames, by sequence number, so that they can still go up raw. */

#include "tcp/reasm.h"
#include "engine/parts.h"
#include "tcp/sack.h"
#include "tcp/watch.h"

static uint32_t
end_of(const struct flue_pkt *pkt)
{
	return pkt->seq + pkt->payload_len;
}

/** Nothing waits any more: a second ACK would look like news of another hole. */
static void
no_hole(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);

	c->flags &= ~CONN_OOO;
	if (x != NULL)
		x->sack.owed = 0;
}

void
flue_reasm_drop(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);

	while (x != NULL && x->ooo != NULL) {
		struct flue_pkt *pkt = x->ooo;

		x->ooo = pkt->next;
		pkt->flags &= (uint16_t)~FLUE_PKT_FIN;
		flue_pkt_release(pkt);
		x->ooo_count--;
	}
	no_hole(e, c);
}

/** What of the queue lies around `seq` without a gap; [seq, seq) when there is none of it. */
static void
span_at(const struct flue_extra *x, uint32_t seq, uint32_t *start, uint32_t *end)
{
	const struct flue_pkt *p = x->ooo;

	*start = *end = seq;
	for (; p != NULL && flue_seq_leq(p->seq, seq); p = p->next) {
		if (p == x->ooo || flue_seq_gt(p->seq, *end)) {
			*start = p->seq;
			*end = flue_reasm_end(p);
		} else {
			*end = flue_seq_max(*end, flue_reasm_end(p));
		}
	}
	if (flue_seq_lt(*end, seq))
		*start = *end = seq;
	for (; p != NULL && flue_seq_leq(p->seq, *end); p = p->next)
		*end = flue_seq_max(*end, flue_reasm_end(p));
}

void
flue_reasm_add(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt, bool fin,
		bool told)
{
	struct flue_extra *x = flue_extra_take(e, c);
	struct flue_pkt **link;
	uint32_t end = end_of(pkt) + fin;
	uint32_t from;
	uint32_t to;
	struct flue_pkt *p;

	/* Nowhere to keep it: as if it had been lost on the way. */
	if (x == NULL) {
		flue_pkt_release(pkt);
		return;
	}
	link = &x->ooo;
	for (p = x->ooo; p != NULL; p = p->next) {
		/* Beyond the end of the stream, or an end before what is there: none can be trusted. */
		if (((p->flags & FLUE_PKT_FIN) && flue_seq_gt(end_of(pkt), end_of(p))) ||
				(fin && flue_seq_gt(end_of(p), end_of(pkt)))) {
			flue_pkt_release(pkt);
			flue_reasm_drop(e, c);
			return;
		}
		if (flue_seq_leq(p->seq, pkt->seq))
			link = &p->next;
	}
	span_at(x, pkt->seq, &from, &to);
	if (flue_seq_gt(to, pkt->seq))
		flue_sack_duplicate(e, c, pkt->seq, flue_seq_lt(to, end) ? to : end);
	if (flue_seq_geq(to, end)) {
		flue_count(e, FLUE_CTR_IN_DUPLICATE, 1);
		flue_sack_came(e, c, from, to, told);
		flue_pkt_release(pkt);
		return;
	}
	if (x->ooo_count >= FLUE_OOO_MAX) {
		flue_pkt_release(pkt);
		return;
	}
	pkt = flue_pkt_spare(e, pkt, e->slabs.ids.size / 4);
	if (pkt == NULL)
		return;
	if (fin)
		pkt->flags |= FLUE_PKT_FIN;
	pkt->next = *link;
	*link = pkt;
	x->ooo_count++;
	c->flags |= CONN_OOO;
	flue_count(e, FLUE_CTR_IN_OUT_OF_ORDER, 1);
	span_at(x, pkt->seq, &from, &to);
	flue_sack_came(e, c, from, to, told);
	if (unlikely(e->watches != NULL))
		flue_watch_out_of_order(e, c);
}

void
flue_reasm_append(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt)
{
	struct flue_extra *x = flue_extra_take(e, c);
	struct flue_pkt **link;

	if (x == NULL || x->ooo_count >= FLUE_OOO_MAX) {
		flue_pkt_release(pkt);
		return;
	}
	pkt = flue_pkt_spare(e, pkt, e->slabs.ids.size / 4);
	if (pkt == NULL)
		return;
	link = &x->ooo;
	while (*link != NULL)
		link = &(*link)->next;
	pkt->next = NULL;
	*link = pkt;
	x->ooo_count++;
	c->flags |= CONN_OOO;
}

/** @return false: no memory for it now */
static bool
take_first(struct flue_engine *e, struct flue_conn *c, struct flue_extra *x, bool *fin)
{
	struct flue_pkt *pkt = x->ooo;
	struct flue_pkt *next = pkt->next;
	uint32_t seq = pkt->seq;
	uint16_t flags = pkt->flags;
	uint32_t cut = c->rcv_nxt - pkt->seq;
	uint32_t end = end_of(pkt);

	if (flue_seq_gt(end, c->rcv_nxt)) {
		const uint16_t payload = (uint16_t)(pkt->payload_len - cut);

		pkt->payload_off = (uint16_t)(pkt->payload_off + cut);
		pkt->payload_len = payload;
		pkt->seq += cut;
		pkt->flags &= (uint16_t)~FLUE_PKT_FIN;
		if (!flue_receive_enqueue(e, c, pkt)) {
			pkt->payload_off = (uint16_t)(pkt->payload_off - cut);
			pkt->payload_len = (uint16_t)(pkt->payload_len + cut);
			pkt->seq = seq;
			pkt->flags = flags;
			return false;
		}
		flue_count(e, FLUE_CTR_IN_BYTES, payload);
		c->rcv_nxt = end;
	} else {
		pkt->flags &= (uint16_t)~FLUE_PKT_FIN;
		flue_pkt_release(pkt);
	}
	x->ooo = next;
	x->ooo_count--;
	*fin = (flags & FLUE_PKT_FIN) && end == c->rcv_nxt;
	return true;
}

bool
flue_reasm_drain(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);
	bool fin = false;

	while (x->ooo != NULL && !fin && flue_seq_leq(x->ooo->seq, c->rcv_nxt))
		if (!take_first(e, c, x, &fin))
			break;
	if (x->ooo == NULL)
		no_hole(e, c);
	return fin;
}

void
flue_reasm_hand_up(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);

	while (x != NULL && x->ooo != NULL) {
		struct flue_pkt *pkt = x->ooo;

		x->ooo = pkt->next;
		pkt->flags &= (uint16_t)~FLUE_PKT_FIN;
		flue_frame_up(e, pkt);
		x->ooo_count--;
	}
	c->flags &= ~CONN_OOO;
}
