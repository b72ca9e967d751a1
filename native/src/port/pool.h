/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_POOL_H
#define FLUE_PORT_POOL_H

/**
 * @file
 * Packet buffers of the software ports: memory in a region, struct flue_pkt beside it. One owner
 * thread.
 */

#include "flue/flue_pkt.h"
#include "port/ethernet.h"

struct flue_pool {
	uint8_t *memory; /* buffer i starts at memory + i * stride */
	uint8_t *pkts;   /* packet i is at pkts + i * pkt_bytes */
	uint32_t *free;  /* stack of free indexes */
	uint32_t free_count;
	uint32_t count;
	uint32_t stride;
	uint32_t pkt_bytes;
	int region;
};

/**
 * @param port      written into every packet
 * @param pkt_bytes size of the structure each packet is the head of
 * @param room      bytes a packet can hold behind the headroom, at least; see flue_pool_room()
 * @return 0, -ENOMEM, -ENOSPC (table of regions full)
 */
int flue_pool_init(struct flue_pool *pool, struct flue_port *port, uint32_t count,
		uint32_t pkt_bytes, uint32_t room);

/** Packets that are still out must not be touched afterwards; lent memory may (it reads zero). */
void flue_pool_fini(struct flue_pool *pool);

/** Room for any frame of this MTU and for what the engine expects of alloc(). */
uint32_t flue_pool_room(int mtu);

/** A packet as alloc() promises it, or NULL. */
struct flue_pkt *flue_pool_get(struct flue_pool *pool);

static inline void
flue_pool_put(struct flue_pool *pool, const struct flue_pkt *pkt)
{
	pool->free[pool->free_count++] =
			(uint32_t)((size_t)((const uint8_t *)pkt - pool->pkts) / pool->pkt_bytes);
}

/** Of a port's buffers, those that received frames may not use: without them a host that holds on
 *  to what it received could not send any more, not even an acknowledgement. */
static inline uint32_t
flue_pool_tx_reserve(uint32_t buffers)
{
	return buffers / 8;
}

#endif /* FLUE_PORT_POOL_H */
