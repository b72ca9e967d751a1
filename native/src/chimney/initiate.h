/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_CHIMNEY_INITIATE_H
#define FLUE_CHIMNEY_INITIATE_H

/** @file New objects of an initiate. Each: @return status; the object's token where that is SUCCESS */

#include "engine/parts.h"

uint32_t flue_new_neighbor(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		uint64_t *token);
/** On the neighbor of `parent`. */
uint32_t flue_new_path(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent, bool ip6, uint64_t *token);

#endif /* FLUE_CHIMNEY_INITIATE_H */
