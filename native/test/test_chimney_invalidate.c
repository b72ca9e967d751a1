/* SPDX-License-Identifier: Apache-2.0 */

/* Invalidate, what a relink makes good again, and state that is found corrupt. */

#include "support/blocks.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[20000];

/** Which object of the fixture an operation is about. */
static flue_ref
slot(struct harness *h, struct conn *c, int which)
{
	return which == 0   ? h->neighbor_block->miniport_offload_context
	       : which == 1 ? h->path_block->miniport_offload_context
			    : c->block->miniport_offload_context;
}

RULE("T-61")
RULE("T-62")
RULE("T-63")
RULE("T-64")
RULE("T-78")
RULE("T-21")
static void
nothing_is_sent_on_what_is_invalid_and_each_connection_is_asked_back(void **state)
{
	int which;

	(void)state;
	for (which = 0; which < 3; which++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c[2] = { 0 };
		struct flue_up up;
		flue_ref nbl = nbl_new(h, pattern, 500, 1);
		flue_ref ref;
		int told = 0;
		int i;

		connect_at(h, &c[0], 1, 1);
		connect_at(h, &c[1], 1, 1);
		h->port->seen = h->port->sent_count;
		/* In the same pass: data to send, a segment that wants an ACK, a keepalive due. */
		submit(h, FLUE_SUB_SEND, c[0].token, nbl, 0, 0);
		(void)refer(h, FLUE_STATE_NONE, slot(h, &c[0], which), &ref);
		submit(h, FLUE_SUB_INVALIDATE, 0, ref, 0, 0);
		if (which < 2)
			peer(h, &c[1], TCP_ACK, 0, 0, pattern, 100, 65535);
		peer(h, &c[0], TCP_ACK, 0, 0, pattern, 100, 65535);
		poll_engine(h);
		for (i = 0; i < 20; i++)
			pass_after(h, SEC);
		sent_none(h);
		while (up_next(h, &up)) {
			if (up.op == FLUE_UP_FRAME)
				submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
			if (up.op == FLUE_UP_RECEIVE_INDICATE) {
				submit(h, FLUE_SUB_VERDICT, up.arg1, up.ref, 0, 0);
				submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
			}
			if (up.op != FLUE_UP_EVENT)
				continue;
			assert_int_equal(up.arg0, FLUE_TCP_INDICATE_RETRIEVE);
			assert_int_equal(up.arg1, FLUE_UPLOAD_INVALID_STATE);
			/* Connections, never what is below them; each once. */
			i = up.handle == c[0].handle_ref ? 1 : 2;
			assert_true(i == 1 || up.handle == c[1].handle_ref);
			assert_false(told & i);
			told |= i;
		}
		assert_int_equal(told, which == 2 ? 1 : 3);
		/* All of it is still there. */
		assert_int_equal(flue_engine_held(h->e, 0), 1);
		assert_int_equal(flue_engine_held(h->e, 1), 1);
		assert_int_equal(flue_engine_held(h->e, 2), 2);
		assert_int_equal(flue_engine_held(h->e, 4), 1);
		/* The data comes back with its connection. */
		assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
		assert_true(c[0].block->net_buffer_list_chain == nbl);
		assert_int_equal(terminate(h, &c[1]), FLUE_STATUS_SUCCESS);
		h->port->seen = h->port->sent_count;
		harness_free(h);
	}
}

