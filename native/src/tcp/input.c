/* SPDX-License-Identifier: Apache-2.0 */

/* A segment arrives (RFC 9293 3.10.7.4, synchronized states). The fast path takes what continues
 * the stream as expected; everything else goes the RFC's way, step by step, in its order. */

#include "tcp/bytes.h"
#include "tcp/congestion.h"
#include "tcp/loss.h"
#include "tcp/reasm.h"
#include "tcp/sack.h"
#include "tcp/stranger.h"

#define TS_OPTION UINT32_C(0x0101080a) /* NOP, NOP, timestamps, 10 bytes */

static void
drop(struct flue_segment *s)
{
	flue_pkt_release(s->pkt);
}

/** No memory for it. */
static void
discard(struct flue_engine *e, struct flue_segment *s)
{
	e->stats[s->key.ip6].ip.in_discards++;
	drop(s);
}

/** In-order data came: an ACK is owed, at the latest when its delay is over. */
static inline __attribute__((always_inline)) void
owe_data_ack(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_ACK_OWED) {
		c->unacked += c->unacked < UINT8_MAX;
	} else {
		c->unacked = 1;
		c->ack_ms = e->now_ms + e->delayed_ack_ms;
		/* A peer in slow start grows by the ACKs it gets. */
		if (unlikely(c->quick > 0)) {
			c->quick--;
			c->flags |= CONN_ACK_NOW;
		}
	}
	flue_tcp_owe_ack(e, c, CONN_ACK_OWED);
}

/** Where the host wants an ACK for each segment (tcp_ack_frequency 1) each of a burst has its own: the one
 *  before goes out before the next is taken. Without a packet for it they are acknowledged together. */
static inline void
ack_before(struct flue_engine *e, struct flue_conn *c)
{
	if (e->params.tcp_ack_frequency == 1 && (c->flags & CONN_ACK_OWED))
		(void)flue_tcp_send_ack(e, c);
}

/** What the segment's flags say about the payload it brings. */
static void
mark_push(struct flue_segment *s)
{
	_Static_assert(FLUE_PKT_PSH == TCP_PSH << 10, "one shift");
	s->pkt->flags |= (uint16_t)((s->flags & TCP_PSH) << 10);
}

/** 24 days of silence make TS.Recent worthless (RFC 7323 5.5). */
static bool
ts_outdated(const struct flue_engine *e, const struct flue_conn *c)
{
	return e->now_ms - c->ts_recent_ms > 24u * 24 * 3600 * 1000;
}

static void
remember_ts(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	if (s->has_ts && flue_seq_leq(s->seq, c->last_ack_sent) &&
			(flue_seq_geq(s->tsval, c->ts_recent) || ts_outdated(e, c))) {
		c->ts_recent = s->tsval;
		c->ts_recent_ms = e->now_ms;
	}
}

/* ---- Fast path ------------------------------------------------------------------------------ */

/** 1 = on its way it met congestion: CE of the traffic class (RFC 3168). */
static uint32_t
congestion_seen(const struct flue_segment *s)
{
	uint32_t ecn = s->key.ip6 ? s->tcp[-39] >> 4 : s->tcp[-19];

	return (ecn & 3) == 3;
}

static inline __attribute__((always_inline)) bool
fast_path(struct flue_engine *e, struct flue_conn *c, struct flue_segment *s)
{
	/* Header length, reserved bits and flags in one compare; PSH and the window may be anything. */
	uint32_t expected = c->flags & CONN_TS ? UINT32_C(0x80100000) : UINT32_C(0x50100000);
	uint32_t window;

	if ((flue_load32be(s->tcp + 12) & UINT32_C(0xfff70000)) != expected ||
			c->state != FLUE_TCP_ESTABLISHED || (c->flags & CONN_SLOW) ||
			s->seq != c->rcv_nxt || s->payload > c->rcv_adv - c->rcv_nxt ||
			s->ack - c->snd_una > c->snd_max - c->snd_una)
		return false;
	if (c->flags & CONN_TS) {
		if (flue_load32be(s->tcp + 20) != TS_OPTION)
			return false;
		s->tsval = flue_load32be(s->tcp + 24);
		s->tsecr = flue_load32be(s->tcp + 28);
		s->has_ts = true;
		if (flue_seq_lt(s->tsval, c->ts_recent))
			return false;
	}
	/* CE has to be what the peer was told last. */
	if (unlikely(c->tos & TOS_ECN) && congestion_seen(s) != (c->tos & TOS_ECE))
		return false;
	window = (uint32_t)s->window << flue_conn_snd_scale(c);
	if ((s->payload == 0 && s->ack == c->snd_una && window == c->snd_wnd) || window == 0)
		return false;
	flue_count(e, FLUE_CTR_IN_FAST, 1);
	if (unlikely(c->flags & CONN_KEEPALIVE))
		flue_heard(e, c);
	if (c->flags & CONN_TS)
		remember_ts(e, c, s);
	if (s->ack != c->snd_una)
		(void)flue_tcp_acknowledge(e, c, s);
	if (window != c->snd_wnd) {
		if (s->window > c->max_window)
			c->max_window = s->window;
		if (c->snd_wnd == 0)
			c->probe_round = 0;
		c->snd_wnd = window;
		flue_conn_touch(e, c);
	}
	c->snd_wl1 = s->seq;
	if (s->payload == 0) {
		drop(s);
		return true;
	}
	mark_push(s);
	ack_before(e, c);
	if (likely(flue_receive_enqueue(e, c, s->pkt))) {
		c->rcv_nxt += s->payload;
		flue_count(e, FLUE_CTR_IN_BYTES, s->payload);
		owe_data_ack(e, c);
	} else {
		discard(e, s);
	}
	return true;
}

