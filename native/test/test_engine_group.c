/* SPDX-License-Identifier: Apache-2.0 */

/* Engines on the queues of one device: whose a segment is, wherever it arrives. */

#include "support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/group.h"
#include "tcp/bytes.h"

#define ENGINES 3

struct device {
	flue_group *group;
	struct harness *h[ENGINES];
};

static uint8_t pattern[1400];

static struct device
device_new(void)
{
	struct device d = { 0 };
	uint32_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + 3);
	for (i = 0; i < ENGINES; i++)
		d.h[i] = harness_new(NULL, 0);
	assert_int_equal(flue_group_create(ENGINES, 1024, d.h[0]->port->port.mtu, &d.group), 0);
	for (i = 0; i < ENGINES; i++)
		assert_int_equal(flue_engine_join(d.h[i]->e, d.group, (int)i), 0);
	return d;
}

static void
device_free(struct device *d)
{
	int i;

	for (i = 0; i < ENGINES; i++)
		if (d->h[i] != NULL)
			harness_free(d->h[i]);
	assert_int_equal(flue_group_destroy(d->group), 0);
}

/** Take the frames of the next up-ring entry back down. @return how many there were */
static uint32_t
frames_up(struct harness *h)
{
	struct flue_up up = up_expect(h, FLUE_UP_FRAME);
	uint32_t n = 0;
	flue_ref ref;

	for (ref = up.ref; ref != FLUE_REF_NULL; n++)
		ref = ((struct flue_net_buffer_list *)flue_ref_at(
				       ref, sizeof(struct flue_net_buffer_list)))
				      ->next;
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	return n;
}

static void
a_segment_that_came_to_another_queue_reaches_its_connection(void **state)
{
	struct device d = device_new();
	struct conn c = { 0 };
	uint8_t buf[2000];
	int from;

	(void)state;
	connect_at(d.h[1], &c, 1000, 5000);
	for (from = 0; from < ENGINES; from++) {
		uint32_t at = (uint32_t)from * 1400;

		peer(d.h[from], &c, 0x18, at, 0, pattern, 1400, 1000);
		poll_engine(d.h[from]);
		if (from != 1) {
			up_none(d.h[from]);
			assert_int_equal(d.h[from]->port->port.held, 0);
			assert_int_equal(flue_engine_next_deadline(d.h[1]->e) <= d.h[1]->now + 1000,
					1);
			poll_engine(d.h[1]);
		}
		assert_int_equal(accept_data(d.h[1], &c, buf), 1400);
		assert_memory_equal(buf, pattern, 1400);
		assert_int_equal(sent_expect(d.h[1], &c).ack, at + 1400);
	}
	assert_int_equal(d.h[0]->e->ctr[FLUE_CTR_GROUP_PASSED], 1);
	assert_int_equal(d.h[2]->e->ctr[FLUE_CTR_GROUP_PASSED], 1);
	assert_int_equal(d.h[1]->e->ctr[FLUE_CTR_GROUP_TAKEN], 2);
	assert_int_equal(terminate(d.h[1], &c), FLUE_STATUS_SUCCESS);
	device_free(&d);
}

static void
what_nobody_owns_goes_up_where_it_arrived(void **state)
{
	struct device d = device_new();
	struct conn c = { 0 };

	(void)state;
	connect_at(d.h[1], &c, 1000, 5000);
	c.port++; /* its neighbor */
	peer(d.h[0], &c, 0x10, 0, 0, pattern, 100, 1000);
	poll_engine(d.h[0]);
	assert_int_equal(frames_up(d.h[0]), 1);
	c.port--;
	/* Given back, it is nobody's either. */
	assert_int_equal(terminate(d.h[1], &c), FLUE_STATUS_SUCCESS);
	peer(d.h[0], &c, 0x10, 0, 0, pattern, 100, 1000);
	poll_engine(d.h[0]);
	assert_int_equal(frames_up(d.h[0]), 1);
	assert_int_equal(d.h[0]->e->ctr[FLUE_CTR_GROUP_PASSED], 0);
	device_free(&d);
}

