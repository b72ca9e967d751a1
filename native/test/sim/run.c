/* SPDX-License-Identifier: Apache-2.0 */

/* A run: two sides, the wire, time, and the end, where nothing may be left. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define MOST_STEPS  3000000u
#define MOST_TIME   (6 * 3600 * SIM_SEC)
#define SIDE_BYTES  (4 * 1024 * 1024)
#define AFTER_ABORT (30 * SIM_SEC)

void
sim_require(struct sim *s, bool truth, const char *what)
{
	if (truth)
		return;
	snprintf(s->result->what, sizeof(s->result->what), "%s", what);
	longjmp(s->failed, 1);
}

/* ---- Beginning ------------------------------------------------------------------------------ */

static void
engine_start(struct sim_side *s, int index)
{
	struct sim_engine *x = &s->engine[index];
	struct flue_engine_config config;

	flue_engine_config_default(&config);
	config.max_connections = 2;
	config.max_paths = config.max_neighbors = 2;
	config.max_sends = (int32_t)s->sim->p.buffers;
	config.max_receives = 128;
	config.max_frames = 512;
	config.max_receive_window = 1 << 22;
	config.rto_min_us = (int32_t)s->sim->p.rto_min_us;
	config.rto_max_us = (int32_t)s->sim->p.rto_max_us;
	config.seed = (int64_t)(s->sim->p.seed * 4 + (uint64_t)s->index * 2 + (uint64_t)index);
	sim_switch_init(x, s);
	x->index = index;
	sim_require(s->sim, flue_engine_create(&config, &x->port, &x->e) == 0, "an engine is made");
	if (s->sim->p.scarce && index == 0)
		x->e->extra_ids.size = x->e->extra_ids.free = 0;
	x->e->params.tcp_ack_frequency = (uint8_t)s->p->ack_frequency;
	x->channel = flue_engine_channel(x->e, SIM_RING, SIM_RING);
	x->ch = flue_region_at(x->channel);
	x->subs = (struct flue_submission *)((uint8_t *)x->ch + x->ch->sub_offset);
	x->ups = (struct flue_up *)((uint8_t *)x->ch + x->ch->up_offset);
	sim_tree_new(x);
}

static void
side_open(struct sim *sim, int index)
{
	struct sim_side *s = &sim->side[index];

	s->sim = sim;
	s->index = index;
	s->peer = &sim->side[index ^ 1];
	s->p = &sim->p.app[index];
	s->next_move = s->p->move_at;
	s->region = flue_region_create(FLUE_REGION_HEAP, SIDE_BYTES);
	s->base = flue_region_at(s->region);
	s->used = 64;
	sim_require(sim,
			s->base != NULL && flue_wire_port(sim->wire, index, 0x0200000000aa + index,
							   &s->port) == 0,
			"a port is plugged in");
}

void
sim_host_start(struct sim_side *s, uint32_t iss, uint32_t irs)
{
	int i;

	engine_start(s, 0);
	engine_start(s, 1);
	for (i = 0; i < SIM_SENDS; i++)
		(void)sim_alloc(s, 256 + SIM_SEND_ROOM, &s->sends[i]);
	for (i = 0; i < SIM_POSTS; i++)
		(void)sim_alloc(s, 256 + SIM_POST_ROOM, &s->posts[i]);
	(void)sim_alloc(s, 256, &s->close_nbl);
	(void)sim_alloc(s, 256, &s->abort_nbl);
	(void)sim_alloc(s, (uint64_t)SIM_KEPT * SIM_KEPT_ROOM, &s->kept_base);
	sim_block_new(s, iss, irs);
	/* The host has it; the first step initiates it. */
	s->at = &s->engine[0];
	s->at->active = true;
	s->phase = SIM_BETWEEN;
	s->extended = true;
}

/* ---- End ------------------------------------------------------------------------------------ */

static void
forget(struct sim_side *s, struct sim_engine *x, struct flue_miniport_offload_block_list *b)
{
	uint64_t token;
	int i;

	memcpy(&token, s->base + flue_ref_offset(b->miniport_offload_context), 8);
	if (token == 0)
		return;
	b->header.type = FLUE_STATE_NONE;
	b->dependent_block_list = 0;
	b->status = 0x77777777;
	sim_submit(x, FLUE_SUB_TERMINATE, 0,
			flue_ref_make((uint32_t)s->region, (uint64_t)((uint8_t *)b - s->base)), 0,
			0);
	for (i = 0; i < 8 && b->status == 0x77777777; i++) {
		s->sim->now += SIM_MS;
		(void)sim_host_step(s);
	}
	sim_require(s->sim, b->status == FLUE_STATUS_SUCCESS, "paths and neighbors can go");
}

