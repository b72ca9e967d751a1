/* SPDX-License-Identifier: Apache-2.0 */

/* Where nothing was lost: the reordering window of RACK, and the way back from a recovery that was for
 * nothing. */

#include "support/in_flight.h"

/** With fewer than three segments behind the hole it is the reordering window that says: a quarter of
 *  the shortest round trip after the first of them (RFC 8985 6.2). */
RULE("8985/6")
static void
two_behind_a_hole_are_enough_after_the_reordering_window(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int ms;

	(void)state;
	in_flight(h, &c, 2, 3);
	sack(h, &c, 0, 1 * SEG, 2 * SEG); /* a millisecond has passed afterwards */
	sack(h, &c, 0, 1 * SEG, 3 * SEG);
	for (ms = 2; ms < 5; ms++) {
		sent_none(h);
		pass_after(h, MS);
	}
	pass_after(h, MS);
	one_segment(h, &c, 0);
	assert_true(object(h, &c)->loss & LOSS_FAST);
	ack(h, &c, 3 * SEG, 65535);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 0);
	assert_int_equal(object(h, &c)->loss, 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** Reordering by less than the window costs nothing, and teaches patience: the number of segments
 *  does not count any more. */
RULE("8985/6")
static void
reordering_is_no_loss(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	in_flight(h, &c, 1, 20);
	sack(h, &c, 0, 1 * SEG, 3 * SEG);
	pass_after(h, 2 * MS);
	ack(h, &c, 3 * SEG, 65535); /* segment 0 came late */
	assert_true(object(h, &c)->reo_seen);
	assert_int_equal(object(h, &c)->loss, 0);
	sack(h, &c, 3 * SEG, 4 * SEG, 14 * SEG);
	pass_after(h, 2 * MS);
	sent_none(h);
	ack(h, &c, 14 * SEG, 65535);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 0);
	assert_true(object(h, &c)->cc.cwnd >= 20 * SEG);
	/* Longer than the window: lost. */
	sack(h, &c, 14 * SEG, 15 * SEG, 19 * SEG);
	sent_none(h);
	pass_after(h, 5 * MS);
	one_segment(h, &c, 14 * SEG);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** Reordering beyond the window looks like loss. The peer tells that what was sent again came twice
 *  (RFC 2883): the windows are as before, and the reordering window is wider. */
static void
dsack_of_all_that_was_sent_again_restores_the_window(void **state)
{
	static const uint32_t twice[1][2] = { { 0, SEG } };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;

	(void)state;
	in_flight(h, &c, 2, 10);
	o = object(h, &c);
	sack(h, &c, 0, 1 * SEG, 5 * SEG);
	one_segment(h, &c, 0);
	assert_int_equal(o->cc.ssthresh, 5 * SEG);
	ack(h, &c, 10 * SEG, 65535);
	assert_int_equal(o->cc.cwnd, 5 * SEG);
	sack_at(h, &c, 10 * SEG, twice, 1, 0);
	pass_after(h, MS);
	assert_int_equal(counter(h, FLUE_CTR_UNDONE), 1);
	assert_true(o->cc.cwnd >= 10 * SEG);
	assert_true(o->cc.ssthresh > 10 * SEG);
	assert_int_equal(object(h, &c)->reo_mult, 2);
	assert_int_equal(object(h, &c)->reo_persist, 16);
	/* The same again tells nothing new. */
	sack_at(h, &c, 10 * SEG, twice, 1, 0);
	pass_after(h, MS);
	assert_int_equal(counter(h, FLUE_CTR_UNDONE), 1);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** 16 recoveries later the wider window is forgotten (RFC 8985 6.2 step 4). */
static void
the_wider_reordering_window_is_forgotten_after_sixteen_recoveries(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;
	uint32_t at = 10 * SEG;
	unsigned i;

	(void)state;
	in_flight(h, &c, 1, 10);
	o = object(h, &c);
	o->reo_mult = 3;
	o->reo_persist = 16;
	ack(h, &c, at, 65535);
	for (i = 0; i < 16; i++) {
		assert_int_equal(o->reo_mult, 3);
		object(h, &c)->cc.cwnd = 10 * SEG;
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		(void)send_data(h, &c, 5 * SEG);
		pass_after(h, 20 * MS);
		sack(h, &c, at, at + SEG, at + 5 * SEG);
		at += 5 * SEG;
		ack(h, &c, at, 65535);
		assert_int_equal(object(h, &c)->loss, 0);
	}
	assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 16);
	assert_int_equal(o->reo_mult, 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** DSACKs of one round trip are one sign of reordering (RFC 8985 6.2 step 4). */
static void
the_reordering_window_grows_once_a_round_trip(void **state)
{
	static const uint32_t twice[1][2] = { { 0, SEG } };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	in_flight(h, &c, 2, 10);
	sack(h, &c, 0, 1 * SEG, 5 * SEG);
	one_segment(h, &c, 0);
	for (i = 0; i < 3; i++) {
		sack_at(h, &c, 5 * SEG, twice, 1, 0);
		pass_after(h, MS);
		assert_int_equal(object(h, &c)->reo_mult, 2);
	}
	ack(h, &c, 10 * SEG, 65535);
	sack_at(h, &c, 10 * SEG, twice, 1, 0);
	pass_after(h, MS);
	assert_int_equal(object(h, &c)->reo_mult, 3);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** Eifel (RFC 3522, 4015): the echo is older than what was sent again, so the original arrived. After
 *  a timeout nothing more is sent again then. */
static void
an_old_echo_undoes_a_timeout(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { .ts = true };
	struct flue_conn *o;
	uint32_t first;
	struct seen s;

	(void)state;
	connect_sack(h, &c, 0xfffff000, 1);
	o = object(h, &c);
	(void)send_data(h, &c, 10 * SEG);
	first = sent_expect(h, &c).tsval;
	assert_int_equal(drain_sent(h, &c), 10 * SEG);
	pass_after(h, 20 * MS); /* the probe is not what this is about */
	o->loss |= LOSS_TLP;
	o->flags |= CONN_DUP_ACKS;
	h->e->extras[o->extra].tlp_end = o->snd_max;
	pass_after(h, 250 * MS);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	sent_none(h);
	assert_int_equal(o->cc.cwnd, o->mss);
	/* All ACKs come late, with the echo of the originals. */
	sack_at(h, &c, 2 * o->mss, NULL, 0, first);
	pass_after(h, MS);
	sent_none(h);
	assert_int_equal(counter(h, FLUE_CTR_UNDONE), 1);
	assert_int_equal(o->flags & CONN_RTO_RECOVERY, 0);
	assert_int_equal(o->rtx_count, 0);
	assert_true(o->cc.cwnd >= 14600);
	sack_at(h, &c, 10 * SEG, NULL, 0, first);
	pass_after(h, MS);
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 1);
	assert_int_equal(flue_engine_held(h->e, 9), 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_behind_a_hole_are_enough_after_the_reordering_window),
		cmocka_unit_test(reordering_is_no_loss),
		cmocka_unit_test(dsack_of_all_that_was_sent_again_restores_the_window),
		cmocka_unit_test(the_wider_reordering_window_is_forgotten_after_sixteen_recoveries),
		cmocka_unit_test(the_reordering_window_grows_once_a_round_trip),
		cmocka_unit_test(an_old_echo_undoes_a_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
