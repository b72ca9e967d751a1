/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_PROFILE_H
#define FLUE_ENGINE_PROFILE_H

/**
 * @file
 * CONST and CACHED values as given. But for ports, hash and flow label, which lie in the connection,
 * they are the same for thousands of connections: stored once and counted. Owner thread.
 */

#include "flue/flue_offload.h"
#include "tcp/conn.h"

struct flue_engine;

/** What is a connection's own, and the headers, are zero in it. */
struct flue_profile {
	struct flue_tcp_const given_const;
	struct flue_tcp_cached cached;
	uint32_t refs; /* connections; 0 = free */
	uint32_t hash;
	uint32_t next; /* of the same bucket; FLUE_NONE */
};

/** Profiles by what they hold. */
struct flue_profiles {
	struct flue_profile *at;
	uint32_t *buckets;
	uint32_t mask;
};

/** Buckets for so many profiles, a power of two. */
uint32_t flue_profile_buckets(uint32_t profiles);

/** Have a connection use these values: what is its own is noted in it, the rest shared. What it used
 *  before is given back. @return false: no profile left; nothing has changed */
bool flue_profile_set(struct flue_engine *e, struct flue_conn *c,
		const struct flue_tcp_const *given, const struct flue_tcp_cached *cached);
/** It uses none any more. */
void flue_profile_drop(struct flue_engine *e, struct flue_conn *c);

/** Does it name one? */
bool flue_profile_sane(const struct flue_engine *e, const struct flue_conn *c);

/** As they were given. */
struct flue_tcp_const flue_conn_const(const struct flue_engine *e, const struct flue_conn *c);
struct flue_tcp_cached flue_conn_cached(const struct flue_engine *e, const struct flue_conn *c);

#endif /* FLUE_ENGINE_PROFILE_H */
