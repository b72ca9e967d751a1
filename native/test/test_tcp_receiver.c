/* SPDX-License-Identifier: Apache-2.0 */

/* What RFC 9293 and 5961 ask of the one that receives: ACKs, windows, options, strangers. */

#include <string.h>

#include "support/stream.h"
#include "tcp/tcp.h"

#define SEG 1460

static uint8_t buf[1 << 17];

/** Whatever the ticks of the host come to. */
RULE("9293/MUST-40")
static void
an_ack_never_waits_for_half_a_second(void **state)
{
	static const uint32_t ticks[] = { 10, 100, 1000 };
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		h->e->params.ticks_per_second = ticks[i];
		h->e->params.tcp_ack_frequency = 255;
		h->e->params.tcp_delayed_ack_ticks = 255;
		connect_at(h, &c, 1, 1);
		object(h, &c)->quick = 0;
		arrive(h, &c, 0, 1000, 0);
		(void)accept_data(h, &c, buf);
		sent_none(h);
		assert_true(flue_engine_next_deadline(h->e) < h->now + 499 * MS);
		pass_after(h, 495 * MS);
		assert_int_equal(sent_expect(h, &c).ack, 1000);
		finish(h, &c);
	}
}

/** Segments of several connections in one burst: one ACK each, for all that came. */
RULE("9293/MUST-58")
RULE("9293/MUST-59")
static void
all_that_is_at_hand_is_looked_at_before_an_ack(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[2] = { { 0 }, { 0 } };
	struct seen s;
	uint32_t i;

	(void)state;
	connect_at(h, &c[0], start_numbers[0][0], start_numbers[0][1]);
	connect_at(h, &c[1], start_numbers[2][0], start_numbers[2][1]);
	h->e->params.tcp_ack_frequency = 2;
	for (i = 0; i < 12; i++)
		peer(h, &c[i % 2], TCP_ACK, i / 2 * 1000, 0, stream + i / 2 * 1000, 1000, 65535);
	poll_engine(h);
	for (i = 0; i < 2; i++) {
		assert_true(sent_next(h, &c[i], &s));
		assert_int_equal(s.ack, 6000);
		assert_int_equal(s.sport, 80);
	}
	sent_none(h);
	for (i = 0; i < 2; i++)
		(void)accept_data(h, &c[i], buf);
	assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
	finish(h, &c[1]);
}

/** An application that reads byte by byte: the window opens by a segment or half of it, or not. */
RULE("9293/MUST-39")
static void
a_byte_that_is_read_opens_no_window(void **state)
{
	const uint32_t partial = (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED;

	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		uint32_t edge = 4 * SEG;
		struct flue_up up;
		struct seen s;
		uint32_t i;

		conn_block(h, &c, start_numbers[n][0], start_numbers[n][1]);
		tcp_cached(&c)->initial_rcv_wnd = 4 * SEG;
		tcp_delegated(&c)->rcv_wnd = 4 * SEG;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		pass_after(h, 200 * MS);
		for (i = 0; i < 4; i++)
			arrive(h, &c, i * SEG, SEG, 0);
		while (sent_next(h, &c, &s))
			;
		assert_int_equal(s.win, 0);
		up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
		verdict(h, &c, up.ref, partial, 0);
		poll_engine(h);
		for (i = 0; i < 4000; i++) {
			submit(h, FLUE_SUB_RECEIVE, c.token, nbl_new(h, NULL, 1, 1), 0, 0);
			pass_after(h, MS);
			while (up_next(h, &up)) {
				if (up.op == FLUE_UP_RECEIVE_INDICATE)
					verdict(h, &c, up.ref, partial, 0);
			}
			poll_engine(h);
			while (sent_next(h, &c, &s)) {
				assert_true(s.ack + s.win == edge || s.ack + s.win >= edge + SEG);
				edge = s.ack + s.win;
			}
		}
		assert_true(edge > 4 * SEG);
		finish(h, &c);
	}
}

/** What was written is sent, pushed and soon, full segments first; one PSH tells of all that ends in a
 *  segment. */
