/* SPDX-License-Identifier: Apache-2.0 */

/* The scoreboard against an oracle that keeps each byte by itself: random operations, at sequence
 * numbers that wrap and with pools that run out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcp/board.h"

#define SPAN 400u
#define RUNS 500u

struct byte {
	uint8_t flags;
	uint32_t sent_us;
	uint32_t order;
};

/** Byte i is sequence number start + i. */
struct oracle {
	uint32_t start;
	uint32_t una; /* all of these are offsets */
	uint32_t end;
	uint32_t fack;
	struct byte byte[SPAN];
};

struct world {
	struct flue_run memory[RUNS];
	struct flue_runs pool;
	struct flue_board board;
	struct oracle o;
	uint64_t random;
	uint32_t now_us;
};

static uint32_t
pick(struct world *w, uint32_t below)
{
	w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(w->random >> 33) % below;
}

static struct world *
world_new(uint32_t start, uint32_t runs, uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));

	flue_runs_init(&w->pool, w->memory, runs);
	flue_board_init(&w->board, start, RUNS);
	w->o.start = start;
	w->random = seed;
	w->now_us = start * 3;
	return w;
}

/* ---- What must hold ------------------------------------------------------------------------- */

static void
same_counts(const struct world *w)
{
	uint32_t sacked = 0;
	uint32_t lost = 0;
	uint32_t resent = 0;
	uint32_t due = 0;
	uint32_t i;

	for (i = w->o.una; i < SPAN; i++) {
		uint8_t f = w->o.byte[i].flags;

		sacked += (f & RUN_SACKED) != 0;
		lost += (f & RUN_LOST) != 0;
		resent += (f & RUN_RESENT) != 0;
		due += (f & (RUN_LOST | RUN_RESENT)) == RUN_LOST;
	}
	assert_int_equal(w->board.sacked, sacked);
	assert_int_equal(w->board.lost, lost);
	assert_int_equal(w->board.resent, resent);
	assert_int_equal(w->board.due, due);
	assert_int_equal(w->board.fack - w->o.start, w->o.fack);
}

/** Runs without gaps, that say of each byte what the oracle says. */
static void
same_runs(const struct world *w)
{
	const struct flue_board *b = &w->board;
	uint32_t at = b->una;
	uint32_t n = 0;
	uint32_t i;

	assert_int_equal(at - w->o.start, w->o.una);
	for (i = b->head; i != RUN_NONE; i = w->pool.run[i].next) {
		const struct flue_run *r = &w->pool.run[i];

		assert_int_equal(r->start, at);
		assert_true(flue_seq_lt(r->start, r->end));
		for (; at != r->end; at++) {
			const struct byte *o = &w->o.byte[at - w->o.start];

			assert_int_equal(r->flags, o->flags);
			if (o->flags & RUN_RESENT) {
				assert_int_equal(r->sent_us, o->sent_us);
				assert_int_equal(r->order, o->order);
			}
		}
		if (r->next == RUN_NONE)
			assert_int_equal(b->tail, i);
		n++;
	}
	assert_int_equal(at, b->end);
	assert_int_equal(n, b->count);
	assert_int_equal(n + w->pool.free, w->pool.size);
	for (at -= w->o.start; at < SPAN; at++)
		assert_int_equal(w->o.byte[at].flags, 0);
}

/** The hole that is offered is the first one. */
static void
same_hole(struct world *w)
{
	const struct flue_run *hole = flue_board_hole(&w->pool, &w->board);
	uint32_t i;

	for (i = w->o.una; i < SPAN; i++)
		if ((w->o.byte[i].flags & (RUN_LOST | RUN_RESENT)) == RUN_LOST)
			break;
	if (i == SPAN)
		assert_null(hole);
	else
		assert_int_equal(hole->start - w->o.start, i);
}

/* ---- Operations, both ways ------------------------------------------------------------------ */

