/* SPDX-License-Identifier: Apache-2.0 */

/* New CACHED values for a connection that runs: timers, window, Nagle, header fields. */

#include "support/blocks.h"
#include "support/stream.h"

#include <string.h>

/** The values as they are, to be changed; then cached_set(). */
static struct flue_tcp_cached
cached_get(struct harness *h, struct conn *c)
{
	return flue_conn_cached(h->e, object(h, c));
}

/** By an update of the connection's block alone. */
static void
cached_set(struct harness *h, struct conn *c, const struct flue_tcp_cached *cached)
{
	struct flue_miniport_offload_block_list *b;
	struct flue_tcp_cached *to;
	flue_ref ref;

	b = refer(h, FLUE_STATE_TCP_CACHED, c->block->miniport_offload_context, &ref);
	to = (struct flue_tcp_cached *)((uint8_t *)b + FLUE_BLOCK_LIST_BYTES);
	*to = *cached;
	to->header.length = sizeof(*to);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	poll_engine(h);
}

static void
keepalive_on(struct harness *h, struct conn *c)
{
	struct flue_tcp_cached cached = cached_get(h, c);

	cached.flags = FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED;
	cached.ka_timeout = 10000;
	cached.ka_interval = 1000;
	cached.ka_probe_count = 3;
	cached_set(h, c, &cached);
}

static void
keepalive_is_switched_on_and_off_in_mid_stream(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_cached cached;
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	pass_after(h, 100 * SEC);
	sent_none(h);
	/* The time before does not count. */
	keepalive_on(h, &c);
	pass_after(h, 9 * SEC);
	sent_none(h);
	pass_after(h, 2 * SEC);
	assert_int_equal(sent_expect(h, &c).seq, UINT32_MAX);
	cached = cached_get(h, &c);
	cached.flags = 0;
	cached_set(h, &c, &cached);
	pass_after(h, 100 * SEC);
	sent_none(h);
	up_none(h);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->ka_timeout_delta, FLUE_TIMER_STOPPED);
	assert_int_equal(tcp_delegated(&c)->ka_probe_count, 0);
	harness_free(h);
}

RULE("T-57")
static void
keep_alive_restart_starts_the_timer_from_zero(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_cached cached;
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	keepalive_on(h, &c);
	pass_after(h, 9 * SEC);
	/* An update that does not ask for it leaves the timer alone ... */
	cached = cached_get(h, &c);
	cached.tos_or_traffic_class = 8;
	cached_set(h, &c, &cached);
	pass_after(h, 2 * SEC);
	(void)sent_expect(h, &c);
	/* ... one that does starts it again. */
	cached.flags |= FLUE_TCP_CACHED_KEEP_ALIVE_RESTART;
	cached_set(h, &c, &cached);
	pass_after(h, 9 * SEC);
	sent_none(h);
	pass_after(h, 2 * SEC);
	(void)sent_expect(h, &c);
	finish(h, &c);
}

RULE("T-57")
static void
max_rt_restart_gives_the_segment_its_whole_time_again(void **state)
{
	bool restart;

	(void)state;
	for (restart = false;; restart = true) {
		struct harness *h = harness_new(NULL, 0);
		struct flue_tcp_cached cached;
		struct conn c = { 0 };
		int i;

		connect_at(h, &c, 1, 1);
		cached = cached_get(h, &c);
		cached.max_rt = 5000;
		cached_set(h, &c, &cached);
		(void)send_data(h, &c, 100);
		for (i = 0; i < 40; i++)
			pass_after(h, 100 * MS);
		assert_in_range(h->e->now_ms - object(h, &c)->since_ms, 3500, 4000);
		if (restart)
			cached.flags |= FLUE_TCP_CACHED_MAX_RT_RESTART;
		cached_set(h, &c, &cached);
		for (i = 0; i < 35; i++)
			pass_after(h, 100 * MS);
		(void)drain_sent(h, &c);
		if (restart)
			up_none(h);
		else
			event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE,
					FLUE_UPLOAD_TIMEOUT_EXPIRATION);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		if (restart)
			assert_in_range(tcp_delegated(&c)->total_rt, 3000, 3600);
		harness_free(h);
		if (restart)
			break;
	}
}

/** Until the peer is asked; ms. */
static uint32_t
ka_left(struct harness *h, struct conn *c)
{
	return object(h, c)->ka_ms - (uint32_t)(h->now / MS);
}

