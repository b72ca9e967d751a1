/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_TCP_H
#define FLUE_TCP_TCP_H

/** @file The TCP of established connections (RFC 9293), as the engine calls it. Owner thread. */

#include "engine/parts.h"

/** A segment with good checksums arrived (or was forwarded). Takes over the packet. */
void flue_tcp_segment(struct flue_engine *e, struct flue_conn *c, struct flue_segment *s);

/** After the last of the segments that came for it together: what they acknowledged completes. */
static inline void
flue_tcp_segments_end(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_TX_WAIT)
		flue_send_complete(e, c);
}

/** A segment of a connection that is not processed any more: up as a frame, now or, after urgent
 *  data, at the terminate. Takes over the packet. */
void flue_tcp_unprocessed(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt);

/** Send what windows and queue allow, at most FLUE_TX_PER_TURN segments.
 *  @return true when there is more to do: give the connection another turn */
bool flue_tcp_output(struct flue_engine *e, struct flue_conn *c);

/** After a pause there is no flow of ACKs that would pace a whole window (RFC 5681 4.1). */
void flue_tcp_restart_if_idle(struct flue_engine *e, struct flue_conn *c);

/** Sequence number of a segment without data, such that the peer finds it within its window. */
uint32_t flue_tcp_bare_seq(const struct flue_conn *c);

/** Send an ACK. @return false: no packet or no room now */
bool flue_tcp_send_ack(struct flue_engine *e, struct flue_conn *c);

/**
 * Of `len` bytes from SND.NXT on, of `unsent` in all, those that can be one packet which the port cuts:
 * new data, whole segments that lie in one piece and would leave alike but for their numbers.
 * @return bytes, of one segment where there are not more
 */
uint32_t flue_tcp_cut(struct flue_engine *e, struct flue_conn *c, uint32_t len, uint32_t unsent);

/**
 * Send full segments of new data one behind the other, which differ only in numbers and payload: at most
 * `most`, and so many as `bytes` from SND.NXT on have. Only right behind a usual one of the same
 * connection in the same pass, whose header they share; numbers and timers are the caller's to move.
 * @return how many; 0: they have to be sent one by one, or there is no packet or no room
 */
uint32_t flue_tcp_train(struct flue_engine *e, struct flue_conn *c, uint32_t bytes, uint32_t most);

/** Send one segment, or what flue_tcp_cut() says; PSH is set where an NBL ends in it. @return false: no
 *  packet or no room now */
bool flue_tcp_emit(struct flue_engine *e, struct flue_conn *c, uint32_t seq, uint32_t len,
		uint8_t flags);

/** Send `len` bytes that were not sent yet; there are as many. @return false: not now */
bool flue_tcp_send_new(struct flue_engine *e, struct flue_conn *c, uint32_t len);

/** The wheel entry of the connection came due. */
void flue_tcp_timer(struct flue_engine *e, struct flue_conn *c);

/** Take the connection out of processing and ask the host to take it back. */
void
flue_tcp_request_upload(struct flue_engine *e, struct flue_conn *c, enum flue_upload_reason reason);

/** An acceptable RST, or an abortive disconnect: nothing is processed any more. */
void flue_tcp_abort(struct flue_engine *e, struct flue_conn *c);

/** Take an acceptable acknowledgment into account (ack.c). @return acknowledged something new */
bool flue_tcp_acknowledge(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s);
/** RFC 9293 window update rule. */
void
flue_tcp_update_window(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s);

/** Out-of-order queue (reasm.c). Takes over the packet. */
void flue_reasm_add(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt, bool fin,
		bool told);
/** Move what has become in-order to the receive queue. @return a FIN became in-order */
bool flue_reasm_drain(struct flue_engine *e, struct flue_conn *c);
/** Behind all there is, to go up with it; dropped where FLUE_OOO_MAX wait already. Takes over the
 *  packet. */
void flue_reasm_append(struct flue_engine *e, struct flue_conn *c, struct flue_pkt *pkt);
/** Up as frames, in sequence order. */
void flue_reasm_hand_up(struct flue_engine *e, struct flue_conn *c);
void flue_reasm_drop(struct flue_engine *e, struct flue_conn *c);

/** RTT and RTO, RFC 6298 (rtt.c). */
void flue_rtt_sample(struct flue_engine *e, struct flue_conn *c, uint32_t us);
uint32_t flue_rto(const struct flue_engine *e, const struct flue_conn *c);

/** Bytes the host does well to keep posted (backlog.c). */
uint32_t flue_send_backlog(const struct flue_conn *c);
/** The host learns them now: no event before they have changed by much. */
void flue_backlog_told(const struct flue_engine *e, struct flue_conn *c);
/** Once a round trip: is a change worth an event? At most one a second. */
void flue_backlog_check(struct flue_engine *e, struct flue_conn *c);

/** Is the time after an initiate not over, in which what the host forwards may fill a hole? */
static inline bool
flue_quiet(const struct flue_engine *e, struct flue_conn *c)
{
	uint16_t left = (uint16_t)(c->told_ms + FLUE_QUIET_MS - e->now_ms);

	if (c->quiet && (left == 0 || left > FLUE_QUIET_MS + 1))
		c->quiet = 0;
	return c->quiet;
}

