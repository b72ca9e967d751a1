/* SPDX-License-Identifier: Apache-2.0 */

/* Congestion control of connections: which algorithm, what it is told, and when. */

#include "tcp/congestion.h"

#include <string.h>

static const struct flue_cc_ops *
ops_of(const struct flue_conn_rest *rest)
{
	return flue_cc_table[rest->cc_algorithm];
}

static struct flue_cc_view
view(const struct flue_engine *e, const struct flue_conn *c, uint32_t flight)
{
	return (struct flue_cc_view){
		.mss = c->mss,
		.now_us = (uint32_t)(e->now / 1000),
		.rtt_us = c->srtt8 / 8,
		.flight = flight,
		.wnd = c->snd_wnd,
		.una = c->snd_una,
		.max = c->snd_max,
	};
}

void
flue_cc_avoidance(struct flue_engine *e, struct flue_conn *c, uint32_t acked)
{
	struct flue_conn_rest *rest = flue_conn_rest_of(e, c);
	struct flue_cc_view v = view(e, c, 0);

	ops_of(rest)->on_ack(&c->cc, &rest->cc, &v, acked);
}

/** For flue_cc_undo(). */
static void
note(const struct flue_conn *c, struct flue_conn_rest *rest)
{
	rest->undo_cc = c->cc;
	memcpy(rest->undo_word, rest->cc.word, sizeof(rest->undo_word));
	rest->undo_holds = true;
}

/** Whatever the reason: the peer is told by the next new data (RFC 3168 6.1.2), and no ECE of this
 *  window cuts again. */
static void
reduced(struct flue_conn *c, struct flue_conn_rest *rest)
{
	if (!(c->tos & TOS_ECN))
		return;
	c->cwr = 1;
	rest->ecn_recover = c->snd_max;
	rest->ecn_cut = true;
}

/** With more data waiting the window was full: the ACKs of this pass have made room that will be used,
 *  and say nothing against it. */
static uint32_t
full_flight(const struct flue_conn *c, uint32_t flight)
{
	return c->held && flight < c->cc.cwnd ? c->cc.cwnd : flight;
}

void
flue_cc_lost(struct flue_engine *e, struct flue_conn *c, uint32_t flight)
{
	struct flue_conn_rest *rest = flue_conn_rest_of(e, c);
	struct flue_cc_view v = view(e, c, full_flight(c, flight));

	note(c, rest);
	ops_of(rest)->on_loss(&c->cc, &rest->cc, &v);
	reduced(c, rest);
}

void
flue_cc_timed_out(struct flue_engine *e, struct flue_conn *c, uint32_t flight)
{
	struct flue_conn_rest *rest = flue_conn_rest_of(e, c);
	struct flue_cc_view v = view(e, c, flight);

	note(c, rest);
	ops_of(rest)->on_timeout(&c->cc, &rest->cc, &v);
	reduced(c, rest);
}

void
flue_cc_undo(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_conn_rest *rest = flue_conn_rest_of(e, c);

	if (!rest->undo_holds)
		return;
	rest->undo_holds = false;
	if (c->cc.cwnd < rest->undo_cc.cwnd)
		c->cc.cwnd = rest->undo_cc.cwnd;
	if (c->cc.ssthresh < rest->undo_cc.ssthresh)
		c->cc.ssthresh = rest->undo_cc.ssthresh;
	memcpy(rest->cc.word, rest->undo_word, sizeof(rest->undo_word));
	flue_cc_forget_step(&rest->cc);
	rest->cc.last_us = (uint32_t)(e->now / 1000);
}

void
flue_cc_idle(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t initial = flue_cc_initial_window(c->mss);

	if (c->cc.cwnd <= initial)
		return;
	c->cc.cwnd = initial;
	flue_cc_forget_step(&flue_conn_rest_of(e, c)->cc);
}

