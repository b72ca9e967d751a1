/* SPDX-License-Identifier: Apache-2.0 */

#include "tcp/board.h"

#include <stddef.h>

/* ---- Runs ----------------------------------------------------------------------------------- */

void
flue_runs_init(struct flue_runs *pool, struct flue_run *runs, uint32_t n)
{
	uint32_t i;

	pool->run = runs;
	pool->first = n > 0 ? 0 : RUN_NONE;
	pool->free = pool->size = n;
	for (i = 0; i < n; i++)
		runs[i].next = i + 1 < n ? i + 1 : RUN_NONE;
}

static bool
can_take(const struct flue_runs *pool, const struct flue_board *b, uint32_t n)
{
	return pool->free >= n && b->count + n <= b->most;
}

/** There is one: can_take() was asked. */
static uint32_t
take(struct flue_runs *pool, struct flue_board *b)
{
	uint32_t i = pool->first;

	pool->first = pool->run[i].next;
	pool->free--;
	b->count++;
	return i;
}

static void
give(struct flue_runs *pool, struct flue_board *b, uint32_t i)
{
	pool->run[i].next = pool->first;
	pool->first = i;
	pool->free++;
	b->count--;
	b->hint = RUN_NONE;
}

/** Is the run due to be sent again? */
static bool
is_due(const struct flue_run *r)
{
	return (r->flags & (RUN_LOST | RUN_RESENT)) == RUN_LOST;
}

/** `len` bytes of a run with these flags appear, or, negative, disappear. */
static void
count(struct flue_board *b, uint32_t flags, uint32_t len)
{
	if (flags & RUN_SACKED)
		b->sacked += len;
	if (flags & RUN_LOST)
		b->lost += len;
	if (flags & RUN_RESENT)
		b->resent += len;
	if ((flags & (RUN_LOST | RUN_RESENT)) == RUN_LOST)
		b->due += len;
}

static void
set_flags(struct flue_board *b, struct flue_run *r, uint32_t flags)
{
	count(b, r->flags, r->start - r->end);
	r->flags = flags;
	count(b, flags, r->end - r->start);
	b->hint = RUN_NONE;
}

/** Have a run begin at `at`, which lies within the board; there is a run to split. */
static void
split(struct flue_runs *pool, struct flue_board *b, uint32_t i, uint32_t at)
{
	struct flue_run *r = &pool->run[i];
	uint32_t n = take(pool, b);
	struct flue_run *behind = &pool->run[n];

	*behind = *r;
	behind->start = at;
	r->end = at;
	r->next = n;
	if (b->tail == i)
		b->tail = n;
}

/** Have run borders at both ends, which lie within the board. @return first run; RUN_NONE: no run left */
static uint32_t
carve(struct flue_runs *pool, struct flue_board *b, uint32_t start, uint32_t end)
{
	uint32_t first = b->head;
	uint32_t last;
	uint32_t splits;

	while (flue_seq_leq(pool->run[first].end, start))
		first = pool->run[first].next;
	last = first;
	while (flue_seq_lt(pool->run[last].end, end))
		last = pool->run[last].next;
	splits = (uint32_t)(pool->run[first].start != start) + (pool->run[last].end != end);
	if (!can_take(pool, b, splits))
		return RUN_NONE;
	if (pool->run[last].end != end)
		split(pool, b, last, end);
	if (pool->run[first].start != start) {
		split(pool, b, first, start);
		first = pool->run[first].next;
	}
	return first;
}

static bool
alike(const struct flue_run *a, const struct flue_run *b)
{
	if (a->flags != b->flags)
		return false;
	/* When they were sent matters while they are under way. */
	if ((a->flags & RUN_SACKED) || is_due(a))
		return true;
	return a->flags == 0 || (a->sent_us == b->sent_us && a->order == b->order);
}

void
flue_board_tidy(struct flue_runs *pool, struct flue_board *b)
{
	uint32_t i = b->head;

	while (i != RUN_NONE && pool->run[i].next != RUN_NONE) {
		struct flue_run *r = &pool->run[i];
		uint32_t n = r->next;

		if (!alike(r, &pool->run[n])) {
			i = n;
			continue;
		}
		r->end = pool->run[n].end;
		r->next = pool->run[n].next;
		if (b->tail == n)
			b->tail = i;
		give(pool, b, n);
	}
}

/* ---- The board ------------------------------------------------------------------------------ */

void
flue_board_init(struct flue_board *b, uint32_t una, uint32_t most)
{
	*b = (struct flue_board){
		.head = RUN_NONE,
		.tail = RUN_NONE,
		.most = most,
		.una = una,
		.end = una,
		.fack = una,
		.hint = RUN_NONE,
	};
}

void
flue_board_clear(struct flue_runs *pool, struct flue_board *b)
{
	while (b->head != RUN_NONE) {
		uint32_t i = b->head;

		b->head = pool->run[i].next;
		give(pool, b, i);
	}
	flue_board_init(b, b->una, b->most);
}

bool
flue_board_append(struct flue_runs *pool, struct flue_board *b, const struct flue_run *run)
{
	uint32_t i;

	if (!can_take(pool, b, 1))
		return false;
	i = take(pool, b);
	pool->run[i] = *run;
	pool->run[i].start = b->end;
	pool->run[i].next = RUN_NONE;
	if (b->tail == RUN_NONE)
		b->head = i;
	else
		pool->run[b->tail].next = i;
	b->tail = i;
	b->end = run->end;
	if (run->flags & RUN_SACKED)
		b->fack = run->end;
	count(b, run->flags, run->end - pool->run[i].start);
	b->hint = RUN_NONE;
	return true;
}