RULE("9293/MUST-60")
RULE("9293/MUST-61")
RULE("9293/SHLD-27")
RULE("9293/SHLD-28")
static void
the_last_byte_of_the_queue_is_pushed(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;
	flue_ref nbls[40];
	uint32_t i;

	(void)state;
	connect_at(h, &c, 0xffffff00, 1);
	/* 40 writes of 100 bytes. */
	for (i = 0; i < 40; i++) {
		nbls[i] = nbl_new(h, stream + 100 * i, 100, 1);
		submit(h, FLUE_SUB_SEND, c.token, nbls[i], 0, 0);
	}
	poll_engine(h);
	for (i = 0; i < 3; i++) {
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, i * SEG);
		assert_int_equal(s.len, i < 2 ? SEG : 4000 - 2 * SEG);
		assert_memory_equal(s.payload, stream + s.seq, s.len);
	}
	assert_int_equal(s.flags & TCP_PSH, TCP_PSH);
	sent_none(h);
	ack(h, &c, 4000, 65535);
	while (up_next(h, &(struct flue_up){ 0 }))
		;
	finish(h, &c);
}

/** Every option has its length, and header and options fill whole words: sent_next() looks at each
 *  segment of every test; here are all of them. */
RULE("9293/MUST-68")
RULE("9293/MUST-69")
static void
options_are_whole(void **state)
{
	int ts;

	(void)state;
	for (ts = 0; ts < 2; ts++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { .ts = ts };
		uint32_t base = ts ? 32 : 20;
		struct seen s;
		uint32_t i;

		connect_sack(h, &c, start_numbers[1][0], start_numbers[1][1]);
		(void)send_data(h, &c, 3000);
		for (i = 0; i < 3; i++) {
			s = sent_expect(h, &c);
			assert_int_equal(s.hlen, base);
			assert_int_equal(s.ts, ts);
		}
		for (i = 1; i < 6; i++) {
			if (ts)
				peer_ts(h, &c, TCP_ACK, i * 200, 0, stream, 100, 65535, 2000,
						70000);
			else
				peer(h, &c, TCP_ACK, i * 200, 0, stream, 100, 65535);
			pass_after(h, MS);
			s = sent_expect(h, &c);
			assert_int_equal(s.sacks, i < (ts ? 3u : 4u) ? i : (ts ? 3u : 4u));
			assert_int_equal(s.hlen, base + 4 + 8 * s.sacks);
			assert_int_equal(s.ts, ts);
		}
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

/** An ACK of what was never sent, or of long ago, is answered and nothing of it taken. */
RULE("5961/5.2")
static void
an_ack_outside_of_what_can_be_is_challenged(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;

		connect_at(h, &c, start_numbers[n][0], start_numbers[n][1]);
		(void)send_data(h, &c, 3000);
		(void)drain_sent(h, &c);
		/* One byte beyond, with data. */
		peer(h, &c, TCP_ACK, 0, 3001, stream, 100, 65535);
		pass_after(h, MS);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 0);
		assert_int_equal(s.len, 0);
		assert_int_equal(object(h, &c)->snd_una, c.iss);
		assert_int_equal(object(h, &c)->rcv_nxt, c.irs);
		/* The largest window seen is 65535: as old as that can be, older not. */
		pass_after(h, 100 * MS);
		peer(h, &c, TCP_ACK, 0, (uint32_t)-65536, stream, 100, 65535);
		pass_after(h, MS);
		assert_int_equal(sent_expect(h, &c).ack, 0);
		sent_none(h);
		up_none(h);
		peer(h, &c, TCP_ACK, 0, (uint32_t)-65535, stream, 100, 65535);
		pass_after(h, MS);
		assert_int_equal(sent_expect(h, &c).ack, 100);
		assert_int_equal(accept_data(h, &c, buf), 100);
		finish(h, &c);
	}
}

