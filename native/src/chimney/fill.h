/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_CHIMNEY_FILL_H
#define FLUE_CHIMNEY_FILL_H

/** @file Filling the structures behind a block; query and terminate share it. */

#include "engine/priv.h"

/** DELEGATED, and EXT where the header asks for it. Unions are left 0.
 *  @return false when they do not lie in a region; *out on success */
bool flue_fill_delegated(struct flue_engine *e, const struct flue_op_level *lv, struct flue_conn *c,
		uint8_t type, struct flue_tcp_delegated **out);

#endif /* FLUE_CHIMNEY_FILL_H */
