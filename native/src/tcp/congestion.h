/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_CONGESTION_H
#define FLUE_TCP_CONGESTION_H

/** @file Congestion control of a connection: the pure functions of cc.h with what they want to know.
 *  Owner thread. Only slow start is free of the connection's cold part. */

#include "tcp/tcp.h"

/** Congestion avoidance; see flue_cc_acked(). */
void flue_cc_avoidance(struct flue_engine *e, struct flue_conn *c, uint32_t acked);

/**
 * New data was acknowledged, and the congestion window was what held the sender back. Otherwise, and
 * during fast recovery, it is not called.
 * @param acked   bytes
 * @param resent  what was acknowledged may have arrived before a timeout
 */
static inline void
flue_cc_acked(struct flue_engine *e, struct flue_conn *c, uint32_t acked, bool resent)
{
	if (likely(c->cc.cwnd < c->cc.ssthresh))
		flue_cc_slow_start(&c->cc, c->mss, resent ? 1 : e->cc_abc, acked);
	else
		flue_cc_avoidance(e, c, acked);
}

/**
 * A segment was lost, as duplicate ACKs or their like tell: sets ssthresh and notes what there was
 * before. Called with cwnd as it was; what it becomes is the caller's.
 * @param flight  bytes in flight
 */
void flue_cc_lost(struct flue_engine *e, struct flue_conn *c, uint32_t flight);

/** ... as the retransmission timer tells. Of the timeouts of one segment the first alone. */
void flue_cc_timed_out(struct flue_engine *e, struct flue_conn *c, uint32_t flight);

/** It was not lost: windows and algorithm as before the last flue_cc_lost() or flue_cc_timed_out(),
 *  or better where they have grown since. No effect the second time, nor once ECN has cut. */
void flue_cc_undo(struct flue_engine *e, struct flue_conn *c);

/** Nothing was sent for longer than the retransmission timeout (RFC 5681 4.1). */
void flue_cc_idle(struct flue_engine *e, struct flue_conn *c);

/** An acceptable ACK came with ECE, for `acked` new bytes: one cut a window (RFC 3168 6.1.2).
 *  SND.UNA has moved. */
void flue_cc_echo(struct flue_engine *e, struct flue_conn *c, uint32_t acked);

/** A round trip is over. Only where ECN was agreed that means anything. */
void flue_cc_round_marked(struct flue_engine *e, struct flue_conn *c);

static inline void
flue_cc_round(struct flue_engine *e, struct flue_conn *c)
{
	if (unlikely(c->tos & TOS_ECN))
		flue_cc_round_marked(e, c);
}

/** From the state of a hand-over; x may be NULL. cwnd and ssthresh are in place.
 *  @return false: it needs a record (tcp/extra.h), and there is none */
bool flue_cc_import(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_state_ext *x);
void flue_cc_export(const struct flue_engine *e, const struct flue_conn *c,
		struct flue_tcp_state_ext *x);

#endif /* FLUE_TCP_CONGESTION_H */
