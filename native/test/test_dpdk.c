/* SPDX-License-Identifier: Apache-2.0 */

/* EAL starts once a process: each test with EAL runs in a child of its own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flue/flue_memory.h"
#include "flue/flue_pkt.h"
#include "flue/flue_port.h"

#define MAC0    INT64_C(0x0200c6120002)
#define MAC1    INT64_C(0x0200c6120003)
#define SKIPPED 77
#define BURST   32

/** In a child: a failure ends it. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s (cause: %s)\n", __FILE__, __LINE__, #condition, \
					flue_dpdk_unavailability_cause());                         \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void
run_child(int (*body)(void))
{
	pid_t pid;
	int status;

	if (flue_dpdk_load() != 0) {
		print_message("%s: skipped\n", flue_dpdk_unavailability_cause());
		skip();
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		fail_msg("child died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int64_t
monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct flue_pkt *
make_frame(flue_port *port, uint32_t number, unsigned len)
{
	static const uint8_t to[6] = { 0x02, 0x00, 0xc6, 0x12, 0x00, 0x03 };
	struct flue_pkt *pkt = port->ops->alloc(port);

	if (pkt == NULL)
		return NULL;
	memcpy(pkt->data, to, 6);
	memcpy(pkt->data + 6, port->mac, 6);
	pkt->data[12] = 0x88;
	pkt->data[13] = 0xb5;
	memset(pkt->data + 14, (int)(number & 0xff), len - 14);
	memcpy(pkt->data + 14, &number, 4);
	pkt->len = (uint16_t)len;
	return pkt;
}

static bool
send_pkt(flue_port *port, struct flue_pkt *pkt)
{
	return port->ops->tx_burst(port, 0, &pkt, 1) == 1;
}

/** Next frame of EtherType 0x88b5, or NULL after a while. */
static struct flue_pkt *
receive(flue_port *port)
{
	int64_t deadline = monotonic() + 5000000000;
	struct flue_pkt *pkt;

	while (monotonic() < deadline) {
		if (port->ops->rx_burst(port, 0, &pkt, 1) == 0) {
			sched_yield();
			continue;
		}
		if (pkt->data[12] == 0x88 && pkt->data[13] == 0xb5)
			return pkt;
		flue_pkt_release(pkt);
	}
	return NULL;
}

static uint32_t
number_of(const struct flue_pkt *pkt)
{
	uint32_t number;

	memcpy(&number, pkt->data + 14, 4);
	return number;
}

/* ---- Loading and starting ---------------------------------------------------------------------- */

static int
report_missing(void)
{
	int rc = flue_dpdk_load();

	if (rc != -ENOENT || strstr(flue_dpdk_unavailability_cause(), "libdpdk-dev") == NULL ||
			flue_dpdk_version()[0] != '\0' || flue_dpdk_start(NULL) != -ENOENT)
		return 1;
	return 0;
}

static void
library_that_is_not_there_is_named_with_what_to_install(void **state)
{
	char dir[] = "/tmp/flue-dpdk-XXXXXX";
	char command[256];
	int rc;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s/test && %s/test --missing", getpid(),
			dir, dir);
	rc = system(command);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(rc, 0);
}

static int
ports_need_eal(void)
{
	flue_port *port = NULL;
	flue_port *peer = NULL;

	CHECK(strncmp(flue_dpdk_version(), "DPDK ", 5) == 0);
	CHECK(flue_dpdk_unavailability_cause()[0] == '\0');
	CHECK(flue_dpdk_load() == 0);
	CHECK(flue_dpdk_open("net_null0", MAC0, 1500, 64, &port) == -ENODEV);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "flue_dpdk_start") != NULL);
	CHECK(flue_dpdk_ring_pair(256, MAC0, MAC1, 64, &port, &peer) == -ENODEV);
	CHECK(flue_dpdk_open(NULL, MAC0, 1500, 64, &port) == -EINVAL);
	CHECK(flue_dpdk_open("net_null0", MAC0, 1500, 64, NULL) == -EINVAL);
	CHECK(flue_dpdk_open("net_null0", MAC0, 100, 64, &port) == -EINVAL);
	CHECK(flue_dpdk_open("net_null0", MAC0, 1500, 63, &port) == -EINVAL);
	CHECK(port == NULL);
	return 0;
}

static void
ports_are_refused_before_eal_is_started(void **state)
{
	(void)state;
	run_child(ports_need_eal);
}

