/* SPDX-License-Identifier: Apache-2.0 */

/* Rules that bring a connection to its queue: asked for by a poller, made and removed by another
 * thread, as far as the device takes them. */

#include "dpdk_nic.h"

#include <sched.h>

#include "port/dpdk/flow.h"

#define QUEUES 2

static flue_port *ports[QUEUES];

static struct flue_port_flow
flow_of(uint16_t number)
{
	struct flue_port_flow flow = { .remote = { 198, 18, 0, 1 }, .local = { 198, 18, 0, 2 } };

	flow.remote_port = rte_cpu_to_be_16(number);
	flow.local_port = rte_cpu_to_be_16(8080);
	return flow;
}

static uint32_t
steer(int queue, uint16_t number)
{
	struct flue_port_flow flow = flow_of(number);

	return ports[queue]->ops->steer(ports[queue], &flow);
}

/** It goes, however long that takes. */
static void
unsteer(int queue, uint32_t rule)
{
	while (!ports[queue]->ops->unsteer(ports[queue], rule))
		sched_yield();
}

static int64_t
counted(int queue, int which)
{
	return flue_port_count(ports[queue], which);
}

static void
await(int queue, int which, int64_t count)
{
	while (counted(queue, which) != count)
		sched_yield();
}

static void
open_ports(uint32_t off)
{
	CHECK(nic_open_queues(1500, off, QUEUES, &ports[0]) == 0);
	CHECK(flue_dpdk_queue(ports[0], 1, &ports[1]) == 0);
}

static void
close_ports(void)
{
	flue_port_close(ports[0]);
	flue_port_close(ports[1]);
}

static int
one(void)
{
	static const uint8_t tuple[] = { 198, 18, 0, 1, 198, 18, 0, 2, 0x04, 0xd2, 0x1f, 0x90 };
	uint32_t rule;
	uint32_t again;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.rules_most = 8;
	nic.rules_priority = 1;
	open_ports(0);
	CHECK(flue_port_offloads(ports[1], 1) & FLUE_PORT_FLOW_RULES);
	rule = steer(1, 1234);
	CHECK(rule != 0);
	await(1, FLUE_PORT_RULES_MADE, 1);
	CHECK(nic.rule_queue == 1 && memcmp(nic.rule_tuple, tuple, sizeof(tuple)) == 0);
	/* The first call only asks. */
	CHECK(!ports[1]->ops->unsteer(ports[1], rule));
	unsteer(1, rule);
	CHECK(nic.rules == 0 && counted(1, FLUE_PORT_RULES_REMOVED) == 1);
	/* An old name is no name of a new rule in its place. */
	again = steer(0, 1234);
	CHECK(ports[1]->ops->unsteer(ports[1], rule));
	await(0, FLUE_PORT_RULES_MADE, 1);
	CHECK(nic.rule_queue == 0);
	unsteer(0, again);
	/* One that is not wanted any more before the device was asked. */
	nic.rules_wait = true;
	rule = steer(0, 1);
	again = steer(0, 2);
	CHECK(!ports[0]->ops->unsteer(ports[0], rule) && !ports[0]->ops->unsteer(ports[0], again));
	nic.rules_wait = false;
	unsteer(0, rule);
	unsteer(0, again);
	CHECK(nic.rules == 0);
	close_ports();
	CHECK(nic.flushes == 1);
	return 0;
}

static void
connection_is_brought_to_its_queue_until_it_is_given_back(void **state)
{
	(void)state;
	run_child(one);
}

