/* SPDX-License-Identifier: Apache-2.0 */

/* NeighborReachabilityQuery (chimney rules 6.4). Times are ticks modulo 2^32: HRT is when the host
 * last knew that the neighbor forwards, NRT when a connection here saw it. The host's answer comes
 * later, by ring; sending does not wait for it. */

#include <string.h>

#include "engine/parts.h"

#define EVENT_REF(e, i) ((e)->event_ref + (uint64_t)(i) * sizeof(struct flue_event_shared))

static uint64_t
token_of(const struct flue_engine *e, const struct flue_neighbor *n)
{
	return flue_token(FLUE_KIND_NEIGHBOR, n->generation, (uint32_t)(n - e->neighbors));
}

static void
fill(struct flue_engine *e, struct flue_event_shared *s, const struct flue_neighbor *n)
{
	struct flue_neighbor_const c = { .header.length = sizeof(c), .vlan_id = n->vlan };
	struct flue_neighbor_cached cached = {
		.header.length = sizeof(cached),
		.host_reachability_delta = e->now_ticks - n->host_time,
	};
	struct flue_neighbor_delegated d = {
		.header.length = sizeof(d),
		.nic_reachability_delta = e->now_ticks - n->nic_time,
	};
	uint8_t *at = (uint8_t *)s;

	memset(s, 0, sizeof(*s));
	s->block.header.type = FLUE_STATE_NEIGHBOR;
	s->block.header.revision = 1;
	s->block.header.size = FLUE_BLOCK_LIST_BYTES;
	s->block.status = FLUE_STATUS_SUCCESS;
	s->block.ndis_offload_handle = n->handle;
	if (!n->own_src)
		memcpy(c.dl_source_address, n->src, 6);
	memcpy(cached.dl_destination_address, n->mac, 6);
	memcpy(at + FLUE_NEIGHBOR_CONST_AT, &c, sizeof(c));
	memcpy(at + FLUE_NEIGHBOR_CACHED_AT, &cached, sizeof(cached));
	memcpy(at + FLUE_NEIGHBOR_DELEGATED_AT, &d, sizeof(d));
}

void
flue_neighbor_doubt(struct flue_engine *e, struct flue_neighbor *n)
{
	struct flue_chan *ch = &e->chans[n->channel];
	uint32_t i;

	/* Not while its initiate, or its terminate, is under way. */
	if (n->query != FLUE_NONE || flue_claim_holder(e, n->claim) != NULL || !flue_up_room(ch))
		return;
	i = flue_ids_take(&e->event_ids);
	if (i == FLUE_NONE)
		return;
	fill(e, &e->event_shared[i], n);
	n->query = i;
	(void)flue_up_put(ch, FLUE_UP_OFFLOAD_EVENT, FLUE_NEIGHBOR_REACHABILITY_QUERY, n->handle,
			EVENT_REF(e, i), token_of(e, n));
}

void
flue_neighbor_verdict(struct flue_engine *e, uint64_t token, flue_ref ref)
{
	struct flue_neighbor *n = flue_neighbor_of(e, token);
	struct flue_neighbor_cached cached;

	if (n == NULL) {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
		return;
	}
	if (n->query == FLUE_NONE || ref != EVENT_REF(e, n->query)) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return;
	}
	memcpy(&cached, (uint8_t *)&e->event_shared[n->query] + FLUE_NEIGHBOR_CACHED_AT,
			sizeof(cached));
	n->host_delta = cached.host_reachability_delta;
	n->host_time = e->now_ticks - n->host_delta;
	flue_ids_give(&e->event_ids, n->query);
	n->query = FLUE_NONE;
}
