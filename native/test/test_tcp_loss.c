/* SPDX-License-Identifier: Apache-2.0 */

/* Duplicate ACKs: fast retransmit, NewReno recovery, limited transmit; the limits of giving up. */

#include "support/stream.h"
#include "tcp/bytes.h"

#include <string.h>

#define SEG 1460u

static void
duplicates(struct harness *h, struct conn *c, uint32_t of, unsigned n)
{
	while (n-- > 0)
		ack(h, c, of, 65535);
}

/** Exactly one segment was sent, and it is a full one at `seq`. */
static void
one_segment(struct harness *h, struct conn *c, uint32_t seq)
{
	struct seen s = sent_expect(h, c);

	assert_int_equal(s.seq, seq);
	assert_int_equal(s.len, SEG);
	assert_memory_equal(s.payload, stream + seq, SEG);
	sent_none(h);
}

/** Segments 0 and 3 of 10 are lost. */
RULE("3042/2")
RULE("5681/3.2")
RULE("6582/3.2")
static void
two_holes_are_mended_without_a_timeout(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_conn *o;
		struct seen s;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		o = object(h, &c);
		(void)send_data(h, &c, 100000);
		assert_int_equal(drain_sent(h, &c), 10 * SEG);
		/* Limited transmit: new data for the first two. */
		duplicates(h, &c, 0, 1);
		one_segment(h, &c, 10 * SEG);
		duplicates(h, &c, 0, 1);
		one_segment(h, &c, 11 * SEG);
		assert_int_equal(o->cc.cwnd, 10 * SEG);
		duplicates(h, &c, 0, 1);
		one_segment(h, &c, 0);
		assert_int_equal(o->cc.ssthresh, 5 * SEG);
		assert_int_equal(o->cc.cwnd, 8 * SEG);
		/* Each further one lets a segment in, once the window is inflated to what is out. */
		duplicates(h, &c, 0, 4);
		sent_none(h);
		duplicates(h, &c, 0, 1);
		one_segment(h, &c, 12 * SEG);
		assert_int_equal(o->cc.cwnd, 13 * SEG);
		/* A partial ACK: the next hole, and a window deflated by what is gone. */
		ack(h, &c, 3 * SEG, 65535);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 3 * SEG);
		assert_int_equal(s.len, SEG);
		assert_int_equal(o->cc.cwnd, 11 * SEG);
		one_segment(h, &c, 13 * SEG);
		/* All of it: out of recovery, without a burst. */
		ack(h, &c, 12 * SEG, 65535);
		assert_int_equal(o->cc.cwnd, 3 * SEG);
		assert_int_equal(o->cc.ssthresh, 5 * SEG);
		assert_int_equal(o->loss, 0);
		assert_int_equal(o->dup_acks, 0);
		one_segment(h, &c, 14 * SEG);
		assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
		assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 2);
		assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 1);
		(void)drain_sent(h, &c);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_ext(&c)->retransmits, 2);
		harness_free(h);
	}
}

RULE("T-8")
static void
the_host_says_how_many_duplicates_mean_a_loss(void **state)
{
	static const uint32_t thresholds[] = { 1, 2, 5 };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		h->e->params.tcp_duplicate_ack_threshold = thresholds[i];
		connect_at(h, &c, 1, 1);
		(void)send_data(h, &c, 10 * SEG);
		(void)drain_sent(h, &c);
		duplicates(h, &c, 0, thresholds[i] - 1);
		sent_none(h);
		duplicates(h, &c, 0, 1);
		one_segment(h, &c, 0);
		finish(h, &c);
	}
}

/** An ACK is a duplicate by five conditions (RFC 5681 section 2); each is missing once. */
static void
only_duplicates_count(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t buf[100];
	uint16_t win = 60000;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	duplicates(h, &c, 0, 4); /* nothing is in flight */
	(void)send_data(h, &c, 4000);
	assert_int_equal(drain_sent(h, &c), 4000);
	for (i = 0; i < 4; i++) { /* window updates */
		peer(h, &c, TCP_ACK, 0, 0, NULL, 0, win++);
		pass_after(h, MS);
	}
	for (i = 0; i < 4; i++) { /* data that comes from the other side */
		peer(h, &c, TCP_ACK, (uint32_t)i, 0, "d", 1, win);
		pass_after(h, MS);
		assert_int_equal(accept_data(h, &c, buf), 1);
	}
	assert_int_equal(object(h, &c)->dup_acks, 0);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 0);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

