/* SPDX-License-Identifier: Apache-2.0 */

/* The delivery algorithm (chimney rules 5.3 to 5.5): posted requests, push, verdicts, and that only
 * one call goes up at a time. */

#include "support/stream.h"

#include <string.h>

static uint8_t buf[1 << 17];

/** A request for `len` bytes, posted. */
static flue_ref
post(struct harness *h, struct conn *c, uint32_t len)
{
	flue_ref nbl = nbl_new(h, NULL, len, len > 8 ? 2 : 1);

	submit(h, FLUE_SUB_RECEIVE, c->token, nbl, 0, 0);
	poll_engine(h);
	return nbl;
}

/** Where a request's buffer lies. */
static uint8_t *
memory_of(struct harness *h, flue_ref nbl)
{
	return java_at(h, ((struct flue_mdl *)java_at(h, nbl + 192))->data);
}

/** The next entry completes this request with so many bytes of the stream from `at`. */
static void
completed(struct harness *h, flue_ref nbl, uint32_t status, uint32_t bytes, uint32_t at)
{
	struct flue_up up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	const struct flue_net_buffer *nb = java_at(h, nbl + 128);

	assert_true(up.ref == nbl);
	assert_int_equal(nbl_at(h, nbl)->status, status);
	assert_int_equal(nbl_at(h, nbl)->bytes_transferred, bytes);
	assert_int_equal(nb->data_offset, bytes);
	if (bytes > 0)
		assert_memory_equal(memory_of(h, nbl), stream + at, bytes);
}

RULE("T-99")
RULE("T-101")
static void
a_push_request_completes_when_full_pushed_or_late(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref a;

	(void)state;
	connect_at(h, &c, 1, 1);
	a = post(h, &c, 1500);
	arrive(h, &c, 0, 1000, 0);
	up_none(h);
	arrive(h, &c, 1000, 500, 0);
	completed(h, a, FLUE_STATUS_SUCCESS, 1500, 0);
	a = post(h, &c, 1500);
	arrive(h, &c, 1500, 100, TCP_PSH);
	completed(h, a, FLUE_STATUS_SUCCESS, 100, 1500);
	a = post(h, &c, 1500);
	arrive(h, &c, 1600, 100, 0);
	pass_after(h, 499 * MS);
	up_none(h);
	pass_after(h, MS);
	completed(h, a, FLUE_STATUS_SUCCESS, 100, 1600);
	/* The timer is over, too: a new request starts it anew. */
	a = post(h, &c, 1500);
	pass_after(h, 10 * SEC);
	up_none(h);
	arrive(h, &c, 1700, 100, TCP_PSH);
	completed(h, a, FLUE_STATUS_SUCCESS, 100, 1700);
	finish(h, &c);
}

RULE("T-99")
RULE("T-101")
static void
a_push_ends_a_request_where_the_pushed_segment_ends(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a;
	flue_ref b;

	(void)state;
	connect_at(h, &c, 1, 1);
	a = nbl_new(h, NULL, 3000, 1);
	b = nbl_new(h, NULL, 3000, 1);
	nbl_link(h, a, b);
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	/* Three segments in one burst; the second is pushed. */
	peer(h, &c, TCP_ACK, 0, 0, stream, 1000, 65535);
	peer(h, &c, TCP_ACK | TCP_PSH, 1000, 0, stream + 1000, 1000, 65535);
	peer(h, &c, TCP_ACK, 2000, 0, stream + 2000, 500, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	/* One post's buffers, spread over two completions: the credit comes with the last. */
	assert_true(up.ref == a);
	assert_int_equal(up.arg0, 0);
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 2000);
	up_none(h);
	pass_after(h, 500 * MS);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == b);
	assert_int_equal(up.arg0, 1);
	assert_int_equal(nbl_at(h, b)->bytes_transferred, 500);
	finish(h, &c);
}

