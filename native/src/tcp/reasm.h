/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_REASM_H
#define FLUE_TCP_REASM_H

/** @file Marks of the engine's own on packets it keeps; ports use the low bits. */

#include "flue/flue_pkt.h"

#define FLUE_PKT_FIN  0x8000 /* the segment ends with a FIN */
#define FLUE_PKT_OPEN 0x4000 /* slab with copied payload that can take more */
#define FLUE_PKT_PSH  0x2000 /* a segment whose payload ends here, or before, was pushed */

/** Behind the last sequence number of a packet in the out-of-order queue. */
static inline uint32_t
flue_reasm_end(const struct flue_pkt *pkt)
{
	return pkt->seq + pkt->payload_len + ((pkt->flags & FLUE_PKT_FIN) != 0);
}

#endif /* FLUE_TCP_REASM_H */
