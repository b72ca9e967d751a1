/* SPDX-License-Identifier: Apache-2.0 */

/* Query: every structure of every object, at any time but while another operation has the object;
 * and that no operation touches its tree once it has completed. */

#include "support/blocks.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[8000];

static uint8_t
path_type(const struct conn *c, int which)
{
	return (uint8_t)((c->ip6 ? FLUE_STATE_IP6_CONST : FLUE_STATE_IP4_CONST) + which);
}

/* Of neighbor, path and connection: where CONST, CACHED and DELEGATED lie, and their bytes. */
static const uint32_t at[3][3] = {
	{ FLUE_NEIGHBOR_CONST_AT, FLUE_NEIGHBOR_CACHED_AT, FLUE_NEIGHBOR_DELEGATED_AT },
	{ FLUE_PATH_CONST_AT, FLUE_PATH_CACHED_AT, FLUE_PATH_DELEGATED_AT },
	{ FLUE_TCP_CONST_AT, FLUE_TCP_CACHED_AT, FLUE_TCP_DELEGATED_AT },
};
static const uint32_t bytes[3][3] = {
	{ 44, 44, 12 },
	{ 24, 12, 8 },
	{ 24, 44, 128 },
};

/** CONST of a path refers to where its addresses were written. */
static void
check_addresses(struct harness *h, const struct flue_path_const *c, size_t bytes)
{
	const struct flue_path_const *given =
			(struct flue_path_const *)((uint8_t *)h->path_block + FLUE_PATH_CONST_AT);

	assert_memory_equal(
			java_at(h, c->source_address), java_at(h, given->source_address), bytes);
	assert_memory_equal(java_at(h, c->destination_address),
			java_at(h, given->destination_address), bytes);
}

RULE("T-50")
static void
each_structure_alone_says_what_the_whole_says(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *all;
	struct flue_miniport_offload_block_list *one;
	struct conn c = { 0 };
	flue_ref ref;
	int i;

	(void)state;
	neighbor_new(h);
	path_new(h, c.ip6);
	((struct flue_neighbor_cached *)((uint8_t *)h->neighbor_block + FLUE_NEIGHBOR_CACHED_AT))
			->host_reachability_delta = 77;
	connect_at(h, &c, 1000, 2000);
	for (i = 0; i < 3; i++) {
		uint8_t first = i == 0   ? FLUE_STATE_NEIGHBOR_CONST
				: i == 1 ? path_type(&c, 0)
					 : FLUE_STATE_TCP_CONST;
		uint8_t whole = i == 2 ? FLUE_STATE_TCP : (uint8_t)(first + 3);
		flue_ref slot = i == 0   ? h->neighbor_block->miniport_offload_context
				: i == 1 ? h->path_block->miniport_offload_context
					 : c.block->miniport_offload_context;
		int k;

		all = refer(h, whole, slot, &ref);
		memset(behind(all), 0xee, 8);
		memset((uint8_t *)all + at[i][0] + 8, 0xee, bytes[i][0] - 8);
		if (i == 1) {
			struct flue_path_const *pc = behind(all);

			java_alloc(h, 16, &pc->source_address);
			java_alloc(h, 16, &pc->destination_address);
		}
		assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
		if (i == 1)
			check_addresses(h, behind(all), c.ip6 ? 16 : 4);
		for (k = 0; k < 3; k++) {
			one = refer(h, (uint8_t)(first + k), slot, &ref);
			if (i == 1 && k == 0)
				memcpy((uint8_t *)behind(one) + 8, (uint8_t *)behind(all) + 8, 16);
			assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
			assert_memory_equal((uint8_t *)behind(one) + 8,
					(uint8_t *)all + at[i][k] + 8, bytes[i][k] - 8);
		}
	}
	/* A type of another object asks nothing of this one. */
	(void)refer(h, FLUE_STATE_NEIGHBOR_CACHED, c.block->miniport_offload_context, &ref);
	assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), (uint32_t)FLUE_STATUS_FAILURE);
	(void)refer(h, path_type(&(struct conn){ .ip6 = !c.ip6 }, 1),
			h->path_block->miniport_offload_context, &ref);
	assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), (uint32_t)FLUE_STATUS_FAILURE);
	finish(h, &c);
}

