/* SPDX-License-Identifier: Apache-2.0 */

/* OID requests: statistics, capabilities, parameters (chimney rules, section 8). What has to wait for
 * the host, an administrator's switch and a low power state, is in admin.c. */

#include <string.h>

#include "engine/parts.h"
#include "flue/flue_oid.h"

/** A request as it was when it came; its buffer is looked up at each use. */
struct oid {
	struct flue_oid_request r;
	uint32_t done; /* bytes read or written */
};

static uint32_t
give(struct oid *o, const void *what, uint32_t bytes)
{
	void *to = flue_ref_at(o->r.information, bytes);

	o->done = bytes; /* or that many are needed */
	if (o->r.length < bytes || to == NULL)
		return (uint32_t)FLUE_STATUS_FAILURE;
	memcpy(to, what, bytes);
	return FLUE_STATUS_SUCCESS;
}

static bool
take(struct oid *o, void *what, uint32_t bytes)
{
	const void *from = flue_ref_at(o->r.information, bytes);

	if (o->r.length < bytes || from == NULL)
		return false;
	memcpy(what, from, bytes);
	o->done = bytes;
	return true;
}

/* ---- Statistics ------------------------------------------------------------------------------ */

static uint32_t
established(const struct flue_engine *e, bool ip6)
{
	uint32_t n = 0;
	int32_t i;

	for (i = 0; i < e->config.max_connections; i++) {
		const struct flue_conn *c = &e->conns[i];

		if (c->path != FLUE_NONE && ((c->flags & CONN_IP6) != 0) == ip6 &&
				(c->state == FLUE_TCP_ESTABLISHED ||
						c->state == FLUE_TCP_CLOSE_WAIT))
			n++;
	}
	return n;
}

static uint32_t
tcp_stats(struct flue_engine *e, struct oid *o, bool ip6)
{
	struct flue_tcp_offload_stats *stats = &e->stats[ip6].tcp;

	if (o->r.type == FLUE_OID_REQUEST_SET) {
		memset(stats, 0, sizeof(*stats));
		return FLUE_STATUS_SUCCESS;
	}
	stats->currently_established = established(e, ip6);
	return give(o, stats, sizeof(*stats));
}

static uint32_t
ip_stats(struct flue_engine *e, struct oid *o, bool ip6)
{
	struct flue_ip_offload_stats *stats = &e->stats[ip6].ip;

	if (o->r.type == FLUE_OID_REQUEST_SET) {
		memset(stats, 0, sizeof(*stats));
		return FLUE_STATUS_SUCCESS;
	}
	return give(o, stats, sizeof(*stats));
}

/* ---- Capabilities ---------------------------------------------------------------------------- */