void
sim_host_end(struct sim_side *s)
{
	static const char *const held[11] = { "no neighbor is left", "no path is left",
		"no connection is left", "no flow is left", "no send is left",
		"no indication is left", "no frame is left", "no timer is left",
		"no question is left", "no scoreboard is left", "no run is left" };
	int i;
	int k;

	for (i = 0; i < 10000 && s->phase != SIM_OVER; i++) {
		s->sim->now += SIM_MS;
		if (s->phase == SIM_HERE)
			sim_host_give_up(s);
		(void)sim_host_step(s);
		if (s->phase == SIM_BETWEEN)
			s->phase = SIM_OVER;
	}
	sim_require(s->sim, s->phase == SIM_OVER, "the connection can be taken back");
	/* Nobody hears the wire any more. */
	s->engine[0].active = s->engine[1].active = false;
	for (i = 0; i < 3; i++) {
		s->sim->now += SIM_MS;
		(void)sim_host_step(s);
	}
	for (i = 0; i < 2; i++) {
		struct sim_engine *x = &s->engine[i];

		s->at = x;
		forget(s, x, x->path);
		forget(s, x, x->neighbor);
		for (k = 0; k <= 10; k++)
			sim_require(s->sim, flue_engine_held(x->e, k) == 0, held[k]);
		sim_require(s->sim, x->e->slabs.port.held == 0, "no slab is held");
	}
	sim_require(s->sim, s->port->held == 0, "each packet came back");
}

static void
side_close(struct sim_side *s)
{
	int i;

	for (i = 0; i < 2; i++)
		flue_engine_destroy(s->engine[i].e);
	flue_port_close(s->port);
	flue_region_release(s->region);
}

/* ---- Time ----------------------------------------------------------------------------------- */

static bool
over(const struct sim *s, int64_t *aborted_at)
{
	if (sim_host_done(&s->side[0]) && sim_host_done(&s->side[1]))
		return true;
	if (s->result->gave_up)
		return true;
	/* A reset is not sent again: the other one need not hear of it. */
	if (!s->result->aborted)
		return false;
	if (*aborted_at == 0)
		*aborted_at = s->now;
	return s->now > *aborted_at + AFTER_ABORT;
}

static void
advance(struct sim *s)
{
	int64_t next = flue_wire_next_event(s->wire);
	int i;

	for (i = 0; i < 2; i++) {
		int64_t t = sim_host_next(&s->side[i]);

		next = t < next ? t : next;
	}
	sim_require(s, next != INT64_MAX || s->result->aborted, "somebody waits for a time");
	if (next == INT64_MAX)
		next = s->now + SIM_SEC;
	s->now = next <= s->now ? s->now + 1000 : next;
}

static void
run(struct sim *s)
{
	int64_t aborted_at = 0;
	int i;

	sim_require(s, flue_wire_create(&s->p.wire, &s->wire) == 0, "a wire is made");
	side_open(s, 0);
	side_open(s, 1);
	for (i = 0; i < 2; i++)
		sim_require(s, flue_wire_set_faults(s->wire, i, i ^ 1, &s->p.link[i]) == 0,
				"a link has its faults");
	sim_host_start(&s->side[0], s->p.iss[0], s->p.iss[1]);
	sim_host_start(&s->side[1], s->p.iss[1], s->p.iss[0]);
	while (!over(s, &aborted_at)) {
		(void)sim_host_step(&s->side[0]);
		(void)sim_host_step(&s->side[1]);
		advance(s);
		s->result->steps++;
		sim_require(s, s->result->steps < MOST_STEPS && s->now < MOST_TIME,
				"a run comes to its end");
	}
	s->result->hash = flue_wire_trace_hash(s->wire);
	s->result->time = s->now - SIM_SEC;
	sim_host_end(&s->side[0]);
	sim_host_end(&s->side[1]);
	side_close(&s->side[0]);
	side_close(&s->side[1]);
	sim_require(s, flue_wire_destroy(s->wire) == 0, "nothing is left on the wire");
}

bool
sim_run(const struct sim_params *p, bool trace, struct sim_result *result)
{
	struct sim *s = calloc(1, sizeof(*s));

	memset(result, 0, sizeof(*result));
	if (s == NULL)
		return false;
	s->p = *p;
	s->result = result;
	s->trace = trace;
	s->now = SIM_SEC;
	s->random = p->seed ^ UINT64_C(0x5eed);
	if (setjmp(s->failed) == 0)
		run(s);
	else
		result->time = s->now - SIM_SEC;
	free(s);
	return result->what[0] == 0;
}
