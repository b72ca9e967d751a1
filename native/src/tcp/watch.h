/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_WATCH_H
#define FLUE_TCP_WATCH_H

/** @file What makes a connection a poor one for offload. Called only where e->watches is there. */

#include "tcp/tcp.h"

/** Has any reason a threshold? */
bool flue_watch_wanted(const struct flue_engine_config *c);
/** Count from zero; look at it an interval from now. */
void flue_watch_start(struct flue_engine *e, struct flue_conn *c);
/** The interval is over: ask the host to take it back if it does not do well here. */
void flue_watch_look(struct flue_engine *e, struct flue_conn *c);

/** The host posted sends or receives. */
void flue_watch_posted(struct flue_engine *e, struct flue_conn *c, uint32_t nbls, uint64_t bytes,
		bool receive);
/** Data is indicated, for no receive is posted. */
void flue_watch_indicated(struct flue_engine *e, struct flue_conn *c, uint32_t bytes);
void flue_watch_out_of_order(struct flue_engine *e, struct flue_conn *c);
/** A frame that is no plain segment: a fragment of a connection's? */
void flue_watch_frame(struct flue_engine *e, const struct flue_pkt *pkt);

#endif /* FLUE_TCP_WATCH_H */
