/* SPDX-License-Identifier: Apache-2.0 */

/* The receiving side of a hand-over: what comes while an initiate or a terminate is under way, and
 * what happens to data that was received and not delivered (chimney rules 4.1, 4.6, 5.8). */

#include "support/stream.h"

#include <string.h>

static uint8_t buf[1 << 17];

/** Bytes of a chain of NBLs. */
static uint32_t
gather_chain(struct harness *h, flue_ref ref)
{
	uint32_t total = 0;

	for (; ref != 0; ref = flue_nbl_at(ref)->next)
		total += gather(h, ref, buf + total);
	return total;
}

/** Frames of the next entry, returned. @return how many */
static unsigned
frames_expect(struct harness *h)
{
	struct flue_up up = up_expect(h, FLUE_UP_FRAME);
	unsigned n = 0;
	flue_ref ref;

	for (ref = up.ref; ref != 0; ref = flue_nbl_at(ref)->next)
		n++;
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	return n;
}

RULE("T-45")
RULE("T-47")
static void
nothing_is_indicated_before_the_initiate_has_completed(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn first = { 0 };
	struct conn c[80] = { 0 };
	struct flue_up up;
	unsigned i;

	(void)state;
	config.max_connections = 128;
	h = harness_new(&config, 0);
	/* More blocks than a pass takes: the connection is there before the operation is over. */
	connect_at(h, &first, 1, 1);
	for (i = 0; i < 80; i++) {
		conn_block(h, &c[i], 1, 1);
		if (i > 0)
			c[i - 1].block->next_block = c[i].block_ref;
	}
	h->path_block->dependent_block_list = c[0].block_ref;
	submit(h, FLUE_SUB_INITIATE, 0, h->neighbor_ref, 0, 0);
	poll_engine(h);
	up_none(h);
	/* Processed, even to an end and a reset; told of only afterwards. */
	peer(h, &c[0], TCP_ACK, 0, 0, stream, 1000, 65535);
	peer(h, &c[1], TCP_RST, 0, 0, NULL, 0, 0);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c[0]).ack, 1000);
	up_none(h);
	for (i = 0; i < 8 && !up_next(h, &up); i++)
		poll_engine(h);
	assert_int_equal(up.op, FLUE_UP_INITIATE_COMPLETE);
	for (i = 0; i < 80; i++)
		c[i].token = c[i].handle->miniport_offload_context;
	poll_engine(h);
	while (up_next(h, &up)) {
		if (up.op == FLUE_UP_RECEIVE_INDICATE) {
			assert_true(up.arg1 == c[0].token);
			assert_int_equal(gather(h, up.ref, buf), 1000);
			verdict(h, &c[0], up.ref, FLUE_STATUS_SUCCESS, 0);
			submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		} else {
			assert_int_equal(up.op, FLUE_UP_EVENT);
			assert_int_equal(up.arg0, FLUE_TCP_INDICATE_ABORT);
		}
	}
	for (i = 0; i < 80; i++)
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
	finish(h, &first);
}

RULE("T-66")
static void
a_terminate_waits_for_the_indication_that_is_under_way(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	terminate_submit(h, &c);
	pass_after(h, MS);
	pass_after(h, 10 * SEC);
	up_none(h);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1000);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	up_none(h);
	assert_true(tcp_delegated(&c)->buffered_data == 0);
	poll_engine(h);
	harness_free(h);
}

RULE("T-65")
RULE("T-68")
static void
a_terminate_stops_the_push_timer_and_gives_the_request_back(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a = nbl_new(h, NULL, 1000, 1);
	flue_ref sent;

	(void)state;
	connect_at(h, &c, 1, 1);
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	arrive(h, &c, 0, 300, 0);
	/* The port still reads what was sent: the terminate has to wait for that. */
	h->port->keep_tx = true;
	sent = send_data(h, &c, 1000);
	peer(h, &c, TCP_ACK, 300, 1000, NULL, 0, 65535);
	terminate_submit(h, &c);
	pass_after(h, MS);
	pass_after(h, 2 * SEC);
	up_none(h);
	h->port->keep_tx = false;
	pass_after(h, MS);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == sent);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == a && up.arg0 == 1);
	assert_int_equal(nbl_at(h, a)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 300);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(flue_engine_held(h->e, 7), 0);
	h->port->seen = h->port->sent_count;
	harness_free(h);
}

