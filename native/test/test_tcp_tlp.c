/* SPDX-License-Identifier: Apache-2.0 */

/* Tail loss probes (RFC 8985 section 7). SRTT is 20 ms unless a test says otherwise, the timeout at
 * least 200 ms. */

#include "support/stream.h"
#include "tcp/loss.h"

#include <string.h>

#define SEG 1460u

static void
sack_block(struct harness *h, struct conn *c)
{
	conn_block(h, c, 0xfffff000, 1);
	tcp_const(c)->flags |= FLUE_TCP_CONST_SACK;
}

/** `n` segments in flight, with a round-trip time of `rtt_ms`; nothing else to send. */
static struct harness *
in_flight(struct conn *c, unsigned n, uint16_t rtt_ms)
{
	struct harness *h = harness_new(NULL, 0);

	sack_block(h, c);
	tcp_delegated(c)->srtt = (uint16_t)(8 * rtt_ms);
	tcp_delegated(c)->rttvar = 4 * 50; /* the timeout is the round trip and 200 ms */
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	(void)send_data(h, c, n * SEG);
	assert_int_equal(drain_sent(h, c), n * SEG);
	return h;
}

/** Passes of a millisecond until something is sent. @return milliseconds */
static int
sent_after(struct harness *h)
{
	int ms;

	for (ms = 1; ms < 2000; ms++) {
		pass_after(h, MS);
		if (h->port->seen < h->port->sent_count)
			return ms;
	}
	fail_msg("nothing was sent");
	return 0;
}

/** The last two of five are lost: after two round trips the last goes out again, its ACK shows the
 *  other one, and no timeout is needed. */
RULE("8985/7")
static void
a_lost_tail_needs_no_timeout(void **state)
{
	struct conn c = { 0 };
	struct harness *h = in_flight(&c, 5, 20);
	struct seen s;

	(void)state;
	pass_after(h, 20 * MS);
	ack(h, &c, 3 * SEG, 65535);
	assert_in_range(sent_after(h), 38, 41);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 4 * SEG);
	assert_int_equal(s.len, SEG);
	sent_none(h);
	assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 1);
	assert_int_equal(object(h, &c)->cc.cwnd, 12 * SEG); /* as the ACK left it */
	pass_after(h, 20 * MS);
	sack(h, &c, 3 * SEG, 4 * SEG, 5 * SEG);
	assert_in_range(sent_after(h), 1, 6);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 3 * SEG);
	assert_true(object(h, &c)->loss & LOSS_FAST);
	pass_after(h, 20 * MS);
	ack(h, &c, 5 * SEG, 65535);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 2);
	assert_int_equal(object(h, &c)->loss, 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** Never before 10 ms; for one segment the delay of its ACK is waited for; two round trips else. */
RULE("8985/7")
static void
the_probe_waits_two_round_trips_and_ten_milliseconds_at_least(void **state)
{
	static const struct {
		unsigned segments;
		uint16_t rtt_ms;
		int from;
		int upto;
	} cases[] = { { 2, 20, 39, 42 }, { 2, 1, 9, 12 }, { 2, 4, 9, 12 }, { 2, 50, 99, 102 },
		/* 2 x 20 + 200 is more than the timeout's 220: that comes first */
		{ 1, 20, 219, 222 } };
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conn c = { 0 };
		struct harness *h = in_flight(&c, cases[i].segments, cases[i].rtt_ms);

		assert_in_range(sent_after(h), cases[i].from, cases[i].upto);
		assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), i == 4);
		assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), i != 4);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

/** Karn: what the probe sent again gives no sample. Of a single segment it waits for the delayed ACK. */
RULE("9293/MUST-18")
static void
what_the_probe_sent_again_is_not_timed(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t srtt8;

	(void)state;
	sack_block(h, &c);
	tcp_delegated(&c)->rttvar = 4 * 100; /* the timeout is 420 ms */
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	srtt8 = object(h, &c)->srtt8;
	(void)send_data(h, &c, SEG);
	(void)drain_sent(h, &c);
	assert_in_range(sent_after(h), 239, 242);
	assert_int_equal(sent_expect(h, &c).seq, 0);
	assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 1);
	pass_after(h, 20 * MS);
	ack(h, &c, SEG, 65535);
	assert_int_equal(object(h, &c)->srtt8, srtt8);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** Something new tells as much, and is of use: even beyond the congestion window. */
