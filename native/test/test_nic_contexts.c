/* SPDX-License-Identifier: Apache-2.0 */

/* State objects in NIC memory: state operations write and read them there, data never comes near. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chimney/context.h"
#include "support/blocks.h"
#include "support/stream.h"

#define NIC_BYTES (64 * 1024)

struct nic {
	flue_nic_memory *memory;
	uint8_t *at;
	struct harness *h;
};

/** An engine with NIC memory of `bytes`. */
static struct nic
nic_harness(int64_t bytes)
{
	struct flue_engine_config config = harness_config();
	struct nic n;

	n.memory = config.nic_memory = nic_new(bytes, &n.at);
	n.h = harness_new(&config, 0);
	return n;
}

static void
nic_finish(struct nic *n, struct conn *c)
{
	finish(n->h, c);
	assert_int_equal(flue_nic_memory_free(n->memory), flue_nic_memory_size(n->memory));
	assert_int_equal(flue_nic_memory_close(n->memory), 0);
}

static const uint64_t *
cell(const struct nic *n, uint32_t i)
{
	return (const uint64_t *)(n->at + (uint64_t)i * FLUE_CELL_BYTES);
}

/** Reads and writes up to now. */
static uint64_t
touches(struct harness *h)
{
	return h->e->nic.part.reads + h->e->nic.part.writes;
}

static void
forbid(struct nic *n, bool forbidden)
{
	assert_int_equal(mprotect(n->at, (size_t)flue_nic_memory_size(n->memory),
					 forbidden ? PROT_NONE : PROT_READ | PROT_WRITE),
			0);
}

