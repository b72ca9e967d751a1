/* SPDX-License-Identifier: Apache-2.0 */

/* VLANs and priorities, source addresses and local addresses: what an initiate takes, what leaves,
 * what is heard. */

#include "support/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "tcp/bytes.h"

static uint8_t pattern[4000];

/** Initiate one more neighbor. @return status; its slot through `slot` unless NULL */
static uint32_t
neighbor(struct harness *h, uint32_t vlan, const char *src, flue_ref *slot)
{
	struct flue_miniport_offload_block_list *b;
	struct flue_offload_handle *handle;
	struct flue_neighbor_const *c;
	flue_ref ref = block_new(h, FLUE_STATE_NEIGHBOR, &handle, &b);

	c = (struct flue_neighbor_const *)((uint8_t *)b + FLUE_NEIGHBOR_CONST_AT);
	c->vlan_id = vlan;
	if (src != NULL)
		memcpy(c->dl_source_address, src, 6);
	memcpy((uint8_t *)b + FLUE_NEIGHBOR_CACHED_AT + 8, PEER_MAC, 6);
	if (slot != NULL)
		*slot = b->miniport_offload_context;
	return run_op(h, FLUE_SUB_INITIATE, ref);
}

RULE("T-38")
RULE("T-91")
static void
the_vlan_table_decides(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	flue_ref slot;

	(void)state;
	config.max_vlans = 2;
	/* The interface has no VLAN: any is taken, while there are entries; 0 needs none. */
	h = harness_new(&config, 0);
	assert_int_equal(neighbor(h, 7, NULL, &slot), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 7, NULL, NULL), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 4094, NULL, NULL), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 9, NULL, NULL), (uint32_t)FLUE_STATUS_OFFLOAD_VLAN_ENTRIES);
	assert_int_equal((uint32_t)FLUE_STATUS_OFFLOAD_VLAN_ENTRIES, 0xC0231009);
	assert_int_equal(neighbor(h, 0, NULL, NULL), FLUE_STATUS_SUCCESS);
	assert_int_equal(flue_engine_held(h->e, 0), 4);
	/* One of two that use 7 goes: it stays in use. */
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, slot), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 9, NULL, NULL), (uint32_t)FLUE_STATUS_OFFLOAD_VLAN_ENTRIES);
	harness_discard(h);
	/* The interface has two. */
	config.vlan_ids[0] = 7;
	config.vlan_ids[3] = 8;
	h = harness_new(&config, 0);
	assert_int_equal(neighbor(h, 0, NULL, NULL), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 7, NULL, &slot), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 8, NULL, NULL), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 9, NULL, NULL), (uint32_t)FLUE_STATUS_OFFLOAD_VLAN_MISMATCH);
	assert_int_equal((uint32_t)FLUE_STATUS_OFFLOAD_VLAN_MISMATCH, 0xC023100D);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, slot), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 7, NULL, NULL), FLUE_STATUS_SUCCESS);
	harness_discard(h);
	config.max_vlans = 0;
	h = harness_new(&config, 0);
	assert_int_equal(neighbor(h, 7, NULL, NULL), (uint32_t)FLUE_STATUS_OFFLOAD_VLAN_ENTRIES);
	assert_int_equal(neighbor(h, 9, NULL, NULL), (uint32_t)FLUE_STATUS_OFFLOAD_VLAN_MISMATCH);
	harness_free(h);
}

/** A connection in that VLAN, with that priority. */
static struct harness *
in_vlan(struct conn *c, uint32_t vlan, uint8_t priority)
{
	struct harness *h = harness_new(NULL, 0);

	neighbor_new(h);
	((struct flue_neighbor_const *)((uint8_t *)h->neighbor_block + FLUE_NEIGHBOR_CONST_AT))
			->vlan_id = vlan;
	conn_block(h, c, 1, 1);
	tcp_cached(c)->user_priority = priority;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
	c->token = c->handle->miniport_offload_context;
	pass_after(h, 200 * MS);
	return h;
}

/** The frame sent last has this tag, or none; taken off, it is a good segment. @return it */
static struct seen
sent_tagged(struct harness *h, struct conn *c, int tag)
{
	uint8_t *f = h->port->sent[h->port->seen].bytes;

	assert_true(h->port->seen < h->port->sent_count);
	if (tag >= 0) {
		assert_int_equal(flue_load16be(f + 12), 0x8100);
		assert_int_equal(flue_load16be(f + 14), tag);
		memmove(f + 12, f + 16, h->port->sent[h->port->seen].len - 16);
		h->port->sent[h->port->seen].len -= 4;
	}
	return sent_expect(h, c);
}

