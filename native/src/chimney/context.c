/* SPDX-License-Identifier: Apache-2.0 */

#include "chimney/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_AT  0
#define HANDLE_AT 8
#define CHECK_AT  16
#define STATE_AT  24

int
flue_contexts_make(struct flue_engine *e)
{
	const struct flue_engine_config *c = &e->config;
	uint64_t objects = (uint64_t)c->max_connections + (uint64_t)c->max_paths +
			   (uint64_t)c->max_neighbors;
	uint64_t most = c->nic_bytes > 0 ? (uint64_t)c->nic_bytes : objects * FLUE_CELL_BYTES;
	uint32_t cells;
	uint32_t i;
	int rc;

	if (c->nic_memory == NULL)
		return 0;
	rc = flue_nic_part_take(c->nic_memory, most, FLUE_CELL_BYTES, &e->nic.part);
	if (rc < 0)
		return rc;
	cells = (uint32_t)(e->nic.part.bytes / FLUE_CELL_BYTES);
	e->nic.cells.stack = calloc(cells, sizeof(uint32_t));
	e->nic.conns = malloc((size_t)c->max_connections * sizeof(uint32_t));
	if (e->nic.cells.stack == NULL || e->nic.conns == NULL)
		return -ENOMEM;
	e->nic.cells.size = e->nic.cells.free = cells;
	for (i = 0; i < cells; i++)
		e->nic.cells.stack[i] = cells - 1 - i;
	memset(e->nic.conns, 0xff, (size_t)c->max_connections * sizeof(uint32_t)); /* FLUE_NONE */
	return 0;
}

void
flue_contexts_free(struct flue_engine *e)
{
	flue_nic_part_give(&e->nic.part);
	free(e->nic.cells.stack);
	free(e->nic.conns);
}

/** What was read and written up to now, into the counters. */
static void
account(struct flue_engine *e)
{
	e->ctr[FLUE_CTR_NIC_READS] = e->nic.part.reads;
	e->ctr[FLUE_CTR_NIC_WRITES] = e->nic.part.writes;
}

/** It does not hold what was written: every connection is asked back, and no new one taken. What they
 *  need to go on lies in the engine's own memory. */
static void
lose(struct flue_engine *e)
{
	if (e->nic.lost)
		return;
	e->nic.lost = true;
	flue_count(e, FLUE_CTR_NIC_LOST, 1);
	flue_sweep_start(e);
}

bool
flue_context_room(struct flue_engine *e)
{
	if (likely(!flue_contexts_in_nic(e)))
		return true;
	if (!e->nic.lost && e->nic.cells.free > 0)
		return true;
	flue_count(e, FLUE_CTR_NIC_FULL, 1);
	return false;
}

static uint64_t
place(uint32_t cell)
{
	return (uint64_t)cell * FLUE_CELL_BYTES;
}

/** Words of ordinary memory to NIC memory. */
static void
put(struct flue_engine *e, uint64_t at, const void *from, uint32_t bytes)
{
	uint64_t word;
	uint32_t i;

	for (i = 0; i < bytes; i += 8) {
		memcpy(&word, (const uint8_t *)from + i, 8);
		flue_nic_write(&e->nic.part, at + i, word);
	}
}

static uint64_t
check_of(uint64_t token, uint64_t handle, const void *given, uint32_t bytes)
{
	uint64_t sum = token;
	uint64_t word;
	uint32_t i;

	sum = (sum ^ handle) * UINT64_C(0x9e3779b97f4a7c15);
	for (i = 0; i < bytes; i += 8) {
		memcpy(&word, (const uint8_t *)given + i, 8);
		sum = ((sum ^ word) * UINT64_C(0x9e3779b97f4a7c15)) ^ sum >> 29;
	}
	return sum;
}

bool
flue_context_store(struct flue_engine *e, uint32_t *cell, uint64_t token, uint64_t handle,
		const void *state, uint32_t bytes, uint32_t given)
{
	struct flue_nic_part *part = &e->nic.part;
	bool arrived;
	uint64_t at;

	if (likely(!flue_contexts_in_nic(e)))
		return true;
	*cell = flue_ids_take(&e->nic.cells);
	at = place(*cell);
	flue_nic_write(part, at + HANDLE_AT, handle);
	flue_nic_write(part, at + CHECK_AT, check_of(token, handle, state, given));
	put(e, at + STATE_AT, state, bytes);
	/* Whoever finds the token finds all of it. */
	flue_nic_fence(part);
	flue_nic_write(part, at + TOKEN_AT, token);
	flue_nic_fence(part);
	arrived = flue_nic_read(part, at + TOKEN_AT) == token;
	account(e);
	if (unlikely(!arrived)) {
		flue_context_drop(e, cell);
		lose(e);
	}
	return arrived;
}

