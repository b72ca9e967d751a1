/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_OFFLOAD_H
#define FLUE_PORT_OFFLOAD_H

/**
 * @file
 * What goes over the wire of a packet of which a part is left to the port.
 */

#include "flue/flue_pkt.h"
#include "port/ethernet.h"

/** Frames that a packet becomes. */
static inline uint32_t
flue_pkt_frames(const struct flue_pkt *pkt)
{
	return pkt->flags & FLUE_PKT_TX_TSO ? pkt->ext_len / pkt->tx_segment : 1;
}

/** Bytes of one of them; all are of one length. */
static inline uint32_t
flue_pkt_frame_bytes(const struct flue_pkt *pkt)
{
	uint32_t head = pkt->len;

	if (pkt->flags & FLUE_PKT_TX_VLAN)
		head += FLUE_ETH_VLAN_BYTES - FLUE_ETH_BYTES;
	return head + (pkt->flags & FLUE_PKT_TX_TSO ? pkt->tx_segment : pkt->ext_len);
}

/** Write one of the frames to `to`, with all that is left to the port done. @return its bytes */
uint32_t flue_pkt_frame_put(const struct flue_pkt *pkt, uint32_t index, uint8_t *to);

#endif /* FLUE_PORT_OFFLOAD_H */
