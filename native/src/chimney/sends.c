/* SPDX-License-Identifier: Apache-2.0 */

/* Send data comes: NBL chains become pieces. How they end: sends_end.c. */

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
	flue_region_keep(e->user, p->region, 1);
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

/** Usual lists of one connection as they are taken. */
struct usual_sends {
	uint32_t seq;  /* of the next */
	uint32_t room; /* bytes that there are places for */
	uint32_t kept; /* pieces whose data is in the region that the view of data shows */
};

static inline void
keep_data(const struct flue_engine *e, struct usual_sends *u)
{
	flue_region_keep(e->user, flue_ref_region(e->view.data.first), u->kept);
	u->kept = 0;
}

/** Put a list into the piece. @return false: it is not the usual one, or there is no room for it */
static inline __attribute__((always_inline)) bool
take_usual(struct flue_engine *e, struct usual_sends *u, flue_ref ref, struct flue_piece *p)
{
	const struct flue_compact *l;
	uint32_t offset;
	uint32_t count;
	uint32_t len;
	uint64_t end;
	flue_ref at;

	if (unlikely(ref & 7) || unlikely(!flue_view_shows(&e->view.lists, ref, sizeof(*l)) &&
						 !flue_view_turn(&e->view.lists, ref, sizeof(*l))))
		return false;
	l = (const struct flue_compact *)flue_view_at(&e->view.lists, ref);
	if (unlikely(!flue_is_compact(l, ref) || flue_read64(&l->nbl.next) != FLUE_REF_NULL))
		return false;
	offset = flue_read32(&l->nb.current_mdl_offset);
	len = flue_read32(&l->nb.data_length);
	end = (uint64_t)offset + len;
	count = flue_read32(&l->mdl.byte_count);
	/* Where the MDL is used up the data would start in the next one, once all is acknowledged. */
	if (unlikely(len == 0 || end > count ||
			    (end == count && flue_read64(&l->mdl.next) != FLUE_REF_NULL) ||
			    len > u->room))
		return false;
	at = flue_read64(&l->mdl.data);
	if (unlikely(!flue_view_shows(&e->view.data, at, end))) {
		keep_data(e, u);
		if (!flue_view_turn(&e->view.data, at, end))
			return false;
	}
	u->kept++;
	p->data = flue_view_at(&e->view.data, at) + offset;
	p->nbl = ref;
	p->seq = p->nbl_seq = u->seq;
	p->len = len;
	p->tx.lent = 0;
	atomic_store_explicit(&p->tx.back, 0, memory_order_relaxed);
	p->flags = PIECE_COMPACT | PIECE_LAST_OF_NBL | PIECE_LAST_OF_SUB;
	p->region = (uint16_t)flue_ref_region(at);
	p->refused_credits = 0;
	p->refused_head = p->refused_tail = FLUE_REF_NULL;
	u->seq += len;
	u->room -= len;
	return true;
}

/** Usual lists that follow one another for one connection, from the head of the ring on, at most to its end. @return
 *  how many were taken; 0: the first one is not that, or there is no piece for it */
static inline int
queue_usual(struct flue_engine *e, struct flue_conn *c, struct flue_chan *ch, uint64_t token,
		uint64_t tail, int max)
{
	const uint32_t head = (uint32_t)ch->sub_head & ch->sub_mask;
	const struct flue_submission *s = &ch->subs[head];
	struct usual_sends u = { .seq = c->snd_end, .room = SEND_MOST - (c->snd_end - c->snd_una) };
	struct capture cap = { .seq = c->snd_end };
	const uint32_t free = e->piece_ids.free;
	const uint32_t *ids = e->piece_ids.stack + free;
	uint32_t *link = &cap.first;
	uint32_t most = (uint32_t)(tail - ch->sub_head);
	uint32_t n = 0;

	if (unlikely(free == 0 || u.room > SEND_MOST))
		return 0;
	most = most < (uint32_t)max ? most : (uint32_t)max;
	most = most < free ? most : free;
	most = most < ch->sub_mask + 1 - head ? most : ch->sub_mask + 1 - head;
	do {
		const uint32_t id = *--ids;
		struct flue_piece *p = &e->pieces[id];

		if (unlikely(!take_usual(e, &u, flue_read64(&s->ref), p)))
			break;
		*link = cap.last = id;
		link = &p->next;
		s++;
		n++;
	} while (n < most && flue_read64(&s->token) == token &&
			flue_read32(&s->op) == FLUE_SUB_SEND);
	if (unlikely(n == 0))
		return 0;
	*link = FLUE_NONE;
	keep_data(e, &u);
	e->piece_ids.free = free - n;
	ch->sub_head += n;
	cap.bytes = u.seq - cap.seq;
	enqueue(e, c, &cap, n);
	return (int)n;
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
		n = queue_usual(e, c, ch, token, tail, max);
		if (likely(n > 0)) {
			flue_conn_touch(e, c);
			return n;
		}
		submit_list(e, ch, c, ref);
	}
	ch->sub_head++;
	return 1;
}
