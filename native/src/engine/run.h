/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_RUN_H
#define FLUE_ENGINE_RUN_H

/** @file One pass, and who may make it. */

#include <errno.h>

#include "engine/priv.h"

/** @return OWNER_NONE: it is the caller's as `owner`; else whose it is */
static inline int
flue_engine_take(struct flue_engine *e, int owner)
{
	int expected;

	do {
		expected = OWNER_NONE;
		if (atomic_compare_exchange_strong_explicit(&e->owner, &expected, owner,
				    memory_order_acquire, memory_order_relaxed))
			return OWNER_NONE;
	} while (unlikely(expected == OWNER_ASKS));
	return expected;
}

/** Nobody else polls the engine from now on. @return 0, -EBUSY, -ESHUTDOWN (it is being destroyed) */
static inline int
flue_engine_own(struct flue_engine *e)
{
	int other = flue_engine_take(e, OWNER_POLL);

	return likely(other == OWNER_NONE) ? 0 : other == OWNER_GONE ? -ESHUTDOWN : -EBUSY;
}

static inline void
flue_engine_disown(struct flue_engine *e)
{
	atomic_store_explicit(&e->owner, OWNER_NONE, memory_order_release);
}

/** What was counted goes where readers see it. By its owner, or in OWNER_ASKS. */
void flue_engine_publish(struct flue_engine *e);

/** By its owner. @return work done */
int flue_engine_pass(struct flue_engine *e, int64_t now, int budget);

#endif /* FLUE_ENGINE_RUN_H */
