/* SPDX-License-Identifier: Apache-2.0 */

/* What happens when a connection's time has come, and how a connection ends. */

#include "tcp/loss.h"
#include "tcp/watch.h"

void
flue_tcp_request_upload(struct flue_engine *e, struct flue_conn *c, enum flue_upload_reason reason)
{
	if (c->flags & (CONN_STOPPED | CONN_ABORTED))
		return;
	c->flags |= CONN_STOPPED | CONN_TELL_UPLOAD;
	c->upload_reason = (uint8_t)reason;
	flue_count(e, FLUE_CTR_UPLOAD_REQUESTS, 1);
	flue_conn_touch(e, c);
}

void
flue_tcp_abort(struct flue_engine *e, struct flue_conn *c)
{
	if (c->state == FLUE_TCP_ESTABLISHED || c->state == FLUE_TCP_CLOSE_WAIT)
		e->stats[(c->flags & CONN_IP6) != 0].tcp.reset_established++;
	c->state = FLUE_TCP_CLOSED;
	c->flags |= CONN_ABORTED;
	c->flags &= ~(CONN_ACK_OWED | CONN_ACK_NOW | CONN_WIN_UPDATE | CONN_PERSIST |
			CONN_FIN_WAIT | CONN_TELL_UPLOAD);
	c->rtx_ms = FLUE_NONE;
	c->flags &= ~CONN_KEEPALIVE;
	flue_loss_forget(e, c);
	flue_reasm_drop(e, c);
	flue_send_complete(e, c);
	flue_receive_abort(e, c, FLUE_STATUS_REQUEST_ABORTED);
	flue_conn_touch(e, c);
}

/** One byte beyond what the peer allows, or again the oldest. */
static void
probe(struct flue_engine *e, struct flue_conn *c)
{
	if (c->rtx_count >= e->params.tcp_maximum_retransmissions) {
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
		return;
	}
	c->send_nxt = c->send_head;
	if (c->snd_wnd != 0 && c->snd_una == c->snd_max) {
		/* Only silly-window avoidance held it: send what fits. */
		c->flags = (c->flags & ~CONN_PERSIST) | CONN_FORCE;
		c->rtx_ms = FLUE_NONE;
		flue_conn_touch(e, c);
		return;
	}
	/* Without an answer the pauses double within the round, too. */
	flue_tcp_arm_rtx(e, c, flue_probe_us(e, c, c->rtx_count));
	c->flags |= CONN_PERSIST;
	if (flue_tcp_emit(e, c, c->snd_una, 1, TCP_ACK)) {
		c->snd_max = flue_seq_max(c->snd_max, c->snd_una + 1);
		c->rtx_count++;
		flue_count(e, FLUE_CTR_PROBES, 1);
	}
}

/** MaxRT rules by time where it is given, the configured count else. */
static bool
gave_up(const struct flue_engine *e, const struct flue_conn *c)
{
	uint32_t max_rt = flue_profile_of(e, c)->cached.max_rt;

	if (max_rt == UINT32_MAX || c->rtx_count == 0)
		return false;
	if (max_rt != 0)
		return (uint64_t)(e->now_ms - c->since_ms) * e->params.ticks_per_second / 1000 >=
		       max_rt;
	return c->rtx_count >= e->params.tcp_maximum_retransmissions;
}

static void
retransmit_expired(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_FIN_WAIT) {
		c->state = FLUE_TCP_CLOSED;
		c->rtx_ms = FLUE_NONE;
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
		return;
	}
	if (((c->flags & CONN_PERSIST) || c->snd_wnd == 0) && c->snd_una != c->snd_end) {
		/* Sent what the peer has closed the window for since: that is a probe, not a loss. */
		c->snd_nxt = c->snd_una;
		/* Karn: all of it goes out again. */
		flue_loss_forget(e, c);
		probe(e, c);
		return;
	}
	c->flags &= ~CONN_PERSIST;
	if (c->snd_una == c->snd_max) {
		c->rtx_ms = FLUE_NONE;
		return;
	}
	if (gave_up(e, c)) {
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
		return;
	}
	/* A black hole is the host's to find (T-143). */
	if (e->params.tcp_doubt_reachability_retransmissions != 0 &&
			c->rtx_count >= e->params.tcp_doubt_reachability_retransmissions) {
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
		return;
	}
	flue_loss_timeout(e, c);
	flue_conn_touch(e, c);
}

