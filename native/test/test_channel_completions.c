/* SPDX-License-Identifier: Apache-2.0 */

/* Completions of sends while the up-ring has no room for them. */

#include "support/stream.h"

#include <string.h>

static const uint8_t bytes[1];

/** The indications' half of the up-ring is full of frames. */
static void
fill_half(struct harness *h)
{
	uint8_t frame[60] = "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\xaa\x08\x06";
	int i;

	for (i = 0; i < 130; i++) {
		inject(h, frame, sizeof(frame));
		poll_engine(h);
	}
}

/** So many sends of a byte each, all acknowledged. @return the first one's list */
static flue_ref
send_bytes(struct harness *h, struct conn *c, int n)
{
	struct flue_conn *o = object(h, c);
	flue_ref first = FLUE_REF_NULL;
	int i;

	for (i = 0; i < n; i++) {
		flue_ref nbl = nbl_new(h, bytes, 1, 1);

		first = first == FLUE_REF_NULL ? nbl : first;
		submit(h, FLUE_SUB_SEND, c->token, nbl, 0, 0);
		if (i % 200 == 199)
			poll_engine(h);
	}
	while (o->snd_una != o->snd_end) {
		poll_engine(h);
		peer(h, c, TCP_ACK, 0, o->snd_nxt - c->iss, NULL, 0, 65535);
		poll_engine(h);
	}
	return first;
}

static struct harness *
harness_for_sends(int n)
{
	struct flue_engine_config config = harness_config();

	config.max_sends = n;
	return harness_new(&config, 0);
}

/** What sends completed, in the entries there are. @return credit; how many entries there were */
static int
completed_sends(struct harness *h, int *entries, int *longest, int *lists)
{
	struct flue_up up;
	int credit = 0;

	*entries = *longest = *lists = 0;
	while (up_next(h, &up)) {
		flue_ref at = up.op == FLUE_UP_SEND_COMPLETE ? up.ref : FLUE_REF_NULL;
		int n = 0;

		if (up.op == FLUE_UP_FRAME)
			submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
		for (; at != FLUE_REF_NULL; at = nbl_at(h, at)->next)
			n++;
		if (up.op == FLUE_UP_SEND_COMPLETE) {
			credit += (int)up.arg0;
			++*entries;
		}
		*lists += n;
		*longest = n > *longest ? n : *longest;
	}
	return credit;
}

static void
completed_sends_wait_together_and_leave_the_other_half_alone(void **state)
{
	struct harness *h = harness_for_sends(4096);
	struct conn c = { 0 };
	int entries;
	int longest;
	int lists;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	fill_half(h);
	(void)send_bytes(h, &c, 3000);
	assert_true(flue_engine_next_deadline(h->e) == h->now + 1000);
	/* What holds credit has its half, but for what one submission could need at once. */
	for (i = 0; i < 120; i++) {
		submit(h, FLUE_SUB_FRAME_SEND, 0, 0, 0, 0);
		poll_engine(h);
	}
	assert_true(h->ch->up_tail - h->ch->up_head == 248);
	assert_int_equal(completed_sends(h, &entries, &longest, &lists), 0);
	assert_int_equal(entries, 0);
	poll_engine(h);
	assert_int_equal(completed_sends(h, &entries, &longest, &lists), 3000);
	assert_int_equal(entries, 3);
	assert_int_equal(longest, 1024);
	assert_int_equal(lists, 3000);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
a_waiting_chain_that_the_host_broke_is_bounded(void **state)
{
	int where;

	(void)state;
	for (where = 0; where < 3; where++) {
		struct harness *h = harness_for_sends(4096);
		struct conn c = { 0 };
		struct flue_net_buffer_list *first;
		flue_ref ref;
		struct flue_up up;
		int credit = 0;
		int entries = 0;

		connect_at(h, &c, 1, 1);
		fill_half(h);
		ref = send_bytes(h, &c, 3000);
		first = nbl_at(h, ref);
		first->next = where == 0 ? FLUE_REF_NULL : where == 1 ? ref : UINT64_MAX;
		while (up_next(h, &up))
			if (up.op == FLUE_UP_FRAME)
				submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
		poll_engine(h);
		while (up_next(h, &up)) {
			assert_int_equal(up.op, FLUE_UP_SEND_COMPLETE);
			credit += (int)up.arg0;
			entries++;
		}
		assert_int_equal(credit, 3000);
		assert_in_range(entries, 1, 3);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		harness_free(h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(completed_sends_wait_together_and_leave_the_other_half_alone),
		cmocka_unit_test(a_waiting_chain_that_the_host_broke_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
