/* SPDX-License-Identifier: Apache-2.0 */

/* Devices by name: virtual ones are made, PCI ones taken from where they are bound; and why that
 * cannot be. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "port/dpdk/dpdk.h"

#define PCI_DEVICES "/sys/bus/pci/devices/"

/** The address of a PCI device, in full, from any way to write it. @return its length in `text`, 0 when
 *  it is none */
static int
pci_address(const char *text, char address[RTE_ETH_NAME_MAX_LEN])
{
	unsigned at[4] = { 0 };
	int prefix = strncmp(text, "pci:", 4) == 0 ? 4 : 0;
	int end = 0;

	text += prefix;
	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &at[0], &at[1], &at[2], &at[3], &end) != 4) {
		at[0] = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &at[1], &at[2], &at[3], &end) != 3)
			return 0;
	}
	if (text[end] != '\0' && text[end] != ',')
		return 0;
	snprintf(address, RTE_ETH_NAME_MAX_LEN, "%04x:%02x:%02x.%x", at[0], at[1], at[2], at[3]);
	return prefix + end;
}

/** Last name in what the link `what` of a PCI device leads to; "" when there is none. */
static void
pci_link(const char *address, const char *what, char name[NAME_MAX + 1])
{
	char path[PATH_MAX];
	char target[PATH_MAX];
	ssize_t n;

	name[0] = '\0';
	snprintf(path, sizeof(path), PCI_DEVICES "%s/%s", address, what);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	if (strrchr(target, '/') != NULL && strlen(strrchr(target, '/') + 1) <= NAME_MAX)
		strcpy(name, strrchr(target, '/') + 1);
}

/** May DPDK have a device that this driver of the kernel holds? Another's it must not touch: DPDK
 *  does not ask the kernel first. */
static bool
pci_driver_shares(const char *driver)
{
	static const char *const drivers[] = { "vfio-pci", "uio_pci_generic", "igb_uio",
		/* These work with the kernel's driver in place. */
		"mlx4_core", "mlx5_core", "hv_netvsc", "mana" };
	unsigned i;

	for (i = 0; i < RTE_DIM(drivers); i++)
		if (strcmp(driver, drivers[i]) == 0)
			return true;
	return false;
}

/** @return 0, or the error with its sentence */
static int
pci_check(const char *address, struct flue_dpdk_cause *cause)
{
	char path[PATH_MAX];
	char name[NAME_MAX + 1];

	if (!rte_eal_has_pci())
		return dpdk_fail(cause, -ENODEV,
				"DPDK was started with --no-pci, so it cannot have %s.", address);
	snprintf(path, sizeof(path), PCI_DEVICES "%s", address);
	if (access(path, F_OK) != 0)
		return dpdk_fail(cause, -ENODEV,
				"There is no PCI device %s. 'dpdk-devbind.py --status' lists those "
				"there are.",
				address);
	pci_link(address, "driver", name);
	if (name[0] == '\0')
		return dpdk_fail(cause, -ENODEV,
				"The PCI device %s has no driver. Bind it to vfio-pci: "
				"'dpdk-devbind.py --bind=vfio-pci %s'.",
				address, address);
	if (!pci_driver_shares(name))
		return dpdk_fail(cause, -EBUSY,
				"The PCI device %s is the kernel's (driver %s). If this machine can "
				"do without, bind it to vfio-pci: 'dpdk-devbind.py --bind=vfio-pci "
				"%s'.",
				address, name, address);
	if (strcmp(name, "vfio-pci") != 0)
		return 0;
	pci_link(address, "iommu_group", name);
	if (name[0] == '\0')
		return 0; /* no IOMMU; the driver says whether it can do without */
	snprintf(path, sizeof(path), "/dev/vfio/%s", name);
	if (access(path, R_OK | W_OK) != 0)
		return dpdk_fail(cause, -errno,
				"%s, of the PCI device %s, cannot be opened: %s. It belongs to root, "
				"unless somebody gives it away (chown).",
				path, address, rte_strerror(errno));
	return 0;
}

/** What may be wrong with a device that did not appear. */
static int
make_fail(const char *device, int error, const char *reason, struct flue_dpdk_cause *cause)
{
	const char *advice = "";

	if (strncmp(device, "net_tap", 7) == 0)
		advice = " A net_tap needs CAP_NET_ADMIN, /dev/net/tun and a name that is not taken.";
	else if (strncmp(device, "net_af_", 7) == 0)
		advice = " It needs CAP_NET_RAW and an existing interface (iface=...).";
	else if (error == -EFAULT)
		advice = " No driver has that name. A device is a PCI address (0000:00:06.0) or a "
			 "driver with a number (net_tap0,iface=flue0).";
	/* What drivers and buses say when they know no better. */
	if (error == -EFAULT || (error == -1 && geteuid() == 0))
		error = -ENODEV;
	return dpdk_fail(cause, error, "DPDK has no device \"%s\" and could not make one: %s.%s",
			device, reason[0] != '\0' ? reason : rte_strerror(-error), advice);
}

int
dpdk_device_name(const char *device, char name[RTE_ETH_NAME_MAX_LEN], char spec[DPDK_SPEC_BYTES],
		struct flue_dpdk_cause *cause)
{
	int pci = pci_address(device, name);
	size_t n = strcspn(device, ",");

	if (pci == 0) {
		/* What has a '=' or a ':' may be a way to write something of which we have not looked at
		 * who holds it. */
		if (n == 0 || n >= RTE_ETH_NAME_MAX_LEN || strcspn(device, "=:") < n)
			return dpdk_fail(cause, -EINVAL, "\"%s\" is no name of a device.", device);
		snprintf(name, RTE_ETH_NAME_MAX_LEN, "%.*s", (int)n, device);
	}
	n = pci == 0 ? n : (size_t)pci;
	if (snprintf(spec, DPDK_SPEC_BYTES, "%s%s", name, device + n) >= DPDK_SPEC_BYTES)
		return dpdk_fail(cause, -EINVAL, "The description of %s is too long.", name);
	return 0;
}

int
dpdk_device_make(const char *device, const char *name, uint16_t *id, struct flue_dpdk_cause *cause)
{
	char reason[DPDK_LOG_BYTES];
	char address[RTE_ETH_NAME_MAX_LEN];
	int rc = pci_address(name, address) != 0 ? pci_check(address, cause) : 0;

	if (rc < 0)
		return rc;
	dpdk_log_hold();
	rc = rte_dev_probe(device);
	/* Some drivers fail without a word. */
	if (rc >= 0)
		rc = rte_eth_dev_get_port_by_name(name, id) == 0 ? 0 : -ENODEV;
	(void)dpdk_log_release(reason);
	return rc < 0 ? make_fail(device, rc, reason, cause) : 0;
}
