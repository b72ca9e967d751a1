/* SPDX-License-Identifier: Apache-2.0 */

/* Which of its own work a device is to do. What it does not, or is not allowed to, its twin does: in
 * the engine (checksums, tags, segments one by one) or in rx.c and tx.c (one buffer for a frame). */

#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>

#include "port/dpdk/dpdk.h"

static const struct {
	uint32_t bit;
	uint64_t rx;
	uint64_t tx;
} table[] = {
	{ FLUE_PORT_TX_IP_CSUM, 0, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM },
	{ FLUE_PORT_TX_TCP_CSUM, 0, RTE_ETH_TX_OFFLOAD_TCP_CKSUM },
	{ FLUE_PORT_RX_IP_CSUM, RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0 },
	{ FLUE_PORT_RX_TCP_CSUM, RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0 },
	{ FLUE_PORT_TSO, 0, RTE_ETH_TX_OFFLOAD_TCP_TSO },
	{ FLUE_PORT_MULTI_SEG, 0, RTE_ETH_TX_OFFLOAD_MULTI_SEGS },
	{ FLUE_PORT_VLAN_INSERT, 0, RTE_ETH_TX_OFFLOAD_VLAN_INSERT },
	{ FLUE_PORT_VLAN_STRIP, RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0 },
	{ FLUE_PORT_SCATTER, RTE_ETH_RX_OFFLOAD_SCATTER, 0 },
};

/** Does the device tell its peer where a packet lies, as a place in the memory that EAL shares? Of other
 *  memory it would tell a wrong one, and the peer reads there. */
static bool
shares_memory(const struct rte_eth_dev_info *info)
{
	const struct rte_devargs *given =
			info->device != NULL ? rte_dev_devargs(info->device) : NULL;

	return strcmp(info->driver_name, "net_memif") == 0 && given != NULL &&
	       given->args != NULL && strstr(given->args, "zero-copy=yes") != NULL;
}

static uint32_t
offered(const struct rte_eth_dev_info *info, bool virtual)
{
	uint32_t bits = 0;
	unsigned i;

	for (i = 0; i < RTE_DIM(table); i++)
		if ((info->rx_offload_capa & table[i].rx) == table[i].rx &&
				(info->tx_offload_capa & table[i].tx) == table[i].tx)
			bits |= table[i].bit;
	if ((bits & FLUE_PORT_MULTI_SEG) && !shares_memory(info) &&
			(virtual || dpdk_memory_can_map()))
		bits |= FLUE_PORT_LENT;
	return bits;
}

/** Does the device cut segments as we count them? */
static bool
cuts_well(const struct rte_eth_dev_info *info)
{
	/* It counts the Ethernet header against the MTU, so full segments are refused for ever; and it
	 * cuts in software, as we do. */
	return strcmp(info->driver_name, "net_tap") != 0;
}

/** Of what is offered and allowed, what makes sense together. */
static uint32_t
consistent(const struct dpdk_port *port, const struct rte_eth_dev_info *info, uint32_t bits)
{
	if (!(bits & FLUE_PORT_TX_TCP_CSUM))
		bits &= ~(uint32_t)FLUE_PORT_TX_IP_CSUM;
	if (!(bits & FLUE_PORT_MULTI_SEG))
		bits &= ~(uint32_t)FLUE_PORT_LENT;
	/* Each segment has checksums of its own. A device that has no part in IPv4's does with the
	 * header's sum that it gets what a peer of it does (virtio). */
	if (!(bits & FLUE_PORT_TX_TCP_CSUM) || !(bits & FLUE_PORT_MULTI_SEG) || !cuts_well(info) ||
			((port->base.offered & ~bits) & FLUE_PORT_TX_IP_CSUM))
		bits &= ~(uint32_t)FLUE_PORT_TSO;
	/* A frame fits into one of our buffers; but some devices fill long ones only in part. */
	if (port->base.mtu + FLUE_ETH_VLAN_BYTES <= FLUE_PKT_ROOM)
		bits &= ~(uint32_t)FLUE_PORT_SCATTER;
	return bits;
}

/** Where payload cannot be read in place it is copied into buffers, of which a device takes so many
 *  for a packet. */
static uint32_t
tso_bytes(const struct dpdk_port *port, const struct rte_eth_dev_info *info)
{
	uint32_t most = info->tx_desc_lim.nb_seg_max;
	uint64_t bytes = (uint64_t)(most - 1) * port->pool->room;

	return most == 0 || bytes > DPDK_TSO_BYTES ? DPDK_TSO_BYTES : (uint32_t)bytes;
}

void
dpdk_offloads_choose(struct dpdk_device *device, const struct rte_eth_dev_info *info, uint32_t off,
		struct rte_eth_conf *conf)
{
	bool virtual = info->device != NULL &&
		       strcmp(rte_bus_name(rte_dev_bus(info->device)), "vdev") == 0;
	const uint32_t offers = offered(info, virtual);
	uint32_t bits = 0;
	unsigned i;

	for (i = 0; i < device->queues; i++) {
		struct dpdk_port *port = device->ports[i];

		port->base.offered = offers;
		bits = consistent(port, info, offers & ~off);
		port->base.offloads = bits;
		port->base.tso_bytes = bits & FLUE_PORT_TSO ? tso_bytes(port, info) : 0;
	}
	for (i = 0; i < RTE_DIM(table); i++) {
		if (!(bits & table[i].bit))
			continue;
		conf->rxmode.offloads |= table[i].rx;
		conf->txmode.offloads |= table[i].tx;
	}
	device->dma = (bits & FLUE_PORT_LENT) && !virtual ? info->device : NULL;
}
