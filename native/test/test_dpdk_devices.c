/* SPDX-License-Identifier: Apache-2.0 */
#include "dpdk_fixture.h"

#include <sys/eventfd.h>

/* ---- Devices ----------------------------------------------------------------------------------- */

static int
null_device(void)
{
	struct flue_lender owner = { .lent = 1 };
	static uint8_t payload[100];
	struct flue_dpdk_config config;
	struct flue_pkt *pkts[BURST];
	struct flue_pkt *pkt;
	flue_port *port = NULL;
	flue_port *again = NULL;
	unsigned n;

	CHECK(flue_dpdk_start("--no-huge --no-shconf -m 128 --no-pci --no-telemetry "
			      "--iova-mode=va --log-level=lib.eal:error") == 0);
	CHECK(open_device("net_null0,size=64", MAC0, 1500, 256, &port) == 0);
	CHECK(open_device("net_null0,size=64", MAC0, 1500, 256, &again) == -EBUSY);
	n = port->ops->rx_burst(port, 0, pkts, BURST);
	CHECK(n == BURST && flue_port_buffers_held(port) == BURST);
	while (n > 0)
		flue_pkt_release(pkts[--n]);
	pkt = make_frame(port, 1, 60);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	pkt->ext_owner = &owner;
	CHECK(send_pkt(port, pkt));
	port->ops->reclaim(port);
	CHECK(flue_lent(&owner) == 0);
	flue_port_close(port);
	/* It was made by opening, so it has gone by closing, and can be made again. */
	CHECK(open_device("net_null0,size=100", 0, 1500, 256, &port) == 0);
	CHECK(port->ops->arm(port, 0, true) == -ENOTSUP);
	flue_port_close(port);
	flue_dpdk_config_default(&config);
	config.rx_interrupts = 1;
	CHECK(flue_dpdk_open("net_null0,size=100", &config, &port) == 0);
	CHECK(port->ops->arm(port, 0, true) == -ENOTSUP);
	flue_port_close(port);
	CHECK(open_device("net_nosuch0", MAC0, 1500, 256, &port) < 0);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "net_nosuch0") != NULL);
	return 0;
}

static void
device_appears_by_opening_and_goes_by_closing(void **state)
{
	(void)state;
	run_child(null_device);
}

static int
raw_socket(const char *interface)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	int raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));

	where.sll_ifindex = (int)if_nametoindex(interface);
	CHECK(where.sll_ifindex > 0);
	CHECK(bind(raw, (struct sockaddr *)&where, sizeof(where)) == 0);
	return raw;
}

/** Can this child have a network namespace and TAPs? */
static bool
network(void)
{
	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0 ||
			unshare(CLONE_NEWNET) != 0) {
		fprintf(stderr, "no root, or no /dev/net/tun: skipped\n");
		return false;
	}
	return true;
}

