/* SPDX-License-Identifier: Apache-2.0 */

/* A pass: forwards, receive, commands, timers, transmit. Who comes later in this order sees what those before
 * have changed; a timer that fires late sees what arrived while nobody polled. */

#include "engine/run.h"

#include "engine/ahead.h"
#include "engine/group.h"
#include "engine/parts.h"
#include "observe/counters.h"
#include "tcp/sack.h"

#define NEAR 2 /* turns */
#define FAR  6

/** What comes later in one of the two queues, of which `left` entries with this one, is on its way; what it
 *  sends, too, where it stands there to send. */
static inline __attribute__((always_inline)) void
look_ahead(const struct flue_engine *e, const uint32_t *queue, uint32_t mask, uint32_t head,
		uint32_t left, bool sends)
{
	if (left > FAR) {
		const struct flue_conn *far = &e->conns[queue[(head + FAR - 1) & mask]];

		flue_conn_prefetch_far(far);
		if (sends)
			flue_conn_prefetch_sends(far);
	}
	if (left > NEAR)
		flue_conn_prefetch(&e->conns[queue[(head + NEAR - 1) & mask]]);
}

/** The last word on a connection in this pass. @return true: it wants another turn */
static bool
conn_run(struct flue_engine *e, struct flue_conn *c)
{
	bool more = false;

	flue_receive_deliver(e, c);
	if (c->flags & CONN_TX_WAIT)
		flue_send_complete(e, c);
	if (unlikely(c->flags & CONN_ACK_NOW) && flue_sack_news(c) &&
			!(c->flags & (CONN_ABORTED | CONN_TERMINATING | CONN_INVALID)))
		more = !flue_sack_flush(e, c);
	/* Who stands in line sends when its turn comes. */
	if (!c->send_queued && !(c->flags & (CONN_STOPPED | CONN_ABORTED | CONN_TERMINATING |
							    CONN_INVALID)))
		more = flue_tcp_output(e, c) || more;
	/* An ACK rides on the data in line; a second packet would only make the line longer. */
	if ((c->flags & CONN_ACK_NOW || ((c->flags & (CONN_ACK_OWED | CONN_WIN_UPDATE)) && !more &&
							!c->send_queued)) &&
			!(c->flags & (CONN_ABORTED | CONN_TERMINATING | CONN_INVALID))) {
		if (flue_ack_due(e, c))
			more = !flue_tcp_send_ack(e, c) || more;
		else
			flue_timer_ack(e, c);
	}
	if (unlikely(c->more))
		flue_extra_settle(e, c);
	return more;
}

/** In line behind the others that may send; when the line is full, it is looked at in each pass. */
static void
wait_to_send(struct flue_engine *e, struct flue_conn *c)
{
	if (c->send_queued)
		return;
	if (unlikely(e->senders_tail - e->senders_head > e->senders_mask)) {
		flue_conn_touch(e, c);
		return;
	}
	c->send_queued = 1;
	e->senders[e->senders_tail++ & e->senders_mask] = flue_conn_index(e, c);
}

/** A burst is on its way while the next one is built. A port that is full is not asked again before each
 *  further burst. */
static void
send_some(struct flue_engine *e)
{
	if (e->txq_tail - e->tx_offered < FLUE_TX_PER_PASS)
		return;
	flue_account_border(&e->account, FLUE_PART_TRANSMIT);
	flue_txq_flush(e);
	e->tx_offered = e->txq_tail;
}

/** Those who wait to send, in their order, as far as the pass and the transmit queue go. */
static void
run_senders(struct flue_engine *e)
{
	uint32_t n = e->senders_tail - e->senders_head;

	for (; n > 0 && e->tx_data < e->tx_limit && flue_txq_room(e) > 0; n--) {
		struct flue_conn *c = &e->conns[e->senders[e->senders_head++ & e->senders_mask]];
		uint32_t built = e->txq_tail;

		look_ahead(e, e->senders, e->senders_mask, e->senders_head, n, true);
		c->send_queued = 0;
		if (c->path == FLUE_NONE || !conn_run(e, c))
			continue;
		wait_to_send(e, c);
		/* There is no packet for it, and so for nobody. */
		if (e->txq_tail == built)
			return;
		send_some(e);
	}
}

