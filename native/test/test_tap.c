/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flue/flue_memory.h"
#include "flue/flue_pkt.h"
#include "flue/flue_port.h"

#define NAME    "fluetest0"
#define OUR_MAC INT64_C(0x0200c6120002)
#define KERNEL  0xc6120001u /* 198.18.0.1 */
#define OURS    0xc6120002u

static const uint8_t our_mac[6] = { 0x02, 0x00, 0xc6, 0x12, 0x00, 0x02 };
static flue_port *port;
static int raw;

/* ---- Set-up: a network namespace of our own, the port, and a raw socket on the kernel's side --- */

static bool
needs_root(void)
{
	if (geteuid() != 0) {
		print_message("not root: skipped\n");
		return true;
	}
	return false;
}

static int
enter_namespace(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNET) != 0) {
		print_message("unshare: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

static void
open_tap(int buffers)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};

	if (needs_root())
		skip();
	if (flue_tap_open(NAME, OUR_MAC, 1500, buffers, &port) == -ENODEV) {
		print_message("no /dev/net/tun: skipped\n");
		skip();
	}
	assert_int_equal(flue_interface_configure(NAME, (int32_t)KERNEL, 24, 1500), 0);
	raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	where.sll_ifindex = (int)if_nametoindex(NAME);
	assert_int_equal(bind(raw, (struct sockaddr *)&where, sizeof(where)), 0);
}

static void
close_tap(void)
{
	close(raw);
	flue_port_close(port);
	port = NULL;
}

static int64_t
monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint16_t
frame_type(const uint8_t *frame)
{
	return (uint16_t)(frame[12] << 8 | frame[13]);
}

/** Next frame from the kernel with this EtherType; what else comes (IPv6 noise) is dropped. */
static struct flue_pkt *
receive(uint16_t type)
{
	int64_t deadline = monotonic() + 5000000000;
	struct flue_pkt *pkt;

	while (monotonic() < deadline) {
		if (port->ops->rx_burst(port, monotonic(), &pkt, 1) == 0) {
			sched_yield();
			continue;
		}
		if (frame_type(pkt->data) == type)
			return pkt;
		flue_pkt_release(pkt);
	}
	fail_msg("no frame of type %04x", type);
	return NULL;
}

static struct flue_pkt *
frame_to(const uint8_t to[6], uint16_t type, const void *body, size_t n)
{
	struct flue_pkt *pkt = port->ops->alloc(port);

	assert_non_null(pkt);
	memcpy(pkt->data, to, 6);
	memcpy(pkt->data + 6, our_mac, 6);
	pkt->data[12] = (uint8_t)(type >> 8);
	pkt->data[13] = (uint8_t)type;
	memcpy(pkt->data + 14, body, n);
	pkt->len = (uint16_t)(14 + n);
	return pkt;
}

static void
send_pkt(struct flue_pkt *pkt)
{
	assert_int_equal(port->ops->tx_burst(port, monotonic(), &pkt, 1), 1);
}

/** Read the raw socket until a frame of this type comes that our side sent. */
static ssize_t
raw_receive(uint16_t type, uint8_t *frame, size_t room)
{
	int64_t deadline = monotonic() + 5000000000;

	while (monotonic() < deadline) {
		ssize_t n = recv(raw, frame, room, 0);

		if (n >= 14 && frame_type(frame) == type && memcmp(frame + 6, our_mac, 6) == 0)
			return n;
		sched_yield();
	}
	fail_msg("raw socket saw no frame of type %04x", type);
	return -1;
}

static void
put32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, 4);
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

/* ---- Tests ------------------------------------------------------------------------------------- */

