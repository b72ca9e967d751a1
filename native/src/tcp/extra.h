/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_EXTRA_H
#define FLUE_TCP_EXTRA_H

/**
 * @file
 * What a connection needs beyond struct flue_conn, at times: a pooled record, taken when something of
 * it is first set and given back at the end of the pass in which nothing of it is needed any more
 * (extra.c). All zero is how things are without one, and that is what a connection without one reads.
 * Where the pool is empty each of its users does without, as said there; the counter
 * tcp.extra_records_missing tells how often.
 *
 * What belongs to a scoreboard alone lies in struct flue_episode.
 */

#include "flue/flue_pkt.h"
#include "tcp/cc.h"
#include "tcp/conn.h"

#define FLUE_SACK_RECENT 8

/** What the next ACKs tell of data behind a hole (sack.c). */
struct flue_sack {
	uint32_t recent[FLUE_SACK_RECENT]; /* a byte of the newest blocks, the newest first */
	uint32_t again_start;              /* what came twice */
	uint32_t again_end;
	uint8_t recents;
	uint8_t news; /* of them, the first ones, that hold what came here */
	uint8_t owed; /* ACKs besides the one of CONN_ACK_NOW */
};

struct flue_extra {
	/* One line: congestion avoidance. */
	_Alignas(FLUE_CACHE_LINE) struct flue_cc_memory cc;
	uint32_t ecn_recover; /* ecn_cut: no second cut before SND.UNA is beyond */
	bool ecn_cut;
	bool undo;       /* undo_*: the reduction may turn out to have been needless */
	bool undo_holds; /* ... and undo_cc, undo_word are what there was before */
	bool undo_sent;  /* ... and something was sent again */
	bool dsack_seen;
	bool push_runs; /* the push timer of 5.3 */
	bool syn_challenged;
	bool disconnect_abortive;
	/* Loss */
	struct flue_cc undo_cc;
	uint32_t undo_word[FLUE_CC_WORDS];
	uint32_t undo_bytes; /* sent again, and no DSACK has told that it was needless */
	uint32_t undo_end;   /* SND.MAX when recovery ended; it goes as far */
	uint32_t undo_ts;    /* undo_sent: our timestamp of the first segment that was sent again */
	uint32_t episode;    /* LOSS_BOARD: its record */
	uint32_t tlp_end;    /* LOSS_TLP: behind what was in flight then */
	uint32_t tlp_flight; /* ... and its bytes */
	uint32_t dsack_round; /* dsack_seen: no second step of reo_mult before SND.UNA is there */
	/* Data behind a hole */
	struct flue_pkt *ooo; /* by sequence number */
	struct flue_sack sack;
	uint16_t ooo_count;
	/* Times, requests */
	uint32_t sws_ms;           /* sws_runs: when a window that opened a little is told */
	uint32_t push_ms;          /* push_runs: when the first posted request completes as it is */
	uint32_t challenge_syn_ms; /* syn_challenged: when a SYN drew one (chimney profile) */
	uint32_t disconnect_bytes; /* acknowledged of the disconnect's final data */
	uint64_t disconnect;       /* NBL of the disconnect under way; 0 */
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_extra) == 256);

#endif /* FLUE_TCP_EXTRA_H */