void
flue_cc_echo(struct flue_engine *e, struct flue_conn *c, uint32_t acked)
{
	struct flue_conn_rest *rest = flue_conn_rest_of(e, c);
	const struct flue_cc_ops *ops = ops_of(rest);
	uint32_t flight = full_flight(c, c->snd_max - c->snd_una + acked);
	struct flue_cc_view v = view(e, c, flight < c->cc.cwnd ? flight : c->cc.cwnd);

	if (ops->on_marks != NULL)
		ops->on_marks(&c->cc, &rest->cc, &v, acked);
	if (rest->ecn_cut && flue_seq_leq(c->snd_una, rest->ecn_recover))
		return;
	rest->undo_holds = false;
	ops->on_ecn(&c->cc, &rest->cc, &v);
	reduced(c, rest);
}

void
flue_cc_round_marked(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_conn_rest *rest = flue_conn_rest_of(e, c);
	const struct flue_cc_ops *ops = ops_of(rest);
	struct flue_cc_view v;

	/* Never so far behind that it would count as ahead. */
	if (rest->ecn_cut && flue_seq_gt(c->snd_una, rest->ecn_recover))
		rest->ecn_cut = false;
	if (ops->on_marks == NULL)
		return;
	v = view(e, c, 0);
	ops->on_marks(&c->cc, &rest->cc, &v, 0);
}

/* ---- Hand-over ------------------------------------------------------------------------------ */

static void
import_ecn(struct flue_conn *c, struct flue_conn_rest *rest, const struct flue_tcp_state_ext *x)
{
	if (!(x->flags & FLUE_TCP_EXT_ECN))
		return;
	c->tos |= TOS_ECN;
	c->cwr = (x->flags & FLUE_TCP_EXT_CWR_OWED) != 0;
	if (x->flags & (rest->cc_algorithm == FLUE_CC_DCTCP ? FLUE_TCP_EXT_CE_LAST
							    : FLUE_TCP_EXT_ECE_OWED))
		c->tos |= TOS_ECE;
	/* A point no ACK could reach would never be passed. */
	if (x->ecn_recover - c->snd_una <= c->snd_max - c->snd_una) {
		rest->ecn_recover = x->ecn_recover;
		rest->ecn_cut = x->ecn_recover != c->snd_una;
	}
}

void
flue_cc_import(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_state_ext *x)
{
	struct flue_conn_rest *rest = flue_conn_rest_of(e, c);

	rest->cc_algorithm = e->config.chimney_profile ? FLUE_CC_CHIMNEY
						       : (uint8_t)e->config.congestion_control;
	rest->cc.last_us = (uint32_t)(e->now / 1000);
	if (x == NULL)
		return;
	if (x->cc_algorithm >= FLUE_CC_CHIMNEY) {
		/* What its window and threshold meant is not known: no slow start from there. */
		if (c->cc.ssthresh > c->cc.cwnd)
			c->cc.ssthresh = c->cc.cwnd < 2u * c->mss ? 2u * c->mss : c->cc.cwnd;
	} else if (rest->cc_algorithm != FLUE_CC_CHIMNEY) {
		rest->cc_algorithm = (uint8_t)x->cc_algorithm;
		memcpy(rest->cc.word, x->cc_state, sizeof(rest->cc.word));
	}
	import_ecn(c, rest, x);
}

void
flue_cc_export(const struct flue_engine *e, const struct flue_conn *c, struct flue_tcp_state_ext *x)
{
	const struct flue_conn_rest *rest = flue_conn_rest_of(e, c);

	x->cc_algorithm = rest->cc_algorithm == FLUE_CC_CHIMNEY ? FLUE_CC_RENO : rest->cc_algorithm;
	memcpy(x->cc_state, rest->cc.word, sizeof(x->cc_state));
	if (!(c->tos & TOS_ECN))
		return;
	x->flags |= FLUE_TCP_EXT_ECN;
	x->ecn_recover = rest->ecn_cut ? rest->ecn_recover : c->snd_una;
	if (c->cwr)
		x->flags |= FLUE_TCP_EXT_CWR_OWED;
	if (c->tos & TOS_ECE)
		x->flags |= rest->cc_algorithm == FLUE_CC_DCTCP ? FLUE_TCP_EXT_CE_LAST
								: FLUE_TCP_EXT_ECE_OWED;
}
