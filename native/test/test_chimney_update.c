/* SPDX-License-Identifier: Apache-2.0 */

/* Update: CACHED values, relinked paths, and what is refused. */

#include "support/blocks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/bytes.h"

static uint8_t pattern[20000];

/** Send `len` bytes and look at the frame they leave in. */
static struct seen
send_and_see(struct harness *h, struct conn *c, uint32_t len)
{
	h->port->seen = h->port->sent_count;
	submit(h, FLUE_SUB_SEND, c->token, nbl_new(h, pattern, len, 1), 0, 0);
	pass_after(h, MS);
	return sent_expect(h, c);
}

RULE("T-54")
static void
a_neighbor_gets_its_new_mac_and_its_connections_use_it(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b;
	struct flue_neighbor_cached *cached;
	struct conn c = { 0 };
	struct flue_neighbor before;
	flue_ref ref;

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_and_see(h, &c, 10);
	before = h->e->neighbors[0];
	b = refer(h, FLUE_STATE_NEIGHBOR_CACHED, h->neighbor_block->miniport_offload_context, &ref);
	cached = behind(b);
	memcpy(cached->dl_destination_address, "\x02\x00\x00\x00\x00\xcc", 6);
	cached->host_reachability_delta = 70;
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	pass_after(h, MS);
	assert_memory_equal(h->port->sent[h->port->sent_count - 1].bytes,
			"\x02\x00\x00\x00\x00\xcc" OUR_MAC, 12);
	h->port->seen = h->port->sent_count;
	/* Nothing but the CACHED variables. */
	assert_int_equal(h->e->neighbors[0].nic_time, before.nic_time);
	assert_int_equal(h->e->neighbors[0].vlan, before.vlan);
	assert_memory_equal(h->e->neighbors[0].src, before.src, 6);
	assert_int_equal(h->e->neighbors[0].host_delta, 70);
	finish(h, &c);
}

RULE("T-54")
RULE("T-59")
static void
a_path_gets_its_new_mtu_and_segments_fit_it_at_once(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b;
	struct flue_path_cached *cached;
	struct conn c = { 0 };
	uint32_t headers;
	flue_ref ref;

	(void)state;
	connect_at(h, &c, 1, 1);
	headers = c.ip6 ? 60 : 40;
	b = refer(h, c.ip6 ? FLUE_STATE_IP6_CACHED : FLUE_STATE_IP4_CACHED,
			h->path_block->miniport_offload_context, &ref);
	cached = behind(b);
	cached->path_mtu = 1300;
	/* In the pass of the update. */
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 3000, 1), 0, 0);
	submit(h, FLUE_SUB_UPDATE, 0, ref, 0, 0);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_UPDATE_COMPLETE);
	assert_int_equal(b->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(sent_expect(h, &c).len, 1300 - headers);
	peer(h, &c, TCP_ACK, 0, 3000, NULL, 0, 65535);
	pass_after(h, MS);
	/* More than the port sends, or less than IP needs: nothing changes, sending goes on. */
	cached->path_mtu = h->e->port->mtu + 1u;
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), (uint32_t)FLUE_STATUS_FAILURE);
	cached->path_mtu = 67;
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(send_and_see(h, &c, 3000).len, 1300 - headers);
	peer(h, &c, TCP_ACK, 0, 6000, NULL, 0, 65535);
	pass_after(h, MS);
	/* Larger again. */
	cached->path_mtu = h->e->port->mtu;
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	settle(h);
	assert_int_equal(send_and_see(h, &c, 3000).len, h->e->port->mtu - headers);
	peer(h, &c, TCP_ACK, 0, 9000, NULL, 0, 65535);
	pass_after(h, MS);
	h->port->seen = h->port->sent_count;
	finish(h, &c);
}

