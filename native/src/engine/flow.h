/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_FLOW_H
#define FLUE_ENGINE_FLOW_H

/**
 * @file
 * From addresses and ports to a connection.
 *
 * Buckets of one cache line, eight entries {tag, index + 1} each; an entry lies in the one bucket
 * its hash names, nowhere else. A lookup reads that line and, where a tag fits, the first line of
 * the object: two lines, hit or miss. There is a bucket for every connection that can exist, so a
 * bucket of eight overflows about once in a million; then the table is built anew with another
 * seed, and where that does not help either the insertion fails.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tcp/conn.h"

struct flue_flow_entry {
	uint32_t tag;    /* upper half of the hash */
	uint32_t index1; /* connection + 1; 0 = empty */
};

struct flue_flow_bucket {
	struct flue_flow_entry entry[8];
};

FLUE_ASSERT_LAYOUT(sizeof(struct flue_flow_bucket) == FLUE_CACHE_LINE);

struct flue_flow {
	struct flue_flow_bucket *buckets;
	uint32_t mask;
	uint32_t count;
	uint64_t seed;
	struct flue_conn *conns;
};

struct flue_flow_key {
	uint32_t raddr;
	uint32_t laddr;
	uint32_t ports;
	bool ip6;
};

static inline uint64_t
flue_flow_hash_seeded(uint64_t seed, uint32_t raddr, uint32_t laddr, uint32_t ports)
{
	uint64_t h = (((uint64_t)raddr << 32) | laddr) ^ seed;

	h *= UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 32;
	h += ports;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 29;
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ (h >> 32);
}

static inline uint64_t
flue_flow_hash(const struct flue_flow *flow, uint32_t raddr, uint32_t laddr, uint32_t ports)
{
	return flue_flow_hash_seeded(flow->seed, raddr, laddr, ports);
}

static inline struct flue_flow_bucket *
flue_flow_bucket_of(const struct flue_flow *flow, uint64_t hash)
{
	return &flow->buckets[(uint32_t)hash & flow->mask];
}

/** First connection of the bucket whose tag fits: to prefetch it. NULL = certainly none. */
static inline struct flue_conn *
flue_flow_candidate(const struct flue_flow *flow, uint64_t hash)
{
	const struct flue_flow_bucket *b = flue_flow_bucket_of(flow, hash);
	uint32_t tag = (uint32_t)(hash >> 32);
	int i;

	for (i = 0; i < 8; i++)
		if (b->entry[i].tag == tag && b->entry[i].index1 != 0)
			return &flow->conns[b->entry[i].index1 - 1];
	return NULL;
}

/** IPv6: `ip6` is compared, and addresses as folded; the caller compares them in full. */
static inline struct flue_conn *
flue_flow_find(const struct flue_flow *flow, uint64_t hash, const struct flue_flow_key *key)
{
	const struct flue_flow_bucket *b = flue_flow_bucket_of(flow, hash);
	uint32_t tag = (uint32_t)(hash >> 32);
	int i;

	for (i = 0; i < 8; i++) {
		struct flue_conn *c;

		if (b->entry[i].tag != tag || b->entry[i].index1 == 0)
			continue;
		c = &flow->conns[b->entry[i].index1 - 1];
		if (c->raddr == key->raddr && c->laddr == key->laddr && c->ports == key->ports &&
				((c->flags & CONN_IP6) != 0) == key->ip6)
			return c;
	}
	return NULL;
}

/** The buckets a table for `connections` needs, a power of two. */
uint32_t flue_flow_buckets(uint32_t connections);
/** Words of scratch memory behind them. */
uint32_t flue_flow_scratch(uint32_t connections);

/** @return 0, -EEXIST, -ENOSPC (the bucket is full and another seed did not help) */
int flue_flow_insert(struct flue_flow *flow, struct flue_conn *c);

/** No effect on a connection that is not in the table. */
void flue_flow_remove(struct flue_flow *flow, const struct flue_conn *c);

/** Take out all that leads to it, wherever: its key cannot be relied on. Looks at the whole table. */
void flue_flow_purge(struct flue_flow *flow, const struct flue_conn *c);

/** Is it in the table? */
bool flue_flow_holds(const struct flue_flow *flow, const struct flue_conn *c);

#endif /* FLUE_ENGINE_FLOW_H */
