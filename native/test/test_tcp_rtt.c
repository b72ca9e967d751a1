/* SPDX-License-Identifier: Apache-2.0 */

/* Round-trip time and timeout as RFC 6298 computes and runs them. */

#include "support/stream.h"

#define SEG 1460u

/** A connection about which nothing is known, with a floor that is out of the way. */
static struct harness *
fresh(struct conn *c)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;

	config.rto_min_us = 1000;
	h = harness_new(&config, 0);
	conn_block(h, c, 0xfffff800, 1);
	tcp_delegated(c)->srtt = 0;
	tcp_delegated(c)->rttvar = 0;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	return h;
}

/** A segment is sent and acknowledged `ms` later. */
static void
round_trip(struct harness *h, struct conn *c, uint32_t *at, int64_t ms)
{
	(void)send_data(h, c, 100);
	(void)drain_sent(h, c);
	*at += 100;
	peer(h, c, TCP_ACK, 0, *at, NULL, 0, 65535);
	pass_after(h, ms * MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
}

/** One second without a sample; then SRTT and RTTVAR with weights of an eighth and a quarter, each from
 *  the values of before (section 2). */
RULE("6298/2")
static void
the_timeout_follows_the_round_trips(void **state)
{
	static const int64_t samples[] = { 80, 120, 40, 40, 300, 80 };
	struct conn c = { 0 };
	struct harness *h = fresh(&c);
	const struct flue_conn *o = object(h, &c);
	double srtt = 80000;
	double rttvar = 40000;
	uint32_t at = 0;
	unsigned i;

	(void)state;
	assert_int_equal(o->rto_us, 1000000);
	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		double r = (double)samples[i] * 1000;
		double rto;

		round_trip(h, &c, &at, samples[i]);
		if (i > 0) {
			rttvar = 0.75 * rttvar + 0.25 * (srtt > r ? srtt - r : r - srtt);
			srtt = 0.875 * srtt + 0.125 * r;
		}
		rto = srtt + 4 * rttvar;
		assert_in_range(o->srtt8 / 8, (uint32_t)srtt - 20, (uint32_t)srtt + 20);
		assert_in_range(o->rttvar4 / 4, (uint32_t)rttvar - 20, (uint32_t)rttvar + 20);
		assert_in_range(o->rto_us, (uint32_t)rto - 200, (uint32_t)rto + 200);
	}
	finish(h, &c);
}

/** A steady path does not bring it below the floor, nor a slow one above the ceiling. */
RULE("6298/2")
static void
the_timeout_has_a_floor_and_a_ceiling(void **state)
{
	struct flue_engine_config config = harness_config();
	struct conn c = { 0 };
	struct harness *h;
	uint32_t at = 0;
	int i;

	(void)state;
	config.rto_min_us = 200000;
	config.rto_max_us = 700000;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 30; i++)
		round_trip(h, &c, &at, 10);
	assert_int_equal(object(h, &c)->rto_us, 200000);
	round_trip(h, &c, &at, 650);
	(void)drain_sent(h, &c);
	assert_in_range(object(h, &c)->rto_us, 200001, 700000);
	finish(h, &c);
}

/** When is the next one sent? Looks every millisecond. */
static int
sent_after(struct harness *h)
{
	int ms;

	for (ms = 1; ms < 10000; ms++) {
		pass_after(h, MS);
		if (h->port->seen < h->port->sent_count)
			return ms;
	}
	return ms;
}

/** Section 5: started with the first segment and not by those behind it; anew with progress; off when
 *  all is acknowledged; doubled when it expires, until something new is acknowledged. */
RULE("6298/5")
static void
the_timer_runs_while_data_is_in_flight(void **state)
{
	struct conn c = { 0 };
	struct harness *h = fresh(&c);
	uint32_t at = 0;
	int i;

	(void)state;
	round_trip(h, &c, &at, 100); /* 100 + 4 * 50 ms */
	for (i = 0; i < 3; i++) {
		(void)send_data(h, &c, SEG);
		(void)drain_sent(h, &c);
		pass_after(h, 50 * MS);
	}
	assert_in_range(sent_after(h), 149, 151); /* 300 since the first */
	assert_int_equal(sent_expect(h, &c).seq, 100);
	/* Progress: from now, and by what has been measured. */
	assert_in_range(sent_after(h), 599, 601);
	(void)drain_sent(h, &c);
	ack(h, &c, 100 + SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	assert_in_range(sent_after(h), 298, 301);
	(void)drain_sent(h, &c);
	ack(h, &c, 100 + 3 * SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	/* Off. */
	assert_int_equal(object(h, &c)->rtx_ms, FLUE_NONE);
	pass_after(h, 10 * SEC);
	sent_none(h);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_timeout_follows_the_round_trips),
		cmocka_unit_test(the_timeout_has_a_floor_and_a_ceiling),
		cmocka_unit_test(the_timer_runs_while_data_is_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