static void
answers_to_probes_are_no_duplicates(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	ack(h, &c, 0, 0);
	(void)send_data(h, &c, 5000);
	for (i = 0; i < 6; i++) {
		pass_after(h, 61 * SEC);
		assert_int_equal(sent_expect(h, &c).len, 1);
		ack(h, &c, 0, 0);
	}
	sent_none(h);
	assert_int_equal(object(h, &c)->dup_acks, 0);
	finish(h, &c);
}

/** RFC 6582: what a timeout sends again may have been there, and draws duplicates of the end. */
static void
duplicates_of_what_a_timeout_sent_twice_are_ignored(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 0xfffff000, 1);
	(void)send_data(h, &c, 100000);
	assert_int_equal(drain_sent(h, &c), 10 * SEG);
	pass_after(h, 250 * MS);
	one_segment(h, &c, 0);
	ack(h, &c, 10 * SEG, 65535);
	assert_int_equal(object(h, &c)->flags & CONN_RTO_RECOVERY, 0);
	(void)drain_sent(h, &c);
	duplicates(h, &c, 10 * SEG, 5);
	assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 0);
	/* Beyond that point they count again. */
	ack(h, &c, 11 * SEG, 65535);
	duplicates(h, &c, 11 * SEG, 3);
	assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 1);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** RFC 6582: with many holes the timer ends it; only the first partial ACK starts it again. */
static void
many_holes_end_in_a_timeout(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_data(h, &c, 10 * SEG);
	(void)drain_sent(h, &c);
	duplicates(h, &c, 0, 3);
	one_segment(h, &c, 0);
	for (i = 1; i <= 3; i++) {
		pass_after(h, 80 * MS);
		ack(h, &c, i * SEG, 65535);
		if (counter(h, FLUE_CTR_TIMEOUTS) == 0)
			one_segment(h, &c, i * SEG);
	}
	pass_after(h, 60 * MS);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	assert_int_equal(object(h, &c)->loss, 0);
	assert_int_equal(object(h, &c)->cc.cwnd, SEG);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** A FIN that is lost with the data goes out again with it. */
static void
a_lost_fin_is_found_by_duplicates_too(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	h->e->params.tcp_duplicate_ack_threshold = 2;
	connect_at(h, &c, 0xffffffff, 1);
	(void)send_data(h, &c, SEG);
	submit(h, FLUE_SUB_DISCONNECT, c.token, nbl_new(h, NULL, 0, 1), FLUE_DISCONNECT_GRACEFUL,
			0);
	poll_engine(h);
	assert_int_equal(drain_sent(h, &c), SEG);
	ack(h, &c, SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	duplicates(h, &c, SEG, 2);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, SEG);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.flags, TCP_ACK | TCP_FIN);
	sent_none(h);
	finish(h, &c);
}

/** Some givers say "no limit" with all bits set. */
static void
a_boundless_congestion_window_does_not_overflow(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_delegated(&c)->cwnd = UINT32_MAX;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	(void)send_data(h, &c, 50000);
	assert_int_equal(drain_sent(h, &c), 50000);
	duplicates(h, &c, 0, 2);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, stream, SEG, 1), 0, 0);
	pass_after(h, MS);
	assert_int_equal(drain_sent(h, &c), 50000 + SEG);
	duplicates(h, &c, 0, 4);
	assert_int_equal(sent_expect(h, &c).seq, 0);
	assert_in_range(object(h, &c)->cc.cwnd, 25000, 60000 + 10 * SEG);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** What is not sent for want of a packet is sent when there is one. */
