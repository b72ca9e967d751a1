/* SPDX-License-Identifier: Apache-2.0 */

/* Links: buffers going round between a source and a destination. */

#include <stdlib.h>

#include "memory/region.h"
#include "wire/wire.h"

/** splitmix64: one step of a stream whose state is a counter. */
static uint64_t
scramble(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static void
link_free(struct wire_link *link)
{
	free(link->pkts);
	free(link->full);
	free(link->back);
	free(link);
}

void
flue_wire_link_faults(struct wire_link *link, const struct flue_wire_faults *faults)
{
	link->faults = *faults;
	link->faulty = faults->duplicate_ppm > 0 || faults->corrupt_ppm > 0 ||
		       faults->reorder_ppm > 0 || faults->burst_enter_ppm > 0;
	link->bad = link->bad && faults->burst_enter_ppm > 0;
	if (faults->bits_per_second == 0)
		link->busy_until = INT64_MIN;
}

/** What the wire does to all frames. */
static void
inherit_faults(struct wire_link *link, const struct flue_wire_config *config)
{
	struct flue_wire_faults faults = {
		.duplicate_ppm = config->duplicate_ppm,
		.corrupt_ppm = config->corrupt_ppm,
		.reorder_ppm = config->reorder_ppm,
		.delay_ns = config->delay_ns,
		.jitter_ns = config->jitter_ns,
		.reorder_ns = config->reorder_ns,
	};

	flue_wire_link_faults(link, &faults);
}

struct wire_link *
flue_wire_link_create(struct flue_wire *wire, uint32_t source, uint32_t destination)
{
	struct wire_link *link = aligned_alloc(FLUE_CACHE_LINE, sizeof(*link));
	uint32_t count = (uint32_t)wire->config.buffers;
	uint32_t capacity = 64;
	uint32_t i;

	if (link == NULL)
		return NULL;
	while (capacity < count)
		capacity *= 2;
	*link = (struct wire_link){
		.mask = capacity - 1,
		.count = count,
		.unused = count,
		.stride = ((uint32_t)wire->config.mtu + FLUE_ETH_VLAN_BYTES + FLUE_PKT_HEADROOM +
					  FLUE_CACHE_LINE - 1) &
			  ~(uint32_t)(FLUE_CACHE_LINE - 1),
		.pkts = calloc(count, sizeof(*link->pkts)),
		.full = calloc(capacity, sizeof(*link->full)),
		.back = calloc(capacity, sizeof(*link->back)),
		.random = scramble((uint64_t)wire->config.seed ^
				   scramble((uint64_t)source << 32 | destination)),
	};
	if (link->pkts == NULL || link->full == NULL || link->back == NULL) {
		link_free(link);
		return NULL;
	}
	link->region = flue_region_create(FLUE_REGION_HEAP, (int64_t)count * link->stride);
	if (link->region < 0) {
		link_free(link);
		return NULL;
	}
	link->memory = flue_region_at(link->region);
	link->busy_until = INT64_MIN;
	inherit_faults(link, &wire->config);
	for (i = 0; i < count; i++) {
		link->pkts[i].link = link;
		link->pkts[i].index = i;
		link->pkts[i].source = source;
		link->pkts[i].pkt.port = &wire->ports[destination].base;
	}
	atomic_store_explicit(&wire->links[source][destination], link, memory_order_release);
	return link;
}

void
flue_wire_link_destroy(struct wire_link *link)
{
	if (link == NULL)
		return;
	flue_region_release(link->region);
	link_free(link);
}

bool
flue_wire_link_take(struct wire_link *link, uint32_t *index)
{
	struct wire_ring *ring = &link->back_ring;
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	/* Those that came back are warm; fresh ones only when the destination keeps the rest. */
	if (head != atomic_load_explicit(&ring->tail, memory_order_acquire)) {
		*index = link->back[head & link->mask];
		atomic_store_explicit(&ring->head, head + 1, memory_order_release);
		return true;
	}
	if (link->unused == 0)
		return false;
	*index = link->count - link->unused--;
	return true;
}

void
flue_wire_link_push(struct wire_link *link, const struct wire_frame *frame)
{
	struct wire_ring *ring = &link->full_ring;
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	link->full[tail & link->mask] = *frame;
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
}

bool
flue_wire_link_pull(struct wire_link *link, struct wire_frame *frame)
{
	struct wire_ring *ring = &link->full_ring;
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&ring->tail, memory_order_acquire))
		return false;
	*frame = link->full[head & link->mask];
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
	return true;
}

void
flue_wire_link_return(struct wire_link *link, uint32_t index)
{
	struct wire_ring *ring = &link->back_ring;
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	link->back[tail & link->mask] = index;
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
}
