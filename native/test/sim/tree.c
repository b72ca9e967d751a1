/* SPDX-License-Identifier: Apache-2.0 */

/* What a host has in memory: blocks, buffers, the submission ring. */

#include <string.h>

#include "sim/sim.h"

static const uint8_t addresses4[2][4] = { { 198, 18, 0, 1 }, { 198, 18, 0, 2 } };
static const uint8_t addresses6[2][16] = {
	{ 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 },
	{ 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 },
};

void *
sim_alloc(struct sim_side *s, uint64_t bytes, flue_ref *ref)
{
	void *at = s->base + s->used;

	if (ref != NULL)
		*ref = flue_ref_make((uint32_t)s->region, s->used);
	s->used += (bytes + 63) & ~UINT64_C(63);
	return at;
}

static struct flue_miniport_offload_block_list *
block_new(struct sim_side *s, uint8_t type, flue_ref *ref)
{
	struct flue_miniport_offload_block_list *b = sim_alloc(s, 1024, ref);
	flue_ref slot;

	(void)sim_alloc(s, 64, &slot);
	b->header.type = type;
	b->header.revision = 1;
	b->header.size = FLUE_BLOCK_LIST_BYTES;
	b->miniport_offload_context = slot;
	b->ndis_offload_handle = slot;
	return b;
}

static flue_ref
ref_of(const struct sim_side *s, const void *at)
{
	return flue_ref_make((uint32_t)s->region, (uint64_t)((const uint8_t *)at - s->base));
}

void
sim_tree_new(struct sim_engine *x)
{
	struct sim_side *s = x->side;
	bool ip6 = s->sim->p.ip6;
	struct flue_path_const *c;
	struct flue_path_cached *cached;
	flue_ref ref;
	uint8_t *at;

	x->neighbor = block_new(s, FLUE_STATE_NEIGHBOR, &ref);
	memcpy((uint8_t *)x->neighbor + FLUE_NEIGHBOR_CACHED_AT + 8, s->peer->port->mac, 6);
	x->path = block_new(s, ip6 ? FLUE_STATE_IP6 : FLUE_STATE_IP4, &ref);
	c = (struct flue_path_const *)((uint8_t *)x->path + FLUE_PATH_CONST_AT);
	cached = (struct flue_path_cached *)((uint8_t *)x->path + FLUE_PATH_CACHED_AT);
	at = sim_alloc(s, 32, &ref);
	memcpy(at, ip6 ? addresses6[s->index] : addresses4[s->index], ip6 ? 16 : 4);
	memcpy(at + 16, ip6 ? addresses6[s->index ^ 1] : addresses4[s->index ^ 1], ip6 ? 16 : 4);
	c->source_address = ref;
	c->destination_address = ref + 16;
	cached->path_mtu = (uint32_t)s->sim->p.wire.mtu;
	x->neighbor->dependent_block_list = ref_of(s, x->path);
}

struct flue_tcp_delegated *
sim_delegated(struct sim_side *s)
{
	return (struct flue_tcp_delegated *)((uint8_t *)s->block + FLUE_TCP_DELEGATED_AT);
}

struct flue_tcp_state_ext *
sim_ext(struct sim_side *s)
{
	return (struct flue_tcp_state_ext *)((uint8_t *)s->block + FLUE_TCP_EXT_AT);
}

