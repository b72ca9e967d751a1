/* SPDX-License-Identifier: Apache-2.0 */

/* Windows that close and shrink, small segments, idle peers. */

#include "support/stream.h"
#include "tcp/bytes.h"

#include <string.h>

RULE("T-138")
static void
a_zero_window_is_probed_for_ever_with_growing_pauses(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;
		int64_t last = 0;
		int64_t pause = 0;
		int probes = 0;
		int i;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
		pass_after(h, MS);
		(void)send_data(h, &c, 5000);
		sent_none(h);
		last = h->now;
		/* Ten hours of a peer that answers every probe. */
		for (i = 0; i < 36000; i++) {
			pass_after(h, SEC);
			while (sent_next(h, &c, &s)) {
				assert_int_equal(s.seq, 0);
				assert_int_equal(s.len, 1);
				assert_true(h->now - last >= pause || h->now - last >= 60 * SEC);
				pause = h->now - last;
				last = h->now;
				probes++;
				peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
			}
		}
		assert_in_range(probes, 500, 700);
		up_none(h);
		/* It opens. */
		ack(h, &c, 0, 65535);
		assert_int_equal(drain_sent(h, &c), 5000);
		ack(h, &c, 5000, 65535);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		finish(h, &c);
	}
}

RULE("T-137")
static void
probes_without_any_answer_end_in_an_upload(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	int i;

	(void)state;
	config.max_retransmissions = 4;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
	pass_after(h, MS);
	(void)send_data(h, &c, 5000);
	for (i = 0; i < 100; i++)
		pass_after(h, SEC);
	assert_int_equal(counter(h, FLUE_CTR_PROBES), 4);
	up = up_expect(h, FLUE_UP_EVENT);
	assert_int_equal(up.arg1, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

static void
a_probe_that_is_taken_moves_the_stream(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_at(h, &c, 0xffffffff, 1);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
	pass_after(h, MS);
	(void)send_data(h, &c, 3);
	pass_after(h, 300 * MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.payload[0], stream[0]);
	ack(h, &c, 1, 0);
	sent_none(h);
	pass_after(h, 500 * MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 1);
	assert_int_equal(s.payload[0], stream[1]);
	ack(h, &c, 2, 10);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 2);
	assert_int_equal(s.len, 1);
	ack(h, &c, 3, 10);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

static void
an_ack_lies_within_the_window_of_the_peer(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;
		uint8_t buf[100];

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
		pass_after(h, MS);
		(void)send_data(h, &c, 5000);
		pass_after(h, 300 * MS);
		assert_int_equal(sent_expect(h, &c).len, 1);
		/* The probe's byte was not taken: for the peer it was never there. */
		peer(h, &c, TCP_ACK, 0, 0, "hello", 5, 0);
		pass_after(h, MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 5);
		assert_int_equal(s.seq, 0);
		assert_int_equal(accept_data(h, &c, buf), 5);
		/* All is under way when the window shrinks. */
		peer(h, &c, TCP_ACK, 5, 0, NULL, 0, 65535);
		pass_after(h, MS);
		assert_int_equal(drain_sent(h, &c), 5000);
		peer(h, &c, TCP_ACK, 5, 1000, "hello", 5, 500);
		pass_after(h, MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 10);
		assert_int_equal(s.seq, 1500);
		assert_int_equal(accept_data(h, &c, buf), 5);
		finish(h, &c);
	}
}

static void
what_was_sent_before_the_window_closed_gives_no_sample(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t srtt8;

	(void)state;
	connect_at(h, &c, 1, 1);
	srtt8 = h->e->conns[(uint32_t)c.token].srtt8;
	(void)send_data(h, &c, 2000);
	assert_int_equal(drain_sent(h, &c), 2000);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
	pass_after(h, 300 * MS);
	assert_int_equal(drain_sent(h, &c), 1);
	ack(h, &c, 0, 65535);
	assert_int_equal(drain_sent(h, &c), 2000);
	ack(h, &c, 2000, 65535);
	assert_int_equal(h->e->conns[(uint32_t)c.token].srtt8, srtt8);
	finish(h, &c);
}

static void
the_deadline_of_a_probe_is_not_that_of_a_segment(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	h->e->conns[(uint32_t)c.token].probe_round = 8;
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 100);
	pass_after(h, MS);
	(void)send_data(h, &c, 2000);
	sent_none(h);
	ack(h, &c, 0, 65535);
	assert_int_equal(drain_sent(h, &c), 2000);
	pass_after(h, 250 * MS);
	assert_int_equal(sent_expect(h, &c).seq, 0);
	finish(h, &c);
}

