/* SPDX-License-Identifier: Apache-2.0 */

/* When an engine asks its port for the rule of a connection, and when for its end. */

#include "support/harness.h"

#include <string.h>

#include "engine/steer.h"

static struct {
	struct flue_engine *e;
	struct flue_port_flow flow;
	uint32_t asked;   /* for rules */
	uint32_t refuses; /* so many of the next ones */
	uint32_t there;
	uint32_t ends;    /* calls of unsteer() */
	uint32_t takes;   /* so many of them until it is gone */
	bool state_there; /* at every call the engine had the connection */
} rules;

static bool
has_connection(void)
{
	return flue_engine_held(rules.e, 3) == 1;
}

static uint32_t
steer(struct flue_port *port, const struct flue_port_flow *flow)
{
	(void)port;
	rules.asked++;
	rules.flow = *flow;
	rules.state_there = rules.state_there && has_connection();
	if (rules.refuses > 0) {
		rules.refuses--;
		return 0;
	}
	rules.there++;
	return 77;
}

static bool
unsteer(struct flue_port *port, uint32_t rule)
{
	(void)port;
	assert_int_equal(rule, 77);
	rules.state_there = rules.state_there && has_connection();
	if (++rules.ends <= rules.takes)
		return false;
	rules.there--;
	return true;
}

static struct flue_port_ops ops;

static struct harness *
steering(void)
{
	struct harness *h = harness_new(NULL, 0);

	ops = *h->port->port.ops;
	ops.steer = steer;
	ops.unsteer = unsteer;
	h->port->port.ops = &ops;
	h->port->port.offloads |= FLUE_PORT_FLOW_RULES;
	assert_int_equal(flue_steering_make(h->e), 0);
	memset(&rules, 0, sizeof(rules));
	rules.e = h->e;
	rules.state_there = true;
	return h;
}

static void
rule_is_asked_for_after_the_state_and_gone_before_it_goes(void **state)
{
	struct harness *h = steering();
	struct conn c = { 0 };
	uint8_t sample[20] = { 1, 2, 3 };
	uint8_t buf[100];

	(void)state;
	connect_at(h, &c, 1000, 5000);
	assert_int_equal(rules.asked, 1);
	assert_int_equal(rules.flow.ip6, harness_ip6());
	assert_int_equal(rules.there, 1);
	peer(h, &c, 0x18, 0, 0, sample, sizeof(sample), 1000);
	poll_engine(h);
	assert_int_equal(accept_data(h, &c, buf), sizeof(sample));
	assert_int_equal(rules.ends, 0);
	/* The device takes its time: nothing is given back before. */
	rules.takes = 5;
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_true(rules.ends > 5);
	assert_int_equal(rules.there, 0);
	assert_true(rules.state_there);
	harness_free(h);
}

static void
connection_without_a_rule_is_offloaded_all_the_same(void **state)
{
	struct harness *h = steering();
	struct conn c = { 0 };

	(void)state;
	rules.refuses = 1;
	connect_at(h, &c, 1000, 5000);
	assert_int_equal(rules.asked, 1);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(rules.ends, 0);
	harness_free(h);
}

/** As between the engines of two queues: one has its rule only when the other's is gone. */
static void
rule_follows_a_connection_that_moves(void **state)
{
	struct harness *h = steering();
	int move;

	(void)state;
	rules.takes = 3;
	for (move = 0; move < 100; move++) {
		struct conn c = { 0 };

		rules.ends = 0;
		connect_at(h, &c, 1000, 5000);
		assert_int_equal(rules.there, 1);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(rules.there, 0);
	}
	assert_int_equal(rules.asked, 100);
	assert_true(rules.state_there);
	harness_free(h);
}

static void
engine_that_ends_with_connections_has_their_rules_removed(void **state)
{
	struct harness *h = steering();
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1000, 5000);
	harness_discard(h);
	assert_int_equal(rules.ends, 1);
	assert_int_equal(rules.there, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_is_asked_for_after_the_state_and_gone_before_it_goes),
		cmocka_unit_test(connection_without_a_rule_is_offloaded_all_the_same),
		cmocka_unit_test(rule_follows_a_connection_that_moves),
		cmocka_unit_test(engine_that_ends_with_connections_has_their_rules_removed),
	};

	return cmocka_run_group_tests_name("engine steer", tests, NULL, NULL);
}
