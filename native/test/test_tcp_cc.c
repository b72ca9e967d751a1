/* SPDX-License-Identifier: Apache-2.0 */

/* Which congestion control a connection has, that it moves with it, and that it is asked. */

#include <math.h>
#include <string.h>

#include "support/stream.h"
#include "tcp/congestion.h"

#define SEG 1460

/** Handed over by somebody who controls congestion in that way. */
static void
connect_with(struct harness *h, struct conn *c, uint32_t algorithm, const uint32_t words[8])
{
	conn_block(h, c, 0xfffff000, 1);
	tcp_delegated(c)->header.recognized_options = FLUE_STATE_OPTION_EXT;
	tcp_ext(c)->version = FLUE_TCP_EXT_VERSION;
	tcp_ext(c)->cc_algorithm = algorithm;
	tcp_ext(c)->rcv_adv = c->irs + 65535;
	tcp_ext(c)->last_ack_sent = c->irs;
	tcp_ext(c)->recover = c->iss;
	tcp_ext(c)->srtt_us = 200000;
	tcp_ext(c)->rttvar_us = 100;
	if (words != NULL)
		memcpy(tcp_ext(c)->cc_state, words, sizeof(tcp_ext(c)->cc_state));
	tcp_delegated(c)->cwnd = 21 * SEG;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
}

/** More than a window waits to be sent; a round trip later what was sent is acknowledged, a segment at a
 *  time, all of it in one burst or each by itself. */
static void
round_trip(struct harness *h, struct conn *c, bool burst)
{
	uint32_t end;
	uint32_t upto;
	struct flue_up up;

	if (object(h, c)->snd_end - object(h, c)->snd_una < 100 * SEG)
		(void)send_data(h, c, 100 * SEG);
	poll_engine(h);
	(void)drain_sent(h, c);
	end = object(h, c)->snd_max - c->iss;
	pass_after(h, 200 * MS);
	for (upto = c->peer_ack + SEG; upto <= end; upto += SEG) {
		peer(h, c, TCP_ACK, 0, upto, NULL, 0, 65535);
		c->peer_ack = upto;
		if (!burst)
			poll_engine(h);
	}
	poll_engine(h);
	while (up_next(h, &up))
		;
	assert_int_equal(c->peer_ack, end);
}

static void
the_engine_has_a_default_and_the_host_a_choice(void **state)
{
	uint32_t words[8] = { 1, 2, 3, 4, 5, 1 };
	struct flue_engine_config config;
	uint32_t i;

	(void)state;
	flue_engine_config_default(&config);
	assert_int_equal(config.congestion_control, FLUE_CC_CUBIC);
	for (i = 0; i < 3; i++) {
		struct harness *h;
		struct conn c = { 0 };

		config = harness_config();
		config.congestion_control = (int32_t)i;
		h = harness_new(&config, 0);
		connect_at(h, &c, 1, 1);
		assert_int_equal(object(h, &c)->cc_algorithm, i);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_ext(&c)->cc_algorithm, i);
		/* What the other one remembers is kept, and goes on. */
		c.handle->miniport_offload_context = 0;
		connect_with(h, &c, (i + 1) % 3, words);
		assert_int_equal(object(h, &c)->cc_algorithm, (i + 1) % 3);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_ext(&c)->cc_algorithm, (i + 1) % 3);
		assert_memory_equal(tcp_ext(&c)->cc_state, words, sizeof(words));
		harness_free(h);
	}
	config.congestion_control = 3;
	assert_int_equal(flue_engine_create(&config, (flue_port *)&config, (flue_engine **)&words),
			-22);
	config.congestion_control = -1;
	assert_int_equal(flue_engine_create(&config, (flue_port *)&config, (flue_engine **)&words),
			-22);
}

/** One we do not know: nobody can say what its window would have become. */
static void
an_unknown_one_gives_way_without_slow_start(void **state)
{
	uint32_t words[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_with(h, &c, 77, words);
	assert_int_equal(object(h, &c)->cc_algorithm, FLUE_CC_RENO);
	assert_int_equal(object_extra(h, &c)->cc.word[0], 0);
	assert_int_equal(object(h, &c)->cc.cwnd, 21 * SEG);
	assert_int_equal(object(h, &c)->cc.ssthresh, 21 * SEG);
	finish(h, &c);
}

/** The profile of the chimney's numbers has one, whatever the host has. */
static void
the_chimney_has_its_own(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c = { 0 };

	(void)state;
	config.chimney_profile = 1;
	h = harness_new(&config, 0);
	connect_with(h, &c, FLUE_CC_CUBIC, NULL);
	assert_int_equal(object(h, &c)->cc_algorithm, FLUE_CC_CHIMNEY);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_ext(&c)->cc_algorithm, FLUE_CC_RENO);
	harness_free(h);
}

