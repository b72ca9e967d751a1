/* SPDX-License-Identifier: Apache-2.0 */

/* The disconnect call, and what ends a connection without it. */

#include "support/stream.h"

#include <string.h>

static uint8_t buf[65536];

RULE("T-125")
RULE("T-126")
static void
a_fin_waits_for_no_ack_and_its_completion_for_all(void **state)
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
		(void)send_data(h, &c, 5000);
		assert_int_equal(drain_sent(h, &c), 5000);
		d = disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 300);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 5000);
		assert_int_equal(s.len, 300);
		assert_int_equal(s.flags, TCP_ACK | TCP_PSH | TCP_FIN);
		sent_none(h);
		ack(h, &c, 5000, 65535);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		ack(h, &c, 5150, 65535);
		ack(h, &c, 5300, 65535); /* all the data, not the FIN */
		up_none(h);
		ack(h, &c, 5301, 65535);
		up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		assert_true(up.ref == d);
		assert_int_equal(nbl_at(h, d)->status, FLUE_STATUS_SUCCESS);
		assert_int_equal(nbl_at(h, d)->bytes_transferred, 300);
		finish(h, &c);
	}
}

/** All is acknowledged at once: the sends come first, in order, and not with the disconnect. */
RULE("T-93")
RULE("T-127")
static void
sends_complete_before_the_disconnect_and_apart_from_it(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref sends[3];
	flue_ref d;
	unsigned i;

	(void)state;
	connect_at(h, &c, 0xfffffff0, 1);
	for (i = 0; i < 3; i++)
		sends[i] = send_data(h, &c, 100);
	d = disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 100);
	(void)drain_sent(h, &c);
	ack(h, &c, 401, 65535);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_int_equal(up.arg0, 3);
	for (i = 0; i < 3; i++) {
		assert_true(up.ref == sends[i]);
		assert_int_equal(nbl_at(h, up.ref)->status, FLUE_STATUS_SUCCESS);
		up.ref = nbl_at(h, up.ref)->next;
	}
	assert_int_equal(up.ref, 0);
	up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	assert_true(up.ref == d);
	assert_int_equal(nbl_at(h, d)->next, 0);
	up_none(h);
	finish(h, &c);
}

/** All is acknowledged, but the port still reads a send: the disconnect waits behind it. */
RULE("T-93")
static void
a_send_the_port_still_reads_holds_the_disconnect(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->port->keep_tx = true;
	a = send_data(h, &c, 1000);
	(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 0);
	(void)drain_sent(h, &c);
	ack(h, &c, 1001, 65535);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_FIN_WAIT2);
	pass_after(h, MS);
	up_none(h);
	h->port->keep_tx = false;
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == a);
	(void)up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	finish(h, &c);
}

