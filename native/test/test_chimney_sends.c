/* SPDX-License-Identifier: Apache-2.0 */

/* The send call: order, completion, bytes, PSH, headers; how much the host does well to post. */

#include "support/stream.h"
#include "tcp/tcp.h"

#include <string.h>

/** An NBL of several NBs, one MDL each, over the stream from `at`. */
static flue_ref
nbl_of(struct harness *h, uint32_t at, unsigned nbs, const uint32_t *lengths)
{
	flue_ref first = nbl_new(h, stream + at, lengths[0], 1);
	flue_ref last = nbl_at(h, first)->first_net_buffer;
	unsigned i;

	for (i = 1; i < nbs; i++) {
		flue_ref next;

		at += lengths[i - 1];
		next = nbl_at(h, nbl_new(h, stream + at, lengths[i], 1))->first_net_buffer;
		((struct flue_net_buffer *)java_at(h, last))->next = next;
		last = next;
	}
	return first;
}

static struct flue_net_buffer *
nb_of(struct harness *h, flue_ref nbl, unsigned which)
{
	struct flue_net_buffer *nb = java_at(h, nbl_at(h, nbl)->first_net_buffer);

	while (which-- > 0)
		nb = java_at(h, nb->next);
	return nb;
}

RULE("T-81")
RULE("T-82")
RULE("T-83")
static void
every_send_is_taken_and_goes_in_order(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;
		uint32_t at = 0;
		unsigned done = 0;
		unsigned i;
		struct flue_up up;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		ack(h, &c, 0, 0); /* nothing may be sent */
		for (i = 0; i < 40; i++) {
			submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, stream + at, 700 + i, 1), 0,
					0);
			at += 700 + i;
			poll_engine(h);
			up_none(h);
		}
		sent_none(h);
		ack(h, &c, 0, 65535);
		at = 0;
		while (done < 40) {
			while (sent_next(h, &c, &s)) {
				assert_int_equal(s.seq, at);
				assert_memory_equal(s.payload, stream + at, s.len);
				at += s.len;
			}
			ack(h, &c, at, 65535);
			while (up_next(h, &up)) {
				flue_ref ref;

				if (up.op != FLUE_UP_SEND_COMPLETE)
					continue;
				for (ref = up.ref; ref != 0; ref = nbl_at(h, ref)->next) {
					assert_int_equal(nbl_at(h, ref)->status,
							FLUE_STATUS_SUCCESS);
					assert_int_equal(nbl_at(h, ref)->bytes_transferred,
							700 + done);
					done++;
				}
			}
		}
		finish(h, &c);
	}
}

