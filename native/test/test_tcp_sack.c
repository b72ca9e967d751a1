/* SPDX-License-Identifier: Apache-2.0 */

/* Recovery with SACK: what the blocks tell, what is lost, and at what pace it is sent again. */

#include "support/in_flight.h"

/** Segments 0, 3 and 6 of 10 are lost: each is sent once more, nothing else is, without a timeout. */
RULE("2018/5")
RULE("6675/4")
static void
each_hole_is_sent_again_once(void **state)
{
	static const uint32_t holes[] = { 3, 6 };

	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		in_flight(h, &c, n, 10);
		sack(h, &c, 0, 1 * SEG, 2 * SEG);
		sack(h, &c, 0, 1 * SEG, 3 * SEG);
		sent_none(h);
		sack(h, &c, 0, 4 * SEG, 5 * SEG);
		/* Three segments behind it have arrived (and no reordering was ever seen). */
		one_segment(h, &c, 0);
		assert_int_equal(object(h, &c)->loss, LOSS_BOARD | LOSS_FAST);
		assert_int_equal(object(h, &c)->cc.ssthresh, 5 * SEG);
		assert_int_equal(episode(h, &c)->board.lost, 2 * SEG);
		/* Pace: a segment for every other that arrives, up to the threshold. */
		sack(h, &c, 0, 4 * SEG, 6 * SEG);
		sent_none(h);
		sack(h, &c, 0, 7 * SEG, 8 * SEG);
		segments(h, &c, holes, 2);
		sack(h, &c, 0, 7 * SEG, 9 * SEG);
		sack(h, &c, 0, 7 * SEG, 10 * SEG);
		sent_none(h);
		pass_after(h, 15 * MS);
		ack(h, &c, 3 * SEG, 65535);
		ack(h, &c, 6 * SEG, 65535);
		sent_none(h);
		assert_true(object(h, &c)->loss & LOSS_FAST);
		ack(h, &c, 10 * SEG, 65535);
		/* Over: the window is the threshold, and the record is back. */
		assert_int_equal(object(h, &c)->loss, 0);
		assert_int_equal(object(h, &c)->cc.cwnd, 5 * SEG);
		assert_int_equal(flue_engine_held(h->e, 9), 0);
		assert_int_equal(flue_engine_held(h->e, 10), 0);
		assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 3);
		assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
		assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 1);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		finish(h, &c);
	}
}

/** What was sent again may get lost again: something that was sent later tells (RFC 8985 6.2). */
static void
a_retransmission_that_is_lost_is_sent_again_without_a_timeout(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	in_flight(h, &c, 2, 10);
	(void)send_data(h, &c, 20 * SEG); /* new data, which tells of it */
	(void)drain_sent(h, &c);
	sack(h, &c, 0, 1 * SEG, 5 * SEG);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	(void)drain_sent(h, &c);
	sack(h, &c, 0, 1 * SEG, 9 * SEG); /* lets new data out: 10 and behind */
	sack(h, &c, 0, 1 * SEG, 10 * SEG);
	assert_true(drain_sent(h, &c) > 10 * SEG);
	pass_after(h, 25 * MS);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 1);
	sack(h, &c, 0, 1 * SEG, 11 * SEG);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 2);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
	/* One loss, one cut. */
	assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 1);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** The tail of what was in flight is lost, too: the retransmission that arrived was sent after it. */
