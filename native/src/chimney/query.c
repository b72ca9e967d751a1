/* SPDX-License-Identifier: Apache-2.0 */

/* Query: any of the structures of any object. Where which of them lie, and for terminate too. */

#include <string.h>

#include "chimney/context.h"
#include "chimney/fill.h"
#include "engine/parts.h"
#include "tcp/tcp.h"

/** The `bytes` at `at` behind the block, as long as the region holds them. */
static void *
behind(const struct flue_op_level *lv, uint32_t at, uint32_t bytes)
{
	return flue_ref_at(lv->ref + at, bytes);
}

/** CONST and CACHED of a neighbor, wherever they lie. @return false: they are lost */
static bool
neighbor_given(struct flue_engine *e, const struct flue_neighbor *n, uint64_t token,
		struct flue_neighbor_state *s)
{
	if (flue_contexts_in_nic(e))
		return flue_context_load(e, n->cell, token, s, FLUE_NEIGHBOR_GIVEN);
	flue_neighbor_state(n, s);
	return true;
}

static bool
fill_neighbor(struct flue_engine *e, const struct flue_op_level *lv, const struct flue_neighbor *n,
		uint8_t type)
{
	struct flue_neighbor_const *c = NULL;
	struct flue_neighbor_cached *cached = NULL;
	struct flue_neighbor_delegated *d = NULL;
	struct flue_neighbor_state s;
	bool all = type == FLUE_STATE_NEIGHBOR;

	if (!neighbor_given(e, n, flue_block_token(lv), &s))
		return false;
	if (all || type == FLUE_STATE_NEIGHBOR_CONST) {
		c = behind(lv, FLUE_NEIGHBOR_CONST_AT, sizeof(*c));
		if (c == NULL)
			return false;
		memcpy(c->dl_source_address, s.c.dl_source_address, sizeof(c->dl_source_address));
		c->vlan_id = s.c.vlan_id;
	}
	if (all || type == FLUE_STATE_NEIGHBOR_CACHED) {
		cached = behind(lv, all ? FLUE_NEIGHBOR_CACHED_AT : FLUE_BLOCK_LIST_BYTES,
				sizeof(*cached));
		if (cached == NULL)
			return false;
		memcpy(cached->dl_destination_address, s.cached.dl_destination_address,
				sizeof(cached->dl_destination_address));
		cached->host_reachability_delta = s.cached.host_reachability_delta;
	}
	if (all || type == FLUE_STATE_NEIGHBOR_DELEGATED) {
		d = behind(lv, all ? FLUE_NEIGHBOR_DELEGATED_AT : FLUE_BLOCK_LIST_BYTES,
				sizeof(*d));
		if (d == NULL)
			return false;
		d->nic_reachability_delta = e->now_ticks - n->nic_time;
		flue_neighbor_delegate(e, n, d->nic_reachability_delta);
	}
	return c != NULL || cached != NULL || d != NULL;
}

static bool
path_given(struct flue_engine *e, const struct flue_path *p, uint64_t token,
		struct flue_path_state *s)
{
	if (flue_contexts_in_nic(e))
		return flue_context_load(e, p->cell, token, s, FLUE_PATH_GIVEN);
	flue_path_state(p, s);
	return true;
}

/** CONST holds references to addresses: the addresses are written to where they point. */
static bool
fill_path(struct flue_engine *e, const struct flue_op_level *lv, const struct flue_path *p,
		uint8_t type)
{
	uint8_t base = p->ip6 ? FLUE_STATE_IP6_CONST : FLUE_STATE_IP4_CONST;
	uint32_t bytes = p->ip6 ? 16 : 4;
	struct flue_path_state s;

	if (type < base || type > base + 3 || !path_given(e, p, flue_block_token(lv), &s))
		return false;
	if (type == base || type == base + 3) {
		const struct flue_path_const *c = behind(lv, FLUE_PATH_CONST_AT, sizeof(*c));
		uint8_t *local;
		uint8_t *remote;

		if (c == NULL)
			return false;
		local = flue_ref_at(__atomic_load_n(&c->source_address, __ATOMIC_RELAXED), bytes);
		remote = flue_ref_at(
				__atomic_load_n(&c->destination_address, __ATOMIC_RELAXED), bytes);
		if (local == NULL || remote == NULL)
			return false;
		memcpy(local, s.local, bytes);
		memcpy(remote, s.remote, bytes);
	}
	if (type == base + 1 || type == base + 3) {
		struct flue_path_cached *cached = behind(lv,
				type == base + 3 ? FLUE_PATH_CACHED_AT : FLUE_BLOCK_LIST_BYTES,
				sizeof(*cached));

		if (cached == NULL)
			return false;
		cached->path_mtu = s.cached.path_mtu;
	}
	return true;
}

