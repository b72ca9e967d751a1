/* SPDX-License-Identifier: Apache-2.0 */

/* Initiate: placeholders, linkers, new objects; statuses as in chimney rules 4.2. */

#include <errno.h>
#include <string.h>

#include "chimney/context.h"
#include "chimney/initiate.h"
#include "chimney/op.h"
#include "engine/group.h"
#include "engine/parts.h"
#include "engine/steer.h"
#include "tcp/reasm.h"
#include "tcp/tcp.h"

/** A peer that takes less is a poor candidate. */
#define LEAST_MSS 64

/** The chain of outstanding sends, checked against SND.UNA .. SND.MAX. */
static uint32_t
take_sends(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_delegated *d,
		flue_ref chain)
{
	uint32_t flight = d->snd_max - d->snd_una;
	uint32_t fin = (c->flags & CONN_FIN_SENT) != 0 && !(c->flags & CONN_FIN_ACKED);
	int rc;

	if (chain != FLUE_REF_NULL) {
		rc = flue_send_queue(e, c, chain, FLUE_MAX_NBLS_PER_CALL, 0, 0);
		if (rc == -ENOSPC)
			return FLUE_STATUS_OFFLOAD_TCP_XMIT_BUFFER;
		if (rc < 0)
			return FLUE_STATUS_FAILURE;
	}
	/* Behind a FIN that was acknowledged there is nothing. */
	if (c->flags & CONN_FIN_ACKED)
		return flight == 0 && c->snd_end == d->snd_una - 1 ? FLUE_STATUS_SUCCESS
								   : FLUE_STATUS_FAILURE;
	/* Without EXT the state alone says that our FIN was sent: a FIN that was is the last number in
	 * flight, behind all the data. */
	if (fin && flight <= c->snd_end - d->snd_una) {
		c->flags &= ~CONN_FIN_SENT;
		fin = 0;
	}
	/* Sent and not given to us: it could not be sent again. */
	if (flight > c->snd_end - d->snd_una + fin)
		return FLUE_STATUS_FAILURE;
	return FLUE_STATUS_SUCCESS;
}

/** Received data the host had not delivered: copied, for the host takes its memory back. */
static uint32_t
take_buffered(struct flue_engine *e, struct flue_conn *c, flue_ref ref)
{
	int i;

	for (i = 0; ref != FLUE_REF_NULL; i++) {
		const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
		const struct flue_net_buffer *nb;
		struct flue_nb_walk w;
		uint8_t *data;
		uint32_t len;
		int rc;

		if (nbl == NULL || i == FLUE_MAX_NBLS_PER_CALL)
			return FLUE_STATUS_FAILURE;
		if (__atomic_load_n(&nbl->flags, __ATOMIC_RELAXED) & FLUE_NBL_URGENT)
			c->urgent_buffered = true;
		nb = flue_nb_at(__atomic_load_n(&nbl->first_net_buffer, __ATOMIC_RELAXED));
		if (nb == NULL || flue_nb_walk_begin(&w, nb) < 0)
			return FLUE_STATUS_FAILURE;
		if (c->rx_held + w.left > (uint32_t)e->config.max_receive_window)
			return FLUE_STATUS_FAILURE;
		while ((rc = flue_nb_walk_next(&w, &data, &len)) > 0) {
			while (len > 0) {
				struct flue_pkt *pkt = flue_slab_take(e);
				uint32_t n = len < FLUE_SLAB_BYTES ? len : FLUE_SLAB_BYTES;

				if (pkt == NULL)
					return FLUE_STATUS_FAILURE;
				/* Wherever the host says that they lie. */
				memmove(pkt->data, data, n);
				pkt->payload_len = (uint16_t)n;
				(void)flue_receive_enqueue(e, c, pkt);
				data += n;
				len -= n;
			}
		}
		if (rc < 0)
			return FLUE_STATUS_FAILURE;
		ref = __atomic_load_n(&nbl->next, __ATOMIC_RELAXED);
	}
	if (c->rxq_head == NULL)
		return FLUE_STATUS_SUCCESS;
	/* Delivered when requests are posted (5.5). Nobody knows how it was pushed: it has waited long
	 * enough. */
	c->flags |= CONN_REFUSED;
	c->rxq_tail->flags |= FLUE_PKT_PSH;
	return FLUE_STATUS_SUCCESS;
}

/** What a TCP block carries, each byte read once. */
struct tcp_state {
	struct flue_tcp_const c;
	struct flue_tcp_cached cached;
	uint32_t pad;
	struct flue_tcp_delegated d;
	struct flue_tcp_state_ext x;
};

_Static_assert(offsetof(struct tcp_state, x) == sizeof(struct flue_tcp_state_objects),
		"it begins with the three structures");

static bool
read_tcp_state(flue_ref ref, struct tcp_state *s)
{
	const void *from =
			flue_ref_at(ref + FLUE_TCP_CONST_AT, FLUE_TCP_EXT_AT - FLUE_TCP_CONST_AT);

	if (from == NULL)
		return false;
	memcpy(s, from, FLUE_TCP_EXT_AT - FLUE_TCP_CONST_AT);
	memset(&s->x, 0, sizeof(s->x));
	if (s->d.header.recognized_options & FLUE_STATE_OPTION_EXT) {
		from = flue_ref_at(ref + FLUE_TCP_EXT_AT, sizeof(s->x));
		if (from == NULL)
			return false;
		memcpy(&s->x, from, sizeof(s->x));
	}
	return true;
}

