/* SPDX-License-Identifier: Apache-2.0 */

/* Between the structures of the specification and our own. */

#include <string.h>

#include "engine/parts.h"
#include "tcp/congestion.h"
#include "tcp/watch.h"

static int64_t
tick_ns(const struct flue_engine *e)
{
	return INT64_C(1000000000) / (int64_t)e->params.ticks_per_second;
}

static uint32_t
tick_us(const struct flue_engine *e)
{
	return 1000000u / e->params.ticks_per_second;
}

/** Ticks left to a deadline, rounded up; at least 0. */
static uint32_t
ticks_left(const struct flue_engine *e, int64_t deadline)
{
	int64_t tick = tick_ns(e);

	if (deadline == FLUE_NEVER)
		return FLUE_TIMER_STOPPED;
	if (deadline <= e->now)
		return 0;
	deadline = (deadline - e->now + tick - 1) / tick;
	return deadline > INT32_MAX ? INT32_MAX : (uint32_t)deadline;
}

/** From `us` to ticks times `scale`, rounded, bounded to 16 bits. */
static uint16_t
scaled_ticks(const struct flue_engine *e, uint64_t us, uint32_t scale)
{
	uint64_t v = (us * scale + tick_us(e) / 2) / tick_us(e);

	return v > UINT16_MAX ? UINT16_MAX : (uint16_t)v;
}

/* ---- In ------------------------------------------------------------------------------------- */

static bool
state_offloadable(uint32_t state)
{
	return state >= FLUE_TCP_ESTABLISHED && state <= FLUE_TCP_LAST_ACK;
}

/** What the state says of the FINs; EXT knows better about ours. */
static uint32_t
fin_flags(const struct flue_tcp_delegated *d, const struct flue_tcp_state_ext *x)
{
	uint32_t flags = 0;

	if (d->state == FLUE_TCP_CLOSE_WAIT || d->state == FLUE_TCP_CLOSING ||
			d->state == FLUE_TCP_LAST_ACK)
		flags |= CONN_FIN_RCVD | CONN_FIN_TOLD;
	switch (d->state) {
	case FLUE_TCP_FIN_WAIT2:
		flags |= CONN_FIN_QUEUED | CONN_FIN_SENT | CONN_FIN_ACKED;
		break;
	case FLUE_TCP_FIN_WAIT1:
	case FLUE_TCP_CLOSING:
	case FLUE_TCP_LAST_ACK:
		flags |= CONN_FIN_QUEUED;
		if (x == NULL || (x->flags & FLUE_TCP_EXT_FIN_SENT))
			flags |= CONN_FIN_SENT;
		break;
	default:
		break;
	}
	return flags;
}

static void
import_rtt(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_delegated *d,
		const struct flue_tcp_state_ext *x)
{
	if (x != NULL && x->srtt_us != 0) {
		c->srtt8 = x->srtt_us > 60000000 ? 480000000 : x->srtt_us * 8;
		c->rttvar4 = x->rttvar_us > 60000000 ? 240000000 : x->rttvar_us * 4;
		c->min_rtt = x->min_rtt_us;
	} else {
		c->srtt8 = d->srtt * tick_us(e);
		c->rttvar4 = d->rttvar * tick_us(e);
	}
	c->rto_us = flue_rto(e, c);
	/* Backed off on the other side: the answer that ends that has not come yet. */
	if (x != NULL && x->rto_us > c->rto_us && x->rto_us <= (uint32_t)e->config.rto_max_us)
		c->rto_us = x->rto_us;
}

static void
import_window(struct flue_conn *c, const struct flue_tcp_delegated *d,
		const struct flue_tcp_state_ext *x)
{
	uint32_t scale = flue_conn_snd_scale(c);
	uint32_t max = d->max_snd_wnd >> scale;

	c->rcv_nxt = d->rcv_nxt;
	c->rcv_adv = d->rcv_nxt + (d->rcv_wnd > UINT32_C(0x40000000) ? 0 : d->rcv_wnd);
	if (x != NULL && x->rcv_adv - d->rcv_nxt <= UINT32_C(0x40000000) &&
			flue_seq_gt(x->rcv_adv, c->rcv_adv))
		c->rcv_adv = x->rcv_adv;
	c->snd_una = d->snd_una;
	c->snd_nxt = d->snd_nxt;
	c->snd_max = d->snd_max;
	c->snd_end = d->snd_una; /* the chain moves it */
	c->snd_wnd = d->snd_wnd;
	c->snd_wl1 = d->send_wl1;
	c->last_ack_sent = x != NULL ? x->last_ack_sent : d->rcv_nxt;
	if (max < d->snd_wnd >> scale)
		max = d->snd_wnd >> scale;
	c->max_window = max > UINT16_MAX ? UINT16_MAX : (uint16_t)max;
}

