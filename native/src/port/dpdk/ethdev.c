/* SPDX-License-Identifier: Apache-2.0 */

/* A device and its queue pairs: configured, started, closed. Control path; never on a polling thread. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ether.h>

#include "port/dpdk/dpdk.h"

/** Packets that net_af_xdp keeps: to be filled, and sent but not taken back. */
#define UMEM_HELD (2048 + 2048)

/** Ethdevs whose queues are flue ports now. */
static _Atomic bool opened[RTE_MAX_ETHPORTS];

bool
dpdk_device_open(uint16_t id)
{
	return opened[id];
}

/** For people. */
static const char *
name_of(const struct dpdk_device *device)
{
	return device->ports[0]->base.name;
}

static int
limits_check(const struct dpdk_device *device, const struct rte_eth_dev_info *info,
		struct flue_dpdk_cause *cause)
{
	uint16_t mtu = device->ports[0]->base.mtu;

	if (mtu > info->max_mtu || mtu < info->min_mtu)
		return dpdk_fail(cause, -EINVAL, "%s can do an MTU from %u to %u, not %u.",
				name_of(device), info->min_mtu, info->max_mtu, mtu);
	if (device->queues > info->max_rx_queues || device->queues > info->max_tx_queues)
		return dpdk_fail(cause, -EINVAL, "%s has %u queue pairs, not %u.", name_of(device),
				RTE_MIN(info->max_rx_queues, info->max_tx_queues), device->queues);
	return 0;
}

/** Some devices take the MTU at configuration, some only by this call; some have none of their own. */
static int
mtu_set(const struct dpdk_device *device, struct flue_dpdk_cause *cause)
{
	uint16_t mtu = device->ports[0]->base.mtu;
	int rc = rte_eth_dev_set_mtu(device->id, mtu);

	if (rc < 0 && rc != -ENOTSUP)
		return dpdk_fail(cause, rc, "%s does not accept an MTU of %u: %s.", name_of(device),
				mtu, rte_strerror(-rc));
	return 0;
}

static int
queues_set_up(struct dpdk_device *device, unsigned descriptors, struct flue_dpdk_cause *cause)
{
	uint16_t rx = (uint16_t)descriptors;
	uint16_t tx = (uint16_t)descriptors;
	int socket = rte_eth_dev_socket_id(device->id);
	uint16_t i;
	int rc;

	rc = rte_eth_dev_adjust_nb_rx_tx_desc(device->id, &rx, &tx);
	for (i = 0; i < device->queues && rc == 0; i++) {
		rc = rte_eth_rx_queue_setup(device->id, i, rx, (unsigned)socket, NULL,
				device->ports[i]->pool->data);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(device->id, i, tx, (unsigned)socket, NULL);
	}
	if (rc < 0)
		return dpdk_fail(cause, rc, "%s does not give %u queue pairs: %s.", name_of(device),
				device->queues, rte_strerror(-rc));
	return 0;
}

/** Frames for our address, and for groups, must come in, whatever address the device has. */
static int
address_accept(const struct dpdk_device *device, struct flue_dpdk_cause *cause)
{
	struct rte_ether_addr mac;
	int rc;

	/* IPv6 neighbors ask by multicast; a device that does not filter has nothing to do. */
	(void)rte_eth_allmulticast_enable(device->id);
	memcpy(&mac, device->ports[0]->base.mac, 6);
	if (memcmp(&mac, device->mac, 6) == 0)
		return 0;
	/* Not the device's own address: a TAP's would change the kernel's side. */
	if (rte_eth_promiscuous_enable(device->id) == 0)
		return 0;
	rc = rte_eth_dev_mac_addr_add(device->id, &mac, 0);
	if (rc < 0)
		return dpdk_fail(cause, rc,
				"%s takes in no frames for an address that is not its own: %s.",
				name_of(device), rte_strerror(-rc));
	return 0;
}

/** With the offloads that the device offers; where the driver does not take them together after all,
 *  with none. */
static int
device_configure(struct dpdk_device *device, const struct rte_eth_dev_info *info,
		uint32_t offloads_off, struct flue_dpdk_cause *cause)
{
	const struct flue_port *port = &device->ports[0]->base;
	uint32_t off = offloads_off;
	int rc;

	for (;;) {
		struct rte_eth_conf conf = { .rxmode = { .mtu = port->mtu } };

		dpdk_offloads_choose(device, info, off, &conf);
		dpdk_link_prepare(device, info, &conf);
		dpdk_rss_choose(device, info, &conf);
		conf.intr_conf.rxq = device->interrupts;
		rc = rte_eth_dev_configure(device->id, device->queues, device->queues, &conf);
		if (rc >= 0)
			return 0;
		if (device->interrupts) {
			device->interrupts = false;
			continue;
		}
		if (port->offloads == 0)
			return dpdk_fail(cause, rc,
					"%s cannot be configured with an MTU of %u: %s.",
					port->name, port->mtu, rte_strerror(-rc));
		off = UINT32_MAX;
	}
}