RULE("T-50")
RULE("T-52")
static void
delegated_values_are_those_of_now(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_delegated *d;
	struct conn c = { 0 };
	flue_ref ref;

	(void)state;
	connect_at(h, &c, 1000, 2000);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 3000, 1), 0, 0);
	pass_after(h, MS);
	h->port->seen = h->port->sent_count;
	peer(h, &c, TCP_ACK, 0, 1000, pattern, 300, 5000);
	pass_after(h, MS);
	d = behind(refer(h, FLUE_STATE_TCP_DELEGATED, c.block->miniport_offload_context, &ref));
	memset((uint8_t *)d + 8, 0xee, sizeof(*d) - 8);
	assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(d->state, FLUE_TCP_ESTABLISHED);
	assert_int_equal(d->rcv_nxt, 2300);
	assert_int_equal(d->snd_una, 2000);
	assert_int_equal(d->snd_nxt, 4000);
	assert_int_equal(d->snd_max, 4000);
	assert_int_equal(d->snd_wnd, 5000);
	assert_int_equal(d->max_snd_wnd, 65535);
	assert_true(d->retransmit_timeout_delta <= 1000);
	assert_int_equal(d->ka_timeout_delta, FLUE_TIMER_STOPPED);
	assert_int_equal(d->receive_backlog_size, 300);
	/* What to keep outstanding says nothing of what is. */
	assert_int_equal(d->send_backlog_size, 2 * 14600);
	h->port->seen = h->port->sent_count;
	harness_discard(h);
}

/** A chain of `n` blocks that ask for the connection's DELEGATED. */
static flue_ref
many(struct harness *h, const struct conn *c, int n)
{
	struct flue_miniport_offload_block_list *b = NULL;
	flue_ref root = 0;
	flue_ref ref;

	for (; n > 0; n--) {
		struct flue_miniport_offload_block_list *last = b;

		b = refer(h, FLUE_STATE_TCP_DELEGATED, c->block->miniport_offload_context, &ref);
		if (last == NULL)
			root = ref;
		else
			last->next_block = ref;
	}
	return root;
}

RULE("T-51")
static void
queries_of_one_object_overlap(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b;
	struct flue_up up;
	struct conn c = { 0 };
	flue_ref roots[3];
	flue_ref update;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* None of them fits into one pass; an update of the same object in between. */
	for (i = 0; i < 3; i++) {
		roots[i] = many(h, &c, 70);
		submit(h, FLUE_SUB_QUERY, 0, roots[i], 0, 0);
	}
	b = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &update);
	*(struct flue_tcp_cached *)behind(b) = *tcp_cached(&c);
	submit(h, FLUE_SUB_UPDATE, 0, update, 0, 0);
	poll_engine(h);
	up_none(h);
	for (i = 0; i < 10; i++)
		poll_engine(h);
	for (i = 0; i < 3; i++) {
		flue_ref at;

		up = up_expect(h, FLUE_UP_QUERY_COMPLETE);
		assert_true(up.ref == roots[i]);
		for (at = roots[i]; at != 0; at = b->next_block) {
			b = java_at(h, at);
			assert_int_equal(b->status, FLUE_STATUS_SUCCESS);
		}
	}
	assert_true(up_expect(h, FLUE_UP_UPDATE_COMPLETE).ref == update);
	assert_int_equal(((struct flue_miniport_offload_block_list *)java_at(h, update))->status,
			FLUE_STATUS_SUCCESS);
	finish(h, &c);
}

/** A tree of more blocks than a pass takes, the last of them about the connection. */
static flue_ref
long_tree(struct harness *h, uint32_t op, const struct conn *c)
{
	struct flue_miniport_offload_block_list *b = NULL;
	flue_ref root = 0;
	int i;

	for (i = 0; i < 40; i++) {
		struct flue_miniport_offload_block_list *last = b;
		flue_ref ref;

		b = refer(h, FLUE_STATE_NONE, 0, &ref);
		if (last == NULL)
			root = ref;
		else
			last->next_block = ref;
	}
	b->miniport_offload_context = c->block->miniport_offload_context;
	if (op == FLUE_SUB_UPDATE) {
		b->header.type = FLUE_STATE_TCP_CACHED;
		*(struct flue_tcp_cached *)behind(b) = *tcp_cached((struct conn *)c);
	} else if (op != FLUE_SUB_INVALIDATE) {
		b->header.type = FLUE_STATE_TCP_DELEGATED;
	}
	return root;
}

/** The operation's memory is patterned over at its completion: nobody writes there any more, and
 *  nobody minds what it reads. Slots are not the operation's. */
static void
untouched_after(uint32_t op)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[2] = { 0 };
	struct flue_up up;
	flue_ref root;
	uint64_t from;
	uint64_t to;
	int k;

	connect_at(h, &c[0], 1, 1);
	submit(h, FLUE_SUB_SEND, c[0].token, nbl_new(h, pattern, 2000, 1), 0, 0);
	pass_after(h, MS);
	from = h->java_used;
	if (op == FLUE_SUB_INITIATE) {
		conn_block(h, &c[1], 1, 1);
		from = h->java_used - FLUE_BLOCK_BYTES; /* the block alone */
		root = h->neighbor_ref;
		h->neighbor_block->dependent_block_list = h->path_ref;
		h->path_block->dependent_block_list = c[1].block_ref;
	} else {
		root = long_tree(h, op, &c[0]);
	}
	to = h->java_used;
	submit(h, op, 0, root, 0, 0);
	do {
		poll_engine(h);
	} while (!up_next(h, &up) || up.op != op);
	assert_true(up.ref == root);
	memset(h->java_base + from, 0xa5, to - from);
	for (k = 0; k < 5; k++)
		pass_after(h, 300 * MS);
	for (; from < to; from++)
		if (h->java_base[from] != 0xa5)
			fail_msg("operation %u wrote behind its completion", op);
	harness_discard(h);
}

