/* SPDX-License-Identifier: Apache-2.0 */

/* Ends of connections: FIN in every order, RST, challenges, abortive disconnects. */

#include "support/stream.h"

#include <string.h>

static uint8_t buf[20000];

RULE("T-93")
static void
acknowledged_together_the_send_completes_before_the_disconnect(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref send;

	(void)state;
	connect_at(h, &c, 1, 1);
	send = nbl_new(h, stream, 100, 1);
	submit(h, FLUE_SUB_SEND, c.token, send, 0, 0);
	(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
	(void)sent_expect(h, &c);
	peer(h, &c, TCP_ACK, 0, 101, NULL, 0, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == send);
	(void)up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	finish(h, &c);
}

RULE("T-93")
RULE("T-125")
RULE("T-126")
RULE("T-136")
static void
we_close_first(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		struct seen s;
		flue_ref d;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, stream, 100, 1), 0, 0);
		d = disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
		s = sent_expect(h, &c);
		assert_int_equal(s.len, 100);
		assert_int_equal(s.flags, TCP_ACK | TCP_PSH | TCP_FIN);
		sent_none(h);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_FIN_WAIT1);
		peer(h, &c, TCP_ACK, 0, 100, NULL, 0, 65535);
		pass_after(h, MS);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		up_none(h);
		peer(h, &c, TCP_ACK, 0, 101, NULL, 0, 65535);
		pass_after(h, MS);
		up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		assert_true(up.ref == d);
		assert_int_equal(up.arg0, 1);
		assert_int_equal(nbl_at(h, d)->status, FLUE_STATUS_SUCCESS);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_FIN_WAIT2);
		/* The other half goes on. */
		peer(h, &c, TCP_ACK, 0, 101, "late", 4, 65535);
		pass_after(h, MS);
		assert_int_equal(sent_expect(h, &c).ack, 4);
		assert_int_equal(accept_data(h, &c, buf), 4);
		peer(h, &c, TCP_ACK | TCP_FIN, 4, 101, NULL, 0, 65535);
		pass_after(h, MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 5);
		assert_int_equal(s.seq, 101);
		event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
		event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_TIME_WAIT);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_TIME_WAIT);
		assert_int_equal(tcp_delegated(&c)->snd_una, c.iss + 101);
		assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 5);
		harness_free(h);
	}
}

RULE("T-130")
static void
the_peer_closes_first(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		struct seen s;
		flue_ref post = nbl_new(h, NULL, 100, 1);

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		peer(h, &c, TCP_ACK | TCP_FIN, 0, 0, "bye", 3, 65535);
		pass_after(h, MS);
		assert_int_equal(sent_expect(h, &c).ack, 4);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_CLOSE_WAIT);
		up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
		up_none(h); /* not before the data is accepted */
		verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 3);
		submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		poll_engine(h);
		event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
		submit(h, FLUE_SUB_RECEIVE, c.token, post, 0, 0);
		poll_engine(h);
		(void)up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
		assert_int_equal(nbl_at(h, post)->status, (uint32_t)FLUE_STATUS_INVALID_STATE);
		/* Its FIN again: an ACK again. */
		peer(h, &c, TCP_ACK | TCP_FIN, 0, 0, "bye", 3, 65535);
		pass_after(h, MS);
		assert_int_equal(sent_expect(h, &c).ack, 4);
		(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 50);
		s = sent_expect(h, &c);
		assert_int_equal(s.len, 50);
		assert_int_equal(s.flags, TCP_ACK | TCP_PSH | TCP_FIN);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_LAST_ACK);
		peer(h, &c, TCP_ACK, 4, 51, NULL, 0, 65535);
		pass_after(h, MS);
		up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		assert_int_equal(nbl_at(h, up.ref)->bytes_transferred, 50);
		event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_CLOSED);
		finish(h, &c);
	}
}

static void
both_close_at_once(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | TCP_FIN);
		peer(h, &c, TCP_ACK | TCP_FIN, 0, 0, NULL, 0, 65535);
		pass_after(h, MS);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_CLOSING);
		assert_int_equal(sent_expect(h, &c).ack, 1);
		event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
		peer(h, &c, TCP_ACK, 1, 1, NULL, 0, 65535);
		pass_after(h, MS);
		(void)up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_TIME_WAIT);
		finish(h, &c);
	}
}

static void
fin_and_the_ack_of_ours_in_one_segment(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 0xffffffff, 1);
	(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
	(void)sent_expect(h, &c);
	peer(h, &c, TCP_ACK | TCP_FIN, 0, 1, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_TIME_WAIT);
	assert_int_equal(sent_expect(h, &c).ack, 1);
	finish(h, &c);
}