/**
 * Everyone that has something to do gets a turn; those with data left get more while the pass has any to
 * give. For whom it has none waits in line: with thousands of them a look at each in every pass would be
 * most of what a pass does.
 */
static void
run_ready(struct flue_engine *e)
{
	uint32_t n;
	uint32_t before;

	e->tx_data = 0;
	e->tx_offered = e->txq_tail;
	run_senders(e);
	for (n = e->ready_tail - e->ready_head; n > 0; n--) {
		struct flue_conn *c = &e->conns[e->ready[e->ready_head++ & e->ready_mask]];

		look_ahead(e, e->ready, e->ready_mask, e->ready_head, n, false);
		c->flags &= ~CONN_READY;
		if (c->path != FLUE_NONE && conn_run(e, c))
			wait_to_send(e, c);
		send_some(e);
	}
	do {
		before = e->tx_data;
		run_senders(e);
	} while (e->tx_data != before && e->senders_head != e->senders_tail);
}

void
flue_engine_publish(struct flue_engine *e)
{
	struct flue_counters_header *header = flue_ref_at(
			flue_ref_make((uint32_t)e->counters_region, 0),
			(uint64_t)sizeof(struct flue_counters_header) +
					FLUE_CTR_COUNT * sizeof(struct flue_counter_record));
	struct flue_counter_record *records;
	int i;

	e->published_ms = e->now_ms_wide;
	if (header == NULL)
		return;
	e->ctr[FLUE_CTR_CONNECTIONS_NOW] = flue_ids_used(&e->conn_ids);
	e->ctr[FLUE_CTR_PATHS_NOW] = flue_ids_used(&e->path_ids);
	e->ctr[FLUE_CTR_NEIGHBORS_NOW] = flue_ids_used(&e->neighbor_ids);
	e->ctr[FLUE_CTR_SENDS_NOW] = flue_ids_used(&e->piece_ids);
	e->ctr[FLUE_CTR_RECEIVES_NOW] = flue_ids_used(&e->rx_ids);
	e->ctr[FLUE_CTR_FRAMES_NOW] = flue_ids_used(&e->frame_ids);
	e->ctr[FLUE_CTR_EPISODES_NOW] = flue_ids_used(&e->episode_ids);
	e->ctr[FLUE_CTR_EXTRAS_NOW] = flue_ids_used(&e->extra_ids);
	e->ctr[FLUE_CTR_PROFILES_NOW] = flue_ids_used(&e->profile_ids);
	e->ctr[FLUE_CTR_RUNS_NOW] = e->runs.size - e->runs.free;
	e->ctr[FLUE_CTR_NIC_OBJECTS_NOW] = flue_ids_used(&e->nic.cells);
	e->ctr[FLUE_CTR_BUFFERS_NOW] = e->port->held;
	records = flue_counters_records(header);
	for (i = 0; i < FLUE_CTR_COUNT; i++) {
		if (e->ctr[i] == e->published[i])
			continue;
		e->published[i] = e->ctr[i];
		flue_counter_set(records, (enum flue_counter)i, e->ctr[i]);
	}
	flue_counters_updated(header, e->now);
}

/** The pass's clock, in all the units in which somebody asks for it. */
static void
set_clock(struct flue_engine *e, int64_t now)
{
	e->now = now;
	e->now_ms_wide = now / FLUE_NS_PER_MS;
	e->now_ms = (uint32_t)e->now_ms_wide;
	e->now_sub_us = (uint32_t)((now % FLUE_NS_PER_MS + 999) / 1000);
	e->now_ticks = (uint32_t)(e->now_ms_wide / (1000 / (int32_t)e->params.ticks_per_second));
	e->delayed_ack_ms =
			(e->params.tcp_delayed_ack_ticks * 1000u + e->params.ticks_per_second - 1) /
			e->params.ticks_per_second;
	/* Whatever the host's ticks come to (RFC 9293 3.8.6.3). */
	if (e->delayed_ack_ms > FLUE_ACK_DELAY_MAX_MS)
		e->delayed_ack_ms = FLUE_ACK_DELAY_MAX_MS;
}