/** `all`: what this target can do; else what of it is enabled. Extension headers it cannot. */
static uint32_t
capabilities(struct flue_engine *e, struct oid *o, bool all)
{
	struct flue_tcp_connection_offload c = {
		.header = { .revision = 1, .size = sizeof(c) },
		.encapsulation = FLUE_ENCAPSULATION_IEEE_802_3,
		.support_ipv4 = all || flue_family_enabled(e, false),
		.support_ipv6 = all || flue_family_enabled(e, true),
		.support_sack = 1,
		.capacity = (uint32_t)e->config.max_connections,
	};

	if (o->r.type != FLUE_OID_REQUEST_QUERY)
		return (uint32_t)FLUE_STATUS_NOT_SUPPORTED;
	return give(o, &c, sizeof(c));
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static bool
encapsulation_valid(uint32_t enabled, uint32_t type, uint32_t bytes)
{
	if (enabled == 0)
		return true;
	return enabled == 1 && type == FLUE_ENCAPSULATION_IEEE_802_3 &&
	       (bytes == 0 || bytes == 14 || bytes == 18);
}

static bool
parameters_valid(
		const struct flue_engine *e, const struct flue_tcp_connection_offload_parameters *p)
{
	if (!encapsulation_valid(
			    p->ipv4_enabled, p->ipv4_encapsulation_type, p->ipv4_header_size) ||
			!encapsulation_valid(p->ipv6_enabled, p->ipv6_encapsulation_type,
					p->ipv6_header_size))
		return false;
	if (p->ticks_per_second != 10 && p->ticks_per_second != 100 && p->ticks_per_second != 1000)
		return false;
	/* What is offloaded counts in the old ones. */
	if (p->ticks_per_second != e->params.ticks_per_second && !flue_engine_empty(e))
		return false;
	return p->tcp_ack_frequency != 0 && p->tcp_maximum_retransmissions != 0 &&
	       p->tcp_duplicate_ack_threshold != 0;
}

static uint32_t
parameters(struct flue_engine *e, struct oid *o)
{
	struct flue_tcp_connection_offload_parameters p;

	if (o->r.type == FLUE_OID_REQUEST_QUERY)
		return give(o, &e->params, sizeof(e->params));
	if (!take(o, &p, sizeof(p)) || !parameters_valid(e, &p))
		return (uint32_t)FLUE_STATUS_FAILURE;
	/* Nothing of what was enabled before is left (T-10). */
	p.header = e->params.header;
	e->params = p;
	return FLUE_STATUS_SUCCESS;
}

/** Administrator's switch. */
static uint32_t
offload_parameters(struct flue_engine *e, struct flue_chan *ch, struct oid *o, flue_ref ref)
{
	struct flue_tcp_offload_parameters p;

	if (o->r.type != FLUE_OID_REQUEST_SET)
		return (uint32_t)FLUE_STATUS_NOT_SUPPORTED;
	if (!take(o, &p, sizeof(p)) || p.tcp_connection_ipv4 > 2 || p.tcp_connection_ipv6 > 2)
		return (uint32_t)FLUE_STATUS_FAILURE;
	return flue_admin_switch(e, ch, ref, p.tcp_connection_ipv4, p.tcp_connection_ipv6);
}

static uint32_t
set_power(struct flue_engine *e, struct flue_chan *ch, struct oid *o, flue_ref ref)
{
	uint32_t state;

	if (o->r.type != FLUE_OID_REQUEST_SET)
		return (uint32_t)FLUE_STATUS_NOT_SUPPORTED;
	if (!take(o, &state, sizeof(state)) || (state != FLUE_POWER_D0 && state != FLUE_POWER_D3))
		return (uint32_t)FLUE_STATUS_FAILURE;
	return flue_power_set(e, ch, ref, state == FLUE_POWER_D3);
}

/* ---- Requests -------------------------------------------------------------------------------- */

/** @return status, or PENDING: it completes later */
static uint32_t
answer(struct flue_engine *e, struct flue_chan *ch, struct oid *o, flue_ref ref)
{
	if (o->r.type > FLUE_OID_REQUEST_SET)
		return (uint32_t)FLUE_STATUS_FAILURE;
	switch (o->r.oid) {
	case (uint32_t)FLUE_OID_TCP4_OFFLOAD_STATS:
		return tcp_stats(e, o, false);
	case (uint32_t)FLUE_OID_TCP6_OFFLOAD_STATS:
		return tcp_stats(e, o, true);
	case (uint32_t)FLUE_OID_IP4_OFFLOAD_STATS:
		return ip_stats(e, o, false);
	case (uint32_t)FLUE_OID_IP6_OFFLOAD_STATS:
		return ip_stats(e, o, true);
	case (uint32_t)FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG:
		return capabilities(e, o, false);
	case (uint32_t)FLUE_OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES:
		return capabilities(e, o, true);
	case (uint32_t)FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS:
		return parameters(e, o);
	case (uint32_t)FLUE_OID_TCP_OFFLOAD_PARAMETERS:
		return offload_parameters(e, ch, o, ref);
	case (uint32_t)FLUE_OID_PNP_SET_POWER:
		return set_power(e, ch, o, ref);
	default:
		return (uint32_t)FLUE_STATUS_NOT_SUPPORTED;
	}
}

bool
flue_oid_complete(struct flue_chan *ch, flue_ref ref, uint32_t status, const uint32_t *length)
{
	struct flue_oid_request *r = flue_ref_at(ref, sizeof(*r));

	if (!flue_up_fits(ch, 1))
		return false;
	if (r != NULL) {
		r->status = status;
		if (length != NULL)
			r->length = *length;
	}
	return flue_up_put(ch, FLUE_UP_OID_REQUEST_COMPLETE, 0, 0, ref, 0);
}

bool
flue_oid_request(struct flue_engine *e, struct flue_chan *ch, flue_ref ref)
{
	const struct flue_oid_request *r = (ref & 7) ? NULL : flue_ref_at(ref, sizeof(*r));
	struct oid o = { .done = 0 };
	uint32_t status;

	if (!flue_up_fits(ch, 1))
		return false;
	if (r == NULL) {
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		return flue_up_put(ch, FLUE_UP_OID_REQUEST_COMPLETE, 0, 0, ref, 0);
	}
	memcpy(&o.r, r, sizeof(o.r));
	status = answer(e, ch, &o, ref);
	if (status == FLUE_STATUS_PENDING)
		return true;
	return flue_oid_complete(ch, ref, status, &o.done);
}