static void
a_fin_is_sent_again_like_data(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_at(h, &c, 0xfffffffe, 1);
	(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 1);
	(void)sent_expect(h, &c);
	peer(h, &c, TCP_ACK, 0, 1, NULL, 0, 65535);
	pass_after(h, MS);
	pass_after(h, 250 * MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 1);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.flags, TCP_ACK | TCP_FIN);
	finish(h, &c);
}

static void
a_fin_behind_a_hole_counts_when_the_hole_is_filled(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 0xfffffff0);
	peer(h, &c, TCP_ACK | TCP_FIN, 100, 0, stream + 100, 100, 65535);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).ack, 0);
	peer(h, &c, TCP_ACK, 0, 0, stream, 100, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 201);
	assert_int_equal(accept_data(h, &c, buf), 200);
	event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_CLOSE_WAIT);
	finish(h, &c);
}

RULE("T-135")
static void
fin_wait_2_ends_after_two_minutes(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
	(void)sent_expect(h, &c);
	peer(h, &c, TCP_ACK, 0, 1, NULL, 0, 65535);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	pass_after(h, 119 * SEC);
	up_none(h);
	peer(h, &c, TCP_ACK, 0, 1, NULL, 0, 60000); /* starts it again */
	pass_after(h, MS);
	pass_after(h, 119 * SEC);
	up_none(h);
	pass_after(h, 2 * SEC);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_CLOSED);
	finish(h, &c);
}