/** The peer answered none of them: it is gone, or knows nothing of the connection. */
static void
keepalive_exhausted(struct flue_engine *e, struct flue_conn *c)
{
	if (c->validity & VALIDITY_ASKED)
		c->state = FLUE_TCP_CLOSED;
	flue_tcp_request_upload(e, c, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
}

static void
keepalive_expired(struct flue_engine *e, struct flue_conn *c)
{
	const struct flue_tcp_cached *cached = &flue_profile_of(e, c)->cached;
	uint32_t idle = e->now_ms - c->last_rx_ms;
	uint64_t timeout = flue_ka_ms(e, cached->ka_timeout);
	uint64_t interval = cached->ka_interval != 0 ? flue_ka_ms(e, cached->ka_interval) : 1000;
	uint32_t probes = cached->ka_probe_count != 0 ? cached->ka_probe_count : 10;

	c->validity &= ~VALIDITY_RST & 7; /* the next one is challenged again */
	if (!(c->validity & VALIDITY_ASKED) && c->ka_probes == 0 && idle < timeout) {
		flue_keepalive_in(e, c, timeout - idle);
		return;
	}
	/* Only an idle connection is asked: with data under way the retransmission timer asks. */
	if (c->snd_una != c->snd_max) {
		flue_keepalive_in(e, c, timeout != 0 ? timeout : FLUE_DOUBT_MS);
		return;
	}
	if (c->ka_probes >= probes) {
		keepalive_exhausted(e, c);
		return;
	}
	if (flue_tcp_emit(e, c, c->snd_una - 1, 0, TCP_ACK))
		c->ka_probes++;
	flue_keepalive_in(e, c, interval);
}

static void
watch_interval(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t next_ms = e->watches[flue_conn_index(e, c)].next_ms;

	if ((int32_t)(e->now_ms - next_ms) >= 0)
		flue_watch_look(e, c);
	else
		flue_timer_arm_ms(e, c, next_ms);
}

/** What the receiving side waits for. */
static void
receive_timers(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_POSTED)
		flue_receive_push_timer(e, c);
	flue_window_timer(e, c);
	if (c->flags & CONN_ACK_OWED) {
		if (flue_ack_due(e, c))
			flue_conn_touch(e, c);
		else
			flue_timer_ack(e, c);
	}
	if ((c->flags & (CONN_OOO | CONN_STOPPED)) == CONN_OOO) {
		if (c->untold && flue_quiet(e, c)) {
			flue_timer_arm_ms(e, c, flue_quiet_end(e, c));
		} else if (c->untold) {
			c->untold = false;
			c->flags |= CONN_ACK_NOW;
			flue_conn_touch(e, c);
		}
	}
}

/** Timeout, reordering timer, tail loss probe: at most one of them sends something. */
static void
data_timers(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t probe;

	if (c->loss & LOSS_BOARD)
		flue_rack_timer(e, c);
	if (c->rtx_ms != FLUE_NONE && (int32_t)(e->now_ms - c->rtx_ms) >= 0) {
		retransmit_expired(e, c);
		return;
	}
	probe = flue_tlp_due_ms(e, c);
	if (probe != FLUE_NONE && (int32_t)(e->now_ms - probe) >= 0)
		flue_tlp_probe(e, c);
}

void
flue_tcp_timer(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & (CONN_ABORTED | CONN_TERMINATING))
		return;
	receive_timers(e, c);
	if (c->flags & (CONN_STOPPED | CONN_INVALID))
		return;
	if (c->rtx_ms != FLUE_NONE || (c->loss & LOSS_BOARD))
		data_timers(e, c);
	if ((c->flags & CONN_KEEPALIVE) && (int32_t)(e->now_ms - c->ka_ms) >= 0)
		keepalive_expired(e, c);
	if (c->flags & (CONN_STOPPED | CONN_INVALID))
		return;
	if (unlikely(e->watches != NULL))
		watch_interval(e, c);
	if (c->rtx_ms != FLUE_NONE || (c->loss & LOSS_BOARD)) {
		uint32_t ms = flue_loss_next_ms(e, c);

		if (ms != FLUE_NONE)
			flue_timer_arm_ms(e, c, ms);
	}
	if (c->flags & CONN_KEEPALIVE)
		flue_timer_arm_ms(e, c, c->ka_ms);
}