/** Whether finished transmissions come back on request. Where not, a device with DMA is lent nothing:
 *  payload would come back when the ring has gone round, which may be never. */
static void
reclaim_choose(struct dpdk_device *device, const struct rte_eth_dev_info *info)
{
	/* The rings of these two take nothing more once frames in several pieces have been asked back:
	 * the piece that was last is forgotten, and only for that one the device writes it is done. */
	bool reclaims = strncmp(info->driver_name, "net_e1000_igb", 13) != 0 &&
			strcmp(info->driver_name, "net_igc") != 0 &&
			rte_eth_tx_done_cleanup(device->id, 0, 0) >= 0;
	uint16_t i;

	for (i = 0; i < device->queues; i++) {
		device->ports[i]->reclaims = reclaims;
		if (!reclaims && device->dma != NULL)
			device->ports[i]->base.offloads &= ~(uint32_t)FLUE_PORT_LENT;
	}
	if (!reclaims)
		device->dma = NULL;
}

static int
device_start(struct dpdk_device *device, unsigned descriptors, uint32_t offloads_off,
		struct flue_dpdk_cause *cause)
{
	struct rte_eth_dev_info info;
	int rc;

	rc = rte_eth_dev_info_get(device->id, &info);
	if (rc < 0)
		return dpdk_fail(cause, rc, "%s tells nothing about itself: %s.", name_of(device),
				rte_strerror(-rc));
	rc = limits_check(device, &info, cause);
	if (rc < 0)
		return rc;
	device->own_echo = strcmp(info.driver_name, "net_af_packet") == 0;
	rc = device_configure(device, &info, offloads_off, cause);
	if (rc < 0)
		return rc;
	dpdk_umem_before(device);
	rc = queues_set_up(device, descriptors, cause);
	dpdk_umem_after(device);
	if (rc == 0)
		rc = mtu_set(device, cause);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(device->id);
	if (rc < 0)
		return dpdk_fail(cause, rc, "%s does not start: %s.", name_of(device),
				rte_strerror(-rc));
	reclaim_choose(device, &info);
	rc = address_accept(device, cause);
	if (rc < 0) {
		(void)rte_eth_dev_stop(device->id);
		return rc;
	}
	dpdk_rss_start(device, &info);
	dpdk_flows_begin(device, offloads_off);
	return 0;
}

/** The address and memory of one queue pair. */
static int
port_make(struct dpdk_device *device, uint16_t queue, const char *name,
		const struct flue_dpdk_config *config, unsigned descriptors,
		struct flue_dpdk_cause *cause)
{
	/* Devices count in units of 1 KiB, and leave room for two tags. */
	const unsigned room = RTE_ALIGN_CEIL(RTE_MAX((unsigned)config->mtu + FLUE_ETH_BYTES + 8,
							     (unsigned)FLUE_PKT_ROOM),
			1024u);
	/* The device's rings and the caches of threads hold packets too. */
	const unsigned count = (unsigned)config->buffers + 2 * descriptors + 512 +
			       (device->umem != NULL ? UMEM_HELD : 0);
	struct dpdk_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return dpdk_fail(cause, -ENOMEM, "Out of memory.");
	p->device = device;
	p->epoll = -1;
	p->socket = -1;
	p->id = device->id;
	p->queue = queue;
	p->base.ops = &dpdk_ops;
	p->base.mtu = (uint16_t)config->mtu;
	p->base.buffers = (uint32_t)config->buffers;
	/* -1 = not known */
	p->base.near = (uint32_t)(rte_eth_dev_socket_id(device->id) + 1);
	p->rx_limit = p->base.buffers - p->base.buffers / 8;
	if (queue == 0)
		snprintf(p->base.name, sizeof(p->base.name), "dpdk:%s", name);
	else
		snprintf(p->base.name, sizeof(p->base.name), "dpdk:%.24s/%u", name, queue);
	memcpy(p->base.mac, device->mac, 6);
	if (config->mac != 0 && !flue_mac_from_number(config->mac, p->base.mac)) {
		free(p);
		return dpdk_fail(cause, -EINVAL, "%012llx is no address of one station.",
				(unsigned long long)config->mac);
	}
	p->pool = dpdk_pool_take(count, room, device->umem != NULL, cause);
	if (p->pool == NULL) {
		free(p);
		return -ENOMEM;
	}
	device->ports[queue] = p;
	return 0;
}

