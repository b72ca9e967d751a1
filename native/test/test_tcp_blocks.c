/* SPDX-License-Identifier: Apache-2.0 */

/* What the peer hears of data behind a hole: SACK blocks (RFC 2018), data that came twice (RFC 2883),
 * duplicate ACKs. */

#include <string.h>

#include "support/stream.h"
#include "tcp/tcp.h"

static uint8_t buf[1 << 17];

static void
data(struct harness *h, struct conn *c, uint32_t at, uint32_t len)
{
	if (c->ts)
		peer_ts(h, c, TCP_ACK, at, c->peer_ack, stream + at, len, 65535, 2000, 70000);
	else
		peer(h, c, TCP_ACK, at, c->peer_ack, stream + at, len, 65535);
	pass_after(h, MS);
}

/** One pure ACK went out, with these blocks; `blocks` ends with 0. */
static void
told(struct harness *h, struct conn *c, uint32_t acked, const uint32_t *blocks)
{
	struct seen s = sent_expect(h, c);
	uint32_t i;

	assert_int_equal(s.len, 0);
	assert_int_equal(s.ack, acked);
	for (i = 0; blocks[2 * i] != 0; i++) {
		assert_true(i < s.sacks);
		assert_int_equal(s.sack[i][0], blocks[2 * i]);
		assert_int_equal(s.sack[i][1], blocks[2 * i + 1]);
	}
	assert_int_equal(s.sacks, i);
	sent_none(h);
}

#define TOLD(h, c, acked, ...) told(h, c, acked, (const uint32_t[]){ __VA_ARGS__, 0 })
#define TOLD_NONE(h, c, acked) told(h, c, acked, (const uint32_t[]){ 0 })

/** The newest one first, then those told before; four of them, three beside timestamps. */
RULE("2018/3")
RULE("2018/4")
static void
the_first_block_holds_the_newest_segment(void **state)
{
	static const uint32_t order[] = { 3, 9, 1, 15, 7, 13, 5, 11 };

	(void)state;
	EACH_NUMBER(n)
	{
		int ts;

		for (ts = 0; ts < 2; ts++) {
			struct harness *h = harness_new(NULL, 0);
			struct conn c = { .ts = ts };
			uint32_t most = ts ? 3 : 4;
			uint32_t i;
			uint32_t k;

			connect_sack(h, &c, start_numbers[n][0], start_numbers[n][1]);
			/* Eight intervals with holes between them. */
			for (i = 0; i < 8; i++) {
				uint32_t blocks[10] = { 0 };

				data(h, &c, order[i] * 1000, 1000);
				for (k = 0; k <= i && k < most; k++) {
					blocks[2 * k] = order[i - k] * 1000;
					blocks[2 * k + 1] = order[i - k] * 1000 + 1000;
				}
				told(h, &c, 0, blocks);
			}
			assert_int_equal(object_extra(h, &c)->ooo_count, 8);
			/* The holes are closed from the left; what is left stays as it was told. */
			data(h, &c, 0, 1000);
			if (ts)
				TOLD(h, &c, 2000, 11000, 12000, 5000, 6000, 13000, 14000);
			else
				TOLD(h, &c, 2000, 11000, 12000, 5000, 6000, 13000, 14000, 7000,
						8000);
			for (i = 2; i < 14; i += 2) {
				data(h, &c, i * 1000, 1000);
				assert_int_equal(sent_expect(h, &c).ack, i * 1000 + 2000);
			}
			data(h, &c, 14000, 1000);
			TOLD_NONE(h, &c, 16000);
			for (i = 0; i < 16000;)
				i += accept_data(h, &c, buf + i);
			assert_memory_equal(buf, stream, 16000);
			finish(h, &c);
		}
	}
}

/** A block that grows, or two that become one, is told whole and once. */
RULE("2018/4")
static void
blocks_that_meet_are_one(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_sack(h, &c, start_numbers[1][0], start_numbers[1][1]);
	data(h, &c, 1000, 500);
	TOLD(h, &c, 0, 1000, 1500);
	data(h, &c, 5000, 500);
	TOLD(h, &c, 0, 5000, 5500, 1000, 1500);
	data(h, &c, 1500, 500);
	TOLD(h, &c, 0, 1000, 2000, 5000, 5500);
	data(h, &c, 3000, 500);
	TOLD(h, &c, 0, 3000, 3500, 1000, 2000, 5000, 5500);
	/* It closes the gap between two, and overlaps one of them. */
	data(h, &c, 3500, 1600);
	TOLD(h, &c, 0, 3000, 5500, 1000, 2000);
	data(h, &c, 500, 500);
	TOLD(h, &c, 0, 500, 2000, 3000, 5500);
	finish(h, &c);
}

