/* SPDX-License-Identifier: Apache-2.0 */

/* Terminate and query: what comes back, in which order, in every state. */

#include "support/harness.h"

#include <string.h>

static uint8_t pattern[100000];
static uint8_t buf[100000];

RULE("T-72")
RULE("T-69")
RULE("T-65")
static void
outstanding_sends_come_back_as_a_chain(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	struct flue_net_buffer *nb;
	flue_ref a = nbl_new(h, pattern, 3000, 3);
	flue_ref b = nbl_new(h, pattern + 3000, 500, 1);
	flue_ref d = nbl_new(h, pattern + 3500, 500, 1);

	(void)state;
	connect_at(h, &c, 0xfffff800, 1);
	nbl_link(h, a, b);
	submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
	submit(h, FLUE_SUB_SEND, c.token, d, 0, 0);
	poll_engine(h);
	h->port->seen = h->port->sent_count;
	peer(h, &c, TCP_ACK, 0, 1700, NULL, 0, 65535);
	pass_after(h, MS);
	terminate_submit(h, &c);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == 0);
	assert_int_equal(up.arg0, 2);
	up = up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_true(up.ref == c.block_ref);
	assert_int_equal(c.block->status, FLUE_STATUS_SUCCESS);
	assert_true(c.block->net_buffer_list_chain == a);
	assert_true(tcp_delegated(&c)->send_data_head == a);
	assert_true(tcp_delegated(&c)->send_data_tail == d);
	assert_true(nbl_at(h, a)->next == b);
	assert_true(nbl_at(h, b)->next == d);
	assert_true(nbl_at(h, d)->next == 0);
	nb = java_at(h, nbl_at(h, a)->first_net_buffer);
	assert_int_equal(nb->data_length, 1300);
	assert_int_equal(nb->data_offset, 1700);
	assert_int_equal(gather(h, a, buf), 1300);
	assert_memory_equal(buf, pattern + 1700, 1300);
	assert_int_equal(tcp_delegated(&c)->snd_una, c.iss + 1700);
	assert_int_equal(tcp_delegated(&c)->snd_max, c.iss + 4000);
	assert_int_equal(tcp_delegated(&c)->retransmit_timeout_delta, 200);
	assert_int_equal(tcp_delegated(&c)->ka_timeout_delta, FLUE_TIMER_STOPPED);
	harness_free(h);
}

RULE("T-73")
RULE("T-74")
RULE("T-79")
RULE("T-66")
static void
undelivered_data_comes_back_as_buffered_data(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref ref;
	uint32_t total = 0;
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 0xffff8000);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	for (i = 1; i < 40; i++)
		peer(h, &c, TCP_ACK, i * 1000, 0, pattern + i * 1000, 1000, 65535);
	pass_after(h, MS);
	/* An indication is under way: the terminate waits for its verdict. */
	terminate_submit(h, &c);
	pass_after(h, MS);
	up_none(h);
	/* Whatever the host left there. */
	c.block->net_buffer_list_chain = UINT64_C(0x7777777777777770);
	verdict(h, &c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED, 300);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_true(c.block->net_buffer_list_chain == 0);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 40000);
	for (ref = tcp_delegated(&c)->buffered_data; ref != 0;) {
		const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);

		total += gather(h, ref, buf + total);
		ref = nbl->next;
	}
	assert_int_equal(total, 39700);
	assert_memory_equal(buf, pattern + 300, 39700);
	assert_true(flue_engine_held(h->e, 5) == 2);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, tcp_delegated(&c)->buffered_data, 0, 0);
	poll_engine(h);
	harness_free(h);
}

RULE("T-67")
static void
an_owed_ack_is_sent_before(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	terminate_submit(h, &c);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED, 0);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(gather(h, tcp_delegated(&c)->buffered_data, buf), 1000);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, tcp_delegated(&c)->buffered_data, 0, 0);
	poll_engine(h);
	(void)up;
	harness_free(h);
}

