/* SPDX-License-Identifier: Apache-2.0 */

/* Reasons to ask the host for a connection: what raises each, and what the engine does after. */

#include "support/stream.h"
#include "tcp/tcp.h"

#include <string.h>

#define INTERVAL (10 * SEC)

static struct flue_engine_config
watching(void)
{
	struct flue_engine_config config = harness_config();

	config.watch_interval_ms = 10000;
	return config;
}

static void
retrieve_expect(struct harness *h, struct conn *c, uint64_t reason)
{
	event_expect(h, c, FLUE_TCP_INDICATE_RETRIEVE, reason);
}

/** After an optional request everything goes on as before (T-132). */
static void
goes_on(struct harness *h, struct conn *c, uint32_t rcv, uint32_t snd)
{
	uint8_t buf[100];
	struct flue_up up;

	(void)drain_sent(h, c);
	peer(h, c, TCP_ACK, rcv, snd, "more", 4, 65535);
	pass_after(h, MS);
	while (h->ch->up_tail - h->ch->up_head > 1)
		(void)up_next(h, &up);
	assert_int_equal(accept_data(h, c, buf), 4);
	submit(h, FLUE_SUB_SEND, c->token, nbl_new(h, stream, 10, 1), 0, 0);
	pass_after(h, 100 * MS);
	assert_int_equal(drain_sent(h, c), snd + 10);
	peer(h, c, TCP_ACK, rcv + 4, snd + 10, NULL, 0, 65535);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
}

RULE("T-132")
static void
low_activity(void **state)
{
	struct flue_engine_config config = watching();
	struct harness *h;
	struct conn c = { 0 };

	(void)state;
	config.watch_low_bytes = 1000;
	h = harness_new(&config, 0);
	connect_at(h, &c, 0xffffff00, 1);
	(void)send_data(h, &c, 1000);
	(void)drain_sent(h, &c);
	ack(h, &c, 1000, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	pass_after(h, INTERVAL);
	up_none(h); /* enough */
	pass_after(h, INTERVAL / 2);
	up_none(h); /* at most one in an interval */
	pass_after(h, INTERVAL);
	retrieve_expect(h, &c, FLUE_UPLOAD_LOW_ACTIVITY);
	up_none(h);
	goes_on(h, &c, 0, 1000);
	pass_after(h, INTERVAL);
	retrieve_expect(h, &c, FLUE_UPLOAD_LOW_ACTIVITY); /* ignored: asked again */
	finish(h, &c);
}

RULE("T-132")
static void
high_drop_rate(void **state)
{
	struct flue_engine_config config = watching();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	uint32_t at = 0;
	int i;

	(void)state;
	config.watch_drop_percent = 9;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	/* Of 60 segments 6 are lost, each mended before the next ten go. */
	for (i = 0; i < 6; i++) {
		int dup;

		object(h, &c)->cc.cwnd = 14600;
		(void)send_data(h, &c, 14600);
		for (dup = 0; dup < 3; dup++)
			ack(h, &c, at, 65535);
		at += 14600;
		ack(h, &c, at, 65535);
	}
	assert_int_equal(counter(h, FLUE_CTR_RETRANSMITS), 6);
	pass_after(h, INTERVAL);
	while (up_next(h, &up) && up.op != FLUE_UP_EVENT)
		;
	assert_int_equal(up.arg1, FLUE_UPLOAD_HIGH_DROP_RATE);
	goes_on(h, &c, 0, at);
	finish(h, &c);
}

RULE("T-132")
static void
small_io(void **state)
{
	struct flue_engine_config config = watching();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	unsigned round;
	unsigned i;

	(void)state;
	config.watch_small_io_bytes = 100;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 16; i++)
			(void)send_data(h, &c, round == 0 ? 100 : 99);
		(void)drain_sent(h, &c);
		ack(h, &c, 1600 + round * 16 * 99, 65535);
		while (up_next(h, &up))
			assert_int_equal(up.op, FLUE_UP_SEND_COMPLETE);
		pass_after(h, INTERVAL);
		if (round == 0)
			up_none(h);
	}
	retrieve_expect(h, &c, FLUE_UPLOAD_SMALL_IO);
	goes_on(h, &c, 0, 1600 + 16 * 99);
	finish(h, &c);
}

