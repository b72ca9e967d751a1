/* SPDX-License-Identifier: Apache-2.0 */

/* A device of several queue pairs: a port each. */

#include "dpdk_fixture.h"

#define NO_HUGE                                                                \
	"--no-huge --no-shconf -m 256 --no-pci --no-telemetry --iova-mode=va " \
	"--log-level=lib.eal:error"
#define QUEUES 4
#define FLOWS  64

static int
open_queues(const char *device, int queues, flue_port **ports)
{
	struct flue_dpdk_config config;
	int rc;
	int i;

	flue_dpdk_config_default(&config);
	config.mac = MAC0;
	config.buffers = 256;
	config.queues = queues;
	rc = flue_dpdk_open(device, &config, &ports[0]);
	for (i = 1; i < queues && rc == 0; i++)
		rc = flue_dpdk_queue(ports[0], i, &ports[i]);
	return rc;
}

static int
null_queues(void)
{
	flue_port *ports[QUEUES] = { NULL };
	struct flue_pkt *pkts[BURST];
	flue_port *other = NULL;
	unsigned n;
	int i;

	CHECK(flue_dpdk_start(NO_HUGE) == 0);
	CHECK(open_queues("net_null0,size=64", QUEUES, ports) == 0);
	CHECK(flue_dpdk_queue(ports[0], 0, &other) == 0 && other == ports[0]);
	CHECK(flue_dpdk_queue(ports[0], QUEUES, &other) == -EINVAL);
	CHECK(flue_dpdk_queue(ports[0], -1, &other) == -EINVAL);
	CHECK(strcmp(flue_port_name(ports[0]), "dpdk:net_null0") == 0);
	CHECK(strcmp(flue_port_name(ports[3]), "dpdk:net_null0/3") == 0);
	/* Each has buffers of its own, and what it does is nothing to the others. */
	for (i = 0; i < QUEUES; i++) {
		CHECK(flue_port_mac(ports[i]) == MAC0);
		n = ports[i]->ops->rx_burst(ports[i], 0, pkts, BURST);
		CHECK(n == BURST && flue_port_buffers_held(ports[i]) == BURST);
		CHECK(i == QUEUES - 1 || flue_port_buffers_held(ports[i + 1]) == 0);
		CHECK(send_pkt(ports[i], make_frame(ports[i], 1, 60)));
		while (n > 0)
			flue_pkt_release(pkts[--n]);
	}
	/* In any order; the device goes with the last one. */
	flue_port_close(ports[0]);
	CHECK(flue_dpdk_queue(ports[1], 0, &other) == -EINVAL);
	CHECK(open_queues("net_null0,size=64", 1, &other) == -EBUSY);
	for (i = QUEUES - 1; i > 1; i--)
		flue_port_close(ports[i]);
	n = ports[1]->ops->rx_burst(ports[1], 0, pkts, BURST);
	CHECK(n == BURST);
	flue_port_close(ports[1]);
	/* What was received outlives it. */
	while (n > 0)
		flue_pkt_release(pkts[--n]);
	CHECK(open_queues("net_null0,size=64", 2, ports) == 0);
	flue_port_close(ports[0]);
	flue_port_close(ports[1]);
	return 0;
}

static void
each_queue_pair_is_a_port_and_the_last_one_takes_the_device_along(void **state)
{
	(void)state;
	run_child(null_queues);
}

static int
too_many(void)
{
	flue_port *ports[QUEUES];
	flue_port *tap;

	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0 ||
			unshare(CLONE_NEWNET) != 0) {
		fprintf(stderr, "no root, or no /dev/net/tun: skipped\n");
		return SKIPPED;
	}
	CHECK(flue_tap_open("fluetap1", MAC1, 1500, 256, &tap) == 0);
	CHECK(flue_dpdk_start(NO_HUGE) == 0);
	CHECK(open_queues("net_null0", 0, ports) == -EINVAL);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "1..64") != NULL);
	CHECK(open_queues("net_null0", 65, ports) == -EINVAL);
	/* A device that has but one. */
	CHECK(open_queues("net_af_packet0,iface=fluetap1", 2, ports) == -EINVAL);
	CHECK(strstr(flue_dpdk_unavailability_cause(), "1 queue pairs, not 2") != NULL);
	flue_port_close(tap);
	return 0;
}

