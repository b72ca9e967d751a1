/* SPDX-License-Identifier: Apache-2.0 */

/* Opening and closing DPDK ports. Control path; never on a polling thread. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ether.h>

#include "port/dpdk/dpdk.h"

/** Ethdev ports that are flue ports now. */
static _Atomic bool opened[RTE_MAX_ETHPORTS];

static int
mtu_check(const struct dpdk_port *port, const struct rte_eth_dev_info *info,
		struct flue_dpdk_cause *cause)
{
	uint16_t mtu = port->base.mtu;

	if (mtu > info->max_mtu || mtu < info->min_mtu)
		return dpdk_fail(cause, -EINVAL, "%s can do an MTU from %u to %u, not %u.",
				port->base.name, info->min_mtu, info->max_mtu, mtu);
	return 0;
}

/** Some devices take the MTU at configuration, some only by this call; some have none of their own. */
static int
mtu_set(const struct dpdk_port *port, struct flue_dpdk_cause *cause)
{
	int rc = rte_eth_dev_set_mtu(port->id, port->base.mtu);

	if (rc < 0 && rc != -ENOTSUP)
		return dpdk_fail(cause, rc, "%s does not accept an MTU of %u: %s.", port->base.name,
				port->base.mtu, rte_strerror(-rc));
	return 0;
}

static int
queues_set_up(struct dpdk_port *port, unsigned descriptors, struct flue_dpdk_cause *cause)
{
	uint16_t rx = (uint16_t)descriptors;
	uint16_t tx = (uint16_t)descriptors;
	int socket = rte_eth_dev_socket_id(port->id);
	int rc;

	rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(
				port->id, 0, rx, (unsigned)socket, NULL, port->pool->data);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(port->id, 0, tx, (unsigned)socket, NULL);
	if (rc < 0)
		return dpdk_fail(cause, rc, "%s does not give a queue pair: %s.", port->base.name,
				rte_strerror(-rc));
	return 0;
}

/** Frames for our address, and for groups, must come in, whatever address the device has. */
static int
address_accept(struct dpdk_port *port, struct flue_dpdk_cause *cause)
{
	struct rte_ether_addr mac;
	int rc;

	/* IPv6 neighbors ask by multicast; a device that does not filter has nothing to do. */
	(void)rte_eth_allmulticast_enable(port->id);
	if (memcmp(port->base.mac, port->device_mac, 6) == 0)
		return 0;
	/* Not the device's own address: a TAP's would change the kernel's side. */
	if (rte_eth_promiscuous_enable(port->id) == 0)
		return 0;
	memcpy(&mac, port->base.mac, 6);
	rc = rte_eth_dev_mac_addr_add(port->id, &mac, 0);
	if (rc < 0)
		return dpdk_fail(cause, rc,
				"%s takes in no frames for an address that is not its own: %s.",
				port->base.name, rte_strerror(-rc));
	return 0;
}

static int
address_choose(struct dpdk_port *port, int64_t mac, struct flue_dpdk_cause *cause)
{
	struct rte_ether_addr own = { 0 };

	(void)rte_eth_macaddr_get(port->id, &own);
	memcpy(port->device_mac, &own, 6);
	if (mac == 0)
		memcpy(port->base.mac, &own, 6);
	else if (!flue_mac_from_number(mac, port->base.mac))
		return dpdk_fail(cause, -EINVAL, "%012llx is no address of one station.",
				(unsigned long long)mac);
	return 0;
}

/** With the offloads that the device offers; where the driver does not take them together after all,
 *  with none. */
static int
device_configure(struct dpdk_port *port, const struct rte_eth_dev_info *info, uint32_t offloads_off,
		struct flue_dpdk_cause *cause)
{
	uint32_t off = offloads_off;
	int rc;

	for (;;) {
		struct rte_eth_conf conf = { .rxmode = { .mtu = port->base.mtu } };

		dpdk_offloads_choose(port, info, off, &conf);
		dpdk_link_prepare(port, info, &conf);
		rc = rte_eth_dev_configure(port->id, 1, 1, &conf);
		if (rc >= 0)
			return 0;
		if (port->base.offloads == 0)
			return dpdk_fail(cause, rc,
					"%s cannot be configured with an MTU of %u: %s.",
					port->base.name, port->base.mtu, rte_strerror(-rc));
		off = UINT32_MAX;
	}
}

static int
device_start(struct dpdk_port *port, unsigned descriptors, uint32_t offloads_off,
		struct flue_dpdk_cause *cause)
{
	struct rte_eth_dev_info info;
	int rc;

	rc = rte_eth_dev_info_get(port->id, &info);
	if (rc < 0)
		return dpdk_fail(cause, rc, "%s tells nothing about itself: %s.", port->base.name,
				rte_strerror(-rc));
	rc = mtu_check(port, &info, cause);
	if (rc < 0)
		return rc;
	port->own_echo = strcmp(info.driver_name, "net_af_packet") == 0;
	port->reclaims = true;
	rc = device_configure(port, &info, offloads_off, cause);
	if (rc < 0)
		return rc;
	rc = queues_set_up(port, descriptors, cause);
	if (rc == 0)
		rc = mtu_set(port, cause);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(port->id);
	if (rc < 0)
		return dpdk_fail(cause, rc, "%s does not start: %s.", port->base.name,
				rte_strerror(-rc));
	rc = address_accept(port, cause);
	if (rc < 0)
		(void)rte_eth_dev_stop(port->id);
	return rc;
}

