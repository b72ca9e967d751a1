/* SPDX-License-Identifier: Apache-2.0 */

/* What a connection needs beyond its context, it has only as long as it needs it; and where there is no
 * record left for it, it does without: nothing is lost, nothing hangs, nothing is kept. */

#include <string.h>

#include "support/stream.h"
#include "tcp/congestion.h"

#define SEG 1460

/** An engine with `extras` records, the first of which is taken by `hog`: it has data behind a hole. */
static struct harness *
scarce(struct conn *hog, int32_t extras, int32_t algorithm)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;

	config.max_extras = extras;
	config.congestion_control = algorithm;
	h = harness_new(&config, 0);
	connect_at(h, hog, 1, 1);
	arrive(h, hog, 1000, 100, 0);
	(void)sent_expect(h, hog);
	assert_int_equal(flue_engine_held(h->e, 11), 1);
	return h;
}

/** The hole is filled: the record is free again. */
static void
let_go(struct harness *h, struct conn *hog)
{
	static uint8_t buf[4096];
	struct seen s;

	arrive(h, hog, 0, 1000, 0);
	while (sent_next(h, hog, &s))
		;
	assert_int_equal(accept_data(h, hog, buf), 1100);
	pass_after(h, MS);
	assert_int_equal(flue_engine_held(h->e, 11), 0);
}

static void
done(struct harness *h, struct conn *hog, struct conn *c)
{
	struct flue_up up;

	while (up_next(h, &up))
		;
	assert_int_equal(terminate(h, c), FLUE_STATUS_SUCCESS);
	assert_int_equal(terminate(h, hog), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
what_is_out_of_order_is_dropped_and_still_drawn_attention_to(void **state)
{
	static uint8_t buf[4096];
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_RENO);
	struct seen s;

	(void)state;
	connect_sack(h, &c, 1, 1);
	arrive(h, &c, 500, 500, 0);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 0);
	assert_int_equal(s.sacks, 0);
	assert_true(counter(h, FLUE_CTR_NO_EXTRA) > 0);
	/* Told of nothing, it comes again behind what was missing. */
	arrive(h, &c, 0, 500, 0);
	assert_int_equal(sent_expect(h, &c).ack, 500);
	arrive(h, &c, 500, 500, 0);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	while (object(h, &c)->rx_held > 0)
		(void)accept_data(h, &c, buf);
	/* With a record it would have been kept. */
	let_go(h, &hog);
	arrive(h, &c, 1500, 500, 0);
	s = sent_expect(h, &c);
	assert_int_equal(s.sacks, 1);
	assert_int_equal(flue_engine_held(h->e, 11), 1);
	arrive(h, &c, 1000, 500, 0);
	(void)drain_sent(h, &c);
	assert_int_equal(flue_engine_held(h->e, 11), 0);
	while (object(h, &c)->rx_held > 0)
		(void)accept_data(h, &c, buf);
	done(h, &hog, &c);
}

/** Ten segments in flight, the first one is lost: duplicate ACKs with blocks. */
static void
lose_one(struct harness *h, struct conn *c)
{
	uint32_t i;

	connect_sack(h, c, 1, 1);
	object(h, c)->cc.cwnd = 10 * SEG;
	(void)send_data(h, c, 10 * SEG);
	assert_int_equal(drain_sent(h, c), 10 * SEG);
	for (i = 2; i <= 4; i++)
		sack(h, c, 0, SEG, i * SEG);
}