RULE("T-62")
static void
not_even_a_reset_leaves_over_what_is_invalid(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref nbl = nbl_new(h, NULL, 0, 1);
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->port->seen = h->port->sent_count;
	assert_int_equal(run_on(h, FLUE_SUB_INVALIDATE, slot(h, &c, 0)), FLUE_STATUS_SUCCESS);
	submit(h, FLUE_SUB_DISCONNECT, c.token, nbl, FLUE_DISCONNECT_ABORTIVE, 0);
	settle(h);
	do {
		assert_true(up_next(h, &up));
	} while (up.op != FLUE_UP_DISCONNECT_COMPLETE);
	assert_int_equal(nbl_at(h, nbl)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	sent_none(h);
	finish(h, &c);
}

RULE("T-55")
static void
a_relink_in_time_takes_the_connections_on(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_miniport_offload_block_list *root;
	struct conn c = { 0 };
	flue_ref old;
	flue_ref other;
	flue_ref ref;
	struct seen s;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->port->seen = h->port->sent_count;
	old = slot(h, &c, 0);
	assert_int_equal(run_on(h, FLUE_SUB_INVALIDATE, old), FLUE_STATUS_SUCCESS);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 900, 1), 0, 0);
	pass_after(h, SEC);
	settle(h);
	sent_none(h);
	other = another_neighbor(h, PEER_MAC);
	root = refer(h, FLUE_STATE_NEIGHBOR, other, &ref);
	(void)refer(h, FLUE_STATE_NONE, slot(h, &c, 1), &root->dependent_block_list);
	assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
	settle(h);
	s = sent_expect(h, &c);
	assert_int_equal(s.seq, 0);
	assert_int_equal(s.len, 900);
	/* Nobody could move it to one that is invalid. */
	root = refer(h, FLUE_STATE_NEIGHBOR, old, &ref);
	(void)refer(h, FLUE_STATE_NONE, slot(h, &c, 1), &root->dependent_block_list);
	(void)run_op(h, FLUE_SUB_UPDATE, ref);
	assert_int_equal(((struct flue_miniport_offload_block_list *)java_at(
					  h, root->dependent_block_list))
					 ->status,
			(uint32_t)FLUE_STATUS_FAILURE);
	peer(h, &c, TCP_ACK, 0, 900, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, old), FLUE_STATUS_SUCCESS);
	h->neighbor = NULL;
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, slot(h, &c, 1)), FLUE_STATUS_SUCCESS);
	h->path = NULL;
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, other), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

RULE("T-61")
RULE("T-62")
static void
thousands_of_connections_are_told_some_a_pass(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn *c;
	int told = 0;
	int most = 0;
	int i;

	(void)state;
	config.max_connections = 4000;
	h = harness_new(&config, 0);
	c = calloc(4000, sizeof(*c));
	for (i = 0; i < 4000; i++) {
		conn_block(h, &c[i], 1, 1);
		if (i % 20 != 0)
			c[i - 1].block->next_block = c[i].block_ref;
		if (i % 20 == 19)
			assert_int_equal(conn_initiate(h, &c[i - 19]), FLUE_STATUS_SUCCESS);
	}
	assert_int_equal(flue_engine_held(h->e, 2), 4000);
	pass_after(h, 200 * MS);
	h->port->seen = h->port->sent_count;
	/* At once, though the sweep has not come by: data and an ACK of the last ones, in this pass. */
	for (i = 3900; i < 3910; i++) {
		c[i].token = c[i].handle->miniport_offload_context;
		submit(h, FLUE_SUB_SEND, c[i].token, nbl_new(h, pattern, 100, 1), 0, 0);
	}
	peer(h, &c[3950], TCP_ACK, 0, 0, pattern, 100, 65535);
	assert_int_equal(run_on(h, FLUE_SUB_INVALIDATE, slot(h, c, 0)), FLUE_STATUS_SUCCESS);
	sent_none(h);
	for (i = 0; i < 200; i++) {
		struct flue_up up;
		int n = 0;

		poll_engine(h);
		while (up_next(h, &up))
			n += up.op == FLUE_UP_EVENT;
		told += n;
		most = n > most ? n : most;
	}
	assert_true(most <= 512);
	assert_true(told >= 4000 - 512);
	for (i = 0; i < 4000; i++)
		assert_true(h->e->conns[i].flags & CONN_INVALID);
	sent_none(h);
	harness_discard(h);
	free(c);
}

/** Take entries until one of that number. */
static struct flue_up
up_until(struct harness *h, uint32_t op)
{
	struct flue_up up;
	int i;

	for (i = 0; i < 10; i++) {
		while (up_next(h, &up))
			if (up.op == op)
				return up;
		poll_engine(h);
	}
	fail_msg("no entry %u", op);
	return up;
}

/** Any of what can break; none of it is what a peer or a host could bring about. */
static void
damage(struct harness *h, unsigned how)
{
	struct flue_conn *c = &h->e->conns[0];

	switch (how) {
	case 0:
		c->snd_nxt += 0x50000000;
		break;
	case 1:
		c->handle ^= 0x10;
		break;
	case 2:
		c->ports ^= 0x100;
		break;
	case 3:
		c->path = 0x1234567;
		break;
	case 4:
		c->state = 2;
		break;
	default:
		h->e->profiles.at[h->e->conns[0].profile].given_const.remote_mss ^= 0x40;
		break;
	}
}