/** A connection with a round trip of 200 ms that lost at 30 segments, over three seconds. */
RULE("9438/4")
static void
a_cubic_connection_follows_the_curve(void **state)
{
	uint32_t words[8] = { [FLUE_CC_CUBIC_W_MAX] = 30 * SEG, [FLUE_CC_CUBIC_PRIOR] = 30 * SEG };
	double k = cbrt(9 / 0.4);
	int burst;

	(void)state;
	for (burst = 0; burst < 2; burst++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		int i;

		connect_with(h, &c, FLUE_CC_CUBIC, words);
		object(h, &c)->cc.ssthresh = 21 * SEG;
		for (i = 1; i <= 15; i++) {
			double t = i * 0.2;
			double off;

			round_trip(h, &c, burst);
			off = object(h, &c)->cc.cwnd / (double)SEG - (0.4 * pow(t - k, 3) + 30);
			if (fabs(off) > 1.5)
				fail_msg("after %d round trips %f segments off", i, off);
		}
		/* It moves in mid-curve, and goes on there. */
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_in_range(tcp_ext(&c)->cc_state[FLUE_CC_CUBIC_T], 2600000, 3000000);
		assert_in_range(tcp_ext(&c)->cc_state[FLUE_CC_CUBIC_K], (uint32_t)(k * 1e6) - 2,
				(uint32_t)(k * 1e6) + 2);
		c.handle->miniport_offload_context = 0;
		h->now += 60 * SEC;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		pass_after(h, MS);
		assert_in_range(object_extra(h, &c)->cc.word[FLUE_CC_CUBIC_T], 2600000, 3000000);
		finish(h, &c);
	}
}

/** A window that was not used does not grow, in slow start nor behind it. */
RULE("5681/3.1")
static void
what_is_not_used_does_not_grow(void **state)
{
	static const uint32_t algorithms[] = { FLUE_CC_RENO, FLUE_CC_CUBIC };
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		uint32_t n;

		connect_with(h, &c, algorithms[i / 2], NULL);
		if (i % 2)
			object(h, &c)->cc.ssthresh = 10 * SEG;
		for (n = 0; n < 20; n++) {
			(void)send_data(h, &c, 5 * SEG);
			poll_engine(h);
			(void)drain_sent(h, &c);
			pass_after(h, 10 * MS);
			c.peer_ack += 5 * SEG;
			ack(h, &c, c.peer_ack, 65535);
			(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		}
		assert_int_equal(object(h, &c)->cc.cwnd, 21 * SEG);
		finish(h, &c);
	}
}

/** What was taken for lost was not: windows and curve are as if nothing had been, once. */
static void
a_reduction_can_be_taken_back(void **state)
{
	uint32_t words[8] = { [FLUE_CC_CUBIC_W_MAX] = 30 * SEG, [FLUE_CC_CUBIC_PRIOR] = 30 * SEG };
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_cc_memory before;
	struct flue_conn *o;
	uint32_t cwnd;

	(void)state;
	connect_with(h, &c, FLUE_CC_CUBIC, words);
	o = object(h, &c);
	o->cc.ssthresh = 21 * SEG;
	round_trip(h, &c, true);
	round_trip(h, &c, true);
	before = object_extra(h, &c)->cc;
	cwnd = o->cc.cwnd;
	flue_cc_lost(h->e, o, cwnd);
	o->cc.cwnd = o->cc.ssthresh;
	assert_in_range(o->cc.ssthresh, cwnd * 7 / 10 - 1, cwnd * 7 / 10 + 1);
	assert_true(object_extra(h, &c)->cc.word[FLUE_CC_CUBIC_W_MAX] != 30 * SEG);
	flue_cc_undo(h->e, o);
	assert_int_equal(o->cc.cwnd, cwnd);
	assert_int_equal(o->cc.ssthresh, 21 * SEG);
	assert_memory_equal(object_extra(h, &c)->cc.word, before.word, sizeof(before.word));
	o->cc.cwnd = 3 * SEG;
	flue_cc_undo(h->e, o);
	assert_int_equal(o->cc.cwnd, 3 * SEG);
	finish(h, &c);
}

/** An ACK and the news of a loss in one burst: what the ACK has made room for was in flight, and will be. */
RULE("5681/3.1")
static void
a_burst_of_acks_does_not_cut_twice(void **state)
{
	int waiting;

	(void)state;
	for (waiting = 0; waiting < 2; waiting++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_conn *o;
		int i;

		connect_at(h, &c, 0xffffff00, 1);
		o = object(h, &c);
		o->cc.ssthresh = 10 * SEG;
		/* With nothing more to send what is left in flight is all there is. */
		(void)send_data(h, &c, (waiting ? 40 : 10) * SEG);
		assert_int_equal(drain_sent(h, &c), 10 * SEG);
		peer(h, &c, TCP_ACK, 0, 4 * SEG, NULL, 0, 65535);
		for (i = 0; i < 3; i++)
			peer(h, &c, TCP_ACK, 0, 4 * SEG, NULL, 0, 65535);
		pass_after(h, MS);
		assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 1);
		assert_in_range(o->cc.ssthresh, waiting ? 5 * SEG : 3 * SEG,
				waiting ? 5 * SEG + SEG / 4 : 3 * SEG);
		assert_int_equal(sent_expect(h, &c).seq, 4 * SEG);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_has_a_default_and_the_host_a_choice),
		cmocka_unit_test(an_unknown_one_gives_way_without_slow_start),
		cmocka_unit_test(the_chimney_has_its_own),
		cmocka_unit_test(a_cubic_connection_follows_the_curve),
		cmocka_unit_test(what_is_not_used_does_not_grow),
		cmocka_unit_test(a_reduction_can_be_taken_back),
		cmocka_unit_test(a_burst_of_acks_does_not_cut_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