static uint32_t
sum16(const uint8_t *bytes, size_t n, uint32_t sum)
{
	size_t i;

	for (i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/** An IPv4 TCP segment whose checksum field holds what the port expects, behind the header part of
 *  `pkt`; the payload is `n` bytes. */
static void
put_segment(struct flue_pkt *pkt, bool to_be_completed, const uint8_t *payload, unsigned n)
{
	static const uint8_t addresses[8] = { 198, 18, 0, 2, 198, 18, 0, 1 };
	uint8_t *ip = pkt->data + 14;
	uint8_t *tcp = ip + 20;
	uint32_t sum;

	pkt->data[12] = 0x08;
	pkt->data[13] = 0x00;
	memset(ip, 0, 40);
	ip[0] = 0x45;
	ip[2] = (uint8_t)((40 + n) >> 8);
	ip[3] = (uint8_t)(40 + n);
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, addresses, 8);
	sum = ~sum16(ip, 20, 0);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	tcp[1] = 9;
	tcp[3] = 9;
	tcp[12] = 5 << 4;
	tcp[13] = 0x10;
	sum = sum16(ip + 12, 8, 6 + 20 + n);
	if (!to_be_completed)
		sum = ~sum16(payload, n, sum16(tcp, 20, sum));
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
	pkt->len = 54;
	if (to_be_completed)
		pkt->flags |= FLUE_PKT_TX_TCP_CSUM;
}

static bool
tcp_sum_good(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + 14;

	return sum16(ip, 20, 0) == 0xffff &&
	       sum16(ip + 20, len - 34, sum16(ip + 12, 8, 6 + (uint32_t)len - 34)) == 0xffff;
}

/** Next frame on the raw socket that our side sent. */
static ssize_t
raw_receive(int raw, const flue_port *port, uint8_t *frame, size_t room)
{
	int64_t deadline = monotonic() + 5000000000;

	while (monotonic() < deadline) {
		ssize_t n = recv(raw, frame, room, 0);

		if (n >= 14 && memcmp(frame + 6, port->mac, 6) == 0)
			return n;
		sched_yield();
	}
	return -1;
}

static void
check_checksum_offload(flue_port *port, int raw, const uint8_t *payload)
{
	struct flue_lender owner = { .lent = 1 };
	uint8_t frame[2048];
	struct flue_pkt *pkt;
	ssize_t n;

	if ((port->offloads & FLUE_PORT_TX_CSUM) == 0)
		return;
	pkt = make_frame(port, 0, 60);
	put_segment(pkt, true, payload, 1400);
	pkt->ext = payload;
	pkt->ext_len = 1400;
	pkt->ext_owner = &owner;
	CHECK(send_pkt(port, pkt));
	n = raw_receive(raw, port, frame, sizeof(frame));
	CHECK(n == 1454 && tcp_sum_good(frame, (size_t)n));
	CHECK(flue_lent(&owner) == 0);
	/* Without the flag nothing is touched. */
	pkt = make_frame(port, 0, 60);
	put_segment(pkt, false, payload, 1400);
	pkt->data[50] ^= 1; /* in the checksum field */
	pkt->ext = payload;
	pkt->ext_len = 1400;
	CHECK(send_pkt(port, pkt));
	n = raw_receive(raw, port, frame, sizeof(frame));
	CHECK(n == 1454 && !tcp_sum_good(frame, (size_t)n));
}

#define HOUR INT64_C(3600000000000)

/** Asleep until the kernel sends, or somebody calls; the child does not live for an hour. */
static void
check_doze(flue_port *port, int raw)
{
	static const uint8_t frame[60] = { 0x02, 0, 0xc6, 0x12, 0, 2, 2, 4, 4, 4, 4, 4, 0x88, 0xb5,
		8 };
	const uint64_t one = 1;
	int wake = eventfd(0, EFD_NONBLOCK);
	struct flue_pkt *pkt;

	CHECK(port->ops->arm(port, wake, true) == 0);
	CHECK(port->ops->arm(port, wake, true) == 0);
	while (port->ops->rx_burst(port, 0, &pkt, 1) == 1)
		flue_pkt_release(pkt);
	CHECK(send(raw, frame, sizeof(frame), 0) == sizeof(frame));
	port->ops->doze(port, wake, HOUR);
	pkt = receive(port);
	CHECK(pkt != NULL && number_of(pkt) == 8);
	flue_pkt_release(pkt);
	CHECK(write(wake, &one, sizeof(one)) == sizeof(one));
	port->ops->doze(port, wake, HOUR);
	CHECK(port->ops->arm(port, wake, false) == 0);
	close(wake);
}

static int
tap_device(void)
{
	static uint8_t payload[1400];
	uint8_t frame[2048] = { 0x02, 0, 0xc6, 0x12, 0, 2, 2, 4, 4, 4, 4, 4, 0x88, 0xb5, 9, 0, 0,
		0 };
	struct flue_dpdk_config config;
	struct flue_pkt *pkt;
	flue_port *port;
	int raw;

	if (!network())
		return SKIPPED;
	CHECK(flue_dpdk_start(NULL) == 0);
	flue_dpdk_config_default(&config);
	config.mac = MAC0;
	config.rx_interrupts = 1;
	CHECK(flue_dpdk_open("net_tap0,iface=fluetap0", &config, &port) == 0);
	CHECK(flue_port_mac(port) == MAC0);
	CHECK(flue_interface_configure("fluetap0", (int32_t)0xc6120001, 24, 1500) == 0);
	raw = raw_socket("fluetap0");
	memset(payload, 0x31, sizeof(payload));

	CHECK(send_pkt(port, make_frame(port, 3, 60)));
	CHECK(raw_receive(raw, port, frame + 1024, 1024) == 60);
	CHECK(frame[1024 + 14] == 3);
	CHECK(send(raw, frame, 60, 0) == 60);
	pkt = receive(port);
	CHECK(pkt != NULL && number_of(pkt) == 9);
	CHECK(flue_ref_resolve(pkt->ref, pkt->len) == pkt->data);
	flue_pkt_release(pkt);
	check_checksum_offload(port, raw, payload);
	check_doze(port, raw);
	CHECK(flue_port_buffers_held(port) == 0);
	close(raw);
	flue_port_close(port);
	CHECK(if_nametoindex("fluetap0") == 0);
	return 0;
}

/** The interface is deleted under the driver, with payload lent and frames on their way. */
static int
tap_deleted(void)
{
	static uint8_t payload[1000];
	struct flue_lender owner = { .lent = 0 };
	struct flue_pkt *pkt;
	flue_port *port;
	int i;

	if (!network())
		return SKIPPED;
	CHECK(flue_dpdk_start(NULL) == 0);
	for (i = 0; i < 3; i++) {
		int64_t deadline;
		int sent;

		CHECK(open_device("net_tap0,iface=fluetap4", MAC0, 1500, 256, &port) == 0);
		CHECK(flue_interface_configure("fluetap4", (int32_t)0xc6120001, 24, 1500) == 0);
		CHECK(flue_port_link(port) == 1);
		CHECK(system("ip link del fluetap4") == 0);
		CHECK(if_nametoindex("fluetap4") == 0);
		/* A thread of DPDK's is told by the kernel. */
		deadline = monotonic() + 20000000000;
		while (flue_port_link(port) == 1 && monotonic() < deadline)
			sched_yield();
		CHECK(flue_port_link(port) != 1);
		for (sent = 0; sent < 1000; sent++) {
			pkt = make_frame(port, 1, 60);
			CHECK(pkt != NULL);
			pkt->ext = payload;
			pkt->ext_len = sizeof(payload);
			pkt->ext_owner = &owner;
			owner.lent++;
			CHECK(send_pkt(port, pkt));
			port->ops->reclaim(port);
		}
		while (port->ops->rx_burst(port, 0, &pkt, 1) == 1)
			flue_pkt_release(pkt);
		CHECK(flue_port_buffers_held(port) == 0 && flue_lent(&owner) == 0);
		flue_port_close(port);
	}
	return 0;
}

static void
net_tap_whose_interface_was_deleted_loses_frames_and_keeps_nothing(void **state)
{
	(void)state;
	run_child(tap_deleted);
}

static void
net_tap_talks_to_the_kernel(void **state)
{
	(void)state;
	run_child(tap_device);
}

/** Nothing on the standard error stream, whether the device works or not; the reason in the cause. */
static int
tap_device_in_silence(void)
{
	static char name[] = "/tmp/flue-test-XXXXXX";
	flue_port *port;
	flue_port *tap;
	int saved = dup(2);
	int file;
	int rc;

	if (!network())
		return SKIPPED;
	file = mkstemp(name);
	CHECK(file >= 0 && unlink(name) == 0);
	CHECK(flue_tap_open("fluetap2", MAC1, 1500, 256, &tap) == 0);
	dup2(file, 2);
	rc = flue_dpdk_start(NULL);
	if (rc == 0)
		rc = open_device("net_tap0,iface=fluetap3", MAC0, 1500, 1024, &port);
	if (rc == 0) {
		flue_port_close(port);
		rc = open_device("net_tap0,iface=fluetap2", MAC0, 1500, 1024, &port);
	}
	dup2(saved, 2);
	CHECK(rc < 0);
	CHECK(lseek(file, 0, SEEK_END) == 0);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "TUNSETIFF") != NULL);
	flue_port_close(tap);
	return 0;
}