static void
quiet(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(fd, 1);
	dup2(fd, 2);
}

static int
bad_arguments(void)
{
	int saved = dup(2);
	int rc;

	quiet(); /* EAL prints its usage */
	rc = flue_dpdk_start("--no-such-option");
	dup2(saved, 2);
	CHECK(rc < 0 && rc != -EALREADY);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "--no-such-option") != NULL);
	CHECK(flue_dpdk_start(NULL) == rc);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "once a process") != NULL);
	return 0;
}

static void
failed_start_is_told_with_its_arguments_and_cannot_be_repeated(void **state)
{
	(void)state;
	run_child(bad_arguments);
}

static int
start_leaves_affinity(void)
{
	cpu_set_t before;
	cpu_set_t after;

	CHECK(sched_getaffinity(0, sizeof(before), &before) == 0);
	CHECK(flue_dpdk_start(NULL) == 0);
	CHECK(sched_getaffinity(0, sizeof(after), &after) == 0);
	CHECK(CPU_EQUAL(&before, &after));
	CHECK(flue_dpdk_start(NULL) == -EALREADY);
	CHECK(flue_dpdk_unavailability_cause()[0] == '\0');
	return 0;
}

static void
start_leaves_the_calling_thread_on_its_cpus(void **state)
{
	(void)state;
	run_child(start_leaves_affinity);
}

static int
start_without_rights(void)
{
	flue_port *port[2];

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 1;
	CHECK(flue_dpdk_start(NULL) == 0);
	CHECK(flue_dpdk_ring_pair(64, MAC0, MAC1, 64, &port[0], &port[1]) == 0);
	CHECK(send_pkt(port[0], make_frame(port[0], 3, 60)));
	flue_pkt_release(receive(port[1]));
	flue_port_close(port[0]);
	flue_port_close(port[1]);
	return 0;
}

static void
rings_work_without_root_and_without_hugepages(void **state)
{
	(void)state;
	run_child(start_without_rights);
}

/* ---- A pair of rings --------------------------------------------------------------------------- */

static flue_port *a;
static flue_port *b;

static void
open_pair(int entries, int buffers)
{
	CHECK(flue_dpdk_ring_pair(entries, MAC0, MAC1, buffers, &a, &b) == 0);
}

static void
close_pair(void)
{
	CHECK(flue_port_buffers_held(a) == 0);
	CHECK(flue_port_buffers_held(b) == 0);
	flue_port_close(a);
	flue_port_close(b);
}

static int
pair_exchange(void)
{
	struct flue_pkt *pkt;
	uint8_t *sent;
	uint32_t i;

	CHECK(flue_dpdk_start(NULL) == 0);
	open_pair(256, 512);
	CHECK(flue_port_mac(a) == MAC0 && flue_port_mac(b) == MAC1);
	CHECK(flue_port_mtu(a) == 1500 && flue_port_buffers(a) == 512);
	CHECK(strncmp(flue_port_name(a), "dpdk:", 5) == 0);
	pkt = make_frame(a, 1, 60);
	CHECK(pkt->refcnt == 1 && pkt->port == a);
	CHECK(flue_ref_resolve(pkt->ref - FLUE_PKT_HEADROOM, FLUE_PKT_HEADROOM + FLUE_PKT_ROOM) ==
			pkt->data - FLUE_PKT_HEADROOM);
	CHECK(flue_port_buffers_held(a) == 1);
	sent = pkt->data;
	CHECK(send_pkt(a, pkt));
	CHECK(flue_port_buffers_held(a) == 0);
	pkt = receive(b);
	CHECK(pkt != NULL && pkt->data == sent); /* by reference */
	CHECK(pkt->port == b && flue_port_buffers_held(b) == 1);
	CHECK(flue_ref_resolve(pkt->ref, pkt->len) == pkt->data);
	flue_pkt_release(pkt);
	for (i = 0; i < 100000; i++) {
		unsigned len = 60 + i % 1400;

		CHECK(send_pkt(a, make_frame(a, i, len)));
		pkt = receive(b);
		CHECK(pkt != NULL && number_of(pkt) == i && pkt->len == len);
		CHECK(pkt->data[len - 1] == (len > 18 ? (uint8_t)i : pkt->data[len - 1]));
		flue_pkt_release(pkt);
	}
	close_pair();
	return 0;
}

