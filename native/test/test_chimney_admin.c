/* SPDX-License-Identifier: Apache-2.0 */

/* The administrator's switch, low power, and a link that is lost. */

#include "support/blocks.h"
#include "support/oid.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[2000];

static struct flue_up
status_expect(struct harness *h, uint32_t code)
{
	struct flue_up up = up_expect(h, FLUE_UP_STATUS);

	assert_int_equal(up.arg0, code);
	return up;
}

/** An administrator switches the connection's own IP version off. */
static struct oid_request
switch_off(struct harness *h, const struct conn *c)
{
	struct flue_tcp_offload_parameters p = { .tcp_connection_ipv4 = c->ip6 ? 0 : 1,
		.tcp_connection_ipv6 = c->ip6 ? 1 : 0 };
	struct oid_request q = oid_request_new(
			h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, FLUE_OID_REQUEST_SET, &p, sizeof(p));

	submit(h, FLUE_SUB_OID_REQUEST, 0, q.ref, 0, 0);
	poll_engine(h);
	poll_engine(h);
	return q;
}

RULE("T-11")
static void
a_switch_changes_nothing_before_everything_was_taken_back(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_offload_parameters p;
	struct conn c = { 0 };
	struct oid_request q;
	struct flue_up up;
	uint64_t other;

	(void)state;
	connect_at(h, &c, 1, 1);
	other = c.ip6 ? FLUE_ENABLED_IPV4 : FLUE_ENABLED_IPV6;
	q = switch_off(h, &c);
	status_expect(h, FLUE_STATUS_INDICATE_OFFLOAD_PAUSE);
	status_expect(h, FLUE_STATUS_INDICATE_UPLOAD_ALL);
	/* Nothing has changed yet, and nobody was told of anything else. */
	settle(h);
	up_none(h);
	assert_int_equal(q.r->status, 0x77777777);
	assert_int_equal(oid_config(h).support_ipv4, 1);
	assert_int_equal(oid_config(h).support_ipv6, 1);
	/* A second switch meanwhile is refused. */
	memcpy(&p, q.buffer, sizeof(p));
	assert_int_equal(oid_set(h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, &p, sizeof(p)),
			(uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->path_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	settle(h);
	up_none(h);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->neighbor_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	h->path = h->neighbor = NULL;
	/* Now: new capabilities with the RESUME, then the answer. */
	settle(h);
	up = status_expect(h, FLUE_STATUS_INDICATE_OFFLOAD_RESUME);
	assert_true(up.arg1 == (other | FLUE_ENABLED_SACK | UINT64_C(64) << 32));
	(void)up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE);
	assert_int_equal(q.r->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(oid_config(h).support_ipv4, c.ip6);
	assert_int_equal(oid_config(h).support_ipv6, !c.ip6);
	/* No change: no pause. */
	assert_int_equal(oid_set(h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, &p, sizeof(p)),
			FLUE_STATUS_SUCCESS);
	/* Values that say nothing, and too few bytes. */
	p.tcp_connection_ipv4 = 3;
	assert_int_equal(oid_set(h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, &p, sizeof(p)),
			(uint32_t)FLUE_STATUS_FAILURE);
	p.tcp_connection_ipv4 = 2;
	assert_int_equal(oid_set(h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, &p, 4),
			(uint32_t)FLUE_STATUS_FAILURE);
	harness_free(h);
}

RULE("T-149")
RULE("T-150")
static void
while_paused_a_connection_works_on_and_goes_up_as_always(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t buf[100];
	int refused = 0;

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)switch_off(h, &c);
	status_expect(h, FLUE_STATUS_INDICATE_OFFLOAD_PAUSE);
	status_expect(h, FLUE_STATUS_INDICATE_UPLOAD_ALL);
	/* Both ways. */
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 60, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).len, 10);
	assert_int_equal(accept_data(h, &c, buf), 60);
	peer(h, &c, TCP_ACK, 60, 10, pattern, 10, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	assert_int_equal(nbl_at(h, up_expect(h, FLUE_UP_SEND_COMPLETE).ref)->status,
			FLUE_STATUS_SUCCESS);
	/* It goes up, held by an indication that waits for its verdict: sends come too late. */
	terminate_submit(h, &c);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	poll_engine(h);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	poll_engine(h);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	do {
		assert_true(up_next(h, &up));
		if (up.op != FLUE_UP_SEND_COMPLETE || up.ref == 0)
			continue;
		refused++;
		assert_int_equal(nbl_at(h, up.ref)->status,
				(uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	} while (up.op != FLUE_UP_TERMINATE_COMPLETE);
	assert_true(refused >= 1);
	h->port->seen = h->port->sent_count;
	harness_discard(h);
}

RULE("T-148")
static void
an_initiate_after_the_pause_waits_for_the_resume(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct conn late = { 0 };
	flue_ref path;
	flue_ref neighbor;

	(void)state;
	connect_at(h, &c, 1, 1);
	path = h->path_block->miniport_offload_context;
	neighbor = h->neighbor_block->miniport_offload_context;
	(void)switch_off(h, &c);
	status_expect(h, FLUE_STATUS_INDICATE_OFFLOAD_PAUSE);
	status_expect(h, FLUE_STATUS_INDICATE_UPLOAD_ALL);
	/* A tree of its own. */
	neighbor_new(h);
	path_new(h, false);
	conn_block(h, &late, 1, 1);
	h->neighbor_block->dependent_block_list = h->path_ref;
	h->path_block->dependent_block_list = late.block_ref;
	submit(h, FLUE_SUB_INITIATE, 0, h->neighbor_ref, 0, 0);
	settle(h);
	up_none(h);
	assert_int_equal(late.block->status, 0x77777777);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, path), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, neighbor), FLUE_STATUS_SUCCESS);
	settle(h);
	status_expect(h, FLUE_STATUS_INDICATE_OFFLOAD_RESUME);
	(void)up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE);
	/* It is answered by what is enabled now. */
	(void)up_expect(h, FLUE_UP_INITIATE_COMPLETE);
	assert_int_equal(h->neighbor_block->status, FLUE_STATUS_OFFLOAD_PARTIAL_SUCCESS);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_OFFLOAD_POLICY);
	assert_int_equal(late.block->status, (uint32_t)FLUE_STATUS_FAILURE);
	h->path = NULL;
	harness_free(h);
}

