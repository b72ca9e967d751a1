/* SPDX-License-Identifier: Apache-2.0 */

/* Receiving: order, windows, verdicts, posted requests. */

#include "support/fake_port.h"
#include "support/harness.h"

#include <string.h>

static const uint32_t numbers[][2] = { { 1000, 5000 }, { 0x7fffff00, 0x80000000 },
	{ 0xffffff00, 0xfffffff0 } };

#define EACH_NUMBER(n) for (unsigned n = 0; n < 3; n++)

static uint8_t pattern[65536];
static uint8_t buf[1 << 20];

RULE("9293/SHLD-31")
RULE("5681/4.2")
static void
a_hole_is_acknowledged_at_once_and_filled_in_order(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;

		connect_at(h, &c, numbers[n][0], numbers[n][1]);
		peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535);
		peer(h, &c, TCP_ACK, 3000, 0, pattern + 3000, 1000, 65535);
		poll_engine(h);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 0);
		/* One for each, all of them after the burst: a peer without SACK counts them. */
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 0);
		assert_int_equal(s.len, 0);
		sent_none(h);
		up_none(h);
		peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
		pass_after(h, MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 2000);
		assert_int_equal(accept_data(h, &c, buf), 2000);
		peer(h, &c, TCP_ACK, 2000, 0, pattern + 2000, 1000, 65535);
		pass_after(h, MS);
		while (sent_next(h, &c, &s))
			;
		assert_int_equal(s.ack, 4000);
		assert_int_equal(accept_data(h, &c, buf + 2000), 2000);
		assert_memory_equal(buf, pattern, 4000);
		finish(h, &c);
	}
}

static void
overlapping_and_repeated_data_is_delivered_once(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_at(h, &c, 0, 0xfffffff0);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 500, 65535);
	poll_engine(h);
	assert_int_equal(accept_data(h, &c, buf), 500);
	while (sent_next(h, &c, &s))
		;
	peer(h, &c, TCP_ACK, 0, 0, pattern, 500, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 500);
	up_none(h);
	peer(h, &c, TCP_ACK, 300, 0, pattern + 300, 500, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 800);
	assert_int_equal(accept_data(h, &c, buf + 500), 300);
	/* Overlaps behind a hole. */
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 400, 65535);
	peer(h, &c, TCP_ACK, 1200, 0, pattern + 1200, 400, 65535);
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 400, 65535);
	peer(h, &c, TCP_ACK, 700, 0, pattern + 700, 400, 65535);
	pass_after(h, MS);
	assert_int_equal(accept_data(h, &c, buf + 800), 800);
	assert_memory_equal(buf, pattern, 1600);
	assert_int_equal(counter(h, FLUE_CTR_IN_BYTES), 1600);
	finish(h, &c);
}

static void
for_100_ms_after_an_initiate_a_hole_draws_no_ack(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	conn_block(h, &c, 1, 1);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535);
	pass_after(h, MS);
	sent_none(h);
	pass_after(h, 90 * MS);
	sent_none(h);
	pass_after(h, 10 * MS);
	assert_int_equal(sent_expect(h, &c).ack, 0);
	pass_after(h, 100 * MS);
	sent_none(h);
	peer(h, &c, TCP_ACK, 2000, 0, pattern + 1000, 1000, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 0);
	finish(h, &c);
}

RULE("T-128")
RULE("T-129")
static void
a_forwarded_segment_fills_the_hole_it_left(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t frame[2048];
	uint32_t len;
	flue_ref nbl;

	(void)state;
	conn_block(h, &c, 1, 1);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535);
	pass_after(h, MS);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, pattern, 1000, 65535, NULL);
	nbl = nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 3);
	submit(h, FLUE_SUB_FORWARD, c.token, nbl, 0, 0);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	assert_true(up.ref == nbl);
	assert_int_equal(up.arg0, 1);
	assert_int_equal(nbl_at(h, nbl)->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(accept_data(h, &c, buf), 2000);
	assert_memory_equal(buf, pattern, 2000);
	assert_int_equal(sent_expect(h, &c).ack, 2000);
	finish(h, &c);
}

RULE("T-128")
static void
what_the_peer_was_told_of_draws_no_ack_when_it_is_forwarded(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t frame[2048];
	uint32_t len;
	flue_ref nbl;

	(void)state;
	conn_block(h, &c, 1, 1);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	len = peer_frame(&c, frame, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535, NULL);
	nbl = nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 3);
	nbl_at(h, nbl)->flags = FLUE_NBL_TOLD;
	submit(h, FLUE_SUB_FORWARD, c.token, nbl, 0, 0);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	pass_after(h, 300 * MS);
	sent_none(h);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	pass_after(h, MS);
	assert_int_equal(accept_data(h, &c, buf), 2000);
	assert_memory_equal(buf, pattern, 2000);
	assert_int_equal(sent_expect(h, &c).ack, 2000);
	finish(h, &c);
}