/* ---- RFC path ------------------------------------------------------------------------------- */

/** Timestamps: present when agreed, and not older than what was seen (RFC 7323 5). */
static bool
timestamps_acceptable(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	uint32_t oldest;

	/* What begins a connection or ends it may come from a peer that does not know this one. */
	if (!(c->flags & CONN_TS) || (s->flags & (TCP_RST | TCP_SYN)))
		return true;
	if (!s->has_ts)
		return false;
	/* What came during an initiate is forwarded after later segments were seen here: its order
	 * says nothing about its age, but that it is younger than what the host had seen before. */
	oldest = s->forwarded ? c->given_ts_recent : c->ts_recent;
	if (!flue_seq_lt(s->tsval, oldest))
		return true;
	if (ts_outdated(e, c))
		return true;
	flue_count(e, FLUE_CTR_IN_OUT_OF_WINDOW, 1);
	flue_answer_unacceptable(e, c, s);
	return false;
}

static bool
sequence_acceptable(const struct flue_conn *c, const struct flue_segment *s)
{
	uint32_t len = s->payload + ((s->flags & TCP_FIN) != 0) + ((s->flags & TCP_SYN) != 0);

	/* A segment without length at the right edge is what a sender that filled the window sends. */
	if (len == 0)
		return flue_seq_geq(s->seq, c->rcv_nxt) && flue_seq_leq(s->seq, c->rcv_adv);
	return flue_seq_lt(s->seq, c->rcv_adv) && flue_seq_gt(s->seq + len, c->rcv_nxt);
}

/** RFC 9293: ACK, URG and RST of a segment at RCV.NXT count even when its data does not fit. */
static bool
zero_window_exception(const struct flue_conn *c, const struct flue_segment *s)
{
	return c->rcv_adv == c->rcv_nxt && s->seq == c->rcv_nxt && !(s->flags & TCP_SYN);
}

static void
enter_time_wait(struct flue_engine *e, struct flue_conn *c)
{
	c->state = FLUE_TCP_TIME_WAIT;
	c->rtx_ms = FLUE_NONE;
	flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
}

/** Our FIN was acknowledged. */
static void
fin_acknowledged(struct flue_engine *e, struct flue_conn *c)
{
	switch (c->state) {
	case FLUE_TCP_FIN_WAIT1:
		c->state = FLUE_TCP_FIN_WAIT2;
		c->flags |= CONN_FIN_WAIT;
		flue_tcp_arm_rtx(e, c, FLUE_FIN_WAIT_US);
		break;
	case FLUE_TCP_CLOSING:
		enter_time_wait(e, c);
		break;
	case FLUE_TCP_LAST_ACK:
		c->state = FLUE_TCP_CLOSED;
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
		break;
	default:
		break;
	}
}

static void
fin_arrived(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_FIN_RCVD)
		return;
	flue_reasm_drop(e, c);
	c->rcv_nxt++;
	if (flue_seq_lt(c->rcv_adv, c->rcv_nxt))
		c->rcv_adv = c->rcv_nxt;
	c->flags |= CONN_FIN_RCVD;
	flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
	switch (c->state) {
	case FLUE_TCP_ESTABLISHED:
		c->state = FLUE_TCP_CLOSE_WAIT;
		break;
	case FLUE_TCP_FIN_WAIT1:
		/* Not acknowledged ours yet, or that came with this segment and was seen before. */
		c->state = FLUE_TCP_CLOSING;
		break;
	case FLUE_TCP_FIN_WAIT2:
		c->flags &= ~CONN_FIN_WAIT;
		enter_time_wait(e, c);
		break;
	default:
		break;
	}
}