RULE("T-84")
RULE("T-85")
RULE("T-86")
static void
bytes_and_data_starts_tell_what_was_acknowledged(void **state)
{
	static const uint32_t lengths[] = { 1000, 2000, 500 };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a = nbl_of(h, 0, 3, lengths);
	flue_ref b = nbl_of(h, 3500, 3, lengths);
	flue_ref d = nbl_of(h, 7000, 3, lengths);

	(void)state;
	connect_at(h, &c, 0xfffffff0, 1);
	nbl_link(h, a, b);
	nbl_link(h, b, d);
	submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
	poll_engine(h);
	assert_int_equal(drain_sent(h, &c), 10500);
	ack(h, &c, 3499, 65535);
	up_none(h); /* one byte is missing */
	ack(h, &c, 3500, 65535);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(nbl_at(h, a)->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 3500);
	assert_int_equal(nb_of(h, a, 0)->data_length, 0);
	assert_int_equal(nb_of(h, a, 2)->data_offset, 500);
	/* A reset in the middle of the second: it is the only one that is partly done. */
	ack(h, &c, 3500 + 1700, 65535);
	peer(h, &c, TCP_RST, 0, 0, NULL, 0, 0);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == b);
	assert_true(nbl_at(h, b)->next == d);
	assert_int_equal(nbl_at(h, b)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
	assert_int_equal(nbl_at(h, b)->bytes_transferred, 1700);
	assert_int_equal(nb_of(h, b, 0)->data_length, 0);
	assert_int_equal(nb_of(h, b, 1)->data_offset, 700);
	assert_int_equal(nb_of(h, b, 1)->data_length, 1300);
	assert_int_equal(nb_of(h, b, 2)->data_length, 500);
	assert_int_equal(nbl_at(h, d)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
	assert_int_equal(nbl_at(h, d)->bytes_transferred, 0);
	assert_int_equal(nb_of(h, d, 0)->data_length, 1000);
	event_expect(h, &c, FLUE_TCP_INDICATE_ABORT, 0);
	finish(h, &c);
}

/** The parts of a list that nbl_new() made. */
static struct flue_mdl *
mdl_of(struct harness *h, flue_ref nbl)
{
	return (struct flue_mdl *)(nb_of(h, nbl, 0) + 1);
}

RULE("T-85")
static void
a_data_start_moves_within_its_mdl_or_into_the_next(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref part = nbl_new(h, stream, 1000, 1);
	flue_ref followed = nbl_new(h, stream + 500, 600, 1);
	struct flue_mdl *mdl = mdl_of(h, followed);

	(void)state;
	nb_of(h, part, 0)->current_mdl_offset = nb_of(h, part, 0)->data_offset = 100;
	nb_of(h, part, 0)->data_length = 500;
	mdl->next = nb_of(h, part, 0)->mdl_chain;
	connect_at(h, &c, 0xfffffff0, 1);
	submit(h, FLUE_SUB_SEND, c.token, part, 0, 0);
	submit(h, FLUE_SUB_SEND, c.token, followed, 0, 0);
	poll_engine(h);
	assert_int_equal(drain_sent(h, &c), 1100);
	ack(h, &c, 1100, 65535);
	assert_true(up_expect(h, FLUE_UP_SEND_COMPLETE).ref == part);
	assert_true(nbl_at(h, part)->next == followed);
	assert_int_equal(nb_of(h, part, 0)->current_mdl_offset, 600);
	assert_int_equal(nb_of(h, part, 0)->data_offset, 600);
	assert_int_equal(nb_of(h, part, 0)->data_length, 0);
	assert_true(nb_of(h, followed, 0)->current_mdl == mdl->next);
	assert_int_equal(nb_of(h, followed, 0)->current_mdl_offset, 0);
	assert_int_equal(nb_of(h, followed, 0)->data_offset, 600);
	assert_int_equal(nb_of(h, followed, 0)->data_length, 0);
	finish(h, &c);
}

static void
a_list_scribbled_over_while_it_is_out_completes_as_it_came(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	struct seen s;
	flue_ref a;
	flue_ref b;

	(void)state;
	connect_at(h, &c, 1, 1);
	ack(h, &c, 0, 0); /* nothing may be sent */
	a = send_data(h, &c, 300);
	b = send_data(h, &c, 300);
	memset((uint8_t *)nbl_at(h, a) + sizeof(flue_ref), 0xff, 224 - sizeof(flue_ref));
	nbl_at(h, a)->next = a;
	ack(h, &c, 0, 65535);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 600);
	assert_memory_equal(s.payload, stream, 300);
	ack(h, &c, 600, 65535);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(up.arg0, 2);
	assert_true(nbl_at(h, a)->next == b);
	assert_true(nbl_at(h, b)->next == FLUE_REF_NULL);
	assert_int_equal(nbl_at(h, a)->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, a)->bytes_transferred, 300);
	finish(h, &c);
}

