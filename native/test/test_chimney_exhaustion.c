/* SPDX-License-Identifier: Apache-2.0 */

/* The n-th entry of each pool and table is missing, for every n, in every state operation: the status
 * says what was short, initiates alone may say so, and in the end everything is back. */

#include "support/blocks.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[4000];

enum pool {
	POOL_NEIGHBORS,
	POOL_PATHS,
	POOL_CONNECTIONS,
	POOL_PIECES,
	POOL_RECORDS,
	POOL_SLABS,
	POOL_FRAMES,
	POOL_EVENTS,
	TABLE_VLANS,
	TABLE_MACS,
	TABLE_ADDRESSES,
	POOLS
};

#define NEIGHBORS   3
#define PATHS       2 /* of each neighbor */
#define CONNECTIONS 2 /* of each path */
#define ALL         (NEIGHBORS * (1 + PATHS * (1 + CONNECTIONS)))

struct object {
	struct flue_miniport_offload_block_list *block;
	struct flue_offload_handle *handle;
	flue_ref ref;
	uint32_t wanted; /* status when it was the first that found nothing */
};

struct tree {
	struct object o[ALL];
	int n;
};

static struct flue_ids *
ids_of(struct flue_engine *e, enum pool pool)
{
	struct flue_ids *const ids[] = { &e->neighbor_ids, &e->path_ids, &e->conn_ids,
		&e->piece_ids, &e->rx_ids, &e->slabs.ids, &e->frame_ids, &e->event_ids };

	return pool < TABLE_VLANS ? ids[pool] : NULL;
}

static struct object *
object(struct harness *h, struct tree *t, uint8_t type)
{
	struct object *o = &t->o[t->n++];

	o->ref = block_new(h, type, &o->handle, &o->block);
	return o;
}

static void
make_path(struct harness *h, struct object *o, int n)
{
	struct flue_path_const *c = behind(o->block);
	uint8_t *a;

	a = java_alloc(h, 32, &c->source_address);
	c->destination_address = c->source_address + 16;
	memcpy(a, "\xc6\x12\x00\x01", 4);
	memcpy(a + 16, "\xc6\x12\x00\x02", 4);
	a[3] = (uint8_t)(1 + n); /* each its own local address */
	((struct flue_path_cached *)((uint8_t *)o->block + FLUE_PATH_CACHED_AT))->path_mtu = 1500;
}

/** Three neighbors, each in a VLAN and with a source address of its own, with all below them. */
static void
tree_new(struct harness *h, struct tree *t)
{
	struct object *last_n = NULL;
	int i, k, j;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < NEIGHBORS; i++) {
		struct object *n = object(h, t, FLUE_STATE_NEIGHBOR);
		struct flue_neighbor_const *nc = behind(n->block);
		struct object *last_p = NULL;

		nc->vlan_id = 10 + (uint32_t)i;
		memcpy(nc->dl_source_address, "\x02\x00\x00\x00\x01\x00", 6);
		nc->dl_source_address[5] = (uint8_t)i;
		memcpy((uint8_t *)n->block + FLUE_NEIGHBOR_CACHED_AT + 8, PEER_MAC, 6);
		if (last_n != NULL)
			last_n->block->next_block = n->ref;
		last_n = n;
		for (k = 0; k < PATHS; k++) {
			struct object *p = object(h, t, FLUE_STATE_IP4);
			struct object *last_c = NULL;

			make_path(h, p, i * PATHS + k);
			if (last_p != NULL)
				last_p->block->next_block = p->ref;
			else
				n->block->dependent_block_list = p->ref;
			last_p = p;
			for (j = 0; j < CONNECTIONS; j++) {
				struct object *o = &t->o[t->n++];
				struct conn c = { 0 };

				conn_block(h, &c, 1, 1);
				o->block = c.block;
				o->ref = c.block_ref;
				o->handle = c.handle;
				c.block->net_buffer_list_chain = nbl_new(h, pattern, 300, 2);
				tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = c.iss + 9;
				tcp_delegated(&c)->buffered_data = nbl_new(h, pattern, 900, 1);
				if (last_c != NULL)
					last_c->block->next_block = o->ref;
				else
					p->block->dependent_block_list = o->ref;
				last_c = o;
			}
		}
	}
}