RULE("T-87")
RULE("T-131")
RULE("5961/3.2")
static void
an_exact_rst_aborts(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		flue_ref a = nbl_new(h, stream, 100, 1);
		flue_ref b = nbl_new(h, stream, 100, 1);
		flue_ref post = nbl_new(h, NULL, 100, 1);
		flue_ref d;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		nbl_link(h, a, b);
		submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
		submit(h, FLUE_SUB_RECEIVE, c.token, post, 0, 0);
		d = disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
		(void)sent_expect(h, &c);
		peer(h, &c, TCP_ACK, 0, 30, NULL, 0, 65535);
		peer(h, &c, TCP_RST, 0, 0, NULL, 0, 0);
		pass_after(h, MS);
		up = up_expect(h, FLUE_UP_SEND_COMPLETE);
		assert_true(up.ref == a);
		assert_int_equal(up.arg0, 1);
		assert_int_equal(nbl_at(h, a)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
		assert_int_equal(nbl_at(h, a)->bytes_transferred, 30);
		assert_int_equal(nbl_at(h, b)->bytes_transferred, 0);
		up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		assert_int_equal(nbl_at(h, d)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
		(void)up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
		assert_int_equal(nbl_at(h, post)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
		event_expect(h, &c, FLUE_TCP_INDICATE_ABORT, 0);
		up_none(h);
		/* The object stays, and answers. */
		a = nbl_new(h, stream, 10, 1);
		submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
		poll_engine(h);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		assert_int_equal(nbl_at(h, a)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
		peer(h, &c, TCP_ACK, 0, 30, "x", 1, 65535);
		pass_after(h, SEC);
		sent_none(h);
		finish(h, &c);
	}
}

RULE("T-142")
RULE("5961/3.2")
RULE("5961/4.2")
RULE("5961/7")
static void
anything_less_exact_draws_one_challenge_a_tenth_of_a_second(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	unsigned i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 5; i++) {
		peer(h, &c, TCP_RST, 1 + i, 0, NULL, 0, 0);
		peer(h, &c, TCP_SYN, i, 0, NULL, 0, 100);
		peer(h, &c, TCP_SYN | TCP_ACK, 0, 0, NULL, 0, 100);
		peer(h, &c, TCP_ACK, 0, 77, NULL, 0, 100); /* of what was never sent */
		pass_after(h, MS);
	}
	assert_int_equal(sent_expect(h, &c).ack, 0);
	sent_none(h);
	pass_after(h, 100 * MS);
	peer(h, &c, TCP_RST, 100, 0, NULL, 0, 0);
	pass_after(h, MS);
	(void)sent_expect(h, &c);
	/* Outside of the window: nothing at all. */
	pass_after(h, 100 * MS);
	peer(h, &c, TCP_RST, 70000, 0, NULL, 0, 0);
	peer(h, &c, TCP_RST, UINT32_MAX, 0, NULL, 0, 0);
	pass_after(h, MS);
	sent_none(h);
	/* A SYN may come from anybody, wherever it lies. */
	for (i = 0; i < 5; i++) {
		peer(h, &c, TCP_SYN, 70000 + i, 0, NULL, 0, 0);
		pass_after(h, MS);
	}
	assert_int_equal(sent_expect(h, &c).ack, 0);
	sent_none(h);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_ESTABLISHED);
	finish(h, &c);
}

RULE("T-117")
RULE("T-122")
RULE("T-123")
RULE("T-124")
static void
an_abortive_disconnect_resets_at_once(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	struct seen s;
	flue_ref a = nbl_new(h, stream, 3000, 1);
	flue_ref d;
	flue_ref indicated;

	(void)state;
	connect_at(h, &c, 0xfffffff0, 1);
	peer(h, &c, TCP_ACK, 0, 0, stream, 1000, 65535);
	poll_engine(h);
	indicated = up_expect(h, FLUE_UP_RECEIVE_INDICATE).ref;
	submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
	poll_engine(h);
	while (sent_next(h, &c, &s))
		;
	d = disconnect(h, &c, FLUE_DISCONNECT_ABORTIVE, 0);
	s = sent_expect(h, &c);
	assert_int_equal(s.flags, TCP_RST | TCP_ACK);
	assert_int_equal(s.seq, 3000);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(nbl_at(h, a)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
	up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	assert_true(up.ref == d);
	assert_int_equal(nbl_at(h, d)->status, FLUE_STATUS_SUCCESS);
	up_none(h);
	peer(h, &c, TCP_ACK, 1000, 3000, stream, 10, 65535);
	pass_after(h, SEC);
	/* Neither processed nor answered: the host's, like all that comes for a closed one. */
	sent_none(h);
	up = up_expect(h, FLUE_UP_FRAME);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	up_none(h);
	verdict(h, &c, indicated, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, indicated, 0, 0);
	finish(h, &c);
}

RULE("T-116")
RULE("T-132")
static void
urgent_data_is_the_hosts(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref ref;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* Not acceptable: dropped, and the connection goes on. */
	peer(h, &c, TCP_ACK | TCP_URG, 100000, 0, "u", 1, 65535);
	pass_after(h, MS);
	(void)sent_expect(h, &c);
	up_none(h);
	peer(h, &c, TCP_ACK | TCP_URG, 0, 0, "u", 1, 65535);
	peer(h, &c, TCP_ACK, 1, 0, "v", 1, 65535);
	pass_after(h, MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_RECEIVED_URGENT_DATA);
	peer(h, &c, TCP_ACK | TCP_FIN, 2, 0, "w", 1, 65535);
	pass_after(h, SEC);
	/* All of it waits, unacknowledged, and goes up raw and in order with the terminate. */
	up_none(h);
	terminate_submit(h, &c);
	poll_engine(h);
	sent_none(h);
	up = up_expect(h, FLUE_UP_FRAME);
	ref = up.ref;
	for (i = 0; i < 3; i++) {
		assert_int_equal(gather(h, ref, buf), tcp_at(&c) + 21);
		assert_int_equal(buf[tcp_at(&c) + 20], "uvw"[i]);
		ref = flue_nbl_at(ref)->next;
	}
	assert_true(ref == 0);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 6), 0);
	harness_free(h);
}

/** A peer that takes a FIN outside of its window and one that does not expect ACKs with different
 *  numbers from then on. */
static void
a_fin_behind_data_that_fills_the_window_waits_for_room(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_at(h, &c, 1, 1);
	ack(h, &c, 0, 100);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, stream, 100, 1), 0, 0);
	(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 100);
	assert_int_equal(s.flags, TCP_ACK | TCP_PSH);
	sent_none(h);
	ack(h, &c, 100, 1);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 100);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.flags, TCP_ACK | TCP_FIN);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(we_close_first),
		cmocka_unit_test(acknowledged_together_the_send_completes_before_the_disconnect),
		cmocka_unit_test(the_peer_closes_first),
		cmocka_unit_test(both_close_at_once),
		cmocka_unit_test(fin_and_the_ack_of_ours_in_one_segment),
		cmocka_unit_test(a_fin_is_sent_again_like_data),
		cmocka_unit_test(a_fin_behind_a_hole_counts_when_the_hole_is_filled),
		cmocka_unit_test(fin_wait_2_ends_after_two_minutes),
		cmocka_unit_test(a_fin_behind_data_that_fills_the_window_waits_for_room),
		cmocka_unit_test(an_exact_rst_aborts),
		cmocka_unit_test(anything_less_exact_draws_one_challenge_a_tenth_of_a_second),
		cmocka_unit_test(an_abortive_disconnect_resets_at_once),
		cmocka_unit_test(urgent_data_is_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
