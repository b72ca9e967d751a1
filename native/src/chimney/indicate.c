/* SPDX-License-Identifier: Apache-2.0 */

/* Upwards: receive indications with their verdicts and returns, and events. */

#include "engine/parts.h"
#include "tcp/bytes.h"
#include "tcp/reasm.h"
#include "tcp/watch.h"

#define RX_REF(e, i) ((e)->rx_ref + (uint64_t)(i) * sizeof(struct flue_rx_shared))

static void
release_list(struct flue_pkt *pkt)
{
	while (pkt != NULL) {
		struct flue_pkt *next = pkt->next;

		pkt->flags &= (uint16_t)~FLUE_PKT_OPEN;
		flue_pkt_release(pkt);
		pkt = next;
	}
}

/** Move the front of the queue into record i: FLUE_RX_MDLS packets at most, and none more once
 *  there are `enough` bytes. */
static void
fill_record(struct flue_engine *e, struct flue_conn *c, uint32_t i, uint32_t enough)
{
	struct flue_rx_shared *rx = &e->rx_shared[i];
	struct flue_record *rec = &e->rx_records[i];
	const flue_ref first = RX_REF(e, i) + offsetof(struct flue_rx_shared, mdl);
	struct flue_mdl *mdl = rx->mdl;
	struct flue_mdl *const end = mdl + FLUE_RX_MDLS;
	struct flue_pkt *pkt = c->rxq_head;
	struct flue_pkt *last = NULL;
	flue_ref next = first;
	uint32_t bytes = 0;

	rec->pkts = pkt;
	for (; pkt != NULL && mdl < end && bytes < enough; mdl++) {
		const uint32_t len = pkt->payload_len;

		next += sizeof(*mdl);
		mdl->next = next;
		mdl->data = pkt->ref + pkt->payload_off;
		mdl->byte_count = len;
		bytes += len;
		last = pkt;
		pkt = pkt->next;
	}
	rec->bytes = bytes;
	mdl[-1].next = FLUE_REF_NULL;
	last->next = NULL;
	c->rxq_head = pkt;
	flue_zero_lines(&rx->nbl, sizeof(rx->nbl));
	flue_zero_lines(&rx->nb, sizeof(rx->nb));
	rx->nbl.first_net_buffer = RX_REF(e, i) + offsetof(struct flue_rx_shared, nb);
	rx->nb.mdl_chain = first;
	rx->nb.current_mdl = first;
	rx->nb.data_length = bytes;
}

/** @return false: no record or no room now */
static bool
indicate(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_chan *ch = &e->chans[c->channel];
	uint32_t i;

	/* What went into a posted request lies before this in the stream. */
	if (!flue_up_room(ch) || (ch->receives.head != 0 && !flue_chan_flush(e, ch)))
		return false;
	i = flue_ids_take(&e->rx_ids);
	if (i == FLUE_NONE)
		return false;
	fill_record(e, c, i,
			unlikely(c->sized) ? flue_profile_of(e, c)->cached.rcv_indication_size
					   : UINT32_MAX);
	e->rx_records[i].state = RECORD_INDICATED;
	e->rx_records[i].conn = flue_conn_index(e, c) & UINT32_C(0xffffff);
	c->flags |= CONN_INDICATING;
	(void)flue_up_put(ch, FLUE_UP_RECEIVE_INDICATE, 0, c->handle, RX_REF(e, i),
			flue_conn_token(e, c));
	flue_count(e, FLUE_CTR_INDICATIONS, 1);
	if (unlikely(e->watches != NULL))
		flue_watch_indicated(e, c, e->rx_records[i].bytes);
	return true;
}

/** No indication before the initiate that brought the connection has completed. */
static bool
gated(struct flue_engine *e, struct flue_conn *c)
{
	if (likely(!(c->flags & CONN_GATED)))
		return false;
	if (flue_claim_holder(e, c->claim) != NULL)
		return true;
	c->flags &= ~CONN_GATED;
	return false;
}

