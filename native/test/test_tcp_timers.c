/* SPDX-License-Identifier: Apache-2.0 */

/* Timers: carried across the hand-over, in the host's ticks, for weeks; the rounds of the probes; the
 * clock of the timestamps. */

#include "support/stream.h"
#include "tcp/tcp.h"

#include <string.h>

static const int32_t rates[] = { 10, 100, 1000 };

static struct harness *
harness_ticking(int32_t per_second)
{
	struct flue_engine_config config = harness_config();

	config.ticks_per_second = per_second;
	return harness_new(&config, 0);
}

/** Pass by pass of a millisecond until something is sent. @return milliseconds */
static int64_t
sent_after(struct harness *h, int64_t most_ms)
{
	int64_t ms;

	for (ms = 1; ms <= most_ms; ms++) {
		pass_after(h, MS);
		if (h->port->seen < h->port->sent_count)
			return ms;
	}
	fail_msg("nothing was sent");
	return 0;
}

static void
resume(struct harness *h, struct conn *c)
{
	c->handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
}

RULE("T-41")
RULE("T-8")
static void
a_retransmission_is_due_when_the_giver_said(void **state)
{
	unsigned r;

	(void)state;
	for (r = 0; r < 3; r++) {
		struct harness *h = harness_ticking(rates[r]);
		struct conn c = { 0 };

		conn_block(h, &c, 0xffffffff, 1);
		c.block->net_buffer_list_chain = nbl_new(h, stream, 1000, 1);
		tcp_delegated(&c)->srtt = tcp_delegated(&c)->rttvar = 0;
		tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = c.iss + 1000;
		tcp_delegated(&c)->retransmit_timeout_delta = 7;
		tcp_delegated(&c)->retransmit_count = 2;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		sent_none(h);
		assert_in_range(sent_after(h, 1000), 7000 / rates[r] - 1, 7000 / rates[r] + 1);
		assert_int_equal(sent_expect(h, &c).seq, 0);
		assert_int_equal(object(h, &c)->rtx_count, 3);
		finish(h, &c);
	}
}

RULE("T-41")
static void
no_time_left_means_now(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	conn_block(h, &c, 1, 1);
	c.block->net_buffer_list_chain = nbl_new(h, stream, 1000, 1);
	tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = c.iss + 1000;
	tcp_delegated(&c)->retransmit_timeout_delta = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).seq, 0);
	finish(h, &c);
}

RULE("T-41")
RULE("T-138")
static void
a_probe_is_due_when_the_giver_said(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	conn_block(h, &c, 1, 1);
	c.block->net_buffer_list_chain = nbl_new(h, stream, 1000, 1);
	tcp_delegated(&c)->snd_wnd = 0;
	tcp_delegated(&c)->snd_wnd_probe_count = 3;
	tcp_delegated(&c)->retransmit_timeout_delta = 77;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_in_range(sent_after(h, 1000), 76, 78);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 1);
	assert_int_equal(s.payload[0], stream[0]);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->snd_wnd_probe_count, 3);
	assert_int_equal(tcp_delegated(&c)->retransmit_count, 1);
	assert_in_range(tcp_delegated(&c)->retransmit_timeout_delta, 195, 200);
	harness_free(h);
}

RULE("T-41")
RULE("T-53")
static void
keepalive_and_fin_wait_2_go_on(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->flags = FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED;
	tcp_cached(&c)->ka_timeout = 60000;
	tcp_cached(&c)->ka_interval = 1000;
	tcp_cached(&c)->ka_probe_count = 2;
	tcp_delegated(&c)->ka_timeout_delta = 300;
	tcp_delegated(&c)->ka_probe_count = 1;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_in_range(sent_after(h, 1000), 299, 301);
	assert_int_equal(sent_expect(h, &c).seq, UINT32_MAX);
	pass_after(h, 1001 * MS); /* it was the second of two */
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->retransmit_timeout_delta, FLUE_TIMER_STOPPED);

	conn_block(h, &c, 1, 1);
	tcp_delegated(&c)->state = FLUE_TCP_FIN_WAIT2;
	tcp_delegated(&c)->retransmit_timeout_delta = 300;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 299 * MS);
	up_none(h);
	pass_after(h, 2 * MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_CLOSED);
	assert_int_equal(tcp_delegated(&c)->ka_timeout_delta, FLUE_TIMER_STOPPED);
	harness_free(h);
}

