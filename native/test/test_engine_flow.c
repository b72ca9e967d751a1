/* SPDX-License-Identifier: Apache-2.0 */

/* The flow table and the timer heap, each on its own. */

#include "support/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
table_new(struct flue_flow *flow, uint32_t connections)
{
	uint32_t n = flue_flow_buckets(connections);

	struct flue_flow_bucket *buckets = aligned_alloc(64, (uint64_t)n * 64);

	memset(buckets, 0, (uint64_t)n * 64);
	flue_flow_init(flow, buckets, connections, 42);
	flow->conns = aligned_alloc(64, (uint64_t)connections * sizeof(struct flue_conn));
	memset(flow->conns, 0, (uint64_t)connections * sizeof(struct flue_conn));
}

static void
table_free(struct flue_flow *flow)
{
	free(flow->buckets);
	free(flow->conns);
}

static struct flue_flow_key
key_of(const struct flue_conn *c)
{
	return (struct flue_flow_key){ c->raddr, c->laddr, c->ports, false };
}

static void
every_flow_is_found_in_the_bucket_its_hash_names(void **state)
{
	struct flue_flow flow;
	uint32_t n = 16384;
	uint32_t i;
	uint32_t k;

	(void)state;
	table_new(&flow, n);
	assert_int_equal((uintptr_t)flow.buckets % 64, 0);
	/* Filled to capacity: the worst pattern there is in practice, ports counting up. */
	for (i = 0; i < n; i++) {
		flow.conns[i].raddr = 0x020012c6 + (i / 1024) * 0x01000000;
		flow.conns[i].laddr = 0x010012c6;
		flow.conns[i].ports = (80u << 24) | (10000 + i % 1024);
		assert_int_equal(flue_flow_insert(&flow, &flow.conns[i]), 0);
		assert_int_equal(flue_flow_insert(&flow, &flow.conns[i]), -EEXIST);
	}
	assert_int_equal(flow.count, n);
	for (i = 0; i < n; i++) {
		struct flue_conn *c = &flow.conns[i];
		struct flue_flow_key key = key_of(c);
		uint64_t hash = flue_flow_hash(&flow, c->raddr, c->laddr, c->ports);
		uint32_t fits = 0;

		assert_ptr_equal(flue_flow_find(&flow, hash, &key), c);
		/* One bucket line; of the objects only those whose 32-bit tag fits are touched. */
		for (k = 0; k < 8; k++)
			fits += flue_flow_bucket_of(&flow, hash)->entry[k].tag ==
						(uint32_t)(hash >> 32) &&
				flue_flow_bucket_of(&flow, hash)->entry[k].index1 != 0;
		assert_int_equal(fits, 1);
	}
	for (i = 0; i < n; i += 2)
		flue_flow_remove(&flow, &flow.conns[i]);
	for (i = 0; i < n; i++)
		assert_int_equal(flue_flow_holds(&flow, &flow.conns[i]), i & 1);
	assert_int_equal(flow.count, n / 2);
	table_free(&flow);
}

/** Ports of flows whose bucket is the first, and whose spill bucket is the first one too if asked. */
static uint32_t
next_crowded(const struct flue_flow *flow, uint32_t port, bool spill)
{
	uint64_t hash;

	do {
		hash = flue_flow_hash(flow, 0, 0, port++);
	} while (flue_flow_bucket_of(flow, hash) != flow->buckets ||
			(spill && flue_flow_spill_of(flow, hash) !=
							&flow->buckets[flow->mask + 1]));
	return port - 1;
}

