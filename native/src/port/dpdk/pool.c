/* SPDX-License-Identifier: Apache-2.0 */

/* Packet memory of DPDK ports, named by regions. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>

#include "port/dpdk/dpdk.h"

#define CACHE_LEAST 32
#define MAX_CHUNKS  16

static struct dpdk_pool *pools;

/**
 * What a thread keeps of a pool comes back last in, first out, and with it from its processor's cache;
 * all else goes around through the whole pool and is cold when it comes. Large enough for what is
 * under way at a time, small enough that what threads keep is not missed by others.
 */
static unsigned
cache_of(unsigned count)
{
	unsigned part = RTE_ALIGN_FLOOR(count / 16, 32u);

	return RTE_MIN(RTE_MAX(part, CACHE_LEAST), (unsigned)RTE_MEMPOOL_CACHE_MAX_SIZE);
}

static bool
ops_exist(const char *name)
{
	unsigned i;

	for (i = 0; i < rte_mempool_ops_table.num_ops; i++)
		if (strcmp(rte_mempool_ops_table.ops[i].name, name) == 0)
			return true;
	return false;
}

/**
 * How what no thread keeps is kept: as a stack, where neither EAL's arguments nor a device ask for something
 * else. Over net_ring one thread frees what the other one took, so all packets go this way; out of a ring,
 * DPDK's default, they would come when all others had, cold. Its lock is taken for a cache's half at a time.
 */
static const char *
pool_ops(void)
{
	const char *best = rte_mbuf_best_mempool_ops();

	if (rte_mbuf_user_mempool_ops() == NULL &&
			strcmp(best, RTE_MBUF_DEFAULT_MEMPOOL_OPS) == 0 && ops_exist("stack"))
		return "stack";
	return best;
}

/** Memory of a mempool, each piece a region. */
struct chunks {
	uint8_t *address[MAX_CHUNKS];
	uint64_t bytes[MAX_CHUNKS];
	int region[MAX_CHUNKS];
	unsigned count;
	int error;
};

static void
chunk_add(struct rte_mempool *mp, void *opaque, struct rte_mempool_memhdr *header, unsigned index)
{
	struct chunks *chunks = opaque;
	unsigned last = chunks->count - 1;

	(void)mp;
	(void)index;
	if (chunks->count > 0 && chunks->address[last] + chunks->bytes[last] == header->addr) {
		chunks->bytes[last] += header->len;
		return;
	}
	if (chunks->count > 0 && (uint8_t *)header->addr + header->len == chunks->address[last]) {
		chunks->address[last] = header->addr;
		chunks->bytes[last] += header->len;
		return;
	}
	if (chunks->count == MAX_CHUNKS) {
		chunks->error = -ENOSPC;
		return;
	}
	chunks->address[chunks->count] = header->addr;
	chunks->bytes[chunks->count] = header->len;
	chunks->count++;
}

/** Note in each mbuf where its buffer lies. */
static void
mbuf_name(struct rte_mempool *mp, void *opaque, void *object, unsigned index)
{
	struct chunks *chunks = opaque;
	struct rte_mbuf *mbuf = object;
	struct dpdk_priv *priv = dpdk_priv(mbuf);
	const uint8_t *start = mbuf->buf_addr;
	unsigned i;

	(void)mp;
	(void)index;
	for (i = 0; i < chunks->count; i++) {
		if (start < chunks->address[i] ||
				start + mbuf->buf_len > chunks->address[i] + chunks->bytes[i])
			continue;
		priv->base = flue_ref_make((uint32_t)chunks->region[i],
				(uint64_t)(start - chunks->address[i]));
		priv->magic = DPDK_MAGIC;
		return;
	}
	chunks->error = -EFAULT;
}

static int
regions_add(struct rte_mempool *mp)
{
	struct chunks chunks = { 0 };
	unsigned i;

	rte_mempool_mem_iter(mp, chunk_add, &chunks);
	for (i = 0; i < chunks.count && chunks.error == 0; i++) {
		chunks.region[i] = dpdk_host->region_add_foreign(
				chunks.address[i], (int64_t)chunks.bytes[i]);
		if (chunks.region[i] < 0)
			chunks.error = chunks.region[i];
		dpdk_memory_own(chunks.address[i], chunks.bytes[i]);
	}
	if (chunks.error == 0)
		rte_mempool_obj_iter(mp, mbuf_name, &chunks);
	return chunks.error;
}

static bool
all_back(const struct dpdk_pool *pool)
{
	return rte_mempool_avail_count(pool->data) == pool->count &&
	       rte_mempool_avail_count(pool->ext) == pool->count;
}

/**
 * Packets without a gap between them, in one piece of memory: net_af_xdp tells the kernel of as many
 * bytes as the packets have, from the first one on, and what lies behind that the kernel neither fills
 * nor sends. A pool as DPDK makes it leaves gaps, so that no packet lies on two pages: without
 * hugepages a third of it would be out of the kernel's reach.
 */
