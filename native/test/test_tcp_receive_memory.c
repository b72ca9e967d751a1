/* SPDX-License-Identifier: Apache-2.0 */

/* Receiving when memory is short: what is copied, what is dropped, and what stays the port's. */

#include "support/fake_port.h"
#include "support/harness.h"

#include <string.h>

static uint8_t pattern[65536];
static uint8_t buf[1 << 20];

static void
small_payloads_are_copied_and_their_packets_freed(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 20; i++)
		peer(h, &c, TCP_ACK, (uint32_t)i * 200, 0, pattern + i * 200, 200, 65535);
	poll_engine(h);
	assert_int_equal(h->port->port.held, 0);
	assert_int_equal(h->e->slabs.port.held, 2); /* 4000 bytes on slabs of 2048 */
	assert_int_equal(accept_data(h, &c, buf), 4000);
	assert_memory_equal(buf, pattern, 4000);
	assert_int_equal(counter(h, FLUE_CTR_IN_COPIED), 20);
	finish(h, &c);
}

static void
a_port_short_of_buffers_gets_them_back_by_copying(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->e->low_buffers = 4;
	for (i = 0; i < 16; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, pattern + i * 1000, 1000, 65535);
	h->budget = 16;
	poll_engine(h);
	assert_true(h->port->port.held <= 5);
	i = 0;
	while (i < 16000)
		i += accept_data(h, &c, buf + i);
	assert_memory_equal(buf, pattern, 16000);
	finish(h, &c);
}

static void
without_memory_a_segment_is_dropped_before_it_is_acknowledged(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t slabs = 0;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->e->low_buffers = 0;
	slabs = h->e->slabs.ids.free;
	h->e->slabs.ids.free = 0;
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	sent_none(h);
	up_none(h);
	h->e->slabs.ids.free = slabs;
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	assert_int_equal(accept_data(h, &c, buf), 1000);
	finish(h, &c);
}

static void
the_reassembly_queue_is_bounded(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h = harness_new(&config, 0);
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 1; i <= 300; i++) {
		peer(h, &c, TCP_ACK, i * 10, 0, pattern, 5, 65535);
		pass_after(h, MS);
	}
	assert_int_equal(flue_extra_of(h->e, &h->e->conns[(uint32_t)c.token])->ooo_count,
			FLUE_OOO_MAX);
	assert_int_equal(h->port->port.held, FLUE_OOO_MAX);
	finish(h, &c);
}

static void
behind_a_capture_small_payloads_are_copied_as_well(void **state)
{
	struct fake_port *inner = fake_port_new(64, 0);
	struct conn c = { 0 };
	struct harness *h;
	flue_port *outer;

	(void)state;
	assert_int_equal(flue_capture_open(&inner->port, "/dev/null", &outer), 0);
	h = harness_on(NULL, outer, false);
	h->port = inner;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 100, 65535);
	pass_after(h, MS);
	assert_int_equal(accept_data(h, &c, buf), 100);
	peer(h, &c, TCP_ACK, 100, 0, pattern, 100, 65535);
	pass_after(h, MS);
	assert_int_equal(inner->port.held, 0);
	assert_int_equal(accept_data(h, &c, buf), 100);
	h->port->seen = h->port->sent_count;
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_at_rest(h);
	h->port = NULL; /* the capture is over it, and ends after the engine */
	harness_discard(h);
	flue_port_close(outer);
	fake_port_free(inner);
}

static void
segments_behind_holes_and_frames_leave_the_port_its_buffers(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c[12] = { 0 };
	struct flue_up up;
	uint8_t frame[64] = OUR_MAC PEER_MAC "\x08\x06";
	unsigned i;
	unsigned k;

	(void)state;
	config.max_frames = 2048;
	h = harness_new(&config, 0);
	for (i = 0; i < 12; i++)
		connect_at(h, &c[i], 1, 1);
	for (k = 0; k < 200; k++) {
		for (i = 0; i < 6; i++)
			peer(h, &c[i], TCP_ACK, 300 * (k + 1), 0, pattern, 290, 65535);
		pass_after(h, MS);
		h->port->seen = h->port->sent_count;
	}
	assert_in_range(h->e->port->held, 1, 1024 * 3 / 4 + 32);
	for (k = 0; k < 200; k++) {
		for (i = 0; i < 5; i++)
			inject(h, frame, sizeof(frame));
		pass_after(h, MS);
	}
	assert_in_range(h->e->port->held, 1, 1024 * 3 / 4 + 32);
	assert_true(counter(h, FLUE_CTR_FRAMES_UP_DROPPED) > 0);
	/* Who has no hole still gets data through, and an ACK for it. */
	peer(h, &c[11], TCP_ACK, 0, 0, pattern, 100, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c[11]).ack, 100);
	while (up_next(h, &up))
		if (up.op == FLUE_UP_FRAME)
			submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
		else if (up.op == FLUE_UP_RECEIVE_INDICATE)
			verdict(h, &c[11], up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED,
					0);
	poll_engine(h);
	for (i = 0; i < 12; i++)
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_payloads_are_copied_and_their_packets_freed),
		cmocka_unit_test(a_port_short_of_buffers_gets_them_back_by_copying),
		cmocka_unit_test(without_memory_a_segment_is_dropped_before_it_is_acknowledged),
		cmocka_unit_test(the_reassembly_queue_is_bounded),
		cmocka_unit_test(behind_a_capture_small_payloads_are_copied_as_well),
		cmocka_unit_test(segments_behind_holes_and_frames_leave_the_port_its_buffers),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
