/* SPDX-License-Identifier: Apache-2.0 */

/* Recovery with a scoreboard: the record, the pace (PRR, RFC 9937), what is sent again, and the way
 * back where nothing was lost after all (RFC 4015 with the timestamps of RFC 3522, or by DSACK). */

#include <string.h>

#include "tcp/congestion.h"
#include "tcp/loss.h"

/* ---- The record ----------------------------------------------------------------------------- */

bool
flue_episode_begin(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_take(e, c);
	uint32_t id = x == NULL ? FLUE_NONE : flue_ids_take(&e->episode_ids);
	uint32_t most = e->runs.size / 4 < FLUE_RUNS_MOST ? e->runs.size / 4 : FLUE_RUNS_MOST;
	struct flue_episode *ep;

	if (id == FLUE_NONE)
		return false;
	ep = &e->episodes[id];
	memset(ep, 0, sizeof(*ep));
	flue_board_init(&ep->board, c->snd_una, most);
	ep->news.fack = ep->rack_order = ep->rack_first = ep->una = c->snd_una;
	ep->rack_rtt = c->srtt8 / 8;
	ep->reo_ms = FLUE_NONE;
	x->episode = id;
	c->loss |= LOSS_BOARD;
	c->flags |= CONN_DUP_ACKS;
	return true;
}

void
flue_episode_end(struct flue_engine *e, struct flue_conn *c)
{
	if (!(c->loss & LOSS_BOARD))
		return;
	flue_board_clear(&e->runs, &flue_episode_of(e, c)->board);
	flue_ids_give(&e->episode_ids, flue_extra_of(e, c)->episode);
	c->loss &= (uint8_t)~LOSS_BOARD;
	if (c->loss == 0 && c->dup_acks == 0)
		c->flags &= ~CONN_DUP_ACKS;
}

void
flue_episode_degrade(struct flue_engine *e, struct flue_conn *c)
{
	flue_count(e, FLUE_CTR_NO_BOARD, 1);
	flue_episode_end(e, c);
	if (c->flags & CONN_RTO_RECOVERY) {
		c->snd_nxt = c->snd_una;
		c->send_nxt = c->send_head;
	} else if (c->loss & LOSS_FAST) {
		c->loss |= LOSS_RESEND;
		c->cc.cwnd = c->cc.ssthresh + c->dup_acks * c->mss;
	}
	flue_conn_touch(e, c);
}

/* ---- In and out of recovery ----------------------------------------------------------------- */

static void
remember(struct flue_engine *e, const struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);

	x->undo = true;
	x->undo_sent = false;
	x->undo_bytes = 0;
	x->undo_end = c->snd_max;
}

/** Bytes this acknowledgment lets out. Above ssthresh in proportion to what arrived, below it what
 *  arrived and, while nothing more is lost, a segment more. */
static void
pace(struct flue_conn *c, struct flue_episode *ep, bool safe)
{
	uint32_t delivered = ep->news.delivered;
	uint32_t pipe = flue_pipe(c, &ep->board);
	uint32_t ssthresh = c->cc.ssthresh;
	uint64_t allowed;
	uint64_t n;

	ep->prr_delivered += delivered;
	if (pipe > ssthresh) {
		allowed = ((uint64_t)ep->prr_delivered * ssthresh + ep->prr_flight - 1) /
			  ep->prr_flight;
		n = allowed > ep->prr_out ? allowed - ep->prr_out : 0;
	} else {
		n = ep->prr_delivered > ep->prr_out ? ep->prr_delivered - ep->prr_out : 0;
		if (n < delivered)
			n = delivered;
		if (safe)
			n += c->mss;
		if (n > ssthresh - pipe)
			n = ssthresh - pipe;
	}
	/* What made it begin is sent again at once. */
	if (ep->prr_out == 0 && n < c->mss)
		n = c->mss;
	c->cc.cwnd = pipe + (uint32_t)(n < UINT32_MAX - pipe ? n : UINT32_MAX - pipe);
}

