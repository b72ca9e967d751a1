/* SPDX-License-Identifier: Apache-2.0 */

/* Congestion control of connections: which algorithm, what it is told, and when. */

#include "tcp/congestion.h"

#include <string.h>

/** An algorithm, and what it remembers. */
struct mind {
	const struct flue_cc_ops *ops;
	struct flue_cc_memory *memory;
	struct flue_extra *extra; /* NULL: none */
	struct flue_cc_memory blank;
};

/** Without a record for its memory an algorithm has none: then it is Reno's answer, each time anew. */
static void
think(struct flue_engine *e, struct flue_conn *c, struct mind *m)
{
	m->ops = flue_cc_table[c->cc_algorithm];
	m->extra = flue_extra_take(e, c);
	if (likely(m->extra != NULL)) {
		m->memory = &m->extra->cc;
		return;
	}
	memset(&m->blank, 0, sizeof(m->blank));
	m->memory = &m->blank;
	if (c->cc_algorithm != FLUE_CC_CHIMNEY)
		m->ops = flue_cc_table[FLUE_CC_RENO];
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
	struct flue_cc_view v = view(e, c, 0);
	struct mind m;

	if (unlikely(c->cc_algorithm == FLUE_CC_CHIMNEY)) {
		flue_cc_chimney.on_ack(&c->cc, NULL, &v, acked); /* remembers nothing */
		return;
	}
	think(e, c, &m);
	m.ops->on_ack(&c->cc, m.memory, &v, acked);
}

/** For flue_cc_undo(). */
static void
note(const struct flue_conn *c, struct flue_extra *x)
{
	if (x == NULL)
		return;
	x->undo_cc = c->cc;
	memcpy(x->undo_word, x->cc.word, sizeof(x->undo_word));
	x->undo_holds = true;
}

/** Whatever the reason: the peer is told by the next new data (RFC 3168 6.1.2), and no ECE of this
 *  window cuts again. */
static void
reduced(struct flue_conn *c, struct flue_extra *x)
{
	if (!(c->tos & TOS_ECN))
		return;
	c->cwr = 1;
	if (x == NULL)
		return;
	x->ecn_recover = c->snd_max;
	x->ecn_cut = true;
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
	struct flue_cc_view v = view(e, c, full_flight(c, flight));
	struct mind m;

	think(e, c, &m);
	note(c, m.extra);
	m.ops->on_loss(&c->cc, m.memory, &v);
	reduced(c, m.extra);
}

void
flue_cc_timed_out(struct flue_engine *e, struct flue_conn *c, uint32_t flight)
{
	struct flue_cc_view v = view(e, c, flight);
	struct mind m;

	think(e, c, &m);
	note(c, m.extra);
	m.ops->on_timeout(&c->cc, m.memory, &v);
	reduced(c, m.extra);
}

void
flue_cc_undo(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);

	if (x == NULL || !x->undo_holds)
		return;
	x->undo_holds = false;
	if (c->cc.cwnd < x->undo_cc.cwnd)
		c->cc.cwnd = x->undo_cc.cwnd;
	if (c->cc.ssthresh < x->undo_cc.ssthresh)
		c->cc.ssthresh = x->undo_cc.ssthresh;
	memcpy(x->cc.word, x->undo_word, sizeof(x->undo_word));
	flue_cc_forget_step(&x->cc);
	x->cc.last_us = (uint32_t)(e->now / 1000);
}

void
flue_cc_idle(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t initial = flue_cc_initial_window(c->mss);
	struct flue_extra *x = flue_extra_held(e, c);

	if (c->cc.cwnd <= initial)
		return;
	c->cc.cwnd = initial;
	if (x != NULL)
		flue_cc_forget_step(&x->cc);
}

void
flue_cc_echo(struct flue_engine *e, struct flue_conn *c, uint32_t acked)
{
	uint32_t flight = full_flight(c, c->snd_max - c->snd_una + acked);
	struct flue_cc_view v = view(e, c, flight < c->cc.cwnd ? flight : c->cc.cwnd);
	struct mind m;

	think(e, c, &m);
	if (m.ops->on_marks != NULL)
		m.ops->on_marks(&c->cc, m.memory, &v, acked);
	if (m.extra == NULL) {
		/* `recover` notes how far the cut goes: a loss within waits for the timeout. */
		if ((c->loss & LOSS_FAST) || (c->flags & CONN_RTO_RECOVERY) ||
				flue_seq_leq(c->snd_una, c->recover))
			return;
		c->recover = c->snd_max;
	} else {
		if (m.extra->ecn_cut && flue_seq_leq(c->snd_una, m.extra->ecn_recover))
			return;
		m.extra->undo_holds = false;
	}
	m.ops->on_ecn(&c->cc, m.memory, &v);
	reduced(c, m.extra);
}

