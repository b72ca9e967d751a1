/* SPDX-License-Identifier: Apache-2.0 */

#include "engine/profile.h"

#include <string.h>

#include "engine/parts.h"

#define FLOW_LABEL UINT32_C(0xfffff)
/** No profile. Fewer than this there are of anything. */
#define NO_PROFILE UINT32_C(0xffffff)

uint32_t
flue_profile_buckets(uint32_t profiles)
{
	uint32_t n = 64;

	while (n < profiles)
		n <<= 1;
	return n;
}

static uint32_t
hash_of(const struct flue_profile *p)
{
	const uint8_t *at = (const uint8_t *)p;
	uint32_t hash = UINT32_C(2166136261);
	uint32_t i;

	for (i = 0; i < offsetof(struct flue_profile, refs); i++)
		hash = (hash ^ at[i]) * UINT32_C(16777619);
	return hash ^ hash >> 16;
}

/** @return FLUE_NONE = none left */
static uint32_t
intern(struct flue_engine *e, struct flue_profile *wanted)
{
	struct flue_profiles *all = &e->profiles;
	uint32_t *bucket;
	uint32_t i;

	wanted->hash = hash_of(wanted);
	bucket = &all->buckets[wanted->hash & all->mask];
	for (i = *bucket; i != FLUE_NONE; i = all->at[i].next)
		if (all->at[i].hash == wanted->hash &&
				memcmp(&all->at[i], wanted, offsetof(struct flue_profile, refs)) ==
						0)
			break;
	if (i == FLUE_NONE) {
		i = flue_ids_take(&e->profile_ids);
		if (i == FLUE_NONE)
			return FLUE_NONE;
		wanted->refs = 0;
		wanted->next = *bucket;
		all->at[i] = *wanted;
		*bucket = i;
	}
	all->at[i].refs++;
	return i;
}

bool
flue_profile_set(struct flue_engine *e, struct flue_conn *c, const struct flue_tcp_const *given,
		const struct flue_tcp_cached *cached)
{
	struct flue_profile wanted;
	uint32_t i;

	memset(&wanted, 0, sizeof(wanted));
	memcpy(&wanted.given_const, given, sizeof(*given));
	memcpy(&wanted.cached, cached, sizeof(*cached));
	memset(&wanted.given_const.header, 0, sizeof(wanted.given_const.header));
	memset(&wanted.cached.header, 0, sizeof(wanted.cached.header));
	wanted.given_const.remote_port = wanted.given_const.local_port = 0;
	wanted.given_const.hash_value = 0;
	wanted.cached.flow_label &= ~FLOW_LABEL;
	i = intern(e, &wanted);
	if (i == FLUE_NONE) {
		flue_count(e, FLUE_CTR_NO_PROFILE, 1);
		return false;
	}
	flue_profile_drop(e, c);
	c->profile = i & NO_PROFILE;
	c->ports = (uint32_t)given->local_port << 16 | given->remote_port;
	c->hash_value = given->hash_value;
	c->flow_label = cached->flow_label & FLOW_LABEL;
	return true;
}

bool
flue_profile_sane(const struct flue_engine *e, const struct flue_conn *c)
{
	return c->profile < e->profile_ids.size && e->profiles.at[c->profile].refs != 0;
}

void
flue_profile_drop(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t i = c->profile;
	struct flue_profile *p;
	uint32_t *link;

	if (!flue_profile_sane(e, c))
		return;
	c->profile = NO_PROFILE;
	p = &e->profiles.at[i];
	if (--p->refs != 0)
		return;
	for (link = &e->profiles.buckets[p->hash & e->profiles.mask]; *link != i;
			link = &e->profiles.at[*link].next)
		;
	*link = p->next;
	flue_ids_give(&e->profile_ids, i);
}

struct flue_tcp_const
flue_conn_const(const struct flue_engine *e, const struct flue_conn *c)
{
	struct flue_tcp_const given = flue_profile_of(e, c)->given_const;

	given.remote_port = (uint16_t)c->ports;
	given.local_port = (uint16_t)(c->ports >> 16);
	given.hash_value = c->hash_value;
	return given;
}

struct flue_tcp_cached
flue_conn_cached(const struct flue_engine *e, const struct flue_conn *c)
{
	struct flue_tcp_cached cached = flue_profile_of(e, c)->cached;

	cached.flow_label |= c->flow_label;
	return cached;
}