static void
what_is_initiated_lies_in_nic_memory_with_its_handle_and_is_gone_after_terminate(void **state)
{
	struct nic n = nic_harness(NIC_BYTES);
	struct conn c = { 0 };
	const uint64_t *of_conn;
	uint32_t i;

	(void)state;
	connect_at(n.h, &c, 1000, 2000);
	assert_int_equal(flue_engine_held(n.h->e, 13), 3);
	assert_int_equal(flue_engine_arena(n.h->e, 4), 3 * FLUE_CELL_BYTES);
	of_conn = cell(&n, *flue_conn_cell(n.h->e, object(n.h, &c)));
	assert_int_equal(of_conn[0], c.token);
	assert_int_equal(of_conn[1], c.block->ndis_offload_handle);
	assert_memory_equal(of_conn + 3, tcp_const(&c), 24);
	assert_memory_equal((const uint8_t *)of_conn + 48, tcp_cached(&c), 44);
	assert_memory_equal((const uint8_t *)of_conn + 96, tcp_delegated(&c), 128);
	assert_int_equal(terminate(n.h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(of_conn[0], 0);
	assert_int_equal(flue_engine_held(n.h->e, 13), 2);
	harness_at_rest(n.h);
	for (i = 0; i < 80; i++)
		assert_int_equal(cell(&n, i)[0], 0);
	harness_discard(n.h);
	assert_int_equal(flue_nic_memory_close(n.memory), 0);
}

/** The peer, whose next byte is `seq`, acknowledges; a millisecond passes. */
static void
says(struct harness *h, struct conn *c, uint32_t seq, uint32_t upto, uint16_t win)
{
	peer(h, c, TCP_ACK, seq, upto, NULL, 0, win);
	pass_after(h, MS);
}

/** Both ways, with loss, a probe and a keepalive: any touch would be a fault. */
static void
data_both_ways_and_timers_never_touch_nic_memory(void **state)
{
	static uint8_t buf[65536];
	struct nic n = nic_harness(NIC_BYTES);
	struct conn c = { 0 };
	uint32_t got = 0;
	uint64_t before;
	uint32_t i;

	(void)state;
	conn_block(n.h, &c, 1000, 2000);
	tcp_cached(&c)->flags |= FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED;
	tcp_cached(&c)->ka_timeout = 5000;
	tcp_cached(&c)->ka_interval = 1000;
	tcp_cached(&c)->rcv_indication_size = 700;
	tcp_cached(&c)->max_rt = 100000;
	assert_int_equal(conn_initiate(n.h, &c), FLUE_STATUS_SUCCESS);
	pass_after(n.h, 200 * MS);
	before = touches(n.h);
	forbid(&n, true);
	(void)send_data(n.h, &c, 25000);
	for (i = 1; i <= 20; i++) {
		says(n.h, &c, got, i * 1000, 60000);
		arrive(n.h, &c, (i - 1) * 500, 500, 0);
		got += accept_data(n.h, &c, buf + got);
	}
	assert_int_equal(got, 10000);
	/* A hole, duplicate ACKs, a timeout, a closed window, an idle peer. */
	arrive(n.h, &c, 11000, 100, 0);
	for (i = 0; i < 4; i++)
		says(n.h, &c, got, 20000, 60000);
	pass_after(n.h, 3 * SEC);
	for (i = 21000; i < 25000; i += 1000)
		says(n.h, &c, got, i, 60000);
	says(n.h, &c, got, 25000, 0);
	(void)send_data(n.h, &c, 100);
	pass_after(n.h, 5 * SEC);
	says(n.h, &c, got, 25100, 60000);
	pass_after(n.h, 10 * SEC);
	assert_true(counter(n.h, FLUE_CTR_RETRANSMITS) > 0);
	assert_true(counter(n.h, FLUE_CTR_PROBES) > 0);
	assert_int_equal(touches(n.h), before);
	forbid(&n, false);
	while (drain_sent(n.h, &c) != 0)
		;
	assert_int_equal(counter(n.h, FLUE_CTR_NIC_READS) + counter(n.h, FLUE_CTR_NIC_WRITES),
			before);
	assert_int_equal(terminate(n.h, &c), FLUE_STATUS_SUCCESS);
	harness_discard(n.h);
	assert_int_equal(flue_nic_memory_close(n.memory), 0);
}

/** What a query says is what lies in NIC memory: changed there together with its check, it is what the
 *  host gets. */
static void
a_query_is_answered_from_nic_memory(void **state)
{
	struct nic n = nic_harness(NIC_BYTES);
	struct flue_tcp_state_objects s;
	struct flue_miniport_offload_block_list *b;
	struct conn c = { 0 };
	struct flue_conn *o;
	flue_ref ref;

	(void)state;
	connect_at(n.h, &c, 1000, 2000);
	o = object(n.h, &c);
	assert_true(flue_conn_given(n.h->e, o, &s.c, &s.cached));
	s.pad = 0;
	s.cached.max_rt = 4711;
	flue_context_update(
			n.h->e, *flue_conn_cell(n.h->e, o), c.token, o->handle, &s, FLUE_TCP_GIVEN);
	b = refer(n.h, FLUE_STATE_TCP, c.block->miniport_offload_context, &ref);
	assert_int_equal(run_op(n.h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(((struct flue_tcp_cached *)((uint8_t *)b + FLUE_TCP_CACHED_AT))->max_rt,
			4711);
	nic_finish(&n, &c);
}

/** DELEGATED in NIC memory is as of the last operation that told it. */
static void
a_query_brings_delegated_up_to_date_there(void **state)
{
	struct nic n = nic_harness(NIC_BYTES);
	const struct flue_tcp_delegated *d;
	static uint8_t buf[4096];
	struct conn c = { 0 };
	flue_ref ref;

	(void)state;
	connect_at(n.h, &c, 1000, 2000);
	d = (const struct flue_tcp_delegated *)((const uint8_t *)cell(&n,
								*flue_conn_cell(n.h->e,
										object(n.h, &c))) +
						96);
	assert_int_equal(d->rcv_nxt, 2000);
	arrive(n.h, &c, 0, 300, 0);
	assert_int_equal(accept_data(n.h, &c, buf), 300);
	assert_int_equal(d->rcv_nxt, 2000);
	(void)refer(n.h, FLUE_STATE_TCP_DELEGATED, c.block->miniport_offload_context, &ref);
	assert_int_equal(run_op(n.h, FLUE_SUB_QUERY, ref), FLUE_STATUS_SUCCESS);
	assert_int_equal(d->rcv_nxt, 2300);
	nic_finish(&n, &c);
}

static void
full_nic_memory_refuses_the_object_that_found_no_room_and_nothing_else(void **state)
{
	struct nic n = nic_harness(4096); /* 16 objects: neighbor, path, 14 connections */
	struct conn c[16] = { 0 };
	static uint8_t buf[4096];
	unsigned i;

	(void)state;
	for (i = 0; i < 15; i++) {
		conn_block(n.h, &c[i], 1000, 2000);
		assert_int_equal(conn_initiate(n.h, &c[i]),
				i < 14 ? FLUE_STATUS_SUCCESS
				       : (uint32_t)FLUE_STATUS_OFFLOAD_TCP_ENTRIES);
	}
	assert_int_equal(c[14].handle->miniport_offload_context, 0);
	assert_int_equal(counter(n.h, FLUE_CTR_NIC_FULL), 1);
	assert_int_equal(flue_engine_held(n.h->e, 2), 14);
	/* Those that are there go on, and a place that comes free is taken. */
	pass_after(n.h, 200 * MS);
	arrive(n.h, &c[3], 0, 100, 0);
	assert_int_equal(accept_data(n.h, &c[3], buf), 100);
	assert_int_equal(terminate(n.h, &c[0]), FLUE_STATUS_SUCCESS);
	assert_int_equal(conn_initiate(n.h, &c[14]), FLUE_STATUS_SUCCESS);
	for (i = 1; i < 14; i++)
		assert_int_equal(terminate(n.h, &c[i]), FLUE_STATUS_SUCCESS);
	nic_finish(&n, &c[14]);
}

/** The device is gone: all bits read as one. Nobody loses a byte for it. */
static void
lost_nic_memory_brings_all_connections_back(void **state)
{
	struct nic n = nic_harness(NIC_BYTES);
	struct conn c[3] = { 0 };
	static uint8_t buf[4096];
	struct flue_up up;
	flue_ref ref;
	unsigned told = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		connect_at(n.h, &c[i], 1000, 2000);
	arrive(n.h, &c[1], 0, 100, 0);
	assert_int_equal(accept_data(n.h, &c[1], buf), 100);
	memset(n.at, 0xff, NIC_BYTES);
	(void)refer(n.h, FLUE_STATE_TCP_CONST, c[0].block->miniport_offload_context, &ref);
	assert_int_equal(run_op(n.h, FLUE_SUB_QUERY, ref), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(counter(n.h, FLUE_CTR_NIC_LOST), 1);
	settle(n.h);
	while (up_next(n.h, &up))
		told += up.op == FLUE_UP_EVENT && up.arg0 == FLUE_TCP_INDICATE_RETRIEVE;
	assert_true(told >= 2); /* the query's own may have come before its completion */
	assert_int_equal(counter(n.h, FLUE_CTR_UPLOAD_REQUESTS), 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(terminate(n.h, &c[i]), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c[i])->rcv_nxt, i == 1 ? 2100 : 2000);
	}
	/* Nothing new is trusted to it. */
	conn_block(n.h, &c[0], 1000, 2000);
	assert_int_equal(conn_initiate(n.h, &c[0]), (uint32_t)FLUE_STATUS_OFFLOAD_TCP_ENTRIES);
	harness_free(n.h);
	assert_int_equal(flue_nic_memory_close(n.memory), 0);
}

/** A device that is taken away, or a file that is cut: the kernel answers with SIGBUS. */
static void
memory_that_is_taken_away_kills_nobody(void **state)
{
	struct flue_engine_config config = harness_config();
	char path[] = "/tmp/flue-nic.XXXXXX";
	struct conn c[2] = { 0 };
	char place[64];
	char why[512];
	struct harness *h;
	flue_ref ref;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, NIC_BYTES), 0);
	snprintf(place, sizeof(place), "file:%s", path);
	assert_int_equal(flue_nic_memory_open(place, &config.nic_memory, why, sizeof(why)), 0);
	h = harness_new(&config, 0);
	connect_at(h, &c[0], 1000, 2000);
	connect_at(h, &c[1], 1000, 2000);
	assert_int_equal(ftruncate(fd, 0), 0);
	(void)refer(h, FLUE_STATE_TCP_CONST, c[0].block->miniport_offload_context, &ref);
	assert_int_equal(run_op(h, FLUE_SUB_QUERY, ref), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(counter(h, FLUE_CTR_NIC_LOST), 1);
	assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
	assert_int_equal(terminate(h, &c[1]), FLUE_STATUS_SUCCESS);
	harness_free(h);
	assert_int_equal(flue_nic_memory_close(config.nic_memory), 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
}

static void
engines_share_nic_memory_part_by_part_and_give_their_part_back(void **state)
{
	struct flue_engine_config config = harness_config();
	flue_nic_memory *memory = nic_new(NIC_BYTES, NULL);
	struct harness *h[3];
	unsigned i;

	(void)state;
	config.nic_memory = memory;
	config.nic_bytes = 24 * 1024;
	for (i = 0; i < 3; i++)
		h[i] = harness_new(&config, 0);
	assert_int_equal(flue_engine_arena(h[0]->e, 5), 24 * 1024);
	assert_int_equal(flue_engine_arena(h[2]->e, 5), 16 * 1024);
	assert_int_equal(flue_nic_memory_free(memory), 0);
	assert_int_equal(flue_nic_memory_close(memory), -EBUSY);
	{
		flue_engine *none = NULL;

		assert_int_equal(flue_engine_create(&config, &h[0]->port->port, &none), -ENOSPC);
	}
	harness_free(h[1]);
	assert_int_equal(flue_nic_memory_free(memory), 24 * 1024);
	h[1] = harness_new(&config, 0);
	for (i = 0; i < 3; i++)
		harness_free(h[i]);
	assert_int_equal(flue_nic_memory_free(memory), NIC_BYTES);
	assert_int_equal(flue_nic_memory_close(memory), 0);
}

/* Memory that does not keep what is written: decoded twice, with a bit that is stuck, not there. */

static uint64_t small[4096 / 8];

static uint64_t
bad_read(void *device, uint64_t at)
{
	switch (*(const char *)device) {
	case 'a': /* aliased */
		return small[at / 8 % 256];
	case 's': /* stuck */
		return small[at / 8] | 1 << 5;
	default:
		return UINT64_MAX;
	}
}

static void
bad_write(void *device, uint64_t at, uint64_t value)
{
	small[*(const char *)device == 'a' ? at / 8 % 256 : at / 8] = value;
}

static void
bad_fence(void *device)
{
	(void)device;
}

static void
memory_that_does_not_keep_what_is_written_is_found_out_at_the_beginning(void **state)
{
	static const struct flue_nic_memory_ops ops = {
		.read = bad_read, .write = bad_write, .fence = bad_fence
	};
	static const char kinds[3] = { 'a', 's', 'n' };
	struct flue_engine_config config = harness_config();
	struct harness *h = harness_new(NULL, 0);
	flue_engine *none = NULL;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(flue_nic_memory_create(&ops, (void *)(uintptr_t)&kinds[i], 4096,
						 "bad", &config.nic_memory),
				0);
		assert_int_equal(flue_engine_create(&config, &h->port->port, &none), -EIO);
		assert_int_equal(flue_nic_memory_free(config.nic_memory), 4096);
		assert_int_equal(flue_nic_memory_close(config.nic_memory), 0);
	}
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				what_is_initiated_lies_in_nic_memory_with_its_handle_and_is_gone_after_terminate),
		cmocka_unit_test(data_both_ways_and_timers_never_touch_nic_memory),
		cmocka_unit_test(a_query_is_answered_from_nic_memory),
		cmocka_unit_test(a_query_brings_delegated_up_to_date_there),
		cmocka_unit_test(
				full_nic_memory_refuses_the_object_that_found_no_room_and_nothing_else),
		cmocka_unit_test(lost_nic_memory_brings_all_connections_back),
		cmocka_unit_test(memory_that_is_taken_away_kills_nobody),
		cmocka_unit_test(engines_share_nic_memory_part_by_part_and_give_their_part_back),
		cmocka_unit_test(
				memory_that_does_not_keep_what_is_written_is_found_out_at_the_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
