/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_FLOW_H
#define FLUE_ENGINE_FLOW_H

/**
 * @file
 * From addresses and ports to a connection.
 *
 * Buckets of one cache line, eight entries {tag, index + 1} each. An entry lies in the bucket its hash
 * names; or, where that was full, in the spill bucket that other bits of the hash name. A lookup reads
 * one line and, where a tag fits, the first line of the object: two lines, hit or miss. The table is made
 * as large as it will ever have to be, a bucket for every connection that can exist: of a million
 * buckets about one overflows, and only while one has is the spill looked at. Both full takes a
 * chosen set of addresses, which needs the seed; then the insertion fails.
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

/** Buckets for one of the spill; divides the smallest table. */
#define FLUE_FLOW_PER_SPILL 32u

struct flue_flow {
	struct flue_flow_bucket *buckets;
	uint32_t mask;    /* of the buckets; the spill lies behind them */
	uint32_t count;   /* entries */
	uint32_t spilled; /* of them in the spill */
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

static inline struct flue_flow_bucket *
flue_flow_spill_of(const struct flue_flow *flow, uint64_t hash)
{
	uint32_t n = (flow->mask + 1) / FLUE_FLOW_PER_SPILL;

	return &flow->buckets[flow->mask + 1 + ((uint32_t)(hash >> 40) & (n - 1))];
}

static inline bool
flue_flow_fits(const struct flue_conn *c, const struct flue_flow_key *key)
{
	return c->raddr == key->raddr && c->laddr == key->laddr && c->ports == key->ports &&
	       ((c->flags & CONN_IP6) != 0) == key->ip6;
}

/** First connection of the bucket whose tag fits: to prefetch it. NULL = most likely none. */
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

static inline struct flue_conn *
flue_flow_match(const struct flue_flow *flow, const struct flue_flow_bucket *b, uint32_t tag,
		const struct flue_flow_key *key)
{
	int i;

	for (i = 0; i < 8; i++) {
		struct flue_conn *c;

		if (b->entry[i].tag != tag || b->entry[i].index1 == 0)
			continue;
		c = &flow->conns[b->entry[i].index1 - 1];
		if (flue_flow_fits(c, key))
			return c;
	}
	return NULL;
}

/** IPv6: `ip6` is compared, and addresses as folded; the caller compares them in full. */
static inline struct flue_conn *
flue_flow_find(const struct flue_flow *flow, uint64_t hash, const struct flue_flow_key *key)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	struct flue_conn *c = flue_flow_match(flow, flue_flow_bucket_of(flow, hash), tag, key);

	if (__builtin_expect(c == NULL && flow->spilled > 0, 0))
		c = flue_flow_match(flow, flue_flow_spill_of(flow, hash), tag, key);
	return c;
}

/** The buckets that a table for `connections` takes, spill and all. */
uint32_t flue_flow_buckets(uint32_t connections);

/** An empty table in so many buckets, all zero; `conns` is set by the caller. */
void flue_flow_init(struct flue_flow *flow, struct flue_flow_bucket *buckets, uint32_t connections,
		uint64_t seed);

/** @return 0, -EEXIST, -ENOSPC (its bucket and its spill bucket are full) */
int flue_flow_insert(struct flue_flow *flow, struct flue_conn *c);

/** No effect on a connection that is not in the table. */
void flue_flow_remove(struct flue_flow *flow, const struct flue_conn *c);

/** Take out all that leads to it, wherever: its key cannot be relied on. Looks at the whole table. */
void flue_flow_purge(struct flue_flow *flow, const struct flue_conn *c);

/** Is it in the table? */
bool flue_flow_holds(const struct flue_flow *flow, const struct flue_conn *c);

#endif /* FLUE_ENGINE_FLOW_H */
