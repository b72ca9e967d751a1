/* SPDX-License-Identifier: Apache-2.0 */

/* Every status an initiate can give, by its number, each for its cause; and that nothing is told while
 * one is under way. */

#include "support/blocks.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[4000];

enum cause {
	GOOD,
	NO_CONNECTION,
	NO_PATH,
	NO_NEIGHBOR,
	NO_PIECE,
	NO_RECORD,
	WINDOW,
	MTU,
	POOR,
	BROKEN,
	CAUSES
};

/** What the blocks of the neighbor, the path and the connection are to say. */
static const uint32_t expected[CAUSES][3] = {
	[GOOD] = { 0, 0, 0 },
	[NO_CONNECTION] = { 0, 0x40020004, 0xC0231004 },
	[NO_PATH] = { 0x40020004, 0xC0231005, 0xC0000001 },
	[NO_NEIGHBOR] = { 0xC0231006, 0xC0000001, 0xC0000001 },
	[NO_PIECE] = { 0, 0x40020004, 0xC023100A },
	[NO_RECORD] = { 0, 0x40020004, 0xC023100B },
	[WINDOW] = { 0, 0x40020004, 0xC023100C },
	[MTU] = { 0x40020004, 0xE0F10001, 0xC0000001 },
	[POOR] = { 0, 0x40020004, 0xC0231012 },
	[BROKEN] = { 0, 0x40020004, 0xC0000001 },
};

static void
use_up(struct flue_ids *ids)
{
	while (ids->free > 0)
		(void)flue_ids_take(ids);
}

static void
bring_about(struct harness *h, struct conn *c, enum cause cause)
{
	switch (cause) {
	case NO_CONNECTION:
		use_up(&h->e->conn_ids);
		break;
	case NO_PATH:
		use_up(&h->e->path_ids);
		break;
	case NO_NEIGHBOR:
		use_up(&h->e->neighbor_ids);
		break;
	case NO_PIECE:
		use_up(&h->e->piece_ids);
		break;
	case NO_RECORD:
		use_up(&h->e->rx_ids);
		break;
	case WINDOW:
		tcp_cached(c)->initial_rcv_wnd = (1 << 20) + 1;
		break;
	case MTU:
		((struct flue_path_cached *)((uint8_t *)h->path_block + FLUE_PATH_CACHED_AT))
				->path_mtu = h->e->port->mtu + 1u;
		break;
	case POOR:
		tcp_const(c)->remote_mss = 63;
		break;
	case BROKEN:
		tcp_delegated(c)->snd_nxt = c->iss - 1;
		break;
	default:
		break;
	}
}

RULE("T-30")
RULE("T-28")
RULE("T-29")
RULE("T-40")
static void
each_cause_has_its_number(void **state)
{
	int cause;

	(void)state;
	for (cause = 0; cause < CAUSES; cause++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		flue_ref sends = nbl_new(h, pattern, 100, 1);

		neighbor_new(h);
		path_new(h, false);
		conn_block(h, &c, 1, 1);
		c.block->net_buffer_list_chain = sends;
		bring_about(h, &c, (enum cause)cause);
		(void)conn_initiate(h, &c);
		assert_int_equal(h->neighbor_block->status, expected[cause][0]);
		assert_int_equal(h->path_block->status, expected[cause][1]);
		assert_int_equal(c.block->status, expected[cause][2]);
		/* Untouched where it failed. */
		assert_true((c.block->net_buffer_list_chain == sends) == (cause != GOOD));
		assert_true((c.token == 0) == (cause != GOOD));
		assert_int_equal(flue_engine_held(h->e, 3), cause == GOOD);
		harness_discard(h);
	}
}

RULE("T-47")
static void
nothing_is_told_while_an_initiate_is_under_way(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *b = NULL;
	struct conn c = { 0 };
	const uint32_t mask = UINT32_C(1) << FLUE_UP_RECEIVE_INDICATE |
			      UINT32_C(1) << FLUE_UP_STATUS | UINT32_C(1) << FLUE_UP_OFFLOAD_EVENT;
	struct flue_up up;
	uint32_t told = 0;
	flue_ref ref;
	int i;

	(void)state;
	h->queries = true;
	h->e->params.nce_stale_ticks = 1;
	/* A tree of four passes, in front of it a connection that has everything to tell: data, a FIN,
	 * a neighbor nobody has heard of, and an administrator who switches. */
	neighbor_new(h);
	path_new(h, false);
	memset((uint8_t *)h->neighbor_block + FLUE_NEIGHBOR_CACHED_AT + 40, 0x22, 4);
	memset((uint8_t *)h->neighbor_block + FLUE_NEIGHBOR_DELEGATED_AT + 8, 0x22, 4);
	conn_block(h, &c, 1, 1);
	c.block->net_buffer_list_chain = nbl_new(h, pattern, 100, 1);
	h->neighbor_block->dependent_block_list = h->path_ref;
	h->path_block->dependent_block_list = c.block_ref;
	for (i = 0; i < 120; i++) {
		struct flue_miniport_offload_block_list *last = b == NULL ? c.block : b;

		b = refer(h, FLUE_STATE_NONE, 0, &ref);
		last->next_block = ref;
	}
	submit(h, FLUE_SUB_INITIATE, 0, h->neighbor_ref, 0, 0);
	poll_engine(h);
	c.token = c.handle->miniport_offload_context;
	assert_true(c.token != 0);
	peer(h, &c, TCP_ACK | TCP_FIN, 0, 0, pattern, 200, 65535);
	{
		struct flue_tcp_offload_parameters p = { .tcp_connection_ipv4 = 1 };
		struct flue_oid_request *r = java_alloc(h, sizeof(*r), &ref);

		r->oid = (uint32_t)FLUE_OID_TCP_OFFLOAD_PARAMETERS;
		r->type = FLUE_OID_REQUEST_SET;
		r->length = sizeof(p);
		memcpy(java_alloc(h, sizeof(p), &r->information), &p, sizeof(p));
		submit(h, FLUE_SUB_OID_REQUEST, 0, ref, 0, 0);
	}
	for (i = 0; i < 10; i++) {
		pass_after(h, MS);
		if (up_next(h, &up))
			break;
	}
	/* The first thing that is heard is its completion. */
	assert_true(i >= 1);
	assert_int_equal(up.op, FLUE_UP_INITIATE_COMPLETE);
	pass_after(h, SEC); /* the data goes out again */
	while (up_next(h, &up))
		told |= UINT32_C(1) << up.op;
	assert_int_equal(told & mask, mask);
	harness_discard(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cause_has_its_number),
		cmocka_unit_test(nothing_is_told_while_an_initiate_is_under_way),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
