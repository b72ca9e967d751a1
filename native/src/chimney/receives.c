/* SPDX-License-Identifier: Apache-2.0 */

/* Received data: queued in order, then put into posted requests or indicated, one indication at a
 * time (chimney rules 5.3 to 5.5). */

#include <string.h>

#include "engine/parts.h"
#include "tcp/bytes.h"
#include "tcp/reasm.h"
#include "tcp/watch.h"

/* ---- Queue ---------------------------------------------------------------------------------- */

/** What the last slab can still take. */
static inline uint32_t
room_behind(const struct flue_conn *c)
{
	if (c->rxq_head == NULL || !(c->rxq_tail->flags & FLUE_PKT_OPEN))
		return 0;
	return FLUE_SLAB_BYTES - c->rxq_tail->payload_off - c->rxq_tail->payload_len;
}

/** Behind what the last slab holds; there is room. */
static inline void
copy_behind(struct flue_conn *c, const uint8_t *from, uint32_t len)
{
	struct flue_pkt *to = c->rxq_tail;

	flue_copy_small(to->data + to->payload_off + to->payload_len, from, len);
	to->payload_len = (uint16_t)(to->payload_len + len);
}

/** Into the last slab, and as many more as it needs. @return false: there are not as many */
static bool
copy_into_slabs(struct flue_engine *e, struct flue_conn *c, const uint8_t *from, uint32_t len,
		uint32_t room)
{
	if ((len - room + FLUE_SLAB_BYTES - 1) / FLUE_SLAB_BYTES > e->slabs.ids.free)
		return false;
	while (len > 0) {
		uint32_t n;

		if (room == 0) {
			struct flue_pkt *slab = flue_slab_take(e);

			slab->flags |= FLUE_PKT_OPEN;
			flue_receive_append(c, slab);
			room = FLUE_SLAB_BYTES;
		}
		n = len < room ? len : room;
		copy_behind(c, from, n);
		from += n;
		len -= n;
		room -= n;
	}
	return true;
}

static inline bool
enqueue_copy(struct flue_engine *e, struct flue_conn *c, const struct flue_pkt *pkt)
{
	const uint8_t *from = pkt->data + pkt->payload_off;
	uint32_t len = pkt->payload_len;
	uint32_t room = room_behind(c);

	if (likely(len <= room))
		copy_behind(c, from, len);
	else if (!copy_into_slabs(e, c, from, len, room))
		return false;
	c->rxq_tail->flags |= pkt->flags & FLUE_PKT_PSH;
	flue_count(e, FLUE_CTR_IN_COPIED, 1);
	return true;
}

bool
flue_receive_enqueue_short(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt)
{
	const uint32_t len = pkt->payload_len;

	/* Not "of our port": behind a capture the buffers are the inner port's. */
	if (likely(pkt->port != &e->slabs.port)) {
		if (likely(enqueue_copy(e, c, pkt))) {
			c->rx_held += len;
			flue_pkt_release(pkt);
			return true;
		}
		if (pkt->ref == FLUE_REF_NULL || e->port->held > e->low_buffers)
			return false;
	}
	flue_receive_append(c, pkt);
	c->rx_held += len;
	return true;
}

/* ---- Posted requests ------------------------------------------------------------------------ */

/** The first posted piece; FLUE_NONE. */
static uint32_t
post_head(const struct flue_engine *e, const struct flue_conn *c)
{
	return c->post_tail == FLUE_NONE ? FLUE_NONE : e->pieces[c->post_tail].next;
}

/** Give back the first posted NBL, filled or not. There is one. */
static void
finish_post(struct flue_engine *e, struct flue_conn *c, uint32_t status)
{
	struct flue_extra *x = flue_extra_held(e, c);
	struct flue_net_buffer_list *nbl;
	const struct flue_piece *p;
	uint32_t bytes = 0;
	uint32_t id;

	if (x != NULL)
		x->push_runs = false;
	do {
		id = post_head(e, c);
		p = &e->pieces[id];
		bytes += p->seq;
		if (id == c->post_tail)
			c->post_tail = FLUE_NONE;
		else
			e->pieces[c->post_tail].next = p->next;
		flue_piece_give(e, id);
	} while (!(p->flags & PIECE_LAST_OF_NBL) && c->post_tail != FLUE_NONE);
	if (c->post_tail == FLUE_NONE)
		c->flags &= ~CONN_POSTED;
	nbl = flue_nbl_at(p->nbl);
	if (nbl != NULL) {
		nbl->status = status;
		nbl->bytes_transferred = bytes;
		flue_nbl_advance(nbl, bytes);
	}
	flue_chain_append(&e->chans[c->channel].receives, p->nbl, nbl,
			(p->flags & PIECE_LAST_OF_SUB) != 0);
	flue_piece_refused(p, &e->chans[c->channel].receives);
}