void
flue_cc_round_marked(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);
	struct flue_cc_view v;
	struct mind m;

	/* Never so far behind that it would count as ahead. */
	if (x != NULL && x->ecn_cut && flue_seq_gt(c->snd_una, x->ecn_recover))
		x->ecn_cut = false;
	if (flue_cc_table[c->cc_algorithm]->on_marks == NULL)
		return;
	think(e, c, &m);
	if (m.extra == NULL)
		return;
	v = view(e, c, 0);
	m.ops->on_marks(&c->cc, m.memory, &v, 0);
}

/* ---- Hand-over ------------------------------------------------------------------------------ */

/** @return false: no record for what is not over */
static bool
import_ecn(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_state_ext *x)
{
	struct flue_extra *extra;

	if (!(x->flags & FLUE_TCP_EXT_ECN))
		return true;
	c->tos |= TOS_ECN;
	c->cwr = (x->flags & FLUE_TCP_EXT_CWR_OWED) != 0;
	if (x->flags & (c->cc_algorithm == FLUE_CC_DCTCP ? FLUE_TCP_EXT_CE_LAST
							 : FLUE_TCP_EXT_ECE_OWED))
		c->tos |= TOS_ECE;
	/* A point no ACK could reach would never be passed. */
	if (x->ecn_recover == c->snd_una || x->ecn_recover - c->snd_una > c->snd_max - c->snd_una)
		return true;
	extra = flue_extra_take(e, c);
	if (extra == NULL)
		return false;
	extra->ecn_recover = x->ecn_recover;
	extra->ecn_cut = true;
	return true;
}

bool
flue_cc_import(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_state_ext *x)
{
	static const uint32_t blank[FLUE_CC_WORDS];
	struct flue_extra *extra;

	c->cc_algorithm = e->config.chimney_profile ? FLUE_CC_CHIMNEY
						    : e->config.congestion_control & 3;
	if (x == NULL)
		return true;
	if (x->cc_algorithm >= FLUE_CC_CHIMNEY) {
		/* What its window and threshold meant is not known: no slow start from there. */
		if (c->cc.ssthresh > c->cc.cwnd)
			c->cc.ssthresh = c->cc.cwnd < 2u * c->mss ? 2u * c->mss : c->cc.cwnd;
	} else if (c->cc_algorithm != FLUE_CC_CHIMNEY) {
		c->cc_algorithm = x->cc_algorithm & 3;
		if (memcmp(x->cc_state, blank, sizeof(blank)) != 0) {
			extra = flue_extra_take(e, c);
			if (extra == NULL)
				return false;
			memcpy(extra->cc.word, x->cc_state, sizeof(extra->cc.word));
			extra->cc.last_us = (uint32_t)(e->now / 1000);
		}
	}
	return import_ecn(e, c, x);
}

void
flue_cc_export(const struct flue_engine *e, const struct flue_conn *c, struct flue_tcp_state_ext *x)
{
	const struct flue_extra *extra = flue_extra_of(e, c);

	x->cc_algorithm = c->cc_algorithm == FLUE_CC_CHIMNEY ? FLUE_CC_RENO : c->cc_algorithm;
	memcpy(x->cc_state, extra->cc.word, sizeof(x->cc_state));
	if (!(c->tos & TOS_ECN))
		return;
	x->flags |= FLUE_TCP_EXT_ECN;
	x->ecn_recover = extra->ecn_cut ? extra->ecn_recover : c->snd_una;
	if (c->cwr)
		x->flags |= FLUE_TCP_EXT_CWR_OWED;
	if (c->tos & TOS_ECE)
		x->flags |= c->cc_algorithm == FLUE_CC_DCTCP ? FLUE_TCP_EXT_CE_LAST
							     : FLUE_TCP_EXT_ECE_OWED;
}
