/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_EPISODE_H
#define FLUE_TCP_EPISODE_H

/**
 * @file
 * What a connection that loses something knows beyond struct flue_conn: a pooled record, taken when
 * the first SACK block (or a timeout, or a tail loss probe) comes, given back when nothing is open any
 * more. Where the pool is empty the connection recovers without it (RFC 6582).
 */

#include "flue/flue_pkt.h"
#include "tcp/board.h"

/** Runs one scoreboard may have: what a peer sends must not empty the pool for all others. */
#define FLUE_RUNS_MOST 1024

struct flue_episode {
	struct flue_board board;
	struct flue_board_news news; /* of the acknowledgment that is being taken into account */
	uint32_t una;                /* SND.UNA before it */
	/* RACK (RFC 8985). Instead of a time for each segment that was sent once: `order`, what begins
	 * before it was sent before something that has arrived. */
	uint32_t rack_rtt; /* us */
	uint32_t rack_order;
	uint32_t rack_first; /* behind the last byte that arrived and was sent once */
	uint32_t rack_us;    /* rack_again: when the latest that was sent again and arrived left */
	uint32_t rack_end;   /* ... and its end */
	uint32_t reo_ms;     /* the reordering timer; FLUE_NONE */
	/* PRR (RFC 9937), bytes */
	uint32_t prr_delivered;
	uint32_t prr_out;
	uint32_t prr_flight; /* RecoverFS */
	bool rack_again;
};

#endif /* FLUE_TCP_EPISODE_H */