static void
arguments_out_of_range_are_refused(void **state)
{
	(void)state;
	assert_int_equal(flue_tap_open(NULL, OUR_MAC, 1500, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open("", OUR_MAC, 1500, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open("sixteen-letters-", OUR_MAC, 1500, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open("a/b", OUR_MAC, 1500, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open("a%d", OUR_MAC, 1500, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open(NAME, 0, 1500, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open(NAME, INT64_C(0x010000000001), 1500, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open(NAME, OUR_MAC, 575, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open(NAME, OUR_MAC, 9001, 64, &port), -EINVAL);
	assert_int_equal(flue_tap_open(NAME, OUR_MAC, 1500, 63, &port), -EINVAL);
	assert_int_equal(flue_tap_open(NAME, OUR_MAC, 1500, 65537, &port), -EINVAL);
	assert_int_equal(flue_tap_open(NAME, OUR_MAC, 1500, 64, NULL), -EINVAL);
	assert_int_equal(flue_interface_configure(NAME, (int32_t)KERNEL, 0, 1500), -EINVAL);
	assert_int_equal(flue_interface_configure(NAME, (int32_t)KERNEL, 33, 1500), -EINVAL);
	assert_int_equal(flue_interface_configure(NAME, (int32_t)KERNEL, 24, 67), -EINVAL);
	assert_int_equal(flue_interface_configure("nosuchif0", (int32_t)KERNEL, 24, 1500), -ENODEV);
}

static void
name_in_use_is_busy_whatever_uses_it(void **state)
{
	flue_port *second = NULL;

	(void)state;
	open_tap(64);
	assert_int_equal(flue_tap_open(NAME, OUR_MAC, 1500, 64, &second), -EBUSY);
	assert_int_equal(flue_tap_open("lo", OUR_MAC, 1500, 64, &second), -EBUSY);
	assert_null(second);
	assert_string_equal(flue_port_name(port), "tap:" NAME);
	assert_int_equal(flue_port_mac(port), OUR_MAC);
	assert_int_equal(flue_port_mtu(port), 1500);
	close_tap();
	assert_int_equal(if_nametoindex(NAME), 0);
}

static int
in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int
open_as_nobody(void)
{
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 254;
	return -flue_tap_open("fluetest1", OUR_MAC, 1500, 64, &port);
}

static int
open_without_device(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
			mount("none", "/dev/net", "tmpfs", 0, NULL) != 0)
		return 254;
	return -flue_tap_open("fluetest1", OUR_MAC, 1500, 64, &port);
}

static void
reasons_for_not_opening_are_told_apart(void **state)
{
	int rc;

	(void)state;
	if (needs_root())
		skip();
	assert_int_equal(in_child(open_as_nobody), EPERM);
	rc = in_child(open_without_device);
	if (rc == 254)
		print_message("no mount namespace here: ENODEV not tested\n");
	else
		assert_int_equal(rc, ENODEV);
}

static void
kernel_answers_arp_and_ping(void **state)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t ip[20 + 8 + 56] = { 0x45, 0, 0, sizeof(ip), 0, 1, 0, 0, 64, 1 };
	uint8_t kernel_mac[6];
	struct flue_pkt *pkt;
	uint32_t sum;

	(void)state;
	open_tap(256);
	memcpy(arp + 8, our_mac, 6);
	put32(arp + 14, OURS);
	put32(arp + 24, KERNEL);
	send_pkt(frame_to(broadcast, ETH_P_ARP, arp, sizeof(arp)));
	do {
		pkt = receive(ETH_P_ARP);
		memcpy(kernel_mac, pkt->data + 14 + 8, 6);
		sum = pkt->data[14 + 7]; /* 2 = reply */
		flue_pkt_release(pkt);
	} while (sum != 2);
	assert_int_not_equal(memcmp(kernel_mac, our_mac, 6), 0);

	/* An answered request has taught the kernel our address: no more ARP is needed. */
	put32(ip + 12, OURS);
	put32(ip + 16, KERNEL);
	sum = ~sum16(ip, 20, 0);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	ip[20] = 8; /* echo */
	memset(ip + 28, 0x3c, 56);
	sum = ~sum16(ip + 20, 64, 0);
	ip[22] = (uint8_t)(sum >> 8);
	ip[23] = (uint8_t)sum;
	send_pkt(frame_to(kernel_mac, ETH_P_IP, ip, sizeof(ip)));
	pkt = receive(ETH_P_IP);
	assert_int_equal(pkt->len, 14 + sizeof(ip));
	assert_memory_equal(pkt->data, our_mac, 6);
	assert_int_equal(pkt->data[14 + 20], 0); /* echo reply */
	assert_memory_equal(pkt->data + 14 + 28, ip + 28, 56);
	assert_ptr_equal(flue_ref_resolve(pkt->ref, pkt->len), pkt->data);
	assert_int_equal(sum16(pkt->data + 14 + 20, 64, 0), 0xffff);
	flue_pkt_release(pkt);
	assert_int_equal(flue_port_buffers_held(port), 0);
	close_tap();
}

static void
lent_payload_is_gathered_behind_the_header(void **state)
{
	static const uint8_t to[6] = { 2, 2, 2, 2, 2, 2 };
	struct flue_lender owner = { .lent = 1 };
	uint8_t payload[1400];
	uint8_t frame[2048];
	struct flue_pkt *pkt;

	(void)state;
	open_tap(64);
	memset(payload, 0x77, sizeof(payload));
	pkt = frame_to(to, 0x88b5, "header", 6);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	pkt->ext_owner = &owner;
	send_pkt(pkt);
	assert_int_equal(flue_lent(&owner), 0);
	assert_int_equal(flue_port_buffers_held(port), 0);
	assert_int_equal(raw_receive(0x88b5, frame, sizeof(frame)), 20 + sizeof(payload));
	assert_memory_equal(frame + 14, "header", 6);
	assert_memory_equal(frame + 20, payload, sizeof(payload));
	close_tap();
}

static void
kernel_fills_in_tcp_checksums(void **state)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	struct sockaddr_in peer = {
		.sin_family = AF_INET,
		.sin_port = htons(7),
		.sin_addr.s_addr = htonl(OURS),
	};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 2 };
	struct flue_pkt *pkt;
	const uint8_t *ip;
	uint32_t tcp_bytes;

	(void)state;
	open_tap(64);
	assert_int_equal(connect(sock, (struct sockaddr *)&peer, sizeof(peer)), -1);
	flue_pkt_release(receive(ETH_P_ARP));
	memcpy(arp + 8, our_mac, 6);
	put32(arp + 14, OURS);
	put32(arp + 24, KERNEL);
	send_pkt(frame_to(broadcast, ETH_P_ARP, arp, sizeof(arp)));
	pkt = receive(ETH_P_IP);
	ip = pkt->data + 14;
	assert_int_equal(ip[9], 6);
	assert_int_equal(sum16(ip, 20, 0), 0xffff);
	tcp_bytes = pkt->len - 34u;
	assert_int_equal(sum16(ip + 20, tcp_bytes, sum16(ip + 12, 8, 6 + tcp_bytes)), 0xffff);
	flue_pkt_release(pkt);
	close(sock);
	close_tap();
}

static void
raw_send(uint8_t number)
{
	uint8_t frame[60] = { 2, 0, 0xc6, 0x12, 0, 2, 2, 3, 3, 3, 3, 3, 0x88, 0xb6, number };

	assert_int_equal(send(raw, frame, sizeof(frame), 0), sizeof(frame));
}

static void
frames_wait_in_the_kernel_while_buffers_are_used_up(void **state)
{
	struct flue_pkt *held[64];
	struct flue_pkt *extra[8];
	unsigned i;

	(void)state;
	open_tap(64);
	for (i = 0; i < 60; i++)
		raw_send((uint8_t)i);
	for (i = 0; i < 56; i++)
		held[i] = receive(0x88b6);
	assert_int_equal(port->ops->rx_burst(port, 0, &held[56], 1), 0);
	/* Some are kept for sending. */
	for (i = 0; i < 8; i++)
		assert_true((extra[i] = port->ops->alloc(port)) != NULL);
	assert_null(port->ops->alloc(port));
	for (i = 0; i < 8; i++)
		flue_pkt_release(extra[i]);
	for (i = 0; i < 56; i++)
		flue_pkt_release(held[i]);
	for (i = 56; i < 60; i++) {
		struct flue_pkt *pkt = receive(0x88b6);

		assert_int_equal(pkt->data[14], i);
		flue_pkt_release(pkt);
	}
	assert_int_equal(flue_port_buffers_held(port), 0);
	close_tap();
}

static void
buffer_lent_over_the_close_stays_readable_until_it_comes_back(void **state)
{
	int regions = flue_region_count();
	struct flue_pkt *pkt;

	(void)state;
	open_tap(64);
	raw_send(55);
	pkt = receive(0x88b6);
	close_tap();
	assert_int_equal(if_nametoindex(NAME), 0);
	assert_int_equal(flue_region_count(), regions + 1);
	assert_int_equal(pkt->data[14], 55);
	flue_pkt_release(pkt);
	assert_int_equal(flue_region_count(), regions);
}

static void
frames_to_an_interface_that_is_down_are_lost_not_stuck(void **state)
{
	static const uint8_t to[6] = { 2, 2, 2, 2, 2, 2 };

	(void)state;
	if (needs_root())
		skip();
	assert_int_equal(flue_tap_open(NAME, OUR_MAC, 1500, 64, &port), 0);
	send_pkt(frame_to(to, 0x88b5, "x", 1));
	assert_int_equal(flue_port_buffers_held(port), 0);
	assert_int_equal(flue_port_lost(port), 1);
	flue_port_close(port);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_out_of_range_are_refused),
		cmocka_unit_test(name_in_use_is_busy_whatever_uses_it),
		cmocka_unit_test(reasons_for_not_opening_are_told_apart),
		cmocka_unit_test(kernel_answers_arp_and_ping),
		cmocka_unit_test(lent_payload_is_gathered_behind_the_header),
		cmocka_unit_test(kernel_fills_in_tcp_checksums),
		cmocka_unit_test(frames_wait_in_the_kernel_while_buffers_are_used_up),
		cmocka_unit_test(buffer_lent_over_the_close_stays_readable_until_it_comes_back),
		cmocka_unit_test(frames_to_an_interface_that_is_down_are_lost_not_stuck),
	};

	return cmocka_run_group_tests_name("tap", tests, enter_namespace, NULL);
}
