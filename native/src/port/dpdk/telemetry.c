/* SPDX-License-Identifier: Apache-2.0 */

/* What DPDK's telemetry tells of us: /flue/engines, /flue/conns, /flue/ports, /flue/counters. A thread of
 * DPDK's asks; it reads counters that their owners store atomically, and no engine ends meanwhile. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>

#include "observe/engines.h"
#include "port/dpdk/dpdk.h"

/** What is asked for, of which engine, and where the answer goes. */
struct question {
	void (*put)(struct rte_tel_data *to, const struct flue_engine_view *view);
	struct rte_tel_data *answer;
	long index; /* of the engine; -1 = all, each under its number */
	long engine;
};

/** Names have letters, digits, '_' and '/'. */
static void
add(struct rte_tel_data *to, const char *name, uint64_t value)
{
	char text[64];
	char *at;

	snprintf(text, sizeof(text), "%s", name);
	for (at = text; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			*at = '/';
	(void)rte_tel_data_add_dict_u64(to, text, value);
}

static uint64_t
value_of(const struct flue_engine_view *view, enum flue_counter id)
{
	return __atomic_load_n(&view->counters[id].value, __ATOMIC_RELAXED);
}

static void
put_engine(struct rte_tel_data *to, const struct flue_engine_view *view)
{
	(void)rte_tel_data_add_dict_string(to, "port", view->port_name);
	add(to, "passes", value_of(view, FLUE_CTR_PASSES));
	add(to, "connections", value_of(view, FLUE_CTR_CONNECTIONS_NOW));
	add(to, "updated_ns",
			(uint64_t)__atomic_load_n(&view->header->updated_ns, __ATOMIC_RELAXED));
}

static void
put_conns(struct rte_tel_data *to, const struct flue_engine_view *view)
{
	add(to, "now", value_of(view, FLUE_CTR_CONNECTIONS_NOW));
	add(to, "initiated", value_of(view, FLUE_CTR_INITIATED));
	add(to, "terminated", value_of(view, FLUE_CTR_TERMINATED));
}

static void
put_port(struct rte_tel_data *to, const struct flue_engine_view *view)
{
	const char *name;
	int64_t value;
	int i;

	(void)rte_tel_data_add_dict_string(to, "port", view->port_name);
	for (i = 0; (name = dpdk_host->port_figure(view->port, i, &value)) != NULL; i++)
		add(to, name, (uint64_t)value);
}

static void
put_counters(struct rte_tel_data *to, const struct flue_engine_view *view)
{
	int i;

	for (i = 0; i < FLUE_CTR_COUNT; i++)
		add(to, view->counters[i].name, value_of(view, (enum flue_counter)i));
}

static void
put_one(void *opaque, const struct flue_engine_view *view)
{
	struct question *q = opaque;
	struct rte_tel_data *part;
	char number[16];

	if (q->index >= 0 && q->index != q->engine++)
		return;
	if (q->index >= 0) {
		q->put(q->answer, view);
		return;
	}
	part = rte_tel_data_alloc();
	if (part == NULL)
		return;
	(void)rte_tel_data_start_dict(part);
	q->put(part, view);
	snprintf(number, sizeof(number), "%ld", q->engine++);
	if (rte_tel_data_add_dict_container(q->answer, number, part, 0) != 0)
		rte_tel_data_free(part);
}

/** "/flue/counters,0": of the first engine; without a number of all. */
static int
answer(const char *params, struct rte_tel_data *data,
		void (*put)(struct rte_tel_data *to, const struct flue_engine_view *view))
{
	struct question q = { .put = put, .answer = data, .index = -1 };
	char *end;

	if (params != NULL && *params != '\0') {
		q.index = strtol(params, &end, 10);
		if (!isdigit((unsigned char)*params) || *end != '\0')
			return -1;
	}
	(void)rte_tel_data_start_dict(data);
	dpdk_host->engines_visit(put_one, &q);
	return q.index >= q.engine ? -1 : 0;
}

static int
engines(const char *command, const char *params, struct rte_tel_data *data)
{
	(void)command;
	return answer(params, data, put_engine);
}

static int
conns(const char *command, const char *params, struct rte_tel_data *data)
{
	(void)command;
	return answer(params, data, put_conns);
}

static int
ports(const char *command, const char *params, struct rte_tel_data *data)
{
	(void)command;
	return answer(params, data, put_port);
}

static int
counters(const char *command, const char *params, struct rte_tel_data *data)
{
	(void)command;
	return answer(params, data, put_counters);
}

void
dpdk_telemetry_register(void)
{
	(void)rte_telemetry_register_cmd("/flue/engines", engines,
			"Engines, each on a port. Parameter: number of one");
	(void)rte_telemetry_register_cmd("/flue/conns", conns,
			"Offloaded connections, by engine. Parameter: number of one");
	(void)rte_telemetry_register_cmd("/flue/ports", ports,
			"Ports that engines are on, and what they counted. Parameter: number of one");
	(void)rte_telemetry_register_cmd("/flue/counters", counters,
			"Counters, by engine. Parameter: number of one");
}
