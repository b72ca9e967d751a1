/* SPDX-License-Identifier: Apache-2.0 */

/* Explicit congestion notification: RFC 3168 in both directions, DCTCP (RFC 8257). */

#include <string.h>

#include "support/stream.h"
#include "tcp/congestion.h"

#define SEG  1460
#define ECT0 2
#define CE   3

static uint8_t buf[1 << 17];

/** ECN was agreed at the handshake; the quiet period is over, ACKs are not hurried. */
static void
connect_ecn(struct harness *h, struct conn *c, uint32_t algorithm, unsigned n)
{
	conn_block(h, c, start_numbers[n][0], start_numbers[n][1]);
	tcp_cached(c)->tos_or_traffic_class = 0xb8;
	tcp_delegated(c)->header.recognized_options = FLUE_STATE_OPTION_EXT;
	tcp_ext(c)->version = FLUE_TCP_EXT_VERSION;
	tcp_ext(c)->flags = FLUE_TCP_EXT_ECN;
	tcp_ext(c)->cc_algorithm = algorithm;
	tcp_ext(c)->rcv_adv = c->irs + 65535;
	tcp_ext(c)->last_ack_sent = c->irs;
	tcp_ext(c)->recover = tcp_ext(c)->ecn_recover = c->iss;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	object(h, c)->quick = 0;
	h->e->params.tcp_ack_frequency = 2;
	h->e->params.tcp_delayed_ack_ticks = 40;
}

/** Data from the peer, marked or not. */
static void
marked(struct harness *h, struct conn *c, uint32_t at, uint8_t ecn, uint8_t flags)
{
	c->peer_tos = ecn;
	arrive(h, c, at, 1000, flags);
	c->peer_tos = 0;
}

/** The peer acknowledges, and has seen CE. */
static void
echo(struct harness *h, struct conn *c, uint32_t upto)
{
	c->peer_ack = upto;
	peer(h, c, TCP_ACK | TCP_ECE, object(h, c)->rcv_nxt - c->irs, upto, NULL, 0, 65535);
	pass_after(h, MS);
}

/** New data can be marked; nothing else is sent as if it could. */
RULE("3168/6.1.4")
RULE("3168/6.1.5")
RULE("3168/6.1.6")
RULE("9293/SHLD-8")
static void
new_data_alone_is_ecn_capable(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;
		int i;

		connect_ecn(h, &c, FLUE_CC_RENO, n);
		(void)send_data(h, &c, 3000);
		for (i = 0; i < 3; i++) {
			s = sent_expect(h, &c);
			assert_int_equal(s.tos, 0xb8 | ECT0);
			assert_true(s.len > 0);
		}
		/* Again, after a timeout. */
		pass_after(h, 300 * MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 0);
		assert_int_equal(s.tos, 0xb8);
		/* A pure ACK. */
		arrive(h, &c, 0, 1000, 0);
		arrive(h, &c, 1000, 1000, 0);
		s = sent_expect(h, &c);
		assert_int_equal(s.len, 0);
		assert_int_equal(s.tos, 0xb8);
		(void)accept_data(h, &c, buf);
		/* The probe of a closed window: a new byte, and yet. */
		c.peer_ack = 3000;
		peer(h, &c, TCP_ACK, 2000, 3000, NULL, 0, 0);
		pass_after(h, MS);
		(void)drain_sent(h, &c);
		(void)send_data(h, &c, 2000);
		for (i = 0; i < 100 && !sent_next(h, &c, &s); i++)
			pass_after(h, 100 * MS);
		assert_int_equal(s.seq, 3000);
		assert_int_equal(s.len, 1);
		assert_int_equal(s.tos, 0xb8);
		finish(h, &c);
	}
}

/** What the host writes into the two bits is not for it to say. */
static void
the_two_bits_are_not_the_hosts(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->tos_or_traffic_class = 0xbb;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	(void)send_data(h, &c, 100);
	assert_int_equal(sent_expect(h, &c).tos, 0xb8);
	/* Nothing was agreed: marks and flags mean nothing. */
	marked(h, &c, 0, CE, 0);
	marked(h, &c, 1000, CE, 0);
	assert_int_equal(sent_expect(h, &c).flags & (TCP_ECE | TCP_CWR), 0);
	(void)drain_sent(h, &c);
	(void)accept_data(h, &c, buf);
	echo(h, &c, 100);
	assert_int_equal(object(h, &c)->cc.cwnd, 14600);
	assert_int_equal(object(h, &c)->cc.ssthresh, 0x7fffffff);
	finish(h, &c);
}