RULE("T-70")
static void
what_arrives_during_and_after_a_terminate_goes_up_raw(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t frame[2048];
	uint32_t len;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	(void)sent_expect(h, &c);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	terminate_submit(h, &c);
	poll_engine(h);
	len = peer_frame(&c, frame, TCP_ACK, 1000, 0, stream + 1000, 700, 65535, NULL);
	for (i = 0; i < 2; i++) {
		struct flue_up raw;

		inject(h, frame, len);
		pass_after(h, MS);
		raw = up_expect(h, FLUE_UP_FRAME);
		assert_int_equal(gather(h, raw.ref, buf), len);
		assert_memory_equal(buf, frame, len);
		submit(h, FLUE_SUB_FRAME_RETURN, 0, raw.ref, 0, 0);
		sent_none(h);
		if (i > 0)
			break;
		verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1000);
		submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		poll_engine(h);
		(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
		assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 1000);
	}
	poll_engine(h);
	harness_free(h);
}

/** Two segments behind a hole, then a terminate. @return frames that went up */
static unsigned
terminate_with_a_hole(uint16_t flags, bool extended)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	unsigned frames = 0;

	conn_block(h, &c, 1, 1);
	tcp_const(&c)->flags |= flags;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	arrive(h, &c, 1000, 1000, 0);
	arrive(h, &c, 3000, 1000, 0);
	h->port->seen = h->port->sent_count;
	terminate_submit(h, &c);
	if (!extended)
		tcp_delegated(&c)->header.recognized_options = 0;
	pass_after(h, MS);
	pass_after(h, MS);
	while (up_next(h, &up)) {
		flue_ref ref;

		if (up.op != FLUE_UP_FRAME)
			continue;
		for (ref = up.ref; ref != 0; ref = flue_nbl_at(ref)->next)
			frames++;
		submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	}
	sent_none(h); /* no ACK for any of them */
	assert_int_equal(c.block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs);
	assert_true(tcp_delegated(&c)->buffered_data == 0);
	poll_engine(h);
	harness_free(h);
	return frames;
}

RULE("T-71")
static void
what_was_only_sacked_is_dropped_unless_the_host_learns_of_it(void **state)
{
	(void)state;
	assert_int_equal(terminate_with_a_hole(FLUE_TCP_CONST_SACK, false), 0);
	/* The extension carries it, or the peer was never told: nothing is lost. */
	assert_int_equal(terminate_with_a_hole(FLUE_TCP_CONST_SACK, true), 2);
	assert_int_equal(terminate_with_a_hole(0, false), 2);
}

RULE("T-75")
RULE("T-79")
static void
received_data_goes_the_usual_way_first_and_the_rest_is_buffered_data(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a = nbl_new(h, NULL, 1500, 1);
	const struct flue_mdl *mdl = java_at(h, a + 192);
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 0xfffff000);
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	poll_engine(h);
	/* All of it arrives in the pass that takes the terminate. */
	for (i = 0; i < 4; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, stream + i * 1000, 1000, 65535);
	terminate_submit(h, &c);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(nbl_at(h, a)->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 1500);
	assert_memory_equal(java_at(h, mdl->data), stream, 1500);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(gather(h, up.ref, buf), 2500);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 500);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	/* Each byte once: 1500 placed, 500 accepted, the rest given back. */
	assert_int_equal(gather_chain(h, tcp_delegated(&c)->buffered_data), 2000);
	assert_memory_equal(buf, stream + 2000, 2000);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 4000);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, tcp_delegated(&c)->buffered_data, 0, 0);
	poll_engine(h);
	h->port->seen = h->port->sent_count;
	harness_free(h);
}

