/* SPDX-License-Identifier: Apache-2.0 */

/* State operations: a walk over a tree of blocks that can stop after any block and go on in a later
 * pass. Depth first, breadth next (chimney rules 3.7), at most three levels, no recursion. A block
 * is marked when it is seen; one that carries the mark already ends the list it was found in, so a
 * tree with cycles ends like any other. */

#include <stdatomic.h>

#include "chimney/op.h"
#include "engine/parts.h"

/** Marks are never the same twice, in no two engines of the process. */
static _Atomic uint64_t next_mark = 3;

static struct flue_miniport_offload_block_list *
block_at(flue_ref ref)
{
	if (ref & 7)
		return NULL;
	return flue_ref_at(ref, sizeof(struct flue_miniport_offload_block_list));
}

uint64_t *
flue_block_slot(flue_ref slot)
{
	if (slot & 7)
		return NULL;
	return flue_ref_at(slot, sizeof(uint64_t));
}

uint64_t
flue_block_token(const struct flue_op_level *lv)
{
	flue_ref ref = __atomic_load_n(&lv->block->miniport_offload_context, __ATOMIC_RELAXED);
	const uint64_t *slot = ref != FLUE_REF_NULL ? flue_block_slot(ref) : NULL;

	return slot != NULL ? __atomic_load_n(slot, __ATOMIC_RELAXED) : 0;
}

const struct flue_op *
flue_claim_holder(const struct flue_engine *e, uint32_t claim)
{
	uint32_t i;

	for (i = 0; claim != 0 && i < e->op_count; i++) {
		const struct flue_op *op = &e->ops[e->op_order[i]];

		if (op->phase != OP_FREE && flue_claim_of(op) == claim)
			return op;
	}
	return NULL;
}

uint32_t
flue_claimed(const struct flue_engine *e, uint32_t claim, const struct flue_op *op)
{
	const struct flue_op *holder = flue_claim_holder(e, claim);

	return holder == NULL || holder == op ? 0 : holder->code;
}

static void
walk_start(struct flue_op *op)
{
	op->cursor = op->root;
	op->depth = 0;
	op->visited = 0;
}

bool
flue_op_start(struct flue_engine *e, struct flue_chan *ch, uint32_t code, flue_ref root)
{
	struct flue_op *op;
	uint32_t slot;

	if (e->op_count == FLUE_OPS)
		return false;
	for (slot = 0; e->ops[slot].phase != OP_FREE; slot++)
		;
	op = &e->ops[slot];
	op->root = root;
	op->code = (uint8_t)code;
	/* More than can wait for a RESUME: they are answered, for terminates come behind them. */
	op->refused = code == FLUE_SUB_INITIATE && flue_admin_holds_initiates(e);
	op->channel = (uint8_t)ch->index;
	op->mark = atomic_fetch_add_explicit(&next_mark, 2, memory_order_relaxed);
	op->phase = code == FLUE_SUB_TERMINATE ? OP_PREPARE : OP_WORK;
	walk_start(op);
	if (root == FLUE_REF_NULL) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		op->phase = OP_COMPLETE;
	}
	e->op_order[e->op_count++] = slot;
	return true;
}

/** Down into the block the cursor names. */
static void
enter(struct flue_engine *e, struct flue_op *op)
{
	uint64_t mark = op->mark + (op->phase == OP_PREPARE);
	struct flue_miniport_offload_block_list *b = block_at(op->cursor);
	struct flue_op_level *parent = op->depth > 0 ? &op->level[op->depth - 1] : NULL;
	struct flue_op_level *lv = &op->level[op->depth];
	flue_ref dependents;

	if (b == NULL || op->visited >= FLUE_MAX_BLOCKS_PER_TREE ||
			b->miniport_reserved[0] == mark) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		op->cursor = FLUE_REF_NULL;
		op->depth--;
		return;
	}
	op->visited++;
	b->miniport_reserved[0] = mark;
	*lv = (struct flue_op_level){
		.block = b,
		.ref = op->cursor,
		.next = __atomic_load_n(&b->next_block, __ATOMIC_RELAXED),
		.status = (uint32_t)FLUE_STATUS_FAILURE,
	};
	dependents = __atomic_load_n(&b->dependent_block_list, __ATOMIC_RELAXED);
	if (op->code == FLUE_SUB_INITIATE)
		flue_initiate_enter(e, op, lv, parent);
	else if (op->code == FLUE_SUB_QUERY)
		flue_query_enter(e, op, lv);
	else if (op->code == FLUE_SUB_UPDATE)
		flue_update_enter(e, op, lv, parent);
	else if (op->code == FLUE_SUB_INVALIDATE)
		flue_invalidate_enter(e, op, lv);
	else if (op->phase == OP_PREPARE)
		flue_terminate_prepare(e, op, lv);
	op->cursor = FLUE_REF_NULL;
	if (dependents == FLUE_REF_NULL)
		return;
	if (op->depth == 2) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return;
	}
	op->depth++;
	op->cursor = dependents;
}

