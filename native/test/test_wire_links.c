/* SPDX-License-Identifier: Apache-2.0 */

/* Faults that a link has of its own, and the observer. */

#include "wire_fixture.h"

#define FRAME 500

static void
open_wire_of(int n)
{
	struct flue_wire_config config;

	flue_wire_config_default(&config);
	config.ports = n;
	config.delay_ns = 1000;
	open_wire(&config);
}

static void
faults_of_a_link_are_those_of_one_direction_and_pair_only(void **state)
{
	struct flue_wire_faults faults = { .drop_ppm = 1000000, .delay_ns = 7000 };

	(void)state;
	open_wire_of(3);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	send_one(ports[1], 0, MAC0, 2, 60);
	send_one(ports[0], 0, MAC0 + 2, 3, 60);
	assert_int_equal(drain(ports[1], 100000), 0);
	assert_int_equal(drain(ports[0], 1000), 1);
	assert_int_equal(drain(ports[2], 1000), 1);
	/* And may be taken back. */
	faults.drop_ppm = 0;
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	assert_int_equal(flue_wire_next_event(wire), 7000);
	assert_int_equal(drain(ports[1], 7000), 1);
	close_wire(3);
}

static void
what_is_under_way_keeps_the_faults_it_was_sent_under(void **state)
{
	struct flue_wire_faults faults = { .drop_ppm = 1000000 };

	(void)state;
	open_wire_of(2);
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	send_one(ports[0], 0, MAC0 + 1, 2, 60);
	assert_int_equal(drain(ports[1], 1000), 1);
	assert_int_equal(flue_wire_count(wire, 2), 1);
	close_wire(2);
}

static void
values_out_of_range_are_refused(void **state)
{
	struct flue_wire_faults faults = { .drop_ppm = 1000001 };

	(void)state;
	open_wire_of(2);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), -EINVAL);
	faults.drop_ppm = 0;
	assert_int_equal(flue_wire_set_faults(wire, 0, 0, &faults), -EINVAL);
	assert_int_equal(flue_wire_set_faults(wire, 0, 2, &faults), -EINVAL);
	assert_int_equal(flue_wire_set_faults(wire, -1, 1, &faults), -EINVAL);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, NULL), -EINVAL);
	assert_int_equal(flue_wire_set_faults(NULL, 0, 1, &faults), -EINVAL);
	faults.bits_per_second = -1;
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), -EINVAL);
	assert_int_equal(flue_wire_observe(wire, 65535), -EINVAL);
	assert_int_equal(flue_wire_observe(NULL, 65536), -EINVAL);
	assert_int_equal(flue_wire_observed(wire), -EINVAL);
	assert_int_equal(flue_wire_observed(NULL), -EINVAL);
	close_wire(2);
}

static void
a_bottleneck_lets_frames_leave_one_after_another(void **state)
{
	/* 8 bits a microsecond: a frame of 500 bytes takes 500 us. */
	struct flue_wire_faults faults = { .bits_per_second = 8000000, .delay_ns = 1000 };
	int64_t i;

	(void)state;
	open_wire_of(2);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	for (i = 0; i < 4; i++)
		send_one(ports[0], 100, MAC0 + 1, (uint32_t)i, FRAME);
	for (i = 1; i <= 4; i++) {
		assert_int_equal(flue_wire_next_event(wire), 100 + i * 500000 + 1000);
		assert_int_equal(drain(ports[1], 100 + i * 500000 + 1000), 1);
	}
	/* Idle in between: the next one does not wait. */
	send_one(ports[0], 10000000, MAC0 + 1, 9, FRAME);
	assert_int_equal(flue_wire_next_event(wire), 10501000);
	close_wire(2);
}

static void
a_full_queue_drops_its_tail(void **state)
{
	struct flue_wire_faults faults = { .bits_per_second = 8000000, .queue_bytes = 3 * FRAME };
	int i;

	(void)state;
	open_wire_of(2);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	for (i = 0; i < 10; i++)
		send_one(ports[0], 0, MAC0 + 1, (uint32_t)i, FRAME);
	assert_int_equal(drain(ports[1], INT64_MAX), 3);
	assert_int_equal(flue_wire_count(wire, 7), 7);
	assert_int_equal(flue_wire_count(wire, 2), 0);
	/* Half of it has left: there is room for one more and a half. */
	send_one(ports[0], 750000, MAC0 + 1, 10, FRAME);
	send_one(ports[0], 750000, MAC0 + 1, 11, FRAME);
	assert_int_equal(drain(ports[1], INT64_MAX), 1);
	close_wire(2);
}