RULE("T-102")
static void
data_that_arrives_restarts_the_push_timer(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t i;
	flue_ref a;

	(void)state;
	h->e->params.tcp_push_ticks = 100;
	connect_at(h, &c, 1, 1);
	a = post(h, &c, 1500);
	for (i = 0; i < 5; i++) {
		arrive(h, &c, i * 100, 100, 0);
		pass_after(h, 80 * MS);
		up_none(h);
	}
	pass_after(h, 19 * MS);
	up_none(h);
	pass_after(h, MS);
	completed(h, a, FLUE_STATUS_SUCCESS, 500, 0);
	finish(h, &c);
}

RULE("T-103")
static void
a_request_the_host_has_begun_to_fill_is_timed_at_once(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref a = nbl_new(h, NULL, 1000, 1);
	flue_ref b = nbl_new(h, NULL, 1000, 1);

	(void)state;
	connect_at(h, &c, 1, 1);
	nbl_at(h, a)->receive_bytes_transferred = 24;
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	pass_after(h, MS);
	pass_after(h, 499 * MS);
	up_none(h);
	pass_after(h, MS);
	completed(h, a, FLUE_STATUS_SUCCESS, 0, 0);
	/* Without push there is no such timer. */
	nbl_at(h, b)->receive_bytes_transferred = 24;
	nbl_at(h, b)->receive_no_push = 1;
	submit(h, FLUE_SUB_RECEIVE, c.token, b, 0, 0);
	poll_engine(h);
	pass_after(h, 10 * SEC);
	up_none(h);
	arrive(h, &c, 0, 1000, 0);
	completed(h, b, FLUE_STATUS_SUCCESS, 1000, 0);
	finish(h, &c);
}

RULE("T-100")
RULE("T-101")
static void
without_push_neither_psh_nor_time_completes_a_request(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref a = nbl_new(h, NULL, 1000, 2);
	flue_ref b;

	(void)state;
	connect_at(h, &c, 1, 1);
	nbl_at(h, a)->receive_no_push = 1;
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	b = post(h, &c, 1000);
	arrive(h, &c, 0, 600, TCP_PSH);
	pass_after(h, 10 * SEC);
	up_none(h);
	/* Full in the middle of a pushed segment: the rest is the next one's, and pushes that. */
	arrive(h, &c, 600, 600, TCP_PSH);
	(void)up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 1000);
	assert_int_equal(nbl_at(h, b)->bytes_transferred, 200);
	assert_int_equal(nbl_at(h, b)->status, FLUE_STATUS_SUCCESS);
	finish(h, &c);
}

RULE("T-95")
RULE("T-104")
static void
a_request_for_nothing_waits_its_turn_and_takes_nothing(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref a;
	flue_ref z;

	(void)state;
	connect_at(h, &c, 1, 1);
	z = post(h, &c, 0);
	completed(h, z, FLUE_STATUS_SUCCESS, 0, 0);
	a = post(h, &c, 1000);
	z = post(h, &c, 0);
	arrive(h, &c, 0, 10, 0);
	up_none(h);
	arrive(h, &c, 10, 10, TCP_PSH);
	{
		struct flue_up up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);

		assert_true(up.ref == a);
		assert_true(nbl_at(h, a)->next == z);
		assert_int_equal(up.arg0, 2);
		assert_int_equal(nbl_at(h, a)->bytes_transferred, 20);
		assert_int_equal(nbl_at(h, z)->bytes_transferred, 0);
	}
	finish(h, &c);
}

RULE("T-96")
static void
while_a_verdict_is_awaited_nothing_else_is_delivered(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up ind;
	flue_ref a;

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	ind = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	a = post(h, &c, 1000);
	arrive(h, &c, 1000, 1000, TCP_PSH);
	(void)post(h, &c, 0);
	pass_after(h, SEC);
	up_none(h);
	verdict(h, &c, ind.ref, FLUE_STATUS_SUCCESS, 1000);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, ind.ref, 0, 0);
	poll_engine(h);
	assert_true(up_expect(h, FLUE_UP_RECEIVE_COMPLETE).ref == a);
	assert_memory_equal(memory_of(h, a), stream + 1000, 500);
	finish(h, &c);
}

