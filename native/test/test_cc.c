/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of congestion control by themselves, against what their RFCs say in real numbers. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rule.h"
#include "tcp/cc.h"
#include "tcp/seq.h"

#define MSS 1460

/** One sender: a window that is always full, and time. */
struct sender {
	const struct flue_cc_ops *ops;
	struct flue_cc cc;
	struct flue_cc_memory m;
	struct flue_cc_view v;
};

static struct sender
sender(const struct flue_cc_ops *ops, uint32_t segments, uint32_t rtt_us)
{
	return (struct sender){
		.ops = ops,
		.cc = { segments * MSS, UINT32_MAX },
		.v = { .mss = MSS, .now_us = 0xfff00000, .rtt_us = rtt_us, .wnd = UINT32_MAX },
	};
}

/** A segment of a full window is lost, and sent again. */
static void
lose(struct sender *s)
{
	s->v.flight = s->cc.cwnd;
	s->ops->on_loss(&s->cc, &s->m, &s->v);
	s->cc.cwnd = s->cc.ssthresh;
}

/** A window of data is acknowledged, `each` bytes at a time; a round trip passes. */
static void
round_trip(struct sender *s, uint32_t each)
{
	uint32_t left = s->cc.cwnd;

	while (left > 0) {
		uint32_t n = left < each ? left : each;

		s->ops->on_ack(&s->cc, &s->m, &s->v, n);
		left -= n;
	}
	s->v.now_us += s->v.rtt_us;
}

static double
segments(const struct sender *s)
{
	return (double)s->cc.cwnd / MSS;
}

static void
assert_within(double is, double should, double off)
{
	if (fabs(is - should) > off)
		fail_msg("%f is more than %f from %f", is, off, should);
}

/* ---- CUBIC ---------------------------------------------------------------------------------- */

static double
cubic_k(double w_max, double cwnd_epoch)
{
	return cbrt((w_max - cwnd_epoch) / 0.4);
}

/** For 60 seconds, through the plateau, whatever the peer makes of ACKs. */
RULE("9438/4")
static void
cubic_follows_its_curve(void **state)
{
	static const uint32_t each[] = { MSS, 2 * MSS, 333, 40 * MSS };
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct sender s = sender(&flue_cc_cubic, 1000, 200000);
		double k = cubic_k(1000, 700);
		double t = 0;

		lose(&s);
		assert_int_equal(s.cc.cwnd, 700 * MSS);
		while (t < 60) {
			double goal;

			round_trip(&s, each[i]);
			t += 0.2;
			goal = 0.4 * pow(t - k, 3) + 1000;
			assert_within(segments(&s), goal, 1);
		}
		assert_true(segments(&s) > 50000);
	}
}

/** Where a window is small or a round trip short it is as fast as Reno: 9/17 segment a round trip up to
 *  where it was, one from there (RFC 9438 4.3). */
RULE("9438/4")
static void
cubic_is_never_slower_than_reno(void **state)
{
	struct sender s = sender(&flue_cc_cubic, 20, 10000);
	double est = 14;
	int i;

	(void)state;
	lose(&s);
	for (i = 0; i < 40; i++) {
		double k = cubic_k(20, 14);
		double cubic = 0.4 * pow((i + 1) * 0.01 - k, 3) + 20;

		est += est >= 20 ? 1 : 9.0 / 17;
		round_trip(&s, MSS);
		assert_within(segments(&s), cubic > est ? cubic : est, 1);
	}
	assert_true(segments(&s) > 40);
}

RULE("9438/4")
static void
cubic_makes_room_for_others(void **state)
{
	struct sender s = sender(&flue_cc_cubic, 100, 100000);

	(void)state;
	lose(&s);
	assert_int_equal(s.m.word[FLUE_CC_CUBIC_W_MAX], 100 * MSS);
	assert_int_equal(s.cc.ssthresh, 70 * MSS);
	assert_int_equal(s.m.word[FLUE_CC_CUBIC_PRIOR], 100 * MSS);
	/* Lost again below where it was: somebody else is there now. */
	lose(&s);
	assert_int_equal(s.m.word[FLUE_CC_CUBIC_W_MAX], 70 * MSS * 17 / 20);
	assert_int_equal(s.cc.ssthresh, 49 * MSS);
	/* What is in flight is what counts, and two segments are the least. */
	s.v.flight = 2 * MSS;
	s.ops->on_loss(&s.cc, &s.m, &s.v);
	assert_int_equal(s.cc.ssthresh, 2 * MSS);
}