RULE("T-41")
RULE("T-53")
static void
what_is_not_running_stays_still(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	assert_int_equal(flue_engine_held(h->e, 7), 0);
	pass_after(h, 3600 * SEC);
	sent_none(h);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->retransmit_timeout_delta, FLUE_TIMER_STOPPED);
	assert_int_equal(tcp_delegated(&c)->ka_timeout_delta, FLUE_TIMER_STOPPED);
	assert_int_equal(tcp_delegated(&c)->total_rt, 0);
	harness_free(h);
}

RULE("T-135")
static void
fin_wait_2_starts_at_two_minutes_in_the_retransmit_timer(void **state)
{
	unsigned r;

	(void)state;
	for (r = 0; r < 3; r++) {
		struct harness *h = harness_ticking(rates[r]);
		struct conn c = { 0 };
		struct flue_up up;

		connect_at(h, &c, 1, 1);
		submit(h, FLUE_SUB_DISCONNECT, c.token, nbl_new(h, NULL, 0, 1),
				FLUE_DISCONNECT_GRACEFUL, 0);
		poll_engine(h);
		(void)drain_sent(h, &c);
		ack(h, &c, 1, 65535);
		up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		assert_int_equal(nbl_at(h, up.ref)->status, FLUE_STATUS_SUCCESS);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_FIN_WAIT2);
		assert_in_range(tcp_delegated(&c)->retransmit_timeout_delta, 119 * rates[r],
				120 * rates[r]);
		harness_free(h);
	}
}

/** The rounds of chimney rules 10.4, to the millisecond; RTO is 200 ms. */
RULE("T-138")
static void
probes_follow_the_rounds(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;
	int64_t expected;
	unsigned round;

	(void)state;
	connect_at(h, &c, 0xffffffff, 1);
	o = object(h, &c);
	ack(h, &c, 0, 0);
	(void)send_data(h, &c, 5000);
	for (round = 0; round < 3; round++) {
		/* The round begins: RTO << round, then a probe, counted. */
		expected = 200 << round;
		assert_int_equal(o->probe_round, round);
		assert_int_equal(o->rtx_count, 0);
		assert_in_range(sent_after(h, 5000), expected - 2, expected + 2);
		assert_int_equal(sent_expect(h, &c).len, 1);
		assert_int_equal(o->rtx_count, 1);
		/* No answer: again after RTO << count. */
		assert_in_range(sent_after(h, 5000), 199, 201);
		assert_int_equal(sent_expect(h, &c).seq, 0);
		assert_int_equal(o->rtx_count, 2);
		assert_in_range(sent_after(h, 5000), 399, 401);
		assert_int_equal(sent_expect(h, &c).seq, 0);
		/* What the peer sends unasked does not count as an answer, twice. */
		ack(h, &c, 0, 0);
		ack(h, &c, 0, 0);
	}
	assert_int_equal(o->probe_round, 3);
	/* The window opens: out of it, and back at the beginning. */
	ack(h, &c, 0, 65535);
	assert_int_equal(o->probe_round, 0);
	assert_int_equal(o->rtx_count, 0);
	assert_int_equal(o->flags & CONN_PERSIST, 0);
	(void)drain_sent(h, &c);
	ack(h, &c, 5000, 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)send_data(h, &c, 10);
	assert_in_range(sent_after(h, 1000), 199, 201);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

RULE("T-137")
static void
a_round_without_an_answer_ends_in_an_upload(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	h->e->params.tcp_maximum_retransmissions = 3;
	connect_at(h, &c, 1, 1);
	ack(h, &c, 0, 0);
	(void)send_data(h, &c, 5000);
	for (i = 0; i < 10; i++) { /* as long as the peer answers it goes on */
		(void)sent_after(h, 61000);
		(void)drain_sent(h, &c);
		ack(h, &c, 0, 0);
	}
	up_none(h);
	for (i = 0; i < 200; i++)
		pass_after(h, SEC);
	assert_int_equal(counter(h, FLUE_CTR_PROBES), 10 + 3);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

RULE("T-42")
RULE("T-8")
static void
round_trip_times_are_ticks_times_eight_and_four(void **state)
{
	unsigned r;

	(void)state;
	for (r = 0; r < 3; r++) {
		struct harness *h = harness_ticking(rates[r]);
		uint32_t tick_us = 1000000u / (uint32_t)rates[r];
		struct conn c = { 0 };

		conn_block(h, &c, 1, 1);
		tcp_delegated(&c)->srtt = 8 * 3 + 4;   /* 3.5 ticks */
		tcp_delegated(&c)->rttvar = 4 * 2 + 1; /* 2.25 */
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(object(h, &c)->srtt8, 28 * tick_us);
		assert_int_equal(object(h, &c)->rttvar4, 9 * tick_us);
		assert_int_equal(object(h, &c)->rto_us,
				tick_us * 350 / 100 + tick_us * 9 < 200000
						? 200000
						: tick_us * 350 / 100 + tick_us * 9);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c)->srtt, 28);
		assert_int_equal(tcp_delegated(&c)->rttvar, 9);
		harness_free(h);
	}
}