static void
a_link_with_faults_of_its_own_loses_what_finds_no_buffer(void **state)
{
	struct flue_wire_faults faults = { .delay_ns = 1000 };
	struct flue_wire_config config;
	int i;

	(void)state;
	flue_wire_config_default(&config);
	config.buffers = 64;
	open_wire(&config);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	for (i = 0; i < 100; i++)
		assert_true(send_one(ports[0], 0, MAC0 + 1, (uint32_t)i, 60));
	assert_int_equal(drain(ports[1], 1000), 64);
	assert_int_equal(flue_wire_count(wire, 6), 36);
	close_wire(2);
}

static void
a_link_whose_mtu_shrank_swallows_what_is_longer(void **state)
{
	struct flue_wire_faults faults = { .mtu = 1000 };

	(void)state;
	open_wire_of(2);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	send_one(ports[0], 0, MAC0 + 1, 1, 14 + 1000);
	send_one(ports[0], 0, MAC0 + 1, 2, 14 + 1001);
	assert_int_equal(drain(ports[1], 1000), 1);
	assert_int_equal(flue_wire_count(wire, 2), 1);
	close_wire(2);
}

/** Bursts enter with 1 %, leave with 20 %: a state that lasts 5 frames, 1/21 of the time. */
static void
losses_of_the_bad_state_come_in_bursts(void **state)
{
	struct flue_wire_faults faults = {
		.burst_enter_ppm = 10000,
		.burst_leave_ppm = 200000,
		.burst_drop_ppm = 1000000,
	};
	const int frames = 100000;
	int bursts = 0;
	int lost = 0;
	bool before = false;
	int i;

	(void)state;
	open_wire_of(2);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	for (i = 0; i < frames; i++) {
		bool dropped;

		send_one(ports[0], i, MAC0 + 1, (uint32_t)i, 60);
		dropped = drain(ports[1], i) == 0;
		lost += dropped;
		bursts += dropped && !before;
		before = dropped;
	}
	assert_in_range(lost, frames * 0.043, frames * 0.053);
	assert_in_range(lost / bursts, 4, 5);
	close_wire(2);
}

static int64_t
number_at(const uint8_t *at, unsigned bytes)
{
	int64_t value = 0;

	memcpy(&value, at, bytes);
	return value;
}

static void
an_observer_sees_what_was_sent_and_what_came_bit_for_bit(void **state)
{
	struct flue_wire_faults faults = { .drop_ppm = 0, .delay_ns = 50 };
	const uint8_t *at;
	int region;

	(void)state;
	open_wire_of(2);
	region = flue_wire_observe(wire, 65536);
	assert_true(region > 0);
	assert_int_equal(flue_wire_observe(wire, 65536), -EBUSY);
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	assert_int_equal(flue_wire_observed(wire), 0);
	send_one(ports[0], 7, MAC0 + 1, 0x01020304, 61);
	faults.drop_ppm = 1000000;
	assert_int_equal(flue_wire_set_faults(wire, 0, 1, &faults), 0);
	send_one(ports[0], 8, MAC0 + 1, 2, 60);
	drain(ports[1], 60);
	assert_int_equal(flue_wire_observed(wire), 2 * (16 + 64) + 16 + 64);
	at = flue_ref_resolve(flue_ref_make((uint32_t)region, 0), 240);
	assert_non_null(at);
	assert_int_equal(number_at(at, 8), 7);
	assert_int_equal(number_at(at + 8, 4), 61);
	assert_int_equal(number_at(at + 12, 2), 0);
	assert_int_equal(number_at(at + 14, 2), 0);
	assert_int_equal(number_at(at + 16 + 14, 4), 0x01020304);
	assert_int_equal(number_at(at + 80 + 14, 2), 0);
	assert_int_equal(number_at(at + 160, 8), 60);
	assert_int_equal(number_at(at + 160 + 12, 2), 1);
	assert_int_equal(number_at(at + 160 + 14, 2), 1);
	assert_memory_equal(at + 16, at + 176, 61);
	/* It was read: what comes next begins anew. */
	assert_int_equal(flue_wire_observed(wire), 0);
	send_one(ports[1], 70, MAC0, 3, 60);
	assert_int_equal(flue_wire_observed(wire), 16 + 64);
	assert_int_equal(number_at(at, 8), 70);
	close_wire(2);
}