/** The window is closed and nothing is under way but the byte of a probe: the retransmission values
 *  are those of the probes (chimney rules 10.4). */
static bool
probing(const struct flue_tcp_delegated *d)
{
	return d->snd_wnd == 0 && d->retransmit_timeout_delta != FLUE_TIMER_STOPPED &&
	       d->snd_nxt == d->snd_una && d->snd_max - d->snd_una <= 1 &&
	       (d->state == FLUE_TCP_ESTABLISHED || d->state == FLUE_TCP_CLOSE_WAIT ||
			       d->snd_max == d->snd_una);
}

static void
import_recovery(struct flue_conn *c, const struct flue_tcp_delegated *d,
		const struct flue_tcp_state_ext *x)
{
	bool told = x != NULL && (x->flags & FLUE_TCP_EXT_IN_RECOVERY);
	uint32_t recover = told ? x->recover : d->snd_max;

	/* Nothing was sent twice: the next duplicate ACKs tell of a loss. */
	c->recover = d->snd_una - 1;
	if (c->state == FLUE_TCP_FIN_WAIT2 || probing(d) || d->snd_una == d->snd_max)
		return;
	if (!told && d->snd_nxt == d->snd_max && d->retransmit_count == 0) {
		c->loss = LOSS_ECHO;
		c->flags |= CONN_DUP_ACKS;
		return;
	}
	/* A point that no ACK could reach would never be passed. */
	if (recover - d->snd_una > d->snd_max - d->snd_una)
		recover = d->snd_max;
	if (recover == d->snd_una)
		return;
	c->recover = recover;
	/* Duplicates that are still counted are those of a fast recovery; what it had to send again
	 * was sent there. */
	if (told && c->dup_acks != 0 && d->retransmit_count == 0 && d->snd_nxt == d->snd_max) {
		c->loss = LOSS_FAST;
		return;
	}
	c->flags = (c->flags & ~CONN_DUP_ACKS) | CONN_RTO_RECOVERY;
	c->dup_acks = 0;
}

/** When an idle peer is asked next: what was heard since the timer was set starts the time anew. */
static int64_t
keepalive_due(struct flue_engine *e, const struct flue_conn *c)
{
	int64_t heard = e->now - (int64_t)(e->now_ms - c->last_rx_ms) * FLUE_NS_PER_MS;
	int64_t due = heard + flue_ticks_ns(e, flue_profile_of(e, c)->cached.ka_timeout);
	/* As flue_keepalive_in() counts. */
	int32_t left = (int32_t)(c->ka_ms - e->now_ms - (e->now_sub_us != 0));
	int64_t set = e->now + left * FLUE_NS_PER_MS;
	bool idling = !(c->validity & VALIDITY_ASKED) && c->ka_probes == 0;

	return idling && due > set ? due : set;
}

static void
import_keepalive(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_delegated *d)
{
	uint32_t timeout = flue_profile_of(e, c)->cached.ka_timeout;
	uint32_t delta = d->ka_timeout_delta;

	/* It runs, and the host did not switch it on: a doubtful segment did (chimney rules 12.3). */
	if (!(c->flags & CONN_KEEPALIVE)) {
		if (delta == FLUE_TIMER_STOPPED)
			return;
		c->flags |= CONN_KEEPALIVE;
		c->validity = VALIDITY_ASKED | VALIDITY_BORROWED;
	}
	if (delta == FLUE_TIMER_STOPPED)
		delta = timeout;
	c->ka_probes = d->ka_probe_count;
	/* As if the last segment had come so long ago that the rest is what is left. */
	c->last_rx_ms = e->now_ms -
			(uint32_t)(((int64_t)timeout - delta) * tick_ns(e) / FLUE_NS_PER_MS);
	flue_keepalive_in(e, c, flue_ka_ms(e, delta));
}

