/* SPDX-License-Identifier: Apache-2.0 */

/* Making and ending an engine. */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chimney/context.h"
#include "engine/group.h"
#include "engine/parts.h"
#include "engine/run.h"
#include "engine/steer.h"
#include "observe/counters.h"
#include "observe/engines.h"
#include "tcp/tcp.h"

void
flue_engine_config_default(struct flue_engine_config *config)
{
	*config = (struct flue_engine_config){
		.abi_version = FLUE_ABI_VERSION,
		.arena_kind = FLUE_REGION_HEAP,
		.max_connections = 16384,
		.max_paths = 4096,
		.max_neighbors = 1024,
		.max_sends = 65536,
		.max_receives = 4096,
		.max_frames = 4096,
		.rto_min_us = 200000,
		.rto_max_us = 60000000,
		.ticks_per_second = 1000,
		.max_receive_window = 16 * 1024 * 1024,
		.seed = 1,
		.max_retransmissions = 15,
		.max_vlans = 16,
		.max_local_addresses = 256,
		.congestion_control = FLUE_CC_CUBIC,
		.arena_node = -1,
	};
}

static bool
between(int64_t v, int64_t low, int64_t high)
{
	return v >= low && v <= high;
}

static bool
vlan_ids_valid(const struct flue_engine_config *c)
{
	int i;

	for (i = 0; i < 8; i++)
		if (!between(c->vlan_ids[i], 0, 4094))
			return false;
	return true;
}

static bool
config_valid(const struct flue_engine_config *c)
{
	return c->abi_version == FLUE_ABI_VERSION &&
	       (c->arena_kind == FLUE_REGION_HEAP || c->arena_kind == FLUE_REGION_HUGEPAGE) &&
	       c->arena_bytes >= 0 && between(c->max_connections, 1, 4194304) &&
	       between(c->max_paths, 1, 4194304) && between(c->max_neighbors, 1, 4194304) &&
	       between(c->max_sends, 1, 4194304) && between(c->max_receives, 1, 1048576) &&
	       between(c->max_frames, 1, 1048576) && c->rto_min_us > 0 &&
	       c->rto_min_us <= c->rto_max_us && c->rto_max_us <= 1000000000 &&
	       (c->ticks_per_second == 10 || c->ticks_per_second == 100 ||
			       c->ticks_per_second == 1000) &&
	       between(c->max_receive_window, 1, 1 << 30) && c->counters_region >= 0 &&
	       between(c->max_retransmissions, 1, 255) && between(c->chimney_profile, 0, 1) &&
	       between(c->max_vlans, 0, FLUE_VLANS) && between(c->max_source_macs, 0, FLUE_MACS) &&
	       between(c->max_local_addresses, 1, 4096) &&
	       between(c->receive_window_limit, 0, 1 << 30) && between(c->max_extras, 0, 4194304) &&
	       c->arena_node >= -1 && c->nic_bytes >= 0 &&
	       between(c->congestion_control, FLUE_CC_RENO, FLUE_CC_DCTCP) && vlan_ids_valid(c);
}

static int
make_counters(struct flue_engine *e)
{
	int rc;

	e->counters_region = e->config.counters_region;
	if (e->counters_region == 0) {
		e->counters_region = flue_region_create(FLUE_REGION_HEAP, flue_counters_bytes());
		if (e->counters_region < 0)
			return e->counters_region;
		e->own_counters = true;
		rc = flue_counters_init(e->counters_region, 0);
		if (rc < 0)
			return rc;
	}
	return flue_counters_header_at(e->counters_region) == NULL ? -EINVAL : 0;
}

static void
free_all(struct flue_engine *e)
{
	int i;

	if (e->user != NULL) {
		flue_region_user_remove(e->user);
		free(e->user);
	}
	for (i = 0; i < e->nchans; i++)
		flue_region_release(e->chans[i].region);
	if (e->own_counters)
		flue_region_release(e->counters_region);
	if (e->region > 0)
		flue_region_release(e->region);
	flue_contexts_free(e);
	flue_arena_destroy(e->arena);
	free(e->steering);
	free(e->memory);
	free(e);
}

