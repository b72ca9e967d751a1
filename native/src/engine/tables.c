/* SPDX-License-Identifier: Apache-2.0 */

/* The engine's memory, all of it made at the beginning: tables, pools, objects, slabs. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/parts.h"
#include "memory/node.h"
#include "tcp/reasm.h"
#include "tcp/watch.h"

/** As regions do: ask for pages of 2 MiB where the kernel has them: a random access to a large table costs a walk through page
 *  tables else. A wish: without them all is the same, but slower. */
static void
wish_huge(void *at, uint64_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)at + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)at + bytes) & ~(page - 1);

	if (to > from && to - from >= FLUE_HUGEPAGE_BYTES)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

/** Cuts a piece of memory into tables. With `base` NULL it only adds up. */
struct cutter {
	uint8_t *base;
	uint64_t used;
};

static void *
cut(struct cutter *k, uint64_t n, uint64_t size)
{
	void *at = k->base == NULL ? NULL : k->base + k->used;

	k->used += (n * size + FLUE_CACHE_LINE - 1) & ~(uint64_t)(FLUE_CACHE_LINE - 1);
	return at;
}

static void
cut_ids(struct cutter *k, struct flue_ids *ids, uint32_t n)
{
	uint32_t i;

	ids->stack = cut(k, n, sizeof(uint32_t));
	ids->size = n;
	if (k->base == NULL)
		return;
	for (i = 0; i < n; i++)
		ids->stack[i] = n - 1 - i;
	ids->free = n;
}

static uint32_t
slab_count(const struct flue_engine_config *c)
{
	uint32_t n = 2 * (uint32_t)c->max_receives;

	return n < 256 ? 256 : n > 16384 ? 16384 : n;
}

/** At a time few of very many connections need more than their context: one in sixteen, where that is
 *  more than EXTRAS. Up to so many connections each can have one. */
#define EXTRAS 65536u

static uint32_t
extra_count(const struct flue_engine_config *c)
{
	uint32_t conns = (uint32_t)c->max_connections;
	uint32_t n = (uint32_t)c->max_extras;

	if (n == 0)
		n = conns / 16 > EXTRAS ? conns / 16 : EXTRAS;
	return n < conns ? n : conns;
}

/** What connections differ in is little. */
static uint32_t
profile_count(const struct flue_engine_config *c)
{
	uint32_t conns = (uint32_t)c->max_connections;
	uint32_t n = extra_count(c) > 256 ? extra_count(c) : 256;

	return n < conns ? n : conns;
}

/** At a time few connections lose anything; who finds none recovers without a scoreboard. */
static uint32_t
episode_count(const struct flue_engine_config *c)
{
	uint32_t n = extra_count(c);

	return n < 256 ? 64 : n / 4;
}

static uint32_t
run_count(const struct flue_engine_config *c)
{
	return episode_count(c) < 256 ? 4096 : 16 * episode_count(c);
}

/** Connections in a queue of timers at a time; who finds no place has one in the wheel. */
#define QUEUED 32768u

