/* SPDX-License-Identifier: Apache-2.0 */

/* Channels: submissions down, one ordered ring up. */

#include <errno.h>
#include <string.h>

#include "engine/ahead.h"
#include "engine/parts.h"

/** Entries a single submission can need at once: it is not taken while there are fewer. */
#define UP_RESERVE 8

/** NBLs of one completion entry, about; Java bounds what it follows. */
#define CHAIN_MAX 1024 /* NBLs; a power of two */

static bool
capacity_valid(int n)
{
	return n >= 64 && n <= 65536 && (n & (n - 1)) == 0;
}

int
flue_chan_open(struct flue_engine *e, int sub_capacity, int up_capacity)
{
	struct flue_chan *ch;
	int64_t bytes;
	int region;

	if (!capacity_valid(sub_capacity) || !capacity_valid(up_capacity))
		return -EINVAL;
	if (e->nchans == FLUE_MAX_CHANNELS)
		return -ENOSPC;
	bytes = (int64_t)sizeof(struct flue_channel_header) +
		(int64_t)sizeof(struct flue_submission) * sub_capacity +
		(int64_t)sizeof(struct flue_up) * up_capacity;
	region = flue_region_create(FLUE_REGION_HEAP, bytes);
	if (region < 0)
		return region;
	ch = &e->chans[e->nchans];
	memset(ch, 0, sizeof(*ch));
	ch->index = e->nchans;
	ch->region = region;
	ch->header = flue_region_at(region);
	ch->header->magic = FLUE_CHANNEL_MAGIC;
	ch->header->version = FLUE_ABI_VERSION;
	ch->header->sub_capacity = (uint32_t)sub_capacity;
	ch->header->up_capacity = (uint32_t)up_capacity;
	ch->header->sub_offset = sizeof(struct flue_channel_header);
	ch->header->up_offset = sizeof(struct flue_channel_header) +
				sizeof(struct flue_submission) * (uint64_t)sub_capacity;
	ch->subs = (struct flue_submission *)(ch->header + 1);
	ch->ups = (struct flue_up *)(ch->subs + sub_capacity);
	ch->sub_mask = (uint32_t)sub_capacity - 1;
	ch->up_mask = (uint32_t)up_capacity - 1;
	flue_region_keep(e->user, (uint32_t)region, 1);
	e->nchans++;
	return region;
}

/** Free entries. A head that Java cannot have written counts as a full ring. */
static uint32_t
up_free(struct flue_chan *ch, uint32_t wanted)
{
	uint64_t used = ch->up_tail - ch->up_head;

	if (ch->up_mask + 1 - used < wanted) {
		uint64_t head = __atomic_load_n(&ch->header->up_head, __ATOMIC_ACQUIRE);

		if (head - ch->up_head <= used)
			ch->up_head = head;
		used = ch->up_tail - ch->up_head;
	}
	return ch->up_mask + 1 - (uint32_t)used;
}

bool
flue_up_room(struct flue_chan *ch)
{
	uint32_t half = (ch->up_mask + 1) / 2;

	return up_free(ch, half + 1) > half;
}

bool
flue_up_fits(struct flue_chan *ch, uint32_t n)
{
	return up_free(ch, n) >= n;
}

bool
flue_up_put(struct flue_chan *ch, uint32_t op, uint32_t arg0, uint64_t handle, flue_ref ref,
		uint64_t arg1)
{
	struct flue_up *up;

	if (unlikely(up_free(ch, 1) == 0))
		return false;
	up = &ch->ups[ch->up_tail & ch->up_mask];
	up->op = op;
	up->arg0 = arg0;
	up->handle = handle;
	up->ref = ref;
	up->arg1 = arg1;
	ch->up_tail++;
	return true;
}

void
flue_chan_publish(struct flue_chan *ch, int64_t now)
{
	struct flue_channel_header *h = ch->header;

	__atomic_store_n(&h->sub_head, ch->sub_head, __ATOMIC_RELEASE);
	__atomic_store_n(&h->up_tail, ch->up_tail, __ATOMIC_RELEASE);
	__atomic_store_n(&h->engine_now, now, __ATOMIC_RELAXED);
	__atomic_store_n(&h->engine_passes, h->engine_passes + 1, __ATOMIC_RELAXED);
}

/* ---- Completion chains ---------------------------------------------------------------------- */

void
flue_chain_join(struct flue_chain *chain, struct flue_chain *from)
{
	chain->credits += from->credits;
	if (from->tail != FLUE_REF_NULL) {
		flue_chain_link(chain, from->head);
		chain->tail = from->tail;
		chain->last = from->last;
		chain->count += from->count;
	}
	*from = (struct flue_chain){ 0 };
}