static void
device_free(struct dpdk_device *device)
{
	pthread_mutex_destroy(&device->control);
	free(device->umem);
	free(device);
}

static void
ports_free(struct dpdk_device *device)
{
	uint16_t i;

	for (i = 0; i < device->queues && device->ports[i] != NULL; i++)
		dpdk_port_free(device->ports[i]);
	device_free(device);
}

int
dpdk_device_create(uint16_t id, const char *name, const struct flue_dpdk_config *config,
		unsigned descriptors, struct dpdk_device **device, struct flue_dpdk_cause *cause)
{
	struct dpdk_device *d = calloc(1, sizeof(*d));
	struct rte_ether_addr own = { 0 };
	struct rte_eth_dev_info info;
	int rc = 0;
	uint16_t i;

	if (d == NULL)
		return dpdk_fail(cause, -ENOMEM, "Out of memory.");
	d->id = id;
	d->interface_socket = -1;
	pthread_mutex_init(&d->control, NULL);
	d->queues = (uint16_t)config->queues;
	d->interrupts = config->rx_interrupts != 0;
	(void)rte_eth_macaddr_get(id, &own);
	memcpy(d->mac, &own, 6);
	if (rte_eth_dev_info_get(id, &info) == 0 && strcmp(info.driver_name, "net_af_xdp") == 0) {
		d->umem = calloc(1, sizeof(*d->umem));
		rc = d->umem == NULL ? dpdk_fail(cause, -ENOMEM, "Out of memory.") : 0;
	}
	for (i = 0; i < d->queues && rc == 0; i++)
		rc = port_make(d, i, name, config, descriptors, cause);
	if (rc == 0)
		rc = device_start(d, descriptors, (uint32_t)config->offloads_off, cause);
	if (rc < 0) {
		(void)rte_eth_dev_close(id);
		dpdk_umem_close(d);
		ports_free(d);
		return rc;
	}
	d->open = d->queues;
	opened[id] = true;
	dpdk_link_listen(d);
	if (d->dma != NULL)
		dpdk_memory_join(d);
	*device = d;
	return 0;
}

void
dpdk_port_free(struct dpdk_port *port)
{
	dpdk_pool_give(port->pool);
	free(port);
}

void
dpdk_device_released(struct dpdk_device *device)
{
	pthread_mutex_lock(&device->control);
	atomic_store(&device->released, true);
	pthread_mutex_unlock(&device->control);
	dpdk_flows_cut(device);
	opened[device->id] = false;
}

/** Its last port is closed. */
static void
device_close(struct dpdk_device *device)
{
	bool released = atomic_load(&device->released);

	dpdk_recall_end(device);
	dpdk_flows_end(device);
	if (device->interface_socket >= 0)
		close(device->interface_socket);
	if (!released) {
		dpdk_link_deaf(device);
		if (!device->stopped)
			(void)rte_eth_dev_stop(device->id);
		(void)rte_eth_dev_close(device->id);
		dpdk_umem_close(device);
		opened[device->id] = false;
	}
	if (device->dma != NULL)
		dpdk_memory_leave(device);
	/* Whoever released the ethdev has left it our callbacks, with this for an argument. */
	if (released)
		return;
	if (device->made != NULL)
		(void)rte_dev_remove(device->made);
	device_free(device);
}

void
dpdk_port_close(struct flue_port *base)
{
	struct dpdk_port *port = (struct dpdk_port *)base;
	struct dpdk_device *device = port->device;

	if (port->closed)
		return;
	port->closed = true;
	pthread_mutex_lock(&device->control);
	dpdk_flows_leave(port);
	dpdk_deaf(port);
	dpdk_packet_close(port);
	device->ports[port->queue] = NULL;
	pthread_mutex_unlock(&device->control);
	if (--device->open == 0)
		device_close(device);
	if (port->pair != NULL)
		dpdk_pair_leave(port);
	if (base->held == 0)
		dpdk_port_free(port);
}

int
dpdk_queue(struct flue_port *first, int index, struct flue_port **port)
{
	const struct dpdk_port *p = (const struct dpdk_port *)first;

	if (first->ops != &dpdk_ops || p->closed || index < 0 || index >= p->device->queues ||
			p->device->ports[index] == NULL)
		return -EINVAL;
	*port = &p->device->ports[index]->base;
	return 0;
}
