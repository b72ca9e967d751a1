/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_RUN_H
#define FLUE_ENGINE_RUN_H

/** @file One pass, and who may make it. */

#include <errno.h>

#include "engine/priv.h"

/** Nobody else polls the engine from now on. @return 0, -EBUSY, -ESHUTDOWN (it is being destroyed) */
static inline int
flue_engine_own(struct flue_engine *e)
{
	int expected = OWNER_NONE;

	if (atomic_compare_exchange_strong_explicit(&e->owner, &expected, OWNER_POLL,
			    memory_order_acquire, memory_order_relaxed))
		return 0;
	return expected == OWNER_GONE ? -ESHUTDOWN : -EBUSY;
}

static inline void
flue_engine_disown(struct flue_engine *e)
{
	atomic_store_explicit(&e->owner, OWNER_NONE, memory_order_release);
}

/** By its owner. @return work done */
int flue_engine_pass(struct flue_engine *e, int64_t now, int budget);

#endif /* FLUE_ENGINE_RUN_H */