static void
frames_pass_through_rings_by_reference(void **state)
{
	(void)state;
	run_child(pair_exchange);
}

static int
pair_ext(void)
{
	_Atomic uint32_t owner = 2;
	static uint8_t payload[1400];
	struct flue_pkt *pkt;

	CHECK(flue_dpdk_start(NULL) == 0);
	open_pair(64, 128);
	memset(payload, 0x99, sizeof(payload));
	pkt = make_frame(a, 5, 54);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	pkt->ext_owner = &owner;
	CHECK(send_pkt(a, pkt));
	a->ops->reclaim(a);
	CHECK(owner == 2);    /* in the ring: the payload is still needed */
	payload[1399] = 0x11; /* and is read there, not before */
	pkt = receive(b);
	CHECK(pkt != NULL && pkt->len == 1454 && number_of(pkt) == 5);
	CHECK(pkt->data[54] == 0x99 && pkt->data[1453] == 0x11);
	CHECK(pkt->ext == NULL);
	CHECK(flue_ref_resolve(pkt->ref, pkt->len) == pkt->data);
	CHECK(owner == 1); /* the receiver has its own copy */
	flue_pkt_release(pkt);

	/* Never sent: the reference goes with the packet. */
	pkt = make_frame(a, 5, 54);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	pkt->ext_owner = &owner;
	flue_pkt_release(pkt);
	CHECK(owner == 0);
	close_pair();
	return 0;
}

static void
lent_payload_is_let_go_when_the_peer_has_taken_it(void **state)
{
	(void)state;
	run_child(pair_ext);
}

static int
pair_full(void)
{
	_Atomic uint32_t owner = 200;
	static uint8_t payload[100];
	struct flue_pkt *pkts[128];
	unsigned sent = 0;
	unsigned i;

	CHECK(flue_dpdk_start(NULL) == 0);
	open_pair(64, 128);
	for (i = 0; i < 128; i++) {
		CHECK((pkts[i] = make_frame(a, i, 60)) != NULL);
		pkts[i]->ext = payload;
		pkts[i]->ext_len = sizeof(payload);
		pkts[i]->ext_owner = &owner;
	}
	CHECK(make_frame(a, i, 60) == NULL);
	sent = a->ops->tx_burst(a, 0, pkts, 128);
	CHECK(sent == 63); /* a ring holds one less than its size */
	CHECK(flue_port_buffers_held(a) == 128 - 63);
	/* What was refused is as it was. */
	CHECK(pkts[sent]->ext == payload && pkts[sent]->ext_len == 100 && pkts[sent]->len == 60);
	CHECK(owner == 200);
	for (i = 0; i < 128; i++) {
		struct flue_pkt *pkt = receive(b);

		CHECK(pkt != NULL && number_of(pkt) == i && pkt->len == 160);
		flue_pkt_release(pkt);
		if (i % 60 == 59)
			sent += a->ops->tx_burst(a, 0, pkts + sent, 128 - sent);
	}
	CHECK(sent == 128 && owner == 200 - 128);

	/* A packet that the sender keeps a reference to goes as a copy. */
	pkts[0] = make_frame(a, 500, 60);
	flue_pkt_retain(pkts[0]);
	CHECK(send_pkt(a, pkts[0]));
	CHECK(pkts[0]->refcnt == 1 && flue_port_buffers_held(a) == 1);
	CHECK(send_pkt(a, pkts[0]));
	for (i = 0; i < 2; i++) {
		struct flue_pkt *pkt = receive(b);

		CHECK(pkt != NULL && number_of(pkt) == 500);
		flue_pkt_release(pkt);
	}
	close_pair();
	return 0;
}

static void
full_ring_holds_the_sender_back_and_leaves_its_packets_whole(void **state)
{
	(void)state;
	run_child(pair_full);
}

