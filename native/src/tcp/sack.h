/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_SACK_H
#define FLUE_TCP_SACK_H

/** @file What the peer is told of data that lies behind a hole or came twice (RFC 2018, 2883): the
 *  receiver's half of SACK. Without an agreement all of it does nothing. */

#include "tcp/tcp.h"

/** Bytes of the largest option, with the two NOPs before it: four blocks. */
#define FLUE_SACK_BYTES 36

/** Data up to `end` came, from `start` on; the queue holds all between without a gap. Its block is the
 *  first one from now on; of what the host told the peer of, behind those of what came here. */
void
flue_sack_came(struct flue_engine *e, struct flue_conn *c, uint32_t start, uint32_t end, bool told);

/** [start, end) came again: the next ACK says so. */
void flue_sack_duplicate(struct flue_engine *e, struct flue_conn *c, uint32_t start, uint32_t end);

/** An ACK for each segment behind a hole: a peer without SACK counts them. */
void flue_sack_owe(struct flue_engine *e, struct flue_conn *c);

/**
 * The option, aligned.
 * @param room  bytes there are for it
 * @return bytes; 0 = nothing to say, or no room to say it
 */
uint32_t flue_sack_put(struct flue_engine *e, struct flue_conn *c, uint8_t to[FLUE_SACK_BYTES],
		uint32_t room);

/** Is there anything to tell besides the number of the ACK? */
static inline bool
flue_sack_news(const struct flue_conn *c)
{
	return (c->flags & CONN_OOO) || c->again;
}

/** News: an ACK that data carries could tell less than one of its own, and does not count as duplicate.
 *  These go first. @return false: no packet or no room now */
bool flue_sack_flush(struct flue_engine *e, struct flue_conn *c);

#endif /* FLUE_TCP_SACK_H */
