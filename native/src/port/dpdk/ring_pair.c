/* SPDX-License-Identifier: Apache-2.0 */

/* Two ports back to back: what one sends is put into the other's ring, by reference. */

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#ifndef FLUE_DPDK_NO_NET_RING
#include <rte_eth_ring.h>
#endif

#include "port/dpdk/dpdk.h"

struct dpdk_pair {
	struct rte_ring *rings[2]; /* rings[i] is what port i receives from */
	_Atomic bool gone[2];      /* port i has been closed */
};

static void
drain(struct rte_ring *ring)
{
	void *mbuf;

	while (rte_ring_dequeue(ring, &mbuf) == 0)
		rte_pktmbuf_free(mbuf);
}

bool
dpdk_pair_alone(const struct dpdk_port *port)
{
	struct dpdk_pair *pair = port->pair;

	if (!atomic_load_explicit(&pair->gone[1 - port->side], memory_order_acquire))
		return false;
	/* The ring has no other consumer now. */
	drain(pair->rings[1 - port->side]);
	return true;
}

static void
pair_free(struct dpdk_pair *pair)
{
	rte_ring_free(pair->rings[0]);
	rte_ring_free(pair->rings[1]);
	free(pair);
}

void
dpdk_pair_leave(struct dpdk_port *port)
{
	struct dpdk_pair *pair = port->pair;
	bool last = atomic_load_explicit(&pair->gone[1 - port->side], memory_order_acquire);

	port->pair = NULL;
	drain(pair->rings[port->side]);
	if (!last) {
		atomic_store_explicit(&pair->gone[port->side], true, memory_order_release);
		return;
	}
	drain(pair->rings[1 - port->side]);
	pair_free(pair);
}

static struct rte_ring *
ring_make(const char *name, int entries)
{
	return rte_ring_create(
			name, (unsigned)entries, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static struct dpdk_pair *
pair_make(unsigned number, int entries, struct flue_dpdk_cause *cause)
{
	struct dpdk_pair *pair = calloc(1, sizeof(*pair));
	char name[RTE_RING_NAMESIZE];
	unsigned i;

	if (pair == NULL) {
		dpdk_fail(cause, -ENOMEM, "Out of memory.");
		return NULL;
	}
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "flue_ring%u_%u", number, i);
		pair->rings[i] = ring_make(name, entries);
		if (pair->rings[i] == NULL) {
			dpdk_fail(cause, -rte_errno, "DPDK makes no ring of %d entries: %s.",
					entries, rte_strerror(rte_errno));
			pair_free(pair);
			return NULL;
		}
	}
	return pair;
}

/** @return ethdev port or -1 with rte_errno */
static int
ethdev_make(const char *name, struct rte_ring *rx, struct rte_ring *tx)
{
#ifdef FLUE_DPDK_NO_NET_RING
	(void)name;
	(void)rx;
	(void)tx;
	rte_errno = ENOTSUP; /* built without the driver */
	return -1;
#else
	return rte_eth_from_rings(name, &rx, 1, &tx, 1, 0);
#endif
}

/** One of the two ports; the ethdev is removed again when the port cannot be made. */
static int
side_make(struct dpdk_pair *pair, unsigned number, uint8_t side, int entries, int64_t mac,
		int buffers, struct dpdk_port **port, struct flue_dpdk_cause *cause)
{
	const struct flue_dpdk_config config = {
		.mac = mac, .mtu = 1500, .buffers = buffers, .queues = 1
	};
	struct dpdk_device *device;
	struct rte_eth_dev_info info;
	char name[32];
	int id;
	int rc;

	snprintf(name, sizeof(name), "flue_pair%u_%u", number, side);
	id = ethdev_make(name, pair->rings[side], pair->rings[1 - side]);
	if (id < 0)
		return dpdk_fail(cause, -ENODEV, "DPDK makes no port of two rings: %s.",
				rte_strerror(rte_errno));
	if (rte_eth_dev_info_get((uint16_t)id, &info) != 0)
		info.device = NULL;
	rc = dpdk_device_create((uint16_t)id, name, &config, (unsigned)entries, &device, cause);
	if (rc < 0) {
		if (info.device != NULL)
			(void)rte_dev_remove(info.device);
		return rc;
	}
	device->made = info.device;
	*port = device->ports[0];
	(*port)->pair = pair;
	(*port)->side = side;
	return 0;
}

int
dpdk_ring_pair(int entries, int64_t mac0, int64_t mac1, int buffers, struct flue_port **port0,
		struct flue_port **port1, struct flue_dpdk_cause *cause)
{
	static unsigned number;
	struct dpdk_port *ports[2] = { NULL, NULL };
	struct dpdk_pair *pair;
	int rc;

	if (entries < 64 || entries > 16384 || !rte_is_power_of_2((uint32_t)entries) ||
			buffers < 64 || buffers > 65536)
		return dpdk_fail(cause, -EINVAL,
				"%d entries (a power of two, 64..16384) or %d buffers (64..65536) is "
				"out of range.",
				entries, buffers);
	if (!dpdk_started())
		return dpdk_fail(cause, -ENODEV,
				"DPDK has not been started: call flue_dpdk_start().");
	pair = pair_make(number, entries, cause);
	if (pair == NULL)
		return -ENOMEM;
	rc = side_make(pair, number, 0, entries, mac0, buffers, &ports[0], cause);
	if (rc == 0)
		rc = side_make(pair, number, 1, entries, mac1, buffers, &ports[1], cause);
	number++;
	if (rc < 0) {
		if (ports[0] == NULL) {
			pair_free(pair);
		} else {
			atomic_store(&pair->gone[1], true);
			dpdk_port_close(&ports[0]->base);
		}
		return rc;
	}
	cause->text[0] = '\0';
	*port0 = &ports[0]->base;
	*port1 = &ports[1]->base;
	return 0;
}
