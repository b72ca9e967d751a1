/* SPDX-License-Identifier: Apache-2.0 */

/* Deciding which segments may go. They are built in emit.c. */

#include "tcp/congestion.h"
#include "tcp/loss.h"

uint32_t
flue_tcp_bare_seq(const struct flue_conn *c)
{
	/* SND.MAX, for SND.NXT may have been pulled back from what the peer has; but the byte of a
	 * probe, or what a window shrank away from, the peer does not have: beyond its edge it would
	 * drop the segment and with it the acknowledgment. */
	return c->snd_max - c->snd_una > c->snd_wnd ? c->snd_una + c->snd_wnd : c->snd_max;
}

void
flue_tcp_arm_rtx_slow(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t probe = c->sack ? flue_tlp_first_ms(e, c) : FLUE_NONE;

	if (c->snd_una == c->snd_max)
		flue_timer_arm_ms(e, c, c->rtx_ms);
	else
		flue_timer_sent(e, c, probe != FLUE_NONE ? probe : c->rtx_ms);
}

/** Sender's silly window avoidance and Nagle (RFC 9293 3.8.6.2.1, RFC 1122 4.2.3.4). */
static bool
worth_sending(const struct flue_conn *c, uint32_t len, uint32_t unsent, bool fin)
{
	if (len >= c->mss || fin || (c->flags & CONN_FORCE) || flue_seq_lt(c->snd_nxt, c->snd_max))
		return true;
	if (len == unsent && (!(c->flags & CONN_NAGLE) || c->snd_una == c->snd_nxt))
		return true;
	return len > 0 && len >= flue_conn_max_snd_wnd(c) / 2;
}

/** After a segment left: sequence numbers, timing, timer. `rtx_ms`: when one that is armed now expires. */
static inline void
sent(struct flue_engine *e, struct flue_conn *c, uint32_t len, bool fin, uint32_t rtx_ms)
{
	uint32_t end = c->snd_nxt + len + fin;

	if (flue_seq_lt(c->snd_nxt, c->snd_max)) {
		flue_count(e, FLUE_CTR_RETRANSMITS, 1);
		c->retransmits++;
	} else if (!(c->flags & (CONN_TIMING | CONN_RTO_RECOVERY))) {
		c->flags |= CONN_TIMING;
		/* Of several, the first. */
		c->rtt_seq = len > c->mss ? c->snd_nxt + c->mss : end;
		c->rtt_start = (uint32_t)(e->now / 1000);
	}
	c->snd_nxt = end;
	if (flue_seq_gt(end, c->snd_max))
		c->snd_max = end;
	if (fin)
		c->flags |= CONN_FIN_SENT;
	if (unlikely(c->loss & LOSS_BOARD))
		flue_episode_of(e, c)->prr_out += len + fin;
	/* The deadline of a probe that is not needed any more says nothing about this segment. */
	if (c->rtx_ms == FLUE_NONE || (c->flags & CONN_PERSIST))
		flue_tcp_arm_rtx(e, c, c->rto_us);
	else if (c->rtx_ms != rtx_ms && c->sack && c->rtx_count == 0)
		/* Not drawn by an ACK: the probe's time runs from here (RFC 8985 7.2). */
		c->since_ms = flue_rtx_from_now(e, 0);
	c->flags &= ~(CONN_FORCE | CONN_PERSIST);
}

bool
flue_tcp_send_new(struct flue_engine *e, struct flue_conn *c, uint32_t len)
{
	if (!flue_tcp_emit(e, c, c->snd_nxt, len, TCP_ACK))
		return false;
	e->tx_data++;
	sent(e, c, len, false, flue_rtx_from_now(e, c->rto_us));
	return true;
}

/** Data waits, nothing is under way, the window is in the way: probe it when it is closed (RFC 9293
 *  3.8.6.1), and after a while fill it all the same when it is only small (3.8.6.2.1). */
static void
persist(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t us = flue_probe_us(e, c, c->probe_round);

	if (c->snd_una != c->snd_nxt || c->snd_una != c->snd_max || c->rtx_ms != FLUE_NONE)
		return;
	if (c->snd_wnd != 0 && e->params.tcp_sws_prevention_ticks != 0)
		us = flue_ticks_us(e, e->params.tcp_sws_prevention_ticks);
	c->flags |= CONN_PERSIST;
	flue_tcp_arm_rtx(e, c, us);
}

/** What is known to be lost. @return false: no packet, no room or no turn now */
static bool
resend(struct flue_engine *e, struct flue_conn *c, int *turns)
{
	uint32_t end = flue_seq_lt(c->snd_end, c->snd_max) ? c->snd_end : c->snd_max;
	uint32_t len = flue_seq_lt(c->snd_una, end) ? end - c->snd_una : 0;

	flue_tcp_fit(e, c);
	if ((c->loss & LOSS_BOARD) && !flue_recovery_output(e, c, turns))
		return false;
	if (!(c->loss & LOSS_RESEND))
		return true;
	if (len > c->mss)
		len = c->mss;
	if (len > c->snd_wnd)
		len = c->snd_wnd;
	if ((len > 0 || ((c->flags & CONN_FIN_SENT) && c->snd_una == c->snd_end)) &&
			!flue_recovery_resend(e, c, c->snd_una, len))
		return false;
	c->loss &= (uint8_t)~LOSS_RESEND;
	return true;
}

