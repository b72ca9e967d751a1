/* SPDX-License-Identifier: Apache-2.0 */

/* Sending: windows, timers, retransmission, probes, back-pressure. */

#include "support/invariants.h"
#include "support/stream.h"
#include "tcp/bytes.h"

#include <limits.h>
#include <string.h>

RULE("5681/3.1")
static void
congestion_and_send_window_bound_what_is_in_flight(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		(void)send_data(h, &c, 100000);
		assert_int_equal(drain_sent(h, &c), 14600);
		/* Slow start: one segment more for each that is acknowledged. */
		ack(h, &c, 1460, 65535);
		assert_int_equal(drain_sent(h, &c), 14600 + 2 * 1460);
		assert_int_equal(object(h, &c)->cc.cwnd, 14600 + 1460);
		ack(h, &c, 2920, 5000);
		assert_int_equal(drain_sent(h, &c), 0);
		ack(h, &c, 14600 + 2 * 1460, 2000);
		assert_int_equal(drain_sent(h, &c), 17520 + 1460);
		finish(h, &c);
	}
}

RULE("5681/3.1")
static void
congestion_avoidance_adds_one_segment_a_window(void **state)
{
	struct flue_cc_view v = { .mss = 1460, .flight = 12000, .wnd = 65535 };
	struct flue_cc cc = { 14600, 14600 };
	struct flue_cc_memory m = { 0 };
	uint32_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		flue_cc_reno.on_ack(&cc, &m, &v, 1460);
	assert_in_range(cc.cwnd, 14600 + 1459, 14600 + 1460);
	flue_cc_reno.on_loss(&cc, &m, &v);
	assert_int_equal(cc.ssthresh, 6000);
	v.flight = 1460;
	flue_cc_reno.on_loss(&cc, &m, &v);
	assert_int_equal(cc.ssthresh, 2920);
	cc = (struct flue_cc){ UINT32_MAX, 0 };
	m = (struct flue_cc_memory){ 0 };
	flue_cc_reno.on_ack(&cc, &m, &v, 1460);
	assert_int_equal(cc.cwnd, UINT32_MAX);
}

RULE("5681/3.1")
RULE("5681/4.1")
static void
slow_start_counts_bytes_and_starts_again_after_a_pause(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 0xffff0000, 1);
	(void)send_data(h, &c, 60000);
	assert_int_equal(drain_sent(h, &c), 14600);
	/* One ACK for a burst is worth two segments, not one, and not ten. */
	ack(h, &c, 14600, 65535);
	assert_int_equal(object(h, &c)->cc.cwnd, 14600 + 2 * 1460);
	assert_int_equal(drain_sent(h, &c), 14600 + 17520);
	ack(h, &c, 14600 + 17520, 65535);
	(void)drain_sent(h, &c);
	ack(h, &c, 32120 + 20440, 65535);
	(void)drain_sent(h, &c);
	ack(h, &c, 60000, 65535);
	assert_true(object(h, &c)->cc.cwnd > 14600 + 4 * 1460);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	/* Not longer than a timeout: as before. */
	pass_after(h, 150 * MS);
	(void)send_data(h, &c, 40000);
	assert_true(drain_sent(h, &c) > 60000 + 14600);
	ack(h, &c, 80440, 65535);
	(void)drain_sent(h, &c);
	ack(h, &c, 100000, 65535);
	pass_after(h, 250 * MS);
	(void)send_data(h, &c, 40000);
	assert_int_equal(drain_sent(h, &c), 100000 + 14600);
	/* After a timeout what is acknowledged may have been there before it. */
	pass_after(h, 250 * MS);
	assert_int_equal(object(h, &c)->cc.cwnd, 1460);
	(void)drain_sent(h, &c);
	ack(h, &c, 100000 + 4 * 1460, 65535);
	assert_int_equal(object(h, &c)->cc.cwnd, 2920);
	finish(h, &c);
}

static void
a_timeout_goes_back_and_backs_off(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;
		int64_t rto = 200;
		int i;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		(void)send_data(h, &c, 4000);
		assert_int_equal(drain_sent(h, &c), 4000);
		for (i = 0; i < 4; i++) {
			pass_after(h, (rto - 2) * MS);
			sent_none(h);
			pass_after(h, 3 * MS);
			s = sent_expect(h, &c);
			assert_int_equal(s.seq, 0);
			assert_int_equal(s.len, 1460);
			assert_memory_equal(s.payload, stream, 1460);
			sent_none(h);
			rto *= 2;
		}
		assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 4);
		assert_int_equal(object(h, &c)->cc.cwnd, 1460);
		assert_int_equal(object(h, &c)->cc.ssthresh, 2920);
		/* The answer: slow start goes on from SND.UNA, the timer is short again. */
		ack(h, &c, 1460, 65535);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 1460);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 2920);
		assert_int_equal(s.len, 1080);
		sent_none(h);
		assert_true(object(h, &c)->rto_us <= 200000);
		/* What was received all along is acknowledged at once. */
		ack(h, &c, 4000, 65535);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		assert_int_equal(object(h, &c)->rtx_ms, FLUE_NONE);
		assert_int_equal(object(h, &c)->rtx_count, 0);
		finish(h, &c);
	}
}