static void
recovery_goes_on_without_a_scoreboard_and_the_window_is_renos(void **state)
{
	static const int32_t algorithms[] = { FLUE_CC_RENO, FLUE_CC_CUBIC, FLUE_CC_DCTCP };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct conn hog = { 0 };
		struct conn c = { 0 };
		struct harness *h = scarce(&hog, 1, algorithms[i]);
		struct seen s;

		lose_one(h, &c);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 0);
		assert_int_equal(s.len, SEG);
		assert_true(counter(h, FLUE_CTR_NO_BOARD) > 0);
		assert_int_equal(counter(h, FLUE_CTR_FAST_RETRANSMITS), 1);
		/* Half of what was in flight, whatever the algorithm. */
		assert_int_equal(object(h, &c)->cc.ssthresh, 5 * SEG);
		ack(h, &c, 10 * SEG, 65535);
		assert_int_equal(object(h, &c)->loss, 0);
		assert_in_range(object(h, &c)->cc.cwnd, SEG, 5 * SEG);
		(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		/* In congestion avoidance a window of ACKs brings a segment. */
		object(h, &c)->cc.cwnd = 5 * SEG;
		(void)send_data(h, &c, 5 * SEG);
		(void)drain_sent(h, &c);
		ack(h, &c, 15 * SEG, 65535);
		assert_in_range(object(h, &c)->cc.cwnd, 6 * SEG - 2, 6 * SEG);
		assert_int_equal(object(h, &c)->more, 0);
		done(h, &hog, &c);
	}
}

static void
a_record_taken_for_a_loss_goes_back_when_its_last_trace_is_gone(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h = harness_new(&config, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	lose_one(h, &c);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	assert_int_equal(flue_engine_held(h->e, 11), 1);
	ack(h, &c, 10 * SEG, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	/* It could still turn out to have been for nothing; once newer data has arrived it could not. */
	(void)send_data(h, &c, 100);
	(void)drain_sent(h, &c);
	ack(h, &c, 10 * SEG + 100, 65535);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_int_equal(flue_engine_held(h->e, 11), 0);
	assert_int_equal(counter(h, FLUE_CTR_NO_EXTRA), 0);
	finish(h, &c);
}

static void
a_tail_is_not_probed_and_the_timeout_stands(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_CUBIC);
	unsigned ms;

	(void)state;
	connect_sack(h, &c, 1, 1);
	(void)send_data(h, &c, 5 * SEG);
	assert_int_equal(drain_sent(h, &c), 5 * SEG);
	for (ms = 0; ms < 5000 && counter(h, FLUE_CTR_TIMEOUTS) == 0; ms++)
		pass_after(h, MS);
	assert_int_equal(counter(h, FLUE_CTR_TAIL_PROBES), 0);
	assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
	assert_int_equal(sent_expect(h, &c).seq, 0);
	ack(h, &c, 5 * SEG, 65535);
	assert_int_equal(object(h, &c)->loss, 0);
	done(h, &hog, &c);
}

static void
a_posted_request_that_cannot_wait_completes_as_it_is(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_RENO);
	flue_ref first = nbl_new(h, NULL, 1000, 1);
	flue_ref second = nbl_new(h, NULL, 1000, 2);
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	submit(h, FLUE_SUB_RECEIVE, c.token, first, 0, 0);
	submit(h, FLUE_SUB_RECEIVE, c.token, second, 0, 0);
	poll_engine(h);
	arrive(h, &c, 0, 300, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == first);
	assert_int_equal(nbl_at(h, first)->bytes_transferred, 300);
	assert_int_equal(nbl_at(h, first)->status, FLUE_STATUS_SUCCESS);
	up_none(h);
	(void)drain_sent(h, &c);
	/* With a record it waits for more. */
	let_go(h, &hog);
	arrive(h, &c, 300, 300, 0);
	up_none(h);
	assert_int_equal(flue_engine_held(h->e, 11), 1);
	arrive(h, &c, 600, 700, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_COMPLETE);
	assert_true(up.ref == second);
	assert_int_equal(nbl_at(h, second)->bytes_transferred, 1000);
	assert_int_equal(flue_engine_held(h->e, 11), 0);
	(void)drain_sent(h, &c);
	done(h, &hog, &c);
}

