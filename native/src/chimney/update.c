/* SPDX-License-Identifier: Apache-2.0 */

/* Update: new CACHED values of objects, and paths that move to another neighbor (chimney rules 4.4).
 *
 * A block whose type is that of a CACHED structure carries one. A block of a neighbor or path without
 * one (type 0, or that of the whole state) names an object for the sake of those above it: paths under
 * a neighbor belong to that neighbor from then on. A block that fails has changed nothing. */

#include <string.h>

#include "chimney/context.h"
#include "tcp/tcp.h"

/** May an update start on the object? (chimney rules 4.8) */
static bool
open_to_update(struct flue_engine *e, const struct flue_op *op, uint32_t claim, bool invalid)
{
	/* The same tree may name it once. */
	if (!invalid && claim != flue_claim_of(op) && flue_claimed(e, claim, op) == 0)
		return true;
	flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
	return false;
}

/** Address of one station, and there is one. */
static bool
mac_usable(const uint8_t *mac)
{
	static const uint8_t none[6];

	return !(mac[0] & 1) && memcmp(mac, none, 6) != 0;
}

/* What lies in NIC memory of it: the new CACHED beside the same CONST. */

static void
neighbor_write(struct flue_engine *e, const struct flue_neighbor *n, uint64_t token,
		const struct flue_neighbor_cached *cached)
{
	struct flue_neighbor_state s;

	if (likely(!flue_contexts_in_nic(e)))
		return;
	flue_neighbor_state(n, &s);
	s.cached = *cached;
	flue_context_update(e, n->cell, token, n->handle, &s, FLUE_NEIGHBOR_GIVEN);
}

static void
path_write(struct flue_engine *e, const struct flue_path *p, uint64_t token)
{
	struct flue_path_state s;

	if (likely(!flue_contexts_in_nic(e)))
		return;
	flue_path_state(p, &s);
	flue_context_update(e, p->cell, token, p->handle, &s, FLUE_PATH_GIVEN);
}

static void
conn_write(struct flue_engine *e, const struct flue_conn *c, const struct flue_tcp_const *given,
		const struct flue_tcp_cached *cached)
{
	struct flue_tcp_state_objects s = { .c = *given, .cached = *cached };

	if (likely(!flue_contexts_in_nic(e)))
		return;
	flue_context_update(e, *flue_conn_cell(e, c), flue_conn_token(e, c), c->handle, &s,
			FLUE_TCP_GIVEN);
}

static bool
update_neighbor(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_neighbor *n, uint8_t type)
{
	struct flue_neighbor_cached cached;
	const void *from;

	lv->token = flue_block_token(lv);
	if (type == FLUE_STATE_NONE || type == FLUE_STATE_NEIGHBOR)
		return lv->block->dependent_block_list != FLUE_REF_NULL;
	from = flue_ref_at(lv->ref + FLUE_BLOCK_LIST_BYTES, sizeof(cached));
	if (type != FLUE_STATE_NEIGHBOR_CACHED || from == NULL || !flue_neighbor_trust(e, n) ||
			!open_to_update(e, op, n->claim, n->invalid != OBJECT_VALID))
		return false;
	memcpy(&cached, from, sizeof(cached));
	if (!mac_usable(cached.dl_destination_address))
		return false;
	n->claim = flue_claim_of(op);
	neighbor_write(e, n, lv->token, &cached);
	n->host_delta = cached.host_reachability_delta;
	n->host_time = e->now_ticks - n->host_delta;
	if (memcmp(n->mac, cached.dl_destination_address, 6) != 0) {
		memcpy(n->mac, cached.dl_destination_address, 6);
		/* The paths see it when they send: they can be many. */
		n->epoch++;
		flue_neighbor_seal(n);
	}
	return true;
}

