/* SPDX-License-Identifier: Apache-2.0 */

/* Timers: a wheel with a slot for each millisecond and at most one entry a connection. Deadlines
 * live in the connection and move without a word to the wheel; an entry that comes due before its
 * deadline is put in again, and so is one that lies further away than the wheel turns. Only a
 * deadline that moves *before* its entry moves that.
 *
 * What nearly every segment starts, and nearly none of them needs in the end, does not get as far as the
 * wheel: delayed ACKs, and a look at what was sent a little while ago, stand in queues. Their entries are
 * written one behind the other, and those that come next are known ahead and prefetched. */

#include "engine/ahead.h"
#include "engine/parts.h"
#include "tcp/tcp.h"

#define SLOT(ms) ((ms) & (FLUE_WHEEL_SLOTS - 1))

/* Times compare modulo 2^32: 24 days either way. */
static bool
before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* ---- Queues ---------------------------------------------------------------------------------- */

#define AHEAD 4

/** @return false: full, or others behind it would be late */
static bool
queue_put(struct flue_engine *e, struct flue_timer_queue *q, const struct flue_conn *c, uint32_t ms)
{
	if (q->tail - q->head > q->mask ||
			(q->head != q->tail && before(ms, q->at[(q->tail - 1) & q->mask].ms)))
		return false;
	q->at[q->tail++ & q->mask] = (struct flue_timer_entry){ flue_conn_index(e, c), ms };
	return true;
}

/** @return the next one whose time has come; NULL. It may be another connection by now, or none. */
static struct flue_conn *
queue_take(struct flue_engine *e, struct flue_timer_queue *q)
{
	const struct flue_timer_entry *at = &q->at[q->head & q->mask];

	if (q->head == q->tail || before(e->now_ms, at->ms))
		return NULL;
	if (q->tail - q->head > AHEAD)
		flue_conn_prefetch(&e->conns[q->at[(q->head + AHEAD) & q->mask].conn]);
	q->head++;
	return &e->conns[at->conn];
}

static int64_t
queue_next(const struct flue_engine *e, const struct flue_timer_queue *q)
{
	if (q->head == q->tail)
		return INT64_MAX;
	return e->now_ms_wide + (int32_t)(q->at[q->head & q->mask].ms - e->now_ms);
}

void
flue_timer_ack(struct flue_engine *e, struct flue_conn *c)
{
	if (c->ack_queued)
		return;
	/* Not in the order of time when the delay was made shorter, or an ACK is owed anew since its
	 * connection has been in the queue. */
	if (queue_put(e, &e->acks, c, c->ack_ms))
		c->ack_queued = 1;
	else
		flue_timer_arm_ms(e, c, c->ack_ms);
}

void
flue_timer_sent(struct flue_engine *e, struct flue_conn *c, uint32_t ms)
{
	uint32_t look = e->now_ms + FLUE_LOOK_MS;

	if ((c->flags & CONN_TIMER) || before(ms, look))
		flue_timer_arm_ms(e, c, ms);
	else if (c->look_queued)
		return;
	else if (queue_put(e, &e->looks, c, look))
		c->look_queued = 1;
	else
		flue_timer_arm_ms(e, c, ms);
}

/** What was acknowledged meanwhile was not looked for: it goes when its time has come.
 *  @return entries looked at, at most `max` of each queue */
static int
queues_run(struct flue_engine *e, int max)
{
	struct flue_conn *c;
	int n;
	int k;

	for (n = 0; n < max && (c = queue_take(e, &e->acks)) != NULL; n++) {
		c->ack_queued = 0;
		if (!(c->flags & CONN_ACK_OWED) || c->path == FLUE_NONE)
			continue;
		if (flue_ack_due(e, c))
			flue_conn_touch(e, c);
		else
			flue_timer_ack(e, c);
	}
	for (k = 0; k < max && (c = queue_take(e, &e->looks)) != NULL; k++) {
		c->look_queued = 0;
		if (c->path != FLUE_NONE && c->rtx_ms != FLUE_NONE)
			flue_tcp_timer(e, c);
	}
	return n + k;
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
	int n = queues_run(e, FLUE_COMMANDS / 2);

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

	int64_t next = queue_next(e, &e->acks);
	int64_t look = queue_next(e, &e->looks);
	int64_t turn = INT64_MAX;

	if (w->count > 0)
		turn = e->now_ms_wide + (int32_t)(w->ms + distance(w) - e->now_ms);
	next = look < next ? look : next;
	next = turn < next ? turn : next;
	return next == INT64_MAX ? INT64_MAX : next * FLUE_NS_PER_MS;
}
