/* SPDX-License-Identifier: Apache-2.0 */

/* Loss recovery across the hand-over: scoreboard, RACK, PRR and the probe, between our own form and that
 * of the state's extension. What the giver knew is known here, as far as it fits; nothing is sent again
 * because of the move. */

#include <string.h>

#include "engine/parts.h"
#include "tcp/loss.h"

#define INFO_SHIFT 3

/* ---- Out ------------------------------------------------------------------------------------ */

/** Age of a run's last transmission as it travels. Of what was sent once it is a guess: it is older than
 *  what has arrived, whose age is `rack_age`. */
static uint32_t
age_info(const struct flue_engine *e, const struct flue_run *r, uint32_t rack_age)
{
	uint32_t age = flue_now_us(e) - r->sent_us;

	if (!(r->flags & RUN_RESENT) && age < rack_age)
		age = rack_age;
	if (!(r->flags & (RUN_RESENT | RUN_PASSED)) || age >= FLUE_TCP_RUN_AGE_UNKNOWN)
		age = FLUE_TCP_RUN_AGE_UNKNOWN;
	return age << INFO_SHIFT;
}

static uint32_t
run_info(const struct flue_engine *e, const struct flue_run *r, uint32_t rack_age)
{
	uint32_t info = age_info(e, r, rack_age);

	if (r->flags & RUN_SACKED)
		return FLUE_TCP_RUN_SACKED | FLUE_TCP_RUN_AGE_UNKNOWN << INFO_SHIFT;
	/* What was lost and sent again is under way. */
	if ((r->flags & (RUN_LOST | RUN_RESENT)) == RUN_LOST)
		info |= FLUE_TCP_RUN_LOST;
	if (r->flags & RUN_AGAIN)
		info |= FLUE_TCP_RUN_RETRANSMITTED;
	return info;
}

/** What has arrived and was sent last: its age and its end. Of what was sent once we know the order alone;
 *  it was sent before all that was sent again and that nothing has overtaken. */
static void
export_rack(const struct flue_engine *e, const struct flue_episode *ep,
		struct flue_tcp_state_ext *x)
{
	uint32_t now = flue_now_us(e);
	uint32_t age = ep->rack_rtt;
	uint32_t i;

	for (i = ep->board.head; i != RUN_NONE; i = e->runs.run[i].next) {
		const struct flue_run *r = &e->runs.run[i];

		if ((r->flags & (RUN_RESENT | RUN_SACKED)) == RUN_RESENT &&
				!flue_rack_overtaken(ep, r) && now - r->sent_us >= age)
			age = now - r->sent_us + 1;
	}
	x->rack_rtt_us = ep->rack_rtt != 0 ? ep->rack_rtt : 1;
	x->rack_age_us = age;
	x->rack_end = ep->rack_first;
	x->rack_fack = ep->board.fack;
	if (ep->rack_again && now - ep->rack_us <= age) {
		x->rack_age_us = now - ep->rack_us;
		x->rack_end = ep->rack_end;
	}
}

static void
export_board(const struct flue_engine *e, const struct flue_conn *c, const struct flue_episode *ep,
		struct flue_tcp_state_ext *x)
{
	uint32_t n = 0;
	uint32_t end = c->snd_una;
	uint32_t i;

	export_rack(e, ep, x);
	for (i = ep->board.head; i != RUN_NONE && n < FLUE_TCP_EXT_RUNS; i = e->runs.run[i].next) {
		end = e->runs.run[i].end;
		x->runs[n++] = (struct flue_tcp_ext_run){ end,
			run_info(e, &e->runs.run[i], x->rack_age_us) };
	}
	/* What lies behind is as it was sent, or not told. */
	if (end != c->snd_max && n > 0) {
		n -= n == FLUE_TCP_EXT_RUNS;
		x->runs[n++] = (struct flue_tcp_ext_run){ c->snd_max,
			FLUE_TCP_RUN_AGE_UNKNOWN << INFO_SHIFT };
	}
	x->run_count = n;
	x->prr_delivered = ep->prr_delivered;
	x->prr_out = ep->prr_out;
	x->recover_flight = ep->prr_flight;
}

