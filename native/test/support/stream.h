/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_STREAM_H
#define FLUE_TEST_STREAM_H

/** @file What tests of the TCP share on top of the harness: start numbers, a stream, short words. */

#include "support/harness.h"

/** Start numbers (ours, the peer's) around which arithmetic modulo 2^32 goes wrong. */
extern const uint32_t start_numbers[3][2];

#define EACH_NUMBER(n) for (unsigned n = 0; n < 3; n++)

/** Bytes to send: any two places differ. */
#define STREAM_BYTES 200000
extern uint8_t stream[STREAM_BYTES];

/** Send the first `len` bytes of the stream, in one NBL. */
flue_ref send_data(struct harness *h, struct conn *c, uint32_t len);
/** Disconnect, with the first `len` bytes of the stream; polls once. @return the NBL */
flue_ref disconnect(struct harness *h, struct conn *c, uint32_t how, uint32_t len);
/** `len` bytes of the stream from `at` arrive; a millisecond passes. */
void arrive(struct harness *h, struct conn *c, uint32_t at, uint32_t len, uint8_t flags);
/** The peer acknowledges; a millisecond passes. */
void ack(struct harness *h, struct conn *c, uint32_t upto, uint16_t win);
/** A connection with SACK agreed, with timestamps where c->ts is set; the quiet period is over. */
void connect_sack(struct harness *h, struct conn *c, uint32_t iss, uint32_t irs);
/** The peer acknowledges `upto` and has `n` blocks [start, end) beyond, relative to our first number;
 *  with c->ts it echoes `tsecr`. No time passes. */
void sack_at(struct harness *h, struct conn *c, uint32_t upto, const uint32_t (*blocks)[2],
		unsigned n, uint32_t tsecr);
/** ... one block, and a millisecond passes; of a connection without timestamps. */
void sack(struct harness *h, struct conn *c, uint32_t upto, uint32_t start, uint32_t end);
/** Look at all that was sent. @return end of the last segment, 0 = none was */
uint32_t drain_sent(struct harness *h, struct conn *c);
/** The engine's object. */
struct flue_conn *object(struct harness *h, struct conn *c);
/** ... and what it has beyond that; zeroes where it has nothing. */
const struct flue_extra *object_extra(struct harness *h, struct conn *c);
/** The next entry of the up-ring is this event of this connection. */
void event_expect(struct harness *h, struct conn *c, uint32_t type, uint64_t info);

#endif /* FLUE_TEST_STREAM_H */