static void
what_a_bucket_cannot_take_is_found_in_the_spill(void **state)
{
	static const uint32_t sizes[] = { 64, 131072 };
	struct flue_flow flow;
	uint32_t k;
	uint32_t i;

	(void)state;
	for (k = 0; k < 2; k++) {
		uint32_t port = 0;

		table_new(&flow, sizes[k]);
		for (i = 0; i < 11; i++, port++) {
			port = next_crowded(&flow, port, false);
			flow.conns[i].ports = port;
			assert_int_equal(flow.spilled, i < 8 ? 0 : i - 8);
			assert_int_equal(flue_flow_insert(&flow, &flow.conns[i]), 0);
			assert_int_equal(flue_flow_insert(&flow, &flow.conns[i]), -EEXIST);
		}
		assert_int_equal(flow.count, 11);
		/* Also when its bucket has room again. */
		flue_flow_remove(&flow, &flow.conns[3]);
		for (i = 0; i < 11; i++) {
			struct flue_flow_key key = key_of(&flow.conns[i]);
			uint64_t hash = flue_flow_hash(&flow, 0, 0, flow.conns[i].ports);

			assert_int_equal(flue_flow_holds(&flow, &flow.conns[i]), i != 3);
			assert_ptr_equal(flue_flow_find(&flow, hash, &key),
					i != 3 ? &flow.conns[i] : NULL);
		}
		flue_flow_purge(&flow, &flow.conns[9]);
		flue_flow_purge(&flow, &flow.conns[0]);
		for (i = 0; i < 11; i++)
			flue_flow_remove(&flow, &flow.conns[i]);
		assert_int_equal(flow.count, 0);
		assert_int_equal(flow.spilled, 0);
		table_free(&flow);
	}
}

static void
where_the_spill_is_full_too_an_insertion_fails(void **state)
{
	struct flue_flow flow;
	uint32_t port = 0;
	uint32_t i;

	(void)state;
	table_new(&flow, 64);
	for (i = 0; i < 17; i++, port++) {
		port = next_crowded(&flow, port, true);
		flow.conns[i].ports = port;
		assert_int_equal(flue_flow_insert(&flow, &flow.conns[i]), i < 16 ? 0 : -ENOSPC);
	}
	assert_int_equal(flow.count, 16);
	for (i = 0; i < 17; i++)
		assert_int_equal(flue_flow_holds(&flow, &flow.conns[i]), i < 16);
	table_free(&flow);
}

/** Every insertion finds a place, however many there are: no time is lost on building anew. */
static void
a_million_flows_fit_into_a_table_for_a_million(void **state)
{
	struct flue_flow flow;
	uint32_t n = 1000000;
	uint32_t i;

	(void)state;
	table_new(&flow, n);
	for (i = 0; i < n; i++) {
		flow.conns[i].raddr = 0x020012c6 + (i / 32768) * 0x01000000;
		flow.conns[i].laddr = 0x010012c6;
		flow.conns[i].ports = (80u << 24) | (i % 32768);
		if (flue_flow_insert(&flow, &flow.conns[i]) != 0)
			fail_msg("flow %u finds no place", i);
	}
	assert_int_equal(flow.count, n);
	assert_true(flow.spilled < 100);
	table_free(&flow);
}

static void
timers_fire_in_order_and_not_before(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	uint32_t seed = 7;
	uint32_t i;
	uint32_t last = 0;

	(void)state;
	config.max_connections = 1000;
	h = harness_new(&config, 0);
	h->e->now_ms_wide = h->e->now_ms = 0;
	for (i = 0; i < 1000; i++) {
		seed = seed * 1664525 + 1013904223;
		flue_timer_arm_ms(h->e, &h->e->conns[i], seed % 5000 + 1000);
		if (i % 3 == 0)
			flue_timer_arm_ms(h->e, &h->e->conns[i], seed % 500 + 500);
		if (i % 5 == 0)
			flue_timer_drop(h->e, &h->e->conns[i]);
	}
	assert_int_equal(flue_engine_held(h->e, 7), 800);
	while (h->e->wheel.count > 0) {
		uint32_t ms = (uint32_t)(flue_timers_next(h->e) / MS);
		struct flue_conn *c = &h->e->conns[h->e->wheel.first[ms % FLUE_WHEEL_SLOTS]];

		assert_true(ms >= last);
		assert_true(ms < FLUE_WHEEL_SLOTS);
		assert_int_equal(c->timer_slot, ms);
		last = ms;
		flue_timer_drop(h->e, c);
	}
	assert_int_equal(flue_timers_next(h->e), INT64_MAX);
	harness_free(h);
}

