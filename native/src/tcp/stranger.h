/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_STRANGER_H
#define FLUE_TCP_STRANGER_H

/** @file Segments that need not be the peer's: challenges and doubts (RFC 5961, chimney rules 12.3). */

#include "tcp/tcp.h"

/** An ACK that an attacker must not be able to draw at will: limited in number, for a connection and for
 *  all together. */
void flue_challenge(struct flue_engine *e, struct flue_conn *c);

/** The peer spoke, acceptably: whatever doubt there was is over. */
void flue_heard(struct flue_engine *e, struct flue_conn *c);

/** A RST in the window, but not where the next segment begins. */
void flue_doubtful_rst(struct flue_engine *e, struct flue_conn *c);

/** A SYN in the window. */
void flue_doubtful_syn(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s);

/** Outside of the window, or too old: it may be the peer's all the same. */
void
flue_answer_unacceptable(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s);

#endif /* FLUE_TCP_STRANGER_H */