/** Out of the block, its dependents done. @return false: it is not ready */
static bool
leave(struct flue_engine *e, struct flue_op *op)
{
	struct flue_op_level *lv = &op->level[op->depth];

	/* Passes may lie between entering and leaving: its region may be gone. */
	lv->block = block_at(lv->ref);
	if (unlikely(lv->block == NULL)) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
	} else if (op->phase == OP_WORK) {
		if (op->code == FLUE_SUB_INITIATE)
			flue_initiate_leave(e, lv);
		else if (op->code == FLUE_SUB_TERMINATE && !flue_terminate_leave(e, op, lv))
			return false;
		lv->block->status = lv->status;
		if (op->depth > 0) {
			struct flue_op_level *parent = lv - 1;

			parent->deps++;
			if (lv->status == FLUE_STATUS_SUCCESS ||
					lv->status == FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS)
				parent->deps_ok++;
		}
	}
	if (lv->next != FLUE_REF_NULL)
		op->cursor = lv->next;
	else
		op->depth--;
	return true;
}

/** @return blocks looked at */
static int
op_step(struct flue_engine *e, struct flue_op *op, int max)
{
	int n = 0;

	while (op->depth >= 0 && n < max) {
		/* What the last block changed may be in it. */
		e->template.conn = NULL;
		if (op->cursor != FLUE_REF_NULL) {
			enter(e, op);
			n++;
		} else if (!leave(e, op)) {
			return n;
		}
	}
	if (op->depth >= 0)
		return n;
	if (op->phase == OP_PREPARE) {
		op->phase = OP_WORK;
		walk_start(op);
	} else {
		op->phase = OP_COMPLETE;
	}
	return n;
}

static bool
op_complete(struct flue_engine *e, struct flue_op *op)
{
	static const uint8_t up[] = {
		[FLUE_SUB_INITIATE] = FLUE_UP_INITIATE_COMPLETE,
		[FLUE_SUB_QUERY] = FLUE_UP_QUERY_COMPLETE,
		[FLUE_SUB_UPDATE] = FLUE_UP_UPDATE_COMPLETE,
		[FLUE_SUB_INVALIDATE] = FLUE_UP_INVALIDATE_COMPLETE,
		[FLUE_SUB_TERMINATE] = FLUE_UP_TERMINATE_COMPLETE,
	};
	struct flue_chan *ch = &e->chans[op->channel];

	if (op->code == FLUE_SUB_TERMINATE) {
		/* Completions and frames that belong before it. */
		flue_frames_flush(e);
		if (!flue_chan_flush(e, ch))
			return false;
	}
	return flue_up_put(ch, up[op->code], 0, 0, op->root, 0);
}

int
flue_ops_run(struct flue_engine *e)
{
	int budget = FLUE_BLOCKS;
	uint32_t waiting = 0; /* channels whose completions wait: none may overtake another */
	uint32_t kept = 0;
	uint32_t i;

	for (i = 0; i < e->op_count; i++) {
		struct flue_op *op = &e->ops[e->op_order[i]];

		/* Preparing and working are two walks: both may fit into one pass. */
		while (budget > 0 && op->phase != OP_COMPLETE) {
			uint8_t phase = op->phase;

			budget -= op_step(e, op, budget);
			if (op->phase == phase)
				break;
		}
		if (op->phase == OP_COMPLETE && !(waiting & (1u << op->channel))) {
			if (op_complete(e, op)) {
				op->phase = OP_FREE;
				continue;
			}
			waiting |= 1u << op->channel;
		}
		e->op_order[kept++] = e->op_order[i];
	}
	e->op_count = kept;
	return FLUE_BLOCKS - budget;
}
