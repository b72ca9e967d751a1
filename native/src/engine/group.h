/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_GROUP_H
#define FLUE_ENGINE_GROUP_H

/**
 * @file
 * Engines on the queues of one device. Who owns a connection stands in a table that all of them
 * read and each writes its own part of; a segment that came to another engine goes to the owner by
 * a ring, one for each pair, as a copy, so that no engine ever holds a buffer of another one's port.
 */

#include <stdatomic.h>

#include "engine/parts.h"

#define FLUE_PKT_PASSED 0x1000 /**< by another engine: not to be passed again */

#define FLUE_GROUP_SLOTS 128 /**< of a ring, a power of two */

/** A frame on its way; its bytes behind it. */
struct flue_group_slot {
	uint32_t len;
	uint32_t flags; /**< FLUE_PKT_RX_CSUM_* */
};

/** One writer, one reader. */
struct flue_group_ring {
	_Alignas(FLUE_CACHE_LINE) _Atomic uint32_t tail; /**< written by the one who found it */
	_Alignas(FLUE_CACHE_LINE) _Atomic uint32_t head; /**< written by the owner */
	_Alignas(FLUE_CACHE_LINE) uint8_t *slots;
};

struct flue_group_member {
	struct flue_engine *engine; /**< control path only */
	_Atomic bool open;
};

/** Of a connection: upper 56 bits of its hash, and the owner's number + 1; 0 = empty. */
typedef _Atomic uint64_t flue_group_entry;

struct flue_group {
	uint32_t engines;
	uint32_t mask; /**< buckets - 1 */
	uint32_t mtu;  /**< of all ports */
	uint32_t slot_bytes;
	uint64_t seed;
	flue_group_entry (*buckets)[8];
	struct flue_group_ring *rings; /**< [from * engines + to] */
	struct flue_group_member *members;
	void *memory; /**< of the slots */
};

/** The connection is ours from now on. One that finds no room is found by its own engine alone. */
void flue_group_claim(struct flue_engine *e, const struct flue_conn *c);

/** And no longer. No effect when it was not. */
void flue_group_disclaim(struct flue_engine *e, const struct flue_conn *c);

/**
 * A segment of no connection of ours: give its owner a copy, if there is one.
 * @return false: nobody claims it, or there is no room; it is still the caller's
 */
bool flue_group_pass(struct flue_engine *e, const struct flue_segment *s);

/** What others found for us, into packets of our own port. @return how many, at most n */
unsigned flue_group_take(struct flue_engine *e, struct flue_pkt **pkts, unsigned n);

/** How many there are. */
unsigned flue_group_waiting(const struct flue_engine *e);

/** The engine ends: nobody passes it anything from now on. */
void flue_group_leave(struct flue_engine *e);

#endif /* FLUE_ENGINE_GROUP_H */