RULE("T-90")
RULE("T-91")
static void
frames_carry_the_tag_of_the_table(void **state)
{
	static const int rows[][3] = { /* VlanId, UserPriority, tag */
		{ 0, 0, -1 }, { 0, 5, 5 << 13 }, { 7, 0, 7 }, { 7, 3, 3 << 13 | 7 },
		{ 4094, 7, 7 << 13 | 4094 }
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conn c = { 0 };
		struct harness *h = in_vlan(&c, (uint32_t)rows[i][0], (uint8_t)rows[i][1]);
		struct flue_miniport_offload_block_list *b;
		uint32_t full = 1460; /* with IPv6 the harness has a larger path MTU */
		flue_ref ref;

		/* A full segment, a small one, an ACK. */
		submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, full + 50, 1), 0, 0);
		pass_after(h, MS);
		assert_int_equal(sent_tagged(h, &c, rows[i][2]).len, full);
		assert_int_equal(sent_tagged(h, &c, rows[i][2]).len, 50);
		/* The priority can be updated, up and away; the VLAN is CONST. */
		b = refer(h, FLUE_STATE_TCP_CACHED, c.block->miniport_offload_context, &ref);
		*(struct flue_tcp_cached *)behind(b) = *tcp_cached(&c);
		((struct flue_tcp_cached *)behind(b))->user_priority = (uint8_t)(rows[i][1] ^ 1);
		assert_int_equal(run_op(h, FLUE_SUB_UPDATE, ref), FLUE_STATUS_SUCCESS);
		submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 20, 1), 0, 0);
		pass_after(h, MS);
		assert_int_equal(sent_tagged(h, &c, (rows[i][1] ^ 1) << 13 | rows[i][0]).len, 20);
		h->port->seen = h->port->sent_count;
		finish(h, &c);
	}
}

/** What a segment with that tag (-1 = none) comes to: 0 dropped, 1 processed, 2 up as a frame. */
static int
heard(uint32_t vlan, int tag, bool ours)
{
	struct conn c = { 0 };
	struct harness *h = in_vlan(&c, vlan, 0);
	uint8_t frame[2048];
	uint32_t len;
	struct flue_up up;
	int result = 0;

	if (!ours)
		c.port++;
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, pattern, 100, 65535, NULL);
	if (!ours)
		c.port--;
	if (tag >= 0) {
		memmove(frame + 16, frame + 12, len - 12);
		flue_store16be(frame + 12, 0x8100);
		flue_store16be(frame + 14, (uint16_t)tag);
		len += 4;
	}
	inject(h, frame, len);
	pass_after(h, MS);
	if (up_next(h, &up)) {
		result = up.op == FLUE_UP_RECEIVE_INDICATE ? 1 : 2;
		if (result == 1) {
			uint8_t buf[200];

			assert_int_equal(gather(h, up.ref, buf), 100);
			assert_memory_equal(buf, pattern, 100);
		} else {
			assert_int_equal(up.op, FLUE_UP_FRAME);
		}
	}
	h->port->seen = h->port->sent_count;
	harness_discard(h);
	return result;
}

RULE("T-114")
static void
a_neighbor_in_a_vlan_is_heard_in_that_vlan_alone(void **state)
{
	(void)state;
	/* In none: nothing is filtered. */
	assert_int_equal(heard(0, -1, true), 1);
	assert_int_equal(heard(0, 0, true), 1);
	assert_int_equal(heard(0, 5 << 13, true), 1);
	assert_int_equal(heard(0, 9, true), 1);
	/* In VLAN 7. */
	assert_int_equal(heard(7, 7, true), 1);
	assert_int_equal(heard(7, 3 << 13 | 7, true), 1);
	assert_int_equal(heard(7, -1, true), 0);
	assert_int_equal(heard(7, 5 << 13, true), 0);
	assert_int_equal(heard(7, 8, true), 0);
	/* What is no connection's goes up, tag and all. */
	assert_int_equal(heard(7, 8, false), 2);
	assert_int_equal(heard(7, -1, false), 2);
	assert_int_equal(heard(0, 9, false), 2);
}

