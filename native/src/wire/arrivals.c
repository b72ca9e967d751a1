/* SPDX-License-Identifier: Apache-2.0 */

/* The receiving half of the wire: faults, and the queue of frames by due time. */

#include <string.h>

#include "port/ethernet.h"
#include "wire/wire.h"

#define NANOS_OF_8_SECONDS INT64_C(8000000000)

/* ---- Order: due time, then time of sending, then source, then number in the link -------------- */

/* A team is one source: at one instant, too, what a connection sent before it moved is first. */

static bool
earlier(const struct wire_port *port, const struct wire_pkt *a, const struct wire_pkt *b)
{
	const uint8_t *team = port->wire->team;

	if (a->due != b->due)
		return a->due < b->due;
	if (a->sent != b->sent)
		return a->sent < b->sent;
	if (team[a->source] != team[b->source])
		return team[a->source] < team[b->source];
	if (a->turn != b->turn)
		return (int32_t)(a->turn - b->turn) < 0;
	return a->order < b->order;
}

static void
heap_push(struct wire_port *port, struct wire_pkt *pkt)
{
	struct wire_pkt **heap = port->heap;
	uint32_t at = port->heap_count++;

	while (at > 0 && earlier(port, pkt, heap[(at - 1) / 2])) {
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
		if (child + 1 < n && earlier(port, heap[child + 1], heap[child]))
			child++;
		if (!earlier(port, heap[child], last))
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

/** When a frame arrives that leaves at this time. Draws jitter. */
static int64_t
due_time(struct wire_port *port, struct wire_link *link, int64_t leaves, bool reorder)
{
	const struct flue_wire_faults *faults = &link->faults;
	int64_t due = later(leaves, faults->delay_ns);

	if (faults->jitter_ns > 0)
		due = later(due, (int64_t)below(draw(link), (uint64_t)faults->jitter_ns + 1));
	if (reorder) {
		due = later(due, faults->reorder_ns);
		wire_count(port, WIRE_REORDERED);
	}
	return due;
}

/** A second copy of the frame, in a buffer of the port's own. */
static void
duplicate(struct wire_port *port, struct wire_link *link, const struct wire_pkt *original,
		int64_t leaves)
{
	int64_t due = due_time(port, link, leaves, false);
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
	copy->turn = original->turn;
	wire_count(port, WIRE_DUPLICATED);
	heap_push(port, copy);
}

/** Whether the frame fits the link's MTU, if that is less than the wire's. */
static bool
fits(const struct wire_link *link, const struct wire_frame *frame)
{
	const uint8_t *data = wire_link_buffer(link, frame->index);

	return link->faults.mtu == 0 ||
	       frame->len <= flue_eth_header_bytes(data) + (uint32_t)link->faults.mtu;
}

/**
 * Through the bottleneck: one frame after another, behind what waits already.
 * @return false when the queue has no room for it
 */
static bool
enqueue(struct wire_link *link, const struct wire_frame *frame, int64_t *leaves)
{
	int64_t rate = link->faults.bits_per_second;
	int64_t start = frame->sent;
	int64_t waiting = 0;

	*leaves = frame->sent;
	if (rate == 0)
		return true;
	if (link->busy_until > start) {
		start = link->busy_until;
		waiting = (int64_t)((__int128)(start - frame->sent) * rate / NANOS_OF_8_SECONDS);
	}
	if (link->faults.queue_bytes > 0 && waiting + frame->len > link->faults.queue_bytes)
		return false;
	*leaves = later(start, (int64_t)((__int128)frame->len * NANOS_OF_8_SECONDS / rate));
	link->busy_until = *leaves;
	return true;
}

/** Draws the state of bursts, if there are any. @return the probability of loss now */
static uint32_t
loss_now(struct wire_link *link, const struct wire_frame *frame)
{
	const struct flue_wire_faults *faults = &link->faults;
	uint32_t change;

	if (faults->burst_enter_ppm > 0) {
		change = (uint32_t)(link->bad ? faults->burst_leave_ppm : faults->burst_enter_ppm);
		if (happens((uint32_t)draw(link), change))
			link->bad = !link->bad;
		if (link->bad)
			return (uint32_t)faults->burst_drop_ppm;
	}
	return link->own_faults ? (uint32_t)faults->drop_ppm : frame->drop_ppm;
}

static void
fill(struct wire_pkt *pkt, const struct wire_link *link, const struct wire_frame *frame)
{
	pkt->sent = frame->sent;
	pkt->turn = frame->turn;
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
}

static void
lose(struct wire_port *port, struct wire_link *link, const struct wire_frame *frame,
		enum wire_count why)
{
	wire_count(port, why);
	flue_wire_link_return(link, frame->index);
}

/** Draw what happens to a frame and put what is left of it into the heap. */
static void
arrive(struct wire_port *port, struct wire_link *link, const struct wire_frame *frame)
{
	struct wire_pkt *pkt = &link->pkts[frame->index];
	uint64_t number = link->received++;
	uint32_t loss = loss_now(link, frame);
	uint64_t bits = 0;
	uint64_t more = 0;
	int64_t leaves;
	bool reorder;

	if (link->faulty || loss > 0) {
		bits = draw(link);
		more = draw(link);
	}
	if (!fits(link, frame)) {
		lose(port, link, frame, WIRE_DROPPED);
		return;
	}
	if (!enqueue(link, frame, &leaves)) {
		lose(port, link, frame, WIRE_QUEUE_FULL);
		return;
	}
	if (happens((uint32_t)bits, loss)) {
		lose(port, link, frame, WIRE_DROPPED);
		return;
	}
	reorder = happens((uint32_t)(more >> 32), (uint32_t)link->faults.reorder_ppm);
	fill(pkt, link, frame);
	pkt->order = number * 2;
	pkt->due = due_time(port, link, leaves, reorder);
	if (happens((uint32_t)(bits >> 32), (uint32_t)link->faults.duplicate_ppm))
		duplicate(port, link, pkt, leaves);
	if (happens((uint32_t)more, (uint32_t)link->faults.corrupt_ppm)) {
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
