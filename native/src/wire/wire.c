/* SPDX-License-Identifier: Apache-2.0 */

/* Making, asking and ending a wire. */

#include "wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PPM       1000000
#define MAX_DELAY (INT64_C(1) << 60)

void
flue_wire_config_default(struct flue_wire_config *config)
{
	*config = (struct flue_wire_config){ .ports = 2, .mtu = 1500, .buffers = 4096 };
}

static bool
between(int64_t value, int64_t low, int64_t high)
{
	return value >= low && value <= high;
}

static bool
config_valid(const struct flue_wire_config *c)
{
	return between(c->ports, 2, WIRE_MAX_PORTS) && between(c->mtu, 576, 9000) &&
	       between(c->buffers, 64, 65536) && between(c->drop_ppm, 0, PPM) &&
	       between(c->duplicate_ppm, 0, PPM) && between(c->corrupt_ppm, 0, PPM) &&
	       between(c->reorder_ppm, 0, PPM) && between(c->delay_ns, 0, MAX_DELAY) &&
	       between(c->jitter_ns, 0, MAX_DELAY) && between(c->reorder_ns, 0, MAX_DELAY);
}

int
flue_wire_create(const struct flue_wire_config *config, flue_wire **wire)
{
	flue_wire *w;
	uint32_t i;

	if (config == NULL || wire == NULL || !config_valid(config))
		return -EINVAL;
	w = aligned_alloc(FLUE_CACHE_LINE, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	memset(w, 0, sizeof(*w));
	w->config = *config;
	atomic_init(&w->drop_ppm, (uint32_t)config->drop_ppm);
	for (i = 0; i < WIRE_MAX_PORTS; i++) {
		struct wire_port *port = &w->ports[i];

		port->wire = w;
		port->index = i;
		w->team[i] = (uint8_t)i;
		port->hash = UINT64_C(0xcbf29ce484222325);
		port->base.ops = &flue_wire_ops;
		port->base.mtu = (uint16_t)config->mtu;
		port->base.buffers = (uint32_t)config->buffers;
		snprintf(port->base.name, sizeof(port->base.name), "wire%u", i);
	}
	*wire = w;
	return 0;
}

/** What a socket needs once something is plugged in for the first time; kept until the wire goes. */
static int
socket_furnish(struct wire_port *port)
{
	const struct flue_wire_config *config = &port->wire->config;
	uint32_t buffers = (uint32_t)config->buffers;
	int rc;

	if (port->heap != NULL)
		return 0;
	/* All that can be under way: every buffer of every link to here, and every duplicate. */
	port->heap = calloc((size_t)config->ports * buffers, sizeof(struct wire_pkt *));
	if (port->heap == NULL)
		return -ENOMEM;
	rc = flue_pool_init(&port->pool, &port->base, buffers, sizeof(struct wire_pkt),
			flue_pool_room(config->mtu));
	if (rc < 0) {
		free(port->heap);
		port->heap = NULL;
		return -ENOMEM;
	}
	port->rx_limit = buffers - flue_pool_tx_reserve(buffers);
	return 0;
}

int
flue_wire_port(flue_wire *wire, int index, int64_t mac, flue_port **port)
{
	struct wire_port *p;
	uint8_t bytes[6];
	int i;
	int rc;

	if (wire == NULL || port == NULL || index < 0 || index >= wire->config.ports ||
			!flue_mac_from_number(mac, bytes))
		return -EINVAL;
	p = &wire->ports[index];
	if (p->open)
		return -EBUSY;
	for (i = 0; i < wire->config.ports; i++) {
		if (atomic_load_explicit(&wire->macs[i], memory_order_relaxed) == mac)
			return -EBUSY;
	}
	rc = socket_furnish(p);
	if (rc < 0)
		return rc;
	/* What was sent to the socket's last user after it left. */
	flue_wire_discard(p);
	memcpy(p->base.mac, bytes, sizeof(bytes));
	p->open = true;
	atomic_store_explicit(&wire->macs[index], mac, memory_order_release);
	*port = &p->base;
	return 0;
}

int64_t
flue_wire_next_event(const flue_wire *wire)
{
	int64_t first = INT64_MAX;
	int i;

	for (i = 0; i < wire->config.ports; i++) {
		const struct wire_port *port = &wire->ports[i];
		int64_t due;

		if (!port->open)
			continue;
		due = port->base.ops->next_event(&port->base);
		if (due < first)
			first = due;
	}
	return first;
}

int64_t
flue_wire_trace_hash(const flue_wire *wire)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	int i;

	for (i = 0; i < wire->config.ports; i++) {
		hash = (hash ^ wire->ports[i].hash) * UINT64_C(0x100000001b3);
		hash ^= hash >> 32;
	}
	return (int64_t)hash;
}