static void
oracle_arrives(struct oracle *o, uint32_t i, uint32_t *delivered)
{
	*delivered += (o->byte[i].flags & RUN_SACKED) == 0;
	o->byte[i] = (struct byte){ .flags = RUN_SACKED };
}

static void
sack(struct world *w)
{
	struct flue_board_news news = { .fack = w->board.fack };
	uint32_t from = w->o.una + pick(w, SPAN - w->o.una);
	uint32_t to = from + 1 + pick(w, SPAN - from);
	uint32_t delivered = 0;
	uint32_t i;

	to = to - from > 40 ? from + 40 : to;
	if (!flue_board_sack(&w->pool, &w->board, w->o.start + from, w->o.start + to, &news))
		return;
	for (i = from; i < to; i++)
		oracle_arrives(&w->o, i, &delivered);
	if (to > w->o.fack)
		w->o.fack = to;
	assert_int_equal(news.delivered, delivered);
}

static void
advance(struct world *w)
{
	struct flue_board_news news = { .fack = w->board.fack };
	uint32_t to = w->o.una + 1 + pick(w, 12);
	uint32_t delivered = 0;

	if (to > SPAN)
		to = SPAN;
	for (; w->o.una < to; w->o.una++)
		oracle_arrives(&w->o, w->o.una, &delivered);
	if (to > w->o.fack)
		w->o.fack = to;
	flue_board_advance(&w->pool, &w->board, w->o.start + to, &news);
	assert_int_equal(news.delivered, delivered);
}

static void
lose(struct world *w)
{
	uint32_t n = w->board.count == 0 ? 0 : pick(w, w->board.count);
	uint32_t i = w->board.head;
	struct flue_run *r;
	uint32_t at;

	if (w->board.count == 0)
		return;
	while (n-- > 0)
		i = w->pool.run[i].next;
	r = &w->pool.run[i];
	if (r->flags & RUN_SACKED)
		return;
	for (at = r->start; at != r->end; at++) {
		struct byte *o = &w->o.byte[at - w->o.start];

		o->flags = (uint8_t)((o->flags & RUN_AGAIN) | RUN_LOST);
	}
	flue_board_lose(&w->board, r);
}

static void
lose_all(struct world *w)
{
	uint32_t to = w->o.una + pick(w, SPAN - w->o.una + 1);
	uint32_t i;

	if (w->o.start + to - w->board.end > SPAN) /* no further than before */
		to = w->board.end - w->o.start;
	if (!flue_board_lose_all(&w->pool, &w->board, w->o.start + to))
		return;
	for (i = w->o.una; i < to; i++)
		if (!(w->o.byte[i].flags & RUN_SACKED))
			w->o.byte[i].flags = (uint8_t)((w->o.byte[i].flags & RUN_AGAIN) | RUN_LOST);
}

static void
lose_none(struct world *w)
{
	uint32_t i;

	flue_board_lose_none(&w->pool, &w->board);
	for (i = w->o.una; i < SPAN; i++)
		w->o.byte[i].flags &= (uint8_t)~RUN_LOST;
}

/** Mostly the hole, sometimes anything. */
static void
resend(struct world *w)
{
	const struct flue_run *hole = flue_board_hole(&w->pool, &w->board);
	uint32_t from = w->o.una + pick(w, SPAN - w->o.una);
	uint32_t to = from + 1 + pick(w, SPAN - from);
	uint32_t order = w->o.start + SPAN;
	uint32_t i;

	if (hole != NULL && pick(w, 4) != 0) {
		from = hole->start - w->o.start;
		to = from + 1 + pick(w, hole->end - hole->start);
	}
	w->now_us += pick(w, 3);
	if (!flue_board_resend(&w->pool, &w->board, w->o.start + from, w->o.start + to, w->now_us,
			    order))
		return;
	for (i = from; i < to; i++) {
		struct byte *o = &w->o.byte[i];

		if (o->flags & RUN_SACKED)
			continue;
		o->flags = (uint8_t)((o->flags & RUN_LOST) | RUN_RESENT | RUN_AGAIN);
		o->sent_us = w->now_us;
		o->order = order;
	}
}