/** Times around which 32 bits of milliseconds, or half of them, run over. */
RULE("T-139")
RULE("T-8")
static void
no_timer_wraps_within_weeks(void **state)
{
	static const int64_t starts_ms[] = { INT64_C(0x7ffffff0), INT64_C(0xfffffff0),
		INT64_C(0x1fffffff0), INT64_C(0x20ffffffff0) };
	unsigned r;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (r = 0; r < 3; r++) {
			struct harness *h = harness_ticking(rates[r]);
			struct conn c = { 0 };
			int day;

			h->now = starts_ms[i] * MS;
			conn_block(h, &c, 1, 1);
			tcp_cached(&c)->flags = FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED;
			tcp_cached(&c)->ka_timeout = 21u * 86400 * (uint32_t)rates[r];
			tcp_cached(&c)->ka_interval = 10 * (uint32_t)rates[r];
			tcp_cached(&c)->ka_probe_count = 2;
			assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
			(void)send_data(h, &c, 100);
			assert_int_equal(drain_sent(h, &c), 100);
			assert_in_range(sent_after(h, 6000), 199, 5001);
			(void)drain_sent(h, &c);
			ack(h, &c, 100, 65535);
			(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
			/* Three weeks of silence: a probe after that, not before. */
			for (day = 0; day < 20; day++)
				pass_after(h, 86400 * SEC);
			sent_none(h);
			pass_after(h, 86400 * SEC + 10 * SEC);
			assert_int_equal(sent_expect(h, &c).seq, 99);
			pass_after(h, 10 * SEC + MS);
			assert_int_equal(sent_expect(h, &c).seq, 99);
			up_none(h);
			pass_after(h, 10 * SEC + MS);
			event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE,
					FLUE_UPLOAD_TIMEOUT_EXPIRATION);
			finish(h, &c);
		}
	}
}

/** A deadline that has moved beyond such a time is not due when the wheel looks before it. */
RULE("T-139")
static void
a_deadline_behind_the_wrap_is_not_due_before_it(void **state)
{
	static const int64_t wraps_ms[] = { INT64_C(0x80000000), INT64_C(0x100000000) };
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		h->now = (wraps_ms[i] - 500) * MS;
		connect_at(h, &c, 1, 1); /* 200 ms: 300 are left */
		(void)send_data(h, &c, 2000);
		assert_int_equal(drain_sent(h, &c), 2000);
		pass_after(h, 149 * MS);
		ack(h, &c, 1460, 65535); /* the deadline moves from -100 to +50 */
		assert_in_range(sent_after(h, 1000), 198, 201);
		assert_int_equal(sent_expect(h, &c).seq, 1460);
		finish(h, &c);
	}
}

RULE("T-8")
RULE("5482/2")
RULE("9293/MUST-21")
static void
max_rt_and_total_rt_are_ticks(void **state)
{
	unsigned r;

	(void)state;
	for (r = 0; r < 3; r++) {
		struct harness *h = harness_ticking(rates[r]);
		struct conn c = { 0 };
		int ms = 0;

		h->e->params.tcp_maximum_retransmissions = 1; /* does not count where time does */
		conn_block(h, &c, 1, 1);
		tcp_delegated(&c)->srtt = tcp_delegated(&c)->rttvar = 1;
		tcp_cached(&c)->max_rt = 3 * (uint32_t)rates[r];
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		(void)send_data(h, &c, 100);
		while (h->ch->up_head == h->ch->up_tail && ms < 20000) {
			pass_after(h, 10 * MS);
			ms += 10;
		}
		event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
		assert_in_range(ms, 3000, 10000);
		(void)drain_sent(h, &c);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_true(tcp_delegated(&c)->total_rt >= 3 * (uint32_t)rates[r]);
		assert_true(tcp_delegated(&c)->retransmit_count > 1);
		harness_free(h);
	}
}

