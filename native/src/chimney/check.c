/* SPDX-License-Identifier: Apache-2.0 */

/* Does an object still hold together? Asked when an operation that can say so (query, invalidate,
 * terminate) comes to it; never on the data path. One that does not is not used again: the operation
 * fails, the host is told, and the next terminate clears it away (chimney rules 4.7). */

#include "engine/parts.h"
#include "tcp/tcp.h"

static uint32_t
mix(uint32_t sum, const void *data, uint32_t bytes)
{
	const uint8_t *at = data;
	uint32_t i;

	for (i = 0; i < bytes; i++)
		sum = (sum ^ at[i]) * UINT32_C(16777619);
	return sum;
}

#define MIX(sum, member) mix(sum, &(member), sizeof(member))

static uint32_t
neighbor_sum(const struct flue_neighbor *n)
{
	uint32_t sum = MIX(1, n->handle);

	sum = MIX(sum, n->generation);
	sum = MIX(sum, n->mac);
	sum = MIX(sum, n->src);
	return MIX(sum, n->vlan);
}

void
flue_neighbor_seal(struct flue_neighbor *n)
{
	n->check = neighbor_sum(n);
}

static uint32_t
path_sum(const struct flue_path *p)
{
	uint32_t sum = MIX(2, p->handle);

	sum = MIX(sum, p->generation);
	sum = MIX(sum, p->local);
	sum = MIX(sum, p->remote);
	sum = MIX(sum, p->ip6);
	sum = MIX(sum, p->neighbor);
	return MIX(sum, p->mtu);
}

void
flue_path_seal(struct flue_path *p)
{
	p->check = path_sum(p);
}

/** All but the path, which the check is mixed with: of the two each tells the other. */
static uint32_t
conn_sum(const struct flue_engine *e, const struct flue_conn *c)
{
	uint32_t generation = c->generation;
	uint32_t sum = MIX(3, c->handle);

	sum = MIX(sum, generation);
	sum = MIX(sum, c->raddr);
	sum = MIX(sum, c->laddr);
	sum = MIX(sum, c->ports);
	sum = MIX(sum, c->hash_value);
	return MIX(sum, flue_profile_of(e, c)->given_const);
}

void
flue_conn_seal(struct flue_engine *e, struct flue_conn *c)
{
	c->check = conn_sum(e, c) ^ c->path;
}

bool
flue_neighbor_trust(struct flue_engine *e, struct flue_neighbor *n)
{
	if (n->invalid == OBJECT_CORRUPT)
		return false;
	if (likely(n->check == neighbor_sum(n)))
		return true;
	n->invalid = OBJECT_CORRUPT;
	flue_sweep_start(e);
	return false;
}

bool
flue_path_trust(struct flue_engine *e, struct flue_path *p)
{
	if (p->invalid == OBJECT_CORRUPT)
		return false;
	if (likely(p->check == path_sum(p)))
		return true;
	p->invalid = OBJECT_CORRUPT;
	/* It has to lead somewhere, as long as it is there. */
	if (p->neighbor >= e->neighbor_ids.size) {
		p->neighbor = 0;
		e->neighbors[0].paths++;
	}
	flue_sweep_start(e);
	return false;
}

static bool
index_sane(uint32_t i, uint32_t size)
{
	return i < size || i == FLUE_NONE;
}

/** Indices that lead somewhere. */
static bool
conn_leads(const struct flue_engine *e, const struct flue_conn *c)
{
	return c->path < e->path_ids.size && flue_profile_sane(e, c) &&
	       (!c->more || c->extra < e->extra_ids.size);
}

/** Relations that hold whatever the peer and the host do. */
static bool
conn_sane(const struct flue_engine *e, const struct flue_conn *c)
{
	uint32_t flight = c->snd_max - c->snd_una;
	uint32_t pieces = e->piece_ids.size;

	return flight <= UINT32_C(0x40000000) && c->snd_nxt - c->snd_una <= flight &&
	       c->snd_end + 1 - c->snd_una <= UINT32_C(0x40000001) &&
	       c->rcv_adv - c->rcv_nxt <= UINT32_C(0x7fffffff) && c->state <= FLUE_TCP_TIME_WAIT &&
	       (c->state >= FLUE_TCP_ESTABLISHED || c->state == FLUE_TCP_CLOSED) &&
	       index_sane(c->send_head, pieces) && index_sane(c->send_nxt, pieces) &&
	       index_sane(c->send_tail, pieces) && index_sane(c->post_tail, pieces) && c->mss != 0;
}

static bool
path_usable(const struct flue_engine *e, uint32_t i)
{
	return i < e->path_ids.size && e->paths[i].used;
}

/** The path it depends on: the one it names, if that fits its addresses; the one its check names; some
 *  other, for it has to lead somewhere as long as it is there. */
static uint32_t
path_found(struct flue_engine *e, const struct flue_conn *c)
{
	struct flue_conn probe = *c;
	uint32_t i = c->path;

	if (path_usable(e, i)) {
		flue_conn_set_key(e, &probe);
		if (probe.raddr == c->raddr && probe.laddr == c->laddr)
			return i;
	}
	if (flue_profile_sane(e, c) && path_usable(e, conn_sum(e, c) ^ c->check))
		return conn_sum(e, c) ^ c->check;
	if (path_usable(e, i))
		return i;
	e->paths[0].connections++;
	return 0;
}

/** Numbers that nobody can use are replaced by some that harm nobody. */
static void
quarantine(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t pieces = e->piece_ids.size;

	flue_timer_drop(e, c);
	c->path = path_found(e, c);
	if (c->more && c->extra >= e->extra_ids.size)
		c->more = 0;
	/* No segment may find it once it is gone. */
	if (!flue_flow_holds(&e->flow, c))
		flue_flow_purge(&e->flow, c);
	c->state = FLUE_TCP_CLOSED;
	c->snd_nxt = c->snd_max = c->snd_una;
	c->rcv_adv = c->rcv_nxt;
	c->rtx_ms = FLUE_NONE;
	if (!index_sane(c->send_head, pieces) || !index_sane(c->send_tail, pieces))
		c->send_head = c->send_tail = FLUE_NONE;
	c->send_nxt = c->send_head;
	if (!index_sane(c->post_tail, pieces))
		c->post_tail = FLUE_NONE;
	c->flags &= ~(CONN_ACK_OWED | CONN_ACK_NOW | CONN_WIN_UPDATE | CONN_PERSIST |
			CONN_FIN_WAIT | CONN_TELL_ABORT | CONN_KEEPALIVE);
}

bool
flue_conn_trust(struct flue_engine *e, const struct flue_op *op, struct flue_conn *c)
{
	if (c->corrupt)
		return false;
	if (likely(conn_leads(e, c) && c->check == (conn_sum(e, c) ^ c->path) && conn_sane(e, c)))
		return true;
	quarantine(e, c);
	c->corrupt = true;
	/* The operation's failure is told first, then that the host has to take it back. */
	c->claim = flue_claim_of(op);
	c->flags |= CONN_INVALID | CONN_STOPPED | CONN_GATED | CONN_TELL_UPLOAD;
	c->upload_reason = FLUE_UPLOAD_HARDWARE_FAILURE;
	flue_count(e, FLUE_CTR_UPLOAD_REQUESTS, 1);
	flue_conn_touch(e, c);
	return false;
}