/** After a timeout, and when no loss has been seen yet, the curve begins here: K = 0 (RFC 9438 4.2,
 *  4.8). */
RULE("9438/4")
static void
cubic_starts_from_here_after_a_timeout(void **state)
{
	struct sender s = sender(&flue_cc_cubic, 1000, 200000);
	double t;

	(void)state;
	s.v.flight = s.cc.cwnd;
	s.ops->on_timeout(&s.cc, &s.m, &s.v);
	assert_int_equal(s.cc.ssthresh, 700 * MSS);
	s.cc.cwnd = s.cc.ssthresh;
	for (t = 0.2; t < 10; t += 0.2) {
		double est = 700 + 9.0 / 17 * t / 0.2;
		double cubic = 0.4 * t * t * t + 700;

		round_trip(&s, MSS);
		assert_within(segments(&s), cubic > est ? cubic : est, 1);
	}
	assert_int_equal(s.m.word[FLUE_CC_CUBIC_K], 0);
	s = sender(&flue_cc_cubic, 100, 200000);
	s.cc.ssthresh = 50 * MSS;
	round_trip(&s, MSS);
	assert_int_equal(s.m.word[FLUE_CC_CUBIC_K], 0);
	assert_int_equal(s.m.word[FLUE_CC_CUBIC_W_MAX], 100 * MSS);
}

/** Hours without enough to send are no time of the curve (RFC 9438 5.8). */
RULE("9438/4")
static void
cubic_does_not_count_time_without_data(void **state)
{
	struct sender s = sender(&flue_cc_cubic, 1000, 200000);
	uint32_t before;
	int i;

	(void)state;
	lose(&s);
	for (i = 0; i < 10; i++)
		round_trip(&s, MSS);
	before = s.m.word[FLUE_CC_CUBIC_T];
	s.v.now_us += 3600000000u;
	round_trip(&s, MSS);
	assert_in_range(s.m.word[FLUE_CC_CUBIC_T] - before, 200000, 400000);
	assert_within(segments(&s), 0.4 * pow(2.4 - cubic_k(1000, 700), 3) + 1000, 20);
}

/** The cube root, over nine decades. */
static void
cubic_knows_when_it_is_back(void **state)
{
	uint32_t w_max;

	(void)state;
	for (w_max = 3 * MSS; w_max < UINT32_C(4000000000); w_max += w_max / 3) {
		struct sender s = sender(&flue_cc_cubic, 2, 1000);
		double k = cubic_k((double)w_max / MSS, 2);

		s.m.word[FLUE_CC_CUBIC_W_MAX] = w_max;
		s.ops->on_ack(&s.cc, &s.m, &s.v, 1);
		assert_within(s.m.word[FLUE_CC_CUBIC_K], k * 1e6, 2);
	}
}

/** Whatever words somebody else has put there, the window stays one: no trap, nor half of itself more
 *  in a round trip. */
static void
words_of_others_do_no_harm(void **state)
{
	static const uint32_t odd[] = { 0, 1, 0x7fffffff, 0x80000000, UINT32_MAX };
	uint32_t i;
	uint32_t k;

	(void)state;
	for (i = 0; i < 3125; i++) {
		for (k = 0; k < 2; k++) {
			struct sender s = sender(k ? &flue_cc_dctcp : &flue_cc_cubic, 10, 1000);
			uint32_t n = i;
			uint32_t w;

			for (w = 0; w < 5; w++, n /= 5)
				s.m.word[w] = odd[n % 5];
			s.m.word[5] = odd[i % 4];
			s.v.una = 1000;
			s.v.max = 5000;
			if (s.ops->on_marks != NULL)
				s.ops->on_marks(&s.cc, &s.m, &s.v, 100);
			round_trip(&s, MSS);
			assert_in_range(s.cc.cwnd, 10 * MSS, 15 * MSS);
			s.ops->on_ecn(&s.cc, &s.m, &s.v);
			assert_in_range(s.cc.cwnd, 2 * MSS, 15 * MSS);
			lose(&s);
			assert_in_range(s.cc.ssthresh, 2 * MSS, 15 * MSS);
		}
	}
}

/* ---- Reno ----------------------------------------------------------------------------------- */