RULE("T-148")
static void
more_initiates_than_can_wait_are_answered_and_block_nobody(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	uint32_t low = FLUE_POWER_D3;
	struct conn c = { 0 };
	struct flue_up up;
	int failed = 0;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	{
		struct oid_request q = oid_request_new(
				h, FLUE_OID_PNP_SET_POWER, FLUE_OID_REQUEST_SET, &low, sizeof(low));

		submit(h, FLUE_SUB_OID_REQUEST, 0, q.ref, 0, 0);
	}
	for (i = 0; i < FLUE_OPS + 20; i++) {
		struct flue_offload_handle *handle;
		struct flue_miniport_offload_block_list *b;

		submit(h, FLUE_SUB_INITIATE, 0, block_new(h, FLUE_STATE_NEIGHBOR, &handle, &b), 0,
				0);
	}
	settle(h);
	while (up_next(h, &up)) {
		assert_int_equal(up.op, FLUE_UP_INITIATE_COMPLETE);
		assert_int_equal(((struct flue_miniport_offload_block_list *)java_at(h, up.ref))
						 ->status,
				(uint32_t)FLUE_STATUS_RESOURCES);
		failed++;
	}
	assert_int_equal((uint32_t)FLUE_STATUS_RESOURCES, 0xC000009A);
	assert_int_equal(failed, 20);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_discard(h);
}

RULE("T-151")
static void
a_low_power_state_is_reached_when_nothing_is_offloaded(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	uint32_t low = FLUE_POWER_D3;
	uint32_t full = FLUE_POWER_D0;
	uint32_t odd = 3;
	struct conn c = { 0 };
	struct oid_request q;
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	q = oid_request_new(h, FLUE_OID_PNP_SET_POWER, FLUE_OID_REQUEST_SET, &low, sizeof(low));
	submit(h, FLUE_SUB_OID_REQUEST, 0, q.ref, 0, 0);
	settle(h);
	up_none(h);
	/* Connections first, then what is below them; the completion comes behind the last. */
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->path_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	h->path = NULL;
	settle(h);
	up_none(h);
	assert_int_equal(q.r->status, 0x77777777);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->neighbor_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	h->neighbor = NULL;
	up = up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE);
	assert_true(up.ref == q.ref);
	assert_int_equal(q.r->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(
			oid_set(h, FLUE_OID_PNP_SET_POWER, &odd, 4), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(oid_set(h, FLUE_OID_PNP_SET_POWER, &full, 3),
			(uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(oid_set(h, FLUE_OID_PNP_SET_POWER, &full, 4), FLUE_STATUS_SUCCESS);
	conn_block(h, &c, 1, 1);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	/* Down, and up again before it was down. */
	q = oid_request_new(h, FLUE_OID_PNP_SET_POWER, FLUE_OID_REQUEST_SET, &low, sizeof(low));
	submit(h, FLUE_SUB_OID_REQUEST, 0, q.ref, 0, 0);
	poll_engine(h);
	{
		struct oid_request up_again = oid_request_new(h, FLUE_OID_PNP_SET_POWER,
				FLUE_OID_REQUEST_SET, &full, sizeof(full));

		submit(h, FLUE_SUB_OID_REQUEST, 0, up_again.ref, 0, 0);
		poll_engine(h);
		assert_true(up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE).ref == q.ref);
		assert_int_equal(q.r->status, (uint32_t)FLUE_STATUS_FAILURE);
		assert_true(up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE).ref == up_again.ref);
		assert_int_equal(up_again.r->status, FLUE_STATUS_SUCCESS);
	}
	finish(h, &c);
}

RULE("T-152")
static void
a_link_that_is_lost_asks_nothing_back(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[2] = { 0 };
	int i;

	(void)state;
	connect_at(h, &c[0], 1, 1);
	connect_at(h, &c[1], 1, 1);
	/* Nothing goes out, nothing comes in, for an hour; one of them has something to say. */
	h->port->tx_limit = 0;
	h->e->params.tcp_maximum_retransmissions = 255;
	submit(h, FLUE_SUB_SEND, c[0].token, nbl_new(h, pattern, 10, 1), 0, 0);
	for (i = 0; i < 3600; i++)
		pass_after(h, SEC);
	up_none(h);
	assert_int_equal(counter(h, FLUE_CTR_UPLOAD_REQUESTS), 0);
	assert_int_equal(flue_engine_held(h->e, 2), 2);
	harness_discard(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_switch_changes_nothing_before_everything_was_taken_back),
		cmocka_unit_test(while_paused_a_connection_works_on_and_goes_up_as_always),
		cmocka_unit_test(an_initiate_after_the_pause_waits_for_the_resume),
		cmocka_unit_test(more_initiates_than_can_wait_are_answered_and_block_nobody),
		cmocka_unit_test(a_low_power_state_is_reached_when_nothing_is_offloaded),
		cmocka_unit_test(a_link_that_is_lost_asks_nothing_back),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
