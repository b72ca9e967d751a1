/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_fixture.h"

/* ---- Time and faults ------------------------------------------------------------------------- */

static void
delay_is_exact_and_order_of_equal_times_is_that_of_sending(void **state)
{
	struct flue_wire_config config;
	struct flue_pkt *pkts[BURST];
	unsigned i;

	(void)state;
	flue_wire_config_default(&config);
	config.ports = 3;
	config.delay_ns = 1000;
	open_wire(&config);
	for (i = 0; i < 10; i++)
		send_one(ports[i % 2 == 0 ? 0 : 1], 50, MAC0 + 2, i, 60);
	assert_int_equal(flue_wire_next_event(wire), 1050);
	assert_int_equal(drain(ports[2], 1049), 0);
	assert_int_equal(ports[2]->ops->rx_burst(ports[2], 1050, pkts, BURST), 10);
	for (i = 0; i < 10; i++) {
		/* At one time: by source, then as sent. */
		assert_int_equal(number_of(pkts[i]), i < 5 ? 2 * i : 2 * (i - 5) + 1);
		flue_pkt_release(pkts[i]);
	}
	close_wire(3);
}

static void
fault_rates_are_those_asked_for_over_100000_frames(void **state)
{
	struct flue_wire_config config;
	const int frames = 100000;
	int64_t now = 0;
	int i;

	(void)state;
	flue_wire_config_default(&config);
	config.seed = 7;
	config.drop_ppm = 20000;
	config.duplicate_ppm = 10000;
	config.corrupt_ppm = 5000;
	config.reorder_ppm = 30000;
	config.delay_ns = 1000;
	config.jitter_ns = 500;
	config.reorder_ns = 5000;
	open_wire(&config);
	for (i = 0; i < frames; i++) {
		now += 100;
		assert_true(send_one(ports[0], now, MAC0 + 1, (uint32_t)i, 64));
		drain(ports[1], now);
	}
	drain(ports[1], INT64_MAX);
	assert_int_equal(flue_wire_count(wire, 0), frames);
	assert_in_range(flue_wire_count(wire, 2), frames * 0.018, frames * 0.022);
	assert_in_range(flue_wire_count(wire, 3), frames * 0.0085, frames * 0.0112);
	assert_in_range(flue_wire_count(wire, 4), frames * 0.0040, frames * 0.0058);
	assert_in_range(flue_wire_count(wire, 5), frames * 0.027, frames * 0.032);
	assert_int_equal(flue_wire_count(wire, 6), 0);
	assert_int_equal(flue_wire_count(wire, 1),
			frames - flue_wire_count(wire, 2) + flue_wire_count(wire, 3));
	close_wire(2);
}

static void
corruption_flips_exactly_one_bit_and_only_in_one_copy(void **state)
{
	struct flue_wire_config config;
	struct flue_pkt *pkts[4];
	int i;

	(void)state;
	flue_wire_config_default(&config);
	config.corrupt_ppm = 1000000;
	config.duplicate_ppm = 1000000;
	open_wire(&config);
	for (i = 0; i < 200; i++) {
		int bits = 0;
		unsigned j;

		send_one(ports[0], i, MAC0 + 1, 3, 64);
		assert_int_equal(ports[1]->ops->rx_burst(ports[1], i, pkts, 4), 2);
		for (j = 0; j < 64; j++)
			bits += __builtin_popcount(pkts[0]->data[j] ^ pkts[1]->data[j]);
		assert_int_equal(bits, 1);
		assert_ptr_equal(flue_ref_resolve(pkts[1]->ref, 64), pkts[1]->data);
		flue_pkt_release(pkts[1]);
		flue_pkt_release(pkts[0]);
	}
	close_wire(2);
}

static void
jitter_stays_within_its_bounds_and_reorder_holds_back(void **state)
{
	struct flue_wire_config config;
	int64_t first = INT64_MAX;
	int64_t last = 0;
	int i;

	(void)state;
	flue_wire_config_default(&config);
	config.delay_ns = 1000;
	config.jitter_ns = 100;
	open_wire(&config);
	for (i = 0; i < 4000; i++) {
		int64_t due;

		send_one(ports[0], 0, MAC0 + 1, 1, 60);
		due = flue_wire_next_event(wire);
		first = due < first ? due : first;
		last = due > last ? due : last;
		assert_int_equal(drain(ports[1], 1100), 1);
	}
	assert_int_equal(first, 1000);
	assert_int_equal(last, 1100);
	close_wire(2);

	config.jitter_ns = 0;
	config.reorder_ppm = 1000000;
	config.reorder_ns = 77;
	open_wire(&config);
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	assert_int_equal(flue_wire_next_event(wire), 1077);
	close_wire(2);
}