RULE("5681/3.1")
static void
reno_grows_by_a_segment_a_round_trip(void **state)
{
	static const uint32_t each[] = { MSS, 2 * MSS, 100, 64 * MSS };
	uint32_t i;
	int n;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct sender s = sender(&flue_cc_reno, 10, 1000);

		for (n = 1; n <= 500; n++) {
			round_trip(&s, each[i]);
			assert_within(segments(&s), 10 + n, 0.5);
		}
		lose(&s);
		assert_within(segments(&s), 255, 0.5);
	}
}

RULE("5681/3.1")
static void
slow_start_counts_two_segments_an_ack(void **state)
{
	struct flue_cc cc = { 10 * MSS, UINT32_MAX };

	(void)state;
	flue_cc_slow_start(&cc, MSS, flue_cc_cubic.abc, 100);
	assert_int_equal(cc.cwnd, 10 * MSS + 100);
	flue_cc_slow_start(&cc, MSS, flue_cc_cubic.abc, 10 * MSS);
	assert_int_equal(cc.cwnd, 12 * MSS + 100);
	cc.cwnd = UINT32_MAX - 1;
	flue_cc_slow_start(&cc, MSS, flue_cc_cubic.abc, 10 * MSS);
	assert_int_equal(cc.cwnd, UINT32_MAX);
}

/* ---- DCTCP ---------------------------------------------------------------------------------- */

/** `windows` of 100 segments, of which `marked` come with ECE. @return alpha */
static double
mark(struct sender *s, int windows, uint32_t marked)
{
	uint32_t i;

	while (windows-- > 0) {
		for (i = 0; i < 100; i++) {
			s->v.una += MSS;
			s->v.max = s->v.una + 100 * MSS;
			s->ops->on_marks(&s->cc, &s->m, &s->v, i < marked ? MSS : 0);
		}
	}
	return (double)s->m.word[FLUE_CC_DCTCP_ALPHA] / FLUE_CC_DCTCP_ONE;
}

RULE("8257/3")
static void
alpha_becomes_the_part_that_is_marked(void **state)
{
	struct sender s = sender(&flue_cc_dctcp, 100, 1000);

	(void)state;
	s.v.una = 0xffff0000;
	assert_within(mark(&s, 1, 100), 1, 0);
	assert_within(mark(&s, 200, 30), 0.3, 0.01);
	assert_within(mark(&s, 200, 80), 0.8, 0.01);
	assert_within(mark(&s, 200, 100), 1, 0.0001);
	/* It gets there by a sixteenth a window. */
	assert_within(mark(&s, 16, 0), pow(15.0 / 16, 16), 0.03);
	assert_within(mark(&s, 300, 0), 0, 0);
}

RULE("8257/3")
static void
dctcp_cuts_by_alpha_and_loses_like_reno(void **state)
{
	struct sender s = sender(&flue_cc_dctcp, 100, 1000);

	(void)state;
	/* Nothing is known: half. */
	s.ops->on_ecn(&s.cc, &s.m, &s.v);
	assert_int_equal(s.cc.cwnd, 50 * MSS);
	assert_int_equal(s.cc.ssthresh, 50 * MSS);
	s.cc.cwnd = 100 * MSS;
	(void)mark(&s, 200, 20);
	s.ops->on_ecn(&s.cc, &s.m, &s.v);
	assert_within(segments(&s), 90, 0.5);
	s.cc.cwnd = 100 * MSS;
	lose(&s);
	assert_int_equal(s.cc.cwnd, 50 * MSS);
	s.cc.cwnd = 2 * MSS;
	(void)mark(&s, 200, 100);
	s.ops->on_ecn(&s.cc, &s.m, &s.v);
	assert_int_equal(s.cc.cwnd, 2 * MSS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cubic_follows_its_curve),
		cmocka_unit_test(cubic_is_never_slower_than_reno),
		cmocka_unit_test(cubic_makes_room_for_others),
		cmocka_unit_test(cubic_starts_from_here_after_a_timeout),
		cmocka_unit_test(cubic_does_not_count_time_without_data),
		cmocka_unit_test(cubic_knows_when_it_is_back),
		cmocka_unit_test(words_of_others_do_no_harm),
		cmocka_unit_test(reno_grows_by_a_segment_a_round_trip),
		cmocka_unit_test(slow_start_counts_two_segments_an_ack),
		cmocka_unit_test(alpha_becomes_the_part_that_is_marked),
		cmocka_unit_test(dctcp_cuts_by_alpha_and_loses_like_reno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