void
flue_recovery_enter(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_episode *ep = flue_episode_of(e, c);
	uint32_t flight = c->snd_max - c->snd_una;

	remember(e, c);
	flue_cc_lost(e, c, flue_loss_flight(c, ep->una));
	c->recover = c->snd_max;
	c->loss = LOSS_BOARD | LOSS_FAST;
	c->dup_acks = (uint8_t)e->params.tcp_duplicate_ack_threshold;
	c->flags &= ~CONN_TIMING; /* Karn */
	ep->prr_delivered = 0;
	ep->prr_out = 0;
	ep->prr_flight = flight - ep->board.sacked + ep->news.delivered;
	if (ep->prr_flight == 0)
		ep->prr_flight = c->mss;
	pace(c, ep, false);
	/* In the step that follows it does not count again. */
	ep->news.delivered = 0;
	flue_count(e, FLUE_CTR_FAST_RETRANSMITS, 1);
	flue_tcp_arm_rtx(e, c, c->rto_us);
	flue_conn_touch(e, c);
}

static bool
recovering(const struct flue_conn *c)
{
	return (c->loss & LOSS_FAST) || (c->flags & CONN_RTO_RECOVERY);
}

static void
leave(struct flue_engine *e, struct flue_conn *c)
{
	if (c->loss & LOSS_FAST)
		c->cc.cwnd = c->cc.ssthresh;
	c->loss &= (uint8_t) ~(LOSS_FAST | LOSS_PARTIAL);
	c->flags &= ~CONN_RTO_RECOVERY;
	c->dup_acks = 0;
	c->recover = c->snd_una - 1;
	flue_extra_held(e, c)->undo_end = c->snd_max;
	flue_rack_recovered(c);
}

void
flue_recovery_undo(struct flue_engine *e, struct flue_conn *c)
{
	flue_extra_held(e, c)->undo = false;
	flue_count(e, FLUE_CTR_UNDONE, 1);
	if (recovering(c)) {
		leave(e, c);
		c->rtx_count = 0;
		c->rto_us = flue_rto(e, c);
	}
	flue_cc_undo(e, c);
	if (c->loss & LOSS_BOARD)
		flue_board_lose_none(&e->runs, &flue_episode_of(e, c)->board);
	flue_conn_touch(e, c);
}

void
flue_recovery_dsack(struct flue_engine *e, struct flue_conn *c, uint32_t bytes)
{
	struct flue_extra *x = flue_extra_held(e, c);

	if (x == NULL || !x->undo || !x->undo_sent)
		return;
	if (!recovering(c) && flue_seq_gt(c->snd_una, x->undo_end)) {
		x->undo = false;
		return;
	}
	x->undo_bytes -= bytes < x->undo_bytes ? bytes : x->undo_bytes;
	if (x->undo_bytes == 0)
		flue_recovery_undo(e, c);
}

/** The original arrived, not what was sent again: its timestamp is older (RFC 3522), or nothing was
 *  sent again yet. */
static bool
needless(const struct flue_engine *e, const struct flue_conn *c, const struct flue_segment *s)
{
	const struct flue_extra *x = flue_extra_of(e, c);

	if (!x->undo)
		return false;
	if (!x->undo_sent)
		return flue_episode_of(e, c)->board.lost == 0;
	return (c->flags & CONN_TS) && s->has_ts && s->tsecr != 0 &&
	       flue_seq_lt(s->tsecr, x->undo_ts);
}

void
flue_recovery_step(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		bool advanced, uint32_t lost)
{
	struct flue_episode *ep = flue_episode_of(e, c);

	if (advanced && recovering(c) && needless(e, c, s))
		flue_recovery_undo(e, c);
	if (recovering(c) && flue_seq_geq(c->snd_una, c->recover))
		leave(e, c);
	if (!recovering(c) && ep->board.due > 0)
		flue_recovery_enter(e, c);
	else if ((c->loss & LOSS_FAST) && ep->news.delivered > 0)
		pace(c, ep, advanced && lost == 0);
	flue_conn_touch(e, c);
	/* Nothing is open any more. */
	if (!recovering(c) && ep->board.sacked + ep->board.lost + ep->board.resent == 0 &&
			ep->reo_ms == FLUE_NONE)
		flue_episode_end(e, c);
}

