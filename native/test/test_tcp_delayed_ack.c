/* SPDX-License-Identifier: Apache-2.0 */

/* When received data is acknowledged (RFC 9293 3.8.6.3, RFC 5681 4.2; chimney rules 8.2, 10). */

#include "support/stream.h"
#include "tcp/tcp.h"

static uint8_t buf[1 << 17];

/** With delayed ACKs: one for two segments, or after 40 ms. */
static struct harness *
delaying(void)
{
	struct harness *h = harness_new(NULL, 0);

	h->e->params.tcp_ack_frequency = 2;
	h->e->params.tcp_delayed_ack_ticks = 40;
	return h;
}

/** Connected, and past the ACKs that are sent at once in the beginning. */
static void
connect_settled(struct harness *h, struct conn *c)
{
	connect_at(h, c, 1, 1);
	object(h, c)->quick = 0;
}

RULE("T-8")
RULE("9293/SHLD-18")
RULE("9293/SHLD-19")
static void
every_second_segment_is_acknowledged_and_one_alone_after_the_delay(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };

	(void)state;
	connect_settled(h, &c);
	arrive(h, &c, 0, 1000, 0);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	arrive(h, &c, 1000, 1000, 0);
	(void)accept_data(h, &c, buf);
	assert_int_equal(sent_expect(h, &c).ack, 2000);
	/* PSH asks for delivery, not for an ACK. */
	arrive(h, &c, 2000, 1000, TCP_PSH);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	assert_true(flue_engine_next_deadline(h->e) <= h->now + 40 * MS);
	pass_after(h, 39 * MS);
	sent_none(h);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 3000);
	pass_after(h, SEC);
	sent_none(h);
	finish(h, &c);
}

RULE("T-8")
static void
frequency_and_delay_are_the_hosts(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	h->e->params.tcp_ack_frequency = 4;
	h->e->params.tcp_delayed_ack_ticks = 200;
	connect_settled(h, &c);
	for (i = 0; i < 12; i++) {
		arrive(h, &c, i * 1000, 1000, 0);
		(void)accept_data(h, &c, buf);
		if (i % 4 == 3)
			assert_int_equal(sent_expect(h, &c).ack, (i + 1) * 1000);
		else
			sent_none(h);
	}
	arrive(h, &c, 12000, 1000, 0);
	pass_after(h, 198 * MS);
	sent_none(h);
	pass_after(h, 2 * MS);
	assert_int_equal(sent_expect(h, &c).ack, 13000);
	(void)accept_data(h, &c, buf);
	/* No delay, or each segment: nothing waits. */
	h->e->params.tcp_delayed_ack_ticks = 0;
	arrive(h, &c, 13000, 1000, 0);
	assert_int_equal(sent_expect(h, &c).ack, 14000);
	(void)accept_data(h, &c, buf);
	h->e->params.tcp_delayed_ack_ticks = 40;
	h->e->params.tcp_ack_frequency = 1;
	arrive(h, &c, 14000, 1000, 0);
	assert_int_equal(sent_expect(h, &c).ack, 15000);
	(void)accept_data(h, &c, buf);
	finish(h, &c);
}

RULE("9293/MUST-58")
RULE("9293/MUST-59")
static void
one_burst_draws_one_ack(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_settled(h, &c);
	for (i = 0; i < 9; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, stream + i * 1000, 1000, 65535);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).ack, 9000);
	sent_none(h);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	finish(h, &c);
}

static void
data_on_its_way_takes_the_ack_along(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_settled(h, &c);
	arrive(h, &c, 0, 1000, 0);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	(void)send_data(h, &c, 100);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 100);
	assert_int_equal(s.ack, 1000);
	sent_none(h);
	peer(h, &c, TCP_ACK, 1000, 100, NULL, 0, 65535);
	pass_after(h, 100 * MS);
	sent_none(h);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	/* The count begins anew with it. */
	peer(h, &c, TCP_ACK, 1000, 100, stream + 1000, 1000, 65535);
	pass_after(h, MS);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	finish(h, &c);
}

