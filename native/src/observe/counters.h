/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_OBSERVE_COUNTERS_H
#define FLUE_OBSERVE_COUNTERS_H

/** @file Writing counters. One writer; readers may be in another process. */

#include "flue/flue_observe.h"
#include "memory/region.h"

/** Header of the counters in `region`, or NULL when it holds none; records follow it. */
struct flue_counters_header *flue_counters_header_at(int region);

/** First record, to be indexed with FLUE_CTR_*. */
static inline struct flue_counter_record *
flue_counters_records(struct flue_counters_header *header)
{
	return (struct flue_counter_record *)(header + 1);
}

static inline void
flue_counter_set(struct flue_counter_record *records, enum flue_counter id, uint64_t value)
{
	__atomic_store_n(&records[id].value, value, __ATOMIC_RELAXED);
}

static inline void
flue_counter_add(struct flue_counter_record *records, enum flue_counter id, uint64_t n)
{
	/* One writer: the plain read races with nobody. */
	__atomic_store_n(&records[id].value, records[id].value + n, __ATOMIC_RELAXED);
}

/** Tell readers how fresh the values are. */
static inline void
flue_counters_updated(struct flue_counters_header *header, int64_t now)
{
	__atomic_store_n(&header->updated_ns, now, __ATOMIC_RELAXED);
}

#endif /* FLUE_OBSERVE_COUNTERS_H */