RULE("T-132")
static void
no_buffer_preposting(void **state)
{
	struct flue_engine_config config = watching();
	struct harness *h;
	struct conn c = { 0 };
	uint8_t buf[2000];
	struct flue_up up;
	uint32_t at = 0;
	unsigned round;
	unsigned i;

	(void)state;
	config.watch_unposted_bytes = 5000;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	for (round = 0; round < 2; round++) {
		/* With a request posted in the interval the host does what it can. */
		if (round == 0) {
			submit(h, FLUE_SUB_RECEIVE, c.token, nbl_new(h, NULL, 1000, 1), 0, 0);
			peer(h, &c, TCP_ACK | TCP_PSH, at, 0, stream + at, 1000, 65535);
			pass_after(h, MS);
			(void)up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
			at += 1000;
		}
		for (i = 0; i < 6; i++) {
			peer(h, &c, TCP_ACK, at, 0, stream + at, 1000, 65535);
			pass_after(h, MS);
			assert_int_equal(accept_data(h, &c, buf), 1000);
			at += 1000;
		}
		pass_after(h, INTERVAL);
		if (round == 0)
			up_none(h);
	}
	while (up_next(h, &up) && up.op != FLUE_UP_EVENT)
		;
	assert_int_equal(up.arg1, FLUE_UPLOAD_NO_BUFFER_PREPOSTING);
	goes_on(h, &c, at, 0);
	finish(h, &c);
}

RULE("T-132")
static void
high_out_of_order(void **state)
{
	struct flue_engine_config config = watching();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	uint32_t at = 0;
	uint8_t buf[2000];
	unsigned i;

	(void)state;
	config.watch_out_of_order = 20;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 0xfffff000);
	for (i = 0; i < 20; i++) {
		peer(h, &c, TCP_ACK, at + 100, 0, stream + at + 100, 100, 65535);
		peer(h, &c, TCP_ACK, at, 0, stream + at, 100, 65535);
		pass_after(h, MS);
		assert_int_equal(accept_data(h, &c, buf), 200);
		assert_memory_equal(buf, stream + at, 200);
		at += 200;
	}
	pass_after(h, INTERVAL);
	while (up_next(h, &up) && up.op != FLUE_UP_EVENT)
		;
	assert_int_equal(up.arg1, FLUE_UPLOAD_HIGH_OUT_OF_ORDER_PACKETS);
	goes_on(h, &c, at, 0);
	finish(h, &c);
}

/** A frame of the peer's, made the first fragment of a datagram. @return length */
static uint32_t
first_fragment(struct conn *c, uint8_t *frame)
{
	uint32_t len = peer_frame(c, frame, TCP_ACK, 0, 0, stream, 800, 65535, NULL);

	if ((frame[14] >> 4) == 4) {
		frame[20] = 0x20; /* more fragments */
		frame[24] = frame[25] = 0;
		return len;
	}
	memmove(frame + 62, frame + 54, len - 54);
	memset(frame + 54, 0, 8);
	frame[20] = 44;
	frame[54] = 6;
	frame[57] = 1;
	return len + 8;
}

RULE("T-132")
RULE("T-115")
static void
high_fragmentation(void **state)
{
	struct flue_engine_config config = watching();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t frame[2048];
	unsigned i;

	(void)state;
	config.watch_fragments = 5;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 5; i++) {
		inject(h, frame, first_fragment(&c, frame));
		pass_after(h, MS);
		up = up_expect(h, FLUE_UP_FRAME); /* the host reassembles */
		submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	}
	sent_none(h);
	pass_after(h, INTERVAL);
	retrieve_expect(h, &c, FLUE_UPLOAD_HIGH_FRAGMENTATION);
	goes_on(h, &c, 0, 0);
	finish(h, &c);
}

RULE("T-133")
static void
a_half_closed_connection_is_not_asked_for(void **state)
{
	int variant;

	(void)state;
	for (variant = 0; variant < 3; variant++) {
		struct flue_engine_config config = watching();
		struct harness *h;
		struct conn c = { 0 };
		struct flue_up up;

		config.watch_low_bytes = 1000000;
		h = harness_new(&config, 0);
		connect_at(h, &c, 1, 1);
		if (variant == 2) { /* CLOSE-WAIT */
			peer(h, &c, TCP_ACK | TCP_FIN, 0, 0, NULL, 0, 65535);
			pass_after(h, MS);
			event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
		} else { /* FIN-WAIT-1, FIN-WAIT-2 */
			submit(h, FLUE_SUB_DISCONNECT, c.token, nbl_new(h, NULL, 0, 1),
					FLUE_DISCONNECT_GRACEFUL, 0);
			poll_engine(h);
			if (variant == 1)
				ack(h, &c, 1, 65535);
			while (up_next(h, &up))
				assert_int_equal(up.op, FLUE_UP_DISCONNECT_COMPLETE);
		}
		pass_after(h, INTERVAL + SEC);
		pass_after(h, INTERVAL + SEC);
		up_none(h);
		(void)drain_sent(h, &c);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		h->port->seen = h->port->sent_count;
		harness_free(h);
	}
}