RULE("T-18")
RULE("T-14")
static void
no_operation_touches_its_tree_after_it_has_completed(void **state)
{
	uint32_t op;

	(void)state;
	for (op = FLUE_SUB_INITIATE; op <= FLUE_SUB_TERMINATE; op++)
		untouched_after(op);
}

/** Hand-made concurrency of 4.8: with the first operation under way on the connection, whether the
 *  second may start. The first is held up by an up-ring without room. */
static uint32_t
second_while_first(uint32_t first, uint32_t second)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b[2];
	struct flue_chan *ch = &h->e->chans[0];
	struct conn c = { 0 };
	uint32_t status;
	flue_ref ref[2];
	uint32_t ops[2] = { first, second };
	int i;

	if (first != FLUE_SUB_INITIATE)
		connect_at(h, &c, 1, 1);
	else
		conn_block(h, &c, 1, 1);
	for (i = 0; i < 2; i++) {
		b[i] = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &ref[i]);
		*(struct flue_tcp_cached *)behind(b[i]) = *tcp_cached(&c);
		if (ops[i] == FLUE_SUB_TERMINATE)
			b[i]->header.type = FLUE_STATE_NONE;
	}
	if (first == FLUE_SUB_INITIATE) {
		neighbor_new(h);
		path_new(h, false);
		h->neighbor_block->dependent_block_list = h->path_ref;
		h->path_block->dependent_block_list = c.block_ref;
		ref[0] = h->neighbor_ref;
	}
	ch->up_head = h->ch->up_head;
	ch->up_tail += ch->up_mask + 1 - (ch->up_tail - ch->up_head);
	for (i = 0; i < 2; i++)
		assert_true(flue_op_start(h->e, ch, ops[i], ref[i]));
	for (i = 0; i < 3; i++)
		(void)flue_ops_run(h->e);
	assert_int_equal(h->e->op_count, 2);
	h->ch->up_head = ch->up_tail;
	for (i = 0; i < 3; i++)
		(void)flue_ops_run(h->e);
	assert_int_equal(h->e->op_count, 0);
	status = b[1]->status;
	harness_discard(h);
	return status;
}

static void
what_may_start_beside_what(void **state)
{
	static const struct {
		uint32_t first;
		uint32_t second;
		uint32_t status;
	} rows[] = {
		{ FLUE_SUB_INITIATE, FLUE_SUB_QUERY, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_INITIATE, FLUE_SUB_UPDATE, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_INITIATE, FLUE_SUB_INVALIDATE, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_INITIATE, FLUE_SUB_TERMINATE, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_QUERY, FLUE_SUB_QUERY, FLUE_STATUS_SUCCESS },
		{ FLUE_SUB_QUERY, FLUE_SUB_UPDATE, FLUE_STATUS_SUCCESS },
		{ FLUE_SUB_QUERY, FLUE_SUB_TERMINATE, FLUE_STATUS_SUCCESS },
		{ FLUE_SUB_UPDATE, FLUE_SUB_QUERY, FLUE_STATUS_SUCCESS },
		{ FLUE_SUB_UPDATE, FLUE_SUB_UPDATE, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_UPDATE, FLUE_SUB_TERMINATE, FLUE_STATUS_SUCCESS },
		{ FLUE_SUB_INVALIDATE, FLUE_SUB_QUERY, FLUE_STATUS_SUCCESS },
		{ FLUE_SUB_INVALIDATE, FLUE_SUB_UPDATE, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_INVALIDATE, FLUE_SUB_TERMINATE, FLUE_STATUS_SUCCESS },
		{ FLUE_SUB_TERMINATE, FLUE_SUB_QUERY, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_TERMINATE, FLUE_SUB_UPDATE, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_TERMINATE, FLUE_SUB_INVALIDATE, (uint32_t)FLUE_STATUS_FAILURE },
		{ FLUE_SUB_TERMINATE, FLUE_SUB_TERMINATE, (uint32_t)FLUE_STATUS_FAILURE },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t status = second_while_first(rows[i].first, rows[i].second);

		if (status != rows[i].status)
			fail_msg("%u while %u: %#x", rows[i].second, rows[i].first, status);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_structure_alone_says_what_the_whole_says),
		cmocka_unit_test(delegated_values_are_those_of_now),
		cmocka_unit_test(queries_of_one_object_overlap),
		cmocka_unit_test(no_operation_touches_its_tree_after_it_has_completed),
		cmocka_unit_test(what_may_start_beside_what),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
