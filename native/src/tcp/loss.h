/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_LOSS_H
#define FLUE_TCP_LOSS_H

/** @file Loss detection: what tells that a segment is gone, and what is sent again then. */

#include "tcp/tcp.h"

/** An ACK that acknowledged nothing new. Counts it if it is a duplicate by RFC 5681 section 2; with
 *  the last of them (params: tcp_duplicate_ack_threshold) recovery begins. */
void flue_loss_dup_ack(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		uint32_t old_wnd);

/** New data was acknowledged, `acked` bytes of it.
 *  @return still in fast recovery: congestion window and timer were seen to */
bool flue_loss_progress(struct flue_engine *e, struct flue_conn *c, uint32_t acked);

/** The retransmission timer expired: go back to SND.UNA. */
void flue_loss_timeout(struct flue_engine *e, struct flue_conn *c);

#endif /* FLUE_TCP_LOSS_H */
