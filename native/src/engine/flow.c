/* SPDX-License-Identifier: Apache-2.0 */

#include "engine/flow.h"

#include <errno.h>

uint32_t
flue_flow_buckets(uint32_t connections)
{
	uint32_t n = 64;

	while (n < connections)
		n <<= 1;
	return n + n / FLUE_FLOW_PER_SPILL;
}

void
flue_flow_init(struct flue_flow *flow, struct flue_flow_bucket *buckets, uint32_t connections,
		uint64_t seed)
{
	uint32_t n = 64;

	while (n < connections)
		n <<= 1;
	flow->buckets = buckets;
	flow->mask = n - 1;
	flow->count = 0;
	flow->spilled = 0;
	flow->seed = seed;
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

int
flue_flow_insert(struct flue_flow *flow, struct flue_conn *c)
{
	struct flue_flow_key key = { c->raddr, c->laddr, c->ports, (c->flags & CONN_IP6) != 0 };
	uint64_t hash = hash_of(flow, c);
	uint32_t index1 = (uint32_t)(c - flow->conns) + 1;

	if (flue_flow_find(flow, hash, &key) != NULL)
		return -EEXIST;
	if (!bucket_put(flue_flow_bucket_of(flow, hash), hash, index1)) {
		if (!bucket_put(flue_flow_spill_of(flow, hash), hash, index1))
			return -ENOSPC;
		flow->spilled++;
	}
	flow->count++;
	return 0;
}

static struct flue_flow_entry *
entry_in(struct flue_flow_bucket *b, uint32_t index1)
{
	int i;

	for (i = 0; i < 8; i++)
		if (b->entry[i].index1 == index1)
			return &b->entry[i];
	return NULL;
}

void
flue_flow_remove(struct flue_flow *flow, const struct flue_conn *c)
{
	uint64_t hash = hash_of(flow, c);
	uint32_t index1 = (uint32_t)(c - flow->conns) + 1;
	struct flue_flow_entry *entry = entry_in(flue_flow_bucket_of(flow, hash), index1);

	if (entry == NULL && flow->spilled > 0) {
		entry = entry_in(flue_flow_spill_of(flow, hash), index1);
		flow->spilled -= entry != NULL;
	}
	if (entry == NULL)
		return;
	*entry = (struct flue_flow_entry){ 0, 0 };
	flow->count--;
}

void
flue_flow_purge(struct flue_flow *flow, const struct flue_conn *c)
{
	uint32_t n = flow->mask + 1 + (flow->mask + 1) / FLUE_FLOW_PER_SPILL;
	uint32_t index1 = (uint32_t)(c - flow->conns) + 1;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct flue_flow_entry *entry = entry_in(&flow->buckets[i], index1);

		if (entry == NULL)
			continue;
		*entry = (struct flue_flow_entry){ 0, 0 };
		flow->count--;
		flow->spilled -= i > flow->mask;
	}
}

bool
flue_flow_holds(const struct flue_flow *flow, const struct flue_conn *c)
{
	uint64_t hash = hash_of(flow, c);
	uint32_t index1 = (uint32_t)(c - flow->conns) + 1;

	return entry_in(flue_flow_bucket_of(flow, hash), index1) != NULL ||
	       (flow->spilled > 0 && entry_in(flue_flow_spill_of(flow, hash), index1) != NULL);
}