static void
an_ack_beyond_snd_nxt_after_a_timeout_is_taken(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 0xfffff000, 1);
	(void)send_data(h, &c, 10000);
	assert_int_equal(drain_sent(h, &c), 10000);
	pass_after(h, 201 * MS);
	assert_int_equal(drain_sent(h, &c), 1460);
	ack(h, &c, 10000, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	sent_none(h);
	(void)send_data(h, &c, 100);
	assert_int_equal(drain_sent(h, &c), 10100);
	ack(h, &c, 10100, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

static void
a_late_timer_looks_at_what_arrived_first(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_data(h, &c, 1000);
	(void)drain_sent(h, &c);
	/* The machine stood still for 400 ms; the ACK is in the port. */
	peer(h, &c, TCP_ACK, 0, 1000, NULL, 0, 65535);
	pass_after(h, 400 * MS);
	sent_none(h);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

RULE("T-132")
static void
after_the_last_retransmission_the_connection_asks_for_upload(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref nbl;
	int i;

	(void)state;
	config.max_retransmissions = 3;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	nbl = send_data(h, &c, 1000);
	for (i = 0; i < 30; i++)
		pass_after(h, 200 * MS);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 3);
	up = up_expect(h, FLUE_UP_EVENT);
	assert_int_equal(up.arg0, FLUE_TCP_INDICATE_RETRIEVE);
	assert_int_equal(up.arg1, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	assert_true(up.handle == c.handle_ref);
	(void)drain_sent(h, &c);
	/* No more processing: segments go up as they are. */
	peer(h, &c, TCP_ACK, 0, 1000, NULL, 0, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	sent_none(h);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->retransmit_count, 3);
	assert_true(c.block->net_buffer_list_chain == nbl);
	harness_free(h);
}

RULE("T-83")
RULE("T-88")
RULE("9293/MUST-61")
static void
sends_go_out_in_order_and_push_where_the_queue_empties(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;
	flue_ref a = nbl_new(h, stream, 700, 4);
	flue_ref b = nbl_new(h, stream + 700, 1, 1);
	flue_ref d = nbl_new(h, stream + 701, 300, 5);
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	nbl_link(h, a, b);
	submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
	submit(h, FLUE_SUB_SEND, c.token, d, 0, 0);
	poll_engine(h);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 1001);
	assert_int_equal(s.flags, TCP_ACK | TCP_PSH);
	assert_memory_equal(s.payload, stream, 1001);
	assert_false(s.lent);
	sent_none(h);
	/* Half of the first chain: its first NBL comes back, its credit does not. */
	ack(h, &c, 700, 65535);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(up.arg0, 0);
	assert_int_equal(nbl_at(h, a)->next, 0);
	ack(h, &c, 1001, 65535);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == b);
	assert_int_equal(up.arg0, 2);
	assert_true(nbl_at(h, b)->next == d);
	finish(h, &c);
}

RULE("T-34")
static void
a_send_completes_only_when_the_port_has_let_go_of_it(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->port->keep_tx = true;
	(void)send_data(h, &c, 1000);
	s = sent_expect(h, &c);
	assert_true(s.lent);
	ack(h, &c, 1000, 65535);
	pass_after(h, MS);
	up_none(h);
	terminate_submit(h, &c);
	pass_after(h, MS);
	up_none(h);
	h->port->keep_tx = false;
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	harness_free(h);
}

static void
a_slow_port_delays_and_loses_nothing(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;
	uint32_t at = 0;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	object(h, &c)->cc.cwnd = 60000;
	h->port->tx_limit = 0;
	(void)send_data(h, &c, 50000);
	sent_none(h);
	for (i = 0; i < 100; i++) {
		h->port->tx_limit = 1;
		poll_engine(h);
	}
	while (sent_next(h, &c, &s)) {
		assert_int_equal(s.seq, at);
		assert_memory_equal(s.payload, stream + at, s.len);
		at += s.len;
	}
	assert_int_equal(at, 50000);
	h->port->tx_limit = UINT_MAX;
	finish(h, &c);
}

static void
without_packets_data_and_acks_wait(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	struct seen s;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->port->no_alloc = true;
	(void)send_data(h, &c, 1000);
	peer(h, &c, TCP_ACK, 0, 0, stream, 500, 65535);
	pass_after(h, MS);
	sent_none(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	h->port->no_alloc = false;
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 1000);
	assert_int_equal(s.ack, 500);
	sent_none(h);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	finish(h, &c);
}

static void
connections_take_turns(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[4] = { 0 };
	unsigned i;
	unsigned count[4] = { 0 };

	(void)state;
	for (i = 0; i < 4; i++)
		connect_at(h, &c[i], i * 1000, 1);
	for (i = 0; i < 4; i++) {
		h->e->conns[(uint32_t)c[i].token].cc.cwnd = 1 << 20;
		h->e->conns[(uint32_t)c[i].token].snd_wnd = 1 << 20;
		h->e->conns[(uint32_t)c[i].token].since_ms = h->e->now_ms;
		submit(h, FLUE_SUB_SEND, c[i].token, nbl_new(h, stream, 100000, 1), 0, 0);
	}
	poll_engine(h);
	assert_int_equal(h->port->sent_count, FLUE_TX_PER_PASS);
	for (i = 0; i < h->port->sent_count; i++)
		count[flue_load16be(h->port->sent[i].bytes + tcp_at(&c[0]) + 2) - c[0].port]++;
	for (i = 0; i < 4; i++)
		assert_int_equal(count[i], 16);
	h->port->seen = h->port->sent_count;
	for (i = 0; i < 4; i++) {
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
		h->port->seen = h->port->sent_count;
	}
	harness_free(h);
}

/** Of thousands that wait one at most is looked at in vain, which then goes to the end of the line; and the
 *  ACK that one owes is no packet more. */
static void
who_waits_for_a_packet_stands_in_line_and_keeps_its_ack(void **state)
{
	static const unsigned order[] = { 3, 1, 2, 0 };
	struct harness *h = harness_new(NULL, 0);
	struct conn c[4] = { 0 };
	struct flue_up up;
	struct seen s;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++)
		connect_at(h, &c[i], i * 1000, 1);
	h->port->no_alloc = true;
	for (i = 0; i < 4; i++)
		submit(h, FLUE_SUB_SEND, c[order[i]].token, nbl_new(h, stream, 100, 1), 0, 0);
	poll_engine(h);
	peer(h, &c[1], TCP_ACK, 0, 0, stream, 500, 65535);
	for (i = 0; i < 60; i++)
		pass_after(h, MS);
	sent_none(h);
	assert_int_equal(h->e->ready_tail - h->e->ready_head, 0);
	assert_int_equal(h->e->senders_tail - h->e->senders_head, 4);
	if (flue_engine_broken(h->e) != NULL)
		fail_msg("%s", flue_engine_broken(h->e));
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	h->port->no_alloc = false;
	pass_after(h, MS);
	for (i = 0; i < 4; i++) {
		unsigned next = order[(i + 1) % 4];

		s = sent_expect(h, &c[next]);
		assert_int_equal(s.len, 100);
		assert_int_equal(s.ack, next == 1 ? 500 : 0);
	}
	sent_none(h);
	verdict(h, &c[1], up.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-86")
RULE("T-145")
static void
a_used_up_pool_asks_for_upload_and_keeps_the_order(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a;
	flue_ref b;
	flue_ref d;

	(void)state;
	config.max_sends = 4;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	a = nbl_new(h, stream, 100, 3);
	b = nbl_new(h, stream, 100, 2);
	d = nbl_new(h, stream, 100, 1);
	submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
	submit(h, FLUE_SUB_SEND, c.token, b, 0, 0);
	submit(h, FLUE_SUB_SEND, c.token, d, 0, 0);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_EVENT);
	assert_int_equal(up.arg1, FLUE_UPLOAD_UPLOAD_REQUESTED);
	up_none(h);
	assert_int_equal(flue_engine_held(h->e, 4), 3);
	terminate_submit(h, &c);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == b);
	assert_int_equal(up.arg0, 3);
	assert_int_equal(nbl_at(h, b)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_int_equal(nbl_at(h, b)->bytes_transferred, 0);
	assert_true(nbl_at(h, b)->next == d);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_true(c.block->net_buffer_list_chain == a);
	harness_free(h);
}

static void
checksums_can_be_left_to_the_port(void **state)
{
	struct harness *h = harness_new(NULL, FLUE_PORT_TX_CSUM | FLUE_PORT_RX_CSUM);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_data(h, &c, 3001);
	assert_int_equal(drain_sent(h, &c), 3001);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(congestion_and_send_window_bound_what_is_in_flight),
		cmocka_unit_test(congestion_avoidance_adds_one_segment_a_window),
		cmocka_unit_test(slow_start_counts_bytes_and_starts_again_after_a_pause),
		cmocka_unit_test(a_timeout_goes_back_and_backs_off),
		cmocka_unit_test(an_ack_beyond_snd_nxt_after_a_timeout_is_taken),
		cmocka_unit_test(a_late_timer_looks_at_what_arrived_first),
		cmocka_unit_test(after_the_last_retransmission_the_connection_asks_for_upload),
		cmocka_unit_test(sends_go_out_in_order_and_push_where_the_queue_empties),
		cmocka_unit_test(a_send_completes_only_when_the_port_has_let_go_of_it),
		cmocka_unit_test(a_slow_port_delays_and_loses_nothing),
		cmocka_unit_test(without_packets_data_and_acks_wait),
		cmocka_unit_test(connections_take_turns),
		cmocka_unit_test(who_waits_for_a_packet_stands_in_line_and_keeps_its_ack),
		cmocka_unit_test(a_used_up_pool_asks_for_upload_and_keeps_the_order),
		cmocka_unit_test(checksums_can_be_left_to_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
