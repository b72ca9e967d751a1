/* SPDX-License-Identifier: Apache-2.0 */

/* Terminate, in two walks: the first takes every connection of the tree out of processing at once,
 * the second gives them back one by one, waiting where a verdict or the port is awaited. */

#include "chimney/fill.h"
#include "engine/parts.h"
#include "engine/steer.h"
#include "tcp/tcp.h"

/** @return false: the ACK that is owed could not be sent yet */
static bool
pay_ack(struct flue_engine *e, struct flue_conn *c)
{
	if (!(c->flags & (CONN_ACK_OWED | CONN_ACK_NOW)))
		return true;
	if (flue_tcp_send_ack(e, c))
		return true;
	/* Over what is invalid none goes: the host sees from the state what is owed. */
	return (c->flags & CONN_INVALID) != 0;
}

/** May this operation have the connection? */
static bool
open_to_terminate(struct flue_engine *e, const struct flue_op *op, uint32_t claim)
{
	uint32_t by = flue_claimed(e, claim, op);

	if (by != FLUE_SUB_INITIATE && by != FLUE_SUB_TERMINATE)
		return true;
	flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
	return false;
}

void
flue_terminate_prepare(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv)
{
	struct flue_conn *c = flue_conn_of(e, flue_block_token(lv));
	struct flue_extra *x;

	if (c == NULL || (c->flags & CONN_TERMINATING) || c->channel != op->channel)
		return;
	if (!open_to_terminate(e, op, c->claim))
		return;
	flue_conn_claim(c, op);
	/* One that cannot be trusted is left alone: what has to be told of it comes first. */
	if (!flue_conn_trust(e, op, c))
		return;
	/* What was acknowledged goes the usual way as far as that leads (T-75). */
	flue_receive_deliver(e, c);
	/* A fast retransmit that was decided is on its way when the host hears of the recovery. */
	if (c->loss & LOSS_RESEND)
		(void)flue_tcp_output(e, c);
	c->flags |= CONN_TERMINATING;
	x = flue_extra_held(e, c);
	if (x != NULL)
		x->push_runs = false;
	(void)pay_ack(e, c);
	(void)flue_unsteer(e, c);
	flue_timer_drop(e, c);
}

/** Everything that has to be over before the host gets the connection. */
static bool
conn_ready(struct flue_engine *e, struct flue_conn *c)
{
	/* Room for every completion it can still have, so that none is left half done. */
	if (!pay_ack(e, c) || !flue_unsteer(e, c) || (c->flags & CONN_INDICATING) ||
			!flue_up_fits(&e->chans[c->channel], 8))
		return false;
	flue_send_complete(e, c);
	return !flue_send_lent(e, c);
}

/** Segments behind a hole: the host gets them as they came. What was SACKed must not be known twice,
 *  however: where nothing tells the host of it, it is dropped, and comes again (T-71). */
static void
give_back_out_of_order(struct flue_engine *e, struct flue_conn *c, bool extended)
{
	if (c->sack && !extended && !c->set_aside)
		flue_reasm_drop(e, c);
	else
		flue_reasm_hand_up(e, c);
}

/** Put what is given back into the block. */
static bool
give_back(struct flue_engine *e, struct flue_op_level *lv, struct flue_conn *c)
{
	uint8_t type = __atomic_load_n(&lv->block->header.type, __ATOMIC_RELAXED);
	struct flue_chan *ch = &e->chans[c->channel];
	struct flue_tcp_delegated *d = NULL;
	flue_ref buffered;
	flue_ref head;
	flue_ref tail;

	if (!flue_receive_recall(e, c, &buffered))
		return false;
	flue_receive_abort(e, c, FLUE_STATUS_UPLOAD_IN_PROGRESS);
	ch->sends.credits += flue_send_recall(e, c, &head, &tail);
	if (type == FLUE_STATE_TCP || type == FLUE_STATE_TCP_DELEGATED)
		(void)flue_fill_delegated(e, lv, c, type, &d);
	give_back_out_of_order(
			e, c, d != NULL && (d->header.recognized_options & FLUE_STATE_OPTION_EXT));
	lv->block->net_buffer_list_chain = head;
	if (d != NULL) {
		d->send_data_head = head;
		d->send_data_tail = tail;
		d->buffered_data = buffered;
	} else if (buffered != FLUE_REF_NULL) {
		/* Nowhere to say it: the host did not want it. */
		flue_receive_return(e, buffered);
	}
	return true;
}

/** A connection whose state is lost: found now, or told before (chimney rules 4.7).
 *  @return false: not ready */
static bool
give_up(struct flue_engine *e, const struct flue_op *op, struct flue_conn *c, bool *found_now)
{
	*found_now = (c->flags & CONN_GATED) && c->claim == flue_claim_of(op);
	if (*found_now || (c->flags & CONN_TERMINATING))
		return true;
	if (c->flags & (CONN_TELL_UPLOAD | CONN_TELL_ABORT)) {
		flue_conn_touch(e, c);
		return false;
	}
	c->flags |= CONN_TERMINATING;
	flue_tcp_abort(e, c);
	return true;
}

/** @return false: not ready */
static bool
terminate_conn(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_conn *c)
{
	bool found_now = false;

	/* Not prepared: another channel's, or another operation is at it. */
	if (c->claim != flue_claim_of(op))
		return true;
	if (c->corrupt && !give_up(e, op, c, &found_now))
		return false;
	if (found_now)
		return true;
	if (!conn_ready(e, c) || !give_back(e, lv, c))
		return false;
	if (flue_extra_of(e, c)->disconnect != 0)
		(void)flue_disconnect_complete(e, c,
				c->corrupt ? (uint32_t)FLUE_STATUS_REQUEST_ABORTED
					   : (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	flue_conn_free(e, c);
	flue_count(e, FLUE_CTR_TERMINATED, 1);
	lv->status = FLUE_STATUS_SUCCESS;
	return true;
}

static void
terminate_path(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_path *p)
{
	bool known = p->invalid == OBJECT_CORRUPT;

	if (!open_to_terminate(e, op, p->claim) || (!flue_path_trust(e, p) && !known) ||
			p->connections != 0)
		return;
	flue_path_free(e, p);
	lv->status = FLUE_STATUS_SUCCESS;
}

/** @return false: the host's answer to a question about it is awaited */
static bool
terminate_neighbor(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_neighbor *n)
{
	bool known = n->invalid == OBJECT_CORRUPT;

	if (!open_to_terminate(e, op, n->claim) || (!flue_neighbor_trust(e, n) && !known) ||
			n->paths != 0)
		return true;
	if (n->query != FLUE_NONE)
		return false;
	flue_neighbor_free(e, n);
	lv->status = FLUE_STATUS_SUCCESS;
	return true;
}

bool
flue_terminate_leave(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv)
{
	uint64_t token = flue_block_token(lv);
	struct flue_neighbor *n;
	struct flue_path *p;
	struct flue_conn *c;

	lv->status = FLUE_STATUS_FAILURE;
	if (lv->block->miniport_offload_context == FLUE_REF_NULL)
		lv->status = FLUE_STATUS_SUCCESS;
	else if ((c = flue_conn_of(e, token)) != NULL)
		return terminate_conn(e, op, lv, c);
	else if ((p = flue_path_of(e, token)) != NULL)
		terminate_path(e, op, lv, p);
	else if ((n = flue_neighbor_of(e, token)) != NULL)
		return terminate_neighbor(e, op, lv, n);
	else
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
	return true;
}