static bool
is_good(uint32_t status)
{
	return status == FLUE_STATUS_SUCCESS || status == FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS;
}

/** How often the cause was named. */
static unsigned named[POOLS];

static void
check_initiated(struct tree *t, enum pool pool)
{
	static const uint32_t shortage[POOLS] = {
		(uint32_t)FLUE_STATUS_OFFLOAD_NEIGHBOR_ENTRIES,
		(uint32_t)FLUE_STATUS_OFFLOAD_PATH_ENTRIES,
		(uint32_t)FLUE_STATUS_OFFLOAD_TCP_ENTRIES,
		(uint32_t)FLUE_STATUS_OFFLOAD_TCP_XMIT_BUFFER,
		(uint32_t)FLUE_STATUS_OFFLOAD_TCP_RCV_BUFFER,
		(uint32_t)FLUE_STATUS_FAILURE,
		0,
		0,
		(uint32_t)FLUE_STATUS_OFFLOAD_VLAN_ENTRIES,
		(uint32_t)FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES,
		(uint32_t)FLUE_STATUS_OFFLOAD_IP_ADDRESS_ENTRIES,
	};
	int i;

	for (i = 0; i < t->n; i++) {
		struct object *o = &t->o[i];

		if (is_good(o->block->status)) {
			assert_true(o->handle->miniport_offload_context != 0);
			continue;
		}
		/* What was short, or not tried. */
		if (o->block->status == shortage[pool])
			named[pool]++;
		else
			assert_int_equal(o->block->status, (uint32_t)FLUE_STATUS_FAILURE);
		assert_true(o->handle->miniport_offload_context == 0);
	}
}

/** The same tree of references, for an operation on all that exists. */
static flue_ref
references(struct harness *h, const struct tree *t, uint32_t op, struct tree *out)
{
	int i;

	*out = *t;
	for (i = 0; i < t->n; i++)
		out->o[i].block = refer(h, FLUE_STATE_NONE, t->o[i].block->miniport_offload_context,
				&out->o[i].ref);
	for (i = 0; i < t->n; i++) {
		struct flue_miniport_offload_block_list *b = out->o[i].block;
		uint8_t type = t->o[i].block->header.type;
		int k;

		for (k = 0; k < t->n; k++) {
			if (t->o[i].block->next_block == t->o[k].ref)
				b->next_block = out->o[k].ref;
			if (t->o[i].block->dependent_block_list == t->o[k].ref)
				b->dependent_block_list = out->o[k].ref;
		}
		if (op == FLUE_SUB_QUERY)
			b->header.type = type;
		if (op == FLUE_SUB_QUERY && type == FLUE_STATE_IP4)
			memcpy(behind(b), behind(t->o[i].block), 24);
		if (op == FLUE_SUB_TERMINATE && type == FLUE_STATE_TCP)
			b->header.type = type;
		if (op == FLUE_SUB_UPDATE && type == FLUE_STATE_TCP) {
			b->header.type = FLUE_STATE_TCP_CACHED;
			memcpy(behind(b), (uint8_t *)t->o[i].block + FLUE_TCP_CACHED_AT, 44);
		}
	}
	return out->o[0].ref;
}

/** Statuses of an operation other than initiate: of what exists SUCCESS, of the rest FAILURE. */
static void
check_operated(const struct tree *t, const struct tree *refs, uint32_t op)
{
	int i;

	for (i = 0; i < t->n; i++) {
		uint32_t status = refs->o[i].block->status;
		bool there = t->o[i].handle->miniport_offload_context != 0;

		if (status != FLUE_STATUS_SUCCESS)
			assert_int_equal(status, (uint32_t)FLUE_STATUS_FAILURE);
		if (op == FLUE_SUB_QUERY || op == FLUE_SUB_INVALIDATE)
			assert_int_equal(status == FLUE_STATUS_SUCCESS, there);
		if (!there)
			assert_int_equal(status, (uint32_t)FLUE_STATUS_FAILURE);
	}
}

