/* SPDX-License-Identifier: Apache-2.0 */

/* What an acknowledgment moves: SND.UNA, the send window, RTT, congestion window, timer. */

#include "tcp/congestion.h"
#include "tcp/loss.h"

static void
take_time(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	if (c->flags & CONN_TIMING) {
		if (flue_seq_lt(s->ack, c->rtt_seq))
			return;
		c->flags &= ~CONN_TIMING;
		flue_rtt_sample(e, c, (uint32_t)(e->now / 1000) - c->rtt_start);
	} else if ((c->flags & (CONN_RTO_RECOVERY | CONN_DUP_ACKS)) && s->has_ts && s->tsecr != 0) {
		/* Nothing is being timed, for it was sent again, or by the host before the
		 * hand-over; the echo still tells (RFC 7323 4, chimney rules 11). */
		uint32_t ticks = flue_ts_clock(e, c) - s->tsecr;

		if (ticks < 60u * e->params.ticks_per_second)
			flue_rtt_sample(e, c, ticks * (1000000u / e->params.ticks_per_second));
	}
}

bool
flue_tcp_acknowledge(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	uint32_t acked = s->ack - c->snd_una;
	uint32_t flight = c->snd_max - c->snd_una;
	bool recovering = false;
	bool limited;

	if (acked == 0)
		return false;
	take_time(e, c, s);
	/* What was sent arrived: the neighbor forwards (chimney rules 6.4). */
	e->neighbors[e->paths[c->path].neighbor].nic_time = e->now_ticks;
	c->snd_una = s->ack;
	if (flue_seq_lt(c->snd_nxt, c->snd_una))
		c->snd_nxt = c->snd_una;
	/* Of the ACKs of one pass only the first one finds all in flight that there was. */
	limited = c->held ||
		  (c->cc.cwnd < c->cc.ssthresh ? (uint64_t)flight * 2 >= c->cc.cwnd
					       : (uint64_t)flight + c->mss >= c->cc.cwnd);
	/* What was marked is no reason to grow (RFC 3168 6.1.2). */
	limited &= !(s->flags & TCP_ECE);
	if (unlikely(c->flags & (CONN_DUP_ACKS | CONN_RTO_RECOVERY))) {
		bool fast = (c->loss & LOSS_FAST) != 0;
		bool resent = (c->flags & CONN_RTO_RECOVERY) != 0;

		recovering = flue_loss_progress(e, c, acked);
		if (!fast && limited)
			flue_cc_acked(e, c, acked, resent);
	} else if (limited) {
		flue_cc_acked(e, c, acked, false);
	}
	if ((c->flags & CONN_FIN_SENT) && c->snd_una == c->snd_end + 1)
		c->flags |= CONN_FIN_ACKED;
	if (unlikely(c->flags & CONN_PERSIST)) {
		/* A probe was taken: the peer lives, the next round of probes begins. */
		c->flags &= ~CONN_PERSIST;
		c->rtx_count = 0;
		if (c->probe_round < 16)
			c->probe_round++;
	}
	if (c->snd_una == c->snd_max) {
		c->rtx_ms = FLUE_NONE;
		c->since_ms = e->now_ms;
	} else if (!recovering) {
		flue_tcp_arm_rtx(e, c, c->rto_us);
	}
	c->flags |= CONN_TX_WAIT;
	flue_conn_touch(e, c);
	return true;
}

void
flue_tcp_update_window(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	uint32_t wnd = (uint32_t)s->window << flue_conn_snd_scale(c);

	/* SND.UNA stands for SND.WL2: no update was ever taken from an ACK beyond it, and none is from one
	 * before it, however new its data: its window does not count from SND.UNA. */
	if (flue_seq_lt(s->ack, c->snd_una) || flue_seq_lt(s->seq, c->snd_wl1))
		return;
	c->snd_wl1 = s->seq;
	if (s->window > c->max_window)
		c->max_window = s->window;
	if ((c->flags & CONN_PERSIST) && wnd == 0 && c->rtx_count > 0) {
		/* A probe's answer: the next round begins (chimney rules 10.4). */
		c->rtx_count = 0;
		if (c->probe_round < 16)
			c->probe_round++;
		flue_tcp_arm_rtx(e, c, flue_probe_us(e, c, c->probe_round));
	}
	if (wnd != 0 && c->snd_wnd == 0) {
		c->probe_round = 0;
		if (c->flags & CONN_PERSIST) {
			c->flags &= ~CONN_PERSIST;
			c->rtx_count = 0;
			c->rtx_ms = FLUE_NONE;
			if (c->snd_una != c->snd_max)
				flue_tcp_arm_rtx(e, c, c->rto_us);
		}
	}
	if (wnd != c->snd_wnd) {
		c->snd_wnd = wnd;
		flue_conn_touch(e, c);
	}
}
