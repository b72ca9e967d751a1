/* SPDX-License-Identifier: Apache-2.0 */

/* Initiate of what lies below a connection: neighbor and path. */

#include <string.h>

#include "chimney/context.h"
#include "chimney/initiate.h"

/** Of the three structures behind a neighbor's block. */
#define NEIGHBOR_BYTES (FLUE_NEIGHBOR_DELEGATED_AT + 12 - FLUE_NEIGHBOR_CONST_AT)

uint32_t
flue_new_neighbor(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		uint64_t *token)
{
	struct flue_neighbor_state state = { 0 };
	static const uint8_t zero[32];
	const void *from = flue_ref_at(lv->ref + FLUE_NEIGHBOR_CONST_AT, NEIGHBOR_BYTES);
	struct flue_neighbor *n;
	const uint8_t *src;
	uint32_t status;
	uint32_t i;
	bool own;

	if (from == NULL)
		return FLUE_STATUS_FAILURE;
	memcpy(&state, from, NEIGHBOR_BYTES);
	state.c.vlan_id &= 0xfff;
	own = memcmp(state.c.dl_source_address, zero, 32) == 0;
	src = own ? e->port->mac : state.c.dl_source_address;
	if (memcmp(state.c.dl_source_address + 6, zero, 26) != 0)
		return FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES;
	status = flue_mac_take(e, src);
	if (status != FLUE_STATUS_SUCCESS)
		return status;
	status = flue_vlan_take(e, state.c.vlan_id);
	i = status == FLUE_STATUS_SUCCESS && flue_context_room(e) ? flue_ids_take(&e->neighbor_ids)
								  : FLUE_NONE;
	if (i == FLUE_NONE) {
		flue_mac_give(e, src);
		if (status != FLUE_STATUS_SUCCESS)
			return status;
		flue_vlan_give(e, state.c.vlan_id);
		return FLUE_STATUS_OFFLOAD_NEIGHBOR_ENTRIES;
	}
	n = &e->neighbors[i];
	n->used = 1;
	n->paths = 0;
	n->handle = lv->block->ndis_offload_handle;
	memcpy(n->mac, state.cached.dl_destination_address, 6);
	memcpy(n->src, src, 6);
	n->own_src = own;
	n->vlan = (uint16_t)state.c.vlan_id;
	n->host_delta = state.cached.host_reachability_delta;
	n->host_time = e->now_ticks - n->host_delta;
	n->query = FLUE_NONE;
	n->channel = op->channel;
	n->claim = flue_claim_of(op);
	flue_neighbor_seal(n);
	n->nic_time = e->now_ticks - state.d.nic_reachability_delta;
	lv->token = flue_token(FLUE_KIND_NEIGHBOR, n->generation, i);
	if (!flue_context_store(e, &n->cell, lv->token, n->handle, &state, sizeof(state),
			    FLUE_NEIGHBOR_GIVEN)) {
		flue_neighbor_free(e, n);
		return FLUE_STATUS_OFFLOAD_NEIGHBOR_ENTRIES;
	}
	*token = lv->token;
	return FLUE_STATUS_SUCCESS;
}

uint32_t
flue_new_path(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent, bool ip6, uint64_t *token)
{
	struct {
		struct flue_path_const c;
		struct flue_path_cached cached;
	} state;
	const void *from = flue_ref_at(lv->ref + FLUE_PATH_CONST_AT, 36);
	uint32_t bytes = ip6 ? 16 : 4;
	/* By its token: since the parent was entered a terminate may have taken it away. */
	struct flue_neighbor *neighbor = parent != NULL ? flue_neighbor_of(e, parent->token) : NULL;
	struct flue_path_state held;
	uint8_t local[16] = { 0 };
	const void *from_local;
	const void *remote;
	struct flue_path *p;
	uint32_t status;
	uint32_t i;

	if (from == NULL || neighbor == NULL || neighbor->invalid != OBJECT_VALID)
		return FLUE_STATUS_FAILURE;
	memcpy(&state, from, 36);
	from_local = flue_ref_at(state.c.source_address, bytes);
	remote = flue_ref_at(state.c.destination_address, bytes);
	if (from_local == NULL || remote == NULL)
		return FLUE_STATUS_FAILURE;
	if (!flue_family_enabled(e, ip6))
		return FLUE_STATUS_OFFLOAD_POLICY;
	memcpy(local, from_local, bytes);
	status = flue_path_mtu_check(e, ip6, state.cached.path_mtu);
	if (status != FLUE_STATUS_SUCCESS)
		return status;
	status = flue_local_take(e, local, ip6);
	if (status != FLUE_STATUS_SUCCESS)
		return status;
	i = flue_context_room(e) ? flue_ids_take(&e->path_ids) : FLUE_NONE;
	if (i == FLUE_NONE) {
		flue_local_give(e, local, ip6);
		return FLUE_STATUS_OFFLOAD_PATH_ENTRIES;
	}
	p = &e->paths[i];
	p->used = 1;
	p->ip6 = ip6;
	flue_path_set_mtu(p, state.cached.path_mtu);
	p->neighbor = (uint32_t)(neighbor - e->neighbors);
	p->connections = 0;
	p->handle = lv->block->ndis_offload_handle;
	memcpy(p->local, local, 16);
	memcpy(p->remote, remote, bytes);
	flue_path_build_head(e, p);
	p->claim = flue_claim_of(op);
	flue_path_seal(p);
	neighbor->paths++;
	lv->token = flue_token(FLUE_KIND_PATH, p->generation, i);
	flue_path_state(p, &held);
	if (!flue_context_store(e, &p->cell, lv->token, p->handle, &held, sizeof(held),
			    FLUE_PATH_GIVEN)) {
		flue_path_free(e, p);
		return FLUE_STATUS_OFFLOAD_PATH_ENTRIES;
	}
	*token = lv->token;
	return FLUE_STATUS_SUCCESS;
}
