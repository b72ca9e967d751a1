/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_WINDOW_H
#define FLUE_TCP_WINDOW_H

/** @file The receive window as every segment that is sent tells it (RFC 9293 3.8.6.2.2). Owner thread. */

#include "tcp/tcp.h"

/** Where the right edge could be, from what is free. */
static inline uint32_t
flue_window_edge(const struct flue_conn *c)
{
	uint32_t buffer = c->rcv_buf;
	uint32_t most = UINT32_C(65535) << flue_conn_rcv_scale(c);
	uint32_t free = buffer > c->rx_held ? buffer - c->rx_held : 0;

	if (free > most)
		free = most;
	return c->rcv_nxt + free;
}

/** What an opening has to bring to be told: so many segments, or half of the buffer. */
static inline uint32_t
flue_window_worth(const struct flue_conn *c, uint32_t segments)
{
	uint32_t half = c->rcv_buf / 2;
	uint32_t some = segments * c->mss;

	return some < half ? some : half;
}

/** Window field of the next segment; moves the promised edge where that pays. */
static inline uint16_t
flue_window_advertise(struct flue_conn *c)
{
	uint32_t scale = flue_conn_rcv_scale(c);
	uint32_t window = c->rcv_adv - c->rcv_nxt;
	uint32_t field;

	/* Between two segments of a pass usually nothing has opened. */
	if ((int32_t)(c->rcv_buf - c->rx_held - window) > 0) {
		uint32_t edge = flue_window_edge(c);
		int32_t opened = flue_seq_diff(edge, c->rcv_adv);

		if (opened > 0 && (uint32_t)opened >= flue_window_worth(c, 1)) {
			c->rcv_adv = edge;
			window = edge - c->rcv_nxt;
		}
	}
	field = window >> scale;
	/* The field is too coarse for the promise: round up while the buffer stands it, so that the
	 * edge does not move left. */
	if ((field << scale) != window && c->rx_held + window <= c->rcv_buf) {
		field++;
		c->rcv_adv = c->rcv_nxt + (field << scale);
	}
	return (uint16_t)(field > 65535 ? 65535 : field);
}

#endif /* FLUE_TCP_WINDOW_H */