/** CONST, CACHED and the path's part of the connection. @return false: no profile left */
static bool
set_given(struct flue_engine *e, struct flue_conn *c, const struct tcp_state *s)
{
	if (!flue_profile_set(e, c, &s->c, &s->cached))
		return false;
	flue_conn_set_key(e, c);
	if (s->c.flags & FLUE_TCP_CONST_TIMESTAMPS)
		c->flags |= CONN_TS;
	c->sack = (s->c.flags & FLUE_TCP_CONST_SACK) != 0;
	if (s->c.flags & FLUE_TCP_CONST_WINDOW_SCALING)
		c->scales = s->c.wind_scale;
	if (s->cached.flags & FLUE_TCP_CACHED_NAGLING_ENABLED)
		c->flags |= CONN_NAGLE;
	if ((s->cached.flags & FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED) && s->cached.ka_timeout != 0)
		c->flags |= CONN_KEEPALIVE;
	c->ttl = s->cached.ttl_or_hop_limit != 0 ? s->cached.ttl_or_hop_limit : 64;
	c->tos = s->cached.tos_or_traffic_class & 0xfc;
	flue_conn_set_tag(e, c);
	flue_conn_set_mss(e, c);
	c->rcv_buf = s->cached.initial_rcv_wnd & INT32_MAX;
	c->sized = s->cached.rcv_indication_size != 0;
	return true;
}

static void
blank(struct flue_engine *e, struct flue_conn *c, uint32_t path)
{
	flue_conn_clear(c, c->generation);
	c->profile = UINT32_C(0xffffff);
	c->path = path;
	c->send_head = c->send_nxt = c->send_tail = FLUE_NONE;
	c->post_tail = FLUE_NONE;
	c->rtx_ms = FLUE_NONE;
	e->paths[path].connections++;
}

static uint32_t
check_given(const struct flue_engine *e, const struct tcp_state *s)
{
	if (s->cached.initial_rcv_wnd > (uint32_t)e->config.max_receive_window)
		return FLUE_STATUS_OFFLOAD_TCP_RCV_WINDOW;
	if ((s->c.flags & FLUE_TCP_CONST_WINDOW_SCALING) &&
			((s->c.wind_scale & 15) > 14 || s->c.wind_scale >> 4 > 14))
		return FLUE_STATUS_FAILURE;
	/* Segments of headers and next to nothing else: the host does that as well. */
	if (s->c.remote_mss < LEAST_MSS)
		return FLUE_STATUS_OFFLOAD_CONNECTION_REJECTED;
	/* What it receives could not be handed up. */
	if (e->rx_ids.free == 0)
		return FLUE_STATUS_OFFLOAD_TCP_RCV_BUFFER;
	return FLUE_STATUS_SUCCESS;
}

static void
undo(struct flue_engine *e, struct flue_conn *c)
{
	flue_send_drop(e, c);
	flue_receive_drop(e, c);
	flue_conn_free(e, c);
}

static uint32_t
fill_conn(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv, struct flue_conn *c,
		const struct tcp_state *s)
{
	flue_ref chain = __atomic_load_n(&lv->block->net_buffer_list_chain, __ATOMIC_RELAXED);
	uint32_t status;
	int rc;

	c->handle = lv->block->ndis_offload_handle;
	c->channel = op->channel & 7;
	status = flue_state_import(
			e, c, &s->d, s->x.version == FLUE_TCP_EXT_VERSION ? &s->x : NULL);
	if (status == FLUE_STATUS_SUCCESS)
		status = take_sends(e, c, &s->d, chain);
	if (status == FLUE_STATUS_SUCCESS && s->d.buffered_data != FLUE_REF_NULL)
		status = take_buffered(e, c, s->d.buffered_data);
	if (status != FLUE_STATUS_SUCCESS)
		return status;
	rc = flue_flow_insert(&e->flow, c);
	if (rc < 0)
		return rc == -EEXIST ? FLUE_STATUS_FAILURE : FLUE_STATUS_OFFLOAD_TCP_ENTRIES;
	if (e->group != NULL)
		flue_group_claim(e, c);
	return FLUE_STATUS_SUCCESS;
}

static bool
conn_store(struct flue_engine *e, struct flue_conn *c, const struct tcp_state *s)
{
	if (likely(!flue_contexts_in_nic(e)))
		return true;
	return flue_context_store(e, flue_conn_cell(e, c), flue_conn_token(e, c), c->handle, s,
			sizeof(struct flue_tcp_state_objects), FLUE_TCP_GIVEN);
}