/** @return false: no room */
static bool
event(struct flue_engine *e, struct flue_conn *c, enum flue_tcp_event type, uint64_t info)
{
	struct flue_chan *ch = &e->chans[c->channel];

	/* Completions first: after an event nothing older may come. */
	return flue_up_room(ch) && flue_chan_flush(e, ch) &&
	       flue_up_put(ch, FLUE_UP_EVENT, type, c->handle, FLUE_REF_NULL, info);
}

bool
flue_event_now(struct flue_engine *e, struct flue_conn *c, enum flue_tcp_event type, uint64_t info)
{
	return !gated(e, c) && event(e, c, type, info);
}

/** A stream that has ended on both sides is uploaded after its end was told, not before. */
static bool
upload_may_be_told(const struct flue_conn *c)
{
	return c->upload_reason != FLUE_UPLOAD_UPLOAD_REQUESTED || !(c->flags & CONN_FIN_RCVD) ||
	       (c->flags & CONN_FIN_TOLD);
}

static bool
tell(struct flue_engine *e, struct flue_conn *c)
{
	if ((c->flags & (CONN_FIN_RCVD | CONN_FIN_TOLD | CONN_INDICATING | CONN_ABORTED)) ==
					CONN_FIN_RCVD &&
			c->rxq_head == NULL) {
		flue_receive_finish_partial(e, c);
		if (!event(e, c, FLUE_TCP_INDICATE_DISCONNECT, 0))
			return false;
		c->flags |= CONN_FIN_TOLD;
		/* What was posted and not filled will never be. */
		flue_receive_abort(e, c, FLUE_STATUS_SUCCESS);
	}
	/* After the receives it completes, and those after the verdict. */
	if ((c->flags & CONN_TELL_ABORT) && (c->flags & (CONN_INDICATING | CONN_POSTED)) !=
							    (CONN_INDICATING | CONN_POSTED)) {
		if (!event(e, c, FLUE_TCP_INDICATE_ABORT, 0))
			return false;
		c->flags &= ~CONN_TELL_ABORT;
	}
	if ((c->flags & CONN_TELL_UPLOAD) && upload_may_be_told(c)) {
		if (!event(e, c, FLUE_TCP_INDICATE_RETRIEVE, c->upload_reason))
			return false;
		c->flags &= ~CONN_TELL_UPLOAD;
		/* Nothing of it can be relied on: that is told next (chimney rules 4.7). */
		if (unlikely(c->corrupt)) {
			c->flags |= CONN_TELL_ABORT;
			flue_conn_touch(e, c);
		}
	}
	return true;
}

#define TELLABLE (CONN_FIN_RCVD | CONN_TELL_ABORT | CONN_TELL_UPLOAD)

void
flue_receive_deliver(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_TERMINATING)
		return;
	if (c->rxq_head == NULL && !(c->flags & (TELLABLE | CONN_POSTED)))
		return;
	if (gated(e, c)) {
		flue_conn_touch(e, c);
		return;
	}
	if (!(c->flags & (CONN_INDICATING | CONN_ABORTED))) {
		if (c->flags & CONN_POSTED)
			flue_receive_place(e, c);
		if (c->rxq_head != NULL && !(c->flags & (CONN_POSTED | CONN_REFUSED)) &&
				!indicate(e, c)) {
			flue_conn_touch(e, c);
			return;
		}
	} else if ((c->flags & (CONN_INDICATING | CONN_ABORTED | CONN_POSTED)) ==
			(CONN_ABORTED | CONN_POSTED)) {
		flue_receive_abort(e, c, FLUE_STATUS_REQUEST_ABORTED);
	}
	if ((c->flags & TELLABLE) && !tell(e, c))
		flue_conn_touch(e, c);
}

/** Not, or not wholly, accepted: what is left goes back to the front of the queue. */
static void
take_back(struct flue_engine *e, struct flue_conn *c, struct flue_record *rec, uint32_t consumed)
{
	struct flue_pkt *pkt = rec->pkts;
	struct flue_pkt *last;

	c->rx_held -= consumed;
	c->bytes_in += consumed;
	while (pkt != NULL && consumed >= pkt->payload_len) {
		struct flue_pkt *next = pkt->next;

		consumed -= pkt->payload_len;
		pkt->flags &= (uint16_t)~FLUE_PKT_OPEN;
		flue_pkt_release(pkt);
		pkt = next;
	}
	if (pkt == NULL)
		return;
	pkt->payload_off = (uint16_t)(pkt->payload_off + consumed);
	pkt->payload_len = (uint16_t)(pkt->payload_len - consumed);
	for (last = pkt; last->next != NULL; last = last->next)
		;
	last->next = c->rxq_head;
	if (c->rxq_head == NULL)
		c->rxq_tail = last;
	c->rxq_head = pkt;
	(void)e;
}