bool
flue_fill_delegated(struct flue_engine *e, const struct flue_op_level *lv, struct flue_conn *c,
		uint8_t type, struct flue_tcp_delegated **out)
{
	uint32_t at = type == FLUE_STATE_TCP ? FLUE_TCP_DELEGATED_AT : FLUE_BLOCK_LIST_BYTES;
	struct flue_tcp_delegated *d = behind(lv, at, sizeof(*d));
	struct flue_tcp_state_ext *x = NULL;

	if (d == NULL)
		return false;
	if (d->header.recognized_options & FLUE_STATE_OPTION_EXT) {
		x = behind(lv, at + sizeof(*d), sizeof(*x));
		if (x == NULL)
			return false;
	}
	flue_state_export(e, c, d, x);
	*out = d;
	return true;
}

static bool
fill_conn_given(struct flue_engine *e, const struct flue_op_level *lv, struct flue_conn *c,
		uint8_t type)
{
	bool all = type == FLUE_STATE_TCP;
	struct flue_tcp_const given;
	struct flue_tcp_cached cached;

	if (!flue_conn_given(e, c, &given, &cached))
		return false;
	if (all || type == FLUE_STATE_TCP_CONST) {
		struct flue_tcp_const *to = behind(lv, FLUE_TCP_CONST_AT, sizeof(*to));

		if (to == NULL)
			return false;
		given.header = to->header;
		memcpy(to, &given, sizeof(given));
	}
	if (all || type == FLUE_STATE_TCP_CACHED) {
		struct flue_tcp_cached *to = behind(
				lv, all ? FLUE_TCP_CACHED_AT : FLUE_BLOCK_LIST_BYTES, sizeof(*to));

		if (to == NULL)
			return false;
		cached.header = to->header;
		memcpy(to, &cached, sizeof(cached));
	}
	return true;
}

static bool
fill_conn(struct flue_engine *e, const struct flue_op_level *lv, struct flue_conn *c, uint8_t type)
{
	struct flue_tcp_delegated *d;

	if (type != FLUE_STATE_TCP &&
			(type < FLUE_STATE_TCP_CONST || type > FLUE_STATE_TCP_DELEGATED))
		return false;
	if (type != FLUE_STATE_TCP_DELEGATED && !fill_conn_given(e, lv, c, type))
		return false;
	if (type == FLUE_STATE_TCP || type == FLUE_STATE_TCP_DELEGATED) {
		if (!flue_fill_delegated(e, lv, c, type, &d))
			return false;
		d->send_data_head = FLUE_REF_NULL;
		d->send_data_tail = FLUE_REF_NULL;
		d->buffered_data = FLUE_REF_NULL;
		flue_backlog_told(e, c);
		d->send_backlog_size = flue_send_backlog(c);
		d->receive_backlog_size = c->rx_held;
		flue_conn_delegate(e, c, d);
	}
	return true;
}

/** Initiate and terminate have an object to themselves; any number of queries may run on it beside an
 *  update. */
static bool
open_to_query(struct flue_engine *e, const struct flue_op *op, uint32_t claim)
{
	uint32_t by = flue_claimed(e, claim, op);

	if (by != FLUE_SUB_INITIATE && by != FLUE_SUB_TERMINATE)
		return true;
	flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
	return false;
}

void
flue_query_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv)
{
	uint8_t type = __atomic_load_n(&lv->block->header.type, __ATOMIC_RELAXED);
	uint64_t token = flue_block_token(lv);
	/* A block without structures refers to an object for the sake of its dependents. */
	bool ok = type == FLUE_STATE_NONE;
	struct flue_neighbor *n;
	struct flue_path *p;
	struct flue_conn *c;

	if (lv->block->miniport_offload_context == FLUE_REF_NULL) {
		lv->status = FLUE_STATUS_SUCCESS;
		return;
	}
	if ((n = flue_neighbor_of(e, token)) != NULL) {
		ok = open_to_query(e, op, n->claim) && flue_neighbor_trust(e, n) &&
		     (ok || fill_neighbor(e, lv, n, type));
	} else if ((p = flue_path_of(e, token)) != NULL) {
		ok = open_to_query(e, op, p->claim) && flue_path_trust(e, p) &&
		     (ok || fill_path(e, lv, p, type));
	} else if ((c = flue_conn_of(e, token)) != NULL) {
		ok = open_to_query(e, op, c->claim) && flue_conn_trust(e, op, c) &&
		     (ok || fill_conn(e, lv, c, type));
	} else {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
		ok = false;
	}
	if (!ok)
		return;
	flue_count(e, FLUE_CTR_QUERIED, 1);
	lv->status = FLUE_STATUS_SUCCESS;
}