static void
the_probe_is_new_data_where_there_is_some(void **state)
{
	struct conn c = { 0 };
	struct harness *h = in_flight(&c, 10, 20);
	struct seen s;

	(void)state;
	(void)send_data(h, &c, 3 * SEG);
	sent_none(h); /* the window is full */
	assert_in_range(sent_after(h), 39, 42);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 10 * SEG);
	assert_int_equal(s.len, SEG);
	sent_none(h);
	assert_int_equal(object(h, &c)->snd_max, c.iss + 11 * SEG);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 0);
	ack(h, &c, 11 * SEG, 65535);
	assert_int_equal(object(h, &c)->loss, 0);
	assert_int_equal(object(h, &c)->flags & CONN_DUP_ACKS, 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** One probe; then the timeout, counted from the probe. */
RULE("6298/5")
static void
there_is_one_probe_and_then_the_timeout(void **state)
{
	struct conn c = { 0 };
	struct harness *h = in_flight(&c, 3, 20);
	struct seen s;

	(void)state;
	assert_in_range(sent_after(h), 39, 42);
	assert_int_equal(sent_expect(h, &c).seq, 2 * SEG);
	assert_in_range(sent_after(h), 219, 222);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	assert_in_range(sent_after(h), 438, 443); /* doubled, and no probe in between */
	assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 1);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** What is sent later starts the wait anew: its ACK cannot have come yet. */
static void
new_data_starts_the_wait_anew(void **state)
{
	struct conn c = { 0 };
	struct harness *h = in_flight(&c, 2, 20);

	(void)state;
	pass_after(h, 30 * MS);
	(void)send_data(h, &c, SEG);
	assert_int_equal(drain_sent(h, &c), 3 * SEG);
	assert_in_range(sent_after(h), 39, 42);
	assert_int_equal(sent_expect(h, &c).seq, 2 * SEG);
	finish(h, &c);
}

/** It waits for 10 ms from what was sent last, not from the millisecond in which that was. */
RULE("8985/7")
static void
a_wait_from_within_a_millisecond_is_no_shorter(void **state)
{
	struct conn c = { 0 };
	struct harness *h = in_flight(&c, 2, 1);

	(void)state;
	pass_after(h, 5 * MS + MS / 10 * 9);
	(void)send_data(h, &c, SEG);
	assert_int_equal(drain_sent(h, &c), 3 * SEG);
	pass_after(h, 10 * MS - MS / 10);
	assert_int_equal(h->port->seen, h->port->sent_count);
	assert_in_range(sent_after(h), 1, 2);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** Without SACK its answer would tell nothing; the chimney's timers are another specification's. */
static void
without_sack_and_in_the_chimney_profile_there_is_none(void **state)
{
	struct flue_engine_config config = harness_config();
	unsigned i;

	(void)state;
	config.chimney_profile = 1;
	for (i = 0; i < 2; i++) {
		struct harness *h = harness_new(i == 0 ? NULL : &config, 0);
		struct conn c = { 0 };

		sack_block(h, &c);
		if (i == 0)
			tcp_const(&c)->flags &= (uint8_t)~FLUE_TCP_CONST_SACK;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		pass_after(h, 200 * MS);
		(void)send_data(h, &c, 3 * SEG);
		assert_int_equal(drain_sent(h, &c), 3 * SEG);
		assert_in_range(sent_after(h), 195, 305);
		assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 0);
		assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

enum answer {
	TWICE,     /* a DSACK of the probe */
	DUPLICATE, /* the same ACK again, without blocks */
	REPAIRED,  /* more is acknowledged, and nobody has said that it came twice */
};

/** Did the probe repair a loss? Then the window is cut as for any loss (RFC 8985 7.4). */
static void
the_answer_tells_whether_the_probe_repaired_a_loss(void **state)
{
	static const enum answer answers[] = { TWICE, DUPLICATE, REPAIRED };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		const uint32_t probe[1][2] = { { 2 * SEG, 3 * SEG } };
		struct conn c = { 0 };
		struct harness *h = in_flight(&c, 3, 20);
		struct flue_conn *o = object(h, &c);
		uint32_t cwnd;

		assert_in_range(sent_after(h), 39, 42);
		(void)drain_sent(h, &c);
		ack(h, &c, 3 * SEG, 65535);
		assert_true(o->loss & LOSS_TLP);
		cwnd = o->cc.cwnd;
		if (answers[i] == TWICE)
			sack_at(h, &c, 3 * SEG, probe, 1, 0);
		else if (answers[i] == DUPLICATE)
			ack(h, &c, 3 * SEG, 65535);
		pass_after(h, MS);
		assert_int_equal(o->loss & LOSS_TLP, answers[i] == REPAIRED ? LOSS_TLP : 0);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		(void)send_data(h, &c, 2 * SEG);
		(void)drain_sent(h, &c);
		ack(h, &c, 5 * SEG, 65535);
		if (answers[i] == REPAIRED) {
			assert_true(o->cc.ssthresh < cwnd);
			assert_true(o->cc.cwnd <= o->cc.ssthresh + SEG);
		} else {
			assert_true(o->cc.cwnd >= cwnd);
			assert_int_equal(o->cc.ssthresh, 0x7fffffff);
		}
		assert_int_equal(o->loss, 0);
		/* The probe's DSACK is no sign of reordering. */
		assert_int_equal(object(h, &c)->reo_mult, 0);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		finish(h, &c);
	}
}

/** A probe out at the hand-over is remembered: the other side sends no second one, and knows what its
 *  answer means. */
static void
a_probe_survives_the_hand_over(void **state)
{
	struct conn c = { 0 };
	struct harness *h = in_flight(&c, 3, 20);

	(void)state;
	assert_in_range(sent_after(h), 39, 42);
	(void)drain_sent(h, &c);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_ext(&c)->flags, FLUE_TCP_EXT_TLP | FLUE_TCP_EXT_TLP_RETRANS);
	assert_int_equal(tcp_ext(&c)->tlp_end, c.iss + 3 * SEG);
	c.handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_true(object(h, &c)->loss & LOSS_TLP_OLD);
	assert_in_range(sent_after(h), 215, 223);
	assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 1);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** Without a packet there is no probe; the timeout comes all the same. */
static void
a_probe_that_finds_no_packet_is_left_out(void **state)
{
	struct conn c = { 0 };
	struct harness *h = in_flight(&c, 3, 20);
	int ms;

	(void)state;
	h->port->no_alloc = true;
	for (ms = 0; ms < 50; ms++)
		pass_after(h, MS);
	assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 0);
	assert_int_equal(flue_engine_held(h->e, 9), 0);
	h->port->no_alloc = false;
	assert_in_range(sent_after(h), 1, 250);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_tail_needs_no_timeout),
		cmocka_unit_test(the_probe_waits_two_round_trips_and_ten_milliseconds_at_least),
		cmocka_unit_test(what_the_probe_sent_again_is_not_timed),
		cmocka_unit_test(the_probe_is_new_data_where_there_is_some),
		cmocka_unit_test(there_is_one_probe_and_then_the_timeout),
		cmocka_unit_test(new_data_starts_the_wait_anew),
		cmocka_unit_test(a_wait_from_within_a_millisecond_is_no_shorter),
		cmocka_unit_test(without_sack_and_in_the_chimney_profile_there_is_none),
		cmocka_unit_test(the_answer_tells_whether_the_probe_repaired_a_loss),
		cmocka_unit_test(a_probe_survives_the_hand_over),
		cmocka_unit_test(a_probe_that_finds_no_packet_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