/** What took the way through the host came before what comes now. @return submissions */
static int
forwards_run(struct flue_engine *e)
{
	int work = 0;
	int i;

	for (i = 0; i < e->nchans; i++)
		work += flue_chan_forwards(e, &e->chans[i], FLUE_COMMANDS);
	if (unlikely(work > 0)) {
		e->template.conn = NULL;
		flue_account_border(&e->account, FLUE_PART_COMMANDS);
	}
	return work;
}

/** Submissions and what they have begun. @return how many, and blocks of state operations */
static int
commands_run(struct flue_engine *e)
{
	int left = FLUE_COMMANDS;
	int work;
	int i;

	for (i = 0; i < e->nchans; i++)
		left -= flue_chan_commands(e, &e->chans[i], left);
	work = FLUE_COMMANDS - left;
	if (e->op_count > 0)
		work += flue_ops_run(e);
	if (unlikely(flue_admin_busy(e)))
		flue_admin_run(e);
	if (unlikely(e->sweep_left > 0))
		work += flue_sweep_run(e);
	return work;
}

static void
publish(struct flue_engine *e)
{
	int i;

	flue_frames_flush(e);
	for (i = 0; i < e->nchans; i++) {
		(void)flue_chan_flush(e, &e->chans[i]);
		flue_chan_publish(&e->chans[i], e->now);
	}
	/* Looking at each of them costs as much as a segment: not in every pass. */
	if (unlikely(e->now_ms_wide != e->published_ms))
		flue_engine_publish(e);
}

int
flue_engine_pass(struct flue_engine *e, int64_t now, int budget)
{
	struct flue_account *account = &e->account;
	int work;

	if (unlikely(account->left-- == 0))
		flue_account_begin(account, e->ctr);
	flue_region_pass_begin(e->user);
	e->view.lists.size = e->view.data.size = 0;
	set_clock(e, now);
	e->template.conn = NULL;
	if (e->port->ops->reclaim != NULL)
		e->port->ops->reclaim(e->port);
	work = forwards_run(e);
	work += flue_rx(e, budget);
	flue_tx_settle(e);
	work += commands_run(e);
	/* They may have changed what a header is made of. */
	e->template.conn = NULL;
	flue_account_border(account, FLUE_PART_COMMANDS);
	work += flue_timers_run(e);
	flue_account_border(account, FLUE_PART_TIMERS);
	flue_txq_flush(e);
	/* Each of many connections may answer in the pass that heard it. */
	e->tx_limit = work > FLUE_TX_PER_PASS ? (uint32_t)work : FLUE_TX_PER_PASS;
	run_ready(e);
	flue_tx_settle(e);
	flue_account_border(account, FLUE_PART_TRANSMIT);
	flue_txq_flush(e);
	flue_count(e, FLUE_CTR_PASSES, 1);
	publish(e);
	if (unlikely(account->at != 0))
		flue_account_end(account, e->ctr, work == 0);
	flue_region_pass_end(e->user);
	return work;
}

int
flue_engine_poll(flue_engine *e, int64_t now, int budget)
{
	int work = flue_engine_own(e);

	if (unlikely(work < 0))
		return work;
	work = flue_engine_pass(e, now, budget);
	flue_engine_disown(e);
	return work;
}

int
flue_engine_channel(flue_engine *e, int sub_capacity, int up_capacity)
{
	int region = flue_engine_own(e);

	if (region < 0)
		return region;
	region = flue_chan_open(e, sub_capacity, up_capacity);
	flue_engine_disown(e);
	return region;
}

/** For room in the up-ring. */
static bool
completions_wait(const struct flue_chan *ch)
{
	return (ch->sends.tail | ch->receives.tail | ch->frames.tail) != FLUE_REF_NULL ||
	       (ch->sends.credits | ch->receives.credits | ch->frames.credits) != 0;
}

int64_t
flue_engine_next_deadline(const flue_engine *e)
{
	int i;

	/* Work that was cut short goes on as soon as time does. */
	if (e->ready_head != e->ready_tail || e->senders_head != e->senders_tail ||
			e->txq_head != e->txq_tail || e->op_count > 0 || e->sweep_left > 0 ||
			flue_admin_pending(e) || (e->group != NULL && flue_group_waiting(e) > 0))
		return e->now + 1000;
	for (i = 0; i < e->nchans; i++)
		if (completions_wait(&e->chans[i]))
			return e->now + 1000;
	return flue_timers_next(e);
}
