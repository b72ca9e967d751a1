/* SPDX-License-Identifier: Apache-2.0 */

/* Completions of sends while the up-ring has no room for them. */

#include "support/stream.h"

static const uint8_t bytes[1];

/** So many sends of a byte each, all acknowledged. */
static void
send_bytes(struct harness *h, struct conn *c, int n)
{
	struct flue_conn *o = object(h, c);
	int i;

	for (i = 0; i < n; i++) {
		submit(h, FLUE_SUB_SEND, c->token, nbl_new(h, bytes, 1, 1), 0, 0);
		if (i % 200 == 199)
			poll_engine(h);
	}
	while (o->snd_una != o->snd_end) {
		poll_engine(h);
		peer(h, c, TCP_ACK, 0, o->snd_nxt - c->iss, NULL, 0, 65535);
		poll_engine(h);
	}
}

/** 3000 sends are complete and for most of them there is no room. */
static struct harness *
start(struct conn *c)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;

	config.max_sends = 4096;
	h = harness_new(&config, 0);
	connect_at(h, c, 1, 1);
	fill_half_with_frames(h);
	send_bytes(h, c, 3000);
	return h;
}

/** What completions of sends there were. */
struct completed {
	int credit;
	int lists;
	int entries;
	int longest; /* lists of one entry */
};

static void
take_entry(struct harness *h, const struct flue_up *up, struct completed *all)
{
	flue_ref at = up->ref;
	int n = 0;

	if (up->op == FLUE_UP_FRAME) {
		submit(h, FLUE_SUB_FRAME_RETURN, 0, up->ref, 0, 0);
		return;
	}
	if (up->op != FLUE_UP_SEND_COMPLETE)
		return;
	for (; at != FLUE_REF_NULL && n <= 4096; at = nbl_at(h, at)->next)
		n++;
	all->credit += (int)up->arg0;
	all->lists += n;
	all->entries++;
	all->longest = n > all->longest ? n : all->longest;
}

static void
take_all(struct harness *h, struct completed *all)
{
	struct flue_up up;

	while (up_next(h, &up))
		take_entry(h, &up, all);
}

static void
completed_sends_wait_together_and_leave_the_other_half_alone(void **state)
{
	struct completed all = { 0 };
	struct conn c = { 0 };
	struct harness *h = start(&c);
	int i;

	(void)state;
	assert_true(flue_engine_next_deadline(h->e) == h->now + 1000);
	/* What holds credit has its half, but for what one submission could need at once, and theirs. */
	for (i = 0; i < 120; i++) {
		submit(h, FLUE_SUB_FRAME_SEND, 0, 0, 0, 0);
		poll_engine(h);
	}
	assert_true(h->ch->up_tail - h->ch->up_head == 249);
	take_all(h, &all);
	assert_int_equal(all.entries, 1);
	assert_in_range(all.lists, 1, 1024);
	poll_engine(h);
	take_all(h, &all);
	assert_int_equal(all.credit, 3000);
	assert_int_equal(all.lists, 3000);
	assert_in_range(all.entries, 3, 4);
	assert_int_equal(all.longest, 1024);
	finish(h, &c);
}

static void
while_the_half_stays_full_completed_sends_come_one_entry_at_a_time(void **state)
{
	struct completed all = { 0 };
	struct conn c = { 0 };
	struct harness *h = start(&c);
	int i;

	(void)state;
	/* The host reads one entry, and a frame, which comes before completions in a pass, takes its place. */
	for (i = 0; all.lists < 3000; i++) {
		struct flue_up up;

		assert_in_range(i, 0, 600);
		assert_true(up_next(h, &up));
		take_entry(h, &up, &all);
		inject_raw(h);
		poll_engine(h);
		assert_in_range(h->ch->up_tail - h->ch->up_head, 128, 129);
	}
	assert_int_equal(all.credit, 3000);
	assert_in_range(all.entries, 3, 4);
	take_all(h, &all);
	poll_engine(h);
	finish(h, &c);
}

static void
a_waiting_chain_that_the_host_broke_is_bounded(void **state)
{
	int where;

	(void)state;
	for (where = 0; where < 3; where++) {
		struct conn c = { 0 };
		struct harness *h = start(&c);
		flue_ref ref = h->e->chans[0].sends.head;
		struct flue_up up;
		int credit = 0;
		int pass;

		nbl_at(h, ref)->next = where == 0 ? FLUE_REF_NULL : where == 1 ? ref : UINT64_MAX;
		/* At most three entries: one is there, the others come in the next pass. */
		for (pass = 0; pass < 2; pass++) {
			while (up_next(h, &up)) {
				if (up.op == FLUE_UP_FRAME)
					submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
				else
					credit += (int)up.arg0;
			}
			poll_engine(h);
		}
		up_none(h);
		assert_int_equal(credit, 3000);
		assert_true(h->e->chans[0].sends.tail == FLUE_REF_NULL);
		finish(h, &c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(completed_sends_wait_together_and_leave_the_other_half_alone),
		cmocka_unit_test(
				while_the_half_stays_full_completed_sends_come_one_entry_at_a_time),
		cmocka_unit_test(a_waiting_chain_that_the_host_broke_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