static void
a_graceful_disconnect_becomes_the_hosts(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_RENO);
	flue_ref d;

	(void)state;
	connect_at(h, &c, 1, 1);
	d = disconnect(h, &c, FLUE_DISCONNECT_GRACEFUL, 100);
	assert_true(up_expect(h, FLUE_UP_DISCONNECT_COMPLETE).ref == d);
	assert_int_equal(nbl_at(h, d)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
	sent_none(h);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_ESTABLISHED);
	assert_int_equal(terminate(h, &hog), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
an_abortive_disconnect_needs_none(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_RENO);
	struct flue_up up;
	flue_ref send;
	flue_ref d;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->port->keep_tx = true;
	send = send_data(h, &c, 1000);
	assert_int_equal(drain_sent(h, &c), 1000);
	d = disconnect(h, &c, FLUE_DISCONNECT_ABORTIVE, 0);
	/* The port still reads the send: it has to be over before. */
	up_none(h);
	sent_none(h);
	h->port->keep_tx = false;
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).flags & TCP_RST, TCP_RST);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == send);
	assert_int_equal(nbl_at(h, send)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
	assert_true(up_expect(h, FLUE_UP_DISCONNECT_COMPLETE).ref == d);
	assert_int_equal(nbl_at(h, d)->status, FLUE_STATUS_SUCCESS);
	up_none(h);
	done(h, &hog, &c);
}

/** Congestion state in mid-curve has its place in a record alone. */
static void
an_initiate_whose_state_needs_one_is_refused(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct conn plain = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_CUBIC);

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_delegated(&c)->header.recognized_options = FLUE_STATE_OPTION_EXT;
	tcp_ext(&c)->version = FLUE_TCP_EXT_VERSION;
	tcp_ext(&c)->cc_algorithm = FLUE_CC_CUBIC;
	tcp_ext(&c)->rcv_adv = c.irs + 65535;
	tcp_ext(&c)->last_ack_sent = c.irs;
	tcp_ext(&c)->recover = c.iss;
	tcp_ext(&c)->cc_state[0] = 100 * SEG;
	assert_int_equal(conn_initiate(h, &c), (uint32_t)FLUE_STATUS_RESOURCES);
	assert_int_equal(flue_engine_held(h->e, 2), 1);
	assert_int_equal(flue_engine_held(h->e, 12), 1);
	/* One that needs none is taken, and so is this one later. */
	connect_at(h, &plain, 1, 1);
	let_go(h, &hog);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(object_extra(h, &c)->cc.word[0], 100 * SEG);
	assert_int_equal(terminate(h, &plain), FLUE_STATUS_SUCCESS);
	done(h, &hog, &c);
}

/** Sends that are refused while others are out complete behind them: that needs no record. */
static void
refused_sends_keep_their_place(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_RENO);
	struct flue_up up;
	flue_ref sends[3];

	(void)state;
	connect_at(h, &c, 1, 1);
	sends[0] = send_data(h, &c, 1000);
	(void)drain_sent(h, &c);
	flue_tcp_request_upload(h->e, object(h, &c), FLUE_UPLOAD_UPLOAD_REQUESTED);
	sends[1] = send_data(h, &c, 100);
	sends[2] = send_data(h, &c, 100);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
	up_none(h);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_true(c.block->net_buffer_list_chain == sends[0]);
	assert_int_equal(nbl_at(h, sends[1])->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_true(nbl_at(h, sends[1])->next == sends[2]);
	while (up_next(h, &up))
		;
	assert_int_equal(terminate(h, &hog), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
a_window_that_opens_a_little_is_told_at_once(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_RENO);
	uint32_t told;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->initial_rcv_wnd = 30 * SEG;
	tcp_delegated(&c)->rcv_wnd = 2 * SEG;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, 200 * MS);
	object(h, &c)->rcv_adv = object(h, &c)->rcv_nxt + 100;
	object(h, &c)->rx_held = 28 * SEG + SEG / 2 - 100;
	told = object(h, &c)->rcv_adv;
	flue_window_check(h->e, object(h, &c));
	assert_int_equal(object(h, &c)->sws_runs, 0);
	assert_true(object(h, &c)->flags & CONN_WIN_UPDATE);
	pass_after(h, MS);
	assert_true(flue_seq_gt(object(h, &c)->rcv_adv, told));
	object(h, &c)->rx_held = 0;
	(void)drain_sent(h, &c);
	done(h, &hog, &c);
}

