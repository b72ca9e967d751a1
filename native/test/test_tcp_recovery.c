/* SPDX-License-Identifier: Apache-2.0 */

/* Whole transfers through loss, against a peer that does SACK and DSACK: with pools that run out at
 * every point, and with a hand-over after every event. */

#include "support/receiver.h"
#include "tcp/loss.h"

#include <stdlib.h>
#include <string.h>

#define SEG   1460u
#define TOTAL (60u * SEG)

/* ---- Scripts of loss ------------------------------------------------------------------------ */

/** Some first transmissions, two together, and a retransmission. */
static bool
some(unsigned n, uint32_t seq)
{
	(void)seq;
	return n == 3 || n == 12 || n == 13 || n == 17 || n == 25;
}

/** The ends of flights: tails, which a probe finds. */
static bool
tails(unsigned n, uint32_t seq)
{
	(void)seq;
	return n == 8 || n == 9 || n == 30 || n == 31;
}

/** Every third of the first, and nearly all for a while: timeouts. */
static bool
much(unsigned n, uint32_t seq)
{
	(void)seq;
	return (n < 30 && n % 3 == 0) || (n >= 30 && n < 38);
}

static bool (*const scripts[])(unsigned n, uint32_t seq) = { some, tails, much };
#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

/* ---- One transfer --------------------------------------------------------------------------- */

struct sent_data {
	uint32_t seq;
	uint32_t len;
};

struct transfer {
	struct harness *h;
	struct conn c;
	struct receiver r;
	unsigned retransmits;
	unsigned timeouts;
	int ms;
};

static void
begin(struct transfer *t, unsigned script, unsigned numbers)
{
	memset(t, 0, sizeof(*t));
	t->h = harness_new(NULL, 0);
	connect_sack(t->h, &t->c, start_numbers[numbers][0], start_numbers[numbers][1]);
	receiver_init(&t->r, t->h, &t->c, TOTAL);
	t->r.lost = scripts[script];
}

/** Hand it over to another object of the engine: terminate and initiate, with the extension; what is in
 *  flight on the path stays there. */
static void
move(struct transfer *t)
{
	assert_int_equal(terminate(t->h, &t->c), FLUE_STATUS_SUCCESS);
	/* All of it was given back, the record and its runs as well. */
	assert_int_equal(flue_engine_held(t->h->e, 9), 0);
	assert_int_equal(flue_engine_held(t->h->e, 10), 0);
	t->c.handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(t->h, &t->c), FLUE_STATUS_SUCCESS);
}

static void
end(struct transfer *t)
{
	t->retransmits = (unsigned)counter(t->h, FLUE_CTR_RETRANSMITS);
	t->timeouts = (unsigned)counter(t->h, FLUE_CTR_TIMEOUTS);
	assert_int_equal(t->r.upto, TOTAL);
	/* The last ACKs. */
	while (t->r.first != t->r.last)
		receiver_step(&t->r);
	assert_int_equal(object(t->h, &t->c)->snd_una, t->c.iss + TOTAL);
	(void)drain_sent(t->h, &t->c);
	finish(t->h, &t->c);
}

/** From beginning to end; `at`: the move comes after so many ACKs, 0 = none. */
static void
run(struct transfer *t, unsigned script, unsigned numbers, unsigned at)
{
	begin(t, script, numbers);
	(void)send_data(t->h, &t->c, TOTAL);
	receiver_take(&t->r);
	for (; t->r.upto < TOTAL; t->ms++) {
		assert_true(t->ms < 60000);
		receiver_step(&t->r);
		if (at != 0 && t->r.taken >= at) {
			at = 0;
			move(t);
			receiver_take(&t->r);
		}
	}
	end(t);
}

static void
loss_is_mended_by_what_was_lost_alone(void **state)
{
	unsigned s;

	(void)state;
	EACH_NUMBER(n)
	{
		for (s = 0; s < SCRIPTS; s++) {
			struct transfer *t = malloc(sizeof(*t));
			unsigned lost = 0;
			unsigned i;

			run(t, s, n, 0);
			for (i = 0; i < t->r.segments; i++)
				lost += scripts[s](i, 0);
			/* A probe may have been in vain, and what a timeout took for lost. */
			assert_in_range(t->retransmits, lost, s == 2 ? lost + 12 : lost + 1);
			assert_in_range(t->timeouts, 0, s == 2 ? 8 : 0);
			free(t);
		}
	}
}

/** Nothing is sent again because of the move, nor later than without it by more than the timers that
 *  start anew. */
static void
a_move_after_any_event_costs_no_retransmission(void **state)
{
	unsigned s;

	(void)state;
	for (s = 0; s < SCRIPTS; s++) {
		struct transfer *still = malloc(sizeof(*still));
		struct transfer *t = malloc(sizeof(*t));
		unsigned events;
		unsigned at;

		run(still, s, 2, 0);
		events = still->r.taken;
		for (at = 1; at < events; at++) {
			run(t, s, 2, at);
			if (t->retransmits > still->retransmits)
				fail_msg("script %u, moved after %u ACKs: %u sent again, not %u", s,
						at, t->retransmits, still->retransmits);
			assert_true(t->timeouts <= still->timeouts);
		}
		free(still);
		free(t);
	}
}

