/* SPDX-License-Identifier: Apache-2.0 */

/* NeighborReachabilityQuery: when it is made, what it says, and what the host's answer does. */

#include "support/blocks.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[2000];

static struct flue_neighbor_cached *
cached_of(flue_ref block)
{
	return flue_ref_at(block + FLUE_NEIGHBOR_CACHED_AT, sizeof(struct flue_neighbor_cached));
}

static struct flue_neighbor_delegated *
delegated_of(flue_ref block)
{
	return flue_ref_at(
			block + FLUE_NEIGHBOR_DELEGATED_AT, sizeof(struct flue_neighbor_delegated));
}

/** A connection over a neighbor whose deltas are given; stale after 1000 ticks of a millisecond. */
static struct harness *
over_neighbor(struct conn *c, uint32_t host_delta, uint32_t nic_delta)
{
	struct harness *h = harness_new(NULL, 0);
	uint8_t *block;

	h->queries = true;
	h->e->params.nce_stale_ticks = 1000;
	neighbor_new(h);
	block = (uint8_t *)h->neighbor_block;
	((struct flue_neighbor_cached *)(block + FLUE_NEIGHBOR_CACHED_AT))
			->host_reachability_delta = host_delta;
	((struct flue_neighbor_delegated *)(block + FLUE_NEIGHBOR_DELEGATED_AT))
			->nic_reachability_delta = nic_delta;
	connect_at(h, c, 1, 1);
	return h;
}

static void
send_some(struct harness *h, struct conn *c)
{
	submit(h, FLUE_SUB_SEND, c->token, nbl_new(h, pattern, 10, 1), 0, 0);
	pass_after(h, MS);
}

RULE("T-140")
RULE("T-21")
static void
a_send_over_a_stale_neighbor_asks_once_and_goes_out(void **state)
{
	struct conn c = { 0 };
	struct harness *h = over_neighbor(&c, 0, 0);
	struct flue_miniport_offload_block_list *b;
	struct flue_up up;

	(void)state;
	/* Not stale yet; then, without anything to send, nobody asks. */
	pass_after(h, 700 * MS);
	send_some(h, &c);
	peer(h, &c, TCP_ACK, 0, 10, NULL, 0, 65535);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	pass_after(h, 5 * SEC);
	up_none(h);
	h->port->seen = h->port->sent_count;
	send_some(h, &c);
	assert_int_equal(sent_expect(h, &c).len, 10);
	up = up_expect(h, FLUE_UP_OFFLOAD_EVENT);
	assert_int_equal(up.arg0, FLUE_NEIGHBOR_REACHABILITY_QUERY);
	assert_true(up.arg1 == h->neighbor->miniport_offload_context);
	assert_true(up.handle == h->neighbor_block->ndis_offload_handle);
	b = flue_ref_at(up.ref, 320);
	assert_int_equal(b->header.type, FLUE_STATE_NEIGHBOR);
	assert_true(b->ndis_offload_handle == up.handle);
	assert_int_equal(b->status, FLUE_STATUS_SUCCESS);
	assert_true(b->next_block == 0 && b->dependent_block_list == 0);
	/* 200 ms of the hand-over, 700, 1, 1, 5000, 1; the last progress was 5001 ago. */
	assert_int_equal(cached_of(up.ref)->host_reachability_delta, 5903);
	assert_int_equal(delegated_of(up.ref)->nic_reachability_delta, 5001);
	assert_memory_equal(cached_of(up.ref)->dl_destination_address, PEER_MAC, 6);
	/* One question at a time; data goes on meanwhile. */
	send_some(h, &c);
	assert_int_equal(sent_expect(h, &c).len, 10);
	up_none(h);
	/* The host's entry is stale, too: no question for the time of staleness. */
	cached_of(up.ref)->host_reachability_delta = 0;
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
	send_some(h, &c);
	pass_after(h, 900 * MS);
	send_some(h, &c);
	up_none(h);
	pass_after(h, 200 * MS);
	send_some(h, &c);
	up = up_expect(h, FLUE_UP_OFFLOAD_EVENT);
	/* An answer as old as staleness itself: the next send asks again. */
	cached_of(up.ref)->host_reachability_delta = 1001;
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
	send_some(h, &c);
	up = up_expect(h, FLUE_UP_OFFLOAD_EVENT);
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
	h->port->seen = h->port->sent_count;
	h->queries = false;
	finish(h, &c);
}