/** Terminate; what comes before its completion is REQUEST_ABORTED. @return 1: a receive, 2: a send */
static unsigned
terminate_aborted(struct harness *h, struct conn *c)
{
	unsigned done = 0;
	struct flue_up up;

	terminate_submit(h, c);
	for (;;) {
		if (!up_next(h, &up)) {
			poll_engine(h);
			continue;
		}
		if (up.op == FLUE_UP_TERMINATE_COMPLETE)
			return done;
		done |= 1u << (up.op == FLUE_UP_SEND_COMPLETE);
		assert_int_equal(nbl_at(h, up.ref)->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
	}
}

RULE("T-80")
static void
corrupt_state_is_told_in_the_order_of_the_rules(void **state)
{
	static const uint32_t ops[] = { FLUE_SUB_QUERY, FLUE_SUB_INVALIDATE, FLUE_SUB_TERMINATE };
	unsigned how;
	unsigned o;

	(void)state;
	for (o = 0; o < 3; o++) {
		for (how = 0; how < 6; how++) {
			struct harness *h = harness_new(NULL, 0);
			struct flue_miniport_offload_block_list *b;
			struct conn c = { 0 };
			struct flue_up up;
			flue_ref send = nbl_new(h, pattern, 700, 1);
			flue_ref receive = nbl_new(h, NULL, 100, 1);
			flue_ref ref;
			unsigned done;

			connect_at(h, &c, 1, 1);
			submit(h, FLUE_SUB_SEND, c.token, send, 0, 0);
			submit(h, FLUE_SUB_RECEIVE, c.token, receive, 0, 0);
			pass_after(h, MS);
			damage(h, how);
			b = refer(h, FLUE_STATE_TCP_DELEGATED, c.block->miniport_offload_context,
					&ref);
			submit(h, ops[o], 0, ref, 0, 0);
			poll_engine(h);
			up = up_expect(h, ops[o]);
			assert_true(up.ref == ref);
			assert_int_equal(b->status, (uint32_t)FLUE_STATUS_FAILURE);
			up = up_until(h, FLUE_UP_EVENT);
			assert_int_equal(up.arg0, FLUE_TCP_INDICATE_RETRIEVE);
			assert_int_equal(up.arg1, FLUE_UPLOAD_HARDWARE_FAILURE);
			up = up_until(h, FLUE_UP_EVENT);
			assert_int_equal(up.arg0, FLUE_TCP_INDICATE_ABORT);
			settle(h);
			up_none(h);
			/* Once more it fails, and nothing is told twice. */
			if (ops[o] != FLUE_SUB_TERMINATE) {
				b->status = 0;
				assert_int_equal(run_op(h, ops[o], ref),
						(uint32_t)FLUE_STATUS_FAILURE);
				settle(h);
				up_none(h);
			}
			done = terminate_aborted(h, &c);
			assert_int_equal(done, 3);
			assert_int_equal(c.block->status, FLUE_STATUS_SUCCESS);
			assert_true(c.block->net_buffer_list_chain == 0);
			harness_free(h);
		}
	}
}

RULE("T-80")
static void
corrupt_state_below_connections_fails_and_asks_them_back(void **state)
{
	static const uint32_t ops[] = { FLUE_SUB_QUERY, FLUE_SUB_INVALIDATE, FLUE_SUB_TERMINATE };
	unsigned o;
	int which;

	(void)state;
	for (which = 0; which < 2; which++) {
		for (o = 0; o < 3; o++) {
			struct harness *h = harness_new(NULL, 0);
			struct conn c = { 0 };
			struct flue_up up;

			connect_at(h, &c, 1, 1);
			h->port->seen = h->port->sent_count;
			if (which == 0)
				h->e->neighbors[0].mac[3] ^= 1;
			else
				h->e->paths[0].remote[2] ^= 1;
			assert_int_equal(run_on(h, ops[o], slot(h, &c, which)),
					(uint32_t)FLUE_STATUS_FAILURE);
			submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
			up = up_until(h, FLUE_UP_EVENT);
			assert_int_equal(up.arg0, FLUE_TCP_INDICATE_RETRIEVE);
			assert_int_equal(up.arg1, FLUE_UPLOAD_HARDWARE_FAILURE);
			settle(h);
			sent_none(h);
			finish(h, &c);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				nothing_is_sent_on_what_is_invalid_and_each_connection_is_asked_back),
		cmocka_unit_test(not_even_a_reset_leaves_over_what_is_invalid),
		cmocka_unit_test(a_relink_in_time_takes_the_connections_on),
		cmocka_unit_test(thousands_of_connections_are_told_some_a_pass),
		cmocka_unit_test(corrupt_state_is_told_in_the_order_of_the_rules),
		cmocka_unit_test(corrupt_state_below_connections_fails_and_asks_them_back),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