static void
a_lost_tail_is_found_by_the_retransmission_before_it(void **state)
{
	static const uint32_t tail[] = { 8, 9 };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	in_flight(h, &c, 0, 10);
	sack(h, &c, 0, 1 * SEG, 8 * SEG);
	one_segment(h, &c, 0);
	pass_after(h, 20 * MS);
	ack(h, &c, 8 * SEG, 65535);
	pass_after(h, 6 * MS);
	segments(h, &c, tail, 2);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
	pass_after(h, 20 * MS);
	ack(h, &c, 10 * SEG, 65535);
	assert_int_equal(flue_engine_held(h->e, 9), 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** PRR: over a whole recovery about half as much leaves as arrives, spread over the round trip; at the
 *  end the window is the threshold (RFC 9937). */
RULE("6937/3")
static void
recovery_is_paced_by_what_arrives(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t most = 0;
	uint32_t before;
	uint32_t i;

	(void)state;
	in_flight(h, &c, 2, 20);
	(void)send_data(h, &c, 24 * SEG);
	(void)drain_sent(h, &c);
	sack(h, &c, 0, 1 * SEG, 4 * SEG);
	before = h->port->sent_count;
	for (i = 5; i <= 20; i++) {
		uint32_t sent = h->port->sent_count;

		sack(h, &c, 0, 1 * SEG, i * SEG);
		if (h->port->sent_count - sent > most)
			most = h->port->sent_count - sent;
	}
	assert_in_range(h->port->sent_count - before, 8, 10);
	assert_in_range(most, 1, 1); /* no bursts */
	(void)drain_sent(h, &c);
	ack(h, &c, 20 * SEG, 65535);
	assert_int_equal(object(h, &c)->cc.cwnd, 10 * SEG);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** When most of the window is gone what arrives paces less than the threshold allows: a segment more
 *  for each ACK that shows no new loss, never a burst (the bound of RFC 9937, slow start). */
RULE("6675/5")
static void
a_burst_of_losses_is_mended_in_slow_start(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t upto;
	struct seen s;

	(void)state;
	in_flight(h, &c, 1, 20);
	sack(h, &c, 0, 16 * SEG, 20 * SEG); /* 0 to 15 are lost */
	assert_int_equal(episode(h, &c)->board.lost, 16 * SEG);
	for (upto = 0; sent_next(h, &c, &s); upto++)
		assert_int_equal(s.seq, upto * SEG);
	assert_in_range(upto, 1, 5);
	while (upto < 16) {
		uint32_t acked = upto;

		pass_after(h, 19 * MS);
		sack(h, &c, acked * SEG, 16 * SEG, 20 * SEG);
		for (; sent_next(h, &c, &s); upto++)
			assert_int_equal(s.seq, upto * SEG);
		assert_true(upto > acked);
		assert_true(upto - acked <= 10);
	}
	pass_after(h, 19 * MS);
	ack(h, &c, 20 * SEG, 65535);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 16);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** After a timeout all that was not SACKed goes out again, in slow start, and nothing that was. */
RULE("9293/MUST-19")
static void
a_timeout_sends_only_what_the_peer_has_not(void **state)
{
	static const uint32_t first[] = { 0 };
	static const uint32_t second[] = { 2, 4 };
	static const uint32_t third[] = { 5 };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	in_flight(h, &c, 2, 6);
	h->e->params.tcp_duplicate_ack_threshold = 200;
	object(h, &c)->reo_seen = true;
	object(h, &c)->min_rtt = object(h, &c)->srtt8 = 8 * 400000; /* the timeout comes first */
	sack(h, &c, 0, 1 * SEG, 2 * SEG);
	sack(h, &c, 0, 3 * SEG, 4 * SEG);
	sent_none(h);
	pass_after(h, 200 * MS);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	assert_int_equal(object(h, &c)->cc.cwnd, SEG);
	segments(h, &c, first, 1);
	sack(h, &c, 2 * SEG, 3 * SEG, 4 * SEG);
	segments(h, &c, second, 2);
	sack(h, &c, 4 * SEG, 3 * SEG, 4 * SEG);
	segments(h, &c, third, 1);
	ack(h, &c, 6 * SEG, 65535);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 4);
	assert_int_equal(object(h, &c)->flags & CONN_RTO_RECOVERY, 0);
	assert_int_equal(object(h, &c)->rtx_count, 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** A peer that has thrown away what it told of (RFC 2018 8): the timeout finds SND.UNA SACKed, and
 *  believes nothing any more. */
RULE("2018/8")
static void
a_peer_that_reneges_gets_all_of_it_again(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	in_flight(h, &c, 2, 6);
	sack(h, &c, 0, 1 * SEG, 6 * SEG);
	one_segment(h, &c, 0);
	ack(h, &c, 1 * SEG, 65535); /* and no more: it has lost the rest */
	pass_after(h, 250 * MS);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	/* One after the other, and all of them: only what was sent again is acknowledged. */
	for (i = 1; i < 6;) {
		struct seen s = sent_expect(h, &c);

		do {
			assert_int_equal(s.seq, i * SEG);
			assert_memory_equal(s.payload, stream + s.seq, SEG);
			i++;
		} while (sent_next(h, &c, &s));
		ack(h, &c, i * SEG, 65535);
	}
	assert_int_equal(object(h, &c)->snd_una, c.iss + 6 * SEG);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** Blocks that cannot be say nothing: empty, the wrong way round, beyond what was sent, around
 *  SND.UNA, far below. */
static void
impossible_blocks_are_passed_over(void **state)
{
	static const uint32_t bad[][2] = { { 2 * SEG, 2 * SEG }, { 4 * SEG, 2 * SEG },
		{ 2 * SEG, 10 * SEG + 1 }, { 0, 3 * SEG }, { 20 * SEG, 30 * SEG },
		{ 0x80000000, 0x80000001 }, { SEG, SEG + 0x80000000 }, { 0xffff0000, 3 * SEG } };
	unsigned i;

	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		in_flight(h, &c, n, 10);
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			sack(h, &c, 0, bad[i][0], bad[i][1]);
		assert_int_equal(flue_engine_held(h->e, 9), 0);
		assert_int_equal(flue_engine_held(h->e, 10), 0);
		assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 0);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

/** Karn: an ACK of what was sent twice is no measurement, however SACK tells of it. */
RULE("9293/MUST-18")
static void
what_was_sent_twice_is_not_timed(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t srtt8;

	(void)state;
	in_flight(h, &c, 0, 10);
	sack(h, &c, 0, 1 * SEG, 5 * SEG);
	one_segment(h, &c, 0);
	srtt8 = object(h, &c)->srtt8;
	pass_after(h, 100 * MS);
	ack(h, &c, 10 * SEG, 65535);
	assert_int_equal(object(h, &c)->srtt8, srtt8);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** A closed window is no loss: the board goes, and the probes of RFC 9293 begin. */
static void
a_window_that_closes_ends_the_episode(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int ms;

	(void)state;
	in_flight(h, &c, 2, 10);
	sack(h, &c, 0, 1 * SEG, 2 * SEG);
	assert_int_equal(flue_engine_held(h->e, 9), 1);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
	for (ms = 0; ms < 250; ms++)
		pass_after(h, MS);
	assert_int_equal(flue_engine_held(h->e, 9), 0);
	assert_int_equal(flue_engine_held(h->e, 10), 0);
	assert_int_equal(counter(h, FLUE_CTR_PROBES), 1);
	(void)drain_sent(h, &c);
	ack(h, &c, 0, 65535);
	(void)drain_sent(h, &c);
	ack(h, &c, 10 * SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** The path has become narrower while segments were under way: they are lost, and what is sent again
 *  fits, by the probe, the board and the timeout alike. */
static void
what_is_sent_again_fits_a_path_that_became_narrower(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t upto = 0;
	struct seen s;
	int ms;

	(void)state;
	in_flight(h, &c, 2, 4);
	h->e->paths[object(h, &c)->path].mss = 600;
	for (ms = 0; ms < 300; ms++) {
		pass_after(h, MS);
		while (sent_next(h, &c, &s))
			assert_true(s.len > 0 && s.len <= 600);
	}
	assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 1);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	for (upto = 600; upto < 4 * SEG; upto += 600) {
		ack(h, &c, upto, 65535);
		while (sent_next(h, &c, &s))
			assert_true(s.len > 0 && s.len <= 600);
	}
	ack(h, &c, 4 * SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** The peer has taken its window back: what lies beyond is not sent again before it opens. */
static void
what_is_sent_again_stays_within_the_window(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	in_flight(h, &c, 2, 10);
	/* 0 and 2 are lost; the window ends within segment 0, then within segment 2. */
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 700);
	pass_after(h, MS);
	h->port->no_alloc = true; /* its window comes after the blocks */
	sack(h, &c, 0, SEG, 2 * SEG);
	sack(h, &c, 0, 3 * SEG, 6 * SEG);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 700);
	pass_after(h, MS);
	sent_none(h);
	h->port->no_alloc = false;
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	assert_int_equal(s.len, 700);
	sent_none(h);
	peer(h, &c, TCP_ACK, 0, 700, NULL, 0, (uint16_t)(2 * SEG + 100 - 700));
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 700);
	assert_int_equal(s.len, SEG - 700);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 2 * SEG);
	assert_int_equal(s.len, 100);
	sent_none(h);
	ack(h, &c, 10 * SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** A FIN that is lost goes out again with the last hole. */
static void
a_lost_fin_is_a_hole_like_others(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_sack(h, &c, 0xffffff00, 1);
	(void)send_data(h, &c, 5 * SEG);
	submit(h, FLUE_SUB_DISCONNECT, c.token, nbl_new(h, NULL, 0, 1), FLUE_DISCONNECT_GRACEFUL,
			0);
	poll_engine(h);
	assert_int_equal(drain_sent(h, &c), 5 * SEG);
	pass_after(h, 250 * MS);
	pass_after(h, 500 * MS);
	while (sent_next(h, &c, &s))
		;
	ack(h, &c, 4 * SEG, 65535);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 4 * SEG);
	assert_int_equal(s.flags & TCP_FIN, TCP_FIN);
	ack(h, &c, 5 * SEG + 1, 65535);
	assert_int_equal(flue_engine_held(h->e, 9), 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hole_is_sent_again_once),
		cmocka_unit_test(a_retransmission_that_is_lost_is_sent_again_without_a_timeout),
		cmocka_unit_test(a_lost_tail_is_found_by_the_retransmission_before_it),
		cmocka_unit_test(recovery_is_paced_by_what_arrives),
		cmocka_unit_test(a_burst_of_losses_is_mended_in_slow_start),
		cmocka_unit_test(a_timeout_sends_only_what_the_peer_has_not),
		cmocka_unit_test(a_peer_that_reneges_gets_all_of_it_again),
		cmocka_unit_test(impossible_blocks_are_passed_over),
		cmocka_unit_test(what_was_sent_twice_is_not_timed),
		cmocka_unit_test(a_window_that_closes_ends_the_episode),
		cmocka_unit_test(what_is_sent_again_fits_a_path_that_became_narrower),
		cmocka_unit_test(what_is_sent_again_stays_within_the_window),
		cmocka_unit_test(a_lost_fin_is_a_hole_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