static int
pair_close(void)
{
	_Atomic uint32_t owner = 3;
	static uint8_t payload[100];
	struct flue_pkt *held;
	struct flue_pkt *pkt;
	int regions;
	int i;

	CHECK(flue_dpdk_start(NULL) == 0);
	open_pair(64, 128);
	CHECK(send_pkt(a, make_frame(a, 77, 60)));
	held = receive(b);
	for (i = 0; i < 3; i++) {
		pkt = make_frame(a, 1, 60);
		pkt->ext = payload;
		pkt->ext_len = sizeof(payload);
		pkt->ext_owner = &owner;
		if (i == 2)
			flue_port_close(b);
		CHECK(send_pkt(a, pkt));
	}
	/* Two lay in the ring of the port that left, one was sent to nobody. */
	a->ops->reclaim(a);
	CHECK(owner == 0);
	CHECK(flue_port_buffers_held(a) == 0);
	flue_port_close(a);
	CHECK(number_of(held) == 77);
	flue_pkt_release(held);

	/* The next pair takes over the memory of this one. */
	regions = flue_region_count();
	for (i = 0; i < 5; i++) {
		open_pair(64, 128);
		CHECK(send_pkt(b, make_frame(b, 1, 60)));
		CHECK((pkt = receive(a)) != NULL);
		flue_pkt_release(pkt);
		close_pair();
	}
	CHECK(flue_region_count() == regions);
	CHECK(flue_dpdk_ring_pair(100, MAC0, MAC1, 128, &a, &b) == -EINVAL);
	CHECK(flue_dpdk_ring_pair(64, MAC0, INT64_C(0x010000000000), 128, &a, &b) == -EINVAL);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "address") != NULL);
	CHECK(flue_dpdk_ring_pair(64, MAC0, MAC1, 65536, &a, &b) == -ENOMEM);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "-m") != NULL);
	open_pair(64, 128);
	close_pair();
	return 0;
}

static void
ports_close_in_any_order_with_frames_under_way_and_lent(void **state)
{
	(void)state;
	run_child(pair_close);
}

