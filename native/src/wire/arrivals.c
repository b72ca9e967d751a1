/* SPDX-License-Identifier: Apache-2.0 */

/* The receiving half of the wire: faults, and the queue of frames by due time. */

#include <string.h>

#include "wire/wire.h"

/* ---- Order: due time, then time of sending, then source, then number in the link -------------- */

static bool
earlier(const struct wire_pkt *a, const struct wire_pkt *b)
{
	if (a->due != b->due)
		return a->due < b->due;
	if (a->sent != b->sent)
		return a->sent < b->sent;
	if (a->source != b->source)
		return a->source < b->source;
	return a->order < b->order;
}

static void
heap_push(struct wire_port *port, struct wire_pkt *pkt)
{
	struct wire_pkt **heap = port->heap;
	uint32_t at = port->heap_count++;

	while (at > 0 && earlier(pkt, heap[(at - 1) / 2])) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = pkt;
}

struct wire_pkt *
flue_wire_heap_pop(struct wire_port *port)
{
	struct wire_pkt **heap = port->heap;
	struct wire_pkt *first = heap[0];
	struct wire_pkt *last = heap[--port->heap_count];
	uint32_t n = port->heap_count;
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= n)
			break;
		if (child + 1 < n && earlier(heap[child + 1], heap[child]))
			child++;
		if (!earlier(heap[child], last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return first;
}

/* ---- Faults ------------------------------------------------------------------------------------ */

static uint64_t
draw(struct wire_link *link)
{
	uint64_t x = link->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/** Uniform in 0..n-1. */
static uint64_t
below(uint64_t random, uint64_t n)
{
	return (uint64_t)((unsigned __int128)random * n >> 64);
}

/** Half of a draw decides on one fault. */
static bool
happens(uint32_t random, uint32_t ppm)
{
	return (uint64_t)random * 1000000 >> 32 < ppm;
}

static int64_t
later(int64_t time, int64_t by)
{
	int64_t sum;

	return __builtin_add_overflow(time, by, &sum) ? INT64_MAX : sum;
}

/** When a frame arrives. Draws jitter. */
static int64_t
due_time(struct wire_port *port, struct wire_link *link, int64_t sent, bool reorder)
{
	const struct flue_wire_config *config = &port->wire->config;
	int64_t due = later(sent, config->delay_ns);

	if (config->jitter_ns > 0)
		due = later(due, (int64_t)below(draw(link), (uint64_t)config->jitter_ns + 1));
	if (reorder) {
		due = later(due, config->reorder_ns);
		wire_count(port, WIRE_REORDERED);
	}
	return due;
}

/** A second copy of the frame, in a buffer of the port's own. */
static void
duplicate(struct wire_port *port, struct wire_link *link, const struct wire_pkt *original)
{
	int64_t due = due_time(port, link, original->sent, false);
	struct wire_pkt *copy = NULL;

	if (port->pool.free_count > flue_pool_tx_reserve(port->base.buffers))
		copy = (struct wire_pkt *)flue_pool_get(&port->pool);
	if (copy == NULL) {
		wire_count(port, WIRE_NO_BUFFER);
		return;
	}
	memcpy(copy->pkt.data, original->pkt.data, original->pkt.len);
	copy->pkt.len = original->pkt.len;
	copy->link = NULL;
	copy->due = due;
	copy->sent = original->sent;
	copy->order = original->order + 1;
	copy->source = original->source;
	wire_count(port, WIRE_DUPLICATED);
	heap_push(port, copy);
}

/** Draw what happens to a frame and put what is left of it into the heap. */
static void
arrive(struct wire_port *port, struct wire_link *link, const struct wire_frame *frame)
{
	const struct flue_wire *wire = port->wire;
	struct wire_pkt *pkt = &link->pkts[frame->index];
	uint64_t number = link->received++;
	uint64_t bits = 0;
	uint64_t more = 0;
	bool reorder;

	if (wire->faulty || frame->drop_ppm > 0) {
		bits = draw(link);
		more = draw(link);
		if (happens((uint32_t)bits, frame->drop_ppm)) {
			wire_count(port, WIRE_DROPPED);
			flue_wire_link_return(link, frame->index);
			return;
		}
	}
	reorder = happens((uint32_t)(more >> 32), (uint32_t)wire->config.reorder_ppm);
	pkt->sent = frame->sent;
	pkt->order = number * 2;
	pkt->due = due_time(port, link, frame->sent, reorder);
	pkt->pkt.data = wire_link_buffer(link, frame->index);
	pkt->pkt.ref = flue_ref_make((uint32_t)link->region,
			(uint64_t)frame->index * link->stride + FLUE_PKT_HEADROOM);
	pkt->pkt.ext = NULL;
	pkt->pkt.ext_owner = NULL;
	pkt->pkt.next = NULL;
	pkt->pkt.len = (uint16_t)frame->len;
	pkt->pkt.ext_len = 0;
	pkt->pkt.refcnt = 1;
	pkt->pkt.flags = 0;
	if (happens((uint32_t)(bits >> 32), (uint32_t)wire->config.duplicate_ppm))
		duplicate(port, link, pkt);
	if (happens((uint32_t)more, (uint32_t)wire->config.corrupt_ppm)) {
		uint64_t bit = below(draw(link), (uint64_t)frame->len * 8);

		pkt->pkt.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		wire_count(port, WIRE_CORRUPTED);
	}
	heap_push(port, pkt);
}

static struct wire_link *
link_from(const struct wire_port *port, int source)
{
	/* The source's owner may be publishing this link just now. */
	return atomic_load_explicit(&port->wire->links[source][port->index], memory_order_acquire);
}

void
flue_wire_arrivals(struct wire_port *port)
{
	struct wire_frame frame;
	uint32_t left;
	int source;

	for (source = 0; source < port->wire->config.ports; source++) {
		struct wire_link *link = link_from(port, source);

		if (link == NULL)
			continue;
		/* Bounded: the source may go on sending while we look. */
		for (left = link->count; left > 0 && flue_wire_link_pull(link, &frame); left--)
			arrive(port, link, &frame);
	}
}

void
flue_wire_discard(struct wire_port *port)
{
	struct wire_frame frame;
	int source;

	while (port->heap_count > 0) {
		struct wire_pkt *pkt = flue_wire_heap_pop(port);

		if (pkt->link != NULL)
			flue_wire_link_return(pkt->link, pkt->index);
		else
			flue_pool_put(&port->pool, &pkt->pkt);
		wire_count(port, WIRE_DROPPED);
	}
	for (source = 0; source < port->wire->config.ports; source++) {
		struct wire_link *link = link_from(port, source);

		if (link == NULL)
			continue;
		while (flue_wire_link_pull(link, &frame)) {
			flue_wire_link_return(link, frame.index);
			wire_count(port, WIRE_DROPPED);
		}
	}
}
