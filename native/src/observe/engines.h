/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_OBSERVE_ENGINES_H
#define FLUE_OBSERVE_ENGINES_H

/** @file The engines of this process, for an observer on whatever thread: none of them ends meanwhile. */

#include "flue/flue_observe.h"
#include "flue/flue_types.h"

struct flue_engine;
struct flue_port;

/** Of an engine, during a visit. */
struct flue_engine_view {
	const struct flue_port *port;
	const char *port_name;
	const struct flue_counters_header *header;
	const struct flue_counter_record *counters; /* FLUE_CTR_COUNT */
};

/** Control path. */
void flue_engines_add(struct flue_engine *e);
void flue_engines_remove(struct flue_engine *e);

/** Call `each` for each, in the order they were made. */
void
flue_engines_visit(void (*each)(void *opaque, const struct flue_engine_view *view), void *opaque);

#endif /* FLUE_OBSERVE_ENGINES_H */