RULE("9293/MUST-38")
static void
a_silly_window_is_not_filled_before_the_timer_says_so(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 100);
	pass_after(h, MS);
	(void)send_data(h, &c, 5000);
	sent_none(h);
	pass_after(h, 250 * MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 100);
	finish(h, &c);
}

/* A scaled window that is rounded down shrinks (RFC 7323 2.4). When both did, each end has what the other one
 * thinks is beyond the edge, and finds its ACKs old. */
static void
ends_whose_windows_both_shrank_find_to_each_other(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		(void)send_data(h, &c, 5000);
		assert_int_equal(drain_sent(h, &c), 5000);
		ack(h, &c, 1000, 3000);
		/* The peer took all 5000, and its own ACK lies before the end of what it sent: we have "hello". */
		peer(h, &c, TCP_ACK, 0, 1000, "hello", 5, 3000);
		pass_after(h, SEC);
		(void)drain_sent(h, &c);
		peer(h, &c, TCP_ACK, 0, 5000, NULL, 0, 3000);
		pass_after(h, MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.len, 0);
		assert_int_equal(s.seq, 5000);
		assert_int_equal(s.ack, 5);
		finish(h, &c);
	}
}

RULE("9293/SHLD-15")
RULE("9293/SHLD-16")
RULE("9293/MUST-34")
static void
a_peer_that_shrinks_its_window_gets_no_new_data(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_data(h, &c, 20000);
	assert_int_equal(drain_sent(h, &c), 14600);
	ack(h, &c, 1460, 3000);
	sent_none(h);
	/* A timeout sends again what lies within the window only. */
	pass_after(h, 250 * MS);
	assert_int_equal(drain_sent(h, &c), 2920);
	finish(h, &c);
}

RULE("9293/SHLD-7")
RULE("9293/MUST-60")
static void
nagle_holds_a_small_segment_while_data_is_under_way(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->flags = FLUE_TCP_CACHED_NAGLING_ENABLED;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	(void)send_data(h, &c, 10);
	assert_int_equal(sent_expect(h, &c).len, 10);
	(void)send_data(h, &c, 10);
	(void)send_data(h, &c, 10);
	sent_none(h);
	ack(h, &c, 10, 65535);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 20);
	finish(h, &c);
}

static void
keepalive_asks_only_an_idle_peer(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	struct seen s;
	int i;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->flags = FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED;
	tcp_cached(&c)->ka_timeout = 10000;
	tcp_cached(&c)->ka_interval = 1000;
	tcp_cached(&c)->ka_probe_count = 3;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 6 * SEC);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 60000);
	pass_after(h, 5 * SEC);
	sent_none(h);
	pass_after(h, 10 * SEC);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, UINT32_MAX);
	assert_int_equal(s.len, 0);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 60000);
	pass_after(h, SEC);
	sent_none(h);
	for (i = 0; i < 20; i++)
		pass_after(h, SEC);
	for (i = 0; i < 3; i++)
		(void)sent_expect(h, &c);
	sent_none(h);
	up = up_expect(h, FLUE_UP_EVENT);
	assert_int_equal(up.arg1, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zero_window_is_probed_for_ever_with_growing_pauses),
		cmocka_unit_test(probes_without_any_answer_end_in_an_upload),
		cmocka_unit_test(a_probe_that_is_taken_moves_the_stream),
		cmocka_unit_test(an_ack_lies_within_the_window_of_the_peer),
		cmocka_unit_test(what_was_sent_before_the_window_closed_gives_no_sample),
		cmocka_unit_test(the_deadline_of_a_probe_is_not_that_of_a_segment),
		cmocka_unit_test(a_silly_window_is_not_filled_before_the_timer_says_so),
		cmocka_unit_test(ends_whose_windows_both_shrank_find_to_each_other),
		cmocka_unit_test(a_peer_that_shrinks_its_window_gets_no_new_data),
		cmocka_unit_test(nagle_holds_a_small_segment_while_data_is_under_way),
		cmocka_unit_test(keepalive_asks_only_an_idle_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