bool
flue_context_load(struct flue_engine *e, uint32_t cell, uint64_t token, void *state, uint32_t given)
{
	struct flue_nic_part *part = &e->nic.part;
	uint64_t at = place(cell);
	uint64_t handle;
	uint64_t word;
	uint32_t i;
	bool sound;

	if (e->nic.lost)
		return false;
	sound = flue_nic_read(part, at + TOKEN_AT) == token;
	handle = flue_nic_read(part, at + HANDLE_AT);
	for (i = 0; i < given; i += 8) {
		word = flue_nic_read(part, at + STATE_AT + i);
		memcpy((uint8_t *)state + i, &word, 8);
	}
	sound = flue_nic_read(part, at + CHECK_AT) == check_of(token, handle, state, given) &&
		sound;
	account(e);
	if (unlikely(!sound))
		lose(e);
	return sound;
}

void
flue_context_update(struct flue_engine *e, uint32_t cell, uint64_t token, uint64_t handle,
		const void *state, uint32_t given)
{
	uint64_t at = place(cell);

	put(e, at + STATE_AT, state, given);
	flue_nic_write(&e->nic.part, at + CHECK_AT, check_of(token, handle, state, given));
	flue_nic_fence(&e->nic.part);
	account(e);
}

void
flue_context_delegated(struct flue_engine *e, uint32_t cell, uint32_t at, const void *state,
		uint32_t bytes)
{
	put(e, place(cell) + STATE_AT + at, state, bytes);
	flue_nic_fence(&e->nic.part);
	account(e);
}

void
flue_context_drop(struct flue_engine *e, uint32_t *cell)
{
	if (likely(!flue_contexts_in_nic(e)) || *cell == FLUE_NONE)
		return;
	flue_nic_write(&e->nic.part, place(*cell) + TOKEN_AT, 0);
	flue_nic_fence(&e->nic.part);
	account(e);
	flue_ids_give(&e->nic.cells, *cell);
	*cell = FLUE_NONE;
}

void
flue_neighbor_state(const struct flue_neighbor *n, struct flue_neighbor_state *s)
{
	memset(s, 0, sizeof(*s));
	if (!n->own_src)
		memcpy(s->c.dl_source_address, n->src, 6);
	s->c.vlan_id = n->vlan;
	memcpy(s->cached.dl_destination_address, n->mac, 6);
	s->cached.host_reachability_delta = n->host_delta;
}

void
flue_path_state(const struct flue_path *p, struct flue_path_state *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->local, p->local, 16);
	memcpy(s->remote, p->remote, 16);
	s->cached.path_mtu = p->mtu;
}

void
flue_neighbor_delegate(struct flue_engine *e, const struct flue_neighbor *n, uint32_t nic_delta)
{
	struct flue_neighbor_state s = { .d.nic_reachability_delta = nic_delta };

	if (flue_contexts_in_nic(e))
		flue_context_delegated(e, n->cell, FLUE_NEIGHBOR_GIVEN, &s.d,
				sizeof(s) - FLUE_NEIGHBOR_GIVEN);
}

void
flue_conn_delegate(struct flue_engine *e, const struct flue_conn *c,
		const struct flue_tcp_delegated *d)
{
	if (flue_contexts_in_nic(e))
		flue_context_delegated(e, *flue_conn_cell(e, c), FLUE_TCP_GIVEN, d, sizeof(*d));
}

bool
flue_conn_given(struct flue_engine *e, const struct flue_conn *c, struct flue_tcp_const *given,
		struct flue_tcp_cached *cached)
{
	struct flue_tcp_state_objects s;

	if (likely(!flue_contexts_in_nic(e))) {
		*given = flue_conn_const(e, c);
		*cached = flue_conn_cached(e, c);
		return true;
	}
	if (!flue_context_load(e, *flue_conn_cell(e, c), flue_conn_token(e, c), &s, FLUE_TCP_GIVEN))
		return false;
	*given = s.c;
	*cached = s.cached;
	return true;
}
