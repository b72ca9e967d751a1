/* SPDX-License-Identifier: Apache-2.0 */

/* Send data: NBL chains become pieces at submission, pieces become completions when all of them is
 * acknowledged and the port no longer reads them. */

#include <errno.h>

#include "engine/parts.h"
#include "tcp/watch.h"

/** Bytes of one submission, and of a connection's queue while usual lists join it: far below half of the sequence
 *  space. */
#define SEND_MOST UINT32_C(0x20000000)

/** Pieces taken so far for a chain that may still turn out to be broken. */
struct capture {
	uint32_t first;
	uint32_t last;
	uint32_t seq;
	uint32_t bytes;
};

/** @return false: none left */
static inline bool
capture_piece(struct flue_engine *e, struct capture *cap, const struct flue_piece *piece)
{
	uint32_t id = flue_ids_take(&e->piece_ids);
	struct flue_piece *p;

	if (unlikely(id == FLUE_NONE))
		return false;
	p = &e->pieces[id];
	p->data = piece->data;
	p->nbl = piece->nbl;
	p->seq = cap->seq + cap->bytes;
	p->nbl_seq = piece->nbl_seq;
	p->len = piece->len;
	p->next = FLUE_NONE;
	p->flags = piece->flags;
	p->region = piece->region;
	p->refused_credits = 0;
	p->refused_head = p->refused_tail = FLUE_REF_NULL;
	p->tx.lent = 0;
	atomic_store_explicit(&p->tx.back, 0, memory_order_relaxed);
	flue_region_keep(e->user, p->region);
	if (unlikely(cap->last != FLUE_NONE))
		e->pieces[cap->last].next = id;
	else
		cap->first = id;
	cap->last = id;
	cap->bytes += piece->len;
	return true;
}

static inline int
capture_nb(struct flue_engine *e, struct capture *cap, const struct flue_net_buffer *nb,
		flue_ref nbl, uint32_t nbl_seq, uint32_t flags)
{
	struct flue_nb_walk w;
	uint8_t *data;
	uint32_t len;
	int rc = flue_nb_walk_begin(&w, nb);

	while (rc == 0 && (rc = flue_nb_walk_next(&w, &data, &len)) > 0) {
		struct flue_piece piece = { .data = data,
			.nbl = nbl,
			.nbl_seq = nbl_seq,
			.len = len,
			.flags = (uint16_t)flags,
			.region = (uint16_t)w.region };

		if (unlikely(!capture_piece(e, cap, &piece) || cap->bytes > SEND_MOST))
			return -ENOSPC;
		rc = 0;
	}
	return rc;
}

static inline int
capture_nbl(struct flue_engine *e, struct capture *cap, flue_ref ref, uint32_t flags,
		flue_ref *next)
{
	const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
	uint32_t before = cap->last;
	uint32_t nbl_seq = cap->seq + cap->bytes;
	flue_ref at;
	int i;

	if (nbl == NULL)
		return -EINVAL;
	*next = __atomic_load_n(&nbl->next, __ATOMIC_RELAXED);
	at = __atomic_load_n(&nbl->first_net_buffer, __ATOMIC_RELAXED);
	for (i = 0; at != FLUE_REF_NULL; i++) {
		const struct flue_net_buffer *nb = flue_nb_at(at);
		int rc;

		if (nb == NULL || i == FLUE_MAX_NBS_PER_NBL)
			return -EINVAL;
		at = __atomic_load_n(&nb->next, __ATOMIC_RELAXED);
		rc = capture_nb(e, cap, nb, ref, nbl_seq, flags);
		if (rc < 0)
			return rc;
	}
	/* Nothing in it: it still has its place in the order. */
	if (unlikely(cap->last == before)) {
		/* Of a piece without bytes one may still count from its data. */
		struct flue_piece piece = { .data = (const uint8_t *)"",
			.nbl = ref,
			.nbl_seq = nbl_seq,
			.flags = (uint16_t)flags };

		if (!capture_piece(e, cap, &piece))
			return -ENOSPC;
	}
	e->pieces[cap->last].flags |= PIECE_LAST_OF_NBL;
	return 0;
}

/** Captured, and good: behind what is queued. */
static inline void
enqueue(struct flue_engine *e, struct flue_conn *c, const struct capture *cap, uint32_t nbls)
{
	if (c->send_head == FLUE_NONE)
		c->send_head = cap->first;
	else
		e->pieces[c->send_tail].next = cap->first;
	if (c->send_nxt == FLUE_NONE)
		c->send_nxt = cap->first;
	c->send_tail = cap->last;
	c->snd_end += cap->bytes;
	if (unlikely(e->watches != NULL))
		flue_watch_posted(e, c, nbls, cap->bytes, false);
}