static void
loss_can_be_switched_on_and_off_under_way(void **state)
{
	(void)state;
	open_default_wire();
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	assert_int_equal(flue_wire_set_drop(wire, 1000000), 0);
	send_one(ports[0], 0, MAC0 + 1, 2, 60);
	assert_int_equal(flue_wire_set_drop(wire, 0), 0);
	send_one(ports[0], 0, MAC0 + 1, 3, 60);
	assert_int_equal(drain(ports[1], 0), 2);
	assert_int_equal(flue_wire_count(wire, 2), 1);
	close_wire(2);
}

/** Three ports talking at random; @return the trace hash. */
static int64_t
run_trace(int64_t seed, bool look_often)
{
	struct flue_wire_config config;
	uint32_t random = 12345;
	int64_t hash;
	int64_t now = 0;
	uint32_t i;

	flue_wire_config_default(&config);
	config.ports = 3;
	config.seed = seed;
	config.drop_ppm = 50000;
	config.duplicate_ppm = 50000;
	config.corrupt_ppm = 50000;
	config.reorder_ppm = 100000;
	config.delay_ns = 1000;
	config.jitter_ns = 1000;
	config.reorder_ns = 10000;
	open_wire(&config);
	for (i = 0; i < 5000; i++) {
		uint32_t from;

		random = random * 1664525 + 1013904223;
		from = (random >> 16) % 3;
		send_one(ports[from], now, MAC0 + (from + 1 + (random >> 8) % 2) % 3, i,
				60 + random % 1000);
		if (look_often)
			flue_wire_next_event(wire);
		if (i % 3 == 0) {
			now += 250;
			drain(ports[0], now);
			drain(ports[1], now);
			drain(ports[2], now);
		}
	}
	while ((now = flue_wire_next_event(wire)) != INT64_MAX) {
		drain(ports[0], now);
		drain(ports[1], now);
		drain(ports[2], now);
	}
	hash = flue_wire_trace_hash(wire);
	close_wire(3);
	return hash;
}

static void
same_seed_gives_the_same_trace_and_another_seed_another(void **state)
{
	int64_t hash = run_trace(1, false);

	(void)state;
	assert_true(run_trace(1, false) == hash);
	assert_true(run_trace(2, false) != hash);
	assert_true(run_trace(-1, false) != hash);
	/* Looking for the next event changes nothing. */
	assert_true(run_trace(1, true) == hash);
}

/* ---- Two threads ----------------------------------------------------------------------------- */

#define EXCHANGED 20000

struct side {
	flue_port *port;
	int64_t peer;
	uint32_t sent;
	uint32_t received;
	bool wrong;
};

static void
side_pass(struct side *side, int64_t now)
{
	struct flue_pkt *pkts[BURST];
	unsigned n = side->port->ops->rx_burst(side->port, now, pkts, BURST);
	unsigned i;

	for (i = 0; i < n; i++) {
		side->wrong |= number_of(pkts[i]) != side->received || pkts[i]->len != 200 ||
			       pkts[i]->data[199] != (uint8_t)side->received;
		side->received++;
		flue_pkt_release(pkts[i]);
	}
	/* Room for answers and a few more, so that both sides find the link full now and then. */
	for (i = 0; i < n + 8 && side->sent < EXCHANGED; i++) {
		if (!send_one(side->port, now, side->peer, side->sent, 200))
			break;
		side->sent++;
	}
}

static void *
side_run(void *arg)
{
	struct side *side = arg;
	int64_t now = 0;

	while (side->sent < EXCHANGED || side->received < EXCHANGED) {
		side_pass(side, now++);
		if (now % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static void
two_threads_exchange_every_frame_in_order(void **state)
{
	struct flue_wire_config config;
	struct side a = { 0 };
	struct side b = { 0 };
	pthread_t thread;

	(void)state;
	flue_wire_config_default(&config);
	config.buffers = 256;
	open_wire(&config);
	a.port = ports[0];
	a.peer = MAC0 + 1;
	b.port = ports[1];
	b.peer = MAC0;
	assert_int_equal(pthread_create(&thread, NULL, side_run, &b), 0);
	side_run(&a);
	pthread_join(thread, NULL);
	assert_false(a.wrong);
	assert_false(b.wrong);
	assert_int_equal(flue_wire_count(wire, 1), 2 * EXCHANGED);
	assert_int_equal(flue_wire_count(wire, 6), 0);
	close_wire(2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delay_is_exact_and_order_of_equal_times_is_that_of_sending),
		cmocka_unit_test(fault_rates_are_those_asked_for_over_100000_frames),
		cmocka_unit_test(corruption_flips_exactly_one_bit_and_only_in_one_copy),
		cmocka_unit_test(jitter_stays_within_its_bounds_and_reorder_holds_back),
		cmocka_unit_test(loss_can_be_switched_on_and_off_under_way),
		cmocka_unit_test(same_seed_gives_the_same_trace_and_another_seed_another),
		cmocka_unit_test(two_threads_exchange_every_frame_in_order),
	};

	return cmocka_run_group_tests_name("wire faults", tests, NULL, NULL);
}