RULE("5681/4.2")
static void
what_is_out_of_order_fills_a_hole_or_ends_is_acknowledged_at_once(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = delaying();
		struct conn c = { 0 };

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		object(h, &c)->quick = 0;
		arrive(h, &c, 1000, 1000, 0);
		assert_int_equal(sent_expect(h, &c).ack, 0);
		arrive(h, &c, 0, 1000, 0);
		assert_int_equal(sent_expect(h, &c).ack, 2000);
		(void)accept_data(h, &c, buf);
		/* All of it again. */
		arrive(h, &c, 1000, 1000, 0);
		assert_int_equal(sent_expect(h, &c).ack, 2000);
		arrive(h, &c, 2000, 10, TCP_FIN);
		assert_int_equal(sent_expect(h, &c).ack, 2011);
		(void)accept_data(h, &c, buf);
		event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
		finish(h, &c);
	}
}

static void
a_window_that_opens_is_told_at_once(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };
	struct flue_up up;
	struct seen s;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->initial_rcv_wnd = 4000;
	tcp_delegated(&c)->rcv_wnd = 4000;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	object(h, &c)->quick = 0;
	arrive(h, &c, 0, 1400, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	arrive(h, &c, 1400, 1400, 0);
	assert_int_equal(sent_expect(h, &c).win, 1200);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1400);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	(void)accept_data(h, &c, buf);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 2800);
	assert_int_equal(s.win, 4000);
	finish(h, &c);
}

static void
after_an_initiate_the_peers_slow_start_is_not_slowed_down(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < FLUE_QUICK_ACKS; i++) {
		arrive(h, &c, i * 1000, 1000, 0);
		(void)accept_data(h, &c, buf);
		assert_int_equal(sent_expect(h, &c).ack, (i + 1) * 1000);
	}
	arrive(h, &c, i * 1000, 1000, 0);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	finish(h, &c);
}

/** Requests and answers: an ACK that goes by itself each time would be a frame for nothing. */
static void
who_answers_within_the_delay_acknowledges_with_its_answers(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	(void)accept_data(h, &c, buf);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	(void)send_data(h, &c, 100);
	assert_int_equal(sent_expect(h, &c).len, 100);
	for (i = 1; i < 4; i++) {
		peer(h, &c, TCP_ACK, i * 1000, i * 100, stream + i * 1000, 1000, 65535);
		poll_engine(h);
		(void)accept_data(h, &c, buf);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		sent_none(h);
		(void)send_data(h, &c, 100);
		assert_int_equal(sent_expect(h, &c).ack, (i + 1) * 1000);
		sent_none(h);
	}
	peer(h, &c, TCP_ACK, i * 1000, i * 100, NULL, 0, 65535);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** Behind a loss the peer's window may be a segment or two: waiting for the second one, each would cost it
 *  a delay. */
static void
after_a_hole_each_segment_is_acknowledged_for_a_while(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = delaying();
		struct conn c = { 0 };
		uint32_t i;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		object(h, &c)->quick = 0;
		arrive(h, &c, 1000, 1000, 0);
		assert_int_equal(sent_expect(h, &c).ack, 0);
		arrive(h, &c, 0, 1000, 0);
		assert_int_equal(sent_expect(h, &c).ack, 2000);
		(void)accept_data(h, &c, buf);
		for (i = 2; object(h, &c)->quick > 0; i++) {
			arrive(h, &c, i * 1000, 1000, 0);
			(void)accept_data(h, &c, buf);
			assert_int_equal(sent_expect(h, &c).ack, (i + 1) * 1000);
		}
		assert_in_range(i, FLUE_QUICK_ACKS, FLUE_QUICK_ACKS + 2);
		arrive(h, &c, i * 1000, 1000, 0);
		(void)accept_data(h, &c, buf);
		sent_none(h);
		arrive(h, &c, (i + 1) * 1000, 1000, 0);
		(void)accept_data(h, &c, buf);
		assert_int_equal(sent_expect(h, &c).ack, (i + 2) * 1000);
		finish(h, &c);
	}
}