static void
import_timers(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_delegated *d,
		const struct flue_tcp_state_ext *x)
{
	bool outstanding = c->snd_una != c->snd_max;
	uint32_t delta = d->retransmit_timeout_delta;
	/* No timer of ours runs for longer than FIN-WAIT-2's. */
	uint32_t us = delta > FLUE_FIN_WAIT_US / tick_us(e) ? FLUE_FIN_WAIT_US : delta * tick_us(e);

	if (x != NULL && x->retransmit_timeout_us != 0 && x->retransmit_timeout_us < us)
		us = x->retransmit_timeout_us;
	c->told_ms = (uint16_t)(e->now_ms + (e->now_sub_us != 0));
	c->quiet = 1;
	c->quick = FLUE_QUICK_ACKS;
	c->ack_ms = e->now_ms;
	c->rtx_count = d->retransmit_count;
	if (c->state == FLUE_TCP_FIN_WAIT2) {
		c->flags |= CONN_FIN_WAIT;
		flue_tcp_arm_rtx(e, c, delta == FLUE_TIMER_STOPPED ? FLUE_FIN_WAIT_US : us);
	} else if (probing(d)) {
		c->probe_round = d->snd_wnd_probe_count < 16 ? d->snd_wnd_probe_count : 16;
		c->flags |= CONN_PERSIST;
		flue_tcp_arm_rtx(e, c, us);
	} else if (delta != FLUE_TIMER_STOPPED) {
		if (outstanding)
			flue_tcp_arm_rtx(e, c, us);
	} else if (outstanding) {
		flue_tcp_arm_rtx(e, c, c->rto_us);
	}
	import_keepalive(e, c, d);
}

/** flue_conn.since_ms. When the giver sent last is not told; only by one that probes tails at all. */
static uint32_t
since(const struct flue_engine *e, const struct flue_conn *c, const struct flue_tcp_delegated *d,
		bool extended)
{
	if (d->retransmit_count != 0 && c->snd_una != c->snd_max)
		return e->now_ms -
		       (uint32_t)((uint64_t)d->total_rt * 1000 / e->params.ticks_per_second);
	return extended || c->snd_una == c->snd_max ? e->now_ms : e->now_ms - 0x40000000;
}

uint32_t
flue_state_import(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_delegated *d,
		const struct flue_tcp_state_ext *x)
{
	uint32_t span = d->snd_max - d->snd_una;

	if (!state_offloadable(d->state) || span > UINT32_C(0x3fffffff) ||
			d->snd_nxt - d->snd_una > span)
		return FLUE_STATUS_FAILURE;
	/* A FIN that was sent takes a number of its own. */
	c->flags |= fin_flags(d, x);
	if ((c->flags & (CONN_FIN_SENT | CONN_FIN_ACKED)) == CONN_FIN_SENT && span == 0) {
		if (x != NULL)
			return FLUE_STATUS_FAILURE;
		c->flags &= ~CONN_FIN_SENT;
	}
	c->state = (uint8_t)d->state;
	import_window(c, d, x);
	if (c->flags & CONN_FIN_ACKED)
		c->snd_end = d->snd_una - 1;
	import_rtt(e, c, d, x);
	c->cc.cwnd = d->cwnd < c->mss ? c->mss : d->cwnd;
	c->cc.ssthresh = d->ssthresh < 2u * c->mss ? 2u * c->mss : d->ssthresh;
	if (!flue_cc_import(e, c, x))
		return FLUE_STATUS_RESOURCES;
	c->given_ts_recent = d->ts_recent;
	c->ts_recent = d->ts_recent;
	c->ts_recent_ms = e->now_ms - (uint32_t)((uint64_t)d->ts_recent_age * 1000 /
						      e->params.ticks_per_second);
	c->ts_delta = d->ts_time - e->now_ticks;
	c->challenge_ms = (uint16_t)(e->now_ms - FLUE_CHALLENGE_MS);
	c->dup_acks = d->dup_ack_count;
	if (c->dup_acks != 0)
		c->flags |= CONN_DUP_ACKS;
	c->since_ms = since(e, c, d, x != NULL);
	import_recovery(c, d, x);
	if (x != NULL) {
		if (c->state != FLUE_TCP_FIN_WAIT2 && !probing(d))
			flue_loss_import(e, c, x);
		c->bytes_in = x->bytes_in;
		c->bytes_out = x->bytes_out;
		c->retransmits = x->retransmits;
	}
	import_timers(e, c, d, x);
	flue_backlog_told(e, c);
	if (unlikely(e->watches != NULL))
		flue_watch_start(e, c);
	return FLUE_STATUS_SUCCESS;
}

/* ---- Out ------------------------------------------------------------------------------------ */

static int64_t
rtx_deadline(const struct flue_engine *e, const struct flue_conn *c)
{
	/* The timer of silly-window avoidance stays here (chimney rules 10.1). */
	if (c->rtx_ms == FLUE_NONE || ((c->flags & CONN_PERSIST) && c->snd_wnd != 0))
		return FLUE_NEVER;
	return (e->now_ms_wide + (int32_t)(c->rtx_ms - e->now_ms)) * FLUE_NS_PER_MS;
}