void
flue_receive_abort(struct flue_engine *e, struct flue_conn *c, uint32_t status)
{
	/* One call at a time goes up (T-96): after the verdict. */
	if (c->flags & CONN_INDICATING)
		return;
	while (c->post_tail != FLUE_NONE)
		finish_post(e, c, status);
}

void
flue_receive_finish_partial(struct flue_engine *e, struct flue_conn *c)
{
	if (c->post_tail != FLUE_NONE && e->pieces[post_head(e, c)].seq > 0)
		finish_post(e, c, FLUE_STATUS_SUCCESS);
}

/** Copy the front of the queue into one piece; with `push`, no further than what was pushed.
 *  @return ended at something pushed */
static bool
fill(struct flue_conn *c, struct flue_piece *p, bool push, uint32_t *placed)
{
	bool pushed = false;

	while (p->seq < p->len && c->rxq_head != NULL && !pushed) {
		struct flue_pkt *pkt = c->rxq_head;
		uint32_t n = p->len - p->seq;

		if (n > pkt->payload_len)
			n = pkt->payload_len;
		/* A host may have posted memory that was lent to it. */
		memmove((uint8_t *)(uintptr_t)p->data + p->seq, pkt->data + pkt->payload_off, n);
		p->seq += n;
		*placed += n;
		pkt->payload_off = (uint16_t)(pkt->payload_off + n);
		pkt->payload_len = (uint16_t)(pkt->payload_len - n);
		if (pkt->payload_len == 0) {
			c->rxq_head = pkt->next;
			pushed = push && (pkt->flags & FLUE_PKT_PSH);
			pkt->flags &= (uint16_t) ~(FLUE_PKT_OPEN | FLUE_PKT_PSH);
			flue_pkt_release(pkt);
		}
	}
	return pushed;
}

/** Fill the first request. @return it is complete: full, or pushed and not to wait for more */
static bool
fill_first(struct flue_engine *e, struct flue_conn *c, uint32_t *placed)
{
	uint32_t at = post_head(e, c);
	bool pushed = false;

	for (;;) {
		struct flue_piece *p = &e->pieces[at];

		pushed = fill(c, p, !(p->flags & PIECE_NO_PUSH), placed);
		if (p->seq < p->len || (p->flags & PIECE_LAST_OF_NBL) || pushed)
			return pushed || p->seq == p->len;
		at = p->next;
	}
}

static bool
push_due(const struct flue_engine *e, const struct flue_extra *x)
{
	return x->push_runs && (int32_t)(e->now_ms - x->push_ms) >= 0;
}

/** Started by the first byte, started anew by each further one; what the host has put there before
 *  counts as such (T-102, T-103). @return false: it cannot be noted; then it is due */
static bool
start_push_timer(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_take(e, c);

	if (x == NULL)
		return false;
	x->push_runs = true;
	x->push_ms = e->now_ms + flue_ticks_ms(e, e->params.tcp_push_ticks);
	flue_timer_arm_ms(e, c, x->push_ms);
	return true;
}

/** Does the first request hold something that the host waits for? */
static bool
push_wanted(const struct flue_engine *e, const struct flue_conn *c)
{
	const struct flue_piece *p = &e->pieces[post_head(e, c)];

	return !(p->flags & PIECE_NO_PUSH) && (p->seq > 0 || (p->flags & PIECE_PREFILLED));
}

void
flue_receive_push_timer(struct flue_engine *e, struct flue_conn *c)
{
	const struct flue_extra *x = flue_extra_of(e, c);

	if (push_due(e, x))
		flue_conn_touch(e, c);
	else if (x->push_runs)
		flue_timer_arm_ms(e, c, x->push_ms);
}

void
flue_receive_place(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t total = 0;

	while (c->post_tail != FLUE_NONE) {
		uint32_t placed = 0;
		bool complete = fill_first(e, c, &placed);

		total += placed;
		if (!complete) {
			if (!push_wanted(e, c))
				break;
			if (placed > 0 || !flue_extra_of(e, c)->push_runs) {
				if (start_push_timer(e, c))
					break;
			} else if (!push_due(e, flue_extra_of(e, c))) {
				break;
			}
		}
		finish_post(e, c, FLUE_STATUS_SUCCESS);
	}
	c->rx_held -= total;
	c->bytes_in += total;
	flue_window_check(e, c);
}