void
flue_loss_export(const struct flue_engine *e, const struct flue_conn *c,
		struct flue_tcp_state_ext *x)
{
	const struct flue_extra *extra = flue_extra_of(e, c);

	if (c->flags & CONN_RTO_RECOVERY)
		x->flags |= FLUE_TCP_EXT_RTO_RECOVERY;
	if (c->reo_seen)
		x->flags |= FLUE_TCP_EXT_REORDERING;
	x->rack_reo_mult = c->reo_mult;
	x->rack_reo_persist = c->reo_persist;
	if ((c->loss & LOSS_TLP) && extra->tlp_flight != 0) {
		x->flags |= FLUE_TCP_EXT_TLP;
		x->tlp_end = extra->tlp_end;
	}
	if (c->loss & LOSS_TLP_OLD)
		x->flags |= FLUE_TCP_EXT_TLP_RETRANS;
	if (c->loss & LOSS_BOARD)
		export_board(e, c, flue_episode_of(e, c), x);
}

uint32_t
flue_loss_export_nxt(struct flue_engine *e, const struct flue_conn *c)
{
	const struct flue_run *hole;

	if (!(c->loss & LOSS_BOARD))
		return c->snd_nxt;
	hole = flue_board_hole(&e->runs, &flue_episode_of(e, c)->board);
	return hole == NULL ? c->snd_nxt : hole->start;
}

/* ---- In ------------------------------------------------------------------------------------- */

/** A host may write anything: runs in order, within what is in flight, or none. */
static bool
runs_valid(const struct flue_conn *c, const struct flue_tcp_state_ext *x)
{
	uint32_t span = c->snd_max - c->snd_una;
	uint32_t before = 0;
	uint32_t i;

	if (x->run_count == 0 || x->run_count > FLUE_TCP_EXT_RUNS)
		return false;
	for (i = 0; i < x->run_count; i++) {
		uint32_t at = x->runs[i].end - c->snd_una;

		if (at <= before || at > span)
			return false;
		before = at;
	}
	return true;
}

static uint32_t
flags_of(uint32_t info)
{
	if (info & FLUE_TCP_RUN_SACKED)
		return RUN_SACKED;
	if (info & FLUE_TCP_RUN_LOST)
		return info & FLUE_TCP_RUN_RETRANSMITTED ? RUN_LOST | RUN_AGAIN : RUN_LOST;
	if (info & FLUE_TCP_RUN_RETRANSMITTED)
		return RUN_LOST | RUN_RESENT | RUN_AGAIN | RUN_MOVED;
	return info >> INFO_SHIFT != FLUE_TCP_RUN_AGE_UNKNOWN ? RUN_PASSED : 0;
}

/** @return false: no run left */
static bool
import_runs(struct flue_engine *e, struct flue_conn *c, struct flue_episode *ep,
		const struct flue_tcp_state_ext *x)
{
	struct flue_board *b = &ep->board;
	uint32_t now = flue_now_us(e);
	uint32_t i;

	for (i = 0; i < x->run_count; i++) {
		uint32_t info = x->runs[i].info;
		uint32_t age = info >> INFO_SHIFT;
		struct flue_run run = { .end = x->runs[i].end, .flags = flags_of(info) };

		/* The giver pulled SND.NXT back: from there on all of it was to go out again. */
		if (run.flags != RUN_SACKED && flue_seq_geq(b->end, c->snd_nxt) &&
				c->snd_nxt != c->snd_max)
			run.flags = RUN_LOST | RUN_AGAIN;
		run.sent_us = now - (age == FLUE_TCP_RUN_AGE_UNKNOWN ? ep->rack_rtt : age);
		run.order = c->snd_max;
		if (run.flags & RUN_PASSED)
			ep->rack_order = flue_seq_max(ep->rack_order, run.end);
		if (!flue_board_append(&e->runs, b, &run))
			return false;
	}
	if (c->snd_nxt == c->snd_max || b->end == c->snd_max)
		return true;
	return flue_board_append(&e->runs, b,
			&(struct flue_run){ .end = c->snd_max, .flags = RUN_LOST | RUN_AGAIN });
}