static void
the_lost_segment_waits_for_a_packet(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_data(h, &c, 10 * SEG);
	(void)drain_sent(h, &c);
	h->port->no_alloc = true;
	duplicates(h, &c, 0, 3);
	sent_none(h);
	h->port->no_alloc = false;
	pass_after(h, MS);
	one_segment(h, &c, 0);
	finish(h, &c);
}

static void
recovery_survives_the_hand_over(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;

	(void)state;
	connect_at(h, &c, 0xfffff000, 1);
	(void)send_data(h, &c, 20 * SEG);
	assert_int_equal(drain_sent(h, &c), 10 * SEG);
	duplicates(h, &c, 0, 3);
	(void)drain_sent(h, &c);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->dup_ack_count, 3);
	assert_int_equal(tcp_ext(&c)->flags, FLUE_TCP_EXT_IN_RECOVERY);
	assert_int_equal(tcp_ext(&c)->recover, c.iss + 12 * SEG);
	c.handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	sent_none(h);
	o = object(h, &c);
	assert_int_equal(o->loss, LOSS_FAST);
	assert_int_equal(o->cc.cwnd, 8 * SEG);
	ack(h, &c, 4 * SEG, 65535);
	assert_int_equal(sent_expect(h, &c).seq, 4 * SEG);
	(void)drain_sent(h, &c);
	ack(h, &c, 12 * SEG, 65535);
	assert_int_equal(o->loss, 0);
	assert_in_range(o->cc.cwnd, 1, 5 * SEG);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** A segment with one SACK block: the timestamp option's place and length, another kind. */
static void
peer_sack(struct harness *h, struct conn *c, uint32_t seq, uint32_t upto, uint32_t left,
		uint32_t right, uint32_t len)
{
	uint32_t block[2] = { c->iss + left, c->iss + right };
	uint8_t frame[2048];
	uint32_t n = peer_frame(c, frame, TCP_ACK, seq, upto, stream + seq, len, 65535, block);
	uint8_t *tcp = frame + 14 + ((frame[14] >> 4) == 6 ? 40 : 20);
	uint32_t sum = flue_load16be(tcp + 16) + 0x0300u;

	assert_int_equal(tcp[22], 8);
	tcp[22] = 5;
	flue_store16be(tcp + 16, (uint16_t)((sum & 0xffff) + (sum >> 16)));
	inject(h, frame, n);
	pass_after(h, MS);
}

/** SACK was not agreed: the option is passed over, the rest counts. */
RULE("T-120")
static void
sack_blocks_are_passed_over(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t buf[2000];
	uint32_t i;

	(void)state;
	connect_at(h, &c, 0xfffff000, 1);
	(void)send_data(h, &c, 10 * SEG);
	assert_int_equal(drain_sent(h, &c), 10 * SEG);
	/* Data, an ACK and a window come with it. */
	peer_sack(h, &c, 0, SEG, 2 * SEG, 3 * SEG, 500);
	assert_int_equal(accept_data(h, &c, buf), 500);
	assert_memory_equal(buf, stream, 500);
	assert_int_equal(object(h, &c)->snd_una, c.iss + SEG);
	pass_after(h, 100 * MS);
	(void)drain_sent(h, &c);
	/* Duplicates mean what they mean without; what was only SACKed is not taken for received. */
	for (i = 0; i < 3; i++)
		peer_sack(h, &c, 500, SEG, 2 * SEG, (4 + i) * SEG, 0);
	one_segment(h, &c, SEG);
	peer_sack(h, &c, 500, 2 * SEG, 4 * SEG, 6 * SEG, 0);
	one_segment(h, &c, 2 * SEG);
	finish(h, &c);
}

RULE("T-8")
RULE("9293/MUST-20")
static void
the_host_says_how_often_a_segment_is_sent_again(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	h->e->params.tcp_maximum_retransmissions = 2;
	connect_at(h, &c, 1, 1);
	(void)send_data(h, &c, 1000);
	for (i = 0; i < 10; i++)
		pass_after(h, 200 * MS);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 2);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