static void
more_queues_than_a_device_has_are_refused_with_its_number(void **state)
{
	(void)state;
	run_child(too_many);
}

/** An IPv4 TCP segment of flow `number`, without checksums: nobody here looks at them. */
static struct flue_pkt *
make_segment(flue_port *port, uint16_t number)
{
	static const uint8_t head[] = { 0x08, 0x00, 0x45, 0x00, 0x00, 0x28, 0x00, 0x01, 0x40, 0x00,
		0x40, 0x06, 0x00, 0x00, 198, 18, 0, 1, 198, 18, 0, 2 };
	struct flue_pkt *pkt = make_frame(port, 0, 60);

	memset(pkt->data + 12, 0, 48);
	memcpy(pkt->data + 12, head, sizeof(head));
	pkt->data[34] = (uint8_t)(number >> 8);
	pkt->data[35] = (uint8_t)number;
	pkt->data[37] = 80;
	pkt->data[46] = 0x50;
	pkt->data[47] = 0x10;
	return pkt;
}

static int
spread_flows(void)
{
	flue_port *ports[2];
	flue_port *tap;
	int8_t queue_of[FLOWS];
	unsigned got[2] = { 0, 0 };
	int64_t deadline;
	struct flue_pkt *pkt;
	int round;
	int i;

	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0 ||
			unshare(CLONE_NEWNET) != 0) {
		fprintf(stderr, "no root, or no /dev/net/tun: skipped\n");
		return SKIPPED;
	}
	CHECK(flue_tap_open("fluetap1", MAC1, 1500, 256, &tap) == 0);
	CHECK(flue_interface_configure("fluetap1", (int32_t)0xc6120001, 24, 1500) == 0);
	CHECK(flue_dpdk_start(NO_HUGE) == 0);
	CHECK(open_queues("net_af_packet0,iface=fluetap1,qpairs=2", 2, ports) == 0);
	memset(queue_of, -1, sizeof(queue_of));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < FLOWS; i++)
			CHECK(send_pkt(tap, make_segment(tap, (uint16_t)(1000 + i))));
		deadline = monotonic() + 5000000000;
		while (got[0] + got[1] < (unsigned)(round + 1) * FLOWS && monotonic() < deadline) {
			for (i = 0; i < 2; i++) {
				int flow;

				if (ports[i]->ops->rx_burst(ports[i], 0, &pkt, 1) == 0)
					continue;
				flow = (pkt->data[34] << 8 | pkt->data[35]) - 1000;
				if (pkt->data[23] == 6 && flow >= 0 && flow < FLOWS) {
					CHECK(queue_of[flow] == -1 || queue_of[flow] == i);
					queue_of[flow] = (int8_t)i;
					got[i]++;
				}
				flue_pkt_release(pkt);
			}
			sched_yield();
		}
	}
	CHECK(got[0] + got[1] == 3 * FLOWS);
	CHECK(got[0] > FLOWS / 4 && got[1] > FLOWS / 4);
	flue_port_close(ports[1]);
	flue_port_close(ports[0]);
	flue_port_close(tap);
	return 0;
}

static void
flows_are_spread_and_each_stays_at_its_queue(void **state)
{
	(void)state;
	run_child(spread_flows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_queue_pair_is_a_port_and_the_last_one_takes_the_device_along),
		cmocka_unit_test(more_queues_than_a_device_has_are_refused_with_its_number),
		cmocka_unit_test(flows_are_spread_and_each_stays_at_its_queue),
	};

	return cmocka_run_group_tests_name("dpdk queues", tests, NULL, NULL);
}