static void
cut_tables(struct flue_engine *e, struct cutter *k)
{
	const struct flue_engine_config *c = &e->config;
	uint32_t conns = (uint32_t)c->max_connections;
	uint32_t ring = 1;

	while (ring < conns)
		ring <<= 1;
	flue_flow_init(&e->flow, cut(k, flue_flow_buckets(conns), sizeof(struct flue_flow_bucket)),
			conns, 0);
	e->pieces = cut(k, (uint32_t)c->max_sends, sizeof(struct flue_piece));
	e->extras = cut(k, extra_count(c), sizeof(struct flue_extra));
	e->profiles.at = cut(k, profile_count(c), sizeof(struct flue_profile));
	e->profiles.mask = flue_profile_buckets(profile_count(c)) - 1;
	e->profiles.buckets = cut(k, e->profiles.mask + 1, sizeof(uint32_t));
	if (flue_watch_wanted(c))
		e->watches = cut(k, conns, sizeof(struct flue_watch));
	if (c->receive_window_limit != 0)
		e->sizings = cut(k, conns, sizeof(struct flue_sizing));
	e->episodes = cut(k, episode_count(c), sizeof(struct flue_episode));
	e->runs.run = cut(k, run_count(c), sizeof(struct flue_run));
	e->ready_mask = ring - 1;
	e->ready = cut(k, ring, sizeof(uint32_t));
	e->senders_mask = (ring < QUEUED ? ring : QUEUED) - 1;
	e->senders = cut(k, e->senders_mask + 1, sizeof(uint32_t));
	e->acks.mask = e->looks.mask = (ring < QUEUED ? ring : QUEUED) - 1;
	e->acks.at = cut(k, e->acks.mask + 1, sizeof(struct flue_timer_entry));
	e->looks.at = cut(k, e->looks.mask + 1, sizeof(struct flue_timer_entry));
	e->rx_records = cut(k, (uint32_t)c->max_receives, sizeof(struct flue_record));
	e->frame_records = cut(k, (uint32_t)c->max_frames, sizeof(struct flue_record));
	e->slabs.pkts = cut(k, slab_count(c), sizeof(struct flue_pkt));
	cut_ids(k, &e->conn_ids, conns);
	cut_ids(k, &e->path_ids, (uint32_t)c->max_paths);
	cut_ids(k, &e->neighbor_ids, (uint32_t)c->max_neighbors);
	cut_ids(k, &e->piece_ids, (uint32_t)c->max_sends);
	cut_ids(k, &e->extra_ids, extra_count(c));
	cut_ids(k, &e->profile_ids, profile_count(c));
	cut_ids(k, &e->episode_ids, episode_count(c));
	cut_ids(k, &e->rx_ids, (uint32_t)c->max_receives);
	cut_ids(k, &e->frame_ids, (uint32_t)c->max_frames);
	cut_ids(k, &e->slabs.ids, slab_count(c));
	cut_ids(k, &e->event_ids, FLUE_EVENTS);
	e->locals = cut(k, (uint32_t)c->max_local_addresses, sizeof(struct flue_local));
}

int
flue_tables_make(struct flue_engine *e)
{
	struct cutter k = { NULL, 0 };

	cut_tables(e, &k);
	e->memory = calloc(1, k.used + FLUE_CACHE_LINE);
	if (e->memory == NULL)
		return -ENOMEM;
	e->memory_bytes = k.used;
	wish_huge(e->memory, k.used);
	k.base = (uint8_t *)(((uintptr_t)e->memory + FLUE_CACHE_LINE - 1) &
			     ~(uintptr_t)(FLUE_CACHE_LINE - 1));
	k.used = 0;
	cut_tables(e, &k);
	memset(e->profiles.buckets, 0xff, 4ull * (e->profiles.mask + 1)); /* FLUE_NONE */
	flue_runs_init(&e->runs, e->runs.run, run_count(&e->config));
	return 0;
}

/** Where configuration says; or near the device, near this thread, anywhere, as long as there is
 *  enough. @return as flue_arena_create() */
static int
arena_make(struct flue_engine *e, int64_t bytes)
{
	const struct flue_engine_config *c = &e->config;
	int node = e->port->near > 0 ? (int)e->port->near - 1 : flue_node_here();

	if (c->arena_node >= 0)
		return flue_arena_create(c->arena_kind, bytes, c->arena_node, &e->arena);
	if (c->arena_kind == FLUE_REGION_HUGEPAGE &&
			flue_arena_create(c->arena_kind, bytes, node, &e->arena) == 0)
		return 0;
	return flue_arena_create(c->arena_kind, bytes, -1, &e->arena);
}

