/* SPDX-License-Identifier: Apache-2.0 */

/* The receive window: a promise that is never taken back, and never opened by crumbs (RFC 9293
 * 3.8.6.2.2). */

#include "tcp/window.h"

void
flue_window_widen(struct flue_conn *c)
{
	uint32_t edge = flue_window_edge(c);

	if (flue_seq_gt(edge, c->rcv_adv))
		c->rcv_adv = edge;
}

/** The peer has next to nothing left, and would get a segment's worth more. */
static bool
opened_a_little(const struct flue_conn *c)
{
	return c->rcv_adv - c->rcv_nxt < flue_window_worth(c, 1) &&
	       flue_seq_diff(flue_window_edge(c), c->rcv_adv) >= (int32_t)flue_window_worth(c, 1);
}

static bool
opened_enough(const struct flue_conn *c)
{
	int32_t opened = flue_seq_diff(flue_window_edge(c), c->rcv_adv);
	uint32_t buffer = c->rcv_buf;

	if (opened <= 0 || (uint32_t)opened < flue_window_worth(c, 2))
		return false;
	/* A peer that has most of a large window left hears of it with the next ACK. */
	return (uint32_t)opened >= buffer / 4 || c->rcv_adv - c->rcv_nxt <= buffer / 8 ||
	       buffer <= 8u * c->mss;
}

/** The peer fills the window in a round trip, and the application takes what comes: with a larger one both
 *  would be faster. The scale that was agreed bounds it as well. */
static void
resize(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_sizing *last = &e->sizings[flue_conn_index(e, c)];
	uint32_t now_us = (uint32_t)(e->now / 1000);
	uint32_t most = (uint32_t)e->config.receive_window_limit;
	uint32_t buffer = c->rcv_buf;
	uint32_t spent = now_us - last->us;

	if (c->rcv_nxt - last->seq < buffer || c->rx_held > buffer / 2)
		return;
	last->seq = c->rcv_nxt;
	last->us = now_us;
	if (spent > c->srtt8 / 4) /* two round trips */
		return;
	if (most > UINT32_C(65535) << flue_conn_rcv_scale(c))
		most = UINT32_C(65535) << flue_conn_rcv_scale(c);
	if (buffer < most)
		c->rcv_buf = buffer < most / 2 ? 2 * buffer : most;
}

void
flue_window_check(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x;

	if (c->flags & (CONN_STOPPED | CONN_ABORTED | CONN_TERMINATING | CONN_FIN_RCVD))
		return;
	if (unlikely(e->config.receive_window_limit != 0))
		resize(e, c);
	if (opened_enough(c)) {
		c->flags |= CONN_WIN_UPDATE;
		flue_conn_touch(e, c);
		return;
	}
	if (likely(!opened_a_little(c)) || e->params.tcp_sws_prevention_ticks == 0)
		return;
	if (c->sws_runs)
		return;
	x = flue_extra_take(e, c);
	if (x == NULL) {
		/* Nowhere to note the time: rather a small window now than none. */
		c->flags |= CONN_WIN_UPDATE;
		flue_conn_touch(e, c);
		return;
	}
	c->sws_runs = true;
	x->sws_ms = e->now_ms + flue_ticks_ms(e, e->params.tcp_sws_prevention_ticks);
	flue_timer_arm_ms(e, c, x->sws_ms);
}

void
flue_window_timer(struct flue_engine *e, struct flue_conn *c)
{
	const struct flue_extra *x = flue_extra_of(e, c);

	if (likely(!c->sws_runs))
		return;
	if ((int32_t)(e->now_ms - x->sws_ms) < 0) {
		flue_timer_arm_ms(e, c, x->sws_ms);
		return;
	}
	c->sws_runs = false;
	flue_conn_touch(e, c);
	if ((c->flags & (CONN_STOPPED | CONN_FIN_RCVD)) || !opened_a_little(c))
		return;
	c->flags |= CONN_WIN_UPDATE;
}
