/* SPDX-License-Identifier: Apache-2.0 */

/* Opening: which offloads are in use, what is said where it fails; the link, and a device that is
 * taken away. */

#include "dpdk_nic.h"

static flue_port *port;

/* ---- Which offloads ---------------------------------------------------------------------------- */

#define TX_SUMS (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)

static const struct {
	uint64_t rx;
	uint64_t tx;
	uint32_t off;
	int mtu;
	uint32_t offered;
	uint32_t used;
} choices[] = {
	{ 0, 0, 0, 1500, 0, 0 },
	{ NIC_RX_ALL, NIC_TX_ALL, FLUE_PORT_ALL_OFFLOADS, 9000, NIC_OFFERS, 0 },
	{ NIC_RX_ALL, NIC_TX_ALL, 0, 9000, NIC_OFFERS, NIC_OFFERS },
	{ NIC_RX_ALL, NIC_TX_ALL, 0, 1500, NIC_OFFERS, NIC_OFFERS & ~FLUE_PORT_SCATTER },
	/* The header's sum alone is not worth asking for; without TCP's nothing can be cut. */
	{ 0, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, 0, 1500, FLUE_PORT_TX_IP_CSUM, 0 },
	{ 0, NIC_TX_ALL, FLUE_PORT_TX_TCP_CSUM, 1500,
			FLUE_PORT_TX_CSUM | FLUE_PORT_TSO | FLUE_PORT_MULTI_SEG |
					FLUE_PORT_VLAN_INSERT | FLUE_PORT_LENT,
			FLUE_PORT_MULTI_SEG | FLUE_PORT_VLAN_INSERT | FLUE_PORT_LENT },
	/* Offered and switched off, the header's sum is missing in each segment. */
	{ 0, TX_SUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
			FLUE_PORT_TX_IP_CSUM, 1500,
			FLUE_PORT_TX_CSUM | FLUE_PORT_TSO | FLUE_PORT_MULTI_SEG | FLUE_PORT_LENT,
			FLUE_PORT_TX_TCP_CSUM | FLUE_PORT_MULTI_SEG | FLUE_PORT_LENT },
	/* Not offered at all: a peer in software fills it in. */
	{ 0,
			RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO |
					RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
			0, 1500,
			FLUE_PORT_TX_TCP_CSUM | FLUE_PORT_TSO | FLUE_PORT_MULTI_SEG |
					FLUE_PORT_LENT,
			FLUE_PORT_TX_TCP_CSUM | FLUE_PORT_TSO | FLUE_PORT_MULTI_SEG |
					FLUE_PORT_LENT },
	{ 0, NIC_TX_ALL, FLUE_PORT_MULTI_SEG, 1500,
			FLUE_PORT_TX_CSUM | FLUE_PORT_TSO | FLUE_PORT_MULTI_SEG |
					FLUE_PORT_VLAN_INSERT | FLUE_PORT_LENT,
			FLUE_PORT_TX_CSUM | FLUE_PORT_VLAN_INSERT },
	{ RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0, 0, 1500, FLUE_PORT_RX_TCP_CSUM, FLUE_PORT_RX_TCP_CSUM },
};

static int
choose(void)
{
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct rte_eth_conf conf;

		nic.rx_capa = choices[i].rx;
		nic.tx_capa = choices[i].tx;
		CHECK(nic_open(choices[i].mtu, choices[i].off, &port) == 0);
		CHECK(flue_port_offloads(port, 0) == (int)choices[i].offered);
		CHECK(flue_port_offloads(port, 1) == (int)choices[i].used);
		CHECK((port->tso_bytes != 0) == ((choices[i].used & FLUE_PORT_TSO) != 0));
		/* What is not in use is not asked of the device either. */
		CHECK(rte_eth_dev_conf_get(nic.id, &conf) == 0);
		CHECK((conf.txmode.offloads == 0) ==
				((choices[i].used & ~(uint32_t)(FLUE_PORT_RX_CSUM |
								    FLUE_PORT_VLAN_STRIP |
								    FLUE_PORT_SCATTER)) == 0));
		CHECK((conf.rxmode.offloads & ~choices[i].rx) == 0);
		flue_port_close(port);
	}
	/* Offered one by one, and refused together. */
	nic_best();
	nic.configure_refuses = RTE_ETH_TX_OFFLOAD_TCP_TSO;
	CHECK(nic_open(1500, 0, &port) == 0);
	CHECK(flue_port_offloads(port, 0) == NIC_OFFERS);
	CHECK(flue_port_offloads(port, 1) == 0);
	flue_port_close(port);
	return 0;
}