/** Blocks never tell of what is not there: random pieces against a map of bytes. */
RULE("2018/3")
static void
blocks_are_what_was_received(void **state)
{
	static uint8_t have[20001];
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t seed = 12345;
	uint32_t total = 0;
	uint32_t n;

	(void)state;
	connect_sack(h, &c, start_numbers[2][0], start_numbers[2][1]);
	memset(have, 0, sizeof(have));
	for (n = 0; n < 400; n++) {
		uint32_t at;
		uint32_t len;
		struct seen s;
		uint32_t i;

		seed = seed * 1664525 + 1013904223;
		at = (seed >> 8) % 20000;
		seed = seed * 1664525 + 1013904223;
		len = 1 + (seed >> 8) % 400;
		len = at + len > 20000 ? 20000 - at : len;
		data(h, &c, at, len);
		memset(have + at, 1, len);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, strnlen((char *)have, 20000));
		for (i = 0; i < s.sacks; i++) {
			uint32_t from = s.sack[i][0];
			uint32_t to = s.sack[i][1];

			/* A first block may tell of what came twice instead. */
			assert_true(from < to && to <= 20000);
			assert_null(memchr(have + from, 0, to - from));
			if (i > 0 || s.sacks == 1)
				continue;
			assert_true(from == at || from >= s.ack);
		}
		for (i = 1; i < s.sacks; i++) {
			assert_true(s.sack[i][0] > s.ack);
			assert_false(have[s.sack[i][0] - 1]);
			assert_false(have[s.sack[i][1]]);
		}
		while (sent_next(h, &c, &s))
			;
		if (object(h, &c)->flags & CONN_INDICATING)
			total += accept_data(h, &c, buf + total);
	}
	assert_memory_equal(buf, stream, total);
	finish(h, &c);
}

RULE("2883/4")
static void
what_came_twice_is_told_first_and_once(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		connect_sack(h, &c, start_numbers[n][0], start_numbers[n][1]);
		data(h, &c, 0, 1000);
		data(h, &c, 1000, 1000);
		(void)drain_sent(h, &c);
		(void)accept_data(h, &c, buf);
		/* Below what was acknowledged, and nothing waits; then a part of it beside something new. */
		data(h, &c, 500, 1000);
		TOLD(h, &c, 2000, 500, 1500);
		data(h, &c, 1600, 1400);
		TOLD(h, &c, 3000, 1600, 2000);
		/* Nothing of this connection's can be so old. */
		peer(h, &c, TCP_ACK, 3000u - (1u << 30) - 1, c.peer_ack, stream, 1000, 65535);
		pass_after(h, MS);
		TOLD_NONE(h, &c, 3000);
		/* Something waits: its block follows. */
		data(h, &c, 4000, 1000);
		TOLD(h, &c, 3000, 4000, 5000);
		data(h, &c, 2000, 1000);
		TOLD(h, &c, 3000, 2000, 3000, 4000, 5000);
		data(h, &c, 6000, 1000);
		TOLD(h, &c, 3000, 6000, 7000, 4000, 5000);
		/* Within the queue: the block that holds it comes second, whichever was told last. */
		data(h, &c, 4200, 300);
		TOLD(h, &c, 3000, 4200, 4500, 4000, 5000, 6000, 7000);
		data(h, &c, 4800, 700);
		TOLD(h, &c, 3000, 4800, 5000, 4000, 5500, 6000, 7000);
		/* Over two packets of one block. */
		data(h, &c, 4100, 1000);
		TOLD(h, &c, 3000, 4100, 5100, 4000, 5500, 6000, 7000);
		/* Once: the next ACK does not repeat it. */
		data(h, &c, 8000, 1000);
		TOLD(h, &c, 3000, 8000, 9000, 4000, 5500, 6000, 7000);
		finish(h, &c);
	}
}

/** Without an agreement no option is sent, but an ACK for each segment behind the hole: a peer counts
 *  three. What closes the hole draws one, and no more that would look like news of another hole. */
RULE("5681/4.2")
RULE("9293/MAY-13")
static void
without_sack_each_segment_behind_a_hole_draws_its_ack(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;
	uint32_t i;

	(void)state;
	connect_at(h, &c, start_numbers[2][0], start_numbers[2][1]);
	h->e->params.tcp_ack_frequency = 8;
	object(h, &c)->quick = 0;
	for (i = 1; i < 4; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, stream + i * 1000, 1000, 65535);
	pass_after(h, MS);
	for (i = 1; i < 4; i++) {
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 0);
		assert_int_equal(s.hlen, 20);
		assert_int_equal(s.len, 0);
	}
	sent_none(h);
	for (i = 5; i < 8; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, stream + i * 1000, 1000, 65535);
	peer(h, &c, TCP_ACK, 0, 0, stream, 1000, 65535);
	peer(h, &c, TCP_ACK, 4000, 0, stream + 4000, 1000, 65535);
	pass_after(h, MS);
	TOLD_NONE(h, &c, 8000);
	/* In order again, and past the ACKs that are sent at once behind a loss: with the delay again. */
	object(h, &c)->quick = 0;
	data(h, &c, 8000, 1000);
	sent_none(h);
	while (sent_next(h, &c, &s))
		;
	finish(h, &c);
}

