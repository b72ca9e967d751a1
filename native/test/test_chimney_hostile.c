/* SPDX-License-Identifier: Apache-2.0 */

/* Trees and tokens that nobody should send. */

#include "support/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t pattern[20000];

static uint32_t
run_tree(struct harness *h, flue_ref root)
{
	struct flue_up up;
	int i;

	submit(h, FLUE_SUB_INITIATE, 0, root, 0, 0);
	for (i = 0; i < 100000; i++) {
		poll_engine(h);
		if (up_next(h, &up)) {
			assert_int_equal(up.op, FLUE_UP_INITIATE_COMPLETE);
			assert_true(up.ref == root);
			return (uint32_t)i;
		}
	}
	fail_msg("initiate did not complete");
	return 0;
}

static void
tree(struct harness *h)
{
	neighbor_new(h);
	path_new(h, false);
	h->neighbor_block->dependent_block_list = h->path_ref;
}

static void
hostile_trees_are_answered(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[3] = { 0 };
	uint32_t op;
	int i;

	(void)state;
	tree(h);
	for (i = 0; i < 3; i++)
		conn_block(h, &c[i], 1, 1);
	/* next in a ring, dependents upwards, levels too deep */
	h->path_block->dependent_block_list = c[0].block_ref;
	c[0].block->next_block = c[1].block_ref;
	c[1].block->next_block = c[0].block_ref;
	assert_true(run_tree(h, h->neighbor_ref) < 4);
	assert_int_equal(c[0].block->status, FLUE_STATUS_SUCCESS);
	c[1].block->next_block = c[1].block_ref;
	c[0].block->dependent_block_list = h->neighbor_ref;
	h->path_block->next_block = h->neighbor_ref;
	assert_true(run_tree(h, h->neighbor_ref) < 4);
	h->neighbor_block->dependent_block_list = h->neighbor_ref;
	assert_true(run_tree(h, h->neighbor_ref) < 4);
	/* without a root, and with one in the arena, where the engine's own objects lie */
	for (op = FLUE_SUB_INITIATE; op <= FLUE_SUB_TERMINATE; op++) {
		flue_ref arena = (flue_ref)flue_arena_region(h->e->arena) << 48;

		submit(h, op, 0, 0, 0, 0);
		submit(h, op, 0, arena, 0, 0);
		poll_engine(h);
		assert_true(up_expect(h, op).ref == 0);
		assert_true(up_expect(h, op).ref == arena);
	}
	/* nowhere, unaligned, at the last byte, in no region */
	for (i = 0; i < 6; i++) {
		flue_ref bad[] = { 1, ((flue_ref)h->java << 48) | (JAVA_BYTES - 8),
			h->neighbor_ref + 4, UINT64_MAX, (flue_ref)999 << 48,
			((flue_ref)h->java << 48) | 0x7fffffffffff };

		for (op = FLUE_SUB_INITIATE; op <= FLUE_SUB_TERMINATE; op++) {
			struct flue_up up;

			submit(h, op, 0, bad[i], 0, 0);
			poll_engine(h);
			assert_true(up_next(h, &up));
			assert_int_equal(up.op, op);
			assert_true(up.ref == bad[i]);
		}
		h->neighbor_block->dependent_block_list = bad[i];
		h->neighbor_block->next_block = bad[i];
		assert_true(run_tree(h, h->neighbor_ref) < 4);
		h->neighbor_block->dependent_block_list = 0;
		h->neighbor_block->next_block = 0;
		h->neighbor_block->miniport_offload_context = bad[i];
		assert_true(run_tree(h, h->neighbor_ref) < 4);
		if (i != 1) /* the region's last word is a slot like any other */
			assert_int_equal(h->neighbor_block->status, (uint32_t)FLUE_STATUS_FAILURE);
		h->neighbor_block->miniport_offload_context =
				h->neighbor_block->ndis_offload_handle + 8;
	}
	harness_discard(h);
}