/** All connections together draw about a thousand a second, and nobody can tell how many exactly. */
RULE("5961/7")
static void
challenges_of_all_connections_are_limited(void **state)
{
	struct flue_engine_config config = harness_config();
	static struct conn c[320];
	struct harness *h;
	int64_t before = 0;
	int64_t first = 0;
	bool differ = false;
	uint32_t i;
	uint32_t n;

	(void)state;
	config.max_connections = 512;
	h = harness_new(&config, 0);
	for (i = 0; i < 320; i++) {
		c[i] = (struct conn){ 0 };
		conn_block(h, &c[i], 1, 1);
		assert_int_equal(conn_initiate(h, &c[i]), FLUE_STATUS_SUCCESS);
	}
	h->now = (h->now / SEC + 2) * SEC;
	for (n = 0; n < 4; n++) {
		uint32_t tenth;
		int64_t drawn;

		for (tenth = 0; tenth < 10; tenth++) {
			for (i = 0; i < 320; i++) {
				peer(h, &c[i], TCP_RST, 7, 0, NULL, 0, 0);
				if (i % 32 == 31)
					poll_engine(h);
			}
			h->now += 100 * MS;
		}
		drawn = counter(h, FLUE_CTR_CHALLENGE_ACKS) - before;
		assert_in_range(drawn, 500, 1500);
		first = n == 0 ? drawn : first;
		differ |= drawn != first;
		before += drawn;
	}
	assert_true(differ);
	harness_discard(h);
}

/** The peer fills what it is told, in `ms` at a time; `rounds` times. @return the size of the window then */
static uint32_t
fill_windows(struct harness *h, struct conn *c, int rounds, int64_t ms, bool read)
{
	uint32_t edge = object(h, c)->rcv_adv - c->irs;
	struct flue_up up;
	struct seen s;
	uint32_t at = object(h, c)->rcv_nxt - c->irs;

	while (rounds-- > 0) {
		while (edge - at >= SEG) {
			peer(h, c, TCP_ACK, at, 0, stream, SEG, 65535);
			at += SEG;
			if ((edge - at) / SEG % 16 == 0)
				poll_engine(h);
		}
		pass_after(h, ms * MS);
		if (read)
			while (object(h, c)->rx_held > 0)
				(void)accept_data(h, c, buf);
		else
			while (up_next(h, &up))
				;
		poll_engine(h);
		while (sent_next(h, c, &s)) {
			assert_true((int32_t)(s.ack + ((uint32_t)s.win << 2) - edge) >= 0);
			edge = s.ack + ((uint32_t)s.win << 2);
		}
	}
	return object(h, c)->rcv_buf;
}

/** A window the peer fills in every round trip grows, where a setting allows it: no further than that
 *  and the scale, not for a slow peer, and not when the application leaves it full. */
static void
a_window_grows_where_the_host_lets_it(void **state)
{
	static const struct {
		int32_t limit;
		int64_t ms;
		bool read;
		uint32_t window;
	} cases[] = {
		{ 0, 20, true, 20000 },
		{ 150000, 20, true, 150000 },
		{ 1 << 30, 20, true, 65535 << 2 },
		{ 150000, 100, true, 20000 },
		{ 150000, 20, false, 20000 },
		{ 15000, 20, true, 20000 },
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct flue_engine_config config = harness_config();
		struct conn c = { 0 };
		struct harness *h;

		config.receive_window_limit = cases[i].limit;
		config.max_receives = 1024;
		h = harness_new(&config, 0);
		conn_block(h, &c, 1, 0xffff0000);
		tcp_const(&c)->flags = FLUE_TCP_CONST_WINDOW_SCALING;
		tcp_const(&c)->wind_scale = 0x20;
		tcp_cached(&c)->initial_rcv_wnd = 20000;
		tcp_delegated(&c)->rcv_wnd = 20000;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		pass_after(h, 200 * MS);
		assert_int_equal(fill_windows(h, &c, 12, cases[i].ms, cases[i].read),
				cases[i].window);
		if (cases[i].read)
			finish(h, &c);
		else
			harness_discard(h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ack_never_waits_for_half_a_second),
		cmocka_unit_test(all_that_is_at_hand_is_looked_at_before_an_ack),
		cmocka_unit_test(a_byte_that_is_read_opens_no_window),
		cmocka_unit_test(the_last_byte_of_the_queue_is_pushed),
		cmocka_unit_test(options_are_whole),
		cmocka_unit_test(an_ack_outside_of_what_can_be_is_challenged),
		cmocka_unit_test(a_window_grows_where_the_host_lets_it),
		cmocka_unit_test(challenges_of_all_connections_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