/** What the host has not said yet. @return ticks, at least one */
static uint32_t
default_ticks(const struct flue_engine_config *c, uint32_t ms)
{
	uint32_t ticks = ms * (uint32_t)c->ticks_per_second / 1000;

	return ticks > 0 ? ticks : 1;
}

int
flue_engine_create(const struct flue_engine_config *config, flue_port *port, flue_engine **engine)
{
	struct flue_engine *e;
	int rc;

	if (config == NULL || port == NULL || engine == NULL || !config_valid(config))
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -ENOMEM;
	e->wake = -1;
	e->user = calloc(1, sizeof(*e->user));
	if (e->user == NULL) {
		free(e);
		return -ENOMEM;
	}
	flue_region_user_add(e->user);
	e->config = *config;
	e->cc_abc = flue_cc_table[config->chimney_profile ? FLUE_CC_CHIMNEY
							  : config->congestion_control]
				    ->abc;
	e->random = (uint64_t)config->seed;
	e->challenge_second = -1;
	e->params = (struct flue_tcp_connection_offload_parameters){
		.header = { .revision = 1, .size = sizeof(e->params) },
		.ipv4_enabled = 1,
		.ipv4_encapsulation_type = FLUE_ENCAPSULATION_IEEE_802_3,
		.ipv6_enabled = 1,
		.ipv6_encapsulation_type = FLUE_ENCAPSULATION_IEEE_802_3,
		.ticks_per_second = (uint32_t)config->ticks_per_second,
		.tcp_ack_frequency = 2,
		.tcp_delayed_ack_ticks = (uint8_t)default_ticks(config, 40),
		.tcp_maximum_retransmissions = (uint8_t)config->max_retransmissions,
		.tcp_sws_prevention_ticks = default_ticks(config, 200),
		.tcp_duplicate_ack_threshold = 3,
		.tcp_push_ticks = default_ticks(config, 500),
		.nce_stale_ticks = default_ticks(config, 30000),
	};
	e->admin.ip4 = true;
	e->admin.ip6 = true;
	e->port = port;
	e->low_buffers = port->buffers - port->buffers / 4;
	flue_account_init(&e->account);
	rc = flue_tables_make(e);
	if (rc == 0)
		rc = flue_objects_make(e);
	if (rc == 0)
		rc = flue_shared_make(e);
	if (rc == 0)
		rc = make_counters(e);
	if (rc == -ENOSPC)
		rc = -ENOMEM;
	if (rc == 0)
		rc = flue_contexts_make(e);
	if (rc == 0)
		rc = flue_steering_make(e);
	if (rc < 0) {
		free_all(e);
		return rc;
	}
	/* Whoever closes and unmaps these while we run gets zero pages, and we no fault. */
	flue_region_keep(e->user, (uint32_t)e->region, 1);
	flue_region_keep(e->user, (uint32_t)flue_arena_region(e->arena), 1);
	e->flow.conns = e->conns;
	e->flow.seed = (uint64_t)config->seed * UINT64_C(0x9e3779b97f4a7c15) + 0x632be59bd9b4e019;
	e->ip_id = (uint16_t)(e->flow.seed >> 40);
	flue_engines_add(e);
	*engine = e;
	return 0;
}

/* ---- End ------------------------------------------------------------------------------------ */

static void
drop_records(struct flue_record *records, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct flue_pkt *pkt = records[i].state == RECORD_FREE ? NULL : records[i].pkts;

		while (pkt != NULL) {
			struct flue_pkt *next = pkt->next;

			flue_pkt_release(pkt);
			pkt = next;
		}
	}
}

