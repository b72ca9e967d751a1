/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_BLOCKS_H
#define FLUE_TEST_BLOCKS_H

/** @file Trees of blocks that refer to offloaded objects, and running them. */

#include "support/harness.h"

/** A block of that type for the object whose token lies in `slot`, with room for any structures. */
struct flue_miniport_offload_block_list *
refer(struct harness *h, uint8_t type, flue_ref slot, flue_ref *ref);
/** What follows a block. */
void *behind(struct flue_miniport_offload_block_list *b);
/** Submit and poll until it completes; other entries of the up-ring are dropped.
 *  @return status of the root */
uint32_t run_op(struct harness *h, uint32_t op, flue_ref root);
/** refer() without structures, and run_op(). */
uint32_t run_on(struct harness *h, uint32_t op, flue_ref slot);
/** Passes enough for a sweep over all connections. */
void settle(struct harness *h);
/** One more neighbor, offloaded; to be terminated by run_on(). @return its slot */
flue_ref another_neighbor(struct harness *h, const char *mac);

#endif /* FLUE_TEST_BLOCKS_H */
