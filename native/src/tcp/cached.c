/* SPDX-License-Identifier: Apache-2.0 */

/* What new CACHED values mean for a connection that runs (chimney rules 2.4, 4.4). */

#include "tcp/tcp.h"

/** A new size of the receive buffer. The edge that was promised stays: a smaller buffer takes effect
 *  as data arrives, a larger one at once. */
static void
window_changed(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_cached *cached)
{
	c->rcv_buf = cached->initial_rcv_wnd & INT32_MAX;
	if (!(cached->flags & FLUE_TCP_CACHED_UPDATE_RCV_WND) ||
			cached->initial_rcv_wnd == c->rcv_adv - c->rcv_nxt)
		return;
	flue_window_widen(c);
	if (c->flags & (CONN_STOPPED | CONN_ABORTED | CONN_TERMINATING | CONN_FIN_RCVD))
		return;
	c->flags |= CONN_WIN_UPDATE;
	flue_conn_touch(e, c);
}

/** From now on the peer counts as heard of. */
static void
restart_keepalive(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_cached *cached)
{
	c->last_rx_ms = e->now_ms;
	flue_keepalive_in(e, c, flue_ka_ms(e, cached->ka_timeout));
}

static void
keepalive_changed(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_cached *cached,
		const struct flue_tcp_cached *old)
{
	bool on = (cached->flags & FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED) && cached->ka_timeout != 0;

	if (c->flags & CONN_ABORTED)
		return;
	/* A timer that a doubtful segment started is not the host's to stop. */
	if (!on && (c->validity & VALIDITY_ASKED)) {
		c->validity |= VALIDITY_BORROWED;
		return;
	}
	c->validity &= ~VALIDITY_BORROWED & 7;
	if (!on) {
		c->flags &= ~CONN_KEEPALIVE;
		c->ka_probes = 0;
		return;
	}
	if (!(c->flags & CONN_KEEPALIVE)) {
		c->flags |= CONN_KEEPALIVE;
		c->ka_probes = 0;
		restart_keepalive(e, c, cached);
		return;
	}
	if (cached->flags & FLUE_TCP_CACHED_KEEP_ALIVE_RESTART) {
		c->ka_probes = 0;
		restart_keepalive(e, c, cached);
	}
	/* An odd pairing of flag and values, but it is what the rules say. */
	if (!(cached->flags & FLUE_TCP_CACHED_MAX_RT_RESTART))
		return;
	if (cached->ka_probe_count != old->ka_probe_count)
		c->ka_probes = 0;
	if (cached->ka_timeout != old->ka_timeout || cached->ka_interval != old->ka_interval)
		restart_keepalive(e, c, cached);
}

void
flue_conn_cached_changed(
		struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_cached *old)
{
	const struct flue_tcp_cached *cached = &flue_profile_of(e, c)->cached;

	c->ttl = cached->ttl_or_hop_limit != 0 ? cached->ttl_or_hop_limit : 64;
	c->tos = (uint8_t)((cached->tos_or_traffic_class & 0xfc) | (c->tos & (TOS_ECN | TOS_ECE)));
	c->sized = cached->rcv_indication_size != 0;
	if (cached->flags & FLUE_TCP_CACHED_NAGLING_ENABLED)
		c->flags |= CONN_NAGLE;
	else
		c->flags &= ~CONN_NAGLE;
	keepalive_changed(e, c, cached, old);
	/* The time spent on the current segment counts from here. */
	if ((cached->flags & FLUE_TCP_CACHED_MAX_RT_RESTART) ||
			(cached->max_rt != old->max_rt && cached->max_rt != 0)) {
		if (c->rtx_count != 0)
			c->since_ms = e->now_ms;
	}
	if (cached->initial_rcv_wnd != old->initial_rcv_wnd ||
			(cached->flags & FLUE_TCP_CACHED_UPDATE_RCV_WND))
		window_changed(e, c, cached);
	/* What Nagle or a window held may go now. */
	flue_conn_touch(e, c);
}
