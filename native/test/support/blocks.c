/* SPDX-License-Identifier: Apache-2.0 */

#include "support/blocks.h"

#include <string.h>

struct flue_miniport_offload_block_list *
refer(struct harness *h, uint8_t type, flue_ref slot, flue_ref *ref)
{
	struct flue_miniport_offload_block_list *b = java_alloc(h, FLUE_BLOCK_BYTES, ref);

	b->header = (struct flue_object_header){ type, 1, FLUE_BLOCK_LIST_BYTES };
	b->miniport_offload_context = slot;
	b->status = 0x77777777;
	return b;
}

void *
behind(struct flue_miniport_offload_block_list *b)
{
	return (uint8_t *)b + FLUE_BLOCK_LIST_BYTES;
}

uint32_t
run_op(struct harness *h, uint32_t op, flue_ref root)
{
	struct flue_miniport_offload_block_list *b = java_at(h, root);
	struct flue_up up;
	int i;

	submit(h, op, 0, root, 0, 0);
	for (i = 0; i < 1000; i++) {
		poll_engine(h);
		while (up_next(h, &up)) {
			if (up.op != FLUE_UP_INITIATE_COMPLETE + op - FLUE_SUB_INITIATE)
				continue;
			assert_true(up.ref == root);
			return b->status;
		}
	}
	fail_msg("operation %u did not complete", op);
	return 0;
}

uint32_t
run_on(struct harness *h, uint32_t op, flue_ref slot)
{
	flue_ref ref;

	(void)refer(h, FLUE_STATE_NONE, slot, &ref);
	return run_op(h, op, ref);
}

void
settle(struct harness *h)
{
	int i;

	for (i = 0; i < 4; i++)
		poll_engine(h);
}

flue_ref
another_neighbor(struct harness *h, const char *mac)
{
	struct flue_miniport_offload_block_list *b;
	struct flue_neighbor_cached *cached;
	struct flue_offload_handle *handle;
	flue_ref ref = block_new(h, FLUE_STATE_NEIGHBOR, &handle, &b);

	cached = (struct flue_neighbor_cached *)((uint8_t *)b + FLUE_NEIGHBOR_CACHED_AT);
	memcpy(cached->dl_destination_address, mac, 6);
	assert_int_equal(run_op(h, FLUE_SUB_INITIATE, ref), FLUE_STATUS_SUCCESS);
	return b->miniport_offload_context;
}
