/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_STEER_H
#define FLUE_ENGINE_STEER_H

/**
 * @file
 * Rules of a device that bring each connection to its engine's queue. A rule is asked for when the
 * state is there, and is gone before the state goes; without one, segments come where the device
 * spreads them, and the engines help each other (group.h).
 */

#include "engine/parts.h"

/** Of each connection the name that the port gave its rule; 0 = none. */
struct flue_steering {
	uint32_t connections;
	uint32_t rules[];
};

/** For a port that can. @return 0, -ENOMEM */
int flue_steering_make(struct flue_engine *e);

/** The engine ends: rules go, without waiting for it. */
void flue_steering_end(struct flue_engine *e);

/** The connection is offloaded. */
void flue_steer(struct flue_engine *e, const struct flue_conn *c);

/** It is to be given back. @return whether the device has no rule of it any more: ask again */
bool flue_unsteer(struct flue_engine *e, const struct flue_conn *c);

#endif /* FLUE_ENGINE_STEER_H */