RULE("T-96")
RULE("T-131")
static void
a_reset_completes_receives_after_the_verdict(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up ind;
	flue_ref a;

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	ind = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	a = post(h, &c, 1000);
	peer(h, &c, TCP_RST, 1000, 0, NULL, 0, 0);
	pass_after(h, MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_ABORT, 0);
	up_none(h);
	verdict(h, &c, ind.ref, FLUE_STATUS_SUCCESS, 1000);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, ind.ref, 0, 0);
	poll_engine(h);
	completed(h, a, FLUE_STATUS_REQUEST_ABORTED, 0, 0);
	finish(h, &c);
}

RULE("T-97")
static void
a_completion_is_not_touched_again_once_the_host_can_see_it(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a;
	flue_ref b;

	(void)state;
	connect_at(h, &c, 1, 1);
	a = post(h, &c, 100);
	arrive(h, &c, 0, 100, 0);
	/* The host is handling this entry: it has not taken it off the ring. From within it posts
	 * again, and data is there for that. */
	assert_int_equal(h->ch->up_tail - h->ch->up_head, 1);
	b = post(h, &c, 100);
	arrive(h, &c, 100, 100, 0);
	assert_int_equal(h->ch->up_tail - h->ch->up_head, 2);
	assert_true(nbl_at(h, a)->next == 0);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == a && up.arg0 == 1);
	/* The second completion is an entry of its own, to be handled after the first. */
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == b && up.arg0 == 1);
	finish(h, &c);
}

RULE("T-98")
RULE("T-99")
RULE("T-113")
static void
requests_and_indications_together_keep_the_order(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		uint32_t got = 0;
		uint32_t at = 0;
		unsigned round;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		for (round = 0; round < 20; round++) {
			uint32_t len = 100 + round * 97;
			flue_ref a = round % 3 == 0 ? post(h, &c, 700 + round * 31) : 0;
			struct flue_up up;

			if (len > 1400)
				len = 1400;
			/* The second half first: a hole that is filled. */
			peer(h, &c, TCP_ACK | TCP_PSH, at + len / 2, 0, stream + at + len / 2,
					len - len / 2, 65535);
			peer(h, &c, TCP_ACK, at, 0, stream + at, len / 2, 65535);
			pass_after(h, MS);
			at += len;
			while (up_next(h, &up)) {
				if (up.op == FLUE_UP_RECEIVE_COMPLETE) {
					uint32_t bytes = nbl_at(h, a)->bytes_transferred;

					assert_true(up.ref == a && bytes > 0);
					memcpy(buf + got, memory_of(h, a), bytes);
					got += bytes;
					continue;
				}
				assert_int_equal(up.op, FLUE_UP_RECEIVE_INDICATE);
				got += gather(h, up.ref, buf + got);
				verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
				submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
				poll_engine(h);
			}
		}
		assert_int_equal(got, at);
		assert_memory_equal(buf, stream, at);
		finish(h, &c);
	}
}