int
dpdk_port_create(uint16_t id, const char *name, const struct flue_dpdk_config *config,
		unsigned descriptors, struct dpdk_port **port, struct flue_dpdk_cause *cause)
{
	/* Devices count in units of 1 KiB, and leave room for two tags. */
	const unsigned room = RTE_ALIGN_CEIL(RTE_MAX((unsigned)config->mtu + FLUE_ETH_BYTES + 8,
							     (unsigned)FLUE_PKT_ROOM),
			1024u);
	/* The device's rings and the caches of threads hold packets too. */
	const unsigned count = (unsigned)config->buffers + 2 * descriptors + 512;
	struct dpdk_port *p = calloc(1, sizeof(*p));
	int rc;

	if (p == NULL)
		return dpdk_fail(cause, -ENOMEM, "Out of memory.");
	p->id = id;
	p->control = -1;
	p->base.ops = &dpdk_ops;
	p->base.mtu = (uint16_t)config->mtu;
	p->base.buffers = (uint32_t)config->buffers;
	p->rx_limit = p->base.buffers - p->base.buffers / 8;
	snprintf(p->base.name, sizeof(p->base.name), "dpdk:%s", name);
	rc = address_choose(p, config->mac, cause);
	if (rc == 0) {
		p->pool = dpdk_pool_take(count, room, cause);
		rc = p->pool == NULL ? -ENOMEM
				     : device_start(p, descriptors, (uint32_t)config->offloads_off,
						       cause);
	}
	if (rc < 0) {
		dpdk_port_free(p);
		return rc;
	}
	opened[id] = true;
	dpdk_link_listen(p);
	if (p->dma != NULL)
		dpdk_memory_join(p);
	*port = p;
	return 0;
}

void
dpdk_port_free(struct dpdk_port *port)
{
	if (port->pool != NULL)
		dpdk_pool_give(port->pool);
	/* Whoever released the ethdev has left it our callbacks, with this for an argument. */
	if (!atomic_load(&port->released))
		free(port);
}

void
dpdk_port_released(struct dpdk_port *port)
{
	atomic_store(&port->released, true);
	opened[port->id] = false;
}

void
dpdk_port_close(struct flue_port *base)
{
	struct dpdk_port *port = (struct dpdk_port *)base;

	if (port->closed)
		return;
	port->closed = true;
	if (port->control >= 0)
		close(port->control);
	if (!atomic_load(&port->released)) {
		dpdk_link_deaf(port);
		(void)rte_eth_dev_stop(port->id);
		(void)rte_eth_dev_close(port->id);
		opened[port->id] = false;
	}
	if (port->dma != NULL)
		dpdk_memory_leave(port);
	if (port->device != NULL && !atomic_load(&port->released))
		(void)rte_dev_remove(port->device);
	if (port->pair != NULL)
		dpdk_pair_leave(port);
	if (base->held == 0)
		dpdk_port_free(port);
}

/* ---- Devices by name ------------------------------------------------------------------------- */

static void
add_reason(struct flue_dpdk_cause *cause, const char *reason)
{
	size_t len = strlen(cause->text);

	snprintf(cause->text + len, sizeof(cause->text) - len, " The driver says: %s.", reason);
}

int
dpdk_open(const char *device, const struct flue_dpdk_config *config, struct flue_port **port,
		struct flue_dpdk_cause *cause)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	char spec[DPDK_SPEC_BYTES];
	struct rte_eth_dev_info info;
	struct dpdk_port *p;
	char reason[DPDK_LOG_BYTES];
	bool made = false;
	uint16_t id;
	int rc;

	if (config->mtu < 576 || config->mtu > 9000 || config->buffers < 64 ||
			config->buffers > 65536)
		return dpdk_fail(cause, -EINVAL,
				"MTU %d or %d buffers is out of range (576..9000, 64..65536).",
				config->mtu, config->buffers);
	if (!dpdk_started())
		return dpdk_fail(cause, -ENODEV,
				"DPDK has not been started: call flue_dpdk_start().");
	rc = dpdk_device_name(device, name, spec, cause);
	if (rc < 0)
		return rc;
	if (rte_eth_dev_get_port_by_name(name, &id) != 0) {
		rc = dpdk_device_make(spec, name, &id, cause);
		if (rc < 0)
			return rc;
		made = true;
	} else if (opened[id]) {
		return dpdk_fail(cause, -EBUSY, "%s is open already.", name);
	}
	if (rte_eth_dev_info_get(id, &info) != 0)
		info.device = NULL;
	dpdk_log_hold();
	rc = dpdk_port_create(id, name, config, DPDK_DESCRIPTORS, &p, cause);
	if (dpdk_log_release(reason) && rc < 0)
		add_reason(cause, reason);
	if (rc < 0) {
		(void)rte_eth_dev_close(id);
		if (made && info.device != NULL)
			(void)rte_dev_remove(info.device);
		return rc;
	}
	p->device = made ? info.device : NULL;
	dpdk_link_interface(p, spec);
	cause->text[0] = '\0';
	*port = &p->base;
	return 0;
}