/** In order now? Takes over the packet. */
static void
payload_in(struct flue_engine *e, struct flue_conn *c, struct flue_segment *s)
{
	bool fin = (s->flags & TCP_FIN) != 0;
	bool holes = (c->flags & CONN_OOO) != 0;
	uint32_t end = s->seq + s->payload;

	mark_push(s);
	if (s->seq != c->rcv_nxt) {
		flue_reasm_add(e, c, s->pkt, fin, s->told);
		/* Behind a loss the peer's window is small: one that waits for an ACK stands still. */
		c->quick = FLUE_QUICK_ACKS;
		if (s->told)
			return;
		if (!flue_quiet(e, c)) {
			flue_sack_owe(e, c);
		} else {
			c->untold = true;
			flue_timer_arm_ms(e, c, flue_quiet_end(e, c));
		}
		return;
	}
	if (s->payload > 0) {
		ack_before(e, c);
		if (!flue_receive_enqueue(e, c, s->pkt)) {
			discard(e, s);
			return;
		}
		c->rcv_nxt = end;
		flue_count(e, FLUE_CTR_IN_BYTES, s->payload);
		if (holes)
			flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
		else
			owe_data_ack(e, c);
	} else {
		drop(s);
	}
	if (!fin && holes)
		fin = flue_reasm_drain(e, c);
	if (fin)
		fin_arrived(e, c);
}

/** Cut to the window; takes over the packet. */
static void
trim_and_queue(struct flue_engine *e, struct flue_conn *c, struct flue_segment *s)
{
	uint32_t cut;

	if ((c->state != FLUE_TCP_ESTABLISHED && c->state != FLUE_TCP_FIN_WAIT1 &&
			    c->state != FLUE_TCP_FIN_WAIT2) ||
			(s->payload == 0 && !(s->flags & TCP_FIN))) {
		drop(s);
		return;
	}
	if (flue_seq_lt(s->seq, c->rcv_nxt)) {
		cut = c->rcv_nxt - s->seq;
		flue_count(e, FLUE_CTR_IN_DUPLICATE, 1);
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
		if (cut > s->payload) /* all of it and the FIN: acceptable() saw to that */
			cut = s->payload;
		flue_sack_duplicate(e, c, s->seq, s->seq + cut);
		s->seq += cut;
		s->payload -= cut;
		s->pkt->payload_off = (uint16_t)(s->pkt->payload_off + cut);
	}
	if (flue_seq_gt(s->seq + s->payload, c->rcv_adv)) {
		s->payload = c->rcv_adv - s->seq;
		s->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
	}
	s->pkt->seq = s->seq;
	s->pkt->payload_len = (uint16_t)s->payload;
	if (s->payload == 0 && !(s->flags & TCP_FIN)) {
		drop(s);
		return;
	}
	payload_in(e, c, s);
}

/** Urgent data is the host's: this segment and all that follow wait for the terminate, unprocessed
 *  and unacknowledged, and go up as they came then (T-116). */
static void
urgent(struct flue_engine *e, struct flue_conn *c, struct flue_segment *s)
{
	c->flags &= ~(CONN_ACK_OWED | CONN_ACK_NOW | CONN_WIN_UPDATE);
	c->set_aside = true;
	flue_tcp_request_upload(e, c, FLUE_UPLOAD_RECEIVED_URGENT_DATA);
	flue_reasm_append(e, c, s->pkt);
}

void
flue_tcp_unprocessed(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt)
{
	if (c->set_aside)
		flue_reasm_append(e, c, pkt);
	else
		flue_frame_up(e, pkt);
}

static bool
ack_acceptable(const struct flue_conn *c, const struct flue_segment *s)
{
	return flue_seq_leq(s->ack, c->snd_max) &&
	       flue_seq_geq(s->ack, c->snd_una - flue_conn_max_snd_wnd(c));
}

