/* SPDX-License-Identifier: Apache-2.0 */

/* CUBIC (RFC 9438), in integers. Time is what was spent in congestion avoidance with a window that held
 * the sender back: it stands still while the application has nothing to send, so that no epoch needs to
 * be shifted (4.2, 5.8).
 *
 *   W(t) = C (t - K)^3 + W_max      K = cbrt((W_max - cwnd_epoch) / C)      windows in segments
 */

#include <stddef.h>

#include "tcp/cc.h"

/* C = 0.4, beta = 0.7 */
#define C_NUM    2
#define C_DEN    5
#define BETA_NUM 7
#define BETA_DEN 10

/* (1 + beta) / 2: a flow that has less than it had makes room (4.7). */
#define CONVERGE_NUM 17
#define CONVERGE_DEN 20

/* 3 (1 - beta) / (1 + beta): as fast as Reno with its half would grow (4.3). */
#define ALPHA_NUM 9
#define ALPHA_DEN 17

#define US_CUBED ((wide)1000000 * 1000000 * 1000000)

__extension__ typedef unsigned __int128 wide;

static uint32_t
bounded(wide v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/** Largest r with r^3 <= v; at most 2^32 - 1. */
static uint32_t
cube_root(wide v)
{
	uint32_t r = 0;
	int bit;

	for (bit = 31; bit >= 0; bit--) {
		wide next = r | UINT32_C(1) << bit;

		if (next * next * next <= v)
			r = (uint32_t)next;
	}
	return r;
}

/** C d^3 in bytes; d in microseconds. */
static uint32_t
cubed(uint32_t d, uint32_t mss)
{
	/* A segment has 16 bits: 113 in all. */
	return bounded((wide)d * d * d * C_NUM * mss / C_DEN / US_CUBED);
}

static uint32_t
window_at(const struct flue_cc_memory *m, uint32_t t, uint32_t mss)
{
	uint32_t w_max = m->word[FLUE_CC_CUBIC_W_MAX];
	uint32_t k = m->word[FLUE_CC_CUBIC_K];
	uint32_t off;

	if (t >= k)
		return flue_cc_grow(w_max, cubed(t - k, mss));
	off = cubed(k - t, mss);
	return off < w_max ? w_max - off : 0;
}

/** Congestion avoidance begins. Where no loss has told how far it goes, or a timeout has, it goes up
 *  from here (4.2, 4.8). */
static void
begin_epoch(const struct flue_cc *cc, struct flue_cc_memory *m, uint32_t mss)
{
	uint32_t *w_max = &m->word[FLUE_CC_CUBIC_W_MAX];

	m->word[FLUE_CC_CUBIC_K] = 0;
	if ((m->word[FLUE_CC_CUBIC_FLAGS] & FLUE_CC_CUBIC_AFTER_TIMEOUT) || *w_max <= cc->cwnd)
		*w_max = cc->cwnd;
	else
		m->word[FLUE_CC_CUBIC_K] = cube_root(
				(wide)(*w_max - cc->cwnd) * C_DEN * US_CUBED / ((wide)C_NUM * mss));
	m->word[FLUE_CC_CUBIC_T] = 0;
	m->word[FLUE_CC_CUBIC_W_EST] = cc->cwnd;
	if (m->word[FLUE_CC_CUBIC_PRIOR] == 0)
		m->word[FLUE_CC_CUBIC_PRIOR] = cc->cwnd;
	m->word[FLUE_CC_CUBIC_FLAGS] = FLUE_CC_CUBIC_EPOCH;
}

/** What Reno grows by in a round trip, once it has been where we were before the last loss. */
static uint32_t
reno_step(const struct flue_cc_memory *m, uint32_t mss)
{
	return m->word[FLUE_CC_CUBIC_W_EST] >= m->word[FLUE_CC_CUBIC_PRIOR]
			       ? mss
			       : mss * ALPHA_NUM / ALPHA_DEN;
}

/** A window of data was acknowledged since the last time. */
static void
advance(struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	uint32_t spent = v->now_us - m->last_us;
	uint32_t most = flue_cc_grow(v->rtt_us, v->rtt_us);

	/* More than that: for a while there was less to send than the window allowed. */
	if (v->rtt_us != 0 && spent > most)
		spent = most;
	m->word[FLUE_CC_CUBIC_T] = flue_cc_grow(m->word[FLUE_CC_CUBIC_T], spent);
	m->word[FLUE_CC_CUBIC_W_EST] =
			flue_cc_grow(m->word[FLUE_CC_CUBIC_W_EST], reno_step(m, v->mss));
}

static uint32_t
cubic_goal(const struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	uint32_t most = flue_cc_grow(cc->cwnd, cc->cwnd / 2);
	uint32_t goal;
	uint32_t t;

	if (m->word[FLUE_CC_CUBIC_FLAGS] & FLUE_CC_CUBIC_EPOCH)
		advance(m, v);
	else
		begin_epoch(cc, m, v->mss);
	t = m->word[FLUE_CC_CUBIC_T];
	if (window_at(m, t, v->mss) < m->word[FLUE_CC_CUBIC_W_EST])
		goal = flue_cc_grow(m->word[FLUE_CC_CUBIC_W_EST], reno_step(m, v->mss));
	else
		goal = window_at(m, flue_cc_grow(t, v->rtt_us), v->mss);
	if (goal < cc->cwnd)
		goal = cc->cwnd;
	return goal < most ? goal : most;
}

static void
cubic_on_ack(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
		uint32_t acked)
{
	flue_cc_avoid(cc, m, v, acked, cubic_goal);
}

static void
cubic_on_loss(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	uint32_t *w_max = &m->word[FLUE_CC_CUBIC_W_MAX];
	uint32_t left = (uint32_t)((uint64_t)v->flight * BETA_NUM / BETA_DEN);

	*w_max = cc->cwnd < *w_max ? (uint32_t)((uint64_t)cc->cwnd * CONVERGE_NUM / CONVERGE_DEN)
				   : cc->cwnd;
	m->word[FLUE_CC_CUBIC_PRIOR] = cc->cwnd;
	m->word[FLUE_CC_CUBIC_FLAGS] = 0;
	cc->ssthresh = left > 2 * v->mss ? left : 2 * v->mss;
	flue_cc_forget_step(m);
}

static void
cubic_on_timeout(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	cubic_on_loss(cc, m, v);
	m->word[FLUE_CC_CUBIC_FLAGS] = FLUE_CC_CUBIC_AFTER_TIMEOUT;
}

static void
cubic_on_ecn(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v)
{
	cubic_on_loss(cc, m, v);
	if (cc->cwnd > cc->ssthresh)
		cc->cwnd = cc->ssthresh;
}

const struct flue_cc_ops flue_cc_cubic = {
	.name = "cubic",
	.abc = 2,
	.on_ack = cubic_on_ack,
	.on_loss = cubic_on_loss,
	.on_timeout = cubic_on_timeout,
	.on_ecn = cubic_on_ecn,
};
