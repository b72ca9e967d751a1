/* SPDX-License-Identifier: Apache-2.0 */

/* Timers: a binary heap with at most one entry a connection, in milliseconds. Deadlines live in the
 * connection and move without a word to the heap; an entry that comes due before its deadline is
 * put back. Only a deadline that moves *before* its entry costs a heap operation. */

#include "engine/parts.h"
#include "tcp/tcp.h"

static void
place(struct flue_engine *e, uint32_t pos, struct flue_heap_entry entry)
{
	e->heap[pos] = entry;
	e->conns[entry.conn].heap_pos = pos;
}

/* Times compare modulo 2^32: 24 days either way. */
static bool
before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static void
sift_up(struct flue_engine *e, uint32_t pos, struct flue_heap_entry entry)
{
	while (pos > 0) {
		uint32_t parent = (pos - 1) / 2;

		if (!before(entry.ms, e->heap[parent].ms))
			break;
		place(e, pos, e->heap[parent]);
		pos = parent;
	}
	place(e, pos, entry);
}

static void
sift_down(struct flue_engine *e, uint32_t pos, struct flue_heap_entry entry)
{
	for (;;) {
		uint32_t child = 2 * pos + 1;

		if (child >= e->heap_size)
			break;
		if (child + 1 < e->heap_size && before(e->heap[child + 1].ms, e->heap[child].ms))
			child++;
		if (!before(e->heap[child].ms, entry.ms))
			break;
		place(e, pos, e->heap[child]);
		pos = child;
	}
	place(e, pos, entry);
}

void
flue_timer_arm_ms(struct flue_engine *e, struct flue_conn *c, uint32_t ms)
{
	struct flue_heap_entry entry = { ms == FLUE_NONE ? 0 : ms, flue_conn_index(e, c) };

	if (c->timer_ms == FLUE_NONE) {
		c->timer_ms = entry.ms;
		sift_up(e, e->heap_size++, entry);
	} else if (before(entry.ms, c->timer_ms)) {
		c->timer_ms = entry.ms;
		sift_up(e, c->heap_pos, entry);
	}
}

void
flue_timer_arm(struct flue_engine *e, struct flue_conn *c, int64_t deadline)
{
	int64_t ms = deadline / FLUE_NS_PER_MS + (deadline % FLUE_NS_PER_MS != 0);

	/* Further than the heap can count: look again in between. */
	if (ms > e->now_ms_wide + 0x3fffffff)
		ms = e->now_ms_wide + 0x3fffffff;
	flue_timer_arm_ms(e, c, (uint32_t)ms);
}

void
flue_timer_drop(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t pos = c->heap_pos;
	struct flue_heap_entry last;

	if (pos == FLUE_NONE)
		return;
	c->heap_pos = FLUE_NONE;
	c->timer_ms = FLUE_NONE;
	last = e->heap[--e->heap_size];
	if (pos == e->heap_size)
		return;
	if (pos > 0 && before(last.ms, e->heap[(pos - 1) / 2].ms))
		sift_up(e, pos, last);
	else
		sift_down(e, pos, last);
}

int
flue_timers_run(struct flue_engine *e)
{
	int n = 0;

	/* Bounded: a stall of seconds may make every connection due at once. */
	while (e->heap_size > 0 && !before(e->now_ms, e->heap[0].ms) && n < FLUE_COMMANDS) {
		struct flue_conn *c = &e->conns[e->heap[0].conn];

		flue_timer_drop(e, c);
		flue_tcp_timer(e, c);
		n++;
	}
	return n;
}
