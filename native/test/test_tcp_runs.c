/* SPDX-License-Identifier: Apache-2.0 */

/* A segment that follows another one of its flow in a burst is taken for what it would be alone: two engines
 * receive the same frames, and one of them never sees two of them together. */

#include "support/stream.h"

#include <string.h>

#define PAYLOAD 100
#define FRAMES  3

/** What came of frames, but for ACKs, which a burst shares. */
struct outcome {
	uint64_t rx_bytes;
	uint64_t segments;
	uint64_t fast;
	uint64_t payload;
	uint64_t bad_checksum;
	uint64_t out_of_window;
	uint64_t duplicate;
	uint64_t frames_up;
	uint64_t discards[2];
	uint64_t received[2];
	uint64_t errors[2];
	uint32_t rcv_nxt;
	uint32_t snd_una;
	uint32_t snd_wnd;
	uint32_t ts_recent;
	uint32_t state;
	uint32_t ended;
};

static void
start(struct harness **h, struct conn *c, uint32_t caps, bool ts)
{
	*h = harness_new(NULL, caps);
	memset(c, 0, sizeof(*c));
	c->ts = ts;
	connect_at(*h, c, 1000, 5000);
}

static uint32_t
frame_at(struct conn *c, uint8_t *frame, unsigned i)
{
	/* The same of all: what is remembered of it hangs on when an ACK went. */
	const uint32_t ts[2] = { 5000, 0 };

	return peer_frame(c, frame, TCP_ACK, i * PAYLOAD, 0, stream + i * PAYLOAD, PAYLOAD, 5000,
			c->ts ? ts : NULL);
}

static struct outcome
outcome(struct harness *h, struct conn *c)
{
	const struct flue_conn *o = object(h, c);
	struct outcome r;
	int i;

	memset(&r, 0, sizeof(r));
	r.rx_bytes = (uint64_t)counter(h, FLUE_CTR_RX_BYTES);
	r.segments = (uint64_t)counter(h, FLUE_CTR_IN_SEGMENTS);
	r.fast = (uint64_t)counter(h, FLUE_CTR_IN_FAST);
	r.payload = (uint64_t)counter(h, FLUE_CTR_IN_BYTES);
	r.bad_checksum = (uint64_t)counter(h, FLUE_CTR_BAD_CHECKSUM);
	r.out_of_window = (uint64_t)counter(h, FLUE_CTR_IN_OUT_OF_WINDOW);
	r.duplicate = (uint64_t)counter(h, FLUE_CTR_IN_DUPLICATE);
	r.frames_up = (uint64_t)counter(h, FLUE_CTR_FRAMES_UP);
	for (i = 0; i < 2; i++) {
		r.discards[i] = h->e->stats[i].ip.in_discards;
		r.received[i] = h->e->stats[i].ip.in_octets;
		r.errors[i] = h->e->stats[i].tcp.in_errors;
	}
	r.rcv_nxt = o->rcv_nxt;
	r.snd_una = o->snd_una;
	r.snd_wnd = o->snd_wnd;
	r.ts_recent = o->ts_recent;
	r.state = o->state;
	r.ended = o->flags & (CONN_STOPPED | CONN_ABORTED | CONN_FIN_RCVD);
	return r;
}

/** Three frames, of which the middle one has a bit turned: together, or one by one. */
static struct outcome
three_frames(uint32_t caps, bool ts, uint32_t byte, uint32_t bit, bool together)
{
	struct harness *h;
	struct conn c;
	struct outcome r;
	unsigned i;

	start(&h, &c, caps, ts);
	for (i = 0; i < FRAMES; i++) {
		uint8_t frame[2048];
		uint32_t len = frame_at(&c, frame, i);

		if (i == 1)
			frame[byte] ^= (uint8_t)(1u << bit);
		inject(h, frame, len);
		if (!together)
			poll_engine(h);
	}
	poll_engine(h);
	r = outcome(h, &c);
	harness_discard(h);
	return r;
}