static void
an_echo_of_congestion_still_cuts_once_a_window(void **state)
{
	static const int32_t algorithms[] = { FLUE_CC_RENO, FLUE_CC_CUBIC, FLUE_CC_DCTCP };
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct conn hog = { 0 };
		struct conn c = { 0 };
		struct harness *h = scarce(&hog, 1, algorithms[i]);
		uint32_t upto;

		connect_at(h, &c, 1, 1);
		object(h, &c)->tos |= TOS_ECN;
		object(h, &c)->cc.cwnd = 20 * SEG;
		(void)send_data(h, &c, 20 * SEG);
		assert_int_equal(drain_sent(h, &c), 20 * SEG);
		/* All that was in flight at the first echo belongs to the same cut. */
		for (upto = 1; upto <= 19; upto++) {
			c.peer_ack = upto * SEG;
			peer(h, &c, TCP_ACK | TCP_ECE, 0, upto * SEG, NULL, 0, 65535);
			pass_after(h, MS);
			assert_int_equal(object(h, &c)->cc.cwnd, 10 * SEG);
		}
		(void)drain_sent(h, &c);
		/* Beyond it: the next one. */
		(void)send_data(h, &c, 10 * SEG);
		(void)drain_sent(h, &c);
		for (upto = 20; upto <= 21; upto++) {
			peer(h, &c, TCP_ACK | TCP_ECE, 0, upto * SEG, NULL, 0, 65535);
			pass_after(h, MS);
		}
		assert_true(object(h, &c)->cc.cwnd < 10 * SEG);
		assert_int_equal(object(h, &c)->more, 0);
		(void)drain_sent(h, &c);
		done(h, &hog, &c);
	}
}