static void
import_rack(const struct flue_engine *e, struct flue_conn *c, struct flue_episode *ep,
		const struct flue_tcp_state_ext *x)
{
	uint32_t span = c->snd_max - c->snd_una;

	if (x->rack_rtt_us != 0 && x->rack_rtt_us <= 60000000)
		ep->rack_rtt = x->rack_rtt_us;
	if (x->rack_fack - c->snd_una <= span)
		ep->board.fack = flue_seq_max(ep->board.fack, x->rack_fack);
	ep->rack_first = ep->board.fack;
	ep->rack_order = flue_seq_max(ep->rack_order, ep->board.fack);
	if (x->rack_rtt_us == 0 || x->rack_age_us > 60000000 || x->rack_end - c->snd_una > span)
		return;
	ep->rack_again = true;
	ep->rack_us = flue_now_us(e) - x->rack_age_us;
	ep->rack_end = x->rack_end;
}

static void
import_board(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_state_ext *x)
{
	struct flue_episode *ep;

	if (!c->sack || !runs_valid(c, x) || !flue_episode_begin(e, c))
		return;
	ep = flue_episode_of(e, c);
	if (!import_runs(e, c, ep, x)) {
		flue_count(e, FLUE_CTR_NO_BOARD, 1);
		flue_episode_end(e, c);
		return;
	}
	c->snd_nxt = c->snd_max;
	c->loss = LOSS_BOARD;
	import_rack(e, c, ep, x);
	ep->news.fack = ep->board.fack;
	ep->una = c->snd_una;
	ep->prr_delivered = x->prr_delivered;
	ep->prr_out = x->prr_out;
	ep->prr_flight = x->recover_flight != 0 ? x->recover_flight : c->mss;
	c->flags = (c->flags & ~CONN_RTO_RECOVERY) | CONN_DUP_ACKS;
	c->dup_acks = 0;
	if (!(x->flags & FLUE_TCP_EXT_IN_RECOVERY)) {
		c->recover = c->snd_una - 1;
	} else if (x->flags & FLUE_TCP_EXT_RTO_RECOVERY) {
		c->flags |= CONN_RTO_RECOVERY;
	} else {
		c->loss |= LOSS_FAST;
		c->dup_acks = (uint8_t)e->params.tcp_duplicate_ack_threshold;
	}
	/* What may be lost by its age is looked at when the wheel turns. */
	ep->reo_ms = e->now_ms + 1;
	flue_timer_arm_ms(e, c, ep->reo_ms);
}

void
flue_loss_import(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_state_ext *x)
{
	struct flue_extra *extra;
	uint32_t span = c->snd_max - c->snd_una;

	c->reo_seen = (x->flags & FLUE_TCP_EXT_REORDERING) != 0;
	c->reo_mult = (uint8_t)(x->rack_reo_mult < UINT8_MAX ? x->rack_reo_mult : UINT8_MAX);
	c->reo_persist = (uint8_t)(x->rack_reo_persist < UINT8_MAX ? x->rack_reo_persist
								   : UINT8_MAX);
	if (span == 0)
		return;
	import_board(e, c, x);
	if (!(x->flags & FLUE_TCP_EXT_TLP) || !c->sack || (c->loss & LOSS_FAST) ||
			(c->flags & CONN_RTO_RECOVERY) || x->tlp_end - c->snd_una - 1 >= span)
		return;
	extra = flue_extra_take(e, c);
	if (extra == NULL)
		return;
	c->loss |= x->flags & FLUE_TCP_EXT_TLP_RETRANS ? LOSS_TLP | LOSS_TLP_OLD : LOSS_TLP;
	c->flags |= CONN_DUP_ACKS;
	extra->tlp_end = x->tlp_end;
	extra->tlp_flight = span;
}