RULE("T-39")
static void
a_source_address_of_the_hosts_is_used_and_heard_while_there_is_room(void **state)
{
	static const char *const a = "\x02\x00\x00\x00\x00\x01";
	static const char *const b = "\x02\x00\x00\x00\x00\x02";
	struct flue_engine_config config = harness_config();
	struct conn c = { 0 };
	uint8_t frame[2048];
	uint8_t buf[100];
	struct harness *h;
	uint32_t len;

	(void)state;
	h = harness_new(&config, 0);
	assert_int_equal(neighbor(h, 0, a, NULL), (uint32_t)FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES);
	assert_int_equal((uint32_t)FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES, 0xC0231008);
	harness_free(h);
	config.max_source_macs = 1;
	h = harness_new(&config, 0);
	neighbor_new(h);
	memcpy((uint8_t *)h->neighbor_block + FLUE_NEIGHBOR_CONST_AT + 8, a, 6);
	connect_at(h, &c, 1, 1);
	assert_int_equal(neighbor(h, 0, a, NULL), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 0, OUR_MAC, NULL), FLUE_STATUS_SUCCESS);
	assert_int_equal(neighbor(h, 0, b, NULL), (uint32_t)FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES);
	assert_int_equal(neighbor(h, 0, "\x01\x00\x5e\x00\x00\x02", NULL),
			(uint32_t)FLUE_STATUS_OFFLOAD_HW_ADDRESS_ENTRIES);
	/* To it, and from it in every packet: data and the ACK. */
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, pattern, 50, 65535, NULL);
	memcpy(frame, a, 6);
	inject(h, frame, len);
	pass_after(h, MS);
	assert_int_equal(accept_data(h, &c, buf), 50);
	pass_after(h, SEC);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 20, 1), 0, 0);
	pass_after(h, MS);
	assert_true(h->port->sent_count >= 2);
	while (h->port->seen < h->port->sent_count)
		assert_memory_equal(h->port->sent[h->port->seen++].bytes + 6, a, 6);
	/* Another station's is not for us. */
	memcpy(frame, b, 6);
	inject(h, frame, len);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FRAME);
	harness_discard(h);
}

RULE("T-30")
static void
local_addresses_are_limited(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct flue_path_const *pc;
	struct flue_offload_handle *first;
	flue_ref slot;

	(void)state;
	only_ip4("it goes through both versions itself");
	config.max_local_addresses = 1;
	h = harness_new(&config, 0);
	neighbor_new(h);
	path_new(h, false);
	first = h->path;
	slot = h->path_block->miniport_offload_context;
	h->neighbor_block->dependent_block_list = h->path_ref;
	assert_int_equal(run_op(h, FLUE_SUB_INITIATE, h->neighbor_ref), FLUE_STATUS_SUCCESS);
	/* The same again, then one that begins the same but is IPv6, then another. */
	path_new(h, false);
	h->neighbor_block->dependent_block_list = h->path_ref;
	assert_int_equal(run_op(h, FLUE_SUB_INITIATE, h->neighbor_ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->path_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	path_new(h, true);
	h->neighbor_block->dependent_block_list = h->path_ref;
	assert_int_equal(run_op(h, FLUE_SUB_INITIATE, h->neighbor_ref),
			(uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_OFFLOAD_IP_ADDRESS_ENTRIES);
	assert_int_equal((uint32_t)FLUE_STATUS_OFFLOAD_IP_ADDRESS_ENTRIES, 0xC0231007);
	path_new(h, false);
	h->neighbor_block->dependent_block_list = h->path_ref;
	pc = (struct flue_path_const *)((uint8_t *)h->path_block + FLUE_PATH_CONST_AT);
	((uint8_t *)java_at(h, pc->source_address))[3] = 99;
	(void)run_op(h, FLUE_SUB_INITIATE, h->neighbor_ref);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_OFFLOAD_IP_ADDRESS_ENTRIES);
	assert_true(h->path->miniport_offload_context == 0);
	/* The first goes, and with it the address. */
	assert_true(first->miniport_offload_context != 0);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, slot), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_op(h, FLUE_SUB_INITIATE, h->neighbor_ref), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vlan_table_decides),
		cmocka_unit_test(frames_carry_the_tag_of_the_table),
		cmocka_unit_test(a_neighbor_in_a_vlan_is_heard_in_that_vlan_alone),
		cmocka_unit_test(
				a_source_address_of_the_hosts_is_used_and_heard_while_there_is_room),
		cmocka_unit_test(local_addresses_are_limited),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