static struct rte_mempool *
packed_create(const char *name, unsigned count, unsigned room)
{
	const struct rte_pktmbuf_pool_private sizes = {
		.mbuf_data_room_size = (uint16_t)(RTE_PKTMBUF_HEADROOM + room),
		.mbuf_priv_size = sizeof(struct dpdk_priv),
	};
	struct rte_mempool *mp = rte_mempool_create_empty(name, count,
			(unsigned)(sizeof(struct rte_mbuf) + sizeof(struct dpdk_priv)) +
					sizes.mbuf_data_room_size,
			cache_of(count), sizeof(sizes), SOCKET_ID_ANY,
			RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	int rc;

	if (mp == NULL)
		return NULL;
	rc = rte_mempool_set_ops_byname(mp, pool_ops(), NULL);
	if (rc == 0) {
		rte_pktmbuf_pool_init(mp, (void *)(uintptr_t)&sizes);
		rc = rte_mempool_populate_default(mp);
	}
	if (rc < 0 || mp->nb_mem_chunks != 1) {
		rte_mempool_free(mp);
		rte_errno = rc < 0 ? -rc : ENOMEM;
		return NULL;
	}
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	return mp;
}

static struct dpdk_pool *
pool_make(unsigned count, unsigned room, bool packed, struct flue_dpdk_cause *cause)
{
	static unsigned number;
	struct dpdk_pool *pool = calloc(1, sizeof(*pool));
	char name[RTE_MEMPOOL_NAMESIZE];
	int rc;

	if (pool == NULL) {
		dpdk_fail(cause, -ENOMEM, "Out of memory.");
		return NULL;
	}
	pool->count = count;
	pool->room = room;
	pool->packed = packed;
	snprintf(name, sizeof(name), "flue_data%u", number);
	pool->data = packed ? packed_create(name, count, room)
			    : rte_pktmbuf_pool_create_by_ops(name, count, cache_of(count),
					      sizeof(struct dpdk_priv),
					      (uint16_t)(RTE_PKTMBUF_HEADROOM + room),
					      SOCKET_ID_ANY, pool_ops());
	snprintf(name, sizeof(name), "flue_ext%u", number++);
	if (pool->data != NULL)
		pool->ext = rte_pktmbuf_pool_create_by_ops(name, count, cache_of(count),
				sizeof(struct dpdk_priv), 0, SOCKET_ID_ANY, pool_ops());
	if (pool->data == NULL || pool->ext == NULL) {
		dpdk_fail(cause, -ENOMEM,
				"DPDK has no memory for %u packets of %u bytes: %s. Start it with a "
				"larger -m, or ask for fewer buffers.",
				count, room, rte_strerror(rte_errno));
		rte_mempool_free(pool->data);
		free(pool);
		return NULL;
	}
	rc = regions_add(pool->data);
	if (rc < 0) {
		/* Kept: a part of it may have become a region. */
		dpdk_fail(cause, rc, "The memory of DPDK's packets cannot be made regions: %s.",
				rte_strerror(-rc));
		return NULL;
	}
	pool->next = pools;
	pools = pool;
	return pool;
}

static void
put_back(struct rte_mempool *mp, void *opaque, void *object, unsigned index)
{
	(void)opaque;
	(void)index;
	rte_mempool_put(mp, object);
}

/** Have all packets back, wherever they are; nobody uses the pool now. */
static void
collect(struct dpdk_pool *pool)
{
	struct rte_mempool *mp = pool->data;
	void *object;
	unsigned lcore;

	for (lcore = 0; lcore < RTE_MAX_LCORE; lcore++)
		rte_mempool_cache_flush(rte_mempool_default_cache(mp, lcore), mp);
	while (rte_mempool_get(mp, &object) == 0)
		;
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	rte_mempool_obj_iter(mp, put_back, NULL);
}

static bool
can_take(struct dpdk_pool *pool, unsigned count, unsigned room, bool packed)
{
	if (pool->used || pool->count != count || pool->room != room || pool->packed != packed)
		return false;
	if (pool->deserted)
		collect(pool);
	pool->deserted = false;
	return all_back(pool);
}

struct dpdk_pool *
dpdk_pool_take(unsigned count, unsigned room, bool packed, struct flue_dpdk_cause *cause)
{
	struct dpdk_pool *pool;

	for (pool = pools; pool != NULL; pool = pool->next) {
		if (can_take(pool, count, room, packed))
			break;
	}
	if (pool == NULL)
		pool = pool_make(count, room, packed, cause);
	if (pool != NULL)
		pool->used = true;
	return pool;
}

void
dpdk_pool_give(struct dpdk_pool *pool)
{
	pool->used = false;
}