static int
refused(void)
{
	struct flue_port_flow ip6 = { .remote = { 0x20, 1 }, .local = { 0x20, 1, 1 }, .ip6 = 1 };
	uint32_t rules[20];
	int i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	/* No rules at all, one queue, or switched off. */
	open_ports(0);
	CHECK(!(flue_port_offloads(ports[0], 0) & FLUE_PORT_FLOW_RULES));
	CHECK(steer(0, 1) == 0 && ports[0]->ops->unsteer(ports[0], 0));
	close_ports();
	nic.rules_most = 8;
	nic.rules_no_ip6 = true;
	CHECK(nic_open(1500, 0, &ports[0]) == 0);
	CHECK(!(flue_port_offloads(ports[0], 0) & FLUE_PORT_FLOW_RULES));
	flue_port_close(ports[0]);
	open_ports(FLUE_PORT_FLOW_RULES);
	CHECK(flue_port_offloads(ports[0], 0) & FLUE_PORT_FLOW_RULES);
	CHECK(!(flue_port_offloads(ports[0], 1) & FLUE_PORT_FLOW_RULES));
	CHECK(steer(0, 1) == 0);
	close_ports();
	/* More than the device has room for: it is asked once, and again when it has less. */
	open_ports(0);
	for (i = 0; i < 20; i++)
		rules[i] = steer(i % QUEUES, (uint16_t)(100 + i));
	while (counted(0, FLUE_PORT_RULES_REFUSED) + counted(1, FLUE_PORT_RULES_REFUSED) < 12)
		sched_yield();
	CHECK(nic.rules == 8 && nic.rules_asked == 9);
	for (i = 0; i < 20; i++)
		unsteer(i % QUEUES, rules[i]);
	CHECK(nic.rules == 0);
	CHECK(ports[0]->ops->steer(ports[0], &ip6) != 0);
	rules[0] = steer(0, 7);
	while (nic.rules != 1)
		sched_yield();
	CHECK(nic.rules_asked == 10);
	/* What is there when a port is closed goes with it. */
	close_ports();
	CHECK(nic.rules == 0);
	return 0;
}

static void
what_the_device_refuses_is_counted_and_nothing_else(void **state)
{
	(void)state;
	run_child(refused);
}

static int
many(void)
{
	static uint32_t rules[2 * DPDK_RULES];
	uint32_t i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.rules_most = INT_MAX;
	open_ports(0);
	nic.rules_wait = true;
	for (i = 0; i < RTE_DIM(rules); i++)
		rules[i] = steer(0, (uint16_t)i);
	/* The thread has not got further than the first one, or is at it. */
	for (i = 0; i < RTE_DIM(rules); i++)
		CHECK((rules[i] != 0) == (i < DPDK_RULES));
	CHECK(counted(0, FLUE_PORT_RULES_REFUSED) == DPDK_RULES);
	for (i = 0; i < DPDK_RULES; i += 2)
		(void)ports[0]->ops->unsteer(ports[0], rules[i]);
	nic.rules_wait = false;
	for (i = 0; i < DPDK_RULES; i++)
		unsteer(0, rules[i]);
	CHECK(nic.rules == 0);
	/* Round and round, faster than the thread. */
	for (i = 0; i < 20 * DPDK_RULES; i++) {
		uint32_t rule = steer(i % QUEUES, (uint16_t)i);

		(void)ports[i % QUEUES]->ops->unsteer(ports[i % QUEUES], rule);
		if (i % 64 == 0)
			unsteer(i % QUEUES, rule);
	}
	close_ports();
	CHECK(nic.rules == 0);
	return 0;
}

static void
more_than_there_is_room_for_have_none_and_none_is_left_over(void **state)
{
	(void)state;
	run_child(many);
}

static int
taken_away(void)
{
	uint32_t rule;
	uint32_t late;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.rules_most = 8;
	open_ports(0);
	rule = steer(0, 1);
	await(0, FLUE_PORT_RULES_MADE, 1);
	CHECK(rte_eth_dev_stop(nic.id) == 0 && rte_eth_dev_close(nic.id) == 0);
	/* The device is not asked any more, and whoever waits goes on. */
	late = steer(1, 2);
	await(1, FLUE_PORT_RULES_REFUSED, 1);
	unsteer(1, late);
	unsteer(0, rule);
	CHECK(nic.rules_made == 1 && nic.rules == 1);
	close_ports();
	CHECK(nic.flushes == 0);
	return 0;
}

static void
device_that_is_taken_away_is_asked_nothing_and_holds_nobody_up(void **state)
{
	(void)state;
	run_child(taken_away);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_is_brought_to_its_queue_until_it_is_given_back),
		cmocka_unit_test(what_the_device_refuses_is_counted_and_nothing_else),
		cmocka_unit_test(more_than_there_is_room_for_have_none_and_none_is_left_over),
		cmocka_unit_test(device_that_is_taken_away_is_asked_nothing_and_holds_nobody_up),
	};

	return cmocka_run_group_tests_name("dpdk nic flow", tests, NULL, NULL);
}