/** @return 0 or the status with which the whole submission is refused */
static uint32_t
capture_posts(struct flue_engine *e, flue_ref ref, uint32_t *first, uint32_t *last)
{
	int i;

	for (i = 0; ref != FLUE_REF_NULL; i++) {
		const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
		const struct flue_net_buffer *nb;
		struct flue_nb_walk w;
		uint32_t flags = 0;
		uint8_t *data = NULL;
		uint32_t len = 0;
		int rc;

		if (nbl == NULL || i == FLUE_MAX_NBLS_PER_CALL)
			return FLUE_STATUS_FAILURE;
		nb = flue_nb_at(__atomic_load_n(&nbl->first_net_buffer, __ATOMIC_RELAXED));
		if (nb == NULL || flue_nb_walk_begin(&w, nb) < 0)
			return FLUE_STATUS_FAILURE;
		if (nbl->receive_no_push)
			flags |= PIECE_NO_PUSH;
		if (nbl->receive_bytes_transferred != 0)
			flags |= PIECE_PREFILLED;
		rc = flue_nb_walk_next(&w, &data, &len);
		do {
			uint32_t id;

			if (rc < 0)
				return FLUE_STATUS_FAILURE;
			id = flue_ids_take(&e->piece_ids);
			if (id == FLUE_NONE)
				return FLUE_STATUS_UPLOAD_IN_PROGRESS;
			e->pieces[id] = (struct flue_piece){ .data = data,
				.nbl = ref,
				.len = rc == 0 ? 0 : len,
				.next = FLUE_NONE,
				.flags = (uint16_t)flags,
				.region = (uint16_t)(rc == 0 ? 0 : w.region) };
			flue_region_keep(e->user, e->pieces[id].region, 1);
			if (*last == FLUE_NONE)
				*first = id;
			else
				e->pieces[*last].next = id;
			*last = id;
		} while (rc != 0 && (rc = flue_nb_walk_next(&w, &data, &len)) != 0);
		e->pieces[*last].flags |= PIECE_LAST_OF_NBL;
		ref = __atomic_load_n(&nbl->next, __ATOMIC_RELAXED);
	}
	return 0;
}

static uint32_t
post_refusal(const struct flue_conn *c)
{
	if (c->flags & CONN_ABORTED)
		return FLUE_STATUS_REQUEST_ABORTED;
	if ((c->flags & CONN_TERMINATING) ||
			(c->flags & (CONN_STOPPED | CONN_FIN_RCVD)) == CONN_STOPPED)
		return FLUE_STATUS_UPLOAD_IN_PROGRESS;
	/* Ended both ways, but the host has not taken all: its end is told, and it goes, after that. */
	if (c->flags & CONN_FIN_TOLD)
		return FLUE_STATUS_INVALID_STATE;
	return 0;
}

/** Room in buffers that were just posted, for what is told of small ones. */
static void
watch_posts(struct flue_engine *e, struct flue_conn *c, uint32_t at)
{
	uint64_t bytes = 0;
	uint32_t nbls = 0;

	for (; at != FLUE_NONE; at = e->pieces[at].next) {
		bytes += e->pieces[at].len;
		nbls += (e->pieces[at].flags & PIECE_LAST_OF_NBL) != 0;
	}
	/* A request without room asks for indications (5.4): it is not small. */
	if (bytes > 0)
		flue_watch_posted(e, c, nbls, bytes, true);
}

void
flue_receive_post(struct flue_engine *e, struct flue_chan *ch, uint64_t token, flue_ref ref)
{
	struct flue_conn *c = flue_conn_of(e, token);
	uint32_t first = FLUE_NONE;
	uint32_t last = FLUE_NONE;
	uint32_t status;
	bool alone;

	if (c == NULL || c->channel != ch->index) {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
		flue_chain_refuse(e, &ch->receives, ref, FLUE_STATUS_INVALID_STATE);
		return;
	}
	status = post_refusal(c);
	if (status == 0)
		status = ref == FLUE_REF_NULL ? (uint32_t)FLUE_STATUS_FAILURE
					      : capture_posts(e, ref, &first, &last);
	if (status != 0) {
		while (first != FLUE_NONE) {
			uint32_t id = first;

			first = e->pieces[id].next;
			flue_piece_give(e, id);
		}
		if (status == (uint32_t)FLUE_STATUS_FAILURE)
			flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		else if (status == (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS)
			flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
		/* In order: behind those that are posted. */
		if (c->post_tail == FLUE_NONE)
			flue_chain_refuse(e, &ch->receives, ref, status);
		else
			flue_piece_refuse(e, &e->pieces[c->post_tail], ref, status);
		return;
	}
	e->pieces[last].flags |= PIECE_LAST_OF_SUB;
	if (unlikely(e->watches != NULL))
		watch_posts(e, c, first);
	alone = c->post_tail == FLUE_NONE;
	if (alone) {
		e->pieces[last].next = first;
	} else {
		e->pieces[last].next = post_head(e, c);
		e->pieces[c->post_tail].next = first;
	}
	c->post_tail = last;
	c->flags |= CONN_POSTED;
	c->flags &= ~CONN_REFUSED;
	if (alone && push_wanted(e, c))
		(void)start_push_timer(e, c);
	flue_conn_touch(e, c);
}
