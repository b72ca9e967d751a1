/* SPDX-License-Identifier: Apache-2.0 */

/* Timers. Delayed ACKs have a queue; all else a wheel with a slot for each millisecond and at most one entry a connection. Deadlines
 * live in the connection and move without a word to the wheel; an entry that comes due before its
 * deadline is put in again, and so is one that lies further away than the wheel turns. Only a
 * deadline that moves *before* its entry moves that. */

#include "engine/parts.h"
#include "tcp/tcp.h"

#define SLOT(ms) ((ms) & (FLUE_WHEEL_SLOTS - 1))

/* Times compare modulo 2^32: 24 days either way. */
static bool
before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* ---- Delayed ACKs ---------------------------------------------------------------------------- */

#define ACKS_AHEAD 4

void
flue_timer_ack(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_acks *q = &e->acks;

	if (c->ack_queued)
		return;
	/* The order of the queue is that of time, unless the delay was made shorter, or an ACK was owed
	 * anew while its connection stood in the queue. */
	if (q->tail - q->head > q->mask ||
			(q->head != q->tail &&
					before(c->ack_ms, q->at[(q->tail - 1) & q->mask].ms))) {
		flue_timer_arm_ms(e, c, c->ack_ms);
		return;
	}
	q->at[q->tail++ & q->mask] = (struct flue_acks_entry){ flue_conn_index(e, c), c->ack_ms };
	c->ack_queued = 1;
}

/** Those that are due get their turn at the end of the pass. What was acknowledged since is not looked for
 *  when it is: its entry goes when its time has come. @return entries looked at */
static int
acks_run(struct flue_engine *e)
{
	struct flue_acks *q = &e->acks;
	int n;

	for (n = 0; n < FLUE_COMMANDS && q->head != q->tail; n++) {
		struct flue_acks_entry entry = q->at[q->head & q->mask];
		struct flue_conn *c = &e->conns[entry.conn];

		if (before(e->now_ms, entry.ms))
			break;
		if (q->tail - q->head > ACKS_AHEAD)
			flue_conn_prefetch(&e->conns[q->at[(q->head + ACKS_AHEAD) & q->mask].conn]);
		q->head++;
		c->ack_queued = 0;
		if (!(c->flags & CONN_ACK_OWED) || c->path == FLUE_NONE)
			continue;
		if (flue_ack_due(e, c))
			flue_conn_touch(e, c);
		else
			flue_timer_ack(e, c);
	}
	return n;
}

/* ---- The wheel ------------------------------------------------------------------------------- */

static void
put(struct flue_engine *e, struct flue_conn *c, uint32_t ms)
{
	struct flue_wheel *w = &e->wheel;
	uint32_t slot = SLOT(ms);
	uint32_t i = flue_conn_index(e, c);

	c->timer_slot = slot;
	c->timer_prev = FLUE_NONE;
	c->timer_next = FLUE_NONE;
	if (w->busy[slot / 64] & (UINT64_C(1) << (slot % 64))) {
		c->timer_next = w->first[slot];
		e->conns[c->timer_next].timer_prev = i;
	}
	w->first[slot] = i;
	w->busy[slot / 64] |= UINT64_C(1) << (slot % 64);
	w->count++;
	c->flags |= CONN_TIMER;
}

void
flue_timer_drop(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_wheel *w = &e->wheel;
	uint32_t slot = c->timer_slot;

	if (!(c->flags & CONN_TIMER))
		return;
	c->flags &= ~CONN_TIMER;
	w->count--;
	if (c->timer_next != FLUE_NONE)
		e->conns[c->timer_next].timer_prev = c->timer_prev;
	if (c->timer_prev != FLUE_NONE)
		e->conns[c->timer_prev].timer_next = c->timer_next;
	else if (c->timer_next != FLUE_NONE)
		w->first[slot] = c->timer_next;
	else
		w->busy[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

void
flue_timer_arm_ms(struct flue_engine *e, struct flue_conn *c, uint32_t ms)
{
	struct flue_wheel *w = &e->wheel;

	if (w->count == 0)
		w->ms = e->now_ms;
	if (before(ms, w->ms))
		ms = w->ms;
	if (ms - w->ms >= FLUE_WHEEL_SLOTS)
		ms = w->ms + FLUE_WHEEL_SLOTS - 1;
	if (c->flags & CONN_TIMER) {
		if (ms - w->ms >= SLOT(c->timer_slot - w->ms))
			return;
		flue_timer_drop(e, c);
	}
	put(e, c, ms);
}

/** Milliseconds from the wheel's time to its first entry. There is one. */
static uint32_t
distance(const struct flue_wheel *w)
{
	uint32_t slot = SLOT(w->ms);
	uint32_t word = slot / 64;
	uint64_t bits = w->busy[word] & (~UINT64_C(0) << (slot % 64));

	while (bits == 0) {
		word = (word + 1) % (FLUE_WHEEL_SLOTS / 64);
		bits = w->busy[word];
	}
	return SLOT(word * 64 + (uint32_t)__builtin_ctzll(bits) - slot);
}

/** Nobody looked for longer than the wheel turns: all of it is due now. */
static void
catch_up(struct flue_engine *e)
{
	struct flue_wheel *w = &e->wheel;
	uint32_t slot;

	w->ms = e->now_ms;
	for (slot = 0; slot < FLUE_WHEEL_SLOTS; slot++) {
		if (slot == SLOT(w->ms))
			continue;
		while (w->busy[slot / 64] & (UINT64_C(1) << (slot % 64))) {
			struct flue_conn *c = &e->conns[w->first[slot]];

			flue_timer_drop(e, c);
			put(e, c, w->ms);
		}
	}
}

int
flue_timers_run(struct flue_engine *e)
{
	struct flue_wheel *w = &e->wheel;
	int n = acks_run(e);

	if (w->count > 0 && e->now_ms - w->ms >= FLUE_WHEEL_SLOTS)
		catch_up(e);
	/* Bounded: a stall of seconds may make every connection due at once. */
	for (; w->count > 0 && n < FLUE_COMMANDS; n++) {
		uint32_t far = distance(w);
		struct flue_conn *c;

		if (far > e->now_ms - w->ms)
			break;
		w->ms += far;
		c = &e->conns[w->first[SLOT(w->ms)]];
		if (c->timer_next != FLUE_NONE) {
			__builtin_prefetch(&e->conns[c->timer_next], 1);
			__builtin_prefetch(&e->conns[c->timer_next].timer_next, 1);
		}
		flue_timer_drop(e, c);
		flue_tcp_timer(e, c);
	}
	if (n < FLUE_COMMANDS)
		w->ms = e->now_ms;
	return n;
}

int64_t
flue_timers_next(const struct flue_engine *e)
{
	const struct flue_wheel *w = &e->wheel;

	const struct flue_acks *q = &e->acks;
	int64_t next = INT64_MAX;
	int64_t ack;

	if (w->count > 0)
		next = e->now_ms_wide + (int32_t)(w->ms + distance(w) - e->now_ms);
	if (q->head != q->tail) {
		ack = e->now_ms_wide + (int32_t)(q->at[q->head & q->mask].ms - e->now_ms);
		next = ack < next ? ack : next;
	}
	return next == INT64_MAX ? INT64_MAX : next * FLUE_NS_PER_MS;
}