RULE("T-86")
RULE("T-87")
RULE("T-150")
static void
while_uploading_sends_are_answered_and_nothing_is_sent(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a;
	flue_ref b;

	(void)state;
	connect_at(h, &c, 1, 1);
	a = send_data(h, &c, 5000);
	assert_int_equal(drain_sent(h, &c), 5000);
	ack(h, &c, 1460, 65535);
	flue_tcp_request_upload(h->e, object(h, &c), FLUE_UPLOAD_UPLOAD_REQUESTED);
	pass_after(h, MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
	b = send_data(h, &c, 1000);
	pass_after(h, 10 * SEC);
	sent_none(h);
	up_none(h); /* behind the one that is still out */
	terminate_submit(h, &c);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == b);
	assert_int_equal(nbl_at(h, b)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_int_equal(nbl_at(h, b)->bytes_transferred, 0);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	/* The earlier one comes back to be sent on, without what was acknowledged. */
	assert_true(c.block->net_buffer_list_chain == a);
	assert_int_equal(nb_of(h, a, 0)->data_offset, 1460);
	assert_int_equal(nb_of(h, a, 0)->data_length, 3540);
	sent_none(h);
	harness_free(h);
}

RULE("T-88")
static void
push_is_set_where_an_nbl_ends_and_nowhere_else(void **state)
{
	static const uint32_t lengths[] = { 3000, 100, 2920, 50, 1760 };
	/* Segments as they are cut, and whether an NBL ends in them. */
	static const uint8_t push[] = { 0, 0, 1, 0, 1, 1 };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;
	uint32_t at = 0;
	flue_ref first = 0;
	flue_ref last = 0;
	unsigned round;
	unsigned i;

	(void)state;
	connect_at(h, &c, 0xfffffff0, 1);
	for (i = 0; i < 5; i++) {
		flue_ref nbl = nbl_new(h, stream + at, lengths[i], 1);

		at += lengths[i];
		if (last != 0)
			nbl_link(h, last, nbl);
		else
			first = nbl;
		last = nbl;
	}
	submit(h, FLUE_SUB_SEND, c.token, first, 0, 0);
	poll_engine(h);
	/* Ends at 3000, 3100, 6020, 6070, 7830; cut at each 1460. The last one is lent. */
	for (i = 0; i < 6; i++)
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | (push[i] ? TCP_PSH : 0));
	sent_none(h);
	/* Sent again they look the same. */
	pass_after(h, 250 * MS);
	for (round = 0; round < 2; round++) {
		s = sent_expect(h, &c);
		assert_int_equal(s.flags, TCP_ACK | (push[s.seq / 1460] ? TCP_PSH : 0));
		ack(h, &c, 2920, 65535);
	}
	(void)drain_sent(h, &c);
	finish(h, &c);
}

RULE("T-89")
static void
ip_ids_stay_in_the_upper_half_and_fragments_are_forbidden(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint16_t id;
	struct seen s;
	unsigned i;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->e->ip_id = 0x7ffd;
	(void)send_data(h, &c, 14600);
	for (i = 0; i < 10; i++) {
		s = sent_expect(h, &c);
		if ((s.frame[14] >> 4) == 6)
			continue;
		id = (uint16_t)(0x8000 | ((0x7ffd + i) & 0x7fff));
		assert_int_equal(s.ip_id, id);
		assert_int_equal(s.frame[20] & 0x40, 0x40); /* DF */
		assert_int_equal((s.frame[20] & 0x3f) | s.frame[21], 0);
	}
	finish(h, &c);
}

RULE("T-92")
static void
every_segment_carries_a_timestamp(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { .ts = true };
	struct flue_tcp_cached *cached;
	struct seen s;
	uint8_t buf[100];
	unsigned n = 0;

	(void)state;
	conn_block(h, &c, 1, 1);
	cached = tcp_cached(&c);
	cached->flags = FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED;
	cached->ka_timeout = 10000;
	cached->ka_interval = 1000;
	cached->ka_probe_count = 3;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, SEC);
	/* An ACK, a keepalive probe, a challenge, data, a window probe, a retransmission, a RST. */
	peer_ts(h, &c, TCP_ACK, 0, 0, "hello", 5, 65535, 2000, 0);
	pass_after(h, SEC);
	assert_int_equal(accept_data(h, &c, buf), 5);
	pass_after(h, 11 * SEC);
	peer_ts(h, &c, TCP_SYN, 10, 0, NULL, 0, 65535, 2001, 0);
	pass_after(h, MS);
	(void)send_data(h, &c, 1000);
	pass_after(h, SEC);
	peer_ts(h, &c, TCP_ACK, 5, 1000, NULL, 0, 0, 3000, 0);
	pass_after(h, MS);
	(void)send_data(h, &c, 1000);
	pass_after(h, SEC);
	submit(h, FLUE_SUB_DISCONNECT, c.token, nbl_new(h, NULL, 0, 1), FLUE_DISCONNECT_ABORTIVE,
			0);
	poll_engine(h);
	while (sent_next(h, &c, &s)) {
		assert_true(s.ts);
		n++;
	}
	assert_in_range(n, 7, 9);
	assert_int_equal(s.flags & TCP_RST, TCP_RST);
	finish(h, &c);
}