RULE("T-128")
static void
a_forwarded_segment_of_64_kib_is_taken_whole(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t total = 0;
	uint8_t *frame = buf + 200000;
	uint8_t head[128];
	flue_ref nbl;

	(void)state;
	connect_at(h, &c, 1, 0xffff0000);
	(void)peer_frame(&c, head, TCP_ACK | TCP_PSH, 0, 0, NULL, 0, 65535, NULL);
	memcpy(frame, head + tcp_at(&c), 20);
	memcpy(frame + 20, pattern, 40000);
	nbl = nbl_new(h, frame, 40020, 8);
	submit(h, FLUE_SUB_FORWARD, c.token, nbl, 0, 0);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	while (total < 40000)
		total += accept_data(h, &c, buf + total);
	assert_memory_equal(buf, pattern, 40000);
	finish(h, &c);
}

RULE("T-105")
RULE("T-107")
RULE("T-108")
static void
refused_data_waits_for_a_posted_receive(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref post;

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED, 0);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 5), 0);
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535);
	pass_after(h, MS);
	up_none(h);
	post = nbl_new(h, NULL, 0, 1);
	submit(h, FLUE_SUB_RECEIVE, c.token, post, 0, 0);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == post);
	assert_int_equal(up.arg0, 1);
	assert_int_equal(nbl_at(h, post)->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, post)->bytes_transferred, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(gather(h, up.ref, buf), 2000);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 1234);
	poll_engine(h);
	up_none(h);
	submit(h, FLUE_SUB_RECEIVE, c.token, nbl_new(h, NULL, 0, 1), 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(gather(h, up.ref, buf + 1234), 766);
	assert_memory_equal(buf, pattern, 2000);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 766);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	finish(h, &c);
}

RULE("T-108")
static void
what_came_meanwhile_stays_behind_what_was_not_taken(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535);
	pass_after(h, MS);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 300);
	submit(h, FLUE_SUB_RECEIVE, c.token, nbl_new(h, NULL, 0, 1), 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(gather(h, up.ref, buf), 1700);
	assert_memory_equal(buf, pattern + 300, 1700);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1700);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	finish(h, &c);
}

RULE("T-95")
RULE("T-98")
RULE("T-100")
RULE("T-104")
static void
posted_requests_are_filled_first_and_in_order(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	const struct flue_net_buffer *nb;
	struct flue_up up;
	flue_ref a = nbl_new(h, NULL, 600, 2);
	flue_ref b = nbl_new(h, NULL, 1000, 1);
	flue_ref z = nbl_new(h, NULL, 0, 1);

	(void)state;
	connect_at(h, &c, 1, 0xfffffc00);
	nbl_link(h, a, b);
	nbl_link(h, b, z);
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	poll_engine(h);
	up_none(h);
	peer(h, &c, TCP_ACK | TCP_PSH, 0, 0, pattern, 1000, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(up.arg0, 1); /* the zero-byte request went with them */
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 600);
	assert_int_equal(nbl_at(h, b)->bytes_transferred, 400);
	/* The start of data moves on by what was placed. */
	nb = flue_nb_at(nbl_at(h, b)->first_net_buffer);
	assert_int_equal(nb->data_offset, 400);
	assert_int_equal(nb->current_mdl_offset, 400);
	assert_int_equal(nb->data_length, 600);
	nb = flue_nb_at(nbl_at(h, a)->first_net_buffer);
	assert_int_equal(nb->data_length, 0);
	assert_int_equal(nbl_at(h, z)->bytes_transferred, 0);
	up_none(h);
	finish(h, &c);
}

RULE("T-101")
static void
a_request_without_push_completes_only_when_full(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a = nbl_new(h, NULL, 1500, 3);

	(void)state;
	connect_at(h, &c, 1, 1);
	nbl_at(h, a)->receive_no_push = 1;
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	peer(h, &c, TCP_ACK | TCP_PSH, 0, 0, pattern, 1000, 65535);
	pass_after(h, MS);
	up_none(h);
	peer(h, &c, TCP_ACK | TCP_PSH, 1000, 0, pattern + 1000, 1000, 65535);
	pass_after(h, MS);
	/* In the order of the stream. */
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 1500);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(gather(h, up.ref, buf), 500);
	assert_memory_equal(buf, pattern + 1500, 500);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 500);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	finish(h, &c);
}