/** What may be in flight: congestion window and the peer's. The first two duplicate ACKs are worth a
 *  segment each, which may draw the third (RFC 3042). */
static uint32_t
usable_window(const struct flue_engine *e, const struct flue_conn *c)
{
	uint64_t cwnd = c->cc.cwnd;

	if (unlikely(c->loss & LOSS_BOARD)) {
		uint32_t pipe = flue_pipe(c, &flue_episode_of(e, c)->board);

		cwnd = (uint64_t)(c->snd_max - c->snd_una) + (cwnd > pipe ? cwnd - pipe : 0);
	} else if (unlikely(c->flags & CONN_DUP_ACKS) && !(c->loss & LOSS_FAST))
		cwnd += (c->dup_acks < 2 ? c->dup_acks : 2u) * c->mss;
	return cwnd < c->snd_wnd ? (uint32_t)cwnd : c->snd_wnd;
}

void
flue_tcp_restart_if_idle(struct flue_engine *e, struct flue_conn *c)
{
	if (c->snd_una == c->snd_max && e->now_ms - c->since_ms > c->rto_us / 1000)
		flue_cc_idle(e, c);
}

/** How many segments a connection may send before the next gets its turn; while nobody else waits there is
 *  no next. */
static inline int
turn(const struct flue_engine *e)
{
	bool alone = e->senders_head == e->senders_tail && e->ready_head == e->ready_tail;

	return alone ? FLUE_TX_PER_PASS : FLUE_TX_PER_TURN;
}

/** Full segments that may all go, without a look at each. @return how many went */
static inline uint32_t
send_train(struct flue_engine *e, struct flue_conn *c, uint32_t bytes, uint32_t most,
		uint32_t rtx_ms)
{
	uint32_t n;

	if (most > e->tx_limit - e->tx_data)
		most = e->tx_limit - e->tx_data;
	n = flue_tcp_train(e, c, bytes, most);
	if (n == 0)
		return 0;
	e->tx_data += n;
	/* The first is the one that is timed, and may be the one that a timer is started for. */
	sent(e, c, c->mss, false, rtx_ms);
	if (n > 1)
		sent(e, c, (n - 1) * c->mss, false, rtx_ms);
	return n;
}

bool
flue_tcp_output(struct flue_engine *e, struct flue_conn *c)
{
	const bool cuts = e->port->offloads & FLUE_PORT_TSO;
	uint32_t limit = flue_conn_snd_limit(c);
	uint32_t rtx_ms;
	uint32_t wnd;
	int turns = 0;
	int most;

	if (unlikely(c->flags & CONN_DUP_ACKS) && !resend(e, c, &turns))
		return true;
	if (!flue_seq_lt(c->snd_nxt, limit)) {
		c->held = 0;
		return false;
	}
	most = turn(e);
	flue_tcp_fit(e, c);
	flue_tcp_restart_if_idle(e, c);
	/* Who answers within the delay has its ACKs ride on answers: no peer's slow start waits for them. */
	if (unlikely(c->quick > 0) && (int32_t)(e->now_ms - c->ack_ms) < 0)
		c->quick = 0;
	wnd = usable_window(e, c);
	rtx_ms = flue_rtx_from_now(e, c->rto_us);
	for (; flue_seq_lt(c->snd_nxt, limit); turns++) {
		uint32_t flight = c->snd_nxt - c->snd_una;
		uint32_t unsent = flue_seq_lt(c->snd_nxt, c->snd_end) ? c->snd_end - c->snd_nxt : 0;
		uint32_t len = wnd > flight ? wnd - flight : 0;
		uint8_t flags = TCP_ACK;
		bool fin;

		if (len > unsent)
			len = unsent;
		if (len >= 2u * c->mss && c->snd_nxt == c->snd_max && e->tx_data < e->tx_limit &&
				!cuts && turns < most && !(c->flags & CONN_FIN_QUEUED)) {
			uint32_t n = send_train(e, c, len, (uint32_t)(most - turns), rtx_ms);

			if (n > 0) {
				turns += (int)n - 1;
				continue;
			}
		}
		if (len > c->mss)
			len = likely(!cuts) ? c->mss : flue_tcp_cut(e, c, len, unsent);
		/* Behind data a FIN waits for room of its own: outside of the window nobody could tell
		 * whether the peer has taken it, and with it what number an ACK has to bear. */
		fin = len == unsent && (c->flags & CONN_FIN_QUEUED) &&
		      (flight + len == 0 || flight + len < c->snd_wnd);
		if ((len == 0 && !fin) || !worth_sending(c, len, unsent, fin)) {
			c->held = len < c->mss && len < unsent && c->cc.cwnd < c->snd_wnd;
			persist(e, c);
			return false;
		}
		if (turns >= most || e->tx_data >= e->tx_limit)
			return true;
		if (fin)
			flags |= TCP_FIN;
		if (!flue_tcp_emit(e, c, c->snd_nxt, len, flags))
			return true;
		e->tx_data++;
		sent(e, c, len, fin, rtx_ms);
	}
	c->held = 0;
	return false;
}