/** The board looks the same on the other side: what arrived, what is lost, what is under way. */
static void
what_the_peer_has_is_known_after_the_move(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_board before;
	struct flue_board after;
	uint32_t i;

	(void)state;
	connect_sack(h, &c, 0xffff8000, 1);
	object(h, &c)->cc.cwnd = 44 * SEG;
	(void)send_data(h, &c, 44 * SEG);
	assert_int_equal(drain_sent(h, &c), 44 * SEG);
	/* 21 islands, 42 runs: every other segment, and the first holes are sent again. */
	for (i = 1; i < 42; i += 2)
		sack(h, &c, 0, i * SEG, (i + 1) * SEG);
	assert_true(object(h, &c)->loss & LOSS_FAST);
	before = flue_episode_of(h->e, object(h, &c))->board;
	assert_int_equal(before.sacked, 21 * SEG);
	assert_true(before.resent > 0);
	(void)drain_sent(h, &c);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_ext(&c)->run_count, before.count + 1);
	c.handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	sent_none(h);
	after = flue_episode_of(h->e, object(h, &c))->board;
	assert_int_equal(after.sacked, before.sacked);
	assert_int_equal(after.lost, before.lost);
	assert_int_equal(after.resent, before.resent);
	assert_int_equal(after.due, before.due);
	assert_int_equal(after.fack, before.fack);
	assert_true(object(h, &c)->loss & LOSS_FAST);
	pass_after(h, MS);
	sent_none(h);
	finish(h, &c);
}