static void
without_thresholds_nothing_is_asked(void **state)
{
	struct flue_engine_config config = watching();
	struct harness *h;
	struct conn c = { 0 };

	(void)state;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	assert_int_equal(flue_engine_held(h->e, 7), 0);
	pass_after(h, 10 * INTERVAL);
	up_none(h);
	finish(h, &c);
}

/** Nothing goes out or is believed any more, whatever runs, comes in or is posted. */
static void
stands_still(struct harness *h, struct conn *c)
{
	struct flue_up up;
	unsigned frames = 0;
	flue_ref nbl;
	int i;

	(void)drain_sent(h, c);
	nbl = send_data(h, c, 100);
	peer(h, c, TCP_ACK, 0, 0, "x", 1, 65535);
	peer(h, c, TCP_RST, 0, 0, NULL, 0, 0);
	for (i = 0; i < 20; i++)
		pass_after(h, 10 * SEC);
	sent_none(h);
	while (up_next(h, &up)) {
		if (up.op == FLUE_UP_FRAME) {
			flue_ref ref = up.ref;

			for (; ref != 0; ref = flue_nbl_at(ref)->next)
				frames++;
			submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
			continue;
		}
		assert_int_equal(up.op, FLUE_UP_SEND_COMPLETE);
		assert_true(up.ref == nbl);
	}
	poll_engine(h);
	assert_int_equal(frames, 2);
}

RULE("T-132")
static void
after_a_mandatory_request_nothing_is_processed(void **state)
{
	static const enum flue_upload_reason reasons[] = { FLUE_UPLOAD_TIMEOUT_EXPIRATION,
		FLUE_UPLOAD_UPLOAD_REQUESTED };
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		int n;

		if (i == 0)
			h->e->params.tcp_maximum_retransmissions = 1;
		else
			h->e->params.tcp_doubt_reachability_retransmissions = 1;
		connect_at(h, &c, 1, 1);
		(void)send_data(h, &c, 1000);
		for (n = 0; n < 10; n++)
			pass_after(h, 100 * MS);
		retrieve_expect(h, &c, reasons[i]);
		stands_still(h, &c);
		finish(h, &c);
	}
}

RULE("T-145")
static void
without_memory_for_a_request_the_host_gets_the_connection(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref a;
	flue_ref r;
	flue_ref d;

	(void)state;
	config.max_sends = 2;
	h = harness_new(&config, 0);
	connect_at(h, &c, 1, 1);
	a = nbl_new(h, NULL, 3000, 3); /* three buffers: one too many */
	submit(h, FLUE_SUB_RECEIVE, c.token, a, 0, 0);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(nbl_at(h, a)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	retrieve_expect(h, &c, FLUE_UPLOAD_UPLOAD_REQUESTED);
	/* All that comes until then gets the same answer: sends, receives, disconnects. */
	a = send_data(h, &c, 10);
	r = nbl_new(h, NULL, 10, 1);
	submit(h, FLUE_SUB_RECEIVE, c.token, r, 0, 0);
	d = nbl_new(h, NULL, 0, 1);
	submit(h, FLUE_SUB_DISCONNECT, c.token, d, FLUE_DISCONNECT_GRACEFUL, 0);
	poll_engine(h);
	while (up_next(h, &up))
		assert_int_equal(nbl_at(h, up.ref)->status,
				(uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_int_equal(nbl_at(h, a)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_int_equal(nbl_at(h, r)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_int_equal(nbl_at(h, d)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	sent_none(h);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(low_activity),
		cmocka_unit_test(high_drop_rate),
		cmocka_unit_test(small_io),
		cmocka_unit_test(no_buffer_preposting),
		cmocka_unit_test(high_out_of_order),
		cmocka_unit_test(high_fragmentation),
		cmocka_unit_test(a_half_closed_connection_is_not_asked_for),
		cmocka_unit_test(without_thresholds_nothing_is_asked),
		cmocka_unit_test(after_a_mandatory_request_nothing_is_processed),
		cmocka_unit_test(without_memory_for_a_request_the_host_gets_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