int
flue_send_queue(struct flue_engine *e, struct flue_conn *c, flue_ref chain, int nbls,
		uint32_t flags, uint32_t last_flags)
{
	struct capture cap = { FLUE_NONE, FLUE_NONE, c->snd_end, 0 };
	int rc = chain == FLUE_REF_NULL ? -EINVAL : 0;
	int i;

	for (i = 0; rc == 0 && i < nbls && chain != FLUE_REF_NULL; i++)
		rc = capture_nbl(e, &cap, chain, flags, &chain);
	if (rc == 0 && nbls > 1 && chain != FLUE_REF_NULL)
		rc = -EINVAL;
	if (rc == 0 && c->snd_end + cap.bytes - c->snd_una > UINT32_C(0x3fffffff))
		rc = -ENOSPC;
	if (rc < 0) {
		while (cap.first != FLUE_NONE) {
			uint32_t id = cap.first;

			cap.first = e->pieces[id].next;
			flue_piece_give(e, id);
		}
		return rc;
	}
	e->pieces[cap.last].flags |= (uint16_t)last_flags;
	enqueue(e, c, &cap, (uint32_t)i);
	return 0;
}

/** The usual list, a compact one, as a piece. @return false: it is not that, or more than there is room for */
static inline bool
compact_piece(struct flue_piece *piece, flue_ref ref, uint32_t room)
{
	const struct flue_compact *l = flue_compact_at(ref);
	uint32_t offset;
	uint32_t count;
	uint64_t end;
	flue_ref at;

	if (unlikely(l == NULL || flue_read64(&l->nbl.next) != FLUE_REF_NULL))
		return false;
	offset = flue_read32(&l->nb.current_mdl_offset);
	piece->len = flue_read32(&l->nb.data_length);
	end = (uint64_t)offset + piece->len;
	count = flue_read32(&l->mdl.byte_count);
	/* Where the MDL is used up the data would start in the next one, once all is acknowledged. */
	if (unlikely(piece->len == 0 || end > count ||
			    (end == count && flue_read64(&l->mdl.next) != FLUE_REF_NULL) ||
			    piece->len > room))
		return false;
	at = flue_read64(&l->mdl.data);
	piece->data = flue_ref_look(at, end, true);
	if (unlikely(piece->data == NULL))
		return false;
	piece->data += offset;
	piece->nbl = ref;
	piece->region = (uint16_t)flue_ref_region(at);
	piece->flags = PIECE_COMPACT | PIECE_LAST_OF_NBL | PIECE_LAST_OF_SUB;
	return true;
}

/** Usual lists that follow one another for one connection, from the head of the ring on. @return how many were
 *  taken; 0: the first one is not that, or there is no piece for it */
static inline int
queue_compact(struct flue_engine *e, struct flue_conn *c, struct flue_chan *ch, uint64_t token,
		uint64_t tail, int max)
{
	const struct flue_submission *s = &ch->subs[ch->sub_head & ch->sub_mask];
	struct capture cap = { FLUE_NONE, FLUE_NONE, c->snd_end, 0 };
	const uint32_t queued = c->snd_end - c->snd_una;
	int n = 0;

	if (unlikely(queued > SEND_MOST))
		return 0;
	do {
		struct flue_piece piece = { .nbl_seq = cap.seq + cap.bytes };

		if (unlikely(!compact_piece(&piece, flue_read64(&s->ref),
					     SEND_MOST - queued - cap.bytes) ||
				    !capture_piece(e, &cap, &piece)))
			break;
		n++;
		s = &ch->subs[++ch->sub_head & ch->sub_mask];
	} while (n < max && ch->sub_head != tail && flue_read64(&s->token) == token &&
			flue_read32(&s->op) == FLUE_SUB_SEND);
	if (likely(n > 0))
		enqueue(e, c, &cap, (uint32_t)n);
	return n;
}

void
flue_piece_refuse(struct flue_engine *e, struct flue_piece *last, flue_ref ref, uint32_t status)
{
	struct flue_chain chain = { .head = last->refused_head, .tail = last->refused_tail };

	flue_chain_refuse(e, &chain, ref, status);
	last->refused_head = chain.head;
	last->refused_tail = chain.tail;
	last->refused_credits += chain.credits;
}

void
flue_piece_refused(const struct flue_piece *p, struct flue_chain *to)
{
	struct flue_chain from = { .head = p->refused_head,
		.tail = p->refused_tail,
		.credits = p->refused_credits,
		.count = p->refused_credits };

	if (unlikely(from.credits != 0))
		flue_chain_join(to, &from);
}

