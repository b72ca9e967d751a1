/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_IN_FLIGHT_H
#define FLUE_TEST_IN_FLIGHT_H

/** @file Full segments in flight to a peer with SACK, and which of them go out again. SRTT is 20 ms; the
 *  peer's ACKs come when the script says. */

#include "support/stream.h"
#include "tcp/loss.h"

#include <string.h>

#define SEG 1460u

/** Exactly one segment was sent, and it is a full one at `seq`. */
static inline void
one_segment(struct harness *h, struct conn *c, uint32_t seq)
{
	struct seen s = sent_expect(h, c);

	assert_int_equal(s.seq, seq);
	assert_int_equal(s.len, SEG);
	assert_memory_equal(s.payload, stream + seq, SEG);
	sent_none(h);
}

/** Segments in this order, and no others. */
static inline void
segments(struct harness *h, struct conn *c, const uint32_t *numbers, unsigned n)
{
	struct seen s;
	unsigned i;

	for (i = 0; i < n; i++) {
		s = sent_expect(h, c);
		assert_int_equal(s.seq / SEG, numbers[i]);
		assert_int_equal(s.seq % SEG, 0);
		assert_int_equal(s.len, SEG);
		assert_memory_equal(s.payload, stream + s.seq, SEG);
	}
	sent_none(h);
}

static inline struct flue_episode *
episode(struct harness *h, struct conn *c)
{
	assert_true(object(h, c)->loss & LOSS_BOARD);
	return flue_episode_of(h->e, object(h, c));
}

/** `n` segments in flight, nothing more to send; a round trip has been measured. */
static inline void
in_flight(struct harness *h, struct conn *c, unsigned numbers, unsigned n)
{
	struct flue_conn *o;

	connect_sack(h, c, start_numbers[numbers][0], start_numbers[numbers][1]);
	o = object(h, c);
	o->min_rtt = 20000;
	o->cc.cwnd = n * SEG;
	(void)send_data(h, c, n * SEG);
	assert_int_equal(drain_sent(h, c), n * SEG);
	pass_after(h, 20 * MS);
}

#endif /* FLUE_TEST_IN_FLIGHT_H */
