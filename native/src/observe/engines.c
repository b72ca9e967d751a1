/* SPDX-License-Identifier: Apache-2.0 */

/* Which engines there are. */

#include "observe/engines.h"

#include <pthread.h>

#include "engine/priv.h"
#include "observe/counters.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct flue_engine *first;

void
flue_engines_add(struct flue_engine *e)
{
	struct flue_engine **at = &first;

	pthread_mutex_lock(&lock);
	while (*at != NULL)
		at = &(*at)->next_engine;
	*at = e;
	pthread_mutex_unlock(&lock);
}

void
flue_engines_remove(struct flue_engine *e)
{
	struct flue_engine **at = &first;

	pthread_mutex_lock(&lock);
	while (*at != NULL && *at != e)
		at = &(*at)->next_engine;
	if (*at != NULL)
		*at = e->next_engine;
	pthread_mutex_unlock(&lock);
}

void
flue_engines_visit(void (*each)(void *opaque, const struct flue_engine_view *view), void *opaque)
{
	struct flue_engine *e;

	pthread_mutex_lock(&lock);
	for (e = first; e != NULL; e = e->next_engine) {
		struct flue_counters_header *header = flue_counters_header_at(e->counters_region);
		struct flue_engine_view view = {
			.port = e->port, .port_name = flue_port_name(e->port), .header = header
		};

		if (header == NULL)
			continue;
		view.counters = flue_counters_records(header);
		each(opaque, &view);
	}
	pthread_mutex_unlock(&lock);
}