static uint32_t
ms_to_ticks(const struct flue_engine *e, uint32_t ms)
{
	return (uint32_t)((uint64_t)ms * e->params.ticks_per_second / 1000);
}

/** Rounded down, as ticks are rounded up: by them alone a timer that is handed over often enough would
 *  never fire. */
static uint32_t
us_left(const struct flue_engine *e, int64_t deadline)
{
	int64_t left = (deadline - e->now) / 1000;

	if (deadline == FLUE_NEVER || left < 0)
		return 0;
	return left > INT64_C(0xffffffff) ? UINT32_C(0xffffffff) : (uint32_t)left;
}

static void
export_ext(struct flue_engine *e, struct flue_conn *c, struct flue_tcp_state_ext *x)
{
	bool recovering = (c->flags & CONN_RTO_RECOVERY) || (c->loss & LOSS_FAST);
	struct flue_state_header header = x->header;

	memset(x, 0, sizeof(*x));
	x->header = header;
	x->version = FLUE_TCP_EXT_VERSION;
	if (c->flags & (CONN_FIN_SENT | CONN_FIN_ACKED))
		x->flags |= FLUE_TCP_EXT_FIN_SENT;
	else if (c->flags & CONN_FIN_QUEUED)
		x->flags |= FLUE_TCP_EXT_FIN_QUEUED;
	if (c->flags & CONN_FIN_RCVD)
		x->flags |= FLUE_TCP_EXT_FIN_RECEIVED;
	if (recovering)
		x->flags |= FLUE_TCP_EXT_IN_RECOVERY;
	x->rcv_adv = c->rcv_adv;
	x->recover = recovering ? c->recover : c->snd_una;
	x->srtt_us = c->srtt8 / 8;
	x->rttvar_us = c->rttvar4 / 4;
	x->min_rtt_us = c->min_rtt;
	x->rto_us = c->rto_us;
	x->last_ack_sent = c->last_ack_sent;
	x->snd_wl2 = c->snd_una; /* see flue_tcp_update_window() */
	x->bytes_in = c->bytes_in;
	x->bytes_out = c->bytes_out;
	x->retransmits = c->retransmits;
	flue_cc_export(e, c, x);
	flue_loss_export(e, c, x);
	x->retransmit_timeout_us = us_left(e, rtx_deadline(e, c));
}

void
flue_state_export(struct flue_engine *e, struct flue_conn *c, struct flue_tcp_delegated *d,
		struct flue_tcp_state_ext *x)
{
	struct flue_state_header header = d->header;

	/* How long nothing was sent is not told: the pause ends here. */
	flue_tcp_restart_if_idle(e, c);
	memset(d, 0, sizeof(*d));
	d->header = header;
	d->state = c->state;
	d->rcv_nxt = c->rcv_nxt;
	d->rcv_wnd = c->rcv_adv - c->rcv_nxt;
	d->snd_una = c->snd_una;
	d->snd_nxt = c->snd_nxt;
	d->snd_max = c->snd_max;
	d->snd_wnd = c->snd_wnd;
	d->max_snd_wnd = flue_conn_max_snd_wnd(c);
	d->send_wl1 = c->snd_wl1;
	d->cwnd = c->cc.cwnd;
	d->ssthresh = c->cc.ssthresh;
	d->srtt = scaled_ticks(e, c->srtt8, 1);
	d->rttvar = scaled_ticks(e, c->rttvar4, 1);
	d->ts_recent = c->ts_recent;
	d->ts_recent_age = ms_to_ticks(e, e->now_ms - c->ts_recent_ms);
	d->ts_time = flue_ts_clock(e, c);
	d->total_rt = c->rtx_count != 0 ? ms_to_ticks(e, e->now_ms - c->since_ms) : 0;
	d->dup_ack_count = c->dup_acks;
	d->snd_wnd_probe_count = c->probe_round;
	d->ka_probe_count = c->ka_probes;
	d->ka_timeout_delta = c->flags & CONN_KEEPALIVE ? ticks_left(e, keepalive_due(e, c))
							: FLUE_TIMER_STOPPED;
	d->retransmit_count = c->rtx_count;
	d->retransmit_timeout_delta = ticks_left(e, rtx_deadline(e, c));
	if (x != NULL)
		export_ext(e, c, x);
	else
		d->snd_nxt = flue_loss_export_nxt(e, c);
}