static void
offloads_in_use_are_those_offered_and_not_switched_off_that_go_together(void **state)
{
	(void)state;
	run_child(choose);
}

static void
each_offload_has_a_name(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 31; i++)
		assert_true((flue_port_offload_name(i) != NULL) ==
				((FLUE_PORT_ALL_OFFLOADS & 1 << i) != 0));
	assert_string_equal(flue_port_offload_name(4), "tso");
	assert_null(flue_port_offload_name(-1));
}

/* ---- What is said ------------------------------------------------------------------------------ */

static const char *pci_driver; /* of the PCI device 0000:7f:00.0; NULL: there is no such device */
static int group_error;        /* of opening its group */

#pragma GCC visibility push(default)

int
access(const char *path, int mode)
{
	if (strncmp(path, "/sys/bus/pci/devices/0000:7f:00.0", 33) == 0)
		return pci_driver != NULL ? 0 : -1;
	if (strcmp(path, "/dev/vfio/12") == 0) {
		errno = group_error;
		return group_error != 0 ? -1 : 0;
	}
	return REAL(access)(path, mode);
}

ssize_t
readlink(const char *path, char *target, size_t bytes)
{
	if (strcmp(path, "/sys/bus/pci/devices/0000:7f:00.0/driver") == 0 && pci_driver[0] != '\0')
		return snprintf(target, bytes, "../../../bus/pci/drivers/%s", pci_driver);
	if (strcmp(path, "/sys/bus/pci/devices/0000:7f:00.0/iommu_group") == 0)
		return snprintf(target, bytes, "../../kernel/iommu_groups/12");
	return REAL(readlink)(path, target, bytes);
}

#pragma GCC visibility pop

static void
fails(const char *device, int error, const char *word)
{
	int rc = open_device(device, MAC0, 1500, 64, &port);

	CHECK(rc == error);
	CHECK(strstr(flue_dpdk_unavailability_cause(), word) != NULL);
}

static int
say_pci(void)
{
	CHECK(flue_dpdk_start(NULL) == 0);
	fails("0000:7f:00.0", -ENODEV, "no PCI device 0000:7f:00.0");
	pci_driver = "";
	fails("7f:00.0", -ENODEV, "--bind=vfio-pci 0000:7f:00.0");
	/* However it is written: DPDK is not let near what the kernel uses. */
	pci_driver = "igb";
	fails("0000:7f:00.0", -EBUSY, "the kernel's (driver igb)");
	fails("7f:00.0,x=1", -EBUSY, "the kernel's");
	fails("pci:0000:7f:00.0", -EBUSY, "the kernel's");
	fails("bus=pci,addr=0000:7f:00.0", -EINVAL, "no name of a device");
	fails("0000:7f:00.0x", -EINVAL, "no name of a device");
	pci_driver = "vfio-pci";
	group_error = EACCES;
	fails("0000:7f:00.0", -EACCES, "/dev/vfio/12");
	/* As far as it goes without one. */
	group_error = 0;
	fails("0000:7f:00.0", -ENODEV, "could not make one");
	fails(",x=1", -EINVAL, "no name of a device");
	fails("net_", -ENODEV, "No driver has that name");
	fails("net_af_packet0,iface=fluenosuch", geteuid() == 0 ? -ENODEV : -1, "CAP_NET_RAW");
	return 0;
}

static void
device_that_cannot_be_had_is_told_with_what_to_do(void **state)
{
	(void)state;
	run_child(say_pci);
}

static int
say_driver(void)
{
	struct {
		int *error;
		int value;
		const char *word;
	} rows[] = {
		{ &nic.configure_error, -EINVAL, "cannot be configured with an MTU of 1500" },
		{ &nic.queue_error, -EINVAL, "does not give 1 queue pair" },
		{ &nic.mtu_error, -EINVAL, "does not accept an MTU of 1500" },
	};
	flue_port *again;
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*rows[i].error = rows[i].value;
		fails("net_null0", rows[i].value, rows[i].word);
		*rows[i].error = 0;
		/* Nothing of it is left. */
		CHECK(nic_open(1500, 0, &port) == 0);
		CHECK(nic_open(1500, 0, &again) == -EBUSY);
		CHECK(strstr(flue_dpdk_unavailability_cause(), "open already") != NULL);
		flue_port_close(port);
	}
	CHECK(nic_open(9001, 0, &port) == -EINVAL);
	return 0;
}