/** From a mark on every ACK says so, until CWR; that of a marked segment is no answer to it. */
RULE("3168/6.1.3")
static void
a_mark_is_echoed_until_the_peer_has_slowed_down(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;

		connect_ecn(h, &c, FLUE_CC_CUBIC, n);
		marked(h, &c, 0, ECT0, 0);
		marked(h, &c, 1000, ECT0, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK);
		marked(h, &c, 2000, CE, 0);
		marked(h, &c, 3000, ECT0, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | TCP_ECE);
		marked(h, &c, 4000, ECT0, 0);
		marked(h, &c, 5000, CE, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | TCP_ECE);
		/* Data is an ACK, too. */
		(void)send_data(h, &c, 100);
		s = sent_expect(h, &c);
		assert_int_equal(s.len, 100);
		assert_int_equal(s.flags & TCP_ECE, TCP_ECE);
		assert_int_equal(s.tos & 3, ECT0);
		/* A mark outside of the window is nobody's. */
		marked(h, &c, 6000, ECT0, TCP_CWR);
		marked(h, &c, 7000, ECT0, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK);
		marked(h, &c, 0, CE, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK);
		/* CWR on a marked segment: it has slowed down, and has to again. */
		marked(h, &c, 8000, CE, 0);
		marked(h, &c, 9000, CE, TCP_CWR);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | TCP_ECE);
		/* A mark on an ACK without data tells nothing. */
		marked(h, &c, 10000, ECT0, TCP_CWR);
		c.peer_tos = CE;
		peer(h, &c, TCP_ACK, 11000, 100, NULL, 0, 65000);
		pass_after(h, MS);
		c.peer_tos = 0;
		marked(h, &c, 11000, ECT0, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK);
		finish(h, &c);
	}
}

/** A segment that comes through the host has its mark in the list's flags, and is echoed alike. */
RULE("3168/6.1.3")
static void
a_mark_survives_a_forward(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t frame[2048];
	uint32_t flags;

	(void)state;
	connect_ecn(h, &c, FLUE_CC_CUBIC, 0);
	for (flags = 0; flags <= FLUE_NBL_MARKED; flags += FLUE_NBL_MARKED) {
		uint32_t at = object(h, &c)->rcv_nxt - c.irs;
		uint32_t len = peer_frame(&c, frame, TCP_ACK, at, 0, buf, 1000, 65535, NULL);
		flue_ref nbl = nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 1);

		nbl_at(h, nbl)->flags = flags;
		submit(h, FLUE_SUB_FORWARD, c.token, nbl, 0, 0);
		pass_after(h, MS);
		(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
		assert_int_equal(accept_data(h, &c, buf), 1000);
		marked(h, &c, at + 1000, ECT0, 0);
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | (flags ? TCP_ECE : 0));
		assert_int_equal(accept_data(h, &c, buf), 1000);
	}
	finish(h, &c);
}

