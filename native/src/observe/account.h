/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_OBSERVE_ACCOUNT_H
#define FLUE_OBSERVE_ACCOUNT_H

/**
 * @file
 * Where an engine's time goes: cycles of the time stamp counter for each part of a pass, and the segments
 * that came and went in it. Always on, and therefore a sample: reading that counter costs a third of what
 * a segment does, so one pass in FLUE_ACCOUNT_GAP or so is accounted, at irregular intervals. Shares and
 * cycles per segment come out of it, sums do not. What reading costs is taken off.
 *
 * The figures go to the counters alone: nothing in an engine is decided by them. Owner thread.
 */

#include <stdbool.h>

#include "flue/flue_observe.h"

#define FLUE_ACCOUNT_GAP 64 /* passes from one accounted to the next, on the average */

/** Parts of a pass, in the order of their counters. */
enum flue_part {
	FLUE_PART_PORT_RECEIVE, /* rx_burst, reclaim */
	FLUE_PART_RECEIVE,      /* parse, look up, TCP's receiving side */
	FLUE_PART_COMMANDS,     /* submissions and state operations */
	FLUE_PART_TIMERS,
	FLUE_PART_TRANSMIT,  /* delivery, data segments, ACKs */
	FLUE_PART_PORT_SEND, /* tx_burst */
	FLUE_PART_PUBLISH,   /* completions, frames and counters to their readers */
	FLUE_PARTS
};

struct flue_account {
	uint64_t at;     /* the counter at the last border; 0 = this pass is not accounted */
	uint32_t left;   /* passes before the next one that is */
	uint32_t random; /* how many those are */
	uint64_t cost;   /* of reading the counter */
	uint64_t segments_in;
	uint64_t segments_out;
	uint64_t part[FLUE_PARTS];
};

/** Learn what reading the counter costs. */
void flue_account_init(struct flue_account *a);

/** A pass begins whose turn it is. */
void flue_account_begin(struct flue_account *a, const uint64_t *ctr);
/** flue_account_border() of a pass that is accounted. */
void flue_account_add(struct flue_account *a, enum flue_part part);
/** It is over. One in which nothing was done was a look at port and channels. */
void flue_account_end(struct flue_account *a, uint64_t *ctr, bool idle);

/** Up to here it was that part. */
static inline void
flue_account_border(struct flue_account *a, enum flue_part part)
{
	if (__builtin_expect(a->at != 0, 0))
		flue_account_add(a, part);
}

#endif /* FLUE_OBSERVE_ACCOUNT_H */
