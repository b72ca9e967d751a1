/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_MEMORY_NODE_H
#define FLUE_MEMORY_NODE_H

/** @file NUMA nodes, by the kernel's calls and files; a machine without them has node 0. */

#include <stdbool.h>
#include <stdint.h>

/** Size of the pages that hugepages are here. */
#define FLUE_HUGEPAGE_BYTES ((uint64_t)2 << 20)

/** Pages of that mapping, not touched yet, are to come from this node and no other.
 *  @return 0, -errno */
int flue_node_bind(void *address, uint64_t bytes, int node);

/** The node on which all hugepages of a mapping lie. @return -1: they lie on several, or nobody knows */
int flue_node_of(void *address, uint64_t bytes);

#endif /* FLUE_MEMORY_NODE_H */
