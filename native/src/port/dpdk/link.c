/* SPDX-License-Identifier: Apache-2.0 */

/* Whether frames can pass: asked for by the control path, told by devices that have an interrupt for
 * it. A device that is taken away tells so before it goes, or when its ethdev is released. */

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/dpdk/dpdk.h"

/** On a thread of DPDK's, or of whoever removes the device. */
static int
link_event(uint16_t id, enum rte_eth_event_type event, void *arg, void *unused)
{
	struct dpdk_device *device = arg;
	struct rte_eth_link link = { 0 };

	(void)unused;
	if (event == RTE_ETH_EVENT_INTR_LSC) {
		if (rte_eth_link_get_nowait(id, &link) == 0 &&
				atomic_load(&device->link) != DPDK_GONE)
			atomic_store(&device->link,
					link.link_status == RTE_ETH_LINK_UP ? DPDK_UP : DPDK_DOWN);
		return 0;
	}
	atomic_store(&device->link, DPDK_GONE);
	dpdk_keep_off(device);
	if (event == RTE_ETH_EVENT_DESTROY)
		dpdk_device_released(device);
	return 0;
}

static const enum rte_eth_event_type events[] = { RTE_ETH_EVENT_INTR_LSC, RTE_ETH_EVENT_INTR_RMV,
	RTE_ETH_EVENT_DESTROY };

void
dpdk_link_prepare(struct dpdk_device *device, const struct rte_eth_dev_info *info,
		struct rte_eth_conf *conf)
{
	const uint32_t flags = info->dev_flags != NULL ? *info->dev_flags : 0;

	conf->intr_conf.lsc = (flags & RTE_ETH_DEV_INTR_LSC) != 0;
	conf->intr_conf.rmv = (flags & RTE_ETH_DEV_INTR_RMV) != 0;
	atomic_store(&device->link, DPDK_UP);
}

void
dpdk_link_listen(struct dpdk_device *device)
{
	unsigned i;

	for (i = 0; i < RTE_DIM(events); i++)
		(void)rte_eth_dev_callback_register(device->id, events[i], link_event, device);
}

void
dpdk_link_deaf(struct dpdk_device *device)
{
	unsigned i;

	for (i = 0; i < RTE_DIM(events); i++)
		(void)rte_eth_dev_callback_unregister(device->id, events[i], link_event, device);
}

/* ---- Interfaces of the kernel: drivers that stand on one call their link up whatever it does ----- */

void
dpdk_link_interface(struct dpdk_device *device, const char *spec)
{
	const char *name = strstr(spec, ",iface=");
	char text[IF_NAMESIZE];

	if (strncmp(spec, "net_af_", 7) != 0 || name == NULL)
		return;
	name += strlen(",iface=");
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, ","), name);
	device->interface = (int)if_nametoindex(text);
	if (device->interface > 0)
		device->interface_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/** @return enum dpdk_link */
static uint8_t
interface_link(const struct dpdk_device *device)
{
	struct ifreq request = { .ifr_ifindex = device->interface };

	/* It may have been given another name. Deleted or moved away, it is lost to our socket. */
	if (ioctl(device->interface_socket, SIOCGIFNAME, &request) != 0 ||
			ioctl(device->interface_socket, SIOCGIFFLAGS, &request) != 0)
		return DPDK_GONE;
	return request.ifr_flags & IFF_RUNNING ? DPDK_UP : DPDK_DOWN;
}

/** @return enum dpdk_link, of a device that is not known to be gone */
static uint8_t
device_link(const struct dpdk_device *device)
{
	struct rte_eth_link link = { 0 };

	if (device->interface_socket >= 0)
		return interface_link(device);
	/* A driver that cannot tell has no link that it could lose. */
	if (rte_eth_link_get_nowait(device->id, &link) != 0)
		return DPDK_UP;
	return link.link_status == RTE_ETH_LINK_UP ? DPDK_UP : DPDK_DOWN;
}

int
dpdk_link(struct flue_port *base)
{
	struct dpdk_device *device = ((struct dpdk_port *)base)->device;
	uint8_t known = atomic_load(&device->link);

	/* Not while it is stopped and started: its link is as it was. */
	if (pthread_mutex_trylock(&device->control) == 0) {
		/* It may go while we ask; then that stays. */
		if (known != DPDK_GONE)
			(void)atomic_compare_exchange_strong(
					&device->link, &known, device_link(device));
		dpdk_recall(device);
		pthread_mutex_unlock(&device->control);
	}
	known = atomic_load(&device->link);
	return known == DPDK_GONE ? -ENODEV : known;
}

/* ---- What it counts ---------------------------------------------------------------------------- */

static int
xstats_put(uint16_t id, char *text, int bytes)
{
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;
	int used = 0;
	int count;
	int i;

	count = rte_eth_xstats_get(id, NULL, 0);
	if (count <= 0)
		return 0;
	names = calloc((size_t)count, sizeof(*names));
	values = calloc((size_t)count, sizeof(*values));
	if (names == NULL || values == NULL ||
			rte_eth_xstats_get_names(id, names, (unsigned)count) != count ||
			rte_eth_xstats_get(id, values, (unsigned)count) != count)
		count = 0;
	for (i = 0; i < count && used < bytes; i++)
		used += snprintf(text + used, (size_t)(bytes - used), "%s %llu\n",
				names[values[i].id].name, (unsigned long long)values[i].value);
	free(names);
	free(values);
	return used < bytes ? used : -ENOSPC;
}

int
dpdk_xstats(const struct flue_port *base, char *text, int bytes)
{
	struct dpdk_device *device = ((const struct dpdk_port *)base)->device;
	int used;

	if (atomic_load(&device->link) == DPDK_GONE || pthread_mutex_trylock(&device->control) != 0)
		return 0;
	used = xstats_put(device->id, text, bytes);
	pthread_mutex_unlock(&device->control);
	return used;
}