static void
ack_in(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	bool was_acked = (c->flags & CONN_FIN_ACKED) != 0;
	bool advances = flue_seq_gt(s->ack, c->snd_una);
	bool sack = s->sacks > 0 || (c->loss & (LOSS_BOARD | LOSS_TLP));
	uint32_t old_wnd = c->snd_wnd;
	uint32_t una = c->snd_una;
	bool counts = true;

	if (unlikely(sack))
		counts = flue_blocks_prepare(e, c, s);
	if (advances) {
		(void)flue_tcp_acknowledge(e, c, s);
		/* The newest ACK there is, though data sent again may have brought it: without its window
		 * the old one, counted from the new SND.UNA, would reach beyond what was promised. */
		if (flue_seq_lt(s->seq, c->snd_wl1))
			c->snd_wl1 = s->seq;
		flue_tcp_update_window(e, c, s);
	} else {
		flue_tcp_update_window(e, c, s);
		if (counts)
			flue_loss_dup_ack(e, c, s, old_wnd);
	}
	if (unlikely(sack))
		flue_blocks_settle(e, c, s, advances);
	if ((s->flags & TCP_ECE) && (c->tos & TOS_ECN))
		flue_cc_echo(e, c, c->snd_una - una);
	if (!was_acked && (c->flags & CONN_FIN_ACKED))
		fin_acknowledged(e, c);
	else if (c->flags & CONN_FIN_WAIT)
		flue_tcp_arm_rtx(e, c, FLUE_FIN_WAIT_US);
}

/**
 * What the network did to data on its way (RFC 3168 6.1.3): the peer hears of CE with every ACK until
 * it says that it has slowed down. With DCTCP it hears which segments had it (RFC 8257 3.2): the ACK
 * for those before a change goes out with what they had, and that of the change at once.
 */
static void
marks_in(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	if (c->cc_algorithm != FLUE_CC_DCTCP) {
		if (s->flags & TCP_CWR)
			c->tos &= (uint8_t)~TOS_ECE;
		if (congestion_seen(s))
			c->tos |= TOS_ECE;
		return;
	}
	if ((c->tos & TOS_ECE) == congestion_seen(s))
		return;
	/* Without a packet for it now, two segments' marks are told as one. */
	if (c->flags & CONN_ACK_OWED)
		(void)flue_tcp_send_ack(e, c);
	c->tos ^= TOS_ECE;
	flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
}

static __attribute__((noinline)) void
rfc_path(struct flue_engine *e, struct flue_conn *c, struct flue_segment *s)
{
	flue_segment_options(s);
	if (!timestamps_acceptable(e, c, s)) {
		drop(s);
		return;
	}
	if (!sequence_acceptable(c, s)) {
		if (!zero_window_exception(c, s)) {
			flue_count(e, FLUE_CTR_IN_OUT_OF_WINDOW, 1);
			if (!(s->flags & TCP_RST))
				flue_answer_unacceptable(e, c, s);
			drop(s);
			return;
		}
		s->payload = 0;
		s->flags &= (uint8_t)~TCP_FIN;
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
	}
	if (s->flags & TCP_RST) {
		if (s->seq == c->rcv_nxt) {
			flue_count(e, FLUE_CTR_ABORTS, 1);
			flue_tcp_abort(e, c);
			c->flags |= CONN_TELL_ABORT;
			flue_conn_touch(e, c);
		} else {
			flue_doubtful_rst(e, c);
		}
		drop(s);
		return;
	}
	if (s->flags & TCP_SYN) {
		flue_doubtful_syn(e, c, s);
		drop(s);
		return;
	}
	if ((s->flags & TCP_ACK) && !ack_acceptable(c, s)) {
		/* One that waited at the host was true when it came. */
		if (!s->forwarded || flue_seq_gt(s->ack, c->snd_max))
			flue_challenge(e, c);
		drop(s);
		return;
	}
	if (!(s->flags & TCP_ACK)) {
		drop(s);
		return;
	}
	if (c->flags & CONN_KEEPALIVE)
		flue_heard(e, c);
	if (s->flags & TCP_URG) {
		urgent(e, c, s);
		return;
	}
	if (c->flags & CONN_TS)
		remember_ts(e, c, s);
	ack_in(e, c, s);
	if ((c->tos & TOS_ECN) && s->payload > 0)
		marks_in(e, c, s);
	trim_and_queue(e, c, s);
}

void
flue_tcp_segment(struct flue_engine *e, struct flue_conn *c, struct flue_segment *s)
{
	flue_count(e, FLUE_CTR_IN_SEGMENTS, 1);
	if (likely(fast_path(e, c, s)))
		return;
	rfc_path(e, c, s);
}
