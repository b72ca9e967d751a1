/* SPDX-License-Identifier: Apache-2.0 */

#include "engine/flow.h"

#include <errno.h>
#include <string.h>

/** Building anew takes time for every entry: bounded to tables where that is a fraction of a
 *  millisecond. */
#define REBUILD_MAX_BUCKETS (UINT32_C(1) << 16)
#define REBUILD_SEEDS       4

uint32_t
flue_flow_scratch(uint32_t connections)
{
	return flue_flow_buckets(connections) <= REBUILD_MAX_BUCKETS ? connections + 1 : 0;
}

uint32_t
flue_flow_buckets(uint32_t connections)
{
	uint32_t n = 64;

	while (n < connections)
		n <<= 1;
	return n;
}

static uint64_t
hash_of(const struct flue_flow *flow, const struct flue_conn *c)
{
	return flue_flow_hash(flow, c->raddr, c->laddr, c->ports);
}

static bool
bucket_put(struct flue_flow_bucket *b, uint64_t hash, uint32_t index1)
{
	int i;

	for (i = 0; i < 8; i++) {
		if (b->entry[i].index1 == 0) {
			b->entry[i] = (struct flue_flow_entry){ (uint32_t)(hash >> 32), index1 };
			return true;
		}
	}
	return false;
}

/** Place every entry by `flow->seed`, cuckoo-free: entries that moved are collected in place by
 *  walking the old buckets. @return false when some bucket overflows; the table is then unusable
 *  and must be built again. */
static bool
rehash(struct flue_flow *flow, uint32_t *indices, uint32_t n)
{
	uint32_t i;

	memset(flow->buckets, 0, ((size_t)flow->mask + 1) * sizeof(*flow->buckets));
	for (i = 0; i < n; i++) {
		uint64_t hash = hash_of(flow, &flow->conns[indices[i] - 1]);

		if (!bucket_put(flue_flow_bucket_of(flow, hash), hash, indices[i]))
			return false;
	}
	return true;
}

static uint32_t
collect(const struct flue_flow *flow, uint32_t *indices)
{
	uint32_t n = 0;
	uint32_t i;
	int k;

	for (i = 0; i <= flow->mask; i++)
		for (k = 0; k < 8; k++)
			if (flow->buckets[i].entry[k].index1 != 0)
				indices[n++] = flow->buckets[i].entry[k].index1;
	return n;
}

int
flue_flow_insert(struct flue_flow *flow, struct flue_conn *c)
{
	struct flue_flow_key key = { c->raddr, c->laddr, c->ports, (c->flags & CONN_IP6) != 0 };
	uint64_t hash = hash_of(flow, c);
	uint32_t index1 = (uint32_t)(c - flow->conns) + 1;
	uint64_t old_seed = flow->seed;
	uint32_t *indices;
	uint32_t n;
	int i;

	if (flue_flow_find(flow, hash, &key) != NULL)
		return -EEXIST;
	if (bucket_put(flue_flow_bucket_of(flow, hash), hash, index1)) {
		flow->count++;
		return 0;
	}
	if (flow->mask >= REBUILD_MAX_BUCKETS)
		return -ENOSPC;
	indices = (uint32_t *)(flow->buckets + flow->mask + 1); /* scratch behind the buckets */
	n = collect(flow, indices);
	indices[n] = index1;
	for (i = 0; i < REBUILD_SEEDS; i++) {
		flow->seed = flow->seed * UINT64_C(6364136223846793005) + 1;
		if (rehash(flow, indices, n + 1)) {
			flow->count++;
			return 0;
		}
	}
	flow->seed = old_seed;
	(void)rehash(flow, indices, n); /* as it was: this fitted */
	return -ENOSPC;
}

static struct flue_flow_entry *
entry_of(const struct flue_flow *flow, const struct flue_conn *c)
{
	struct flue_flow_bucket *b = flue_flow_bucket_of(flow, hash_of(flow, c));
	uint32_t index1 = (uint32_t)(c - flow->conns) + 1;
	int i;

	for (i = 0; i < 8; i++)
		if (b->entry[i].index1 == index1)
			return &b->entry[i];
	return NULL;
}

void
flue_flow_remove(struct flue_flow *flow, const struct flue_conn *c)
{
	struct flue_flow_entry *entry = entry_of(flow, c);

	if (entry == NULL)
		return;
	*entry = (struct flue_flow_entry){ 0, 0 };
	flow->count--;
}

void
flue_flow_purge(struct flue_flow *flow, const struct flue_conn *c)
{
	uint32_t index1 = (uint32_t)(c - flow->conns) + 1;
	uint32_t i;
	int k;

	for (i = 0; i <= flow->mask; i++) {
		for (k = 0; k < 8; k++) {
			if (flow->buckets[i].entry[k].index1 != index1)
				continue;
			flow->buckets[i].entry[k] = (struct flue_flow_entry){ 0, 0 };
			flow->count--;
		}
	}
}

bool
flue_flow_holds(const struct flue_flow *flow, const struct flue_conn *c)
{
	return entry_of(flow, c) != NULL;
}