void
flue_chain_refuse(struct flue_engine *e, struct flue_chain *chain, flue_ref ref, uint32_t status)
{
	int i;

	for (i = 0; i < FLUE_MAX_NBLS_PER_CALL && ref != FLUE_REF_NULL; i++) {
		struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
		flue_ref next;

		if (nbl == NULL) {
			flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
			break;
		}
		next = __atomic_load_n(&nbl->next, __ATOMIC_RELAXED);
		nbl->status = status;
		nbl->bytes_transferred = 0;
		/* In a ring of NBLs the first one would be linked behind itself. */
		if (ref == chain->tail)
			break;
		flue_chain_append(chain, ref, nbl, 0);
		ref = next;
	}
	chain->credits++;
}

/** One entry's part of a chain stays. @return the rest; nothing where the host has broken the chain */
static struct flue_chain
chain_cut(struct flue_chain *chain)
{
	struct flue_net_buffer_list *end = flue_nbl_at(chain->head);
	struct flue_chain rest = { .tail = chain->tail, .count = chain->count - CHAIN_MAX };
	int i;

	for (i = 1; i < CHAIN_MAX && end != NULL; i++)
		end = flue_nbl_at(__atomic_load_n(&end->next, __ATOMIC_RELAXED));
	rest.head = end == NULL ? FLUE_REF_NULL : __atomic_load_n(&end->next, __ATOMIC_RELAXED);
	if (rest.head == FLUE_REF_NULL)
		return (struct flue_chain){ 0 };
	end->next = FLUE_REF_NULL;
	return rest;
}

/** A chain without credit is only an interim report, and sends hold no credit of the ring: neither uses up the
 *  completions' half. But sends may have one entry there, for indications could always come before them. */
static bool
chain_fits(struct flue_chan *ch, const struct flue_chain *chain, uint32_t op)
{
	if (op != FLUE_UP_SEND_COMPLETE && chain->credits != 0)
		return flue_up_fits(ch, 1);
	if (likely(flue_up_room(ch)))
		return true;
	return op == FLUE_UP_SEND_COMPLETE && ch->up_head >= ch->sends_end && flue_up_fits(ch, 1);
}

/** What finds no room waits, together with what completes meanwhile. */
static bool
chain_flush(struct flue_chan *ch, struct flue_chain *chain, uint32_t op)
{
	while (chain->tail != FLUE_REF_NULL || chain->credits != 0) {
		struct flue_chain rest = { 0 };

		chain->last = NULL;
		if (!chain_fits(ch, chain, op))
			return false;
		if (unlikely(chain->count > CHAIN_MAX))
			rest = chain_cut(chain);
		(void)flue_up_put(ch, op, chain->credits, 0, chain->head, 0);
		*chain = rest;
		if (op == FLUE_UP_SEND_COMPLETE)
			ch->sends_end = ch->up_tail;
	}
	return true;
}

bool
flue_chan_flush(struct flue_engine *e, struct flue_chan *ch)
{
	bool ok = chain_flush(ch, &ch->sends, FLUE_UP_SEND_COMPLETE);

	ok = chain_flush(ch, &ch->receives, FLUE_UP_RECEIVE_COMPLETE) && ok;
	ok = chain_flush(ch, &ch->frames, FLUE_UP_FRAME_SEND_COMPLETE) && ok;
	if (unlikely(!ok))
		flue_count(e, FLUE_CTR_UP_RING_FULL, 1);
	return ok;
}

/* ---- Submissions ---------------------------------------------------------------------------- */

/** @return false: not now; the submission stays in the ring */
static bool
dispatch(struct flue_engine *e, struct flue_chan *ch, const struct flue_submission *s)
{
	switch (s->op) {
	case FLUE_SUB_INITIATE:
		if (unlikely(flue_admin_holds_initiates(e)) && flue_admin_park(e, ch, s->ref))
			return true;
		return flue_op_start(e, ch, s->op, s->ref);
	case FLUE_SUB_QUERY:
	case FLUE_SUB_UPDATE:
	case FLUE_SUB_INVALIDATE:
	case FLUE_SUB_TERMINATE:
		return flue_op_start(e, ch, s->op, s->ref);
	case FLUE_SUB_RECEIVE:
		flue_receive_post(e, ch, s->token, s->ref);
		return true;
	case FLUE_SUB_DISCONNECT:
		return flue_disconnect_submit(e, ch, s);
	case FLUE_SUB_FORWARD:
		flue_forward_submit(e, ch, s->token, s->ref);
		return true;
	case FLUE_SUB_RECEIVE_RETURN:
		flue_receive_return(e, s->ref);
		return true;
	case FLUE_SUB_VERDICT:
		flue_receive_verdict(e, ch, s);
		return true;
	case FLUE_SUB_FRAME_SEND:
		return flue_frames_send(e, ch, s->ref);
	case FLUE_SUB_FRAME_RETURN:
		flue_frames_return(e, s->ref);
		return true;
	case FLUE_SUB_OID_REQUEST:
		return flue_oid_request(e, ch, s->ref);
	case FLUE_SUB_OFFLOAD_EVENT_VERDICT:
		flue_neighbor_verdict(e, s->token, s->ref);
		return true;
	default:
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return true;
	}
}