int
flue_objects_make(struct flue_engine *e)
{
	const struct flue_engine_config *c = &e->config;
	int64_t need = (int64_t)sizeof(struct flue_conn) * c->max_connections +
		       (int64_t)sizeof(struct flue_path) * c->max_paths +
		       (int64_t)sizeof(struct flue_neighbor) * c->max_neighbors;
	int64_t bytes = c->arena_bytes > 0 ? c->arena_bytes : need;
	int32_t i;
	int rc;

	if (bytes > FLUE_REGION_MAX_BYTES)
		return -ENOMEM;
	rc = arena_make(e, bytes < 4096 ? 4096 : bytes);
	if (rc < 0)
		return rc;
	/* No reference leads into the arena: whatever Java writes, it cannot name our objects. */
	atomic_store_explicit(&flue_region_slots[flue_arena_region(e->arena)].size, 0,
			memory_order_release);
	e->conns = flue_arena_alloc(
			e->arena, (int64_t)sizeof(struct flue_conn) * c->max_connections);
	e->paths = flue_arena_alloc(e->arena, (int64_t)sizeof(struct flue_path) * c->max_paths);
	e->neighbors = flue_arena_alloc(
			e->arena, (int64_t)sizeof(struct flue_neighbor) * c->max_neighbors);
	if (e->conns == NULL || e->paths == NULL || e->neighbors == NULL)
		return -ENOMEM;
	for (i = 0; i < c->max_connections; i++)
		e->conns[i].path = FLUE_NONE;
	return 0;
}

static void
slab_free(struct flue_pkt *pkt)
{
	struct flue_slabs *slabs = (struct flue_slabs *)pkt->port;

	pkt->port->held--;
	flue_ids_give(&slabs->ids, (uint32_t)(pkt - slabs->pkts));
}

static const struct flue_port_ops slab_ops = { .free = slab_free };

struct flue_pkt *
flue_slab_take(struct flue_engine *e)
{
	uint32_t i = flue_ids_take(&e->slabs.ids);
	struct flue_pkt *pkt;

	if (i == FLUE_NONE)
		return NULL;
	pkt = &e->slabs.pkts[i];
	*pkt = (struct flue_pkt){
		.data = e->slabs.memory + (uint64_t)i * FLUE_SLAB_BYTES,
		.ref = e->slabs.ref + (uint64_t)i * FLUE_SLAB_BYTES,
		.port = &e->slabs.port,
		.refcnt = 1,
	};
	e->slabs.port.held++;
	return pkt;
}

struct flue_pkt *
flue_pkt_spare(struct flue_engine *e, struct flue_pkt *pkt, uint32_t reserve)
{
	struct flue_pkt *slab = NULL;

	if (pkt->port == &e->slabs.port || e->port->held <= e->low_buffers)
		return pkt;
	if (pkt->len <= FLUE_SLAB_BYTES && e->slabs.ids.free > reserve)
		slab = flue_slab_take(e);
	if (slab != NULL) {
		memcpy(slab->data, pkt->data, pkt->len);
		slab->len = pkt->len;
		slab->seq = pkt->seq;
		slab->payload_off = pkt->payload_off;
		slab->payload_len = pkt->payload_len;
		slab->flags = pkt->flags & (FLUE_PKT_RX_CSUM_GOOD | FLUE_PKT_PSH);
	}
	flue_pkt_release(pkt);
	return slab;
}

int
flue_shared_make(struct flue_engine *e)
{
	struct cutter k = { NULL, 0 };
	int pass;

	for (pass = 0; pass < 2; pass++) {
		if (pass == 1) {
			if (k.used > (uint64_t)FLUE_REGION_MAX_BYTES)
				return -ENOMEM;
			e->region = flue_region_create(FLUE_REGION_HEAP, (int64_t)k.used);
			if (e->region < 0)
				return e->region;
			k.base = flue_region_at(e->region);
			k.used = 0;
		}
		e->rx_ref = flue_ref_make((uint32_t)e->region, k.used);
		e->rx_shared = cut(&k, e->rx_ids.size, sizeof(struct flue_rx_shared));
		e->frame_ref = flue_ref_make((uint32_t)e->region, k.used);
		e->frame_shared = cut(&k, e->frame_ids.size, sizeof(struct flue_frame_shared));
		e->event_ref = flue_ref_make((uint32_t)e->region, k.used);
		e->event_shared = cut(&k, FLUE_EVENTS, sizeof(struct flue_event_shared));
		e->slabs.ref = flue_ref_make((uint32_t)e->region, k.used);
		e->slabs.memory = cut(&k, e->slabs.ids.size, FLUE_SLAB_BYTES);
	}
	e->slabs.port.ops = &slab_ops;
	e->slabs.port.buffers = e->slabs.ids.size;
	return 0;
}
