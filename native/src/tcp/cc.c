/* SPDX-License-Identifier: Apache-2.0 */

#include "tcp/cc.h"

#include <stddef.h>

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
take_steps(struct flue_cc *cc, struct flue_cc_memory *m, uint32_t acked)
{
	uint64_t by = (uint64_t)acked * m->step + m->part;

	cc->cwnd = flue_cc_grow(cc->cwnd, (uint32_t)(by >> 32));
	m->part = (uint32_t)by;
}

void
flue_cc_avoid(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
		uint32_t acked, flue_cc_goal goal)
{
	/* Of stretched ACKs each byte counts, but never for more than a window. */
	acked = least(acked, cc->cwnd);
	if (acked > m->left) {
		uint32_t more;

		take_steps(cc, m, m->left);
		acked -= m->left;
		/* Less than one byte for each that is acknowledged: what no algorithm exceeds. */
		more = least(goal(cc, m, v) - cc->cwnd, cc->cwnd - cc->cwnd / 2);
		m->step = (uint32_t)(((uint64_t)more << 32) / cc->cwnd);
		m->left = cc->cwnd;
		m->last_us = v->now_us;
	}
	m->left -= acked;
	take_steps(cc, m, acked);
}

/* Reno as in RFC 5681: one segment a round trip. Bytes are counted, not ACKs (RFC 3465): a peer that
 * acknowledges once a burst does not hold the window down. */

static uint32_t
reno_goal(const struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	(void)m;
	return flue_cc_grow(cc->cwnd, v->mss);
}

static void
reno_on_ack(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
		uint32_t acked)
{
	flue_cc_avoid(cc, m, v, acked, reno_goal);
}

static void
reno_on_loss(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	cc->ssthresh = most(v->flight / 2, 2 * v->mss);
	flue_cc_forget_step(m);
}

static void
reno_on_ecn(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	reno_on_loss(cc, m, v);
	cc->cwnd = least(cc->cwnd, cc->ssthresh);
}

const struct flue_cc_ops flue_cc_reno = {
	.name = "reno",
	.abc = 2,
	.on_ack = reno_on_ack,
	.on_loss = reno_on_loss,
	.on_timeout = reno_on_loss,
	.on_ecn = reno_on_ecn,
};

/* DCTCP (RFC 8257): the window is cut by how much of it was marked, a moving average of which is
 * alpha. What is marked is counted in bytes, over windows that begin and end at sequence numbers. */

#define ALPHA_ONE FLUE_CC_DCTCP_ONE
#define G_SHIFT   4 /* g = 1/16 */

static void
dctcp_begin(struct flue_cc_memory *m, uint32_t start, uint32_t end)
{
	m->word[FLUE_CC_DCTCP_START] = start;
	m->word[FLUE_CC_DCTCP_END] = end;
	m->word[FLUE_CC_DCTCP_MARKED] = 0;
}

static void
dctcp_on_marks(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
		uint32_t marked)
{
	uint32_t *alpha = &m->word[FLUE_CC_DCTCP_ALPHA];
	uint32_t acked;
	uint32_t part;

	(void)cc;
	if (!m->word[FLUE_CC_DCTCP_RUNS]) {
		/* The first congestion may be as bad as it gets (RFC 8257 4.2). */
		*alpha = ALPHA_ONE;
		m->word[FLUE_CC_DCTCP_RUNS] = 1;
		dctcp_begin(m, v->una - marked, v->max);
	}
	acked = v->una - m->word[FLUE_CC_DCTCP_START];
	m->word[FLUE_CC_DCTCP_MARKED] =
			least(flue_cc_grow(m->word[FLUE_CC_DCTCP_MARKED], marked), acked);
	if ((int32_t)(v->una - m->word[FLUE_CC_DCTCP_END]) <= 0 || acked == 0)
		return;
	part = (uint32_t)((uint64_t)m->word[FLUE_CC_DCTCP_MARKED] * ALPHA_ONE / acked);
	/* Rounded so that it gets to 0, and to 1. */
	*alpha = least(*alpha, ALPHA_ONE);
	*alpha -= (*alpha + (1u << G_SHIFT) - 1) >> G_SHIFT;
	*alpha = least(*alpha + ((part + (1u << G_SHIFT) - 1) >> G_SHIFT), ALPHA_ONE);
	dctcp_begin(m, v->una, v->max);
}

static void
dctcp_on_ecn(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	uint64_t alpha = m->word[FLUE_CC_DCTCP_RUNS]
					 ? least(m->word[FLUE_CC_DCTCP_ALPHA], ALPHA_ONE)
					 : ALPHA_ONE;
	uint32_t cut = (uint32_t)(cc->cwnd * alpha / (2 * ALPHA_ONE));

	cc->cwnd = most(cc->cwnd - cut, 2 * v->mss);
	cc->ssthresh = cc->cwnd;
	flue_cc_forget_step(m);
}

const struct flue_cc_ops flue_cc_dctcp = {
	.name = "dctcp",
	.abc = 2,
	.on_ack = reno_on_ack,
	.on_loss = reno_on_loss,
	.on_timeout = reno_on_loss,
	.on_ecn = dctcp_on_ecn,
	.on_marks = dctcp_on_marks,
};

/* The numbers of chimney rules 12.2: one ACK counts for four segments at most, and half of what the
 * sender was allowed is left after a loss, not half of what was in flight. */

#define CHIMNEY_ABC 4

static void
chimney_on_ack(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
		uint32_t acked)
{
	uint32_t counted = least(acked, CHIMNEY_ABC * v->mss);

	(void)m;
	cc->cwnd = flue_cc_grow(
			cc->cwnd, most((uint32_t)((uint64_t)v->mss * counted / cc->cwnd), 1));
}

static void
chimney_on_loss(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	(void)m;
	cc->ssthresh = most(2 * v->mss, least(cc->cwnd, v->wnd) / 2);
}

static void
chimney_on_ecn(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	chimney_on_loss(cc, m, v);
	cc->cwnd = least(cc->cwnd, cc->ssthresh);
}

const struct flue_cc_ops flue_cc_chimney = {
	.name = "chimney",
	.abc = CHIMNEY_ABC,
	.on_ack = chimney_on_ack,
	.on_loss = chimney_on_loss,
	.on_timeout = chimney_on_loss,
	.on_ecn = chimney_on_ecn,
};

const struct flue_cc_ops *const flue_cc_table[FLUE_CC_COUNT] = {
	[FLUE_CC_RENO] = &flue_cc_reno,
	[FLUE_CC_CUBIC] = &flue_cc_cubic,
	[FLUE_CC_DCTCP] = &flue_cc_dctcp,
	[FLUE_CC_CHIMNEY] = &flue_cc_chimney,
};