static void
a_connection_that_moves_between_engines_is_found_where_it_is(void **state)
{
	struct device d = device_new();
	struct conn c = { 0 };
	uint32_t received = 0;
	uint8_t buf[2000];
	int move;

	(void)state;
	for (move = 0; move < 1000; move++) {
		struct harness *owner = d.h[move % ENGINES];
		struct harness *finder = d.h[(move + 1) % ENGINES];

		connect_at(owner, &c, 1000, 5000 + received);
		peer(finder, &c, 0x18, 0, 0, pattern, 700, 1000);
		poll_engine(finder);
		poll_engine(owner);
		assert_int_equal(accept_data(owner, &c, buf), 700);
		received += 700;
		assert_int_equal(terminate(owner, &c), FLUE_STATUS_SUCCESS);
		memset(&c, 0, sizeof(c));
	}
	device_free(&d);
}

static void
a_full_ring_sends_the_rest_up_and_nothing_is_lost(void **state)
{
	struct device d = device_new();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(d.h[1], &c, 1000, 5000);
	for (i = 0; i < FLUE_GROUP_SLOTS + 30; i++)
		peer(d.h[0], &c, 0x10, i * 10, 0, pattern, 10, 1000);
	poll_engine(d.h[0]);
	assert_int_equal(d.h[0]->e->ctr[FLUE_CTR_GROUP_PASSED], FLUE_GROUP_SLOTS);
	assert_int_equal(d.h[0]->e->ctr[FLUE_CTR_GROUP_FULL], 30);
	assert_int_equal(frames_up(d.h[0]), 30);
	poll_engine(d.h[1]);
	assert_int_equal(d.h[1]->e->ctr[FLUE_CTR_GROUP_TAKEN], FLUE_GROUP_SLOTS);
	assert_int_equal(d.h[1]->e->ctr[FLUE_CTR_IN_BYTES], FLUE_GROUP_SLOTS * 10);
	assert_int_equal(terminate(d.h[1], &c), FLUE_STATUS_SUCCESS);
	device_free(&d);
}