static void
an_observer_without_room_says_so_once(void **state)
{
	int i;

	(void)state;
	open_wire_of(2);
	assert_true(flue_wire_observe(wire, 65536) > 0);
	for (i = 0; i < 60; i++)
		send_one(ports[0], 0, MAC0 + 1, 1, 1500);
	assert_int_equal(flue_wire_observed(wire), -ENOSPC);
	send_one(ports[0], 0, MAC0 + 1, 1, 60);
	assert_int_equal(flue_wire_observed(wire), 80);
	drain(ports[1], 1000);
	close_wire(2);
}

static void
sockets_of_a_team_are_one_and_what_is_for_one_goes_to_where_the_flow_was_heard(void **state)
{
	(void)state;
	open_wire_of(3);
	assert_int_equal(flue_wire_join(wire, 1, 0), 0);
	assert_int_equal(flue_wire_join(wire, 2, 1), -EINVAL);
	assert_int_equal(flue_wire_join(wire, 3, 0), -EINVAL);
	assert_int_equal(flue_wire_join(NULL, 1, 0), -EINVAL);
	send_one(ports[2], 0, MAC0 + 1, 1, 60);
	assert_int_equal(drain(ports[0], 1000), 1);
	send_one(ports[1], 1000, MAC0 + 2, 1, 60);
	assert_int_equal(drain(ports[2], 2000), 1);
	send_one(ports[2], 2000, MAC0, 1, 60);
	assert_int_equal(drain(ports[1], 3000), 1);
	/* One of a team gets what is for all, and what the team sends to all comes back to none. */
	send_one(ports[2], 3000, (int64_t)0xffffffffffff, 1, 60);
	assert_int_equal(drain(ports[0], 4000) + drain(ports[1], 4000), 1);
	send_one(ports[1], 4000, (int64_t)0xffffffffffff, 1, 60);
	assert_int_equal(drain(ports[0], 5000), 0);
	assert_int_equal(drain(ports[2], 5000), 1);
	close_wire(3);
}

static void
a_link_that_is_down_carries_nothing_and_the_rest_of_the_team_takes_over(void **state)
{
	(void)state;
	open_wire_of(3);
	assert_int_equal(flue_wire_join(wire, 1, 0), 0);
	assert_int_equal(flue_wire_set_link(wire, 3, 0), -EINVAL);
	assert_int_equal(flue_wire_set_link(NULL, 0, 0), -EINVAL);
	send_one(ports[2], 0, MAC0, 1, 60);
	assert_int_equal(flue_port_link(ports[0]), 1);
	assert_int_equal(flue_wire_set_link(wire, 0, 0), 0);
	assert_int_equal(flue_port_link(ports[0]), 0);
	assert_int_equal(flue_port_link(ports[1]), 1);
	assert_int_equal(drain(ports[0], 1000), 0);
	send_one(ports[2], 1000, MAC0, 1, 60);
	send_one(ports[0], 1000, MAC0 + 2, 1, 60);
	assert_int_equal(drain(ports[1], 2000), 1);
	assert_int_equal(drain(ports[2], 2000), 0);
	assert_int_equal(flue_wire_set_link(wire, 1, 0), 0);
	send_one(ports[2], 2000, MAC0, 1, 60);
	assert_int_equal(drain(ports[0], 3000) + drain(ports[1], 3000), 0);
	assert_int_equal(flue_wire_set_link(wire, 0, 1), 0);
	assert_int_equal(flue_port_link(ports[0]), 1);
	send_one(ports[2], 3000, MAC0, 1, 60);
	assert_int_equal(drain(ports[0], 4000), 1);
	close_wire(3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_of_a_link_are_those_of_one_direction_and_pair_only),
		cmocka_unit_test(what_is_under_way_keeps_the_faults_it_was_sent_under),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(a_bottleneck_lets_frames_leave_one_after_another),
		cmocka_unit_test(a_full_queue_drops_its_tail),
		cmocka_unit_test(a_link_with_faults_of_its_own_loses_what_finds_no_buffer),
		cmocka_unit_test(a_link_whose_mtu_shrank_swallows_what_is_longer),
		cmocka_unit_test(losses_of_the_bad_state_come_in_bursts),
		cmocka_unit_test(an_observer_sees_what_was_sent_and_what_came_bit_for_bit),
		cmocka_unit_test(an_observer_without_room_says_so_once),
		cmocka_unit_test(
				sockets_of_a_team_are_one_and_what_is_for_one_goes_to_where_the_flow_was_heard),
		cmocka_unit_test(
				a_link_that_is_down_carries_nothing_and_the_rest_of_the_team_takes_over),
	};

	return cmocka_run_group_tests_name("wire links", tests, NULL, NULL);
}
