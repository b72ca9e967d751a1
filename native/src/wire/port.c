/* SPDX-License-Identifier: Apache-2.0 */

/* A port of the wire: what its owner calls. */

#include <string.h>

#include "wire/wire.h"

static struct wire_port *
wire_port(struct flue_port *port)
{
	return (struct wire_port *)port;
}

/* ---- Receiving ------------------------------------------------------------------------------- */

/** Fold a delivered frame into the trace: FNV-1a over words of 8 bytes, with the words' upper halves
 *  folded down, for a multiplication alone never carries them there. */
static void
trace_word(uint64_t *hash, uint64_t word)
{
	*hash = (*hash ^ word) * UINT64_C(0x100000001b3);
	*hash ^= *hash >> 32;
}

static void
trace_frame(struct wire_port *port, int64_t now, const struct flue_pkt *pkt)
{
	uint64_t hash = port->hash;
	unsigned at = 0;
	uint64_t word;

	trace_word(&hash, (uint64_t)now);
	trace_word(&hash, pkt->len);
	for (; at + 8 <= pkt->len; at += 8) {
		memcpy(&word, pkt->data + at, 8);
		trace_word(&hash, word);
	}
	if (at < pkt->len) {
		word = 0;
		memcpy(&word, pkt->data + at, pkt->len - at);
		trace_word(&hash, word);
	}
	port->hash = hash;
}

static void
buffer_return(struct wire_port *port, struct wire_pkt *pkt)
{
	if (pkt->link != NULL)
		flue_wire_link_return(pkt->link, pkt->index);
	else
		flue_pool_put(&port->pool, &pkt->pkt);
}

static unsigned
wire_rx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct wire_port *port = wire_port(base);
	unsigned count = 0;

	flue_wire_arrivals(port);
	while (count < n) {
		struct wire_pkt *pkt = wire_first(port);

		if (pkt == NULL || pkt->due > now)
			break;
		flue_wire_heap_pop(port);
		if (base->held >= port->rx_limit) {
			wire_count(port, WIRE_NO_BUFFER);
			buffer_return(port, pkt);
			continue;
		}
		trace_frame(port, now, &pkt->pkt);
		if (port->wire->observer != NULL)
			flue_wire_note(port->wire, WIRE_EVENT_RECEIVED, port->index, now,
					&pkt->pkt);
		wire_count(port, WIRE_DELIVERED);
		base->held++;
		pkts[count++] = &pkt->pkt;
	}
	return count;
}

static int
wire_link(struct flue_port *base)
{
	const struct wire_port *port = (const struct wire_port *)base;

	return wire_up(port->wire, port->index);
}

static int64_t
wire_next_event(const struct flue_port *base)
{
	/* Frames are taken in to see when they are due; what is drawn does not depend on when. */
	struct wire_port *port = wire_port((struct flue_port *)(uintptr_t)base);

	flue_wire_arrivals(port);
	return port->heap_count > 0 ? wire_first(port)->due : INT64_MAX;
}

/* ---- Sending --------------------------------------------------------------------------------- */

enum push_result {
	PUSHED,
	PUSH_FULL,
	PUSH_LOST, /* a link with faults of its own holds nobody back */
	PUSH_NO_MEMORY
};

static enum push_result
push(struct wire_port *port, uint32_t destination, int64_t now, const struct flue_pkt *pkt)
{
	struct flue_wire *wire = port->wire;
	struct wire_link *link = atomic_load_explicit(
			&wire->links[port->index][destination], memory_order_relaxed);
	struct wire_frame frame = {
		.sent = now,
		.drop_ppm = atomic_load_explicit(&wire->drop_ppm, memory_order_relaxed),
		.len = (uint32_t)pkt->len + pkt->ext_len,
	};
	uint8_t *data;

	if (link == NULL) {
		link = flue_wire_link_create(wire, port->index, destination);
		if (link == NULL)
			return PUSH_NO_MEMORY;
	}
	if (!flue_wire_link_take(link, &frame.index))
		return link->own_faults ? PUSH_LOST : PUSH_FULL;
	if (wire->teams >> port->index & 1)
		frame.turn = 1 + atomic_fetch_add_explicit(&wire->turns, 1, memory_order_relaxed);
	data = wire_link_buffer(link, frame.index);
	memcpy(data, pkt->data, pkt->len);
	if (pkt->ext_len > 0)
		memcpy(data + pkt->len, pkt->ext, pkt->ext_len);
	flue_wire_link_push(link, &frame);
	return PUSHED;
}