/* What came later goes to the next engine at once: it would overtake what were left. */
static void
a_connection_that_leaves_takes_all_along_that_others_have_found_for_it(void **state)
{
	struct device d = device_new();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(d.h[1], &c, 1000, 5000);
	for (i = 0; i < FLUE_GROUP_SLOTS; i++)
		peer(d.h[0], &c, 0x10, i * 10, 0, pattern, 10, 1000);
	poll_engine(d.h[0]);
	/* What is at its own port is not kept waiting by it. */
	d.h[1]->budget = 1;
	peer(d.h[1], &c, 0x10, i * 10, 0, pattern, 10, 1000);
	assert_int_equal(terminate(d.h[1], &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(d.h[1]->e->ctr[FLUE_CTR_IN_BYTES], (FLUE_GROUP_SLOTS + 1) * 10);
	device_free(&d);
}

static void
an_owner_without_buffers_loses_the_segment_and_the_peer_sends_it_again(void **state)
{
	struct device d = device_new();
	struct conn c = { 0 };
	uint8_t buf[2000];

	(void)state;
	connect_at(d.h[1], &c, 1000, 5000);
	d.h[1]->port->no_alloc = true;
	peer(d.h[0], &c, 0x18, 0, 0, pattern, 500, 1000);
	poll_engine(d.h[0]);
	poll_engine(d.h[1]);
	assert_int_equal(d.h[1]->e->ctr[FLUE_CTR_GROUP_LOST], 1);
	up_none(d.h[1]);
	d.h[1]->port->no_alloc = false;
	peer(d.h[0], &c, 0x18, 0, 0, pattern, 500, 1000);
	poll_engine(d.h[0]);
	poll_engine(d.h[1]);
	assert_int_equal(accept_data(d.h[1], &c, buf), 500);
	assert_int_equal(terminate(d.h[1], &c), FLUE_STATUS_SUCCESS);
	device_free(&d);
}

static void
an_engine_that_ends_is_passed_nothing_more_and_its_number_is_free(void **state)
{
	struct device d = device_new();
	struct conn c = { 0 };
	struct harness *h;
	uint8_t buf[2000];

	(void)state;
	connect_at(d.h[1], &c, 1000, 5000);
	peer(d.h[0], &c, 0x18, 0, 0, pattern, 500, 1000);
	poll_engine(d.h[0]); /* and it lies in the ring for ever */
	harness_discard(d.h[1]);
	d.h[1] = NULL;
	peer(d.h[0], &c, 0x18, 0, 0, pattern, 500, 1000);
	poll_engine(d.h[0]);
	assert_int_equal(frames_up(d.h[0]), 1);
	assert_int_equal(flue_group_destroy(d.group), -EBUSY);
	/* Another one in its place, with the same connection: what was meant for the first is gone. */
	h = d.h[1] = harness_new(NULL, 0);
	assert_int_equal(flue_engine_join(h->e, d.group, 1), 0);
	memset(&c, 0, sizeof(c));
	connect_at(h, &c, 1000, 5000);
	up_none(h);
	peer(d.h[0], &c, 0x18, 0, 0, pattern, 500, 1000);
	poll_engine(d.h[0]);
	poll_engine(h);
	assert_int_equal(accept_data(h, &c, buf), 500);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	device_free(&d);
}

static void
connections_that_the_table_has_no_room_for_work_where_they_arrive(void **state)
{
	flue_group *small;
	struct harness *h[2] = { harness_new(NULL, 0), harness_new(NULL, 0) };
	struct flue_conn conn = { 0 };
	struct conn c = { 0 };
	uint8_t buf[2000];
	uint32_t bucket;

	(void)state;
	assert_int_equal(flue_group_create(2, 1, h[0]->port->port.mtu, &small), 0);
	assert_int_equal(flue_engine_join(h[0]->e, small, 0), 0);
	assert_int_equal(flue_engine_join(h[1]->e, small, 1), 0);
	/* Others have taken all there is. */
	for (bucket = 0; bucket < 5000; bucket++) {
		conn.ports = bucket;
		flue_group_claim(h[0]->e, &conn);
	}
	assert_true(h[0]->e->ctr[FLUE_CTR_GROUP_UNCLAIMED] >= 5000 - 512);
	connect_at(h[1], &c, 1000, 5000);
	assert_int_equal(h[1]->e->ctr[FLUE_CTR_GROUP_UNCLAIMED], 1);
	peer(h[0], &c, 0x18, 0, 0, pattern, 500, 1000);
	poll_engine(h[0]);
	assert_int_equal(frames_up(h[0]), 1);
	peer(h[1], &c, 0x18, 0, 0, pattern, 500, 1000);
	poll_engine(h[1]);
	assert_int_equal(accept_data(h[1], &c, buf), 500);
	assert_int_equal(terminate(h[1], &c), FLUE_STATUS_SUCCESS);
	for (bucket = 0; bucket < 5000; bucket++) {
		conn.ports = bucket;
		flue_group_disclaim(h[0]->e, &conn);
	}
	memset(&c, 0, sizeof(c));
	connect_at(h[1], &c, 1000, 5000);
	assert_int_equal(h[1]->e->ctr[FLUE_CTR_GROUP_UNCLAIMED], 1);
	assert_int_equal(terminate(h[1], &c), FLUE_STATUS_SUCCESS);
	harness_free(h[0]);
	harness_free(h[1]);
	assert_int_equal(flue_group_destroy(small), 0);
}

static void
numbers_and_sizes_are_checked(void **state)
{
	struct device d = device_new();
	flue_group *other;
	struct harness *h = harness_new(NULL, 0);
	int mtu = h->port->port.mtu;

	(void)state;
	assert_int_equal(flue_group_create(1, 10, mtu, &other), -EINVAL);
	assert_int_equal(flue_group_create(65, 10, mtu, &other), -EINVAL);
	assert_int_equal(flue_group_create(2, 0, mtu, &other), -EINVAL);
	assert_int_equal(flue_group_create(2, 10, 9001, &other), -EINVAL);
	assert_int_equal(flue_group_create(2, 10, mtu, NULL), -EINVAL);
	assert_int_equal(flue_group_create(2, 10, mtu - 1, &other), 0);
	assert_int_equal(flue_engine_join(h->e, other, 0), -EINVAL);
	assert_int_equal(flue_engine_join(h->e, d.group, ENGINES), -EINVAL);
	assert_int_equal(flue_engine_join(h->e, d.group, -1), -EINVAL);
	assert_int_equal(flue_engine_join(h->e, d.group, 1), -EBUSY);
	assert_int_equal(flue_engine_join(d.h[0]->e, d.group, 0), -EBUSY);
	assert_int_equal(flue_group_destroy(other), 0);
	assert_int_equal(flue_group_destroy(NULL), 0);
	harness_free(h);
	device_free(&d);
}

/* ---- Two threads ----------------------------------------------------------------------------- */

#define MANY 200000

static void *
pass_many(void *arg)
{
	struct device *d = arg;
	uint8_t frame[64] = { 0 };
	struct flue_pkt pkt = { .data = frame, .len = sizeof(frame), .port = &d->h[0]->port->port };
	struct flue_segment s = { .pkt = &pkt, .key = { 1, 2, 3, false } };
	uint32_t i;

	for (i = 0; i < MANY; i++) {
		memcpy(frame, &i, sizeof(i));
		memcpy(frame + 60, &i, sizeof(i));
		pkt.refcnt = 2; /* not the port's: it is not to be freed */
		while (!flue_group_pass(d->h[0]->e, &s))
			sched_yield();
	}
	return NULL;
}

static void
frames_cross_between_threads_whole_and_in_order(void **state)
{
	struct device d = device_new();
	struct flue_conn conn = { .raddr = 1, .laddr = 2, .ports = 3 };
	struct flue_pkt *pkts[FLUE_BURST];
	pthread_t thread;
	uint32_t next = 0;

	(void)state;
	flue_group_claim(d.h[1]->e, &conn);
	assert_int_equal(pthread_create(&thread, NULL, pass_many, &d), 0);
	while (next < MANY) {
		unsigned n = flue_group_take(d.h[1]->e, pkts, FLUE_BURST);
		unsigned i;

		if (n == 0)
			sched_yield();
		for (i = 0; i < n; i++, next++) {
			assert_int_equal(pkts[i]->len, 64);
			assert_memory_equal(pkts[i]->data, &next, sizeof(next));
			assert_memory_equal(pkts[i]->data + 60, &next, sizeof(next));
			flue_pkt_release(pkts[i]);
		}
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	flue_group_disclaim(d.h[1]->e, &conn);
	device_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_that_came_to_another_queue_reaches_its_connection),
		cmocka_unit_test(what_nobody_owns_goes_up_where_it_arrived),
		cmocka_unit_test(a_connection_that_moves_between_engines_is_found_where_it_is),
		cmocka_unit_test(a_full_ring_sends_the_rest_up_and_nothing_is_lost),
		cmocka_unit_test(
				a_connection_that_leaves_takes_all_along_that_others_have_found_for_it),
		cmocka_unit_test(
				an_owner_without_buffers_loses_the_segment_and_the_peer_sends_it_again),
		cmocka_unit_test(an_engine_that_ends_is_passed_nothing_more_and_its_number_is_free),
		cmocka_unit_test(connections_that_the_table_has_no_room_for_work_where_they_arrive),
		cmocka_unit_test(numbers_and_sizes_are_checked),
		cmocka_unit_test(frames_cross_between_threads_whole_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