/** Complete at once, unless earlier sends are still out: then behind them. */
static void
refuse(struct flue_engine *e, struct flue_chan *ch, struct flue_conn *c, flue_ref ref,
		uint32_t status)
{
	if (c == NULL || c->send_head == FLUE_NONE)
		flue_chain_refuse(e, &ch->sends, ref, status);
	else
		flue_piece_refuse(e, &e->pieces[c->send_tail], ref, status);
}

/** Why nothing more is taken. */
static uint32_t
send_refusal(const struct flue_conn *c)
{
	if (c->flags & CONN_ABORTED)
		return FLUE_STATUS_REQUEST_ABORTED;
	return c->flags & (CONN_STOPPED | CONN_TERMINATING) ? FLUE_STATUS_UPLOAD_IN_PROGRESS
							    : FLUE_STATUS_INVALID_STATE;
}

/** Not the usual list. */
static __attribute__((noinline)) void
submit_list(struct flue_engine *e, struct flue_chan *ch, struct flue_conn *c, flue_ref ref)
{
	int rc = flue_send_queue(e, c, ref, FLUE_MAX_NBLS_PER_CALL, 0, PIECE_LAST_OF_SUB);

	if (unlikely(rc == -ENOSPC)) {
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
		refuse(e, ch, c, ref, FLUE_STATUS_UPLOAD_IN_PROGRESS);
		return;
	}
	if (unlikely(rc < 0)) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		refuse(e, ch, c, ref, FLUE_STATUS_FAILURE);
		return;
	}
	if (c->snd_end == c->snd_una)
		flue_send_complete(e, c);
	flue_conn_touch(e, c);
}

/** On no connection, or on one that takes nothing any more. */
static __attribute__((noinline)) void
submit_late(struct flue_engine *e, struct flue_chan *ch, struct flue_conn *c, flue_ref ref)
{
	if (c == NULL || c->channel != ch->index) {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
		refuse(e, ch, NULL, ref, FLUE_STATUS_INVALID_STATE);
	} else {
		refuse(e, ch, c, ref, send_refusal(c));
	}
}

int
flue_sends_submit(
		struct flue_engine *e, struct flue_chan *ch, uint64_t token, uint64_t tail, int max)
{
	const flue_ref ref = flue_read64(&ch->subs[ch->sub_head & ch->sub_mask].ref);
	struct flue_conn *c = flue_conn_of(e, token);
	int n;

	if (unlikely(c == NULL || c->channel != ch->index ||
			    (c->flags & (CONN_STOPPED | CONN_ABORTED | CONN_TERMINATING |
							CONN_FIN_QUEUED)))) {
		submit_late(e, ch, c, ref);
	} else {
		n = queue_compact(e, c, ch, token, tail, max);
		if (likely(n > 0)) {
			flue_conn_touch(e, c);
			return n;
		}
		submit_list(e, ch, c, ref);
	}
	ch->sub_head++;
	return 1;
}

/** Data acknowledged: never beyond the data, whatever our FIN took. */
static uint32_t
una_of_data(const struct flue_conn *c)
{
	return flue_seq_lt(c->snd_end, c->snd_una) ? c->snd_end : c->snd_una;
}

/** A piece that was to bring a disconnect's final data: its NBL is not a send's. */
static __attribute__((noinline)) void
note_disconnect(struct flue_engine *e, struct flue_conn *c, struct flue_net_buffer_list *nbl,
		uint32_t bytes)
{
	if (c->more)
		e->extras[c->extra].disconnect_bytes = bytes;
	if (nbl != NULL)
		flue_nbl_advance(nbl, bytes);
}

static __attribute__((noinline)) void
complete_nbl(struct flue_engine *e, struct flue_conn *c, const struct flue_piece *p, bool acked)
{
	struct flue_net_buffer_list *nbl = flue_nbl_at(p->nbl);
	uint32_t end = acked ? p->seq + p->len : una_of_data(c);
	uint32_t bytes = flue_seq_gt(end, p->nbl_seq) ? end - p->nbl_seq : 0;

	if (unlikely(p->flags & PIECE_DISCONNECT)) {
		note_disconnect(e, c, nbl, bytes);
		return;
	}
	if (nbl != NULL) {
		nbl->status = acked ? FLUE_STATUS_SUCCESS : FLUE_STATUS_REQUEST_ABORTED;
		nbl->bytes_transferred = bytes;
		flue_nbl_advance(nbl, bytes);
	}
	flue_chain_append(&e->chans[c->channel].sends, p->nbl, nbl,
			(p->flags & PIECE_LAST_OF_SUB) != 0);
}

/** The usual one, acknowledged: its NB is where it was when it came. What the host has made of it since is its
 *  own affair, for nothing is followed. */