/** Packets at the port may still point into the send pieces. */
static bool
pieces_lent(struct flue_engine *e)
{
	int tries;
	int32_t i;

	for (tries = 0; tries < 100; tries++) {
		bool lent = false;

		if (e->port->ops->reclaim != NULL)
			e->port->ops->reclaim(e->port);
		for (i = 0; i < e->config.max_sends && !lent; i++)
			lent = flue_lent(&e->pieces[i].tx) != 0;
		if (!lent)
			return false;
		usleep(1000);
	}
	return true;
}

void
flue_engine_destroy(flue_engine *e)
{
	int expected = OWNER_NONE;
	int32_t i;

	if (e == NULL)
		return;
	(void)flue_engine_stop(e);
	while (!atomic_compare_exchange_weak(&e->owner, &expected, OWNER_GONE)) {
		expected = OWNER_NONE;
		sched_yield();
	}
	flue_engine_publish(e);
	flue_engines_remove(e);
	flue_steering_end(e);
	if (e->wake >= 0)
		close(e->wake);
	flue_group_leave(e);
	for (i = 0; i < e->nchans; i++)
		__atomic_store_n(&e->chans[i].header->engine_stopped, 1, __ATOMIC_RELEASE);
	for (; e->txq_head != e->txq_tail; e->txq_head++)
		flue_pkt_release(e->txq[e->txq_head % FLUE_TX_QUEUE]);
	for (i = 0; i < e->config.max_connections; i++) {
		if (e->conns[i].path == FLUE_NONE)
			continue;
		flue_receive_drop(e, &e->conns[i]);
		flue_reasm_drop(e, &e->conns[i]);
	}
	drop_records(e->rx_records, e->rx_ids.size);
	drop_records(e->frame_records, e->frame_ids.size);
	/* Better some memory lost than a driver that reads or writes where others are now. */
	if (pieces_lent(e)) {
		e->memory = NULL;
		e->user = NULL;
	}
	free_all(e);
}

/* ---- Questions ------------------------------------------------------------------------------ */

int64_t
flue_engine_held(const flue_engine *e, int which)
{
	switch (which) {
	case 0:
		return flue_ids_used(&e->neighbor_ids);
	case 1:
		return flue_ids_used(&e->path_ids);
	case 2:
		return flue_ids_used(&e->conn_ids);
	case 3:
		return e->flow.count;
	case 4:
		return flue_ids_used(&e->piece_ids);
	case 5:
		return flue_ids_used(&e->rx_ids);
	case 6:
		return flue_ids_used(&e->frame_ids);
	case 7:
		return e->wheel.count;
	case 8:
		return flue_ids_used(&e->event_ids);
	case 9:
		return flue_ids_used(&e->episode_ids);
	case 10:
		return e->runs.size - e->runs.free;
	case 11:
		return flue_ids_used(&e->extra_ids);
	case 12:
		return flue_ids_used(&e->profile_ids);
	case 13:
		return flue_ids_used(&e->nic.cells);
	default:
		return -EINVAL;
	}
}

int64_t
flue_engine_arena(const flue_engine *e, int which)
{
	switch (which) {
	case 0:
		return (int64_t)(flue_ids_used(&e->conn_ids) * sizeof(struct flue_conn) +
				 flue_ids_used(&e->path_ids) * sizeof(struct flue_path) +
				 flue_ids_used(&e->neighbor_ids) * sizeof(struct flue_neighbor));
	case 1:
		return flue_arena_size(e->arena);
	case 2:
		return flue_arena_kind(e->arena);
	case 3:
		return flue_arena_node(e->arena);
	case 4:
		return (int64_t)flue_ids_used(&e->nic.cells) * FLUE_CELL_BYTES;
	case 5:
		return (int64_t)e->nic.part.bytes;
	default:
		return -EINVAL;
	}
}

int
flue_engine_counters(flue_engine *e)
{
	/* While somebody polls they are a millisecond old at most. */
	if (flue_engine_take(e, OWNER_ASKS) == OWNER_NONE) {
		flue_engine_publish(e);
		flue_engine_disown(e);
	}
	return e->counters_region;
}
