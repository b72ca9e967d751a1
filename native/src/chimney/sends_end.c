/* SPDX-License-Identifier: Apache-2.0 */

/* Send data goes: pieces become completions when all of them is acknowledged and the port no longer reads
 * them, or go back with their connection. How they come: sends.c. */

#include "engine/parts.h"

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
