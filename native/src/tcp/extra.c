/* SPDX-License-Identifier: Apache-2.0 */

/* The record a connection has only at times: taken, and given back when nothing of it is needed. */

#include "tcp/extra.h"

#include <string.h>

#include "engine/parts.h"

const struct flue_extra flue_extra_none;

struct flue_extra *
flue_extra_take(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x;
	uint32_t id;

	if (likely(c->more))
		return &e->extras[c->extra];
	id = flue_ids_take(&e->extra_ids);
	if (id == FLUE_NONE) {
		flue_count(e, FLUE_CTR_NO_EXTRA, 1);
		return NULL;
	}
	x = &e->extras[id];
	memset(x, 0, sizeof(*x));
	c->extra = id & UINT32_C(0xffffff);
	c->more = 1;
	return x;
}

void
flue_extra_drop(struct flue_engine *e, struct flue_conn *c)
{
	if (!c->more)
		return;
	c->more = 0;
	flue_ids_give(&e->extra_ids, c->extra);
}

/** Nothing of loss and congestion. What has gone out of date is cleared on the way. */
static bool
sender_at_rest(const struct flue_conn *c, struct flue_extra *x)
{
	bool recovering = (c->loss & LOSS_FAST) || (c->flags & CONN_RTO_RECOVERY);
	uint32_t used = x->cc.step | x->cc.part | x->cc.left;
	uint32_t i;

	if (!recovering && flue_seq_gt(c->snd_una, x->undo_end))
		x->undo = false;
	if (flue_seq_geq(c->snd_una, x->dsack_round))
		x->dsack_seen = false;
	if (flue_seq_gt(c->snd_una, x->ecn_recover))
		x->ecn_cut = false;
	for (i = 0; i < FLUE_CC_WORDS; i++)
		used |= x->cc.word[i];
	return used == 0 && !x->undo && !x->dsack_seen && !x->ecn_cut &&
	       !(c->loss & (LOSS_BOARD | LOSS_TLP));
}

void
flue_extra_settle(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = &e->extras[c->extra];

	if (x->ooo != NULL || c->again || x->sack.owed != 0 || c->sws_runs || x->push_runs ||
			x->disconnect != 0 || !sender_at_rest(c, x))
		return;
	if (x->syn_challenged && e->now_ms - x->challenge_syn_ms < FLUE_SYN_ACK_MS)
		return;
	flue_extra_drop(e, c);
}
