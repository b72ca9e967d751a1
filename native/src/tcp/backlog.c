/* SPDX-License-Identifier: Apache-2.0 */

/* How much the host does well to keep posted (chimney rules 2.5, 6.1). */

#include "tcp/tcp.h"

/** Between two events of one connection. */
#define EVERY_MS 1000

/* Two windows: one under way, one ready to follow it. What can be under way is what both windows
 * allow, and that is what one round trip carries. Of what is posted it says nothing (T-134). */
uint32_t
flue_send_backlog(const struct flue_conn *c)
{
	uint32_t initial = flue_cc_initial_window(c->mss);
	uint32_t window = c->cc.cwnd > initial ? c->cc.cwnd : initial;
	uint32_t peer = flue_conn_max_snd_wnd(c);

	if (window > peer)
		window = peer;
	return window > UINT32_C(0x3fffffff) ? UINT32_C(0x7ffffffe) : 2 * window;
}

void
flue_backlog_told(const struct flue_engine *e, struct flue_conn *c)
{
	c->backlog_kib = flue_send_backlog(c) >> 10;
	if (!flue_quiet(e, c))
		c->told_ms = (uint16_t)e->now_ms;
}

void
flue_backlog_check(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t size = flue_send_backlog(c);
	uint32_t kib = size >> 10;

	/* Worth an event: twice as much, or half. */
	if (likely(kib / 2 < c->backlog_kib && kib > c->backlog_kib / 2))
		return;
	/* Low bits, and those of an initiate may lie a little ahead: at worst it waits a second more. */
	if ((uint16_t)(e->now_ms + 1 - c->told_ms) <= EVERY_MS ||
			!flue_event_now(e, c, FLUE_TCP_INDICATE_SEND_BACKLOG_CHANGE, size))
		return;
	flue_backlog_told(e, c);
}
