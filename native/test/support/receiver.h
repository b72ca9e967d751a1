/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_RECEIVER_H
#define FLUE_TEST_RECEIVER_H

/**
 * @file
 * A peer that receives the stream as RFC 2018 and 2883 say, behind a path that loses what the test says:
 * each segment arrives half a round trip later and draws an ACK at once, with the block of the newest
 * segment first. What it is sent is compared with the stream.
 */

#include "support/stream.h"

#define RECEIVER_ACKS 512

struct receiver {
	struct harness *h;
	struct conn *c;
	uint32_t total; /* bytes that are to come */
	uint32_t upto;  /* all before has come */
	uint8_t have[STREAM_BYTES];
	int64_t rtt;
	bool sack;
	bool dsack;
	unsigned segments; /* that left the engine so far; the n-th is lost when `lost` says so */
	bool (*lost)(unsigned n, uint32_t seq);
	struct {
		int64_t at;
		uint32_t upto;
		uint32_t blocks[4][2];
		unsigned n;
	} acks[RECEIVER_ACKS]; /* on their way */
	unsigned first;
	unsigned last;
	unsigned taken; /* ACKs that arrived */
};

/** `total` bytes of the stream are to come on the connection. */
void receiver_init(struct receiver *r, struct harness *h, struct conn *c, uint32_t total);
/** What has left the engine since arrives or is lost. */
void receiver_take(struct receiver *r);
/** A millisecond: ACKs that are due arrive one by one, each in a pass of its own; what they draw is
 *  taken. @return ACKs that arrived */
unsigned receiver_step(struct receiver *r);

#endif /* FLUE_TEST_RECEIVER_H */