/** Delayed ACKs and looks at what was sent: in a queue while that keeps them in order, else in the wheel. */
static void
what_no_queue_can_take_in_order_has_a_place_in_the_wheel(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_engine *e = h->e;
	uint32_t i;

	(void)state;
	e->now_ms_wide = e->now_ms = 1000;
	for (i = 0; i < 3; i++) {
		e->conns[i].ack_ms = 1040 + i;
		flue_timer_ack(e, &e->conns[i]);
		flue_timer_ack(e, &e->conns[i]);
		assert_true(e->conns[i].ack_queued);
	}
	assert_int_equal(e->acks.tail - e->acks.head, 3);
	assert_int_equal(flue_timers_next(e), 1040 * MS);
	/* Behind one that is due later it would be late. */
	e->conns[3].ack_ms = 1030;
	flue_timer_ack(e, &e->conns[3]);
	assert_false(e->conns[3].ack_queued);
	assert_true(e->conns[3].flags & CONN_TIMER);
	assert_int_equal(flue_timers_next(e), 1030 * MS);
	/* No room. */
	e->acks.mask = 1;
	e->conns[4].ack_ms = 1050;
	flue_timer_ack(e, &e->conns[4]);
	assert_true(!e->conns[4].ack_queued && (e->conns[4].flags & CONN_TIMER));
	/* A deadline before the look; one behind it, then nearer. */
	flue_timer_sent(e, &e->conns[5], 1000 + FLUE_LOOK_MS - 1);
	assert_true(!e->conns[5].look_queued && (e->conns[5].flags & CONN_TIMER));
	flue_timer_sent(e, &e->conns[6], 1200);
	flue_timer_sent(e, &e->conns[6], 1300);
	assert_true(e->conns[6].look_queued && !(e->conns[6].flags & CONN_TIMER));
	assert_int_equal(e->looks.tail - e->looks.head, 1);
	flue_timer_sent(e, &e->conns[6], 1002);
	assert_true(e->conns[6].flags & CONN_TIMER);
	assert_int_equal(flue_timers_next(e), 1002 * MS);
	for (i = 0; i < 7; i++)
		flue_timer_drop(e, &e->conns[i]);
	/* What is no connection any more is passed over. */
	e->acks.mask = 3;
	e->now_ms_wide = e->now_ms = 1041;
	assert_int_equal(flue_timers_run(e), 3);
	assert_int_equal(flue_timers_next(e), 1042 * MS);
	e->now_ms_wide = e->now_ms = 1042;
	assert_int_equal(flue_timers_run(e), 1);
	for (i = 0; i < 7; i++)
		assert_true(!e->conns[i].ack_queued && !e->conns[i].look_queued);
	assert_int_equal(flue_timers_next(e), INT64_MAX);
	harness_free(h);
}

/** Both sides of the point where milliseconds begin anew, and of a stall. */
static void
the_wheel_turns_over_the_end_of_time_and_catches_up(void **state)
{
	static const int64_t start[] = { 5000, (INT64_C(1) << 32) - 300, INT64_C(1) << 32 };
	static const int64_t pause[] = { 150, 4095, 4096, 70000 };
	unsigned s;
	unsigned k;

	(void)state;
	for (s = 0; s < 3; s++) {
		for (k = 0; k < 4; k++) {
			struct harness *h = harness_new(NULL, 0);
			struct conn c[2] = { 0 };
			unsigned i;

			h->now = start[s] * MS;
			for (i = 0; i < 2; i++)
				connect_at(h, &c[i], 1, 1);
			for (i = 0; i < 2; i++)
				submit(h, FLUE_SUB_SEND, c[i].token, nbl_new(h, NULL, 100, 1), 0,
						0);
			poll_engine(h);
			h->port->seen = h->port->sent_count;
			assert_in_range(flue_engine_next_deadline(h->e), h->now + 1,
					h->now + 200 * MS);
			pass_after(h, pause[k] * MS);
			assert_int_equal(h->port->sent_count - h->port->seen, k == 0 ? 0 : 2);
			h->port->seen = h->port->sent_count;
			pass_after(h, 4500 * MS);
			assert_int_equal(h->port->sent_count - h->port->seen, 2);
			h->port->seen = h->port->sent_count;
			for (i = 0; i < 2; i++)
				assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
			harness_free(h);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flow_is_found_in_the_bucket_its_hash_names),
		cmocka_unit_test(what_a_bucket_cannot_take_is_found_in_the_spill),
		cmocka_unit_test(where_the_spill_is_full_too_an_insertion_fails),
		cmocka_unit_test(a_million_flows_fit_into_a_table_for_a_million),
		cmocka_unit_test(timers_fire_in_order_and_not_before),
		cmocka_unit_test(what_no_queue_can_take_in_order_has_a_place_in_the_wheel),
		cmocka_unit_test(the_wheel_turns_over_the_end_of_time_and_catches_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