static void
what_the_driver_refuses_is_told_by_its_name(void **state)
{
	(void)state;
	run_child(say_driver);
}

/* ---- The link ---------------------------------------------------------------------------------- */

static int
link_changes(void)
{
	struct flue_pkt *pkts[4];
	flue_port *captured;
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	CHECK(nic_open(1500, 0, &port) == 0);
	CHECK(flue_port_link(port) == 1);
	CHECK(flue_capture_open(port, "/dev/null", &captured) == 0);
	nic.link = 0;
	CHECK(flue_port_link(captured) == 0);
	/* What the device keeps for better times is lost: senders wait for no link. */
	nic.accepts = 1;
	for (i = 0; i < 4; i++)
		pkts[i] = make_frame(port, i, 60);
	nic.count = 0;
	CHECK(port->ops->tx_burst(port, 0, pkts, 4) == 4);
	CHECK(nic.count == 1 && flue_port_lost(port) == 3);
	CHECK(flue_port_buffers_held(port) == 0);
	/* Told by an interrupt. */
	nic.link = 1;
	nic_tell(RTE_ETH_EVENT_INTR_LSC);
	for (i = 0; i < 4; i++)
		pkts[i] = make_frame(port, i, 60);
	CHECK(port->ops->tx_burst(port, 0, pkts, 4) == 1);
	CHECK(flue_port_lost(port) == 3 && flue_port_buffers_held(port) == 3);
	for (i = 1; i < 4; i++)
		flue_pkt_release(pkts[i]);
	/* A driver that cannot tell. */
	nic.link = -ENOTSUP;
	CHECK(flue_port_link(port) == 1);
	flue_port_close(captured);
	return 0;
}

static void
link_is_asked_for_and_told_and_a_sender_does_not_wait_for_it(void **state)
{
	(void)state;
	run_child(link_changes);
}

/** While somebody holds a packet, and everything is still called. */
static void
use_what_is_gone(void)
{
	struct flue_pkt *pkt;
	struct flue_pkt *held = port->ops->alloc(port);
	int64_t lost = flue_port_lost(port);

	CHECK(flue_port_link(port) == -ENODEV);
	CHECK(port->ops->rx_burst(port, 0, &pkt, 1) == 0);
	CHECK(send_pkt(port, make_frame(port, 1, 60)));
	CHECK(flue_port_lost(port) == lost + 1);
	port->ops->reclaim(port);
	CHECK(flue_port_link(port) == -ENODEV);
	flue_port_close(port);
	flue_pkt_release(held);
}

static int
removed(void)
{
	struct rte_eth_dev_info info;
	int i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	for (i = 0; i < 20; i++) {
		CHECK(nic_open(1500, 0, &port) == 0);
		CHECK(flue_port_link(port) == 1);
		if (i % 2 == 0) {
			/* By somebody else in this process, to the end. */
			CHECK(rte_eth_dev_info_get(nic.id, &info) == 0);
			CHECK(rte_dev_remove(info.device) == 0);
		} else {
			/* As a bus tells it: the ethdev waits to be closed. */
			nic_tell(RTE_ETH_EVENT_INTR_RMV);
		}
		use_what_is_gone();
	}
	return 0;
}

static void
device_that_is_taken_away_leaves_a_port_that_does_nothing_and_can_come_back(void **state)
{
	(void)state;
	run_child(removed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				offloads_in_use_are_those_offered_and_not_switched_off_that_go_together),
		cmocka_unit_test(each_offload_has_a_name),
		cmocka_unit_test(device_that_cannot_be_had_is_told_with_what_to_do),
		cmocka_unit_test(what_the_driver_refuses_is_told_by_its_name),
		cmocka_unit_test(link_is_asked_for_and_told_and_a_sender_does_not_wait_for_it),
		cmocka_unit_test(
				device_that_is_taken_away_leaves_a_port_that_does_nothing_and_can_come_back),
	};

	return cmocka_run_group_tests_name("dpdk opening", tests, NULL, NULL);
}
