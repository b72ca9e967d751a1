/* SPDX-License-Identifier: Apache-2.0 */

/* Without a scoreboard: fast retransmit and NewReno recovery (RFC 5681 3.2, RFC 6582), limited transmit
 * (RFC 3042). With and without: the timeout. Segments that are sent again leave in the order of
 * output.c. */

#include "tcp/loss.h"

#include "tcp/congestion.h"

/** Duplicate ACKs say nothing while they can be answers to probes, or to what went out twice. */
static bool
duplicates_count(const struct flue_conn *c)
{
	return c->snd_una != c->snd_max && c->snd_wnd != 0 &&
	       !(c->flags & (CONN_PERSIST | CONN_RTO_RECOVERY));
}

/** The segment at SND.UNA is gone: send it again now, and go on at half the pace. */
static void
enter_recovery(struct flue_engine *e, struct flue_conn *c)
{
	flue_cc_lost(e, c, flue_loss_flight(c, c->snd_una));
	c->cc.cwnd = c->cc.ssthresh + c->dup_acks * c->mss;
	c->recover = c->snd_max;
	c->loss = LOSS_FAST | LOSS_RESEND;
	c->flags &= ~CONN_TIMING; /* Karn */
	flue_count(e, FLUE_CTR_FAST_RETRANSMITS, 1);
	flue_tcp_arm_rtx(e, c, c->rto_us);
}

void
flue_loss_dup_ack(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		uint32_t old_wnd)
{
	if (!duplicates_count(c) || s->payload != 0 || (s->flags & (TCP_SYN | TCP_FIN)) ||
			s->ack != c->snd_una || c->snd_wnd != old_wnd)
		return;
	if (c->dup_acks < UINT8_MAX)
		c->dup_acks++;
	c->flags |= CONN_DUP_ACKS;
	/* A segment left the network: another one may enter it. */
	flue_conn_touch(e, c);
	if (c->loss & LOSS_FAST) {
		if (c->cc.cwnd < UINT32_MAX - c->mss)
			c->cc.cwnd += c->mss;
		return;
	}
	/* Of what a timeout sent again there may be two: duplicates of that are no news. */
	if (c->dup_acks == e->params.tcp_duplicate_ack_threshold &&
			flue_seq_gt(c->snd_una, c->recover) && c->snd_nxt == c->snd_max)
		enter_recovery(e, c);
}

/** @return false: not over yet; the next hole goes out */
static bool
recovered(struct flue_engine *e, struct flue_conn *c, uint32_t acked)
{
	uint32_t flight = c->snd_max - c->snd_una;

	if (flue_seq_geq(c->snd_una, c->recover)) {
		uint32_t cwnd = (flight > c->mss ? flight : c->mss) + c->mss;

		c->cc.cwnd = cwnd < c->cc.ssthresh ? cwnd : c->cc.ssthresh;
		/* Duplicates of what went out twice may still come. */
		c->recover = c->snd_una - 1;
		return true;
	}
	/* Deflate by what is acknowledged; what was sent again left the network, too. */
	c->cc.cwnd = c->cc.cwnd > acked + c->mss ? c->cc.cwnd - acked : c->mss;
	if (acked >= c->mss)
		c->cc.cwnd += c->mss;
	c->loss |= LOSS_RESEND;
	flue_conn_touch(e, c);
	/* Only the first partial ACK restarts the timer: many holes end in a timeout (RFC 6582). */
	if (!(c->loss & LOSS_PARTIAL)) {
		c->loss |= LOSS_PARTIAL;
		flue_tcp_arm_rtx(e, c, c->rto_us);
	}
	return false;
}

bool
flue_loss_progress(struct flue_engine *e, struct flue_conn *c, uint32_t acked)
{
	if (c->loss & LOSS_BOARD) {
		flue_recovery_advance(e, c);
		return false;
	}
	if ((c->loss & LOSS_FAST) && !recovered(e, c, acked))
		return true;
	if (c->flags & CONN_DUP_ACKS) {
		/* Backed off by the giver, and what it has sent since then was not sent twice. */
		if (c->loss & LOSS_ECHO)
			c->rto_us = flue_rto(e, c);
		c->loss &= LOSS_TLP | LOSS_TLP_OLD;
		c->dup_acks = 0;
		if (c->loss == 0)
			c->flags &= ~CONN_DUP_ACKS;
	}
	if (c->flags & CONN_RTO_RECOVERY) {
		c->rtx_count = 0;
		/* Backed off until an answer came (RFC 6298 5.7); this is one. */
		c->rto_us = flue_rto(e, c);
		if (flue_seq_geq(c->snd_una, c->recover))
			c->flags &= ~CONN_RTO_RECOVERY;
	}
	return false;
}

void
flue_loss_timeout(struct flue_engine *e, struct flue_conn *c)
{
	bool first = c->rtx_count == 0;
	uint64_t rto = (uint64_t)c->rto_us * 2;
	bool board = flue_recovery_timeout(e, c);

	flue_count(e, FLUE_CTR_TIMEOUTS, 1);
	if (first) {
		c->since_ms = e->now_ms;
		flue_cc_timed_out(e, c, c->snd_max - c->snd_una);
	}
	if (c->rtx_count < UINT8_MAX)
		c->rtx_count++;
	c->cc.cwnd = c->mss;
	c->rto_us = rto > (uint64_t)e->config.rto_max_us ? (uint32_t)e->config.rto_max_us
							 : (uint32_t)rto;
	/* Karn: what is under way now gives no sample. */
	c->flags = (c->flags & ~(CONN_TIMING | CONN_DUP_ACKS)) | CONN_RTO_RECOVERY;
	c->loss = 0;
	c->dup_acks = 0;
	c->recover = c->snd_max;
	if (board) {
		c->loss = LOSS_BOARD;
		c->flags |= CONN_DUP_ACKS;
	} else {
		c->snd_nxt = c->snd_una;
		c->send_nxt = c->send_head;
	}
	flue_tcp_arm_rtx(e, c, c->rto_us);
}

void
flue_loss_forget(struct flue_engine *e, struct flue_conn *c)
{
	flue_episode_end(e, c);
	c->flags &= ~(CONN_TIMING | CONN_DUP_ACKS);
	c->loss = 0;
	c->dup_acks = 0;
}

uint32_t
flue_loss_next_ms(const struct flue_engine *e, const struct flue_conn *c)
{
	uint32_t next = c->rtx_ms;
	uint32_t probe = flue_tlp_due_ms(e, c);

	if (probe != FLUE_NONE && (int32_t)(probe - next) < 0)
		next = probe;
	if (c->loss & LOSS_BOARD) {
		uint32_t reo = flue_episode_of(e, c)->reo_ms;

		if (reo != FLUE_NONE && (next == FLUE_NONE || (int32_t)(reo - next) < 0))
			next = reo;
	}
	return next;
}