/** However late its answer is: what arrived before is not told as sent after what was sent again. */
static void
what_was_sent_again_is_not_overtaken_by_the_move(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	const struct flue_tcp_state_ext *x;
	uint32_t again;
	unsigned i;

	(void)state;
	connect_sack(h, &c, 0xffffc000, 1);
	(void)send_data(h, &c, 8 * SEG);
	(void)drain_sent(h, &c);
	sack(h, &c, 0, SEG, 5 * SEG);
	assert_true(object(h, &c)->loss & LOSS_FAST);
	assert_true(drain_sent(h, &c) > 0);
	for (i = 0; i < 50; i++)
		pass_after(h, MS);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	x = tcp_ext(&c);
	again = x->runs[0].info >> 3;
	assert_int_equal(x->runs[0].end, c.iss + SEG);
	assert_true(x->runs[0].info & FLUE_TCP_RUN_RETRANSMITTED);
	assert_true(again >= 49000 && again != FLUE_TCP_RUN_AGE_UNKNOWN);
	assert_true(x->rack_rtt_us != 0);
	assert_true(x->rack_age_us > again);
	c.handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 2 * MS);
	sent_none(h);
	ack(h, &c, 8 * SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

/** More than the extension holds: what lies behind is not known, and learned again. */
static void
what_does_not_fit_is_learned_again(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_sack(h, &c, 0xfffffff0, 1);
	object(h, &c)->cc.cwnd = 44 * SEG;
	(void)send_data(h, &c, 44 * SEG);
	(void)drain_sent(h, &c);
	for (i = 1; i < 60; i += 2) /* half segments */
		sack(h, &c, 0, i * SEG / 2, (i + 1) * SEG / 2);
	(void)drain_sent(h, &c);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_ext(&c)->run_count, FLUE_TCP_EXT_RUNS);
	assert_int_equal(tcp_ext(&c)->runs[FLUE_TCP_EXT_RUNS - 1].end, c.iss + 44 * SEG);
	c.handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(flue_episode_of(h->e, object(h, &c))->board.count, FLUE_TCP_EXT_RUNS);
	ack(h, &c, 44 * SEG, 65535);
	assert_int_equal(flue_engine_held(h->e, 9), 0);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

/** Runs that cannot be are not believed: the connection recovers as one without them. */
static void
runs_of_a_hostile_host_are_not_believed(void **state)
{
	static const uint32_t bad[][3] = { { 0, 5 * SEG, 6 * SEG }, { 6 * SEG, 5 * SEG, 7 * SEG },
		{ 2 * SEG, 2 * SEG, 3 * SEG }, { SEG, 2 * SEG, 11 * SEG },
		{ 0xfffff000, SEG, 2 * SEG }, { 0x80000000, 0x80000001, 0x80000002 } };
	unsigned i;

	(void)state;
	for (i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_tcp_state_ext *x;
		unsigned k;

		conn_block(h, &c, 0xffffff00, 1);
		tcp_const(&c)->flags |= FLUE_TCP_CONST_SACK;
		c.block->net_buffer_list_chain = nbl_new(h, stream, 10 * SEG, 1);
		tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = c.iss + 10 * SEG;
		tcp_delegated(&c)->header.recognized_options = FLUE_STATE_OPTION_EXT;
		x = tcp_ext(&c);
		memset(x, 0xff, sizeof(*x));
		x->version = FLUE_TCP_EXT_VERSION;
		x->flags = FLUE_TCP_EXT_IN_RECOVERY | FLUE_TCP_EXT_TLP | FLUE_TCP_EXT_REORDERING;
		x->run_count = i == sizeof(bad) / sizeof(bad[0]) ? 1000 : 3;
		x->rcv_adv = c.irs + 65535;
		x->last_ack_sent = c.irs;
		x->cc_algorithm = 0;
		for (k = 0; k < 3 && x->run_count == 3; k++) {
			x->runs[k].end = c.iss + bad[i][k];
			x->runs[k].info = k == 1 ? FLUE_TCP_RUN_SACKED : 0;
		}
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(flue_engine_held(h->e, 9), 0);
		for (k = 0; k < 400; k++)
			pass_after(h, MS);
		(void)drain_sent(h, &c);
		ack(h, &c, 10 * SEG, 65535);
		assert_int_equal(object(h, &c)->snd_una, c.iss + 10 * SEG);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		finish(h, &c);
	}
}

/* ---- Shortage ------------------------------------------------------------------------------- */

/** All but `left` runs are somebody else's. */
static void
starve_runs(struct harness *h, uint32_t left)
{
	struct flue_runs *pool = &h->e->runs;

	while (pool->free > left) {
		pool->first = pool->run[pool->first].next;
		pool->free--;
	}
	pool->size = left;
}

/** The n-th run that is wanted is not there, for every n: recovery goes on without a scoreboard. */
static void
every_shortage_of_runs_ends_in_recovery_without_them(void **state)
{
	uint32_t left;
	unsigned s;
	unsigned degraded = 0;

	(void)state;
	for (s = 0; s < SCRIPTS; s++) {
		for (left = 0; left < 24; left++) {
			struct transfer *t = malloc(sizeof(*t));

			begin(t, s, left % 3);
			starve_runs(t->h, left);
			(void)send_data(t->h, &t->c, TOTAL);
			receiver_take(&t->r);
			for (; t->r.upto < TOTAL; t->ms++) {
				assert_true(t->ms < 120000);
				receiver_step(&t->r);
			}
			degraded += counter(t->h, FLUE_CTR_NO_BOARD) != 0;
			end(t);
			free(t);
		}
	}
	assert_true(degraded > 0);
}

/** No record: NewReno from the first hole on, and after a timeout from SND.UNA on. */
static void
without_a_free_record_it_is_newreno(void **state)
{
	unsigned s;

	(void)state;
	for (s = 0; s < SCRIPTS; s++) {
		struct transfer *t = malloc(sizeof(*t));
		struct flue_ids *ids;

		begin(t, s, s);
		ids = &t->h->e->episode_ids;
		ids->size = ids->free = 0;
		(void)send_data(t->h, &t->c, TOTAL);
		receiver_take(&t->r);
		for (; t->r.upto < TOTAL; t->ms++) {
			assert_true(t->ms < 120000);
			receiver_step(&t->r);
		}
		assert_true(counter(t->h, FLUE_CTR_NO_BOARD) > 0);
		end(t);
		free(t);
	}
}

/** Runs out in the middle of what two connections do: each gets through. */
static void
the_board_that_does_not_fit_on_the_way_in_is_left_out(void **state)
{
	uint32_t left;

	(void)state;
	for (left = 0; left < 8; left++) {
		struct transfer *t = malloc(sizeof(*t));
		bool moved = false;

		begin(t, 0, 1);
		(void)send_data(t->h, &t->c, TOTAL);
		receiver_take(&t->r);
		for (; t->r.upto < TOTAL; t->ms++) {
			assert_true(t->ms < 120000);
			receiver_step(&t->r);
			if (!moved && (object(t->h, &t->c)->loss & LOSS_FAST)) {
				moved = true;
				assert_int_equal(terminate(t->h, &t->c), FLUE_STATUS_SUCCESS);
				starve_runs(t->h, left);
				t->c.handle->miniport_offload_context = 0;
				assert_int_equal(conn_initiate(t->h, &t->c), FLUE_STATUS_SUCCESS);
				receiver_take(&t->r);
			}
		}
		assert_true(moved);
		end(t);
		free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss_is_mended_by_what_was_lost_alone),
		cmocka_unit_test(a_move_after_any_event_costs_no_retransmission),
		cmocka_unit_test(what_the_peer_has_is_known_after_the_move),
		cmocka_unit_test(what_was_sent_again_is_not_overtaken_by_the_move),
		cmocka_unit_test(what_does_not_fit_is_learned_again),
		cmocka_unit_test(runs_of_a_hostile_host_are_not_believed),
		cmocka_unit_test(every_shortage_of_runs_ends_in_recovery_without_them),
		cmocka_unit_test(without_a_free_record_it_is_newreno),
		cmocka_unit_test(the_board_that_does_not_fit_on_the_way_in_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