int
flue_wire_set_drop(flue_wire *wire, int drop_ppm)
{
	if (!between(drop_ppm, 0, PPM))
		return -EINVAL;
	atomic_store_explicit(&wire->drop_ppm, (uint32_t)drop_ppm, memory_order_relaxed);
	return 0;
}

bool
flue_wire_faults_valid(const struct flue_wire_faults *f)
{
	return between(f->drop_ppm, 0, PPM) && between(f->duplicate_ppm, 0, PPM) &&
	       between(f->corrupt_ppm, 0, PPM) && between(f->reorder_ppm, 0, PPM) &&
	       between(f->burst_enter_ppm, 0, PPM) && between(f->burst_leave_ppm, 0, PPM) &&
	       between(f->burst_drop_ppm, 0, PPM) && between(f->mtu, 0, 9000) &&
	       between(f->delay_ns, 0, MAX_DELAY) && between(f->jitter_ns, 0, MAX_DELAY) &&
	       between(f->reorder_ns, 0, MAX_DELAY) &&
	       between(f->bits_per_second, 0, INT64_C(1) << 40) &&
	       between(f->queue_bytes, 0, INT64_C(1) << 30);
}

int
flue_wire_set_faults(
		flue_wire *wire, int source, int destination, const struct flue_wire_faults *faults)
{
	struct wire_link *link;

	if (wire == NULL || faults == NULL || source == destination ||
			!between(source, 0, wire->config.ports - 1) ||
			!between(destination, 0, wire->config.ports - 1) ||
			!flue_wire_faults_valid(faults))
		return -EINVAL;
	link = atomic_load_explicit(&wire->links[source][destination], memory_order_relaxed);
	if (link == NULL) {
		link = flue_wire_link_create(wire, (uint32_t)source, (uint32_t)destination);
		if (link == NULL)
			return -ENOMEM;
	}
	/* What was sent before has its fate drawn under the faults of then. */
	if (wire->ports[destination].open)
		flue_wire_arrivals(&wire->ports[destination]);
	flue_wire_link_faults(link, faults);
	link->own_faults = true;
	return 0;
}

int64_t
flue_wire_count(const flue_wire *wire, int which)
{
	uint64_t sum = 0;
	int i;

	if (which < 0 || which >= WIRE_COUNTS)
		return -EINVAL;
	for (i = 0; i < wire->config.ports; i++)
		sum += atomic_load_explicit(&wire->ports[i].counts[which], memory_order_relaxed);
	return (int64_t)sum;
}

int
flue_wire_destroy(flue_wire *wire)
{
	int i;
	int j;

	if (wire == NULL)
		return 0;
	for (i = 0; i < wire->config.ports; i++) {
		/* A packet that is still out would come back to freed memory. */
		if (wire->ports[i].open || wire->ports[i].base.held > 0)
			return -EBUSY;
	}
	for (i = 0; i < wire->config.ports; i++) {
		flue_pool_fini(&wire->ports[i].pool);
		free(wire->ports[i].heap);
		for (j = 0; j < wire->config.ports; j++)
			flue_wire_link_destroy(atomic_load(&wire->links[i][j]));
	}
	flue_wire_observer_free(wire->observer);
	free(wire);
	return 0;
}