RULE("T-13")
RULE("T-106")
static void
an_indication_is_one_nbl_with_one_nb_and_status_success(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	const struct flue_net_buffer_list *nbl;
	const struct flue_net_buffer *nb;
	struct flue_up up;
	uint8_t frame[64] = OUR_MAC PEER_MAC "\x08\x06";
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* Short of packets and slabs or not: never RESOURCES. */
	h->e->low_buffers = 1;
	for (i = 0; i < 10; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, stream + i * 1000, 1000, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	up_none(h);
	nbl = flue_nbl_at(up.ref);
	assert_int_equal(nbl->status, FLUE_STATUS_SUCCESS);
	assert_true(nbl->next == 0);
	nb = flue_nb_at(nbl->first_net_buffer);
	assert_true(nb->next == 0);
	assert_int_equal(nb->data_length, 10000);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	/* The other pool's: a chain of NBLs, each with one NB. */
	for (i = 0; i < 3; i++)
		inject(h, frame, sizeof(frame));
	poll_engine(h);
	up = up_expect(h, FLUE_UP_FRAME);
	for (nbl = flue_nbl_at(up.ref), i = 1; nbl->next != 0; nbl = flue_nbl_at(nbl->next), i++)
		assert_true(flue_nb_at(nbl->first_net_buffer)->next == 0);
	assert_int_equal(i, 3);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	finish(h, &c);
}

RULE("T-105")
RULE("T-108")
static void
what_was_refused_goes_to_requests_before_it_is_shown_again(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a;

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, TCP_PSH);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 100);
	poll_engine(h);
	arrive(h, &c, 1000, 1000, 0);
	pass_after(h, 10 * SEC);
	up_none(h);
	/* A normal request is filled with what was kept, in order; the surplus is indicated. */
	a = post(h, &c, 500);
	completed(h, a, FLUE_STATUS_SUCCESS, 500, 100);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(gather(h, up.ref, buf), 1400);
	assert_memory_equal(buf, stream + 600, 1400);
	/* Refused again, with a request posted meanwhile: that is used at once. */
	a = nbl_new(h, NULL, 400, 1);
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED, 0);
	poll_engine(h);
	completed(h, a, FLUE_STATUS_SUCCESS, 400, 600);
	assert_int_equal(accept_data(h, &c, buf), 1000);
	assert_memory_equal(buf, stream + 1000, 1000);
	finish(h, &c);
}

RULE("T-110")
static void
receives_posted_after_the_disconnect_event_are_in_an_invalid_state(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref a;
	flue_ref b;

	(void)state;
	connect_at(h, &c, 1, 1);
	a = post(h, &c, 1000);
	b = post(h, &c, 1000);
	peer(h, &c, TCP_ACK | TCP_FIN, 0, 0, stream, 300, 65535);
	pass_after(h, MS);
	/* What the stream's end leaves in a request is not waited for, and comes before the event. */
	completed(h, a, FLUE_STATUS_SUCCESS, 300, 0);
	event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
	completed(h, b, FLUE_STATUS_SUCCESS, 0, 0);
	a = post(h, &c, 1000);
	completed(h, a, FLUE_STATUS_INVALID_STATE, 0, 0);
	finish(h, &c);
}

static void
the_size_of_an_indication_can_be_suggested(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->rcv_indication_size = 3000;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	for (i = 0; i < 10; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, stream + i * 1000, 1000, 65535);
	pass_after(h, MS);
	for (i = 0; i < 9000; i += 3000)
		assert_int_equal(accept_data(h, &c, buf + i), 3000);
	assert_int_equal(accept_data(h, &c, buf + 9000), 1000);
	assert_memory_equal(buf, stream, 10000);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_request_completes_when_full_pushed_or_late),
		cmocka_unit_test(a_push_ends_a_request_where_the_pushed_segment_ends),
		cmocka_unit_test(data_that_arrives_restarts_the_push_timer),
		cmocka_unit_test(a_request_the_host_has_begun_to_fill_is_timed_at_once),
		cmocka_unit_test(without_push_neither_psh_nor_time_completes_a_request),
		cmocka_unit_test(a_request_for_nothing_waits_its_turn_and_takes_nothing),
		cmocka_unit_test(while_a_verdict_is_awaited_nothing_else_is_delivered),
		cmocka_unit_test(a_reset_completes_receives_after_the_verdict),
		cmocka_unit_test(a_completion_is_not_touched_again_once_the_host_can_see_it),
		cmocka_unit_test(requests_and_indications_together_keep_the_order),
		cmocka_unit_test(an_indication_is_one_nbl_with_one_nb_and_status_success),
		cmocka_unit_test(what_was_refused_goes_to_requests_before_it_is_shown_again),
		cmocka_unit_test(
				receives_posted_after_the_disconnect_event_are_in_an_invalid_state),
		cmocka_unit_test(the_size_of_an_indication_can_be_suggested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