RULE("T-106")
static void
one_indication_is_under_way_at_a_time(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535);
	pass_after(h, MS);
	up_none(h);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1000);
	poll_engine(h);
	assert_int_equal(accept_data(h, &c, buf), 1000);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	finish(h, &c);
}

RULE("9293/MUST-39")
RULE("9293/SHLD-14")
static void
the_right_edge_never_moves_left_and_opens_in_steps(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		struct seen s;
		uint32_t edge = 65535;
		uint32_t at = 0;
		flue_ref refused = 0;

		connect_at(h, &c, numbers[n][0], numbers[n][1]);
		while (at < 65535) {
			uint32_t len = 65535 - at < 1460 ? 65535 - at : 1460;

			peer(h, &c, TCP_ACK, at, 0, pattern + at, len, 65535);
			at += len;
			pass_after(h, MS);
			while (sent_next(h, &c, &s)) {
				assert_true((int32_t)(s.ack + s.win - edge) >= 0);
				edge = s.ack + s.win;
			}
			while (up_next(h, &up))
				refused = up.ref;
		}
		assert_int_equal(s.ack, 65535);
		assert_int_equal(s.win, 0);
		assert_int_equal(edge, 65535);
		/* A byte too many: an ACK, no data. */
		peer(h, &c, TCP_ACK, 65535, 0, "x", 1, 65535);
		pass_after(h, MS);
		assert_int_equal(sent_expect(h, &c).win, 0);
		/* One byte is read: no update. Two segments: an update. */
		verdict(h, &c, refused, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 1);
		poll_engine(h);
		sent_none(h);
		submit(h, FLUE_SUB_RECEIVE, c.token, nbl_new(h, NULL, 3000, 1), 0, 0);
		poll_engine(h);
		s = sent_expect(h, &c);
		assert_int_equal(s.win, 3001);
		while (up_next(h, &up))
			if (up.op == FLUE_UP_RECEIVE_INDICATE) {
				verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
				submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
			}
		finish(h, &c);
	}
}

RULE("9293/MUST-66")
static void
a_zero_window_still_takes_ack_and_rst(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_delegated(&c)->rcv_wnd = 0;
	tcp_cached(&c)->initial_rcv_wnd = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 100, 1), 0, 0);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).win, 0);
	peer(h, &c, TCP_ACK, 0, 100, "data", 4, 65535);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_int_equal(sent_expect(h, &c).ack, 0);
	peer(h, &c, TCP_RST, 0, 0, NULL, 0, 0);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_EVENT);
	assert_int_equal(up.arg0, FLUE_TCP_INDICATE_ABORT);
	finish(h, &c);
}

RULE("T-118")
static void
data_beyond_a_queued_fin_flushes_the_queue(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK | TCP_FIN, 1000, 0, pattern, 100, 65535);
	poll_engine(h);
	assert_int_equal(flue_extra_of(h->e, &h->e->conns[(uint32_t)c.token])->ooo_count, 1);
	peer(h, &c, TCP_ACK, 1050, 0, pattern, 100, 65535);
	poll_engine(h);
	assert_int_equal(flue_extra_of(h->e, &h->e->conns[(uint32_t)c.token])->ooo_count, 0);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hole_is_acknowledged_at_once_and_filled_in_order),
		cmocka_unit_test(overlapping_and_repeated_data_is_delivered_once),
		cmocka_unit_test(for_100_ms_after_an_initiate_a_hole_draws_no_ack),
		cmocka_unit_test(a_forwarded_segment_fills_the_hole_it_left),
		cmocka_unit_test(what_the_peer_was_told_of_draws_no_ack_when_it_is_forwarded),
		cmocka_unit_test(a_forwarded_segment_of_64_kib_is_taken_whole),
		cmocka_unit_test(refused_data_waits_for_a_posted_receive),
		cmocka_unit_test(what_came_meanwhile_stays_behind_what_was_not_taken),
		cmocka_unit_test(posted_requests_are_filled_first_and_in_order),
		cmocka_unit_test(a_request_without_push_completes_only_when_full),
		cmocka_unit_test(one_indication_is_under_way_at_a_time),
		cmocka_unit_test(the_right_edge_never_moves_left_and_opens_in_steps),
		cmocka_unit_test(a_zero_window_still_takes_ack_and_rst),
		cmocka_unit_test(data_beyond_a_queued_fin_flushes_the_queue),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
