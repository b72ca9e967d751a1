/* SPDX-License-Identifier: Apache-2.0 */

#include "engine/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run.h"
#include "observe/counters.h"
#include "port/ethernet.h"

#define MAX_ENGINES 64

_Static_assert(MAX_ENGINES < 256, "an owner is a byte of an entry");

/* ---- Making and ending (control path) -------------------------------------------------------- */

static uint32_t
buckets_for(uint32_t connections)
{
	uint32_t n = 64;

	while (n < connections / 2)
		n <<= 1;
	return n;
}

static void
group_free(struct flue_group *g)
{
	free(g->buckets);
	free(g->rings);
	free(g->members);
	free(g->memory);
	free(g);
}

static struct flue_group_ring *
ring_at(const struct flue_group *g, uint32_t from, uint32_t to)
{
	return &g->rings[from * g->engines + to];
}

int
flue_group_create(int engines, int connections, int mtu, flue_group **group)
{
	size_t ring_bytes;
	struct flue_group *g;
	uint32_t n;
	uint32_t i;

	if (group == NULL || engines < 2 || engines > MAX_ENGINES || connections < 1 ||
			connections > 4194304 || mtu < 576 || mtu > 9000)
		return -EINVAL;
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return -ENOMEM;
	g->engines = (uint32_t)engines;
	n = g->engines * g->engines;
	g->mask = buckets_for((uint32_t)connections) - 1;
	g->mtu = (uint32_t)mtu;
	g->seed = UINT64_C(0x9e3779b97f4a7c15);
	g->slot_bytes = (uint32_t)(sizeof(struct flue_group_slot) + (uint32_t)mtu +
					FLUE_ETH_VLAN_BYTES + 7) &
			~7u;
	ring_bytes = (size_t)g->slot_bytes * FLUE_GROUP_SLOTS;
	g->buckets = aligned_alloc(FLUE_CACHE_LINE, ((size_t)g->mask + 1) * sizeof(*g->buckets));
	g->rings = aligned_alloc(FLUE_CACHE_LINE, n * sizeof(*g->rings));
	g->members = calloc(g->engines, sizeof(*g->members));
	g->memory = malloc(ring_bytes * n);
	if (g->buckets == NULL || g->rings == NULL || g->members == NULL || g->memory == NULL) {
		group_free(g);
		return -ENOMEM;
	}
	memset((void *)g->buckets, 0, ((size_t)g->mask + 1) * sizeof(*g->buckets));
	memset(g->rings, 0, n * sizeof(*g->rings));
	for (i = 0; i < n; i++)
		g->rings[i].slots = (uint8_t *)g->memory + i * ring_bytes;
	*group = g;
	return 0;
}

int
flue_group_destroy(flue_group *g)
{
	uint32_t i;

	if (g == NULL)
		return 0;
	for (i = 0; i < g->engines; i++)
		if (g->members[i].engine != NULL)
			return -EBUSY;
	group_free(g);
	return 0;
}

int
flue_engine_join(flue_engine *e, flue_group *g, int index)
{
	int rc;

	if (e == NULL || g == NULL || index < 0 || (uint32_t)index >= g->engines ||
			e->port->mtu != g->mtu)
		return -EINVAL;
	rc = flue_engine_own(e);
	if (rc < 0)
		return rc;
	if (e->group != NULL || flue_ids_used(&e->conn_ids) != 0 ||
			g->members[index].engine != NULL) {
		rc = -EBUSY;
	} else {
		uint32_t from;

		/* What was meant for one that had this number before. */
		for (from = 0; from < g->engines; from++) {
			struct flue_group_ring *r = ring_at(g, from, (uint32_t)index);

			atomic_store(&r->head, atomic_load(&r->tail));
		}
		g->members[index].engine = e;
		e->group = g;
		e->group_index = (uint32_t)index;
		atomic_store_explicit(&g->members[index].open, true, memory_order_release);
	}
	flue_engine_disown(e);
	return rc;
}

void
flue_group_leave(struct flue_engine *e)
{
	struct flue_group *g = e->group;
	uint32_t i;
	int k;

	if (g == NULL)
		return;
	atomic_store_explicit(&g->members[e->group_index].open, false, memory_order_release);
	for (i = 0; i <= g->mask; i++) {
		for (k = 0; k < 8; k++) {
			uint64_t entry = atomic_load_explicit(
					&g->buckets[i][k], memory_order_relaxed);

			if ((entry & 0xff) == e->group_index + 1)
				atomic_store_explicit(&g->buckets[i][k], 0, memory_order_relaxed);
		}
	}
	g->members[e->group_index].engine = NULL;
	e->group = NULL;
}

/* ---- Who owns what --------------------------------------------------------------------------- */

static uint64_t
hash_of(const struct flue_group *g, uint32_t raddr, uint32_t laddr, uint32_t ports)
{
	return flue_flow_hash_seeded(g->seed, raddr, laddr, ports);
}

static flue_group_entry *
bucket_of(const struct flue_group *g, uint64_t hash)
{
	return g->buckets[(hash >> 8) & g->mask];
}

static uint64_t
entry_for(const struct flue_engine *e, uint64_t hash)
{
	return (hash & ~UINT64_C(0xff)) | (e->group_index + 1);
}

