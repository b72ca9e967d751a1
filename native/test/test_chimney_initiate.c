/* SPDX-License-Identifier: Apache-2.0 */

/* Initiate: order, roles, statuses, tokens, and trees that nobody should send. */

#include "support/blocks.h"
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[20000];

static uint32_t
run_tree(struct harness *h, flue_ref root)
{
	struct flue_up up;
	int i;

	submit(h, FLUE_SUB_INITIATE, 0, root, 0, 0);
	for (i = 0; i < 100000; i++) {
		poll_engine(h);
		if (up_next(h, &up)) {
			assert_int_equal(up.op, FLUE_UP_INITIATE_COMPLETE);
			assert_true(up.ref == root);
			return (uint32_t)i;
		}
	}
	fail_msg("initiate did not complete");
	return 0;
}

static void
tree(struct harness *h)
{
	neighbor_new(h);
	path_new(h, false);
	h->neighbor_block->dependent_block_list = h->path_ref;
}

RULE("T-14")
RULE("T-15")
RULE("T-17")
RULE("T-20")
RULE("T-22")
RULE("T-28")
RULE("T-48")
static void
a_good_tree_succeeds_in_every_block(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[3] = { 0 };
	int i;

	(void)state;
	tree(h);
	for (i = 0; i < 3; i++) {
		conn_block(h, &c[i], 1, 1);
		if (i > 0)
			c[i - 1].block->next_block = c[i].block_ref;
	}
	c[1].block->net_buffer_list_chain = nbl_new(h, pattern, 10, 1);
	h->path_block->dependent_block_list = c[0].block_ref;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(h->path_block->status, FLUE_STATUS_SUCCESS);
	assert_true(h->neighbor->miniport_offload_context != 0);
	assert_true(h->path->miniport_offload_context != 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(c[i].block->status, FLUE_STATUS_SUCCESS);
		assert_true(c[i].block->net_buffer_list_chain == 0);
		assert_true(c[i].block->source_handle == 0x5053);
		assert_true(c[i].block->im_reserved[0] == 0x494d);
		assert_true(c[i].block->protocol_reserved[1] == 0x5052);
		c[i].token = c[i].handle->miniport_offload_context;
		assert_true(c[i].token != 0);
	}
	assert_true(c[0].token != c[1].token && c[1].token != c[2].token);
	assert_int_equal(flue_engine_held(h->e, 2), 3);
	assert_int_equal(flue_engine_held(h->e, 3), 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-19")
static void
the_walk_is_depth_first_and_breadth_next(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_offload_handle *handle[6];
	struct flue_miniport_offload_block_list *n[2], *p[2], *last;
	struct conn c[4] = { 0 };
	int i;

	(void)state;
	/* N1(P1(T1, T2), P2(T3)), N2(P3(T4)): objects are handed out in the order of the walk. */
	neighbor_new(h);
	path_new(h, false);
	n[0] = h->neighbor_block;
	p[0] = h->path_block;
	for (i = 0; i < 4; i++)
		conn_block(h, &c[i], 1, 1);
	n[0]->dependent_block_list = h->path_ref;
	p[0]->dependent_block_list = c[0].block_ref;
	c[0].block->next_block = c[1].block_ref;
	handle[0] = h->path;
	handle[1] = h->neighbor;
	path_new(h, false);
	p[1] = h->path_block;
	p[0]->next_block = h->path_ref;
	p[1]->dependent_block_list = c[2].block_ref;
	handle[2] = h->path;
	flue_ref root = h->neighbor_ref;
	neighbor_new(h);
	n[1] = h->neighbor_block;
	n[0]->next_block = h->neighbor_ref;
	path_new(h, false);
	last = h->path_block;
	n[1]->dependent_block_list = h->path_ref;
	last->dependent_block_list = c[3].block_ref;
	run_tree(h, root);
	for (i = 0; i < 4; i++)
		assert_int_equal((uint32_t)c[i].handle->miniport_offload_context, i);
	assert_int_equal((uint32_t)handle[0]->miniport_offload_context, 0);
	assert_int_equal((uint32_t)handle[2]->miniport_offload_context, 1);
	assert_int_equal((uint32_t)h->path->miniport_offload_context, 2);
	harness_discard(h);
	(void)handle[1];
}

RULE("T-25")
RULE("T-26")
RULE("T-27")
static void
placeholders_and_linkers_get_their_statuses(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[4] = { 0 };
	int i;

	(void)state;
	connect_at(h, &c[0], 1, 1);
	for (i = 1; i < 4; i++)
		conn_block(h, &c[i], 1, 1);
	/* A placeholder on top of a linker; one of two new connections is bad. */
	h->neighbor_block->miniport_offload_context = 0;
	h->path_block->dependent_block_list = c[1].block_ref;
	c[1].block->next_block = c[2].block_ref;
	tcp_delegated(&c[2])->state = FLUE_TCP_SYN_SENT;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(h->path_block->status, FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS);
	assert_int_equal(c[1].block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(c[2].block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_true(c[2].handle->miniport_offload_context == 0);
	/* None succeeds. */
	h->path_block->dependent_block_list = c[3].block_ref;
	tcp_delegated(&c[3])->state = FLUE_TCP_TIME_WAIT;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
	/* A placeholder without anything below. */
	h->neighbor_block->dependent_block_list = 0;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
	c[1].token = c[1].handle->miniport_offload_context;
	h->neighbor_block->miniport_offload_context = h->neighbor_block->ndis_offload_handle + 8;
	assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
	assert_int_equal(terminate(h, &c[1]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-23")
RULE("T-29")
RULE("T-30")
RULE("T-39")
RULE("T-40")
static void
each_cause_has_its_code(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c[3] = { 0 };
	struct flue_neighbor_const *nc;
	struct flue_path_cached *pc;

	(void)state;
	config.max_connections = 1;
	config.max_paths = 1;
	config.max_neighbors = 1;
	h = harness_new(&config, 0);
	tree(h);
	conn_block(h, &c[0], 1, 1);
	h->path_block->dependent_block_list = c[0].block_ref;
	/* Not our address: the root fails, nothing below is tried. */
	nc = (struct flue_neighbor_const *)((uint8_t *)h->neighbor_block + FLUE_NEIGHBOR_CONST_AT);
	nc->dl_source_address[0] = 0x0e;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(h->neighbor_block->status,
			(uint32_t)FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(c[0].block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_true(h->neighbor->miniport_offload_context == 0);
	memcpy(nc->dl_source_address, OUR_MAC, 6);
	pc = (struct flue_path_cached *)((uint8_t *)h->path_block + FLUE_PATH_CACHED_AT);
	pc->path_mtu = 9000;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_OFFLOAD_PATH_MTU);
	assert_int_equal(c[0].block->status, (uint32_t)FLUE_STATUS_FAILURE);
	pc->path_mtu = 1500;
	tcp_cached(&c[0])->initial_rcv_wnd = (1 << 20) + 1;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(c[0].block->status, (uint32_t)FLUE_STATUS_OFFLOAD_TCP_RCV_WINDOW);
	assert_int_equal(h->path_block->status, FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS);
	tcp_cached(&c[0])->initial_rcv_wnd = 65535;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(c[0].block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(h->path_block->status, FLUE_STATUS_SUCCESS);
	/* Everything is used up now. */
	conn_block(h, &c[1], 1, 1);
	h->path_block->dependent_block_list = c[1].block_ref;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(c[1].block->status, (uint32_t)FLUE_STATUS_OFFLOAD_TCP_ENTRIES);
	{
		struct flue_offload_handle *handle = h->path;
		struct flue_miniport_offload_block_list *block = h->path_block;
		flue_ref ref = h->path_ref;

		path_new(h, false);
		h->neighbor_block->dependent_block_list = h->path_ref;
		run_tree(h, h->neighbor_ref);
		assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_OFFLOAD_PATH_ENTRIES);
		h->path = handle;
		h->path_block = block;
		h->path_ref = ref;
		handle = h->neighbor;
		block = h->neighbor_block;
		ref = h->neighbor_ref;
		neighbor_new(h);
		run_tree(h, h->neighbor_ref);
		assert_int_equal(h->neighbor_block->status,
				(uint32_t)FLUE_STATUS_OFFLOAD_NEIGHBOR_ENTRIES);
		h->neighbor = handle;
		h->neighbor_block = block;
		h->neighbor_ref = ref;
	}
	c[0].token = c[0].handle->miniport_offload_context;
	assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-31")
RULE("T-32")
static void
the_sends_of_a_connection_that_failed_stay_untouched(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref nbl = nbl_new(h, pattern, 10, 1);

	(void)state;
	conn_block(h, &c, 1, 1);
	c.block->net_buffer_list_chain = nbl;
	nbl_at(h, nbl)->status = 0x1234;
	tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = 100; /* of 10 bytes given */
	assert_int_equal(conn_initiate(h, &c), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(nbl_at(h, nbl)->status, 0x1234);
	assert_true(c.block->net_buffer_list_chain == nbl);
	up_none(h);
	harness_free(h);
}

RULE("T-49")
static void
only_offloadable_states_are_taken(void **state)
{
	uint32_t s;

	(void)state;
	for (s = 0; s <= 12; s++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		bool ok = s >= FLUE_TCP_ESTABLISHED && s <= FLUE_TCP_LAST_ACK;

		conn_block(h, &c, 100, 100);
		tcp_delegated(&c)->state = s;
		assert_int_equal(conn_initiate(h, &c),
				ok ? FLUE_STATUS_SUCCESS : (uint32_t)FLUE_STATUS_FAILURE);
		if (ok)
			assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		harness_free(h);
	}
}

RULE("T-35")
RULE("T-36")
RULE("T-37")
RULE("T-94")
static void
sends_of_an_initiate_go_on_where_they_were(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	struct seen s;
	flue_ref a = nbl_new(h, pattern, 3000, 2);
	flue_ref b = nbl_new(h, pattern + 3000, 1000, 1);

	(void)state;
	/* 1000 bytes in flight, SND.NXT pulled back from 2000, the rest was never sent. */
	conn_block(h, &c, 0xfffffe00, 1);
	nbl_link(h, a, b);
	c.block->net_buffer_list_chain = a;
	tcp_delegated(&c)->snd_nxt = c.iss + 1000;
	tcp_delegated(&c)->snd_max = c.iss + 2000;
	tcp_delegated(&c)->retransmit_timeout_delta = 50;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 1000);
	assert_memory_equal(s.payload, pattern + 1000, s.len);
	while (sent_next(h, &c, &s))
		;
	assert_int_equal(s.seq + s.len, 4000);
	assert_int_equal(s.flags, TCP_ACK | TCP_PSH);
	/* The timer is the one that ran. */
	pass_after(h, 49 * MS);
	sent_none(h);
	pass_after(h, 2 * MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	assert_memory_equal(s.payload, pattern, s.len);
	peer(h, &c, TCP_ACK, 0, 4000, NULL, 0, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(up.arg0, 0); /* no submission of the ring's */
	assert_true(nbl_at(h, a)->next == b);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-33")
RULE("T-109")
static void
buffered_data_is_copied_and_comes_first(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t buf[20000];
	flue_ref nbl = nbl_new(h, pattern, 5000, 3);
	flue_ref zero;
	flue_ref bad;

	(void)state;
	conn_block(h, &c, 1, 5001);
	tcp_delegated(&c)->buffered_data = nbl;
	tcp_delegated(&c)->rcv_wnd = 60535;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	memset(nbl_at(h, nbl), 0xee, 256);
	peer(h, &c, TCP_ACK, 0, 0, pattern + 5000, 100, 65535);
	pass_after(h, MS);
	/* The host asks for it (5.5); until then what comes queues behind it. */
	up_none(h);
	zero = nbl_new(h, NULL, 0, 1);
	submit(h, FLUE_SUB_RECEIVE, c.token, zero, 0, 0);
	poll_engine(h);
	assert_true(up_expect(h, FLUE_UP_RECEIVE_COMPLETE).ref == zero);
	assert_int_equal(accept_data(h, &c, buf), 5100);
	assert_memory_equal(buf, pattern, 5100);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	/* More than there is memory for. */
	h->e->slabs.ids.free = 2;
	conn_block(h, &c, 1, 5001);
	bad = nbl_new(h, pattern, 5000, 3);
	tcp_delegated(&c)->buffered_data = bad;
	assert_int_equal(conn_initiate(h, &c), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(h->e->slabs.port.held, 0);
	h->e->slabs.ids.free = h->e->slabs.ids.size;
	harness_free(h);
}

static void
the_same_flow_is_not_taken_twice(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct conn d = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	conn_block(h, &d, 1, 1);
	tcp_const(&d)->remote_port = tcp_const(&c)->remote_port;
	assert_int_equal(conn_initiate(h, &d), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(flue_engine_held(h->e, 2), 1);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-46")
static void
another_initiate_is_taken_while_one_runs(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn first = { 0 };
	struct conn second = { 0 };
	struct conn *c = calloc(200, sizeof(*c));
	struct flue_miniport_offload_block_list *linker;
	struct flue_up up;
	flue_ref root;
	int i;

	(void)state;
	config.max_connections = 4096;
	h = harness_new(&config, 0);
	connect_at(h, &first, 1, 1);
	for (i = 0; i < 200; i++) {
		conn_block(h, &c[i], 1, 1);
		if (i > 0)
			c[i - 1].block->next_block = c[i].block_ref;
	}
	h->path_block->dependent_block_list = c[0].block_ref;
	submit(h, FLUE_SUB_INITIATE, 0, h->neighbor_ref, 0, 0);
	poll_engine(h);
	linker = refer(h, FLUE_STATE_IP4, h->path_block->miniport_offload_context, &root);
	conn_block(h, &second, 1, 1);
	linker->dependent_block_list = second.block_ref;
	submit(h, FLUE_SUB_INITIATE, 0, root, 0, 0);
	/* Behind it on the ring, and not held up by it. */
	submit(h, FLUE_SUB_SEND, first.token, nbl_new(h, "on", 2, 1), 0, 0);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &first).len, 2);
	up_none(h);
	for (i = 0; i < 20; i++)
		poll_engine(h);
	up = up_expect(h, FLUE_UP_INITIATE_COMPLETE);
	assert_true(up.ref == h->neighbor_ref);
	up = up_expect(h, FLUE_UP_INITIATE_COMPLETE);
	assert_true(up.ref == root);
	assert_int_equal(second.block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(linker->status, FLUE_STATUS_SUCCESS);
	c[199].block->next_block = first.block_ref;
	first.block->next_block = second.block_ref;
	second.block->next_block = FLUE_REF_NULL;
	submit(h, FLUE_SUB_TERMINATE, 0, h->neighbor_ref, 0, 0);
	for (i = 0; i < 20; i++)
		poll_engine(h);
	while (up_next(h, &up) && up.op != FLUE_UP_TERMINATE_COMPLETE)
		;
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
	h->path = h->neighbor = NULL;
	free(c);
	harness_free(h);
}

RULE("T-29")
static void
below_a_root_that_failed_not_even_a_linker_is_tried(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn first = { 0 };
	struct conn below = { 0 };
	struct flue_neighbor_const *nc;
	uint64_t token;

	(void)state;
	connect_at(h, &first, 1, 1);
	nc = (struct flue_neighbor_const *)((uint8_t *)h->neighbor_block + FLUE_NEIGHBOR_CONST_AT);
	nc->dl_source_address[0] = 0x0e;
	token = h->neighbor->miniport_offload_context;
	/* The root is new again, and cannot be; the path under it is one that is there. */
	h->neighbor->miniport_offload_context = 0;
	conn_block(h, &below, 1, 1);
	h->path_block->dependent_block_list = below.block_ref;
	run_tree(h, h->neighbor_ref);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(below.block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_true(below.handle->miniport_offload_context == 0);
	assert_int_equal(flue_engine_held(h->e, 2), 1);
	h->neighbor->miniport_offload_context = token;
	finish(h, &first);
}

RULE("T-45")
RULE("T-46")
RULE("T-47")
static void
a_tree_of_thousands_stalls_nothing_and_gates_indications(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn first = { 0 };
	struct conn *c = calloc(2000, sizeof(*c));
	struct flue_up up;
	uint8_t buf[64];
	int i;
	int passes = 0;

	(void)state;
	config.max_connections = 4096;
	h = harness_new(&config, 0);
	connect_at(h, &first, 1, 1);
	for (i = 0; i < 2000; i++) {
		conn_block(h, &c[i], 1, 1);
		if (i > 0)
			c[i - 1].block->next_block = c[i].block_ref;
	}
	h->path_block->dependent_block_list = c[0].block_ref;
	submit(h, FLUE_SUB_INITIATE, 0, h->neighbor_ref, 0, 0);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 2), 1 + 30); /* 32 blocks, two of them linkers */
	/* Data of a connection that is in place: acknowledged, but not indicated. */
	peer(h, &c[0], TCP_ACK, 0, 0, "early", 5, 65535);
	/* ... and that of another connection is. */
	peer(h, &first, TCP_ACK, 0, 0, "hello", 5, 65535);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c[0]).ack, 5);
	(void)sent_expect(h, &first);
	assert_int_equal(accept_data(h, &first, buf), 5);
	while (!up_next(h, &up)) {
		poll_engine(h);
		passes++;
	}
	assert_int_equal(up.op, FLUE_UP_INITIATE_COMPLETE);
	assert_in_range(passes, 55, 65);
	poll_engine(h);
	c[0].token = c[0].handle->miniport_offload_context;
	assert_int_equal(accept_data(h, &c[0], buf), 5);
	for (i = 0; i < 2000; i++)
		assert_int_equal(c[i].block->status, FLUE_STATUS_SUCCESS);
	/* And away again, in one tree: N(P(T...)). */
	for (i = 0; i < 2000; i++)
		c[i].block->header.type = FLUE_STATE_NONE;
	c[1999].block->next_block = first.block_ref;
	first.block->next_block = 0;
	submit(h, FLUE_SUB_TERMINATE, 0, h->neighbor_ref, 0, 0);
	for (passes = 0; !up_next(h, &up); passes++)
		poll_engine(h);
	assert_int_equal(up.op, FLUE_UP_TERMINATE_COMPLETE);
	for (i = 0; i < 2000; i++)
		assert_int_equal(c[i].block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(h->path_block->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_SUCCESS);
	h->path = h->neighbor = NULL;
	free(c);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_tree_succeeds_in_every_block),
		cmocka_unit_test(the_walk_is_depth_first_and_breadth_next),
		cmocka_unit_test(placeholders_and_linkers_get_their_statuses),
		cmocka_unit_test(each_cause_has_its_code),
		cmocka_unit_test(the_sends_of_a_connection_that_failed_stay_untouched),
		cmocka_unit_test(only_offloadable_states_are_taken),
		cmocka_unit_test(sends_of_an_initiate_go_on_where_they_were),
		cmocka_unit_test(buffered_data_is_copied_and_comes_first),
		cmocka_unit_test(the_same_flow_is_not_taken_twice),
		cmocka_unit_test(a_tree_of_thousands_stalls_nothing_and_gates_indications),
		cmocka_unit_test(another_initiate_is_taken_while_one_runs),
		cmocka_unit_test(below_a_root_that_failed_not_even_a_linker_is_tried),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