#define NEAR 2 /* submissions */
#define FAR  8

/** The connection that a later submission names, other than `now`; NULL. */
static inline const struct flue_conn *
named_ahead(const struct flue_engine *e, const struct flue_chan *ch, uint64_t tail, uint32_t ahead,
		uint64_t now)
{
	uint64_t token;

	if (tail - ch->sub_head <= ahead)
		return NULL;
	token = ch->subs[(ch->sub_head + ahead) & ch->sub_mask].token;
	if (token == now)
		return NULL;
	if (token >> 56 != FLUE_KIND_TCP || (uint32_t)token >= e->conn_ids.size)
		return NULL;
	return &e->conns[(uint32_t)token];
}

/** The list of a later submission, if that is a send. */
static inline __attribute__((always_inline)) void
list_ahead(const struct flue_chan *ch, uint32_t ahead)
{
	const struct flue_submission *s = &ch->subs[(ch->sub_head + ahead) & ch->sub_mask];

	if (flue_read32(&s->op) == FLUE_SUB_SEND)
		flue_compact_prefetch(flue_read64(&s->ref));
}

/** Later submissions, as in a burst of segments. */
static inline __attribute__((always_inline)) void
look_ahead(const struct flue_engine *e, const struct flue_chan *ch, uint64_t tail, uint64_t now)
{
	const struct flue_conn *far = named_ahead(e, ch, tail, FAR, now);
	const struct flue_conn *near = named_ahead(e, ch, tail, NEAR, now);

	if (far != NULL) {
		flue_conn_prefetch_far(far);
		flue_conn_prefetch_sends(far);
	}
	if (near != NULL)
		flue_conn_prefetch(near);
	if (far != NULL)
		list_ahead(ch, FAR);
}

int
flue_chan_commands(struct flue_engine *e, struct flue_chan *ch, int max)
{
	uint64_t tail = __atomic_load_n(&ch->header->sub_tail, __ATOMIC_ACQUIRE);
	const uint64_t most = ch->up_mask + 1 - UP_RESERVE; /* in use */
	int n = 0;

	/* A tail that Java cannot have written: there is nothing in between that could be read. */
	if (unlikely(tail - ch->sub_head > (uint64_t)ch->sub_mask + 1)) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return 0;
	}
	while (ch->sub_head != tail && n < max) {
		const struct flue_submission *at = &ch->subs[ch->sub_head & ch->sub_mask];
		uint64_t token = flue_read64(&at->token);

		look_ahead(e, ch, tail, token);
		if (unlikely(ch->up_tail - ch->up_head > most &&
				    up_free(ch, UP_RESERVE) < UP_RESERVE)) {
			flue_count(e, FLUE_CTR_UP_RING_FULL, 1);
			break;
		}
		if (likely(flue_read32(&at->op) == FLUE_SUB_SEND)) {
			n += flue_sends_submit(e, ch, token, tail, max - n);
		} else {
			/* What an operation uses, read once. */
			struct flue_submission s;

			memcpy(&s, at, offsetof(struct flue_submission, pad));
			if (!dispatch(e, ch, &s))
				break;
			ch->sub_head++;
			n++;
		}
		if (unlikely((ch->sends.count | ch->frames.count) >= CHAIN_MAX))
			(void)flue_chan_flush(e, ch);
	}
	return n;
}

/** Where the newest forward on the ring ends; its head when there is none. */
static uint64_t
forwards_end(const struct flue_chan *ch)
{
	uint64_t tail = __atomic_load_n(&ch->header->sub_tail, __ATOMIC_ACQUIRE);
	uint64_t end = __atomic_load_n(&ch->header->newest_forward, __ATOMIC_RELAXED);

	return tail - ch->sub_head <= (uint64_t)ch->sub_mask + 1 &&
					       end - ch->sub_head <= tail - ch->sub_head
			       ? end
			       : ch->sub_head;
}

int
flue_chan_forwards(struct flue_engine *e, struct flue_chan *ch, int max)
{
	const uint64_t end = forwards_end(ch);
	int n = 0;

	while (unlikely(ch->sub_head != end) && n < max && up_free(ch, UP_RESERVE) >= UP_RESERVE) {
		struct flue_submission s;

		memcpy(&s, &ch->subs[ch->sub_head & ch->sub_mask],
				offsetof(struct flue_submission, pad));
		if (s.op < FLUE_SUB_SEND || s.op > FLUE_SUB_FRAME_RETURN)
			break;
		if (s.op == FLUE_SUB_SEND) {
			n += flue_sends_submit(e, ch, s.token, end, max - n);
			continue;
		}
		if (!dispatch(e, ch, &s))
			break;
		ch->sub_head++;
		n++;
	}
	return n;
}