/** A reset in the middle of it: the sends first, too, and none comes with the disconnect. */
RULE("T-123")
RULE("T-127")
RULE("T-131")
static void
a_reset_completes_both_apart_and_in_order(void **state)
{
	int ours;

	(void)state;
	for (ours = 0; ours < 2; ours++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		flue_ref a;
		flue_ref d;

		connect_at(h, &c, 1, 1);
		a = send_data(h, &c, 100);
		if (ours) {
			d = disconnect(h, &c, FLUE_DISCONNECT_ABORTIVE, 0);
		} else {
			d = disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 10);
			peer(h, &c, TCP_RST, 0, 0, NULL, 0, 0);
			pass_after(h, MS);
		}
		up = up_expect(h, FLUE_UP_SEND_COMPLETE);
		assert_true(up.ref == a);
		assert_int_equal(nbl_at(h, a)->next, 0);
		assert_int_equal(nbl_at(h, a)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
		up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		assert_true(up.ref == d);
		assert_int_equal(nbl_at(h, d)->next, 0);
		assert_int_equal(nbl_at(h, d)->status,
				ours ? FLUE_STATUS_SUCCESS : (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
		if (!ours)
			event_expect(h, &c, FLUE_TCP_INDICATE_ABORT, 0);
		up_none(h);
		/* The object stays until the host terminates it. */
		assert_int_equal(flue_engine_held(h->e, 2), 1);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

/** Whatever the window and the queue are like, it is taken; only an upload or abort answers it. */
RULE("T-121")
static void
a_disconnect_is_not_refused(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	struct seen s;

	(void)state;
	connect_at(h, &c, 1, 1);
	ack(h, &c, 0, 0);
	(void)send_data(h, &c, 3000);
	(void)disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 5);
	up_none(h);
	sent_none(h);
	ack(h, &c, 0, 65535);
	assert_int_equal(sent_expect(h, &c).len, 1460);
	assert_int_equal(sent_expect(h, &c).len, 1460);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 85);
	assert_int_equal(s.flags, TCP_ACK | TCP_PSH | TCP_FIN);
	ack(h, &c, 3006, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	assert_int_equal(nbl_at(h, up.ref)->status, FLUE_STATUS_SUCCESS);
	/* Closed this way it can still be cut off, and then not any more. */
	(void)disconnect(h, &c, FLUE_DISCONNECT_ABORTIVE, 0);
	assert_int_equal(sent_expect(h, &c).flags, TCP_RST | TCP_ACK);
	up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	assert_int_equal(nbl_at(h, up.ref)->status, FLUE_STATUS_SUCCESS);
	(void)disconnect(h, &c, FLUE_DISCONNECT_ABORTIVE, 0);
	up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	assert_int_equal(nbl_at(h, up.ref)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
	sent_none(h);
	finish(h, &c);
}

RULE("T-117")
RULE("T-122")
RULE("T-124")
static void
an_abortive_one_resets_at_once_and_then_nothing_moves(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref indicated;
	int i;

	(void)state;
	connect_at(h, &c, 1, 0xfffffff0);
	peer(h, &c, TCP_ACK | TCP_PSH, 0, 0, stream, 1000, 65535);
	poll_engine(h);
	indicated = up_expect(h, FLUE_UP_RECEIVE_INDICATE).ref; /* no verdict yet */
	(void)drain_sent(h, &c);
	(void)disconnect(h, &c, FLUE_DISCONNECT_ABORTIVE, 0);
	assert_int_equal(sent_expect(h, &c).flags, TCP_RST | TCP_ACK);
	up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
	assert_int_equal(nbl_at(h, up.ref)->status, FLUE_STATUS_SUCCESS);
	for (i = 0; i < 10; i++) {
		peer(h, &c, TCP_ACK | TCP_PSH, 1000 + 10 * (uint32_t)i, 0, stream, 10, 65535);
		peer(h, &c, TCP_SYN, 1000, 0, NULL, 0, 65535);
		pass_after(h, 10 * SEC);
	}
	sent_none(h);
	while (up_next(h, &up)) { /* what is left is the host's to look at */
		assert_int_equal(up.op, FLUE_UP_FRAME);
		submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	}
	verdict(h, &c, indicated, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, indicated, 0, 0);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_CLOSED);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 1000);
	harness_free(h);
}

/** Bring a connection into a state by what both sides say. */
static void
bring_to(struct harness *h, struct conn *c, uint32_t state)
{
	connect_at(h, c, 0xfffffff0, 0xfffffff0);
	if (state == FLUE_TCP_CLOSE_WAIT || state == FLUE_TCP_LAST_ACK) {
		peer(h, c, TCP_ACK | TCP_FIN, 0, 0, NULL, 0, 65535);
		pass_after(h, MS);
	}
	if (state != FLUE_TCP_ESTABLISHED && state != FLUE_TCP_CLOSE_WAIT)
		(void)disconnect(h, c, FLUE_DISCONNECT_GRACEFUL, 0);
	if (state == FLUE_TCP_FIN_WAIT2)
		ack(h, c, 1, 65535);
	if (state == FLUE_TCP_CLOSING) {
		peer(h, c, TCP_ACK | TCP_FIN, 0, 0, NULL, 0, 65535);
		pass_after(h, MS);
	}
	assert_int_equal(object(h, c)->state, state);
}

/** Every combination of flags, in order and not, acknowledging nothing, something and too much. */
RULE("T-122")
static void
nothing_else_draws_a_reset(void **state)
{
	static const uint32_t offsets[] = { 0, 1, 100, 70000, UINT32_MAX, UINT32_MAX - 5000 };
	uint32_t s;

	(void)state;
	for (s = FLUE_TCP_ESTABLISHED; s <= FLUE_TCP_LAST_ACK; s++) {
		unsigned flags;

		for (flags = 0; flags < 64; flags++) {
			struct harness *h = harness_new(NULL, 0);
			struct conn c = { 0 };
			struct flue_up up;
			struct seen seen;
			unsigned i;

			bring_to(h, &c, s);
			for (i = 0; i < 36; i++) {
				peer(h, &c, (uint8_t)flags, offsets[i / 6], offsets[i % 6], stream,
						i & 1 ? 10 : 0, 1000);
				pass_after(h, 200 * MS);
			}
			while (sent_next(h, &c, &seen))
				assert_int_equal(seen.flags & TCP_RST, 0);
			while (up_next(h, &up)) {
				if (up.op == FLUE_UP_FRAME)
					submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
				if (up.op != FLUE_UP_RECEIVE_INDICATE)
					continue;
				verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
				submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
			}
			poll_engine(h);
			assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
			h->port->seen = h->port->sent_count;
			harness_free(h);
		}
	}
}

/** Refused data is not consumed: the end of the stream is told behind it, however long it takes. */
RULE("T-130")
static void
the_end_is_told_when_all_before_it_is_consumed(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref post;

	(void)state;
	connect_at(h, &c, 1, 0xffffffff);
	peer(h, &c, TCP_ACK | TCP_FIN, 0, 0, stream, 1000, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 400);
	pass_after(h, 10 * SEC);
	up_none(h);
	post = nbl_new(h, NULL, 500, 1);
	submit(h, FLUE_SUB_RECEIVE, c.token, post, 0, 0);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_int_equal(nbl_at(h, post)->bytes_transferred, 500);
	/* The rest is indicated; only after its acceptance comes the end. */
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(gather(h, up.ref, buf), 100);
	assert_memory_equal(buf, stream + 900, 100);
	up_none(h);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
	pass_after(h, MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	pass_after(h, MS);
	up_none(h); /* once */
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** TIME-WAIT is the host's: whichever way it is reached, the connection is offered back. */
RULE("T-136")
static void
time_wait_is_the_hosts(void **state)
{
	static const uint32_t from[] = { FLUE_TCP_FIN_WAIT2, FLUE_TCP_CLOSING };
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		bool asked = false;

		bring_to(h, &c, from[i]);
		if (from[i] == FLUE_TCP_FIN_WAIT2)
			peer(h, &c, TCP_ACK | TCP_FIN, 0, 1, NULL, 0, 65535);
		else
			peer(h, &c, TCP_ACK, 1, 1, NULL, 0, 65535);
		pass_after(h, MS);
		while (up_next(h, &up))
			asked |= up.op == FLUE_UP_EVENT && up.arg0 == FLUE_TCP_INDICATE_RETRIEVE &&
				 up.arg1 == FLUE_UPLOAD_UPLOAD_REQUESTED;
		assert_true(asked);
		(void)drain_sent(h, &c);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_TIME_WAIT);
		harness_free(h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fin_waits_for_no_ack_and_its_completion_for_all),
		cmocka_unit_test(sends_complete_before_the_disconnect_and_apart_from_it),
		cmocka_unit_test(a_send_the_port_still_reads_holds_the_disconnect),
		cmocka_unit_test(a_reset_completes_both_apart_and_in_order),
		cmocka_unit_test(a_disconnect_is_not_refused),
		cmocka_unit_test(an_abortive_one_resets_at_once_and_then_nothing_moves),
		cmocka_unit_test(nothing_else_draws_a_reset),
		cmocka_unit_test(the_end_is_told_when_all_before_it_is_consumed),
		cmocka_unit_test(time_wait_is_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
