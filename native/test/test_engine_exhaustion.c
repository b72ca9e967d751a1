/* SPDX-License-Identifier: Apache-2.0 */

/* Every pool of the engine is short of everything, at every step: what was taken comes back. */

#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[8000];

enum pool {
	POOL_PIECES,
	POOL_RECORDS,
	POOL_FRAMES,
	POOL_SLABS,
	POOL_CONNECTIONS,
	POOL_PATHS,
	POOL_NEIGHBORS,
	POOLS
};

static struct flue_ids *
ids_of(struct harness *h, enum pool pool)
{
	struct flue_ids *const ids[POOLS] = { &h->e->piece_ids, &h->e->rx_ids, &h->e->frame_ids,
		&h->e->slabs.ids, &h->e->conn_ids, &h->e->path_ids, &h->e->neighbor_ids };

	return ids[pool];
}

/** All but `left` of a pool are gone. @return how many are hidden, in `hidden` */
static uint32_t
starve(struct flue_ids *ids, uint32_t left, uint32_t *hidden)
{
	uint32_t n = 0;

	while (ids->free > left)
		hidden[n++] = flue_ids_take(ids);
	return n;
}

/** A host that answers everything; every third indication it refuses, and posts again. */
static void
answer(struct harness *h, struct conn *c, unsigned *turn)
{
	struct flue_up up;

	while (up_next(h, &up)) {
		if (up.op == FLUE_UP_FRAME) {
			submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
		} else if (up.op == FLUE_UP_RECEIVE_INDICATE && (*turn)++ % 3 == 0) {
			verdict(h, c, up.ref, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED,
					7);
			submit(h, FLUE_SUB_RECEIVE, c->token, nbl_new(h, NULL, 100, 2), 0, 0);
		} else if (up.op == FLUE_UP_RECEIVE_INDICATE) {
			verdict(h, c, up.ref, FLUE_STATUS_SUCCESS, 0);
			submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		}
	}
}

/** A connection with data both ways on the way in: sends in flight, received and not delivered. */
static bool
initiate(struct harness *h, struct conn *c)
{
	flue_ref sends = nbl_new(h, pattern, 3000, 3);

	nbl_link(h, sends, nbl_new(h, pattern, 100, 1));
	conn_block(h, c, 0xfffffff0, 0xffffff00);
	c->block->net_buffer_list_chain = sends;
	tcp_delegated(c)->snd_nxt += 1000;
	tcp_delegated(c)->snd_max += 1000;
	tcp_delegated(c)->buffered_data = nbl_new(h, pattern, 5000, 2);
	if (conn_initiate(h, c) == FLUE_STATUS_SUCCESS)
		return true;
	/* What was not taken is untouched. */
	assert_true(c->block->net_buffer_list_chain == sends);
	assert_int_equal(c->token, 0);
	return false;
}

static void
transfer(struct harness *h, struct conn *c)
{
	uint8_t frame[200] = OUR_MAC PEER_MAC "\x08\x06";
	flue_ref segment;
	unsigned turn = 0;
	uint8_t header[20] = { 0 };
	int i;

	for (i = 0; i < 12; i++) {
		uint32_t seq = (uint32_t)(i ^ 1) * 700; /* every other one behind a hole */

		peer(h, c, TCP_ACK, seq, (uint32_t)i * 100, pattern, 700, i & 2 ? 300 : 65535);
		inject(h, frame, sizeof(frame));
		submit(h, FLUE_SUB_SEND, c->token, nbl_new(h, pattern, 700, 1 + i % 4), 0, 0);
		submit(h, FLUE_SUB_FRAME_SEND, 0, nbl_new(h, frame, 100, 2), 0, 0);
		if (i % 3 == 0)
			submit(h, FLUE_SUB_RECEIVE, c->token, nbl_new(h, NULL, 333, 3), 0, 0);
		segment = nbl_new(h, header, 20, 1);
		submit(h, FLUE_SUB_FORWARD, c->token, segment, 0, 0);
		pass_after(h, 40 * MS);
		answer(h, c, &turn);
	}
	submit(h, FLUE_SUB_DISCONNECT, c->token, nbl_new(h, pattern, 50, 1),
			FLUE_DISCONNECT_GRACEFUL, 0);
	pass_after(h, MS);
	answer(h, c, &turn);
}

/** With `left` of one pool; the port has packets to send only in passes that `deaf` lets it. */
static void
one_run(enum pool pool, uint32_t left, bool deaf)
{
	struct harness *h = harness_new(NULL, 0);
	uint32_t *hidden = calloc(2048, sizeof(*hidden));
	uint32_t n = starve(ids_of(h, pool), left, hidden);
	struct conn c = { 0 };
	unsigned turn = 1;

	h->port->no_alloc = deaf;
	if (initiate(h, &c)) {
		transfer(h, &c);
		terminate_submit(h, &c);
		poll_engine(h);
		h->port->no_alloc = false;
		answer(h, &c, &turn);
		poll_engine(h);
		while (n > 0)
			flue_ids_give(ids_of(h, pool), hidden[--n]);
		for (; flue_engine_held(h->e, 2) != 0; poll_engine(h))
			answer(h, &c, &turn);
		assert_int_equal(c.block->status, FLUE_STATUS_SUCCESS);
		if (tcp_delegated(&c)->buffered_data != 0)
			submit(h, FLUE_SUB_RECEIVE_RETURN, 0, tcp_delegated(&c)->buffered_data, 0,
					0);
	}
	while (n > 0)
		flue_ids_give(ids_of(h, pool), hidden[--n]);
	poll_engine(h);
	answer(h, &c, &turn);
	poll_engine(h);
	/* What an initiate that failed made of the lower objects goes, too. */
	if (h->path != NULL && h->path->miniport_offload_context == 0)
		h->path = NULL;
	if (h->neighbor != NULL && h->neighbor->miniport_offload_context == 0)
		h->neighbor = NULL;
	h->port->seen = h->port->sent_count;
	harness_free(h);
	free(hidden);
}

static void
whatever_runs_out_everything_comes_back(void **state)
{
	uint32_t left;
	int pool;

	(void)state;
	for (pool = 0; pool < POOLS; pool++) {
		for (left = 0; left < 24; left++) {
			one_run((enum pool)pool, left, false);
			one_run((enum pool)pool, left, true);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_runs_out_everything_comes_back),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
