/* SPDX-License-Identifier: Apache-2.0 */

/* Memory that is indicated: whose it is, until when (chimney rules 5.4). */

#include "support/stream.h"

static uint8_t buf[1 << 17];

RULE("T-107")
static void
accepted_memory_stays_the_hosts_until_it_is_returned(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1000);
	poll_engine(h);
	/* Whatever comes afterwards lies elsewhere. */
	for (i = 1; i < 100; i++) {
		arrive(h, &c, i * 1000, 1000, 0);
		(void)accept_data(h, &c, buf);
		assert_int_equal(gather(h, up.ref, buf), 1000);
		assert_memory_equal(buf, stream, 1000);
	}
	/* Refused memory is the engine's at once. */
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	arrive(h, &c, 100000, 1000, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED, 0);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 5), 0);
	finish(h, &c);
}

RULE("T-111")
static void
a_return_is_taken_in_every_state_of_the_connection(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up[3];
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 3; i++) {
		arrive(h, &c, (uint32_t)i * 1000, 1000, 0);
		up[i] = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
		verdict(h, &c, up[i].ref, FLUE_STATUS_SUCCESS, 1000);
		poll_engine(h);
	}
	assert_int_equal(flue_engine_held(h->e, 5), 3);
	peer(h, &c, TCP_RST, 3000, 0, NULL, 0, 0);
	pass_after(h, MS);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up[0].ref, 0, 0);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 5), 2);
	event_expect(h, &c, FLUE_TCP_INDICATE_ABORT, 0);
	terminate_submit(h, &c);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up[1].ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	/* The connection is gone, its memory is still out. */
	assert_int_equal(flue_engine_held(h->e, 5), 1);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up[2].ref, 0, 0);
	poll_engine(h);
	assert_int_equal(flue_engine_held(h->e, 5), 0);
	assert_int_equal(counter(h, FLUE_CTR_BAD_SUBMISSIONS), 0);
	up_none(h);
	harness_free(h);
}

RULE("T-112")
static void
memory_indicated_and_not_returned_outlives_the_engine(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	const struct flue_net_buffer_list *nbl;
	struct flue_up up;
	uint32_t region;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* 100 bytes are copied into the engine's region, where the NBL lies as well. */
	arrive(h, &c, 0, 100, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 100);
	poll_engine(h);
	region = flue_ref_region(up.ref);
	assert_non_null(flue_region_address((int)region));
	nbl = flue_nbl_at(up.ref);
	assert_int_equal(gather(h, up.ref, buf), 100);
	/* Whoever closes the target can see that something is out, and wait. */
	assert_int_equal(flue_engine_held(h->e, 5), 1);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(flue_engine_held(h->e, 5), 1);
	harness_discard(h);
	/* Who did not wait reads zeroes and nobody else's memory, and no fault. */
	for (i = 0; i < 128; i++)
		assert_int_equal(((const uint8_t *)nbl)[i], 0);
	assert_null(flue_nbl_at(up.ref));
	assert_int_equal(flue_region_unmap((int)region), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_memory_stays_the_hosts_until_it_is_returned),
		cmocka_unit_test(a_return_is_taken_in_every_state_of_the_connection),
		cmocka_unit_test(memory_indicated_and_not_returned_outlives_the_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