static void
opening_is_silent_and_a_failure_says_why(void **state)
{
	(void)state;
	run_child(tap_device_in_silence);
}

/** The driver puts in the tag, or we have; and the kernel takes it out on the way in. */
static void
check_tags(flue_port *port, flue_port *tap)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x60, 0x05 };
	struct flue_pkt *pkt;
	flue_port *from = port;
	int i;

	for (i = 0; i < 2; i++) {
		flue_port *to = from == port ? tap : port;

		pkt = make_frame(from, 21, 60);
		if (from->offloads & FLUE_PORT_VLAN_INSERT) {
			pkt->flags |= FLUE_PKT_TX_VLAN;
			pkt->tx_vlan = 0x6005;
		} else {
			memmove(pkt->data + 16, pkt->data + 12, 48);
			memcpy(pkt->data + 12, tag, 4);
			pkt->len += 4;
		}
		CHECK(send_pkt(from, pkt));
		pkt = receive_type(to, 0x8100);
		CHECK(pkt != NULL && pkt->len == 64 && memcmp(pkt->data + 12, tag, 4) == 0);
		CHECK(pkt->data[16] == 0x88 && pkt->data[18] == 21);
		flue_pkt_release(pkt);
		from = tap;
	}
}

static int
packet_device(void)
{
	struct flue_pkt *pkt;
	struct flue_dpdk_config config;
	flue_port *port;
	flue_port *tap;
	int raw;

	if (!network())
		return SKIPPED;
	CHECK(flue_tap_open("fluetap1", MAC1, 1500, 256, &tap) == 0);
	CHECK(flue_interface_configure("fluetap1", (int32_t)0xc6120001, 24, 1500) == 0);
	CHECK(flue_dpdk_start(NULL) == 0);
	CHECK(open_device("net_af_packet0,iface=fluetap1", 0, 1500, 256, &port) == 0);
	/* Out of the device to the other end of the TAP, and back. */
	CHECK(send_pkt(port, make_frame(port, 11, 60)));
	pkt = receive(tap);
	CHECK(pkt != NULL && number_of(pkt) == 11);
	flue_pkt_release(pkt);
	check_tags(port, tap);
	/* What the kernel itself sends on the interface is not ours to receive. */
	raw = raw_socket("fluetap1");
	pkt = make_frame(port, 12, 60);
	CHECK(send(raw, pkt->data, pkt->len, 0) == 60);
	flue_pkt_release(pkt);
	CHECK(send_pkt(tap, make_frame(tap, 13, 60)));
	pkt = receive(port);
	CHECK(pkt != NULL && number_of(pkt) == 13);
	flue_pkt_release(pkt);
	close(raw);
	CHECK(flue_port_buffers_held(port) == 0);
	flue_port_close(port);
	/* The twins. */
	flue_dpdk_config_default(&config);
	config.offloads_off = FLUE_PORT_ALL_OFFLOADS;
	CHECK(flue_dpdk_open("net_af_packet0,iface=fluetap1", &config, &port) == 0);
	CHECK(flue_port_offloads(port, 0) & FLUE_PORT_VLAN_INSERT);
	CHECK(flue_port_offloads(port, 1) == 0);
	check_tags(port, tap);
	/* The interface is deleted under it. */
	CHECK(flue_port_link(port) == 1);
	flue_port_close(tap);
	CHECK(if_nametoindex("fluetap1") == 0);
	CHECK(flue_port_link(port) == -ENODEV);
	CHECK(send_pkt(port, make_frame(port, 14, 60)));
	CHECK(port->ops->rx_burst(port, 0, &pkt, 1) == 0);
	CHECK(flue_port_buffers_held(port) == 0);
	flue_port_close(port);
	return 0;
}

static void
net_af_packet_shares_an_interface_with_the_kernel(void **state)
{
	(void)state;
	run_child(packet_device);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_appears_by_opening_and_goes_by_closing),
		cmocka_unit_test(net_tap_talks_to_the_kernel),
		cmocka_unit_test(
				net_tap_whose_interface_was_deleted_loses_frames_and_keeps_nothing),
		cmocka_unit_test(opening_is_silent_and_a_failure_says_why),
		cmocka_unit_test(net_af_packet_shares_an_interface_with_the_kernel),
	};

	return cmocka_run_group_tests_name("dpdk devices", tests, NULL, NULL);
}