/** What came is for the host, and what follows; the peer sends it again to whoever has the connection. */
static void
urgent_data_that_cannot_wait_is_as_if_lost(void **state)
{
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h = scarce(&hog, 1, FLUE_CC_RENO);

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK | TCP_URG, 0, 0, "u", 1, 65535);
	pass_after(h, MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_RECEIVED_URGENT_DATA);
	sent_none(h);
	up_none(h);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs);
	assert_int_equal(terminate(h, &hog), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
without_a_note_of_the_last_a_syn_draws_no_answer(void **state)
{
	struct flue_engine_config config = harness_config();
	struct conn hog = { 0 };
	struct conn c = { 0 };
	struct harness *h;
	unsigned i;

	(void)state;
	config.chimney_profile = 1;
	config.max_extras = 1;
	h = harness_new(&config, 0);
	connect_at(h, &hog, 1, 1);
	connect_at(h, &c, 1, 1);
	arrive(h, &hog, 1000, 100, 0);
	(void)sent_expect(h, &hog);
	for (i = 0; i < 3; i++) {
		peer(h, &c, TCP_SYN, 10, 0, NULL, 0, 65535);
		pass_after(h, MS);
	}
	sent_none(h);
	let_go(h, &hog);
	for (i = 0; i < 3; i++) {
		peer(h, &c, TCP_SYN, 10, 0, NULL, 0, 65535);
		pass_after(h, MS);
	}
	assert_int_equal(sent_expect(h, &c).ack, 0);
	sent_none(h);
	assert_int_equal(flue_engine_held(h->e, 11), 1);
	/* The note is worth something for three seconds. */
	pass_after(h, 4 * SEC);
	(void)send_data(h, &c, 100);
	(void)drain_sent(h, &c);
	ack(h, &c, 100, 65535);
	assert_int_equal(flue_engine_held(h->e, 11), 0);
	done(h, &hog, &c);
}

/* ---- Profiles ------------------------------------------------------------------------------- */

static void
connections_that_are_alike_share_a_profile(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[20] = { 0 };
	struct flue_tcp_const given;
	struct flue_tcp_cached cached;
	unsigned i;

	(void)state;
	for (i = 0; i < 20; i++) {
		conn_block(h, &c[i], 1, 1);
		tcp_const(&c[i])->hash_value = 0x12345600 + i;
		tcp_cached(&c[i])->flow_label = 0x40000000 + i;
		tcp_cached(&c[i])->max_rt = i < 10 ? 0 : 7;
		assert_int_equal(conn_initiate(h, &c[i]), FLUE_STATUS_SUCCESS);
	}
	assert_int_equal(flue_engine_held(h->e, 12), 2);
	for (i = 0; i < 20; i++) {
		given = flue_conn_const(h->e, object(h, &c[i]));
		given.header = tcp_const(&c[i])->header;
		assert_memory_equal(&given, tcp_const(&c[i]), sizeof(given));
		cached = flue_conn_cached(h->e, object(h, &c[i]));
		cached.header = tcp_cached(&c[i])->header;
		assert_memory_equal(&cached, tcp_cached(&c[i]), sizeof(cached));
	}
	for (i = 0; i < 20; i++) {
		assert_int_equal(flue_engine_held(h->e, 12), i < 10 ? 2 : 1);
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
	}
	assert_int_equal(flue_engine_held(h->e, 12), 0);
	harness_free(h);
}

/** @return status */
static uint32_t
update(struct harness *h, struct conn *c, uint32_t max_rt)
{
	struct flue_miniport_offload_block_list *b;
	struct flue_offload_handle *handle;
	struct flue_tcp_cached cached = flue_conn_cached(h->e, object(h, c));
	flue_ref ref = block_new(h, FLUE_STATE_TCP_CACHED, &handle, &b);

	b->miniport_offload_context = c->block->miniport_offload_context;
	cached.max_rt = max_rt;
	memcpy((uint8_t *)b + FLUE_BLOCK_LIST_BYTES, &cached, sizeof(cached));
	submit(h, FLUE_SUB_UPDATE, 0, ref, 0, 0);
	poll_engine(h);
	assert_true(up_expect(h, FLUE_UP_UPDATE_COMPLETE).ref == ref);
	return b->status;
}

/** 256 profiles there are at least. The first connection has its own; then each has one of its own. */
static void
without_a_profile_an_initiate_is_refused_and_an_update_leaves_all_as_it_was(void **state)
{
	struct flue_engine_config config = harness_config();
	struct conn c[257] = { 0 };
	struct harness *h;
	unsigned i;

	(void)state;
	config.max_connections = 300;
	config.max_extras = 1;
	h = harness_new(&config, 0);
	for (i = 0; i < 257; i++) {
		conn_block(h, &c[i], 1, 1);
		tcp_cached(&c[i])->max_rt = 1000 + i;
		assert_int_equal(conn_initiate(h, &c[i]),
				i < 256 ? FLUE_STATUS_SUCCESS : (uint32_t)FLUE_STATUS_RESOURCES);
	}
	assert_int_equal(counter(h, FLUE_CTR_NO_PROFILE), 1);
	assert_int_equal(update(h, &c[0], 5), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(flue_conn_cached(h->e, object(h, &c[0])).max_rt, 1000);
	/* What another one has too is there, and what nobody else had makes room. */
	assert_int_equal(update(h, &c[0], 1001), FLUE_STATUS_SUCCESS);
	assert_int_equal(flue_conn_cached(h->e, object(h, &c[0])).max_rt, 1001);
	assert_int_equal(conn_initiate(h, &c[256]), FLUE_STATUS_SUCCESS);
	for (i = 0; i < 257; i++)
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_out_of_order_is_dropped_and_still_drawn_attention_to),
		cmocka_unit_test(recovery_goes_on_without_a_scoreboard_and_the_window_is_renos),
		cmocka_unit_test(a_record_taken_for_a_loss_goes_back_when_its_last_trace_is_gone),
		cmocka_unit_test(a_tail_is_not_probed_and_the_timeout_stands),
		cmocka_unit_test(a_posted_request_that_cannot_wait_completes_as_it_is),
		cmocka_unit_test(a_graceful_disconnect_becomes_the_hosts),
		cmocka_unit_test(an_abortive_disconnect_needs_none),
		cmocka_unit_test(an_initiate_whose_state_needs_one_is_refused),
		cmocka_unit_test(refused_sends_keep_their_place),
		cmocka_unit_test(a_window_that_opens_a_little_is_told_at_once),
		cmocka_unit_test(an_echo_of_congestion_still_cuts_once_a_window),
		cmocka_unit_test(urgent_data_that_cannot_wait_is_as_if_lost),
		cmocka_unit_test(without_a_note_of_the_last_a_syn_draws_no_answer),
		cmocka_unit_test(connections_that_are_alike_share_a_profile),
		cmocka_unit_test(
				without_a_profile_an_initiate_is_refused_and_an_update_leaves_all_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