RULE("T-141")
static void
progress_of_any_connection_confirms_the_neighbor(void **state)
{
	struct conn c = { 0 };
	struct harness *h = over_neighbor(&c, 0, 0);
	struct conn other = { 0 };
	struct flue_neighbor_delegated *d;
	flue_ref ref;
	int i;

	(void)state;
	connect_at(h, &other, 1, 1);
	/* Only the other one gets its data acknowledged, the first one sends all the time. */
	for (i = 1; i <= 10; i++) {
		pass_after(h, 500 * MS);
		submit(h, FLUE_SUB_SEND, other.token, nbl_new(h, pattern, 10, 1), 0, 0);
		pass_after(h, MS);
		peer(h, &other, TCP_ACK, 0, (uint32_t)i * 10, NULL, 0, 65535);
		pass_after(h, MS);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		send_some(h, &c);
		up_none(h);
	}
	/* New data is progress as well, its repetition is not. */
	for (i = 0; i < 3; i++) {
		pass_after(h, 900 * MS);
		peer(h, &other, TCP_ACK, 0, 100, pattern, 100, 65535);
		pass_after(h, MS);
	}
	d = behind(refer(h, FLUE_STATE_NEIGHBOR_DELEGATED,
			h->neighbor_block->miniport_offload_context, &ref));
	assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(d->nic_reachability_delta, 1802);
	h->port->seen = h->port->sent_count;
	harness_discard(h);
}

RULE("T-44")
static void
deltas_are_taken_modulo_2_to_the_32nd(void **state)
{
	/* The engine's ticks at the initiate are 5000 and a little: both lie before their zero. */
	static const uint32_t deltas[][3] = {
		{ 900, 900, 0 },
		{ 2000, 500, 0 },
		{ 500, 2000, 0 },
		{ 6000, 6000, 1 },
		{ 0xfffff000, 0xfffff000, 1 },
		{ 0x80000000, 0x7fffffff, 1 },
		/* By the time of the send these have gone through zero. */
		{ 0xffffffe0, 9000, 0 },
		{ 9000, 0xffffffe0, 0 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(deltas) / sizeof(deltas[0]); i++) {
		struct conn c = { 0 };
		struct harness *h = over_neighbor(&c, deltas[i][0], deltas[i][1]);
		struct flue_neighbor_cached *cached;
		struct flue_neighbor_delegated *d;
		flue_ref ref;

		d = behind(refer(h, FLUE_STATE_NEIGHBOR_DELEGATED,
				h->neighbor_block->miniport_offload_context, &ref));
		assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
		/* 200 ms have gone by since. */
		assert_int_equal(d->nic_reachability_delta, deltas[i][1] + 200);
		cached = behind(refer(h, FLUE_STATE_NEIGHBOR_CACHED,
				h->neighbor_block->miniport_offload_context, &ref));
		assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
		assert_int_equal(cached->host_reachability_delta, deltas[i][0]);
		h->now -= 150 * MS;
		send_some(h, &c);
		assert_int_equal(flue_engine_held(h->e, 8), deltas[i][2]);
		harness_discard(h);
	}
}

RULE("T-66")
static void
forged_and_late_answers_do_nothing(void **state)
{
	struct conn c = { 0 };
	struct harness *h = over_neighbor(&c, 9000, 9000);
	struct flue_up up;
	flue_ref ref;

	(void)state;
	/* The hand-over's own quiet period sends nothing: the first datagram asks. */
	send_some(h, &c);
	up = up_expect(h, FLUE_UP_OFFLOAD_EVENT);
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref + 8, 0, 0);
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref + 320, 0, 0);
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, 0, 0, 0);
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1 + 1, up.ref, 0, 0);
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, c.token, up.ref, 0, 0);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 8), 1);
	assert_int_equal(counter(h, FLUE_CTR_BAD_SUBMISSIONS), 3);
	assert_int_equal(counter(h, FLUE_CTR_STALE_TOKENS), 2);
	/* Not while it is asked about. */
	peer(h, &c, TCP_ACK, 0, 10, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->path_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	h->path = NULL;
	(void)refer(h, FLUE_STATE_NONE, h->neighbor_block->miniport_offload_context, &ref);
	submit(h, FLUE_SUB_TERMINATE, 0, ref, 0, 0);
	settle(h);
	up_none(h);
	cached_of(up.ref)->host_reachability_delta = 0xffffffff;
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	h->neighbor = NULL;
	/* A second answer finds nothing. */
	submit(h, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
	poll_engine(h);
	h->port->seen = h->port->sent_count;
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_send_over_a_stale_neighbor_asks_once_and_goes_out),
		cmocka_unit_test(progress_of_any_connection_confirms_the_neighbor),
		cmocka_unit_test(deltas_are_taken_modulo_2_to_the_32nd),
		cmocka_unit_test(forged_and_late_answers_do_nothing),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
