/* SPDX-License-Identifier: Apache-2.0 */

/* Trees and tokens that nobody should send. */

#include "support/harness.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_trees_are_answered),
		cmocka_unit_test(forged_tokens_are_answered),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
