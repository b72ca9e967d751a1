/* SPDX-License-Identifier: Apache-2.0 */

/* Opening a device. Control path; never on a polling thread. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_dev.h>

#include "port/dpdk/dpdk.h"

#define UMEM_TRIES 50

static void
add_reason(struct flue_dpdk_cause *cause, const char *reason)
{
	size_t len = strlen(cause->text);

	snprintf(cause->text + len, sizeof(cause->text) - len, " The driver says: %s.", reason);
}

/** Have DPDK make it, unless it is there, and open it. */
static int
open_once(const char *name, const char *spec, const struct flue_dpdk_config *config,
		struct dpdk_device **device, struct flue_dpdk_cause *cause)
{
	struct rte_eth_dev_info info;
	char reason[DPDK_LOG_BYTES];
	bool made = false;
	uint16_t id;
	int rc;

	if (rte_eth_dev_get_port_by_name(name, &id) != 0) {
		rc = dpdk_device_make(spec, name, &id, cause);
		if (rc < 0)
			return rc;
		made = true;
	} else if (dpdk_device_open(id)) {
		return dpdk_fail(cause, -EBUSY, "%s is open already.", name);
	}
	if (rte_eth_dev_info_get(id, &info) != 0)
		info.device = NULL;
	dpdk_log_hold();
	rc = dpdk_device_create(id, name, config, DPDK_DESCRIPTORS, device, cause);
	if (dpdk_log_release(reason) && rc < 0)
		add_reason(cause, reason);
	if (rc < 0) {
		if (made && info.device != NULL)
			(void)rte_dev_remove(info.device);
		return rc;
	}
	(*device)->made = made ? info.device : NULL;
	dpdk_link_interface(*device, spec);
	dpdk_packet_open(*device, (uint32_t)config->offloads_off);
	return 0;
}

int
dpdk_open(const char *device, const struct flue_dpdk_config *config, struct flue_port **port,
		struct flue_dpdk_cause *cause)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	char name[RTE_ETH_NAME_MAX_LEN];
	char spec[DPDK_SPEC_BYTES];
	struct dpdk_device *opened;
	int tries;
	int rc;

	if (config->mtu < 576 || config->mtu > 9000 || config->buffers < 64 ||
			config->buffers > 65536)
		return dpdk_fail(cause, -EINVAL,
				"MTU %d or %d buffers is out of range (576..9000, 64..65536).",
				config->mtu, config->buffers);
	if (config->queues < 1 || config->queues > DPDK_MAX_QUEUES)
		return dpdk_fail(cause, -EINVAL, "%d queue pairs are out of range (1..%d).",
				config->queues, DPDK_MAX_QUEUES);
	if (!dpdk_started())
		return dpdk_fail(cause, -ENODEV,
				"DPDK has not been started: call flue_dpdk_start().");
	rc = dpdk_device_name(device, name, spec, cause);
	if (rc < 0)
		return rc;
	/* The kernel takes its time to let go of an interface that net_af_xdp has just left. */
	tries = strncmp(name, "net_af_xdp", 10) == 0 && dpdk_umem_closed() ? UMEM_TRIES : 1;
	while ((rc = open_once(name, spec, config, &opened, cause)) < 0 && --tries > 0)
		nanosleep(&pause, NULL);
	if (rc < 0)
		return rc;
	cause->text[0] = '\0';
	*port = &opened->ports[0]->base;
	return 0;
}