static void
one_world(uint32_t start, uint32_t runs, uint64_t seed)
{
	static void (*const operations[])(struct world *) = { sack, sack, sack, resend, resend,
		resend, lose, lose, advance, lose_all, lose_none };
	struct world *w = world_new(start, runs, seed);
	uint32_t i;

	for (i = 0; i < 3000 && w->o.una < SPAN; i++) {
		uint32_t what = pick(w, 64);

		/* All or none at once, and progress, are rare. */
		if (what >= 8)
			what %= 8;
		else if (what < 6)
			what = 8;
		else
			what += 3;
		operations[what](w);
		if (pick(w, 2) == 0)
			flue_board_tidy(&w->pool, &w->board);
		same_counts(w);
		same_runs(w);
		same_hole(w);
	}
	flue_board_clear(&w->pool, &w->board);
	assert_int_equal(w->pool.free, runs);
	free(w);
}

static const uint32_t starts[] = { 1, 0x7fffff00, 0xfffffff0, 0xffffff00 };

static void
every_byte_is_where_the_oracle_has_it(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < 40; seed++)
		one_world(starts[seed % 4], RUNS, seed);
}

static void
a_pool_that_runs_out_changes_nothing(void **state)
{
	uint32_t runs;

	(void)state;
	for (runs = 0; runs < 40; runs++)
		one_world(starts[runs % 4], runs, runs);
}

static void
a_board_takes_no_more_than_its_share(void **state)
{
	struct world *w = world_new(starts[2], RUNS, 1);
	struct flue_board_news news = { 0 };
	uint32_t i;

	(void)state;
	w->board.most = 10;
	for (i = 1; i < 100; i += 2)
		(void)flue_board_sack(&w->pool, &w->board, starts[2] + i, starts[2] + i + 1, &news);
	assert_int_equal(w->board.count, 10);
	assert_int_equal(w->board.sacked, 5);
	flue_board_clear(&w->pool, &w->board);
	free(w);
}

/** What was sent once and arrives late is reordering; what was sent again says when it left. */
static void
news_tell_of_order_and_time(void **state)
{
	uint32_t s = starts[3];
	struct world *w = world_new(s, RUNS, 1);
	struct flue_board_news news = { .fack = s };

	(void)state;
	assert_true(flue_board_sack(&w->pool, &w->board, s + 100, s + 200, &news));
	assert_true(news.first);
	assert_false(news.again | news.reordered);
	assert_int_equal(news.first_end, s + 200);
	/* Sent again and arrived: no reordering. */
	assert_true(flue_board_resend(&w->pool, &w->board, s, s + 50, 77, s + 300));
	news = (struct flue_board_news){ .fack = w->board.fack };
	flue_board_advance(&w->pool, &w->board, s + 50, &news);
	assert_true(news.again);
	assert_false(news.first | news.reordered);
	assert_int_equal(news.again_us, 77);
	assert_int_equal(news.again_order, s + 300);
	assert_int_equal(news.again_end, s + 50);
	/* Sent once, and behind it something arrived before. */
	news = (struct flue_board_news){ .fack = w->board.fack };
	assert_true(flue_board_sack(&w->pool, &w->board, s + 60, s + 70, &news));
	assert_true(news.reordered);
	news = (struct flue_board_news){ .fack = w->board.fack };
	flue_board_advance(&w->pool, &w->board, s + 250, &news);
	assert_true(news.reordered);
	assert_int_equal(news.delivered, 10 + 30 + 50);
	assert_int_equal(flue_board_islands(&w->pool, &w->board, 3), 0);
	flue_board_clear(&w->pool, &w->board);
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_where_the_oracle_has_it),
		cmocka_unit_test(a_pool_that_runs_out_changes_nothing),
		cmocka_unit_test(a_board_takes_no_more_than_its_share),
		cmocka_unit_test(news_tell_of_order_and_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