/** As after a handshake: nothing under way, the window each has announced. */
static void
describe(struct sim_side *s, uint32_t iss, uint32_t irs)
{
	const struct sim_params *p = &s->sim->p;
	const struct sim_app_params *peer = s->peer->p;
	struct flue_tcp_delegated *d = sim_delegated(s);
	struct flue_tcp_state_ext *x = sim_ext(s);

	d->state = FLUE_TCP_ESTABLISHED;
	d->rcv_nxt = irs;
	d->rcv_wnd = s->p->rcv_buf < 65535 ? s->p->rcv_buf : 65535;
	d->snd_una = d->snd_nxt = d->snd_max = iss;
	d->snd_wnd = d->max_snd_wnd = peer->rcv_buf < 65535 ? peer->rcv_buf : 65535;
	d->send_wl1 = irs - 1;
	d->cwnd = 10 * 1400;
	d->ssthresh = 0x7fffffff;
	d->ts_recent = s->peer->index * 1000u + 1;
	d->ts_time = s->index * 1000u + 1;
	d->ka_timeout_delta = FLUE_TIMER_STOPPED;
	d->retransmit_timeout_delta = FLUE_TIMER_STOPPED;
	d->header.recognized_options = FLUE_STATE_OPTION_EXT;
	x->version = FLUE_TCP_EXT_VERSION;
	x->flags = p->ecn ? FLUE_TCP_EXT_ECN : 0;
	x->rcv_adv = irs + d->rcv_wnd;
	x->recover = iss;
	x->last_ack_sent = irs;
	x->snd_wl2 = iss;
	x->cc_algorithm = p->cc_algorithm;
	s->told_edge = x->rcv_adv;
	s->heard_edge = iss + d->snd_wnd;
	s->ack_max = irs;
	s->sent_max = s->sent_high = iss;
}

void
sim_block_new(struct sim_side *s, uint32_t iss, uint32_t irs)
{
	const struct sim_params *p = &s->sim->p;
	uint16_t ports[2] = { 80, 45000 };
	struct flue_tcp_const *c;
	struct flue_tcp_cached *cached;
	flue_ref ref;

	s->block = block_new(s, FLUE_STATE_TCP, &ref);
	c = (struct flue_tcp_const *)((uint8_t *)s->block + FLUE_TCP_CONST_AT);
	cached = (struct flue_tcp_cached *)((uint8_t *)s->block + FLUE_TCP_CACHED_AT);
	c->flags = (uint16_t)((p->ts ? FLUE_TCP_CONST_TIMESTAMPS : 0) |
			      (p->sack ? FLUE_TCP_CONST_SACK : 0) |
			      (p->scaling ? FLUE_TCP_CONST_WINDOW_SCALING : 0));
	c->local_port = __builtin_bswap16(ports[s->index]);
	c->remote_port = __builtin_bswap16(ports[s->index ^ 1]);
	c->wind_scale = (uint8_t)(s->peer->p->rcv_scale | s->p->rcv_scale << 4);
	c->remote_mss = (uint16_t)(p->wire.mtu - (p->ip6 ? 60 : 40));
	cached->flags = (uint16_t)((s->p->nagle ? FLUE_TCP_CACHED_NAGLING_ENABLED : 0) |
				   (s->p->keepalive ? FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED : 0));
	cached->ka_timeout = 10000;
	cached->ka_interval = 1000;
	cached->ka_probe_count = 200;
	cached->max_rt = UINT32_MAX;
	cached->initial_rcv_wnd = s->p->rcv_buf;
	describe(s, iss, irs);
}

flue_ref
sim_nbl(struct sim_side *s, flue_ref at, uint32_t len)
{
	struct flue_net_buffer_list *nbl =
			(struct flue_net_buffer_list *)(s->base + flue_ref_offset(at));
	struct flue_net_buffer *nb = (struct flue_net_buffer *)(nbl + 1);
	struct flue_mdl *mdl = (struct flue_mdl *)(nb + 1);

	memset(nbl, 0, 256);
	nbl->first_net_buffer = at + 128;
	nb->mdl_chain = nb->current_mdl = at + 192;
	nb->data_length = len;
	mdl->data = at + 256;
	mdl->byte_count = len;
	return at;
}

void
sim_submit(struct sim_engine *x, uint32_t op, uint64_t token, flue_ref ref, uint32_t arg0,
		uint64_t arg1)
{
	sim_require(x->side->sim, x->ch->sub_tail - x->ch->sub_head < SIM_RING,
			"the submission ring has room");
	x->subs[x->ch->sub_tail & (SIM_RING - 1)] = (struct flue_submission){
		.op = op, .arg0 = arg0, .token = token, .ref = ref, .arg1 = arg1
	};
	x->ch->sub_tail++;
	if (op == FLUE_SUB_FORWARD)
		x->ch->newest_forward = x->ch->sub_tail;
}