/** Socket a frame to this address goes to, or -1 when it goes to all others. */
static int
lookup(const struct wire_port *port, const uint8_t mac[6])
{
	struct flue_wire *wire = port->wire;
	int64_t number = flue_mac_to_number(mac);
	int i;

	if ((mac[0] & 1) != 0)
		return -1;
	for (i = 0; i < wire->config.ports; i++) {
		if (atomic_load_explicit(&wire->macs[i], memory_order_acquire) == number)
			return i;
	}
	return -1;
}

/** To every other port; one without room loses it, lest it stop all others. */
static void
flood(struct wire_port *port, int64_t now, const struct flue_pkt *pkt)
{
	struct flue_wire *wire = port->wire;
	uint32_t i;

	for (i = 0; i < (uint32_t)wire->config.ports; i++) {
		if (wire->team[i] == wire->team[port->index] ||
				atomic_load_explicit(&wire->macs[i], memory_order_acquire) == 0 ||
				flue_wire_member(wire, i, pkt) != (int)i)
			continue;
		wire_count(port, WIRE_SENT);
		if (push(port, i, now, pkt) != PUSHED)
			wire_count(port, WIRE_NO_BUFFER);
	}
}

/** @return false when the frame must wait */
static bool
send_frame(struct wire_port *port, int64_t now, const struct flue_pkt *pkt)
{
	uint32_t len = (uint32_t)pkt->len + pkt->ext_len;
	int destination;

	if (pkt->len < FLUE_ETH_BYTES ||
			len > flue_eth_header_bytes(pkt->data) + (uint32_t)port->base.mtu) {
		wire_count(port, WIRE_SENT);
		wire_count(port, WIRE_DROPPED);
		return true;
	}
	destination = lookup(port, pkt->data);
	if (port->wire->teams >> port->index & 1)
		flue_wire_heard(port->wire, port->index, pkt);
	if (destination < 0 && wire_up(port->wire, port->index)) {
		flood(port, now, pkt);
		return true;
	}
	if (destination >= 0)
		destination = flue_wire_member(port->wire, (uint32_t)destination, pkt);
	/* A switch sends nothing back. */
	if (destination < 0 || (uint32_t)destination == port->index ||
			!wire_up(port->wire, port->index)) {
		wire_count(port, WIRE_SENT);
		wire_count(port, WIRE_DROPPED);
		return true;
	}
	switch (push(port, (uint32_t)destination, now, pkt)) {
	case PUSHED:
		break;
	case PUSH_FULL:
		if (atomic_load_explicit(&port->wire->drop_ppm, memory_order_relaxed) == 0)
			return false;
		/* fall through */
	case PUSH_LOST:
	case PUSH_NO_MEMORY:
		wire_count(port, WIRE_NO_BUFFER);
		break;
	}
	wire_count(port, WIRE_SENT);
	return true;
}

static unsigned
wire_tx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct wire_port *port = wire_port(base);
	unsigned i;

	for (i = 0; i < n; i++) {
		if (!send_frame(port, now, pkts[i]))
			break;
		if (port->wire->observer != NULL)
			flue_wire_note(port->wire, WIRE_EVENT_SENT, port->index, now, pkts[i]);
		/* Copied: nothing of the sender's is needed any more. */
		flue_pkt_drop_ext(pkts[i]);
		flue_pkt_release(pkts[i]);
	}
	return i;
}

/* ---- Buffers --------------------------------------------------------------------------------- */

static struct flue_pkt *
wire_alloc(struct flue_port *base)
{
	struct wire_port *port = wire_port(base);
	struct wire_pkt *pkt;

	if (base->held >= base->buffers)
		return NULL;
	pkt = (struct wire_pkt *)flue_pool_get(&port->pool);
	if (pkt == NULL)
		return NULL;
	pkt->link = NULL;
	base->held++;
	return &pkt->pkt;
}

static void
wire_free(struct flue_pkt *pkt)
{
	flue_pkt_drop_ext(pkt);
	pkt->port->held--;
	buffer_return(wire_port(pkt->port), (struct wire_pkt *)pkt);
}

static void
wire_close(struct flue_port *base)
{
	struct wire_port *port = wire_port(base);

	if (!port->open)
		return;
	atomic_store_explicit(&port->wire->macs[port->index], 0, memory_order_release);
	flue_wire_discard(port);
	port->open = false;
}

const struct flue_port_ops flue_wire_ops = {
	.rx_burst = wire_rx_burst,
	.tx_burst = wire_tx_burst,
	.alloc = wire_alloc,
	.free = wire_free,
	.next_event = wire_next_event,
	.link = wire_link,
	.close = wire_close,
};