static void
forged_tokens_are_answered(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct conn d = { 0 };
	uint64_t forged[] = { 1, UINT64_MAX, 0x0300000000000000, 0x0300000100000000,
		0x0300000000000040, 0x0400000000000000, 0x0200000000000001 };
	unsigned i;

	(void)state;
	connect_at(h, &c, 1, 1);
	connect_at(h, &d, 1, 1);
	assert_int_equal(terminate(h, &d), FLUE_STATUS_SUCCESS);
	for (i = 0; i <= sizeof(forged) / sizeof(forged[0]); i++) {
		uint64_t t = i == 0 ? d.token : forged[i - 1];
		flue_ref nbl = nbl_new(h, pattern, 10, 1);
		struct flue_up up;
		uint32_t op;

		if (t == c.token)
			continue;
		for (op = FLUE_SUB_SEND; op <= FLUE_SUB_FORWARD; op++) {
			submit(h, op, t, nbl, 1, 0);
			poll_engine(h);
			assert_true(up_next(h, &up));
			assert_true(up.ref == nbl);
			assert_int_equal(up.arg0, 1);
			assert_int_equal(nbl_at(h, nbl)->status,
					(uint32_t)FLUE_STATUS_INVALID_STATE);
			up_none(h);
		}
		submit(h, FLUE_SUB_VERDICT, t, nbl, 0, 0);
		poll_engine(h);
		d.handle->miniport_offload_context = t;
		d.block->header.type = FLUE_STATE_TCP;
		for (op = FLUE_SUB_INITIATE; op <= FLUE_SUB_TERMINATE; op++) {
			d.block->status = 0;
			submit(h, op, 0, d.block_ref, 0, 0);
			poll_engine(h);
			assert_true(up_next(h, &up));
			assert_int_equal(up.op, op);
			assert_int_equal(d.block->status, (uint32_t)FLUE_STATUS_FAILURE);
		}
	}
	assert_int_equal(flue_engine_held(h->e, 2), 1);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
memory_that_is_closed_under_the_engine_is_not_unmapped_before_it_lets_go(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	int lent = flue_region_create(FLUE_REGION_HEAP, 8192);
	int before = flue_region_count();
	struct conn c = { 0 };
	struct flue_mdl *mdl;
	flue_ref nbl[3];
	int i;

	(void)state;
	memset(flue_region_at(lent), 'x', 8192);
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 3; i++) {
		nbl[i] = nbl_new(h, pattern, 4000, 1);
		mdl = java_at(h, nbl[i] + 192);
		mdl->data = flue_ref_make((uint32_t)lent, 0);
	}
	submit(h, FLUE_SUB_SEND, c.token, nbl[0], 0, 0);
	submit(h, FLUE_SUB_RECEIVE, c.token, nbl[1], 0, 0);
	poll_engine(h);
	assert_int_equal(flue_region_close(lent), 0);
	assert_int_equal(flue_region_unmap(lent), 0);
	assert_int_equal(flue_region_count(), before);
	assert_int_equal(flue_region_unmap(lent), -EINVAL);
	submit(h, FLUE_SUB_SEND, c.token, nbl[2], 0, 0);
	peer(h, &c, TCP_ACK | TCP_PSH, 0, 0, pattern, 1400, 65535);
	pass_after(h, MS);
	/* Sent again: zeros, and no fault. */
	h->port->seen = h->port->sent_count;
	pass_after(h, 300 * MS);
	assert_int_equal(sent_expect(h, &c).payload[0], 0);
	h->port->seen = h->port->sent_count;
	peer(h, &c, TCP_ACK, 1400, 4000, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(flue_region_count(), before - 1);
	(void)up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	h->port->seen = h->port->sent_count;
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
completions_and_blocks_outlive_the_memory_they_lie_in(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	int gone = flue_region_create(FLUE_REGION_HEAP, 8192);
	struct flue_miniport_offload_block_list *block = flue_region_at(gone);
	flue_ref nbl = flue_ref_make((uint32_t)gone, 4096);
	struct conn c = { 0 };
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* The ring is full: completions wait in a chain. */
	h->ch->up_head = h->ch->up_tail;
	h->e->chans[0].up_tail = h->ch->up_tail += 256 - 10;
	submit(h, FLUE_SUB_SEND, 0, nbl, 0, 0);
	submit(h, FLUE_SUB_TERMINATE, 0, flue_ref_make((uint32_t)gone, 0), 0, 0);
	block->header.type = FLUE_STATE_NONE;
	block->miniport_offload_context = c.handle_ref + 8;
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535); /* an indication that holds it up */
	c.block->status = 0;
	poll_engine(h);
	assert_int_equal(flue_region_close(gone), 0);
	assert_int_equal(flue_region_unmap(gone), 0);
	submit(h, FLUE_SUB_SEND, 0, nbl_new(h, pattern, 10, 1), 0, 0);
	poll_engine(h);
	h->ch->up_head = h->ch->up_tail;
	poll_engine(h);
	while (up_next(h, &up))
		;
	poll_engine(h);
	h->port->seen = h->port->sent_count;
	if (flue_engine_held(h->e, 2) != 0)
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_discard(h);
}

/** A tree that adds to a path while another operation takes the path away. */
static void
a_path_that_leaves_takes_no_connection_along(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn held = { 0 };
	struct conn c = { 0 };
	struct flue_miniport_offload_block_list *filler[40];
	struct flue_offload_handle *handle;
	struct flue_miniport_offload_block_list *leave;
	flue_ref leave_ref;
	struct flue_up up;
	flue_ref first = 0;
	int i;

	(void)state;
	connect_at(h, &held, 1, 1);
	peer(h, &held, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	/* path -> connection, waiting for the verdict */
	leave_ref = block_new(h, FLUE_STATE_NONE, &handle, &leave);
	leave->miniport_offload_context = h->path_block->miniport_offload_context;
	leave->dependent_block_list = held.block_ref;
	held.block->next_block = held.block->dependent_block_list = 0;
	submit(h, FLUE_SUB_TERMINATE, 0, leave_ref, 0, 0);
	poll_engine(h);
	/* placeholders, as many as one pass takes but for neighbor and path, then a connection */
	conn_block(h, &c, 1, 1);
	first = c.block_ref;
	for (i = 0; i < 35; i++) {
		flue_ref ref = block_new(h, FLUE_STATE_NONE, &handle, &filler[i]);

		filler[i]->miniport_offload_context = 0;
		filler[i]->next_block = first;
		first = ref;
	}
	h->neighbor_block->dependent_block_list = h->path_ref;
	h->path_block->dependent_block_list = first;
	submit(h, FLUE_SUB_INITIATE, 0, h->neighbor_ref, 0, 0);
	poll_engine(h);
	verdict(h, &held, up.ref, FLUE_STATUS_SUCCESS, 1000);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	poll_engine(h);
	assert_int_equal(leave->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(c.block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(flue_engine_held(h->e, 1), 0);
	assert_int_equal(flue_engine_held(h->e, 2), 0);
	h->path = NULL;
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_trees_are_answered),
		cmocka_unit_test(forged_tokens_are_answered),
		cmocka_unit_test(
				memory_that_is_closed_under_the_engine_is_not_unmapped_before_it_lets_go),
		cmocka_unit_test(completions_and_blocks_outlive_the_memory_they_lie_in),
		cmocka_unit_test(a_path_that_leaves_takes_no_connection_along),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