/** Section 11, vector A: the NIC's clock is 100 ahead of the host's. */
RULE("T-43")
RULE("T-69")
static void
timestamp_vector_a(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { .ts = true };
	struct seen s;

	(void)state;
	conn_block(h, &c, 1, 1);
	/* Host 100: it sends a segment with timestamp 100 and offloads; the NIC's clock says 200. */
	h->now = 200 * MS;
	c.block->net_buffer_list_chain = nbl_new(h, stream, 10, 1);
	tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = c.iss + 10;
	tcp_delegated(&c)->retransmit_timeout_delta = 1000;
	tcp_delegated(&c)->srtt = tcp_delegated(&c)->rttvar = 0;
	tcp_delegated(&c)->ts_time = 100;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(object(h, &c)->ts_delta, (uint32_t)-100);
	/* NIC 205: an ACK echoes 100; the merged round-trip time is 5. */
	peer_ts(h, &c, TCP_ACK, 0, 10, NULL, 0, 65535, 1001, 100);
	pass_after(h, 5 * MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_int_equal(object(h, &c)->srtt8, 8 * 5000);
	/* NIC 210: sends 110; NIC 215: that comes back. */
	h->now = 210 * MS;
	(void)send_data(h, &c, 10);
	s = sent_expect(h, &c);
	assert_int_equal(s.tsval, 110);
	peer_ts(h, &c, TCP_ACK, 0, 20, NULL, 0, 65535, 1002, 110);
	pass_after(h, 5 * MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_int_equal(object(h, &c)->srtt8, 8 * 5000);
	/* NIC 250: sends 150 and uploads TsTime 150. */
	h->now = 250 * MS;
	(void)send_data(h, &c, 10);
	assert_int_equal(sent_expect(h, &c).tsval, 150);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->ts_time, 150);
	assert_int_equal(tcp_delegated(&c)->srtt, 40);
	harness_free(h);
}

/** Section 11, vector B: the host's clock jumped meanwhile. */
RULE("T-43")
static void
timestamp_vector_b(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { .ts = true };

	(void)state;
	conn_block(h, &c, 1, 1);
	/* Host 400 offloads again with TsTime 350, a segment of 350 is out; the NIC's clock: 320. */
	h->now = 320 * MS;
	c.block->net_buffer_list_chain = nbl_new(h, stream, 10, 1);
	tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = c.iss + 10;
	tcp_delegated(&c)->retransmit_timeout_delta = 1000;
	tcp_delegated(&c)->srtt = tcp_delegated(&c)->rttvar = 0;
	tcp_delegated(&c)->ts_time = 350;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(object(h, &c)->ts_delta, 30);
	/* NIC 325: an ACK echoes 350. */
	peer_ts(h, &c, TCP_ACK, 0, 10, NULL, 0, 65535, 1001, 350);
	pass_after(h, 5 * MS);
	assert_int_equal(object(h, &c)->srtt8, 8 * 5000);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->ts_time, 355);
	resume(h, &c);
	assert_int_equal(object(h, &c)->ts_delta, 30);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_retransmission_is_due_when_the_giver_said),
		cmocka_unit_test(no_time_left_means_now),
		cmocka_unit_test(a_probe_is_due_when_the_giver_said),
		cmocka_unit_test(keepalive_and_fin_wait_2_go_on),
		cmocka_unit_test(what_is_not_running_stays_still),
		cmocka_unit_test(fin_wait_2_starts_at_two_minutes_in_the_retransmit_timer),
		cmocka_unit_test(probes_follow_the_rounds),
		cmocka_unit_test(a_round_without_an_answer_ends_in_an_upload),
		cmocka_unit_test(round_trip_times_are_ticks_times_eight_and_four),
		cmocka_unit_test(no_timer_wraps_within_weeks),
		cmocka_unit_test(a_deadline_behind_the_wrap_is_not_due_before_it),
		cmocka_unit_test(max_rt_and_total_rt_are_ticks),
		cmocka_unit_test(timestamp_vector_a),
		cmocka_unit_test(timestamp_vector_b),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