bool
flue_board_cover(struct flue_runs *pool, struct flue_board *b, uint32_t upto)
{
	if (flue_seq_leq(upto, b->end))
		return true;
	if (b->tail == RUN_NONE || pool->run[b->tail].flags != 0)
		return flue_board_append(pool, b, &(struct flue_run){ .end = upto });
	pool->run[b->tail].end = upto;
	b->end = upto;
	return true;
}

/** Bytes up to `end` of a run arrived. */
static void
arrived(const struct flue_run *r, uint32_t end, struct flue_board_news *news)
{
	if (r->flags & RUN_SACKED)
		return;
	news->delivered += end - r->start;
	if (!(r->flags & RUN_AGAIN)) {
		if (!news->first || flue_seq_lt(news->first_end, end))
			news->first_end = end;
		news->first = true;
		news->reordered |= flue_seq_lt(end, news->fack);
		return;
	}
	if (!news->again || flue_seq_lt(news->again_us, r->sent_us) ||
			(news->again_us == r->sent_us && flue_seq_lt(news->again_end, end))) {
		news->again_us = r->sent_us;
		/* What was sent before it at the least. */
		news->again_order = r->flags & RUN_MOVED ? end : r->order;
		news->again_end = end;
	}
	news->again = true;
}

void
flue_board_advance(struct flue_runs *pool, struct flue_board *b, uint32_t una,
		struct flue_board_news *news)
{
	while (b->head != RUN_NONE && flue_seq_lt(pool->run[b->head].start, una)) {
		uint32_t i = b->head;
		struct flue_run *r = &pool->run[i];
		uint32_t end = flue_seq_lt(una, r->end) ? una : r->end;

		arrived(r, end, news);
		count(b, r->flags, r->start - end);
		r->start = end;
		if (end != r->end)
			break;
		b->head = r->next;
		if (b->head == RUN_NONE)
			b->tail = RUN_NONE;
		give(pool, b, i);
	}
	if (flue_seq_gt(una, b->end)) {
		struct flue_run behind = { .start = b->end };

		arrived(&behind, una, news);
		b->end = una;
	}
	if (flue_seq_gt(una, b->una))
		b->una = una;
	b->fack = flue_seq_max(b->fack, una);
}

bool
flue_board_sack(struct flue_runs *pool, struct flue_board *b, uint32_t start, uint32_t end,
		struct flue_board_news *news)
{
	uint32_t i;

	if (!flue_board_cover(pool, b, end))
		return false;
	i = carve(pool, b, start, end);
	if (i == RUN_NONE)
		return false;
	for (; i != RUN_NONE && flue_seq_lt(pool->run[i].start, end); i = pool->run[i].next) {
		struct flue_run *r = &pool->run[i];

		arrived(r, r->end, news);
		set_flags(b, r, RUN_SACKED);
	}
	b->fack = flue_seq_max(b->fack, end);
	return true;
}

void
flue_board_lose(struct flue_board *b, struct flue_run *run)
{
	set_flags(b, run, (run->flags & RUN_AGAIN) | RUN_LOST);
}

bool
flue_board_lose_all(struct flue_runs *pool, struct flue_board *b, uint32_t upto)
{
	uint32_t i;

	if (!flue_board_cover(pool, b, upto))
		return false;
	for (i = b->head; i != RUN_NONE; i = pool->run[i].next)
		if (!(pool->run[i].flags & RUN_SACKED))
			flue_board_lose(b, &pool->run[i]);
	flue_board_tidy(pool, b);
	return true;
}

void
flue_board_lose_none(struct flue_runs *pool, struct flue_board *b)
{
	uint32_t i;

	for (i = b->head; i != RUN_NONE; i = pool->run[i].next) {
		struct flue_run *r = &pool->run[i];

		if (!(r->flags & RUN_LOST))
			continue;
		/* Not lost, and sent again: it is under way twice. */
		set_flags(b, r, r->flags & ~RUN_LOST);
	}
	flue_board_tidy(pool, b);
}

bool
flue_board_resend(struct flue_runs *pool, struct flue_board *b, uint32_t start, uint32_t end,
		uint32_t now_us, uint32_t order)
{
	uint32_t due = b->hint;
	uint32_t next = RUN_NONE;
	uint32_t i;

	if (!flue_board_cover(pool, b, end))
		return false;
	i = carve(pool, b, start, end);
	if (i == RUN_NONE)
		return false;
	for (; i != RUN_NONE && flue_seq_lt(pool->run[i].start, end); i = pool->run[i].next) {
		struct flue_run *r = &pool->run[i];

		if (r->flags & RUN_SACKED)
			continue;
		set_flags(b, r, (r->flags & RUN_LOST) | RUN_RESENT | RUN_AGAIN);
		r->sent_us = now_us;
		r->order = order;
		/* It was the first that was due: what is due next lies behind. */
		if (i == due)
			next = r->next;
	}
	b->hint = next;
	return true;
}

/* ---- Questions ------------------------------------------------------------------------------ */

struct flue_run *
flue_board_hole(struct flue_runs *pool, struct flue_board *b)
{
	uint32_t i = b->hint != RUN_NONE ? b->hint : b->head;

	if (b->due == 0)
		return NULL;
	for (; i != RUN_NONE; i = pool->run[i].next) {
		if (!is_due(&pool->run[i]))
			continue;
		b->hint = i;
		return &pool->run[i];
	}
	return NULL;
}

uint32_t
flue_board_islands(const struct flue_runs *pool, const struct flue_board *b, uint32_t most)
{
	uint32_t n = 0;
	uint32_t i;

	for (i = b->head; i != RUN_NONE && n < most; i = pool->run[i].next)
		n += (pool->run[i].flags & RUN_SACKED) != 0;
	return n;
}
