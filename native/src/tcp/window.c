/* SPDX-License-Identifier: Apache-2.0 */

/* The receive window: a promise that is never taken back, and never opened by crumbs (RFC 9293
 * 3.8.6.2.2). */

#include "tcp/tcp.h"

/** Where the right edge could be, from what is free. */
static uint32_t
edge_possible(const struct flue_conn *c)
{
	uint32_t buffer = c->rcv_buf;
	uint32_t most = UINT32_C(65535) << flue_conn_rcv_scale(c);
	uint32_t free = buffer > c->rx_held ? buffer - c->rx_held : 0;

	if (free > most)
		free = most;
	return c->rcv_nxt + free;
}

static uint32_t
worth(const struct flue_conn *c, uint32_t segments)
{
	uint32_t half = c->rcv_buf / 2;
	uint32_t some = segments * c->mss;

	return some < half ? some : half;
}

uint16_t
flue_window_advertise(struct flue_conn *c)
{
	uint32_t scale = flue_conn_rcv_scale(c);
	uint32_t edge = edge_possible(c);
	int32_t opened = flue_seq_diff(edge, c->rcv_adv);
	uint32_t window;
	uint32_t field;

	if (opened > 0 && (uint32_t)opened >= worth(c, 1))
		c->rcv_adv = edge;
	window = c->rcv_adv - c->rcv_nxt;
	field = window >> scale;
	/* The field is too coarse for the promise: round up while the buffer stands it, so that the
	 * edge does not move left. */
	if ((field << scale) != window && c->rx_held + window <= c->rcv_buf) {
		field++;
		c->rcv_adv = c->rcv_nxt + (field << scale);
	}
	return (uint16_t)(field > 65535 ? 65535 : field);
}

void
flue_window_widen(struct flue_conn *c)
{
	uint32_t edge = edge_possible(c);

	if (flue_seq_gt(edge, c->rcv_adv))
		c->rcv_adv = edge;
}

bool
flue_window_opened(const struct flue_conn *c)
{
	int32_t opened = flue_seq_diff(edge_possible(c), c->rcv_adv);
	uint32_t buffer = c->rcv_buf;

	if (opened <= 0 || (uint32_t)opened < worth(c, 2))
		return false;
	/* A peer that has most of a large window left hears of it with the next ACK. */
	return (uint32_t)opened >= buffer / 4 || c->rcv_adv - c->rcv_nxt <= buffer / 8 ||
	       buffer <= 8u * c->mss;
}