/** A full segment has no room for blocks, and an ACK with data is no duplicate: the ACK of its own goes
 *  first. A short segment carries them. */
RULE("2018/3")
static void
data_does_not_swallow_what_an_ack_has_to_tell(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	connect_sack(h, &c, start_numbers[1][0], start_numbers[1][1]);
	(void)send_data(h, &c, 30000);
	(void)drain_sent(h, &c);
	peer(h, &c, TCP_ACK, 1000, 2920, stream + 1000, 1000, 65535);
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.sacks, 1);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 1460);
	assert_int_equal(s.hlen, 20);
	(void)drain_sent(h, &c);
	ack(h, &c, 14600, 65535);
	(void)drain_sent(h, &c);
	ack(h, &c, 30000, 65535);
	(void)drain_sent(h, &c);
	(void)send_data(h, &c, 100);
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 100);
	assert_int_equal(s.sacks, 1);
	assert_int_equal(s.sack[0][0], 1000);
	assert_memory_equal(s.payload, stream, 100);
	finish(h, &c);
}

/** Options count: to a peer of small segments nothing is larger for the blocks in it. */
RULE("9293/MUST-16")
static void
blocks_make_no_segment_too_large(void **state)
{
	int ts;

	(void)state;
	for (ts = 0; ts < 2; ts++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { .ts = ts };
		uint32_t len;
		struct seen s;

		conn_block(h, &c, 1, 1);
		tcp_const(&c)->flags |= FLUE_TCP_CONST_SACK;
		tcp_const(&c)->remote_mss = 536;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		pass_after(h, 200 * MS);
		data(h, &c, 1000, 100);
		data(h, &c, 3000, 100);
		(void)drain_sent(h, &c);
		for (len = 480; len <= 536; len++) {
			uint32_t sent = 0;

			object(h, &c)->cc.cwnd = 65535;
			(void)send_data(h, &c, len);
			for (; sent_next(h, &c, &s); sent += s.len)
				assert_true(s.len + s.hlen - 20 <= 536);
			assert_int_equal(sent, len);
		}
		finish(h, &c);
	}
}

/** A FIN behind a hole has its number in the block. */
RULE("2018/3")
static void
a_fin_behind_a_hole_is_told(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_sack(h, &c, start_numbers[2][0], start_numbers[2][1]);
	peer(h, &c, TCP_ACK | TCP_FIN, 1000, 0, stream + 1000, 500, 65535);
	pass_after(h, MS);
	TOLD(h, &c, 0, 1000, 1501);
	peer(h, &c, TCP_ACK | TCP_FIN, 1000, 0, stream + 1000, 500, 65535);
	pass_after(h, MS);
	TOLD(h, &c, 0, 1000, 1501, 1000, 1501);
	data(h, &c, 0, 1000);
	TOLD_NONE(h, &c, 1501);
	(void)accept_data(h, &c, buf);
	event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
	finish(h, &c);
}

/** What finds no room in the queue is not told. */
RULE("2018/3")
static void
what_was_not_kept_is_not_told(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;
	uint32_t i;

	(void)state;
	connect_sack(h, &c, start_numbers[0][0], start_numbers[0][1]);
	for (i = 1; i <= FLUE_OOO_MAX; i++)
		data(h, &c, i * 20, 10);
	while (sent_next(h, &c, &s))
		;
	data(h, &c, 60000, 10);
	s = sent_expect(h, &c);
	assert_int_equal(s.sack[0][0], FLUE_OOO_MAX * 20);
	for (i = 0; i < s.sacks; i++)
		assert_true(s.sack[i][1] < 60000);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_block_holds_the_newest_segment),
		cmocka_unit_test(blocks_that_meet_are_one),
		cmocka_unit_test(blocks_are_what_was_received),
		cmocka_unit_test(what_came_twice_is_told_first_and_once),
		cmocka_unit_test(without_sack_each_segment_behind_a_hole_draws_its_ack),
		cmocka_unit_test(data_does_not_swallow_what_an_ack_has_to_tell),
		cmocka_unit_test(blocks_make_no_segment_too_large),
		cmocka_unit_test(a_fin_behind_a_hole_is_told),
		cmocka_unit_test(what_was_not_kept_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