/** When it is, ms. It is not. */
static inline uint32_t
flue_quiet_end(const struct flue_engine *e, const struct flue_conn *c)
{
	return e->now_ms + (uint16_t)(c->told_ms + FLUE_QUIET_MS - e->now_ms);
}

/** The edge moves right as far as the buffer allows, by however little. */
void flue_window_widen(struct flue_conn *c);
/** Space was made: an ACK of its own when the window opens enough to be worth it; when it does not,
 *  but the peer can send next to nothing, after the host's time (tcp_sws_prevention_ticks). */
void flue_window_check(struct flue_engine *e, struct flue_conn *c);
/** The wheel entry of the connection came due: that time? */
void flue_window_timer(struct flue_engine *e, struct flue_conn *c);

/** The wheel must know of a time that may lie before its entry. */
void flue_tcp_arm_rtx_slow(struct flue_engine *e, struct flue_conn *c);

/** Of the timestamp option, with the two NOPs before it. */
#define TCP_TS_BYTES 12

/** Segments are no longer than the path takes: it may have become narrower. */
static inline void
flue_tcp_fit(const struct flue_engine *e, struct flue_conn *c)
{
	uint32_t fits = e->paths[c->path].mss - (c->flags & CONN_TS ? TCP_TS_BYTES : 0u);

	if (unlikely(c->mss > fits))
		c->mss = (uint16_t)fits;
}

/** rtx_ms of a timer that is armed now. */
static inline uint32_t
flue_rtx_from_now(const struct flue_engine *e, uint32_t us)
{
	uint32_t ms = e->now_ms + (e->now_sub_us + us + 999) / 1000;

	return ms == FLUE_NONE ? 0 : ms;
}

/** Have the retransmission timer expire in `us` from now, instead of when it would have. */
static inline void
flue_tcp_arm_rtx(struct flue_engine *e, struct flue_conn *c, uint32_t us)
{
	uint32_t ms = flue_rtx_from_now(e, us);
	bool later = c->rtx_ms != FLUE_NONE && (int32_t)(ms - c->rtx_ms) >= 0;

	c->rtx_ms = ms;
	/* While it ran there was an entry no later than the old time: that will do. */
	if (unlikely(!later))
		flue_tcp_arm_rtx_slow(e, c);
}

/** CACHED values of the connection were replaced; `old` are those before (cached.c). */
void flue_conn_cached_changed(
		struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_cached *old);

/** Ticks of the host as nanoseconds. */
static inline int64_t
flue_ticks_ns(const struct flue_engine *e, uint32_t ticks)
{
	return (int64_t)ticks * (INT64_C(1000000000) / (int64_t)e->params.ticks_per_second);
}

/** ... as microseconds, at most an hour. */
static inline uint32_t
flue_ticks_us(const struct flue_engine *e, uint32_t ticks)
{
	uint32_t tick = 1000000u / e->params.ticks_per_second;

	return ticks > 3600000000u / tick ? 3600000000u : ticks * tick;
}

/** RTO << `doublings`, bounded like every timeout. */
static inline uint32_t
flue_probe_us(const struct flue_engine *e, const struct flue_conn *c, uint32_t doublings)
{
	uint64_t us = (uint64_t)c->rto_us << (doublings > 16 ? 16 : doublings);
	uint64_t most = (uint64_t)e->config.rto_max_us;

	return (uint32_t)(us < most ? us : most);
}

/** The end of this pass sends an ACK, or the timer does: CONN_ACK_NOW, CONN_ACK_OWED. */
static inline void
flue_tcp_owe_ack(struct flue_engine *e, struct flue_conn *c, uint32_t flags)
{
	c->flags |= flags;
	flue_conn_touch(e, c);
}

/** Must the ACK that is owed go out in this pass? (RFC 9293 3.8.6.3) */
static inline bool
flue_ack_due(const struct flue_engine *e, const struct flue_conn *c)
{
	return (c->flags & (CONN_ACK_NOW | CONN_WIN_UPDATE | CONN_STOPPED)) ||
	       c->unacked >= e->params.tcp_ack_frequency || (int32_t)(e->now_ms - c->ack_ms) >= 0;
}

/** Ticks of the parameters in force as milliseconds, no less. */
static inline uint32_t
flue_ticks_ms(const struct flue_engine *e, uint32_t ticks)
{
	uint32_t per_second = e->params.ticks_per_second;

	return (uint32_t)(((uint64_t)ticks * 1000 + per_second - 1) / per_second);
}

/** ... of a keepalive time, which may be of years. */
static inline uint64_t
flue_ka_ms(const struct flue_engine *e, uint32_t ticks)
{
	return (uint64_t)ticks * 1000 / e->params.ticks_per_second;
}

/** Have the keepalive timer run for so long from now. At most twelve days: what 32 bits cannot count up to
 *  is looked at in between. */
static inline void
flue_keepalive_in(struct flue_engine *e, struct flue_conn *c, uint64_t ms)
{
	uint32_t in = ms < 0x3fffffff ? (uint32_t)ms : 0x3fffffff;

	c->ka_ms = e->now_ms + (e->now_sub_us != 0) + in;
	flue_timer_arm_ms(e, c, c->ka_ms);
}

/** Our timestamp clock. */
static inline uint32_t
flue_ts_clock(const struct flue_engine *e, const struct flue_conn *c)
{
	return e->now_ticks + c->ts_delta;
}

#endif /* FLUE_TCP_TCP_H */
