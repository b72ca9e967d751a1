/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_INVARIANTS_H
#define FLUE_TEST_INVARIANTS_H

/** @file What holds of an engine between two passes, whatever came from the wire and from the host.
 *  Needs no test framework: the fuzz targets ask, too. */

#include "engine/parts.h"

/** What of a connection may only grow; zero at first, and again after an initiate. */
struct flue_grown {
	uint32_t snd_una;
	uint32_t snd_max;
	uint32_t rcv_nxt;
	uint32_t rcv_adv;
	bool seen;
};

/** @return NULL, or what does not hold of the connection */
const char *
flue_conn_broken(const struct flue_engine *e, const struct flue_conn *c, struct flue_grown *grown);

/** @return NULL, or what does not hold of the engine: pools, wheel, ready ring, each connection */
const char *flue_engine_broken(const struct flue_engine *e);

#endif /* FLUE_TEST_INVARIANTS_H */