/** Under a neighbor it depends on that one from now on. @return false: it cannot */
static bool
relink(struct flue_engine *e, struct flue_op *op, struct flue_op_level *parent, struct flue_path *p)
{
	struct flue_neighbor *n = flue_neighbor_of(e, parent->token);
	struct flue_neighbor *old = &e->neighbors[p->neighbor];

	if (n == NULL || parent->failed)
		return false;
	if (n == old)
		return true;
	if (n->invalid != OBJECT_VALID || flue_claimed(e, n->claim, op) == FLUE_SUB_INITIATE)
		return false;
	old->paths--;
	n->paths++;
	p->neighbor = (uint32_t)(n - e->neighbors);
	flue_path_build_head(e, p);
	flue_sweep_start(e);
	return true;
}

static bool
update_path(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent, struct flue_path *p, uint8_t type)
{
	uint8_t base = p->ip6 ? FLUE_STATE_IP6_CONST : FLUE_STATE_IP4_CONST;
	bool values = type == base + 1;
	bool moves = parent != NULL && parent->token != 0;
	struct flue_path_cached cached = { .path_mtu = p->mtu };

	if (!values && type != FLUE_STATE_NONE && type != base + 3)
		return false;
	lv->token = flue_block_token(lv);
	if (!values && !moves)
		return lv->block->dependent_block_list != FLUE_REF_NULL;
	if (!flue_path_trust(e, p) || !open_to_update(e, op, p->claim, p->invalid != OBJECT_VALID))
		return false;
	if (values) {
		const void *from = flue_ref_at(lv->ref + FLUE_BLOCK_LIST_BYTES, sizeof(cached));

		if (from == NULL)
			return false;
		memcpy(&cached, from, sizeof(cached));
		if (flue_path_mtu_check(e, p->ip6, cached.path_mtu) != FLUE_STATUS_SUCCESS)
			return false;
	}
	if (moves && !relink(e, op, parent, p))
		return false;
	p->claim = flue_claim_of(op);
	if (cached.path_mtu != p->mtu) {
		flue_path_set_mtu(p, cached.path_mtu);
		flue_sweep_start(e);
	}
	flue_path_seal(p);
	path_write(e, p, lv->token);
	return true;
}

static bool
update_conn(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent, struct flue_conn *c, uint8_t type)
{
	const void *from = flue_ref_at(
			lv->ref + FLUE_BLOCK_LIST_BYTES, sizeof(struct flue_tcp_cached));
	struct flue_tcp_const given;
	struct flue_tcp_cached cached;
	struct flue_tcp_cached old;

	/* A connection stays on its path. */
	if (parent != NULL && parent->token != 0 &&
			flue_path_of(e, parent->token) != &e->paths[c->path])
		return false;
	if (type != FLUE_STATE_TCP_CACHED || from == NULL || !flue_conn_trust(e, op, c) ||
			!open_to_update(e, op, c->claim,
					c->invalid || (c->flags & CONN_TERMINATING)))
		return false;
	memcpy(&cached, from, sizeof(cached));
	if (cached.initial_rcv_wnd > (uint32_t)e->config.max_receive_window)
		return false;
	if (!flue_conn_given(e, c, &given, &old) || !flue_profile_set(e, c, &given, &cached))
		return false;
	conn_write(e, c, &given, &cached);
	flue_conn_claim(c, op);
	flue_conn_seal(e, c);
	flue_conn_set_tag(e, c);
	flue_conn_cached_changed(e, c, &old);
	return true;
}

void
flue_update_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent)
{
	uint8_t type = __atomic_load_n(&lv->block->header.type, __ATOMIC_RELAXED);
	uint64_t token = flue_block_token(lv);
	struct flue_neighbor *n;
	struct flue_path *p;
	struct flue_conn *c;
	bool ok = false;

	if (lv->block->miniport_offload_context == FLUE_REF_NULL)
		ok = true;
	else if ((n = flue_neighbor_of(e, token)) != NULL)
		ok = op->depth == 0 && update_neighbor(e, op, lv, n, type);
	else if ((p = flue_path_of(e, token)) != NULL)
		ok = update_path(e, op, lv, parent, p, type);
	else if ((c = flue_conn_of(e, token)) != NULL)
		ok = update_conn(e, op, lv, parent, c, type);
	else
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
	lv->failed = !ok;
	if (ok)
		lv->status = FLUE_STATUS_SUCCESS;
}