RULE("T-70")
static void
segments_after_the_terminate_and_held_ones_go_up_as_frames(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref ref;
	uint32_t head;

	(void)state;
	connect_at(h, &c, 1, 1);
	head = tcp_at(&c) + 20;
	peer(h, &c, TCP_ACK, 3000, 0, pattern + 3000, 1000, 65535);
	peer(h, &c, TCP_ACK, 1000, 0, pattern + 1000, 1000, 65535);
	poll_engine(h);
	terminate_submit(h, &c);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	ref = up.ref;
	assert_int_equal(gather(h, ref, buf), head + 1000);
	assert_memory_equal(buf + head, pattern + 1000, 1000);
	ref = flue_nbl_at(ref)->next;
	assert_int_equal(gather(h, ref, buf), head + 1000);
	assert_memory_equal(buf + head, pattern + 3000, 1000);
	assert_true(flue_nbl_at(ref)->next == 0);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	harness_free(h);
}

RULE("T-70")
static void
while_a_terminate_waits_segments_go_up_as_frames(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up ind;
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	ind = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	terminate_submit(h, &c);
	poll_engine(h);
	peer(h, &c, TCP_ACK, 1000, 0, pattern, 1000, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	verdict(h, &c, ind.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, ind.ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 1000);
	harness_free(h);
}

RULE("T-65")
RULE("T-121")
static void
a_disconnect_under_way_completes_with_upload_in_progress(void **state)
{
	int sent;

	(void)state;
	for (sent = 0; sent < 2; sent++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		flue_ref d = nbl_new(h, NULL, 0, 1);
		flue_ref a = nbl_new(h, pattern, 50000, 1);

		connect_at(h, &c, 1, 1);
		if (!sent)
			submit(h, FLUE_SUB_SEND, c.token, a, 0, 0);
		submit(h, FLUE_SUB_DISCONNECT, c.token, d, FLUE_DISCONNECT_GRACEFUL, 0);
		poll_engine(h);
		terminate_submit(h, &c);
		poll_engine(h);
		if (!sent)
			(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
		up = up_expect(h, FLUE_UP_DISCONNECT_COMPLETE);
		assert_true(up.ref == d);
		assert_int_equal(nbl_at(h, d)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
		(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
		assert_int_equal(tcp_ext(&c)->flags,
				sent ? FLUE_TCP_EXT_FIN_SENT : FLUE_TCP_EXT_FIN_QUEUED);
		assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_FIN_WAIT1);
		h->port->seen = h->port->sent_count;
		harness_free(h);
	}
}

RULE("T-24")
RULE("T-76")
RULE("T-77")
static void
neighbor_and_path_leave_only_without_dependents(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	h->neighbor_block->dependent_block_list = h->path_ref;
	h->path_block->dependent_block_list = 0;
	submit(h, FLUE_SUB_TERMINATE, 0, h->neighbor_ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(h->neighbor_block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(flue_engine_held(h->e, 1), 1);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(terminate(h, &c), (uint32_t)FLUE_STATUS_FAILURE); /* its token is dead */
	harness_free(h);
}

RULE("T-50")
RULE("T-52")
RULE("T-53")
static void
a_query_fills_every_structure(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_tcp_const given;
	struct flue_tcp_cached cached;
	struct flue_path_cached *path;
	struct flue_up up;
	uint32_t mtu;
	uint8_t type;

	(void)state;
	c.ts = true;
	connect_at(h, &c, 1000, 2000);
	peer_ts(h, &c, TCP_ACK, 0, 0, pattern, 500, 60000, 1500, 70000);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	given = *tcp_const(&c);
	cached = *tcp_cached(&c);
	memset(tcp_const(&c), 0, sizeof(given));
	memset(tcp_cached(&c), 0, sizeof(cached));
	memset(tcp_delegated(&c), 0, sizeof(struct flue_tcp_delegated));
	tcp_delegated(&c)->header.recognized_options = FLUE_STATE_OPTION_EXT;
	path = (struct flue_path_cached *)((uint8_t *)h->path_block + FLUE_PATH_CACHED_AT);
	mtu = path->path_mtu;
	path->path_mtu = 0;
	h->path_block->header.type = harness_ip6() ? FLUE_STATE_IP6 : FLUE_STATE_IP4;
	h->neighbor_block->dependent_block_list = h->path_ref;
	h->path_block->dependent_block_list = c.block_ref;
	submit(h, FLUE_SUB_QUERY, 0, h->neighbor_ref, 0, 0);
	submit(h, FLUE_SUB_QUERY, 0, h->neighbor_ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_QUERY_COMPLETE);
	(void)up_expect(h, FLUE_UP_QUERY_COMPLETE);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(h->path_block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(c.block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(path->path_mtu, mtu);
	assert_memory_equal(tcp_const(&c), &given, sizeof(given));
	assert_memory_equal(tcp_cached(&c), &cached, sizeof(cached));
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 500);
	assert_int_equal(tcp_delegated(&c)->rcv_wnd, 65035);
	assert_int_equal(tcp_delegated(&c)->snd_wnd, 60000);
	assert_int_equal(tcp_delegated(&c)->ts_recent, 1500);
	assert_int_equal(tcp_delegated(&c)->ts_time, 70000 + 200);
	assert_int_equal(tcp_delegated(&c)->receive_backlog_size, 500);
	assert_int_equal(tcp_delegated(&c)->send_backlog_size, 2 * 14600);
	assert_int_equal(tcp_delegated(&c)->retransmit_timeout_delta, FLUE_TIMER_STOPPED);
	assert_int_equal(tcp_ext(&c)->version, FLUE_TCP_EXT_VERSION);
	assert_int_equal(tcp_ext(&c)->rcv_adv, c.irs + 65535);
	/* One structure alone lies right behind the block. */
	for (type = FLUE_STATE_TCP_CONST; type <= FLUE_STATE_TCP_DELEGATED; type++) {
		c.block->header.type = type;
		memset((uint8_t *)c.block + 152, 0, 300);
		submit(h, FLUE_SUB_QUERY, 0, c.block_ref, 0, 0);
		poll_engine(h);
		(void)up_expect(h, FLUE_UP_QUERY_COMPLETE);
		assert_int_equal(c.block->status, FLUE_STATUS_SUCCESS);
		assert_true((((uint32_t *)c.block)[152 / 4 + 2] |
					    ((uint32_t *)c.block)[152 / 4 + 3]) != 0);
	}
	c.block->header.type = FLUE_STATE_IP4;
	submit(h, FLUE_SUB_QUERY, 0, c.block_ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_QUERY_COMPLETE);
	assert_int_equal(c.block->status, (uint32_t)FLUE_STATUS_FAILURE);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-42")
RULE("T-43")
static void
timestamp_clocks_continue_vector(
		void **state, uint32_t stack_time, int64_t nic_ms, uint32_t first_ts)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	c.ts = true;
	h->now = nic_ms * MS;
	conn_block(h, &c, 1, 1);
	tcp_delegated(&c)->ts_time = stack_time;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(h->e->conns[(uint32_t)c.token].ts_delta, stack_time - (uint32_t)nic_ms);
	pass_after(h, 10 * MS);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	poll_engine(h);
	s = sent_expect(h, &c);
	assert_true(s.ts);
	assert_int_equal(s.tsval, first_ts);
	pass_after(h, 5 * MS);
	peer_ts(h, &c, TCP_ACK, 0, 10, NULL, 0, 65535, 1001, s.tsval);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	/* srtt was 20 ms: 7/8 of it and 1/8 of the 5 ms measured. */
	assert_int_equal(h->e->conns[(uint32_t)c.token].srtt8 / 8, 18125);
	pass_after(h, 35 * MS);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->ts_time, stack_time + 50);
	assert_int_equal(tcp_delegated(&c)->srtt, 145);
	assert_int_equal(tcp_ext(&c)->srtt_us, 18125);
	harness_free(h);
}

RULE("T-43")
static void
timestamp_vectors_of_the_specification_hold(void **state)
{
	/* A: host 100, NIC 200; 10 ms later it sends 110. B, second leg: TsTime 350, NIC 320. */
	timestamp_clocks_continue_vector(state, 100, 200, 110);
	timestamp_clocks_continue_vector(state, 350, 320, 360);
	timestamp_clocks_continue_vector(state, 0xfffffffb, 1000, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outstanding_sends_come_back_as_a_chain),
		cmocka_unit_test(undelivered_data_comes_back_as_buffered_data),
		cmocka_unit_test(an_owed_ack_is_sent_before),
		cmocka_unit_test(segments_after_the_terminate_and_held_ones_go_up_as_frames),
		cmocka_unit_test(while_a_terminate_waits_segments_go_up_as_frames),
		cmocka_unit_test(a_disconnect_under_way_completes_with_upload_in_progress),
		cmocka_unit_test(neighbor_and_path_leave_only_without_dependents),
		cmocka_unit_test(a_query_fills_every_structure),
		cmocka_unit_test(timestamp_vectors_of_the_specification_hold),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