static void
each_bit_of_a_header_counts_behind_another_of_its_flow_as_alone(void **state)
{
	static const uint32_t caps[] = { FLUE_PORT_RX_CSUM, 0, FLUE_PORT_RX_TCP_CSUM };
	uint32_t headers = harness_ip6() ? 14 + 40 + 20 : 14 + 20 + 20;
	uint32_t i;

	(void)state;
	for (i = 0; i < headers * 8 * 6; i++) {
		uint32_t byte = i / 48;
		uint32_t bit = i / 6 % 8;
		uint32_t offloads = caps[i / 2 % 3];
		struct outcome together = three_frames(offloads, i & 1, byte, bit, true);
		struct outcome alone = three_frames(offloads, i & 1, byte, bit, false);

		if (memcmp(&together, &alone, sizeof(alone)) != 0)
			fail_msg("byte %u, bit %u, offloads %x, timestamps %u", byte, bit, offloads,
					i & 1);
	}
}

/** Frames cut short behind a whole one: never beyond their end. */
static void
a_short_frame_behind_a_whole_one_is_read_no_further_than_it_goes(void **state)
{
	uint32_t len;

	(void)state;
	for (len = 1; len < 14 + 40 + 20 + 8; len++) {
		struct harness *h;
		struct conn c;
		uint8_t frame[2048];
		uint32_t whole;
		int64_t segments;

		start(&h, &c, FLUE_PORT_RX_CSUM, false);
		whole = frame_at(&c, frame, 0);
		inject(h, frame, whole);
		(void)frame_at(&c, frame, 1);
		inject(h, frame, len);
		segments = counter(h, FLUE_CTR_IN_SEGMENTS);
		poll_engine(h);
		assert_int_equal(counter(h, FLUE_CTR_IN_SEGMENTS) - segments, 1);
		assert_int_equal(object(h, &c)->rcv_nxt, 5000 + PAYLOAD);
		harness_discard(h);
	}
}

/** Runs of three flows in one burst, in every order of five segments. */
static void
runs_of_several_flows_in_a_burst_go_where_they_belong(void **state)
{
	uint32_t order;

	(void)state;
	for (order = 0; order < 3 * 3 * 3 * 3 * 3; order++) {
		struct harness *h = harness_new(NULL, order % 2 ? FLUE_PORT_RX_CSUM : 0);
		struct conn c[3] = { 0 };
		uint32_t got[3] = { 0 };
		uint32_t left = order;
		unsigned i;

		/* The last one is nobody's here. */
		for (i = 0; i < 2; i++)
			connect_at(h, &c[i], 1000 * i, 5000 * i);
		c[2] = c[1];
		c[2].port = 777;
		for (i = 0; i < 5; i++, left /= 3) {
			uint8_t frame[2048];
			uint32_t k = left % 3;

			inject(h, frame, frame_at(&c[k], frame, got[k]++));
		}
		poll_engine(h);
		for (i = 0; i < 2; i++)
			assert_int_equal(object(h, &c[i])->rcv_nxt, c[i].irs + got[i] * PAYLOAD);
		assert_int_equal(counter(h, FLUE_CTR_FRAMES_UP), got[2]);
		harness_discard(h);
	}
}

/** What ended a connection in the middle of a run ended it for the rest of the run. */
static void
behind_a_reset_a_run_is_the_hosts(void **state)
{
	struct harness *h;
	struct conn c;
	uint8_t frame[2048];
	uint32_t len;

	(void)state;
	start(&h, &c, FLUE_PORT_RX_CSUM, false);
	inject(h, frame, frame_at(&c, frame, 0));
	len = peer_frame(&c, frame, TCP_RST | TCP_ACK, PAYLOAD, 0, NULL, 0, 5000, NULL);
	inject(h, frame, len);
	inject(h, frame, frame_at(&c, frame, 1));
	poll_engine(h);
	assert_true(object(h, &c)->flags & CONN_ABORTED);
	assert_int_equal(object(h, &c)->rcv_nxt, 5000 + PAYLOAD);
	assert_int_equal(counter(h, FLUE_CTR_FRAMES_UP), 1);
	harness_discard(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bit_of_a_header_counts_behind_another_of_its_flow_as_alone),
		cmocka_unit_test(a_short_frame_behind_a_whole_one_is_read_no_further_than_it_goes),
		cmocka_unit_test(runs_of_several_flows_in_a_burst_go_where_they_belong),
		cmocka_unit_test(behind_a_reset_a_run_is_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
