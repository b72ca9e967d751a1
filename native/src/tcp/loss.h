/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_LOSS_H
#define FLUE_TCP_LOSS_H

/**
 * @file
 * Loss: what tells that a segment is gone, and what is sent again then. Owner thread.
 *
 * Where SACK was agreed a scoreboard (board.h) knows what is in flight, RACK (rack.c) says what of it
 * is lost and PRR (recovery.c) how fast it is sent again; a tail loss probe (tlp.c) asks where no ACK
 * comes. Without SACK, or without a free record for the board, it is duplicate ACKs and NewReno
 * (loss.c). The timeout is the last resort of both.
 */

#include "tcp/tcp.h"

/* ---- loss.c --------------------------------------------------------------------------------- */

/** An ACK that acknowledged nothing new. Counts it if it is a duplicate by RFC 5681 section 2; with
 *  the last of them (params: tcp_duplicate_ack_threshold) recovery begins. Not while there is a
 *  board. */
void flue_loss_dup_ack(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		uint32_t old_wnd);

/** New data was acknowledged, `acked` bytes of it.
 *  @return still in fast recovery without a board: congestion window and timer were seen to */
bool flue_loss_progress(struct flue_engine *e, struct flue_conn *c, uint32_t acked);

/** The retransmission timer expired: all that is not known to have arrived is lost. */
void flue_loss_timeout(struct flue_engine *e, struct flue_conn *c);

/** What a loss is measured by (RFC 5681 3.1 FlightSize). What limited transmit sent beyond the window does
 *  not count.
 *  @param una  SND.UNA before the acknowledgment that tells of it */
static inline uint32_t
flue_loss_flight(const struct flue_conn *c, uint32_t una)
{
	uint32_t flight = c->snd_max - una;

	return flight > c->cc.cwnd ? c->cc.cwnd : flight;
}

/** Nothing of it: what is in flight is no question of loss any more, but of a closed window. */
void flue_loss_forget(struct flue_engine *e, struct flue_conn *c);

/** When the wheel has to look at what is in flight: timeout, probe or reordering timer; ms,
 *  FLUE_NONE */
uint32_t flue_loss_next_ms(const struct flue_engine *e, const struct flue_conn *c);

/* ---- blocks.c ------------------------------------------------------------------------------- */

/** Before an acceptable acknowledgment is taken into account: with the first block of something that
 *  arrived behind a hole the board begins.
 *  @return without a board: if it acknowledges nothing new it counts as a duplicate. With SACK one
 *          that tells of nothing behind a hole does not (RFC 6675 2). */
bool flue_blocks_prepare(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s);
/** After it was: blocks, DSACK (RFC 2883), the probe's answer, RACK, recovery.
 *  @param advanced  it acknowledged something new */
void flue_blocks_settle(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		bool advanced);

/* ---- rack.c --------------------------------------------------------------------------------- */

/** Episode of a connection with LOSS_BOARD. */
static inline struct flue_episode *
flue_episode_of(const struct flue_engine *e, const struct flue_conn *c)
{
	return &e->episodes[e->extras[c->extra].episode];
}

/** What this acknowledgment says of order and time (RFC 8985 6.2 steps 1 to 3). */
void flue_rack_learn(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s);
/** Mark what is lost and arm the reordering timer for what may be (steps 4, 5).
 *  @return bytes newly lost */
uint32_t flue_rack_detect(struct flue_engine *e, struct flue_conn *c);
/** Has something arrived that was sent after the run, which was sent again? */
bool flue_rack_overtaken(const struct flue_episode *ep, const struct flue_run *r);
/** A DSACK came: reordering was taken for loss (step 4). */
void flue_rack_dsack(struct flue_engine *e, struct flue_conn *c);
/** A recovery is over: what reordering taught is forgotten one day. */
void flue_rack_recovered(struct flue_conn *c);
/** The wheel entry came due: the reordering timer? */
void flue_rack_timer(struct flue_engine *e, struct flue_conn *c);

/* ---- recovery.c ----------------------------------------------------------------------------- */

/** A board for what is in flight. @return false: no record left */
bool flue_episode_begin(struct flue_engine *e, struct flue_conn *c);
/** Record and runs go back; no effect without a board. */
void flue_episode_end(struct flue_engine *e, struct flue_conn *c);
/** The pool of runs is empty: go on without a board. */
void flue_episode_degrade(struct flue_engine *e, struct flue_conn *c);

/** Bytes under way as far as the board knows (RFC 6675 pipe). */
static inline uint32_t
flue_pipe(const struct flue_conn *c, const struct flue_board *b)
{
	return c->snd_max - c->snd_una - b->sacked - b->lost + b->resent;
}

/** SND.UNA moved. */
void flue_recovery_advance(struct flue_engine *e, struct flue_conn *c);
/** Something is lost and recovery is not under way: begin it. */
void flue_recovery_enter(struct flue_engine *e, struct flue_conn *c);
/** This acknowledgment lets bytes out, or ends recovery.
 *  @param lost  bytes it has shown to be lost */
void flue_recovery_step(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		bool advanced, uint32_t lost);
/** The timeout of a connection with SACK, before its window is cut. @return false: no board */
bool flue_recovery_timeout(struct flue_engine *e, struct flue_conn *c);
/** Send again what is lost, as far as the windows go, one turn.
 *  @return false: no packet, no room or no turn left now */
bool flue_recovery_output(struct flue_engine *e, struct flue_conn *c, int *turns);
/** What was taken for lost was not: back to the window of before. */
void flue_recovery_undo(struct flue_engine *e, struct flue_conn *c);
/** A DSACK of so many bytes: with the last of what was sent again that recovery was for nothing. */
void flue_recovery_dsack(struct flue_engine *e, struct flue_conn *c, uint32_t bytes);
/** Send [start, start + len) again and make a note of it. @return false: not now, or no run left */
bool flue_recovery_resend(struct flue_engine *e, struct flue_conn *c, uint32_t start, uint32_t len);

/* ---- tlp.c ---------------------------------------------------------------------------------- */

/** When the probe may be due at the earliest, ms; FLUE_NONE = not before the timeout, or not at all. */
uint32_t flue_tlp_first_ms(const struct flue_engine *e, const struct flue_conn *c);
/** ... and when it is. */
uint32_t flue_tlp_due_ms(const struct flue_engine *e, const struct flue_conn *c);
/** It is due: send it (RFC 8985 7.3). */
void flue_tlp_probe(struct flue_engine *e, struct flue_conn *c);
/** An ACK that may answer it (7.4).
 *  @param dsack  DSACK block, or NULL
 *  @return it tells that the probe came twice */
bool flue_tlp_answer(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		bool advanced, const struct flue_sack_block *dsack);

static inline uint32_t
flue_now_us(const struct flue_engine *e)
{
	return (uint32_t)(e->now / 1000);
}

#endif /* FLUE_TCP_LOSS_H */
