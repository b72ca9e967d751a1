/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_CHIMNEY_CONTEXT_H
#define FLUE_CHIMNEY_CONTEXT_H

/**
 * @file
 * State objects in NIC memory: one cell of 256 bytes for each offloaded object.
 *
 *     0  token      what it is of; 0 = the cell is free
 *     8  handle     NdisOffloadHandle
 *    16  check      over the words before and CONST and CACHED
 *    24  CONST, CACHED, DELEGATED, as behind the block (a path: its addresses instead of references)
 *
 * Written by initiate, update and query, read by initiate (the token, which drives out what was
 * posted), query and update. Nothing else touches it: what segments and timers need of it lies decoded
 * in the objects and profiles. Without NIC memory there are no cells, and profiles and objects are where
 * CONST and CACHED lie. Owner thread.
 */

#include "engine/parts.h"

#define FLUE_CELL_BYTES 256

/** What a path's block refers to, and CACHED. */
struct flue_path_state {
	uint8_t local[16];
	uint8_t remote[16];
	struct flue_path_cached cached;
	uint32_t pad;
};

/** As they lie behind a block. */
struct flue_neighbor_state {
	struct flue_neighbor_const c;
	uint32_t pad;
	struct flue_neighbor_cached cached;
	uint32_t pad1;
	struct flue_neighbor_delegated d;
	uint32_t pad2;
};

/** The same. */
struct flue_tcp_state_objects {
	struct flue_tcp_const c;
	struct flue_tcp_cached cached;
	uint32_t pad;
	struct flue_tcp_delegated d;
};

/** Bytes of them that the check covers: CONST and CACHED. */
#define FLUE_PATH_GIVEN     48
#define FLUE_NEIGHBOR_GIVEN 96
#define FLUE_TCP_GIVEN      72

FLUE_ASSERT_LAYOUT(sizeof(struct flue_path_state) == FLUE_PATH_GIVEN);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_neighbor_state, d) == FLUE_NEIGHBOR_GIVEN);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_neighbor_state) == 112);
FLUE_ASSERT_LAYOUT(offsetof(struct flue_tcp_state_objects, d) == FLUE_TCP_GIVEN);
FLUE_ASSERT_LAYOUT(sizeof(struct flue_tcp_state_objects) == 200);

/** Take what the configuration says of the NIC memory it names. @return 0, -ENOMEM, -ENOSPC, -EIO */
int flue_contexts_make(struct flue_engine *e);
void flue_contexts_free(struct flue_engine *e);

static inline bool
flue_contexts_in_nic(const struct flue_engine *e)
{
	return e->nic.part.memory != NULL;
}

/** Is there a place for one more object's state? False also when the memory is lost; both are counted. */
bool flue_context_room(struct flue_engine *e);

/** Where a connection notes its cell. Only with NIC memory. */
static inline uint32_t *
flue_conn_cell(struct flue_engine *e, const struct flue_conn *c)
{
	return &e->nic.conns[flue_conn_index(e, c)];
}

/**
 * Write a new object's state, for which there was room, and see that it arrived. No effect without NIC
 * memory.
 * @param cell  where it is noted; FLUE_NONE before
 * @param state `bytes`, a multiple of 8, of which `given` are CONST and CACHED
 * @return false: the memory is lost; nothing was taken
 */
bool flue_context_store(struct flue_engine *e, uint32_t *cell, uint64_t token, uint64_t handle,
		const void *state, uint32_t bytes, uint32_t given);
/** CONST and CACHED of an object that has its state there. @return false: the memory is lost */
bool flue_context_load(
		struct flue_engine *e, uint32_t cell, uint64_t token, void *state, uint32_t given);
/** Other values of them. */
void flue_context_update(struct flue_engine *e, uint32_t cell, uint64_t token, uint64_t handle,
		const void *state, uint32_t given);
/** DELEGATED as it is now: `bytes`, `at` behind the beginning of the state. */
void flue_context_delegated(struct flue_engine *e, uint32_t cell, uint32_t at, const void *state,
		uint32_t bytes);
/** The object ends: its cell is free. No effect without one. */
void flue_context_drop(struct flue_engine *e, uint32_t *cell);

/* The objects' own words for it. */

/** What lies in the engine of a neighbor's and a path's state; headers are zero. */
void flue_neighbor_state(const struct flue_neighbor *n, struct flue_neighbor_state *s);
void flue_path_state(const struct flue_path *p, struct flue_path_state *s);

/** DELEGATED as it was told a moment ago. No effect without NIC memory. */
void
flue_neighbor_delegate(struct flue_engine *e, const struct flue_neighbor *n, uint32_t nic_delta);
void flue_conn_delegate(struct flue_engine *e, const struct flue_conn *c,
		const struct flue_tcp_delegated *d);

/** CONST and CACHED as they were given. @return false: they are lost with the memory */
bool flue_conn_given(struct flue_engine *e, const struct flue_conn *c, struct flue_tcp_const *given,
		struct flue_tcp_cached *cached);

#endif /* FLUE_CHIMNEY_CONTEXT_H */