static inline void
complete_compact(struct flue_chain *chain, const struct flue_piece *p)
{
	const flue_ref ref = p->nbl;
	const uint32_t len = p->len;
	struct flue_compact *l = flue_ref_at(ref, sizeof(*l));

	if (unlikely(l == NULL)) {
		flue_chain_append(chain, ref, NULL, 1);
		return;
	}
	l->nbl.status = FLUE_STATUS_SUCCESS;
	l->nbl.bytes_transferred = len;
	l->nb.current_mdl_offset += len;
	l->nb.data_offset += len;
	l->nb.data_length -= len;
	flue_chain_append(chain, ref, &l->nbl, 1);
}

/** Everything in front of it is complete: now the disconnect, if its time has come. */
static void
complete_disconnect(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t status = FLUE_STATUS_SUCCESS;

	if (!flue_extra_of(e, c)->disconnect_abortive) {
		if (!(c->flags & (CONN_FIN_ACKED | CONN_ABORTED)))
			return;
		if (!(c->flags & CONN_FIN_ACKED))
			status = FLUE_STATUS_REQUEST_ABORTED;
	}
	if (!flue_disconnect_complete(e, c, status)) {
		c->flags |= CONN_TX_WAIT;
		flue_conn_touch(e, c);
	}
}

void
flue_send_complete(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_chain *chain = &e->chans[c->channel].sends;
	uint32_t una = una_of_data(c);

	c->flags &= ~CONN_TX_WAIT;
	while (c->send_head != FLUE_NONE) {
		uint32_t id = c->send_head;
		struct flue_piece *p = &e->pieces[id];
		bool acked = flue_seq_leq(p->seq + p->len, una);

		if (!acked && !(c->flags & CONN_ABORTED))
			return;
		if (unlikely(flue_lent(&p->tx) != 0)) {
			c->flags |= CONN_TX_WAIT;
			flue_conn_touch(e, c);
			return;
		}
		if (likely(acked && (p->flags & PIECE_COMPACT)))
			complete_compact(chain, p);
		else if (p->flags & PIECE_LAST_OF_NBL)
			complete_nbl(e, c, p, acked);
		if (unlikely(p->refused_credits != 0))
			flue_piece_refused(p, chain);
		if (acked)
			c->bytes_out += p->len;
		c->send_head = p->next;
		if (c->send_nxt == id)
			c->send_nxt = p->next;
		flue_piece_give(e, id);
	}
	c->send_tail = FLUE_NONE;
	if (unlikely(c->more) && flue_extra_of(e, c)->disconnect != 0)
		complete_disconnect(e, c);
}

bool
flue_send_lent(const struct flue_engine *e, const struct flue_conn *c)
{
	uint32_t id;

	for (id = c->send_head; id != FLUE_NONE; id = e->pieces[id].next)
		if (flue_lent(&e->pieces[id].tx) != 0)
			return true;
	return false;
}

uint32_t
flue_send_recall(struct flue_engine *e, struct flue_conn *c, flue_ref *head, flue_ref *tail)
{
	struct flue_net_buffer_list *last = NULL;
	uint32_t una = una_of_data(c);
	uint32_t credits = 0;

	*head = FLUE_REF_NULL;
	*tail = FLUE_REF_NULL;
	while (c->send_head != FLUE_NONE) {
		uint32_t id = c->send_head;
		struct flue_piece *p = &e->pieces[id];
		struct flue_net_buffer_list *nbl = flue_nbl_at(p->nbl);
		uint32_t done = flue_seq_gt(una, p->nbl_seq) ? una - p->nbl_seq : 0;

		if (flue_seq_gt(una, p->seq))
			c->bytes_out += una - p->seq < p->len ? una - p->seq : p->len;
		if (p->flags & PIECE_DISCONNECT) {
			if ((p->flags & PIECE_LAST_OF_NBL))
				complete_nbl(e, c, p, false);
		} else if (nbl != NULL && p->nbl != *tail) {
			nbl->next = FLUE_REF_NULL;
			if (last != NULL)
				last->next = p->nbl;
			else
				*head = p->nbl;
			last = nbl;
			*tail = p->nbl;
			if (done > 0)
				flue_nbl_advance(nbl, done);
		}
		credits += (p->flags & PIECE_LAST_OF_SUB) != 0;
		flue_piece_refused(p, &e->chans[c->channel].sends);
		c->send_head = p->next;
		flue_piece_give(e, id);
	}
	c->send_tail = FLUE_NONE;
	c->send_nxt = FLUE_NONE;
	return credits;
}

void
flue_send_drop(struct flue_engine *e, struct flue_conn *c)
{
	while (c->send_head != FLUE_NONE) {
		uint32_t id = c->send_head;

		c->send_head = e->pieces[id].next;
		flue_piece_give(e, id);
	}
}