/** Between two ACKs of one pass, the first of which has its header made. */
RULE("T-54")
static void
segments_behind_an_update_are_by_its_values(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b;
	struct flue_tcp_cached *cached;
	struct conn c = { 0 };
	uint8_t got[200];
	flue_ref ref;

	(void)state;
	c.ts = true;
	connect_at(h, &c, 1, 1);
	b = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &ref);
	cached = behind(b);
	*cached = *tcp_cached(&c);
	cached->ttl_or_hop_limit = 33;
	peer_ts(h, &c, TCP_ACK, 0, 0, pattern, 100, 65535, 2000, 70000);
	peer_ts(h, &c, TCP_ACK, 100, 0, pattern, 100, 65535, 2001, 70000);
	submit(h, FLUE_SUB_UPDATE, 0, ref, 0, 0);
	poll_engine(h);
	assert_int_not_equal(sent_expect(h, &c).ttl, 33);
	assert_int_equal(sent_expect(h, &c).ttl, 33);
	(void)up_expect(h, FLUE_UP_UPDATE_COMPLETE);
	assert_int_equal(accept_data(h, &c, got), 200);
	finish(h, &c);
}

RULE("T-54")
RULE("T-60")
static void
a_connection_gets_its_new_cached_values_and_keeps_all_others(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b;
	struct flue_tcp_cached *cached;
	struct flue_tcp_const given;
	struct flue_conn before;
	struct conn c = { 0 };
	struct seen s;
	flue_ref query;
	flue_ref ref;

	(void)state;
	connect_at(h, &c, 1, 1);
	b = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &ref);
	cached = behind(b);
	*cached = *tcp_cached(&c);
	cached->ttl_or_hop_limit = 33;
	cached->tos_or_traffic_class = 0x28;
	cached->rcv_indication_size = 4321;
	cached->max_rt = 77;
	cached->flow_label = 0xabcde;
	before = h->e->conns[0];
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	/* Nothing DELEGATED or CONST moved. */
	assert_memory_equal(&before.rcv_nxt, &h->e->conns[0].rcv_nxt,
			offsetof(struct flue_conn, ts_delta) - offsetof(struct flue_conn, rcv_nxt));
	assert_memory_equal(&before.bytes_out, &h->e->conns[0].bytes_out,
			offsetof(struct flue_conn, claim) - offsetof(struct flue_conn, bytes_out));
	given = flue_conn_const(h->e, &h->e->conns[0]);
	given.header = tcp_const(&c)->header;
	assert_memory_equal(&given, tcp_const(&c), sizeof(given));
	s = send_and_see(h, &c, 100);
	assert_int_equal(s.ttl, 33);
	if (!c.ip6)
		assert_int_equal(s.tos, 0x28);
	/* Traffic, a loss and a timeout later they are what the host gave. */
	pass_after(h, SEC);
	pass_after(h, SEC);
	peer(h, &c, TCP_ACK, 0, 100, pattern, 500, 1000);
	pass_after(h, MS);
	(void)refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &query);
	assert_int_equal(run_op(h, FLUE_SUB_QUERY, query), FLUE_STATUS_SUCCESS);
	assert_memory_equal((uint8_t *)behind(java_at(h, query)) + 8, (uint8_t *)cached + 8,
			sizeof(*cached) - 8);
	h->port->seen = h->port->sent_count;
	harness_discard(h);
}

