/* SPDX-License-Identifier: Apache-2.0 */

#include "engine/steer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
flue_steering_make(struct flue_engine *e)
{
	uint32_t n = (uint32_t)e->config.max_connections;

	if (e->port->ops->steer == NULL || !(e->port->offloads & FLUE_PORT_FLOW_RULES))
		return 0;
	e->steering = calloc(1, sizeof(*e->steering) + n * sizeof(e->steering->rules[0]));
	if (e->steering == NULL)
		return -ENOMEM;
	e->steering->connections = n;
	return 0;
}

void
flue_steering_end(struct flue_engine *e)
{
	uint32_t i;

	if (e->steering == NULL)
		return;
	for (i = 0; i < e->steering->connections; i++)
		if (e->steering->rules[i] != 0)
			(void)e->port->ops->unsteer(e->port, e->steering->rules[i]);
	free(e->steering);
	e->steering = NULL;
}

void
flue_steer(struct flue_engine *e, const struct flue_conn *c)
{
	const struct flue_path *p = &e->paths[c->path];
	struct flue_port_flow flow = { .ip6 = p->ip6 };

	if (e->steering == NULL)
		return;
	memcpy(flow.remote, p->remote, sizeof(flow.remote));
	memcpy(flow.local, p->local, sizeof(flow.local));
	memcpy(&flow.remote_port, &c->ports, 2);
	memcpy(&flow.local_port, (const uint8_t *)&c->ports + 2, 2);
	e->steering->rules[flue_conn_index(e, c)] = e->port->ops->steer(e->port, &flow);
}

bool
flue_unsteer(struct flue_engine *e, const struct flue_conn *c)
{
	uint32_t *rule;

	if (e->steering == NULL)
		return true;
	rule = &e->steering->rules[flue_conn_index(e, c)];
	if (*rule != 0 && e->port->ops->unsteer(e->port, *rule))
		*rule = 0;
	return *rule == 0;
}