/** The window is cut once for all marks of a window, and the peer is told once. */
RULE("3168/6.1.2")
static void
an_echo_cuts_once_a_window(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_conn *o;
		struct seen s;
		int cwrs = 0;

		connect_ecn(h, &c, FLUE_CC_RENO, n);
		o = object(h, &c);
		(void)send_data(h, &c, 60000);
		assert_int_equal(drain_sent(h, &c), 10 * SEG);
		echo(h, &c, SEG);
		/* Half of what was in flight, and no growth for what was marked. */
		assert_int_equal(o->cc.cwnd, 5 * SEG);
		assert_int_equal(o->cc.ssthresh, 5 * SEG);
		sent_none(h);
		echo(h, &c, 3 * SEG);
		echo(h, &c, 5 * SEG);
		assert_int_equal(o->cc.cwnd, 5 * SEG);
		echo(h, &c, 8 * SEG);
		while (sent_next(h, &c, &s)) {
			assert_int_equal(s.len, SEG);
			assert_int_equal((s.flags & TCP_CWR) != 0, s.seq == 10 * SEG);
			cwrs += (s.flags & TCP_CWR) != 0;
		}
		assert_int_equal(cwrs, 1);
		assert_int_equal(o->cc.cwnd, 5 * SEG);
		/* All of that window is acknowledged, still with ECE; the next marks are news. */
		echo(h, &c, 10 * SEG);
		assert_int_equal(o->cc.cwnd, 5 * SEG);
		(void)drain_sent(h, &c);
		echo(h, &c, 12 * SEG);
		assert_int_equal(o->cc.cwnd, 5 * SEG / 2);
		pass_after(h, MS);
		ack(h, &c, 15 * SEG, 65535);
		s = sent_expect(h, &c);
		assert_int_equal(s.flags & TCP_CWR, TCP_CWR);
		assert_int_equal(s.tos & 3, ECT0);
		(void)drain_sent(h, &c);
		/* It never goes below two segments. */
		echo(h, &c, 16 * SEG);
		echo(h, &c, 17 * SEG);
		echo(h, &c, 18 * SEG);
		assert_true(o->cc.cwnd >= 2 * SEG);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

/** However a window came to be cut: the peer is told with new data, not with what is sent again, and
 *  marks of the same window are not a second reason. */
RULE("3168/6.1.2")
static void
a_loss_is_told_with_cwr_and_counts_for_marks(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;
	struct seen s;
	uint32_t cut;

	(void)state;
	connect_ecn(h, &c, FLUE_CC_RENO, 1);
	o = object(h, &c);
	(void)send_data(h, &c, 60000);
	assert_int_equal(drain_sent(h, &c), 10 * SEG);
	pass_after(h, 300 * MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	assert_int_equal(s.flags & TCP_CWR, 0);
	cut = o->cc.ssthresh;
	echo(h, &c, SEG);
	assert_int_equal(o->cc.ssthresh, cut);
	(void)drain_sent(h, &c);
	ack(h, &c, 10 * SEG, 65535);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 10 * SEG);
	assert_int_equal(s.flags & TCP_CWR, TCP_CWR);
	while (sent_next(h, &c, &s))
		assert_int_equal(s.flags & TCP_CWR, 0);
	finish(h, &c);
}

/** Which segments were marked is what a DCTCP sender needs to know: a change is told at once, and what
 *  came before it with what it had. */
RULE("8257/3")
static void
dctcp_tells_which_segments_were_marked(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_ecn(h, &c, FLUE_CC_DCTCP, 2);
	marked(h, &c, 0, ECT0, 0);
	sent_none(h);
	marked(h, &c, 1000, CE, 0);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 1000);
	assert_int_equal(s.flags, TCP_ACK);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 2000);
	assert_int_equal(s.flags, TCP_ACK | TCP_ECE);
	/* No change: every second one again, on the fast path; CWR means nothing. */
	marked(h, &c, 2000, CE, 0);
	sent_none(h);
	assert_int_equal(counter(h, FLUE_CTR_IN_FAST), 2);
	marked(h, &c, 3000, CE, TCP_CWR);
	assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | TCP_ECE);
	marked(h, &c, 4000, ECT0, 0);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 5000);
	assert_int_equal(s.flags, TCP_ACK);
	sent_none(h);
	/* Within one burst. */
	c.peer_tos = CE;
	peer(h, &c, TCP_ACK, 5000, 0, stream + 5000, 1000, 65535);
	peer(h, &c, TCP_ACK, 6000, 0, stream + 6000, 1000, 65535);
	c.peer_tos = ECT0;
	peer(h, &c, TCP_ACK, 7000, 0, stream + 7000, 1000, 65535);
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 7000);
	assert_int_equal(s.flags, TCP_ACK | TCP_ECE);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 8000);
	assert_int_equal(s.flags, TCP_ACK);
	sent_none(h);
	finish(h, &c);
}