void
flue_group_claim(struct flue_engine *e, const struct flue_conn *c)
{
	uint64_t hash = hash_of(e->group, c->raddr, c->laddr, c->ports);
	flue_group_entry *bucket = bucket_of(e->group, hash);
	int k;

	for (k = 0; k < 8; k++) {
		uint64_t empty = 0;

		if (atomic_load_explicit(&bucket[k], memory_order_relaxed) == 0 &&
				atomic_compare_exchange_strong_explicit(&bucket[k], &empty,
						entry_for(e, hash), memory_order_relaxed,
						memory_order_relaxed))
			return;
	}
	flue_count(e, FLUE_CTR_GROUP_UNCLAIMED, 1);
}

void
flue_group_disclaim(struct flue_engine *e, const struct flue_conn *c)
{
	uint64_t hash = hash_of(e->group, c->raddr, c->laddr, c->ports);
	flue_group_entry *bucket = bucket_of(e->group, hash);
	int k;

	for (k = 0; k < 8; k++) {
		if (atomic_load_explicit(&bucket[k], memory_order_relaxed) == entry_for(e, hash)) {
			atomic_store_explicit(&bucket[k], 0, memory_order_relaxed);
			return;
		}
	}
}

/** @return the owner's number, or UINT32_MAX */
static uint32_t
owner_of(const struct flue_engine *e, const struct flue_segment *s)
{
	const struct flue_group *g = e->group;
	uint64_t hash = hash_of(g, s->key.raddr, s->key.laddr, s->key.ports);
	flue_group_entry *bucket = bucket_of(g, hash);
	int k;

	for (k = 0; k < 8; k++) {
		uint64_t entry = atomic_load_explicit(&bucket[k], memory_order_relaxed);
		uint32_t owner = (uint32_t)(entry & 0xff) - 1;

		if (entry != 0 && (entry ^ hash) >> 8 == 0 && owner != e->group_index)
			return owner;
	}
	return UINT32_MAX;
}

/* ---- Rings ----------------------------------------------------------------------------------- */

static struct flue_group_slot *
slot_at(const struct flue_group *g, const struct flue_group_ring *r, uint32_t at)
{
	return (struct flue_group_slot *)(r->slots +
					  (size_t)(at & (FLUE_GROUP_SLOTS - 1)) * g->slot_bytes);
}

bool
flue_group_pass(struct flue_engine *e, const struct flue_segment *s)
{
	struct flue_group *g = e->group;
	uint32_t owner = owner_of(e, s);
	struct flue_group_slot *slot;
	struct flue_group_ring *r;
	uint32_t tail;

	if (owner >= g->engines ||
			!atomic_load_explicit(&g->members[owner].open, memory_order_acquire))
		return false;
	r = ring_at(g, e->group_index, owner);
	tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	if (tail - atomic_load_explicit(&r->head, memory_order_acquire) >= FLUE_GROUP_SLOTS ||
			s->pkt->len > g->mtu + FLUE_ETH_VLAN_BYTES) {
		flue_count(e, FLUE_CTR_GROUP_FULL, 1);
		return false;
	}
	slot = slot_at(g, r, tail);
	slot->len = s->pkt->len;
	slot->flags = s->pkt->flags & FLUE_PKT_RX_CSUM_GOOD;
	memcpy(slot + 1, s->pkt->data, s->pkt->len);
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	flue_pkt_release(s->pkt);
	flue_count(e, FLUE_CTR_GROUP_PASSED, 1);
	return true;
}

unsigned
flue_group_take(struct flue_engine *e, struct flue_pkt **pkts, unsigned n)
{
	struct flue_group *g = e->group;
	unsigned count = 0;
	uint32_t from;

	for (from = 0; from < g->engines && count < n; from++) {
		struct flue_group_ring *r = ring_at(g, from, e->group_index);
		uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
		uint32_t left = atomic_load_explicit(&r->tail, memory_order_acquire) - head;

		for (; left > 0 && count < n; left--, head++) {
			const struct flue_group_slot *slot = slot_at(g, r, head);
			struct flue_pkt *pkt = e->port->ops->alloc(e->port);

			/* As when a port has no buffer left: lost, and sent again. */
			if (pkt == NULL) {
				flue_count(e, FLUE_CTR_GROUP_LOST, 1);
				continue;
			}
			memcpy(pkt->data, slot + 1, slot->len);
			pkt->len = (uint16_t)slot->len;
			pkt->flags = (uint16_t)(slot->flags | FLUE_PKT_PASSED);
			pkts[count++] = pkt;
		}
		atomic_store_explicit(&r->head, head, memory_order_release);
	}
	flue_count(e, FLUE_CTR_GROUP_TAKEN, count);
	return count;
}

unsigned
flue_group_waiting(const struct flue_engine *e)
{
	unsigned n = 0;
	uint32_t from;

	for (from = 0; from < e->group->engines; from++) {
		const struct flue_group_ring *r = ring_at(e->group, from, e->group_index);

		n += atomic_load_explicit(&r->tail, memory_order_acquire) -
		     atomic_load_explicit(&r->head, memory_order_relaxed);
	}
	return n;
}
