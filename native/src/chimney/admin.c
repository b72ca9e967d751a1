/* SPDX-License-Identifier: Apache-2.0 */

/* What is changed only when nothing is offloaded: an administrator's switch, which goes through PAUSE,
 * UPLOAD_ALL and RESUME (chimney rules 6.5, 8.3), and a low power state (8.5). Initiates that come
 * meanwhile wait; connections that exist go on. Nothing else makes the engine ask for everything back:
 * a link that is lost is the host's to judge (T-152). */

#include <string.h>

#include "engine/parts.h"

enum {
	ADMIN_IDLE = 0,
	ADMIN_PAUSE,  /* to be told */
	ADMIN_UPLOAD, /* to be told */
	ADMIN_WAIT,   /* for the host to take everything back */
	ADMIN_RESUME, /* to be told */
	ADMIN_COMPLETE,
};

bool
flue_family_enabled(const struct flue_engine *e, bool ip6)
{
	if (ip6)
		return e->admin.ip6 && e->params.ipv6_enabled;
	return e->admin.ip4 && e->params.ipv4_enabled;
}

bool
flue_engine_empty(const struct flue_engine *e)
{
	return flue_ids_used(&e->conn_ids) == 0 && flue_ids_used(&e->path_ids) == 0 &&
	       flue_ids_used(&e->neighbor_ids) == 0;
}

/** Does one run that will bring objects? */
static bool
initiating(const struct flue_engine *e)
{
	uint32_t i;

	for (i = 0; i < e->op_count; i++)
		if (e->ops[e->op_order[i]].code == FLUE_SUB_INITIATE)
			return true;
	return false;
}

bool
flue_admin_holds_initiates(const struct flue_engine *e)
{
	return e->admin.phase != ADMIN_IDLE || e->power.low || e->power.request != FLUE_REF_NULL;
}

uint32_t
flue_admin_switch(struct flue_engine *e, struct flue_chan *ch, flue_ref ref, uint32_t ip4,
		uint32_t ip6)
{
	bool want4 = ip4 == 0 ? e->admin.ip4 : ip4 == 2;
	bool want6 = ip6 == 0 ? e->admin.ip6 : ip6 == 2;

	if (e->admin.phase != ADMIN_IDLE)
		return (uint32_t)FLUE_STATUS_FAILURE;
	if (want4 == e->admin.ip4 && want6 == e->admin.ip6)
		return FLUE_STATUS_SUCCESS;
	e->admin.phase = ADMIN_PAUSE;
	e->admin.told = 0;
	e->admin.want4 = want4;
	e->admin.want6 = want6;
	e->admin.request = ref;
	e->admin.channel = (uint8_t)ch->index;
	return FLUE_STATUS_PENDING;
}

uint32_t
flue_power_set(struct flue_engine *e, struct flue_chan *ch, flue_ref ref, bool low)
{
	if (e->power.request != FLUE_REF_NULL) {
		if (low)
			return (uint32_t)FLUE_STATUS_FAILURE;
		/* Back up before it was down. */
		if (!flue_oid_complete(&e->chans[e->power.channel], e->power.request,
				    (uint32_t)FLUE_STATUS_FAILURE, NULL))
			return (uint32_t)FLUE_STATUS_FAILURE;
		e->power.request = FLUE_REF_NULL;
	}
	if (!low) {
		e->power.low = false;
		return FLUE_STATUS_SUCCESS;
	}
	e->power.request = ref;
	e->power.channel = (uint8_t)ch->index;
	return FLUE_STATUS_PENDING;
}

bool
flue_admin_pending(const struct flue_engine *e)
{
	return (e->admin.phase != ADMIN_IDLE && e->admin.phase != ADMIN_WAIT) ||
	       (e->parked != 0 && !flue_admin_holds_initiates(e));
}

/** @return all channels were told */
static bool
tell(struct flue_engine *e, enum flue_status_indication what, uint64_t arg)
{
	bool all = true;
	int i;

	for (i = 0; i < e->nchans; i++) {
		struct flue_chan *ch = &e->chans[i];

		if (e->admin.told & (1u << i))
			continue;
		if (!flue_up_room(ch) || !flue_up_put(ch, FLUE_UP_STATUS, what, 0, 0, arg))
			all = false;
		else
			e->admin.told |= (uint8_t)(1u << i);
	}
	if (all)
		e->admin.told = 0;
	return all;
}

static uint64_t
enabled(const struct flue_engine *e)
{
	return (e->admin.ip4 ? FLUE_ENABLED_IPV4 : 0u) | (e->admin.ip6 ? FLUE_ENABLED_IPV6 : 0u) |
	       FLUE_ENABLED_SACK | (uint64_t)e->config.max_connections << 32;
}

static void
admin_run(struct flue_engine *e)
{
	switch (e->admin.phase) {
	case ADMIN_PAUSE:
		/* Not into an initiate. */
		if (!initiating(e) && tell(e, FLUE_STATUS_INDICATE_OFFLOAD_PAUSE, 0))
			e->admin.phase = ADMIN_UPLOAD;
		break;
	case ADMIN_UPLOAD:
		if (tell(e, FLUE_STATUS_INDICATE_UPLOAD_ALL, 0))
			e->admin.phase = ADMIN_WAIT;
		break;
	case ADMIN_WAIT:
		if (!flue_engine_empty(e))
			break;
		e->admin.ip4 = e->admin.want4;
		e->admin.ip6 = e->admin.want6;
		e->admin.phase = ADMIN_RESUME;
		break;
	case ADMIN_RESUME:
		if (tell(e, FLUE_STATUS_INDICATE_OFFLOAD_RESUME, enabled(e)))
			e->admin.phase = ADMIN_COMPLETE;
		break;
	case ADMIN_COMPLETE:
		if (flue_oid_complete(&e->chans[e->admin.channel], e->admin.request,
				    FLUE_STATUS_SUCCESS, NULL))
			e->admin.phase = ADMIN_IDLE;
		break;
	default:
		break;
	}
}

void
flue_admin_run(struct flue_engine *e)
{
	uint32_t i;

	if (e->admin.phase != ADMIN_IDLE)
		admin_run(e);
	if (e->power.request != FLUE_REF_NULL && flue_engine_empty(e) && !initiating(e) &&
			flue_oid_complete(&e->chans[e->power.channel], e->power.request,
					FLUE_STATUS_SUCCESS, NULL)) {
		e->power.request = FLUE_REF_NULL;
		e->power.low = true;
	}
	if (e->parked == 0 || flue_admin_holds_initiates(e))
		return;
	for (i = 0; i < e->parked; i++)
		if (!flue_op_start(e, &e->chans[e->park[i].channel], FLUE_SUB_INITIATE,
				    e->park[i].root))
			break;
	e->parked -= i;
	memmove(e->park, e->park + i, e->parked * sizeof(e->park[0]));
}

bool
flue_admin_park(struct flue_engine *e, const struct flue_chan *ch, flue_ref root)
{
	if (e->parked == FLUE_OPS)
		return false;
	e->park[e->parked].root = root;
	e->park[e->parked++].channel = (uint8_t)ch->index;
	return true;
}