/** Alpha, from ACKs with and without ECE, and the cut by it. */
RULE("8257/3")
static void
dctcp_cuts_by_the_part_that_was_marked(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;
	uint32_t window;
	uint32_t upto = 0;
	uint32_t end;
	uint32_t alpha;

	(void)state;
	connect_ecn(h, &c, FLUE_CC_DCTCP, 2);
	o = object(h, &c);
	/* Windows of which nothing is marked: alpha falls from 1 by a sixteenth in each. */
	for (window = 0; window < 40; window++) {
		(void)send_data(h, &c, 4 * SEG);
		pass_after(h, 5 * MS);
		end = upto + 4 * SEG;
		(void)drain_sent(h, &c);
		for (; upto < end; upto += SEG)
			ack(h, &c, upto + SEG, 65535);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	}
	alpha = object_extra(h, &c)->cc.word[FLUE_CC_DCTCP_ALPHA];
	assert_in_range(alpha, FLUE_CC_DCTCP_ONE / 100, FLUE_CC_DCTCP_ONE / 3);
	o->cc.cwnd = 40 * SEG;
	(void)send_data(h, &c, 44 * SEG);
	(void)drain_sent(h, &c);
	echo(h, &c, upto + SEG);
	alpha = object_extra(h, &c)->cc.word[FLUE_CC_DCTCP_ALPHA];
	assert_in_range(o->cc.cwnd,
			40 * SEG - (uint32_t)((uint64_t)40 * SEG * alpha / FLUE_CC_DCTCP_ONE / 2) -
					1,
			40 * SEG - (uint32_t)((uint64_t)40 * SEG * alpha / FLUE_CC_DCTCP_ONE / 2) +
					1);
	assert_int_equal(o->cwr, 1);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** What was owed is owed by whoever has the connection. */
static void
marks_move_with_the_connection(void **state)
{
	static const uint32_t algorithms[] = { FLUE_CC_CUBIC, FLUE_CC_DCTCP };
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct harness *h = harness_new(NULL, 0);
		bool dctcp = algorithms[i] == FLUE_CC_DCTCP;
		struct conn c = { 0 };
		uint32_t cwnd;
		struct seen s;

		connect_ecn(h, &c, algorithms[i], 1);
		(void)send_data(h, &c, 60000);
		(void)drain_sent(h, &c);
		marked(h, &c, 0, CE, 0);
		(void)accept_data(h, &c, buf);
		echo(h, &c, SEG);
		(void)drain_sent(h, &c);
		cwnd = object(h, &c)->cc.cwnd;
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_ext(&c)->flags,
				FLUE_TCP_EXT_ECN | FLUE_TCP_EXT_CWR_OWED |
						(dctcp ? FLUE_TCP_EXT_CE_LAST
						       : FLUE_TCP_EXT_ECE_OWED));
		assert_int_equal(tcp_ext(&c)->ecn_recover, c.iss + 10 * SEG);
		assert_int_equal(tcp_ext(&c)->cc_algorithm, algorithms[i]);
		c.handle->miniport_offload_context = 0;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		pass_after(h, 100 * MS);
		(void)drain_sent(h, &c);
		/* No second cut for the window that was cut over there. */
		echo(h, &c, 2 * SEG);
		assert_int_equal(object(h, &c)->cc.cwnd, cwnd);
		peer(h, &c, TCP_ACK, 1000, 10 * SEG, NULL, 0, 65535);
		pass_after(h, MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 10 * SEG);
		assert_int_equal(s.flags & (TCP_CWR | TCP_ECE), TCP_CWR | TCP_ECE);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_data_alone_is_ecn_capable),
		cmocka_unit_test(the_two_bits_are_not_the_hosts),
		cmocka_unit_test(a_mark_is_echoed_until_the_peer_has_slowed_down),
		cmocka_unit_test(a_mark_survives_a_forward),
		cmocka_unit_test(an_echo_cuts_once_a_window),
		cmocka_unit_test(a_loss_is_told_with_cwr_and_counts_for_marks),
		cmocka_unit_test(dctcp_tells_which_segments_were_marked),
		cmocka_unit_test(dctcp_cuts_by_the_part_that_was_marked),
		cmocka_unit_test(marks_move_with_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
