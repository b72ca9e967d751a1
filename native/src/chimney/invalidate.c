/* SPDX-License-Identifier: Apache-2.0 */

/* Invalidate: nothing is sent over the object, or on what depends on it, from the moment its block is
 * seen; each connection concerned is asked back, by the sweep or when it next wants to send, whichever
 * comes first. Nothing is freed (chimney rules 4.5). Segments that arrive go up raw, for whoever
 * processes them must be able to answer; what is posted for sending is queued. So a path that gets
 * another neighbor in time takes its connections on where they stood. */

#include "engine/parts.h"
#include "tcp/tcp.h"

enum flue_validity
flue_conn_validity(const struct flue_engine *e, const struct flue_conn *c)
{
	const struct flue_path *p = &e->paths[c->path];
	const struct flue_neighbor *n = &e->neighbors[p->neighbor];

	if (c->corrupt || p->invalid == OBJECT_CORRUPT || n->invalid == OBJECT_CORRUPT)
		return OBJECT_CORRUPT;
	return c->invalid || p->invalid || n->invalid ? OBJECT_INVALID : OBJECT_VALID;
}

void
flue_conn_invalidate(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_INVALID)
		return;
	c->flags |= CONN_INVALID;
	c->flags &= ~(CONN_ACK_OWED | CONN_ACK_NOW | CONN_WIN_UPDATE);
	if (c->flags & (CONN_STOPPED | CONN_ABORTED | CONN_TERMINATING))
		return;
	flue_timer_drop(e, c);
	c->flags |= CONN_TELL_UPLOAD;
	c->upload_reason = flue_conn_validity(e, c) == OBJECT_CORRUPT ? FLUE_UPLOAD_HARDWARE_FAILURE
								      : FLUE_UPLOAD_INVALID_STATE;
	flue_count(e, FLUE_CTR_UPLOAD_REQUESTS, 1);
	flue_conn_touch(e, c);
}

void
flue_conn_rescue(struct flue_engine *e, struct flue_conn *c)
{
	c->flags &= ~CONN_INVALID;
	if (c->flags & (CONN_STOPPED | CONN_ABORTED | CONN_TERMINATING))
		return;
	c->flags &= ~CONN_TELL_UPLOAD;
	/* What came due meanwhile is due now. */
	flue_timer_arm_ms(e, c, e->now_ms);
	flue_conn_touch(e, c);
}

/** May an invalidate start on it? */
static bool
open_to_invalidate(struct flue_engine *e, const struct flue_op *op, uint32_t claim)
{
	uint32_t by = flue_claimed(e, claim, op);

	if (by != FLUE_SUB_INITIATE && by != FLUE_SUB_TERMINATE)
		return true;
	flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
	return false;
}

static bool
invalidate_conn(struct flue_engine *e, struct flue_op *op, struct flue_conn *c)
{
	if (!open_to_invalidate(e, op, c->claim) || !flue_conn_trust(e, op, c))
		return false;
	c->invalid = true;
	flue_conn_invalidate(e, c);
	return true;
}

void
flue_invalidate_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv)
{
	uint64_t token = flue_block_token(lv);
	struct flue_neighbor *n;
	struct flue_path *p;
	struct flue_conn *c;
	bool ok = false;

	if (lv->block->miniport_offload_context == FLUE_REF_NULL) {
		ok = true;
	} else if ((n = flue_neighbor_of(e, token)) != NULL) {
		ok = open_to_invalidate(e, op, n->claim) && flue_neighbor_trust(e, n);
		if (ok)
			n->invalid = OBJECT_INVALID;
	} else if ((p = flue_path_of(e, token)) != NULL) {
		ok = open_to_invalidate(e, op, p->claim) && flue_path_trust(e, p);
		if (ok)
			p->invalid = OBJECT_INVALID;
	} else if ((c = flue_conn_of(e, token)) != NULL) {
		ok = invalidate_conn(e, op, c);
	} else {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
	}
	if (!ok)
		return;
	flue_sweep_start(e);
	lv->status = FLUE_STATUS_SUCCESS;
}
