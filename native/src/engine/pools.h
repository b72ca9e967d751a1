/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_POOLS_H
#define FLUE_ENGINE_POOLS_H

/** @file What an engine has a limited number of besides objects: send pieces, records of what is lent up, slabs.
 *  Owner thread. */

#include <stdatomic.h>

#include "flue/flue_offload.h"
#include "flue/flue_pkt.h"
#include "tcp/conn.h"

#define FLUE_RX_MDLS 32 /* of one receive indication */

/** Indices that are free. */
struct flue_ids {
	uint32_t *stack;
	uint32_t free;
	uint32_t size;
};

static inline uint32_t
flue_ids_take(struct flue_ids *ids)
{
	return ids->free == 0 ? FLUE_NONE : ids->stack[--ids->free];
}

static inline void
flue_ids_give(struct flue_ids *ids, uint32_t id)
{
	ids->stack[ids->free++] = id;
}

static inline uint32_t
flue_ids_used(const struct flue_ids *ids)
{
	return ids->size - ids->free;
}

#define PIECE_LAST_OF_NBL 0x1  /* the NBL completes with this piece */
#define PIECE_LAST_OF_SUB 0x2  /* ... and with it a submission's credit */
#define PIECE_DISCONNECT  0x4  /* final data of a disconnect; not a send */
#define PIECE_NO_PUSH     0x8  /* posted receive: complete only when full */
#define PIECE_PREFILLED   0x10 /* posted receive: the host has put bytes in front of it */
#define PIECE_COMPACT     0x20 /* all of its NBL, which is a flue_compact */

/** A contiguous piece of send data, or of a posted receive buffer. One line. */
struct flue_piece {
	const uint8_t *data;
	flue_ref nbl;
	uint32_t seq;     /* of the first byte (send) / bytes placed (receive) */
	uint32_t nbl_seq; /* of the NBL's first byte (send) / bytes of the NBL so far (receive) */
	uint32_t len;
	uint32_t next;
	struct flue_lender tx; /* packets at the port that read this */
	uint16_t flags;
	uint16_t region; /* in which data lies */
	/* Sends that found no piece complete behind this one. */
	uint32_t refused_credits;
	flue_ref refused_head;
	flue_ref refused_tail;
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_piece) == FLUE_CACHE_LINE);
FLUE_ASSERT_LAYOUT(FLUE_MAX_REGIONS <= UINT16_MAX + 1);

enum flue_record_state {
	RECORD_FREE = 0,
	RECORD_INDICATED = 1, /* waiting for the verdict */
	RECORD_LENT = 2,      /* the host's until it returns it */
};

/** What Java sees of a receive indication, in the engine's region. */
struct flue_rx_shared {
	struct flue_net_buffer_list nbl;
	struct flue_net_buffer nb;
	struct flue_mdl mdl[FLUE_RX_MDLS];
};

/** What Java sees of a raw frame. */
struct flue_frame_shared {
	struct flue_net_buffer_list nbl;
	struct flue_net_buffer nb;
	struct flue_mdl mdl;
	uint8_t pad[32];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_rx_shared) == 1216);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_frame_shared) == 256);

/** A neighbor event as Java sees it: the block and the three structures of its type (6.4). */
struct flue_event_shared {
	struct flue_miniport_offload_block_list block;
	uint8_t state[FLUE_NEIGHBOR_DELEGATED_AT + 12 - FLUE_NEIGHBOR_CONST_AT];
	uint8_t pad[56];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_event_shared) == 320);

/** The engine's own note on a record: Java cannot write here. */
struct flue_record {
	struct flue_pkt *pkts;
	uint32_t bytes;     /* indicated; of a frame of this pass: the next record */
	uint32_t state : 8; /* enum flue_record_state */
	uint32_t conn : 24; /* RECORD_INDICATED: whose data it is */
};

/** Packets on slabs: looks like a port to flue_pkt_release(). */
struct flue_slabs {
	struct flue_port port;
	struct flue_pkt *pkts;
	struct flue_ids ids;
	uint8_t *memory;
	flue_ref ref;
};

#endif /* FLUE_ENGINE_POOLS_H */