RULE("T-74")
static void
buffered_data_stays_the_hosts_until_it_is_returned(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct conn d = { 0 };
	struct flue_up up;
	flue_ref kept;
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	connect_at(h, &d, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	arrive(h, &c, 1000, 100, 0); /* copied */
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED, 0);
	terminate_submit(h, &c);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	kept = tcp_delegated(&c)->buffered_data;
	h->port->seen = h->port->sent_count;
	/* Whatever goes on meanwhile. */
	for (i = 0; i < 200; i++) {
		arrive(h, &d, i * 600, 600, 0);
		(void)accept_data(h, &d, buf);
	}
	assert_int_equal(gather_chain(h, kept), 1100);
	assert_memory_equal(buf, stream, 1100);
	assert_int_equal(flue_engine_held(h->e, 5), 1);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, kept, 0, 0);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 5), 0);
	h->port->seen = h->port->sent_count;
	finish(h, &d);
}

RULE("T-33")
RULE("T-109")
static void
buffered_data_of_an_initiate_fills_requests_first(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref given = nbl_new(h, stream, 3000, 2);
	flue_ref a = nbl_new(h, NULL, 1000, 1);
	const struct flue_mdl *mdl = java_at(h, a + 192);

	(void)state;
	conn_block(h, &c, 1, 3001);
	tcp_delegated(&c)->buffered_data = given;
	tcp_delegated(&c)->rcv_wnd = 62535;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	/* The host's memory is its own again. */
	memset(java_at(h, ((struct flue_mdl *)java_at(h, given + 192))->data), 0xee, 3000);
	peer(h, &c, TCP_ACK, 0, 0, stream + 3000, 1000, 65535);
	pass_after(h, 10 * SEC);
	up_none(h);
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == a);
	assert_memory_equal(java_at(h, mdl->data), stream, 1000);
	assert_int_equal(accept_data(h, &c, buf), 3000);
	assert_memory_equal(buf, stream + 1000, 3000);
	h->port->seen = h->port->sent_count;
	finish(h, &c);
}

RULE("T-116")
static void
urgent_data_among_buffered_data_comes_back_with_the_terminate(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref given = nbl_new(h, stream, 3000, 1);
	flue_ref back;

	(void)state;
	nbl_at(h, given)->flags = FLUE_NBL_URGENT;
	conn_block(h, &c, 1, 3001);
	tcp_delegated(&c)->buffered_data = given;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_RECEIVED_URGENT_DATA);
	/* Neither acknowledged nor processed, and kept back. */
	arrive(h, &c, 0, 500, 0);
	pass_after(h, SEC);
	sent_none(h);
	up_none(h);
	terminate_submit(h, &c);
	pass_after(h, MS);
	assert_int_equal(frames_expect(h), 1);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	back = tcp_delegated(&c)->buffered_data;
	assert_int_equal(flue_nbl_at(back)->flags, FLUE_NBL_URGENT);
	assert_int_equal(gather_chain(h, back), 3000);
	assert_memory_equal(buf, stream, 3000);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, back, 0, 0);
	poll_engine(h);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_indicated_before_the_initiate_has_completed),
		cmocka_unit_test(a_terminate_waits_for_the_indication_that_is_under_way),
		cmocka_unit_test(a_terminate_stops_the_push_timer_and_gives_the_request_back),
		cmocka_unit_test(what_arrives_during_and_after_a_terminate_goes_up_raw),
		cmocka_unit_test(what_was_only_sacked_is_dropped_unless_the_host_learns_of_it),
		cmocka_unit_test(
				received_data_goes_the_usual_way_first_and_the_rest_is_buffered_data),
		cmocka_unit_test(buffered_data_stays_the_hosts_until_it_is_returned),
		cmocka_unit_test(buffered_data_of_an_initiate_fills_requests_first),
		cmocka_unit_test(urgent_data_among_buffered_data_comes_back_with_the_terminate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