static void *
echo_run(void *arg)
{
	uint32_t *count = arg;

	while (*count < 20000) {
		struct flue_pkt *pkts[BURST];
		unsigned n = b->ops->rx_burst(b, 0, pkts, BURST);
		unsigned i;

		for (i = 0; i < n; i++) {
			struct flue_pkt *answer = make_frame(b, number_of(pkts[i]) + 1, 100);

			CHECK(answer != NULL);
			flue_pkt_release(pkts[i]);
			while (!send_pkt(b, answer))
				sched_yield();
			(*count)++;
		}
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

static int
pair_threads(void)
{
	static uint8_t payload[1000];
	_Atomic uint32_t owner = 0;
	uint32_t count = 0;
	uint32_t received = 0;
	uint32_t sent = 0;
	pthread_t thread;

	CHECK(flue_dpdk_start(NULL) == 0);
	open_pair(256, 512);
	CHECK(pthread_create(&thread, NULL, echo_run, &count) == 0);
	while (received < 20000) {
		struct flue_pkt *pkts[BURST];
		unsigned n = a->ops->rx_burst(a, 0, pkts, BURST);
		unsigned i;

		for (i = 0; i < n; i++) {
			CHECK(number_of(pkts[i]) == received + 1);
			received++;
			flue_pkt_release(pkts[i]);
		}
		for (i = 0; i < 8 && sent < 20000 && sent - received < 200; i++) {
			struct flue_pkt *pkt = make_frame(a, sent, 60);

			CHECK(pkt != NULL);
			if (sent % 2 == 0) {
				pkt->ext = payload;
				pkt->ext_len = sizeof(payload);
				pkt->ext_owner = &owner;
				atomic_fetch_add(&owner, 1);
			}
			if (!send_pkt(a, pkt)) {
				flue_pkt_release(pkt);
				break;
			}
			sent++;
		}
		if (n == 0)
			sched_yield();
	}
	pthread_join(thread, NULL);
	CHECK(owner == 0);
	close_pair();
	return 0;
}

static void
two_threads_poll_the_two_ends(void **state)
{
	(void)state;
	run_child(pair_threads);
}

/* ---- Devices ----------------------------------------------------------------------------------- */

static int
null_device(void)
{
	_Atomic uint32_t owner = 1;
	static uint8_t payload[100];
	struct flue_pkt *pkts[BURST];
	struct flue_pkt *pkt;
	flue_port *port = NULL;
	flue_port *again = NULL;
	unsigned n;
	int saved = dup(2);

	CHECK(flue_dpdk_start("--no-huge --no-shconf -m 128 --no-pci --no-telemetry "
			      "--iova-mode=va --log-level=lib.eal:error") == 0);
	CHECK(flue_dpdk_open("net_null0,size=64", MAC0, 1500, 256, &port) == 0);
	CHECK(flue_dpdk_open("net_null0,size=64", MAC0, 1500, 256, &again) == -EBUSY);
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
	CHECK(owner == 0);
	flue_port_close(port);
	/* It was made by opening, so it has gone by closing, and can be made again. */
	CHECK(flue_dpdk_open("net_null0,size=100", 0, 1500, 256, &port) == 0);
	flue_port_close(port);
	quiet(); /* EAL complains */
	n = (unsigned)-flue_dpdk_open("net_nosuch0", MAC0, 1500, 256, &port);
	dup2(saved, 2);
	CHECK(n > 0 && n < 200);
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
		pkt->flags |= FLUE_PKT_TX_CSUM;
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
	_Atomic uint32_t owner = 1;
	uint8_t frame[2048];
	struct flue_pkt *pkt;
	ssize_t n;

	if ((port->caps & FLUE_PORT_CAP_TX_CSUM) == 0)
		return;
	pkt = make_frame(port, 0, 60);
	put_segment(pkt, true, payload, 1400);
	pkt->ext = payload;
	pkt->ext_len = 1400;
	pkt->ext_owner = &owner;
	CHECK(send_pkt(port, pkt));
	n = raw_receive(raw, port, frame, sizeof(frame));
	CHECK(n == 1454 && tcp_sum_good(frame, (size_t)n));
	CHECK(owner == 0);
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

static int
tap_device(void)
{
	static uint8_t payload[1400];
	uint8_t frame[2048] = { 0x02, 0, 0xc6, 0x12, 0, 2, 2, 4, 4, 4, 4, 4, 0x88, 0xb5, 9, 0, 0,
		0 };
	struct flue_pkt *pkt;
	flue_port *port;
	int raw;

	if (!network())
		return SKIPPED;
	CHECK(flue_dpdk_start(NULL) == 0);
	CHECK(flue_dpdk_open("net_tap0,iface=fluetap0", MAC0, 1500, 1024, &port) == 0);
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
	CHECK(flue_port_buffers_held(port) == 0);
	close(raw);
	flue_port_close(port);
	CHECK(if_nametoindex("fluetap0") == 0);
	return 0;
}

static void
net_tap_talks_to_the_kernel(void **state)
{
	(void)state;
	run_child(tap_device);
}

static int
packet_device(void)
{
	struct flue_pkt *pkt;
	flue_port *port;
	flue_port *tap;
	int raw;

	if (!network())
		return SKIPPED;
	CHECK(flue_tap_open("fluetap1", MAC1, 1500, 256, &tap) == 0);
	CHECK(flue_interface_configure("fluetap1", (int32_t)0xc6120001, 24, 1500) == 0);
	CHECK(flue_dpdk_start(NULL) == 0);
	CHECK(flue_dpdk_open("net_af_packet0,iface=fluetap1", 0, 1500, 256, &port) == 0);
	/* Out of the device to the other end of the TAP, and back. */
	CHECK(send_pkt(port, make_frame(port, 11, 60)));
	pkt = receive(tap);
	CHECK(pkt != NULL && number_of(pkt) == 11);
	flue_pkt_release(pkt);
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
	flue_port_close(tap);
	return 0;
}

static void
net_af_packet_shares_an_interface_with_the_kernel(void **state)
{
	(void)state;
	run_child(packet_device);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(library_that_is_not_there_is_named_with_what_to_install),
		cmocka_unit_test(ports_are_refused_before_eal_is_started),
		cmocka_unit_test(failed_start_is_told_with_its_arguments_and_cannot_be_repeated),
		cmocka_unit_test(start_leaves_the_calling_thread_on_its_cpus),
		cmocka_unit_test(rings_work_without_root_and_without_hugepages),
		cmocka_unit_test(frames_pass_through_rings_by_reference),
		cmocka_unit_test(lent_payload_is_let_go_when_the_peer_has_taken_it),
		cmocka_unit_test(full_ring_holds_the_sender_back_and_leaves_its_packets_whole),
		cmocka_unit_test(ports_close_in_any_order_with_frames_under_way_and_lent),
		cmocka_unit_test(two_threads_poll_the_two_ends),
		cmocka_unit_test(device_appears_by_opening_and_goes_by_closing),
		cmocka_unit_test(net_tap_talks_to_the_kernel),
		cmocka_unit_test(net_af_packet_shares_an_interface_with_the_kernel),
	};

	if (argc == 2 && strcmp(argv[1], "--missing") == 0)
		return report_missing();
	return cmocka_run_group_tests_name("dpdk", tests, NULL, NULL);
}