RULE("T-9")
RULE("T-143")
RULE("9293/MUST-20")
RULE("9293/SHLD-10")
static void
doubt_about_the_path_is_the_hosts_to_settle(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_tcp_cached *cached;
	int i;

	(void)state;
	h->e->params.tcp_doubt_reachability_retransmissions = 3;
	conn_block(h, &c, 1, 1);
	cached = tcp_cached(&c);
	cached->max_rt = UINT32_MAX; /* never give up: a black hole is told all the same */
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	(void)send_data(h, &c, 1000);
	for (i = 0; i < 7; i++)
		pass_after(h, 200 * MS);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 3);
	up_none(h);
	for (i = 0; i < 10; i++)
		pass_after(h, 200 * MS);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 3);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

RULE("T-9")
RULE("9293/MUST-38")
static void
a_small_window_is_filled_after_the_hosts_time(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	h->e->params.tcp_sws_prevention_ticks = 700;
	connect_at(h, &c, 1, 1);
	ack(h, &c, 0, 100);
	(void)send_data(h, &c, 5000);
	pass_after(h, 690 * MS);
	sent_none(h);
	pass_after(h, 20 * MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 100);
	sent_none(h);
	finish(h, &c);
}

/** The receiving side: a peer that may send nothing hears of one segment's room, but not at once. */
RULE("T-9")
static void
a_window_that_opens_a_little_is_told_after_the_hosts_time(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint32_t i;

	(void)state;
	h->e->params.tcp_sws_prevention_ticks = 700;
	conn_block(h, &c, 1, 0xfffffff0);
	tcp_cached(&c)->initial_rcv_wnd = 10 * SEG;
	tcp_delegated(&c)->rcv_wnd = 10 * SEG;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	for (i = 0; i < 10; i++) {
		peer(h, &c, TCP_ACK, i * SEG, 0, stream + i * SEG, SEG, 65535);
		pass_after(h, MS);
	}
	pass_after(h, 100 * MS);
	assert_int_equal(drain_sent(h, &c), 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 1);
	pass_after(h, SEC);
	sent_none(h); /* a byte is not worth a word, ever */
	submit(h, FLUE_SUB_RECEIVE, c.token, nbl_new(h, NULL, SEG - 1, 1), 0, 0);
	pass_after(h, MS);
	pass_after(h, 690 * MS);
	sent_none(h);
	pass_after(h, 20 * MS);
	assert_int_equal(sent_expect(h, &c).win, SEG);
	sent_none(h);
	finish(h, &c);
}

RULE("T-68")
static void
the_silly_window_timer_is_not_handed_over(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	ack(h, &c, 0, 100);
	(void)send_data(h, &c, 5000);
	assert_int_equal(flue_engine_held(h->e, 7), 1);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->retransmit_timeout_delta, FLUE_TIMER_STOPPED);
	assert_int_equal(tcp_ext(&c)->retransmit_timeout_us, 0);
	assert_int_equal(flue_engine_held(h->e, 7), 0);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_holes_are_mended_without_a_timeout),
		cmocka_unit_test(the_host_says_how_many_duplicates_mean_a_loss),
		cmocka_unit_test(only_duplicates_count),
		cmocka_unit_test(answers_to_probes_are_no_duplicates),
		cmocka_unit_test(duplicates_of_what_a_timeout_sent_twice_are_ignored),
		cmocka_unit_test(many_holes_end_in_a_timeout),
		cmocka_unit_test(a_lost_fin_is_found_by_duplicates_too),
		cmocka_unit_test(a_boundless_congestion_window_does_not_overflow),
		cmocka_unit_test(the_lost_segment_waits_for_a_packet),
		cmocka_unit_test(recovery_survives_the_hand_over),
		cmocka_unit_test(sack_blocks_are_passed_over),
		cmocka_unit_test(the_host_says_how_often_a_segment_is_sent_again),
		cmocka_unit_test(doubt_about_the_path_is_the_hosts_to_settle),
		cmocka_unit_test(a_small_window_is_filled_after_the_hosts_time),
		cmocka_unit_test(a_window_that_opens_a_little_is_told_after_the_hosts_time),
		cmocka_unit_test(the_silly_window_timer_is_not_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