void
flue_receive_verdict(struct flue_engine *e, struct flue_chan *ch, const struct flue_submission *s)
{
	struct flue_conn *c = flue_conn_of(e, s->token);
	uint64_t i = (s->ref - e->rx_ref) / sizeof(struct flue_rx_shared);
	struct flue_record *rec;

	if (c == NULL || c->channel != ch->index) {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
		return;
	}
	if (!(c->flags & CONN_INDICATING) || s->ref < e->rx_ref || i >= e->rx_ids.size ||
			s->ref != RX_REF(e, i) || e->rx_records[i].state != RECORD_INDICATED ||
			e->rx_records[i].conn != flue_conn_index(e, c)) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return;
	}
	rec = &e->rx_records[i];
	c->flags &= ~CONN_INDICATING;
	if (s->arg0 == FLUE_STATUS_SUCCESS) {
		c->rx_held -= rec->bytes;
		c->bytes_in += rec->bytes;
		rec->state = RECORD_LENT;
	} else {
		uint32_t consumed = 0;

		if (s->arg0 == (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED)
			consumed = s->arg1 < rec->bytes ? (uint32_t)s->arg1 : rec->bytes;
		else if (s->arg0 != (uint32_t)FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED)
			flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		take_back(e, c, rec, consumed);
		*rec = (struct flue_record){ 0 };
		flue_ids_give(&e->rx_ids, (uint32_t)i);
		/* A request that came while the host was still deciding counts (5.5). */
		if (!(c->flags & CONN_POSTED))
			c->flags |= CONN_REFUSED;
		flue_count(e, FLUE_CTR_REFUSED, 1);
	}
	flue_window_check(e, c);
	flue_conn_touch(e, c);
}

void
flue_receive_return(struct flue_engine *e, flue_ref ref)
{
	uint32_t n;

	for (n = 0; n < e->rx_ids.size && ref != FLUE_REF_NULL; n++) {
		uint64_t at = ref - e->rx_ref;
		uint64_t i = at / sizeof(struct flue_rx_shared);

		if (ref < e->rx_ref || at % sizeof(struct flue_rx_shared) != 0 ||
				i >= e->rx_ids.size || e->rx_records[i].state != RECORD_LENT) {
			flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
			return;
		}
		ref = __atomic_load_n(&e->rx_shared[i].nbl.next, __ATOMIC_RELAXED);
		release_list(e->rx_records[i].pkts);
		e->rx_records[i] = (struct flue_record){ 0 };
		flue_ids_give(&e->rx_ids, (uint32_t)i);
	}
}

bool
flue_receive_recall(struct flue_engine *e, struct flue_conn *c, flue_ref *chain)
{
	struct flue_net_buffer_list *last = NULL;
	struct flue_pkt *pkt;
	uint32_t n = 0;

	*chain = FLUE_REF_NULL;
	for (pkt = c->rxq_head; pkt != NULL; pkt = pkt->next)
		n++;
	if ((n + FLUE_RX_MDLS - 1) / FLUE_RX_MDLS > e->rx_ids.free)
		return false;
	while (c->rxq_head != NULL) {
		uint32_t i = flue_ids_take(&e->rx_ids);

		fill_record(e, c, i, UINT32_MAX);
		if (c->urgent_buffered)
			e->rx_shared[i].nbl.flags = FLUE_NBL_URGENT;
		e->rx_records[i].state = RECORD_LENT;
		if (last != NULL)
			last->next = RX_REF(e, i);
		else
			*chain = RX_REF(e, i);
		last = &e->rx_shared[i].nbl;
	}
	return true;
}

void
flue_receive_drop(struct flue_engine *e, struct flue_conn *c)
{
	release_list(c->rxq_head);
	c->rxq_head = NULL;
	(void)e;
}
