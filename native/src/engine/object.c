/* SPDX-License-Identifier: Apache-2.0 */

/* Objects and the tokens that name them: kind (8 bits), generation (24), index (32). */

#include <string.h>

#include "chimney/context.h"
#include "engine/group.h"
#include "engine/parts.h"
#include "tcp/bytes.h"
#include "tcp/csum.h"
#include "tcp/loss.h"

struct flue_path *
flue_path_of(struct flue_engine *e, uint64_t token)
{
	struct flue_path *p;

	if (!flue_token_names(token, FLUE_KIND_PATH, e->path_ids.size))
		return NULL;
	p = &e->paths[(uint32_t)token];
	if (!p->used || token != flue_token(FLUE_KIND_PATH, p->generation, (uint32_t)token))
		return NULL;
	return p;
}

struct flue_neighbor *
flue_neighbor_of(struct flue_engine *e, uint64_t token)
{
	struct flue_neighbor *n;

	if (!flue_token_names(token, FLUE_KIND_NEIGHBOR, e->neighbor_ids.size))
		return NULL;
	n = &e->neighbors[(uint32_t)token];
	if (!n->used || token != flue_token(FLUE_KIND_NEIGHBOR, n->generation, (uint32_t)token))
		return NULL;
	return n;
}

void
flue_conn_clear(struct flue_conn *c, uint32_t generation)
{
	uint32_t ready = c->flags & CONN_READY;
	bool send_queued = c->send_queued;
	bool ack_queued = c->ack_queued;
	bool look_queued = c->look_queued;

	memset(c, 0, sizeof(*c));
	c->generation = generation & FLUE_GENERATION_MASK;
	c->flags = ready;
	c->send_queued = send_queued;
	c->ack_queued = ack_queued;
	c->look_queued = look_queued;
}

void
flue_conn_free(struct flue_engine *e, struct flue_conn *c)
{
	flue_flow_remove(&e->flow, c);
	if (e->group != NULL)
		flue_group_disclaim(e, c);
	flue_timer_drop(e, c);
	flue_episode_end(e, c);
	flue_extra_drop(e, c);
	flue_profile_drop(e, c);
	if (flue_contexts_in_nic(e))
		flue_context_drop(e, flue_conn_cell(e, c));
	e->paths[c->path].connections--;
	flue_conn_clear(c, c->generation + 1);
	c->path = FLUE_NONE;
	flue_ids_give(&e->conn_ids, flue_conn_index(e, c));
}

void
flue_path_free(struct flue_engine *e, struct flue_path *p)
{
	uint32_t generation = p->generation + 1;

	flue_local_give(e, p->local, p->ip6);
	flue_context_drop(e, &p->cell);
	e->neighbors[p->neighbor].paths--;
	memset(p, 0, sizeof(*p));
	p->generation = generation;
	flue_ids_give(&e->path_ids, (uint32_t)(p - e->paths));
}

void
flue_neighbor_free(struct flue_engine *e, struct flue_neighbor *n)
{
	uint32_t generation = n->generation + 1;

	flue_vlan_give(e, n->vlan);
	flue_mac_give(e, n->src);
	flue_context_drop(e, &n->cell);
	memset(n, 0, sizeof(*n));
	n->generation = generation;
	flue_ids_give(&e->neighbor_ids, (uint32_t)(n - e->neighbors));
}

uint32_t
flue_path_mtu_check(const struct flue_engine *e, bool ip6, uint32_t mtu)
{
	if (mtu > e->port->mtu)
		return FLUE_STATUS_OFFLOAD_PATH_MTU;
	/* No MSS would be left. */
	return mtu < (ip6 ? 1280u : 68u) ? (uint32_t)FLUE_STATUS_FAILURE : FLUE_STATUS_SUCCESS;
}

void
flue_path_set_mtu(struct flue_path *p, uint32_t mtu)
{
	p->mtu = mtu;
	p->mss = (uint16_t)(mtu - (p->ip6 ? 60 : 40));
}

void
flue_conn_set_tag(struct flue_engine *e, struct flue_conn *c)
{
	c->priority = flue_profile_of(e, c)->cached.user_priority & 7;
	c->tagged = c->priority != 0 || e->paths[c->path].vlan != 0;
}

void
flue_conn_set_mss(struct flue_engine *e, struct flue_conn *c)
{
	const struct flue_path *p = &e->paths[c->path];
	uint32_t mss = flue_profile_of(e, c)->given_const.remote_mss;

	if (mss < 64)
		mss = 64;
	if (mss > p->mss)
		mss = p->mss;
	/* At least a byte: of 68 bytes of IPv4 headers and options leave 16. */
	c->mss = (uint16_t)(mss - (c->flags & CONN_TS ? 12 : 0));
}

static uint32_t
fold(const uint8_t *a, bool ip6)
{
	uint32_t w[4];

	memcpy(w, a, 16);
	return ip6 ? w[0] ^ w[1] ^ w[2] ^ w[3] : w[0];
}

void
flue_conn_set_key(struct flue_engine *e, struct flue_conn *c)
{
	const struct flue_path *p = &e->paths[c->path];

	c->raddr = fold(p->remote, p->ip6);
	c->laddr = fold(p->local, p->ip6);
	c->flags = p->ip6 ? c->flags | CONN_IP6 : c->flags & ~CONN_IP6;
}

void
flue_path_build_head(struct flue_engine *e, struct flue_path *p)
{
	const struct flue_neighbor *n = &e->neighbors[p->neighbor];
	uint8_t *ip = p->head + 14;

	p->epoch = n->epoch;
	p->vlan = n->vlan;
	memset(p->head, 0, sizeof(p->head));
	memcpy(p->head, n->mac, 6);
	memcpy(p->head + 6, n->src, 6);
	if (p->ip6) {
		flue_store16be(p->head + 12, 0x86dd);
		ip[0] = 0x60;
		ip[6] = 6;
		memcpy(ip + 8, p->local, 16);
		memcpy(ip + 24, p->remote, 16);
		p->pseudo = flue_csum_fold(flue_csum_add(ip + 8, 32, __builtin_bswap16(6)));
		return;
	}
	flue_store16be(p->head + 12, 0x0800);
	ip[0] = 0x45;
	flue_store16be(ip + 6, 0x4000); /* DF */
	ip[9] = 6;
	memcpy(ip + 12, p->local, 4);
	memcpy(ip + 16, p->remote, 4);
	p->ip_sum = flue_csum_fold(flue_csum_add(ip, 20, 0));
	p->pseudo = flue_csum_fold(flue_csum_add(ip + 12, 8, __builtin_bswap16(6)));
}