RULE("T-67")
static void
an_ack_that_is_delayed_is_sent_before_the_terminate_completes(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };

	(void)state;
	connect_settled(h, &c);
	arrive(h, &c, 0, 1000, 0);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	terminate_submit(h, &c);
	/* No packet for it now: the terminate waits. */
	h->port->no_alloc = true;
	pass_after(h, MS);
	up_none(h);
	h->port->no_alloc = false;
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 1000);
	pass_after(h, SEC);
	sent_none(h);
	assert_int_equal(flue_engine_held(h->e, 7), 0);
	harness_free(h);
}

static void
an_upload_that_is_asked_for_pays_what_is_owed(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };

	(void)state;
	connect_settled(h, &c);
	arrive(h, &c, 0, 1000, 0);
	(void)accept_data(h, &c, buf);
	sent_none(h);
	flue_tcp_request_upload(h->e, object(h, &c), FLUE_UPLOAD_UPLOAD_REQUESTED);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
	finish(h, &c);
}

/** So many segments in one pass; the host takes them all. */
static void
burst_of(struct harness *h, struct conn *c, uint32_t from, uint32_t n)
{
	uint32_t i;

	for (i = from; i < from + n; i++)
		peer(h, c, TCP_ACK, i * 1000, 0, stream + i * 1000, 1000, 65535);
	poll_engine(h);
}

RULE("T-8")
static void
an_ack_for_each_segment_is_one_for_each_of_a_burst(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	h->e->params.tcp_ack_frequency = 1;
	connect_settled(h, &c);
	burst_of(h, &c, 0, 9);
	for (i = 1; i <= 9; i++)
		assert_int_equal(sent_expect(h, &c).ack, i * 1000);
	sent_none(h);
	assert_int_equal(accept_data(h, &c, buf), 9000);
	assert_memory_equal(buf, stream, 9000);
	sent_none(h);
	finish(h, &c);
}

/** ... but never at the cost of the data: one that finds no packet is made up for by the next. */
static void
without_packets_for_them_the_last_ack_acknowledges_all(void **state)
{
	struct harness *h = delaying();
	struct conn c = { 0 };

	(void)state;
	h->e->params.tcp_ack_frequency = 1;
	connect_settled(h, &c);
	h->port->no_alloc = true;
	burst_of(h, &c, 0, 5);
	sent_none(h);
	h->port->no_alloc = false;
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).ack, 5000);
	sent_none(h);
	assert_int_equal(accept_data(h, &c, buf), 5000);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				every_second_segment_is_acknowledged_and_one_alone_after_the_delay),
		cmocka_unit_test(frequency_and_delay_are_the_hosts),
		cmocka_unit_test(one_burst_draws_one_ack),
		cmocka_unit_test(an_ack_for_each_segment_is_one_for_each_of_a_burst),
		cmocka_unit_test(without_packets_for_them_the_last_ack_acknowledges_all),
		cmocka_unit_test(data_on_its_way_takes_the_ack_along),
		cmocka_unit_test(what_is_out_of_order_fills_a_hole_or_ends_is_acknowledged_at_once),
		cmocka_unit_test(a_window_that_opens_is_told_at_once),
		cmocka_unit_test(after_an_initiate_the_peers_slow_start_is_not_slowed_down),
		cmocka_unit_test(who_answers_within_the_delay_acknowledges_with_its_answers),
		cmocka_unit_test(after_a_hole_each_segment_is_acknowledged_for_a_while),
		cmocka_unit_test(an_ack_that_is_delayed_is_sent_before_the_terminate_completes),
		cmocka_unit_test(an_upload_that_is_asked_for_pays_what_is_owed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
