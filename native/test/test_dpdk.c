/* SPDX-License-Identifier: Apache-2.0 */
#include "dpdk_fixture.h"

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
	CHECK(open_device("net_null0", MAC0, 1500, 64, &port) == -ENODEV);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "flue_dpdk_start") != NULL);
	CHECK(flue_dpdk_ring_pair(256, MAC0, MAC1, 64, &port, &peer) == -ENODEV);
	CHECK(open_device(NULL, MAC0, 1500, 64, &port) == -EINVAL);
	CHECK(open_device("net_null0", MAC0, 1500, 64, NULL) == -EINVAL);
	CHECK(open_device("net_null0", MAC0, 100, 64, &port) == -EINVAL);
	CHECK(open_device("net_null0", MAC0, 1500, 63, &port) == -EINVAL);
	CHECK(port == NULL);
	return 0;
}

static void
ports_are_refused_before_eal_is_started(void **state)
{
	(void)state;
	run_child(ports_need_eal);
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
pair_many(void)
{
	struct flue_pkt *pkts[200];
	unsigned n = 0;
	unsigned i;

	CHECK(flue_dpdk_start(NULL) == 0);
	open_pair(64, 100);
	/* All or none of a request: whoever got fewer asks for one by one. */
	CHECK(a->ops->alloc_many(a, pkts, 200) == 64);
	CHECK(a->ops->alloc_many(a, pkts + 64, 200) == 36);
	CHECK(a->ops->alloc_many(a, pkts + 100, 1) == 0 && a->ops->alloc(a) == NULL);
	CHECK(flue_port_buffers_held(a) == 100);
	for (i = 0; i < 100; i++) {
		CHECK(pkts[i]->refcnt == 1 && pkts[i]->len == 0 && pkts[i]->port == a);
		CHECK(flue_ref_resolve(pkts[i]->ref, FLUE_PKT_ROOM) == pkts[i]->data);
		memset(pkts[i]->data, (int)i, FLUE_PKT_ROOM);
	}
	for (i = 0; i < 100; i++) {
		n += pkts[i]->data[0] == i && pkts[i]->data[FLUE_PKT_ROOM - 1] == i;
		flue_pkt_release(pkts[i]);
	}
	CHECK(n == 100); /* no two are one */
	close_pair();
	return 0;
}

static void
packets_come_by_the_burst_until_there_are_none(void **state)
{
	(void)state;
	run_child(pair_many);
}

static int
pair_ext(void)
{
	struct flue_lender owner = { .lent = 2 };
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
	CHECK(flue_lent(&owner) == 2); /* in the ring: the payload is still needed */
	payload[1399] = 0x11;          /* and is read there, not before */
	pkt = receive(b);
	CHECK(pkt != NULL && pkt->len == 1454 && number_of(pkt) == 5);
	CHECK(pkt->data[54] == 0x99 && pkt->data[1453] == 0x11);
	CHECK(pkt->ext == NULL);
	CHECK(flue_ref_resolve(pkt->ref, pkt->len) == pkt->data);
	CHECK(flue_lent(&owner) == 1); /* the receiver has its own copy */
	flue_pkt_release(pkt);

	/* Never sent: the reference goes with the packet. */
	pkt = make_frame(a, 5, 54);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	pkt->ext_owner = &owner;
	flue_pkt_release(pkt);
	CHECK(flue_lent(&owner) == 0);
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
	struct flue_lender owner = { .lent = 200 };
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
	CHECK(flue_lent(&owner) == 200);
	for (i = 0; i < 128; i++) {
		struct flue_pkt *pkt = receive(b);

		CHECK(pkt != NULL && number_of(pkt) == i && pkt->len == 160);
		flue_pkt_release(pkt);
		if (i % 60 == 59)
			sent += a->ops->tx_burst(a, 0, pkts + sent, 128 - sent);
	}
	CHECK(sent == 128 && flue_lent(&owner) == 200 - 128);

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
	struct flue_lender owner = { .lent = 3 };
	static uint8_t payload[100];
	struct flue_pkt *held;
	struct flue_pkt *pkt;
	int regions;
	int i;

	/* A fixed amount of memory: with hugepages a pool too many would just get some more. */
	CHECK(flue_dpdk_start("--no-huge --no-shconf --no-pci --no-telemetry --iova-mode=va -m 128") ==
			0);
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
	CHECK(flue_lent(&owner) == 0);
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
	struct flue_lender owner = { .lent = 0 };
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
				owner.lent++;
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
	CHECK(flue_lent(&owner) == 0);
	close_pair();
	return 0;
}

static void
two_threads_poll_the_two_ends(void **state)
{
	(void)state;
	run_child(pair_threads);
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
		cmocka_unit_test(packets_come_by_the_burst_until_there_are_none),
		cmocka_unit_test(lent_payload_is_let_go_when_the_peer_has_taken_it),
		cmocka_unit_test(full_ring_holds_the_sender_back_and_leaves_its_packets_whole),
		cmocka_unit_test(ports_close_in_any_order_with_frames_under_way_and_lent),
		cmocka_unit_test(two_threads_poll_the_two_ends),
	};

	if (argc == 2 && strcmp(argv[1], "--missing") == 0)
		return report_missing();
	return cmocka_run_group_tests_name("dpdk", tests, NULL, NULL);
}
