/* SPDX-License-Identifier: Apache-2.0 */

#include "port/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/region.h"

static void
pool_free_tables(struct flue_pool *pool)
{
	free(pool->pkts);
	free(pool->free);
	memset(pool, 0, sizeof(*pool));
}

int
flue_pool_init(struct flue_pool *pool, struct flue_port *port, uint32_t count, uint32_t pkt_bytes,
		uint32_t room)
{
	uint32_t i;
	int region;

	memset(pool, 0, sizeof(*pool));
	pool->count = count;
	pool->pkt_bytes = pkt_bytes;
	pool->stride = (FLUE_PKT_HEADROOM + room + FLUE_CACHE_LINE - 1) &
		       ~(uint32_t)(FLUE_CACHE_LINE - 1);
	pool->pkts = calloc(count, pkt_bytes);
	pool->free = calloc(count, sizeof(*pool->free));
	if (pool->pkts == NULL || pool->free == NULL) {
		pool_free_tables(pool);
		return -ENOMEM;
	}
	region = flue_region_create(FLUE_REGION_HEAP, (int64_t)count * pool->stride);
	if (region < 0) {
		pool_free_tables(pool);
		return region == -EINVAL ? -ENOMEM : region;
	}
	pool->region = region;
	pool->memory = flue_region_at(region);
	for (i = 0; i < count; i++) {
		struct flue_pkt *pkt = (void *)(pool->pkts + (size_t)i * pkt_bytes);

		pkt->port = port;
		/* Lowest index on top: memory is touched as it is needed. */
		pool->free[i] = count - 1 - i;
	}
	pool->free_count = count;
	return 0;
}

void
flue_pool_fini(struct flue_pool *pool)
{
	if (pool->pkts == NULL)
		return;
	flue_region_release(pool->region);
	pool_free_tables(pool);
}

uint32_t
flue_pool_room(int mtu)
{
	uint32_t frame = (uint32_t)mtu + FLUE_ETH_VLAN_BYTES;

	return frame > FLUE_PKT_ROOM ? frame : FLUE_PKT_ROOM;
}

struct flue_pkt *
flue_pool_get(struct flue_pool *pool)
{
	struct flue_pkt *pkt;
	uint64_t offset;
	uint32_t index;

	if (pool->free_count == 0)
		return NULL;
	index = pool->free[--pool->free_count];
	pkt = (void *)(pool->pkts + (size_t)index * pool->pkt_bytes);
	offset = (uint64_t)index * pool->stride + FLUE_PKT_HEADROOM;
	pkt->data = pool->memory + offset;
	pkt->ref = flue_ref_make((uint32_t)pool->region, offset);
	pkt->ext = NULL;
	pkt->ext_owner = NULL;
	pkt->next = NULL;
	pkt->len = 0;
	pkt->ext_len = 0;
	pkt->refcnt = 1;
	pkt->flags = 0;
	return pkt;
}