/** Three values, changed one at a time, with the flag and without. */
RULE("T-58")
static void
with_max_rt_restart_new_keepalive_values_reset_what_they_count(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_cached cached;
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	keepalive_on(h, &c);
	pass_after(h, 10 * SEC + 500 * MS);
	assert_int_equal(object(h, &c)->ka_probes, 1);
	cached = cached_get(h, &c);
	cached.ka_probe_count = 4;
	cached.ka_timeout = 20000;
	cached_set(h, &c, &cached);
	assert_int_equal(object(h, &c)->ka_probes, 1);
	assert_true(ka_left(h, &c) < 2000);
	cached.flags |= FLUE_TCP_CACHED_MAX_RT_RESTART;
	cached.ka_probe_count = 5;
	cached_set(h, &c, &cached);
	assert_int_equal(object(h, &c)->ka_probes, 0);
	assert_true(ka_left(h, &c) < 2000);
	cached.ka_timeout = 30000;
	cached_set(h, &c, &cached);
	assert_int_equal(ka_left(h, &c), 30000);
	pass_after(h, SEC);
	cached.ka_interval = 2000;
	cached_set(h, &c, &cached);
	assert_int_equal(ka_left(h, &c), 30000);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

RULE("T-56")
static void
a_larger_window_is_announced_at_once(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct flue_tcp_cached cached;
		struct conn c = { 0 };

		conn_block(h, &c, start_numbers[n][0], start_numbers[n][1]);
		tcp_cached(&c)->initial_rcv_wnd = 10000;
		tcp_delegated(&c)->rcv_wnd = 10000;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		cached = cached_get(h, &c);
		cached.flags |= FLUE_TCP_CACHED_UPDATE_RCV_WND;
		cached_set(h, &c, &cached); /* as it is: nothing to say */
		sent_none(h);
		cached.initial_rcv_wnd = 10100; /* less than a segment more, but it was asked for */
		cached_set(h, &c, &cached);
		assert_int_equal(sent_expect(h, &c).win, 10100);
		cached.initial_rcv_wnd = 60000;
		cached_set(h, &c, &cached);
		assert_int_equal(sent_expect(h, &c).win, 60000);
		sent_none(h);
		finish(h, &c);
	}
}

RULE("T-56")
static void
a_smaller_window_is_reached_without_taking_a_promise_back(void **state)
{
	uint8_t buf[65536];

	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct flue_tcp_cached cached;
		struct conn c = { 0 };
		uint32_t edge = 65535;
		uint32_t at = 0;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		cached = cached_get(h, &c);
		cached.flags |= FLUE_TCP_CACHED_UPDATE_RCV_WND;
		cached.initial_rcv_wnd = 20000;
		cached_set(h, &c, &cached);
		assert_int_equal(sent_expect(h, &c).win, 65535);
		while (at < 100000) {
			struct seen s;

			peer(h, &c, TCP_ACK, at, 0, stream + at, 1000, 65535);
			pass_after(h, MS);
			at += accept_data(h, &c, buf);
			/* `receive` may hold the ACK back: what counts is what it says. */
			pass_after(h, 100 * MS);
			while (sent_next(h, &c, &s)) {
				assert_true(s.ack + s.win >= edge);
				edge = s.ack + s.win;
			}
		}
		/* What arrived used the old promise up; the new size is all there is since. */
		assert_in_range(edge, at + 17000, at + 20000);
		finish(h, &c);
	}
}

static void
header_fields_and_nagle_follow_at_once(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_cached cached;
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_at(h, &c, 1, 1);
	cached = cached_get(h, &c);
	cached.flags |= FLUE_TCP_CACHED_NAGLING_ENABLED;
	cached.ttl_or_hop_limit = 33;
	cached.tos_or_traffic_class = 0xb8;
	cached_set(h, &c, &cached);
	(void)send_data(h, &c, 10);
	s = sent_expect(h, &c);
	assert_int_equal(s.ttl, 33);
	assert_int_equal(s.tos, 0xb8);
	(void)send_data(h, &c, 10);
	sent_none(h);
	/* Nagle off: what it held goes out without waiting for the peer. */
	cached.flags &= (uint16_t)~FLUE_TCP_CACHED_NAGLING_ENABLED;
	cached_set(h, &c, &cached);
	assert_int_equal(sent_expect(h, &c).len, 10);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepalive_is_switched_on_and_off_in_mid_stream),
		cmocka_unit_test(keep_alive_restart_starts_the_timer_from_zero),
		cmocka_unit_test(max_rt_restart_gives_the_segment_its_whole_time_again),
		cmocka_unit_test(with_max_rt_restart_new_keepalive_values_reset_what_they_count),
		cmocka_unit_test(a_larger_window_is_announced_at_once),
		cmocka_unit_test(a_smaller_window_is_reached_without_taking_a_promise_back),
		cmocka_unit_test(header_fields_and_nagle_follow_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