RULE("T-94")
RULE("T-36")
RULE("T-37")
static void
sends_that_came_with_the_initiate_complete_like_others(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		struct seen s;
		flue_ref a = nbl_new(h, stream, 2000, 2);
		flue_ref b = nbl_new(h, stream + 2000, 4000, 1);
		flue_ref later;

		conn_block(h, &c, start_numbers[n][0], start_numbers[n][1]);
		nbl_link(h, a, b);
		c.block->net_buffer_list_chain = a;
		/* 1000 sent and waiting, 1000..3000 to be sent again, the rest never sent. */
		tcp_delegated(&c)->snd_nxt = c.iss + 1000;
		tcp_delegated(&c)->snd_max = c.iss + 3000;
		tcp_delegated(&c)->retransmit_timeout_delta = 5000;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		later = nbl_new(h, stream + 6000, 500, 1);
		submit(h, FLUE_SUB_SEND, c.token, later, 0, 0);
		poll_engine(h);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 1000);
		assert_memory_equal(s.payload, stream + 1000, s.len);
		assert_int_equal(drain_sent(h, &c), 6500);
		ack(h, &c, 1000, 65535); /* what was in flight before counts */
		up_none(h);
		ack(h, &c, 2000, 65535);
		up = up_expect(h, FLUE_UP_SEND_COMPLETE);
		assert_true(up.ref == a);
		assert_int_equal(nbl_at(h, a)->bytes_transferred, 2000);
		ack(h, &c, 6500, 65535);
		up = up_expect(h, FLUE_UP_SEND_COMPLETE);
		assert_true(up.ref == b);
		assert_true(nbl_at(h, b)->next == later);
		finish(h, &c);
	}
}

/** The number moves with the windows only, and is told at most once a second. */
RULE("T-134")
static void
the_backlog_follows_the_windows_not_what_is_posted(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;
	uint32_t sent = 0;
	int64_t last = 0;
	int64_t begin;
	unsigned events = 0;
	unsigned i;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_const(&c)->flags |= FLUE_TCP_CONST_WINDOW_SCALING;
	tcp_const(&c)->wind_scale = 4;
	tcp_delegated(&c)->max_snd_wnd = tcp_delegated(&c)->snd_wnd = 65535 << 4;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	o = object(h, &c);
	assert_int_equal(flue_send_backlog(o), 2 * 14600);
	(void)send_data(h, &c, 100000);
	assert_int_equal(flue_send_backlog(o), 2 * 14600);
	begin = h->now;
	for (i = 0; i < 400; i++) {
		uint32_t end = drain_sent(h, &c);
		struct flue_up up;

		sent = end > sent ? end : sent;
		ack(h, &c, sent, 65535);
		pass_after(h, 10 * MS);
		while (up_next(h, &up)) {
			if (up.op == FLUE_UP_SEND_COMPLETE)
				(void)send_data(h, &c, 100000);
			if (up.op != FLUE_UP_EVENT)
				continue;
			assert_int_equal(up.arg0, FLUE_TCP_INDICATE_SEND_BACKLOG_CHANGE);
			assert_in_range(up.arg1, flue_send_backlog(o) / 2, flue_send_backlog(o));
			assert_true(events == 0 || h->now - last >= SEC);
			last = h->now;
			events++;
		}
	}
	assert_in_range(events, 1, (unsigned)((h->now - begin) / SEC) + 1);
	(void)drain_sent(h, &c);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	h->port->seen = h->port->sent_count;
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_send_is_taken_and_goes_in_order),
		cmocka_unit_test(bytes_and_data_starts_tell_what_was_acknowledged),
		cmocka_unit_test(a_data_start_moves_within_its_mdl_or_into_the_next),
		cmocka_unit_test(a_list_scribbled_over_while_it_is_out_completes_as_it_came),
		cmocka_unit_test(while_uploading_sends_are_answered_and_nothing_is_sent),
		cmocka_unit_test(push_is_set_where_an_nbl_ends_and_nowhere_else),
		cmocka_unit_test(ip_ids_stay_in_the_upper_half_and_fragments_are_forbidden),
		cmocka_unit_test(every_segment_carries_a_timestamp),
		cmocka_unit_test(sends_that_came_with_the_initiate_complete_like_others),
		cmocka_unit_test(the_backlog_follows_the_windows_not_what_is_posted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