void
flue_recovery_advance(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_episode *ep = flue_episode_of(e, c);

	flue_board_advance(&e->runs, &ep->board, c->snd_una, &ep->news);
	c->loss &= (uint8_t)~LOSS_ECHO;
	if (c->flags & CONN_RTO_RECOVERY) {
		c->rtx_count = 0;
		/* Backed off until an answer came (RFC 6298 5.7); this is one. */
		c->rto_us = flue_rto(e, c);
	}
}

bool
flue_recovery_timeout(struct flue_engine *e, struct flue_conn *c)
{
	const struct flue_run *head;
	struct flue_episode *ep;

	if (!c->sack || c->snd_nxt != c->snd_max)
		return false;
	if (!(c->loss & LOSS_BOARD) && !flue_episode_begin(e, c)) {
		flue_count(e, FLUE_CTR_NO_BOARD, 1);
		return false;
	}
	ep = flue_episode_of(e, c);
	head = ep->board.head == RUN_NONE ? NULL : &e->runs.run[ep->board.head];
	/* It had this and would have acknowledged it: it has thrown away what it told of (RFC 2018 8). */
	if (head != NULL && (head->flags & RUN_SACKED))
		flue_board_clear(&e->runs, &ep->board);
	if (!flue_board_lose_all(&e->runs, &ep->board, c->snd_max)) {
		flue_count(e, FLUE_CTR_NO_BOARD, 1);
		flue_episode_end(e, c);
		return false;
	}
	ep->reo_ms = FLUE_NONE;
	ep->rack_again = false;
	if (c->rtx_count == 0)
		remember(e, c);
	return true;
}

/* ---- Out ------------------------------------------------------------------------------------ */

bool
flue_recovery_resend(struct flue_engine *e, struct flue_conn *c, uint32_t start, uint32_t len)
{
	struct flue_extra *x = flue_extra_held(e, c);
	bool fin = (c->flags & CONN_FIN_SENT) && start + len == c->snd_end;
	uint32_t end = start + len + fin;
	struct flue_episode *ep;

	if (!flue_tcp_emit(e, c, start, len, fin ? TCP_ACK | TCP_FIN : TCP_ACK))
		return false;
	flue_count(e, FLUE_CTR_RETRANSMITS, 1);
	c->retransmits++;
	e->tx_data++;
	/* Karn */
	if (flue_seq_gt(c->rtt_seq, start) && flue_seq_leq(c->rtt_seq, end))
		c->flags &= ~CONN_TIMING;
	if (x != NULL) {
		if (!x->undo_sent)
			x->undo_ts = flue_ts_clock(e, c);
		x->undo_sent = true;
		x->undo_bytes += end - start;
	}
	if (c->rtx_ms == FLUE_NONE)
		flue_tcp_arm_rtx(e, c, c->rto_us);
	if (!(c->loss & LOSS_BOARD))
		return true;
	ep = flue_episode_of(e, c);
	ep->prr_out += end - start;
	if (!flue_board_resend(&e->runs, &ep->board, start, end, flue_now_us(e), c->snd_max))
		flue_episode_degrade(e, c);
	return true;
}

bool
flue_recovery_output(struct flue_engine *e, struct flue_conn *c, int *turns)
{
	uint32_t edge = c->snd_una + c->snd_wnd;

	while (c->loss & LOSS_BOARD) {
		struct flue_board *b = &flue_episode_of(e, c)->board;
		const struct flue_run *r = flue_board_hole(&e->runs, b);
		uint32_t pipe = flue_pipe(c, b);
		uint32_t end;
		uint32_t len;

		if (r == NULL || !flue_seq_lt(r->start, edge))
			return true;
		end = flue_seq_lt(c->snd_end, r->end) ? c->snd_end : r->end;
		len = end - r->start;
		if (len > c->mss)
			len = c->mss;
		if (len > edge - r->start)
			len = edge - r->start;
		if (pipe != 0 && c->cc.cwnd < pipe + len)
			return true;
		if (*turns == FLUE_TX_PER_TURN || e->tx_data >= e->tx_limit)
			return false;
		if (!flue_recovery_resend(e, c, r->start, len))
			return false;
		++*turns;
	}
	return true;
}