static uint32_t
new_conn(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent, uint64_t *token)
{
	const struct flue_path *p = parent != NULL ? flue_path_of(e, parent->token) : NULL;
	struct tcp_state s;
	struct flue_conn *c;
	uint32_t status;
	uint32_t i;

	if (p == NULL || p->invalid != OBJECT_VALID ||
			e->neighbors[p->neighbor].invalid != OBJECT_VALID ||
			!read_tcp_state(lv->ref, &s))
		return FLUE_STATUS_FAILURE;
	/* Its path may be older than the switch. */
	if (!flue_family_enabled(e, p->ip6))
		return FLUE_STATUS_OFFLOAD_POLICY;
	status = check_given(e, &s);
	if (status != FLUE_STATUS_SUCCESS)
		return status;
	i = flue_context_room(e) ? flue_ids_take(&e->conn_ids) : FLUE_NONE;
	if (i == FLUE_NONE)
		return FLUE_STATUS_OFFLOAD_TCP_ENTRIES;
	c = &e->conns[i];
	blank(e, c, (uint32_t)(p - e->paths));
	status = set_given(e, c, &s) ? fill_conn(e, op, lv, c, &s)
				     : (uint32_t)FLUE_STATUS_RESOURCES;
	if (status == FLUE_STATUS_SUCCESS && !conn_store(e, c, &s))
		status = FLUE_STATUS_OFFLOAD_TCP_ENTRIES;
	if (status != FLUE_STATUS_SUCCESS) {
		undo(e, c);
		return status;
	}
	lv->block->net_buffer_list_chain = FLUE_REF_NULL;
	flue_conn_claim(c, op);
	flue_conn_seal(e, c);
	c->flags |= CONN_GATED;
	*token = flue_conn_token(e, c);
	flue_count(e, FLUE_CTR_INITIATED, 1);
	flue_steer(e, c);
	if (c->urgent_buffered) {
		c->set_aside = true;
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_RECEIVED_URGENT_DATA);
	}
	flue_conn_touch(e, c);
	return FLUE_STATUS_SUCCESS;
}

/** A block that refers to something we have. */
static void
link_existing(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv, uint64_t token)
{
	struct flue_neighbor *n = flue_neighbor_of(e, token);
	struct flue_path *p = flue_path_of(e, token);

	lv->role = ROLE_LINKER;
	if (n == NULL && p == NULL) {
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
		lv->failed = 1;
	} else if (flue_claimed(e, n != NULL ? n->claim : p->claim, op) == FLUE_SUB_INITIATE) {
		/* Not the host's yet: how does it know its token? */
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		lv->failed = 1;
	} else {
		lv->token = token;
	}
}

void
flue_initiate_enter(struct flue_engine *e, struct flue_op *op, struct flue_op_level *lv,
		struct flue_op_level *parent)
{
	flue_ref slot_ref = __atomic_load_n(&lv->block->miniport_offload_context, __ATOMIC_RELAXED);
	uint8_t type = __atomic_load_n(&lv->block->header.type, __ATOMIC_RELAXED);
	uint64_t token = 0;
	uint64_t *slot;

	if (slot_ref == FLUE_REF_NULL && (parent == NULL || !parent->failed)) {
		lv->role = ROLE_PLACEHOLDER;
		lv->status = FLUE_STATUS_SUCCESS;
		return;
	}
	lv->role = ROLE_NEW;
	/* Below what failed nothing is tried. */
	if (op->refused || (parent != NULL && parent->failed)) {
		if (op->refused && parent == NULL)
			lv->status = FLUE_STATUS_RESOURCES;
		lv->failed = 1;
		return;
	}
	slot = flue_block_slot(slot_ref);
	if (slot == NULL) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		lv->failed = 1;
		return;
	}
	token = __atomic_load_n(slot, __ATOMIC_RELAXED);
	if (token != 0) {
		link_existing(e, op, lv, token);
		return;
	}
	switch (type) {
	case FLUE_STATE_NEIGHBOR:
		lv->status = op->depth == 0 ? flue_new_neighbor(e, op, lv, &token)
					    : (uint32_t)FLUE_STATUS_FAILURE;
		break;
	case FLUE_STATE_IP4:
	case FLUE_STATE_IP6:
		lv->status = flue_new_path(e, op, lv, parent, type == FLUE_STATE_IP6, &token);
		break;
	case FLUE_STATE_TCP:
		lv->status = new_conn(e, op, lv, parent, &token);
		break;
	default:
		break;
	}
	if (lv->status == FLUE_STATUS_SUCCESS)
		*slot = token;
	else
		lv->failed = 1;
}

void
flue_initiate_leave(struct flue_engine *e, struct flue_op_level *lv)
{
	if (lv->failed) {
		flue_count(e, FLUE_CTR_INITIATE_FAILED, 1);
		if (lv->role == ROLE_LINKER)
			lv->status = FLUE_STATUS_FAILURE;
		return;
	}
	switch (lv->role) {
	case ROLE_LINKER:
		if (lv->deps_ok == lv->deps)
			lv->status = FLUE_STATUS_SUCCESS;
		else
			lv->status = lv->deps_ok == 0 ? (uint32_t)FLUE_STATUS_FAILURE
						      : FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS;
		break;
	case ROLE_NEW:
		if (lv->deps_ok != lv->deps)
			lv->status = FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS;
		break;
	default:
		break;
	}
}