static uint32_t
starve(struct flue_ids *ids, uint32_t left, uint32_t *hidden)
{
	uint32_t n = 0;

	while (ids != NULL && ids->free > left)
		hidden[n++] = flue_ids_take(ids);
	return n;
}

static void
give_back(struct flue_ids *ids, const uint32_t *hidden, uint32_t n)
{
	while (n > 0)
		flue_ids_give(ids, hidden[--n]);
}

/** Submit, then poll until it completes; the host takes back what is lent. In the third pass memory is
 *  there again: what can wait for it, waits. */
static void
operate(struct harness *h, uint32_t op, flue_ref root, enum pool pool, const uint32_t *hidden,
		uint32_t *n)
{
	struct flue_up up;
	int i;

	submit(h, op, 0, root, 0, 0);
	for (i = 0; i < 50; i++) {
		if (i == 3) {
			give_back(ids_of(h->e, pool), hidden, *n);
			*n = 0;
		}
		pass_after(h, MS);
		while (up_next(h, &up)) {
			if (up.op == FLUE_UP_RECEIVE_INDICATE) {
				submit(h, FLUE_SUB_VERDICT, up.arg1, up.ref, 0, 0);
				submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
			} else if (up.op == op) {
				return;
			}
		}
	}
	fail_msg("operation %u did not complete", op);
}

static void
one_run(enum pool pool, uint32_t left)
{
	struct flue_engine_config config = harness_config();
	uint32_t *hidden = calloc(4096, sizeof(*hidden));
	struct harness *h;
	struct tree t;
	struct tree refs;
	uint32_t op;
	uint32_t n;
	int i;

	config.max_source_macs = pool == TABLE_MACS ? (int)left : 16;
	config.max_vlans = pool == TABLE_VLANS ? (int)left : 16;
	config.max_local_addresses = pool == TABLE_ADDRESSES ? (int)left + 1 : 16;
	h = harness_new(&config, 0);
	h->e->params.nce_stale_ticks = 0;
	tree_new(h, &t);
	n = starve(ids_of(h->e, pool), left, hidden);
	operate(h, FLUE_SUB_INITIATE, t.o[0].ref, pool, hidden, &n);
	check_initiated(&t, pool);
	for (op = FLUE_SUB_QUERY; op <= FLUE_SUB_TERMINATE; op++) {
		flue_ref root = references(h, &t, op, &refs);

		n += starve(ids_of(h->e, pool), left, hidden);
		operate(h, op, root, pool, hidden, &n);
		check_operated(&t, &refs, op);
		give_back(ids_of(h->e, pool), hidden, n);
		n = 0;
	}
	/* What could not come back at once for want of a record, and indications on their way. */
	for (i = 0; i < t.n; i++) {
		struct flue_tcp_delegated *d =
				(struct flue_tcp_delegated *)((uint8_t *)refs.o[i].block +
							      FLUE_TCP_DELEGATED_AT);

		if (t.o[i].block->header.type == FLUE_STATE_TCP && d->buffered_data != 0)
			submit(h, FLUE_SUB_RECEIVE_RETURN, 0, d->buffered_data, 0, 0);
	}
	for (i = 0; i < 5; i++) {
		struct flue_up up;

		poll_engine(h);
		while (up_next(h, &up))
			;
	}
	for (i = 0; i <= 8; i++)
		assert_int_equal(flue_engine_held(h->e, i), 0);
	h->port->seen = h->port->sent_count;
	harness_free(h);
	free(hidden);
}

static void
the_nth_entry_is_missing_and_everything_comes_back(void **state)
{
	uint32_t left;
	int pool;

	(void)state;
	for (pool = 0; pool < POOLS; pool++)
		for (left = 0; left < (pool >= TABLE_VLANS ? 7u : 16u); left++)
			one_run((enum pool)pool, left);
	for (pool = 0; pool < POOLS; pool++)
		assert_int_equal(named[pool] != 0, pool != POOL_FRAMES && pool != POOL_EVENTS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nth_entry_is_missing_and_everything_comes_back),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