RULE("T-55")
static void
a_relinked_path_uses_the_new_neighbor_and_leaves_the_old_one_free(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *root;
	struct flue_miniport_offload_block_list *path;
	struct conn c = { 0 };
	flue_ref old;
	flue_ref slot;
	flue_ref ref;

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_and_see(h, &c, 10);
	old = h->neighbor_block->miniport_offload_context;
	slot = another_neighbor(h, "\x02\x00\x00\x00\x00\xdd");
	root = refer(h, FLUE_STATE_NEIGHBOR, slot, &ref);
	path = refer(h, FLUE_STATE_NONE, h->path_block->miniport_offload_context,
			&root->dependent_block_list);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(path->status, FLUE_STATUS_SUCCESS);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	pass_after(h, MS);
	assert_memory_equal(h->port->sent[h->port->sent_count - 1].bytes,
			"\x02\x00\x00\x00\x00\xdd" OUR_MAC, 12);
	h->port->seen = h->port->sent_count;
	/* Nothing depends on the old one any more, and the path on the new one. */
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, old), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, slot), (uint32_t)FLUE_STATUS_FAILURE);
	h->neighbor = NULL;
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->path_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	h->path = NULL;
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, slot), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-16")
RULE("T-54")
RULE("T-59")
static void
what_cannot_be_updated_fails_and_works_on(void **state)
{
	static const uint8_t types[] = { FLUE_STATE_TCP_CONST, FLUE_STATE_TCP_DELEGATED,
		FLUE_STATE_TCP, FLUE_STATE_NONE, FLUE_STATE_NEIGHBOR_CACHED, FLUE_STATE_IP4_CACHED,
		FLUE_STATE_IP6_CACHED, 99 };
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b;
	struct flue_neighbor_cached *mac;
	struct flue_tcp_cached cached;
	struct flue_tcp_cached after;
	struct flue_conn before;
	struct conn c = { 0 };
	flue_ref ref;
	flue_ref link;
	unsigned i;

	(void)state;
	connect_at(h, &c, 1, 1);
	before = h->e->conns[0];
	cached = flue_conn_cached(h->e, &before);
	for (i = 0; i < sizeof(types); i++) {
		b = refer(h, types[i], c.block->miniport_offload_context, &ref);
		memset(behind(b), 0x11, 44);
		assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), (uint32_t)FLUE_STATUS_FAILURE);
	}
	/* A window larger than there can be. */
	b = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &ref);
	((struct flue_tcp_cached *)behind(b))->initial_rcv_wnd = (1 << 20) + 1;
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(before.profile, h->e->conns[0].profile);
	after = flue_conn_cached(h->e, &h->e->conns[0]);
	assert_memory_equal(&cached, &after, sizeof(after));
	/* A group's address, and none, are nobody's. */
	b = refer(h, FLUE_STATE_NEIGHBOR_CACHED, h->neighbor_block->miniport_offload_context, &ref);
	mac = behind(b);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), (uint32_t)FLUE_STATUS_FAILURE);
	mac->dl_destination_address[0] = 1;
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), (uint32_t)FLUE_STATUS_FAILURE);
	/* A connection does not move to another path, nor a path below a path. */
	b = refer(h, FLUE_STATE_NONE, h->neighbor_block->miniport_offload_context, &ref);
	b = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context,
			&b->dependent_block_list);
	*(struct flue_tcp_cached *)behind(b) = *tcp_cached(&c);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(b->status, (uint32_t)FLUE_STATUS_FAILURE);
	/* Neither it nor a reference to nothing. */
	c.handle->miniport_offload_context ^= 1;
	b = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &link);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, link), (uint32_t)FLUE_STATUS_FAILURE);
	c.handle->miniport_offload_context ^= 1;
	/* Through all that the connection is as good as before. */
	assert_int_equal(send_and_see(h, &c, 700).len, 700);
	peer(h, &c, TCP_ACK, 0, 700, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(up_expect(h, FLUE_UP_SEND_COMPLETE).arg0, 1);
	finish(h, &c);
}

static void
an_object_that_an_operation_has_is_not_updated(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b[3];
	struct conn c = { 0 };
	flue_ref ref;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* Twice in one tree: the second finds the first still at it. */
	b[0] = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &ref);
	b[1] = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context,
			&b[0]->next_block);
	for (i = 0; i < 2; i++)
		*(struct flue_tcp_cached *)behind(b[i]) = *tcp_cached(&c);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(b[1]->status, (uint32_t)FLUE_STATUS_FAILURE);
	/* Alone it works again. */
	b[0]->next_block = 0;
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	/* Invalidated. */
	assert_int_equal(run_on(h, FLUE_SUB_INVALIDATE, c.block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), (uint32_t)FLUE_STATUS_FAILURE);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_neighbor_gets_its_new_mac_and_its_connections_use_it),
		cmocka_unit_test(a_path_gets_its_new_mtu_and_segments_fit_it_at_once),
		cmocka_unit_test(segments_behind_an_update_are_by_its_values),
		cmocka_unit_test(a_connection_gets_its_new_cached_values_and_keeps_all_others),
		cmocka_unit_test(a_relinked_path_uses_the_new_neighbor_and_leaves_the_old_one_free),
		cmocka_unit_test(what_cannot_be_updated_fails_and_works_on),
		cmocka_unit_test(an_object_that_an_operation_has_is_not_updated),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
