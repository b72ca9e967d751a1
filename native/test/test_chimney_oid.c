/* SPDX-License-Identifier: Apache-2.0 */

/* OIDs: capabilities, parameters, statistics, the administrator's switch, power. */

#include "support/blocks.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[2000];

struct request {
	struct flue_oid_request *r;
	uint8_t *buffer;
	flue_ref ref;
};

static struct request
request_new(struct harness *h, uint32_t oid, uint32_t type, const void *data, uint32_t length)
{
	struct request q;
	flue_ref buffer;

	q.r = java_alloc(h, sizeof(*q.r), &q.ref);
	q.buffer = java_alloc(h, 128, &buffer);
	*q.r = (struct flue_oid_request){ .oid = oid,
		.type = type,
		.status = 0x77777777,
		.length = length,
		.information = buffer,
		.source_handle = 0x5053,
		.im_reserved = { 0x494d, 1 },
		.protocol_reserved = { 0x5052, 2 } };
	if (data != NULL)
		memcpy(q.buffer, data, length < 128 ? length : 128);
	return q;
}

/** Submit and take its completion. @return status */
static uint32_t
ask(struct harness *h, struct request *q)
{
	struct flue_up up;

	submit(h, FLUE_SUB_OID_REQUEST, 0, q->ref, 0, 0);
	poll_engine(h);
	do {
		assert_true(up_next(h, &up));
	} while (up.op != FLUE_UP_OID_REQUEST_COMPLETE);
	assert_true(up.ref == q->ref);
	assert_true(q->r->source_handle == 0x5053 && q->r->im_reserved[0] == 0x494d);
	assert_true(q->r->protocol_reserved[1] == 2);
	return q->r->status;
}

static uint32_t
query(struct harness *h, uint32_t oid, void *into, uint32_t bytes)
{
	struct request q = request_new(h, oid, FLUE_OID_REQUEST_QUERY, NULL, 128);
	uint32_t status = ask(h, &q);

	if (status == FLUE_STATUS_SUCCESS)
		assert_int_equal(q.r->length, bytes);
	memcpy(into, q.buffer, bytes);
	return status;
}

static uint32_t
set(struct harness *h, uint32_t oid, const void *what, uint32_t bytes)
{
	struct request q = request_new(h, oid, FLUE_OID_REQUEST_SET, what, bytes);

	return ask(h, &q);
}

static struct flue_tcp_connection_offload
config_of(struct harness *h)
{
	struct flue_tcp_connection_offload c;

	assert_int_equal(query(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG, &c, sizeof(c)),
			FLUE_STATUS_SUCCESS);
	return c;
}

RULE("T-6")
static void
options_of_ip_are_not_supported(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t frame[2048];
	uint32_t len;

	(void)state;
	connect_at(h, &c, 1, 1);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, pattern, 100, 65535, NULL);
	if (c.ip6) {
		/* A destination-options header of 8 bytes. */
		memmove(frame + 62, frame + 54, len - 54);
		memcpy(frame + 54, "\x06\x00\x01\x04\x00\x00\x00\x00", 8);
		frame[14 + 6] = 60;
		frame[14 + 5] = (uint8_t)(frame[14 + 5] + 8);
		len += 8;
	} else {
		memmove(frame + 38, frame + 34, len - 34);
		memcpy(frame + 34, "\x01\x01\x01\x00", 4);
		frame[14] = 0x46;
		frame[17] = (uint8_t)(frame[17] + 4);
		len += 4;
	}
	inject(h, frame, len);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FRAME);
	up_none(h);
	harness_discard(h);
}

RULE("T-3")
RULE("T-4")
RULE("T-12")
static void
what_is_advertised_is_what_it_can_do(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_connection_offload c;
	struct flue_tcp_connection_offload now;
	struct request q;

	(void)state;
	assert_int_equal(query(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES, &c,
					 sizeof(c)),
			FLUE_STATUS_SUCCESS);
	assert_int_equal(c.header.size, sizeof(c));
	assert_int_equal(c.encapsulation, FLUE_ENCAPSULATION_IEEE_802_3);
	assert_int_equal(c.support_ipv4, 1);
	assert_int_equal(c.support_ipv6, 1);
	assert_int_equal(c.flags, 0);
	/* Neither options nor extension headers nor SACK: see what comes of each. */
	assert_int_equal(c.support_ipv6_extension_headers, 0);
	assert_int_equal(c.support_sack, 0);
	assert_int_equal(c.capacity, 64);
	now = config_of(h);
	assert_memory_equal(&c, &now, sizeof(c));
	/* Nobody sets them directly, and a buffer too small is told what is needed. */
	assert_int_equal(set(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES, &c,
					 sizeof(c)),
			(uint32_t)FLUE_STATUS_NOT_SUPPORTED);
	q = request_new(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG, FLUE_OID_REQUEST_QUERY,
			NULL, sizeof(c) - 1);
	assert_int_equal(ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(q.r->length, sizeof(c));
	assert_int_equal(query(h, 0x00010101, &c, 0), (uint32_t)FLUE_STATUS_NOT_SUPPORTED);
	assert_int_equal((uint32_t)FLUE_STATUS_NOT_SUPPORTED, 0xC00000BB);
	harness_free(h);
}

RULE("T-5")
static void
it_holds_as_many_connections_as_it_says_and_not_fewer_than_1024(void **state)
{
	struct flue_engine_config defaults;
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c = { 0 };
	struct flue_offload_handle *last = NULL;
	unsigned i;

	(void)state;
	flue_engine_config_default(&defaults);
	assert_true(defaults.max_connections >= 1024);
	config.max_connections = 1024;
	h = harness_new(&config, 0);
	assert_int_equal(config_of(h).capacity, 1024);
	/* Of both IP versions together, all at a time. */
	for (i = 0; i < 1024; i++) {
		conn_block(h, &c, 1, 1);
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		assert_true(last != c.handle);
		last = c.handle;
	}
	assert_int_equal(flue_engine_held(h->e, 2), 1024);
	conn_block(h, &c, 1, 1);
	assert_int_equal(conn_initiate(h, &c), (uint32_t)FLUE_STATUS_OFFLOAD_TCP_ENTRIES);
	harness_discard(h);
}

static struct flue_tcp_connection_offload_parameters
defaults(struct harness *h)
{
	struct flue_tcp_connection_offload_parameters p;

	assert_int_equal(query(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS, &p, sizeof(p)),
			FLUE_STATUS_SUCCESS);
	return p;
}

static uint32_t
set_parameters(struct harness *h, const struct flue_tcp_connection_offload_parameters *p)
{
	return set(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS, p, sizeof(*p));
}

RULE("T-7")
static void
parameters_are_taken_when_they_make_sense(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_connection_offload_parameters good = defaults(h);
	struct flue_tcp_connection_offload_parameters p;
	struct flue_tcp_connection_offload_parameters now;
	struct conn c = { 0 };
	int i;

	(void)state;
	good.tcp_ack_frequency = 3;
	good.tcp_delayed_ack_ticks = 20;
	good.tcp_maximum_retransmissions = 7;
	good.tcp_doubt_reachability_retransmissions = 4;
	good.tcp_duplicate_ack_threshold = 5;
	good.tcp_push_ticks = 90;
	good.nce_stale_ticks = 12345;
	good.tcp_sws_prevention_ticks = 33;
	good.ticks_per_second = 100;
	assert_int_equal(set_parameters(h, &good), FLUE_STATUS_SUCCESS);
	now = defaults(h);
	assert_memory_equal(&now, &good, sizeof(now));
	for (i = 0; i < 9; i++) {
		p = good;
		switch (i) {
		case 0:
			p.ticks_per_second = 999;
			break;
		case 1:
			p.tcp_ack_frequency = 0;
			break;
		case 2:
			p.tcp_maximum_retransmissions = 0;
			break;
		case 3:
			p.tcp_duplicate_ack_threshold = 0;
			break;
		case 4:
			p.ipv4_encapsulation_type = FLUE_ENCAPSULATION_LLC_SNAP_ROUTED;
			break;
		case 5:
			p.ipv6_encapsulation_type = 0;
			break;
		case 6:
			p.ipv4_enabled = 2;
			break;
		case 7:
			p.ipv6_header_size = 99;
			break;
		default:
			p.ticks_per_second = 0;
			break;
		}
		assert_int_equal(set_parameters(h, &p), (uint32_t)FLUE_STATUS_FAILURE);
	}
	assert_int_equal(set(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS, &good, 55),
			(uint32_t)FLUE_STATUS_FAILURE);
	/* Ticks are those of what is offloaded, as long as there is anything. */
	connect_at(h, &c, 1, 1);
	p = good;
	p.ticks_per_second = 1000;
	assert_int_equal(set_parameters(h, &p), (uint32_t)FLUE_STATUS_FAILURE);
	p = good;
	p.nce_stale_ticks = 1;
	assert_int_equal(set_parameters(h, &p), FLUE_STATUS_SUCCESS);
	assert_int_equal(defaults(h).nce_stale_ticks, 1);
	finish(h, &c);
}

RULE("T-10")
RULE("T-12")
static void
only_what_the_last_set_enables_is_offloaded(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_connection_offload_parameters p = defaults(h);
	struct conn c[3] = { 0 };

	(void)state;
	connect_at(h, &c[0], 1, 1);
	if (c[0].ip6)
		p.ipv6_enabled = 0;
	else
		p.ipv4_enabled = 0;
	assert_int_equal(set_parameters(h, &p), FLUE_STATUS_SUCCESS);
	assert_int_equal(config_of(h).support_ipv4, c[0].ip6);
	assert_int_equal(config_of(h).support_ipv6, !c[0].ip6);
	/* Neither below the path that is there nor with a new one. */
	conn_block(h, &c[1], 1, 1);
	assert_int_equal(conn_initiate(h, &c[1]), (uint32_t)FLUE_STATUS_OFFLOAD_POLICY);
	assert_int_equal((uint32_t)FLUE_STATUS_OFFLOAD_POLICY, 0xC023100F);
	{
		struct flue_offload_handle *path = h->path;
		struct flue_miniport_offload_block_list *block = h->path_block;
		flue_ref ref = h->path_ref;

		path_new(h, c[0].ip6);
		conn_block(h, &c[1], 1, 1);
		h->neighbor_block->dependent_block_list = h->path_ref;
		h->path_block->dependent_block_list = c[1].block_ref;
		(void)run_op(h, FLUE_SUB_INITIATE, h->neighbor_ref);
		assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_OFFLOAD_POLICY);
		assert_int_equal(c[1].block->status, (uint32_t)FLUE_STATUS_FAILURE);
		h->path = path;
		h->path_block = block;
		h->path_ref = ref;
	}
	/* The one that exists goes on. */
	submit(h, FLUE_SUB_SEND, c[0].token, nbl_new(h, pattern, 10, 1), 0, 0);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c[0]).len, 10);
	peer(h, &c[0], TCP_ACK, 0, 10, NULL, 0, 65535);
	pass_after(h, MS);
	/* Enabled again by the next set. */
	p.ipv4_enabled = p.ipv6_enabled = 1;
	assert_int_equal(set_parameters(h, &p), FLUE_STATUS_SUCCESS);
	conn_block(h, &c[2], 1, 1);
	assert_int_equal(conn_initiate(h, &c[2]), FLUE_STATUS_SUCCESS);
	assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
	finish(h, &c[2]);
}

static struct flue_up
status_expect(struct harness *h, uint32_t code)
{
	struct flue_up up = up_expect(h, FLUE_UP_STATUS);

	assert_int_equal(up.arg0, code);
	return up;
}

RULE("T-11")
RULE("T-148")
RULE("T-149")
RULE("T-150")
static void
an_administrators_switch_goes_through_pause_upload_resume(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_offload_parameters p = { .tcp_connection_ipv4 = 1 };
	struct conn c = { 0 };
	struct conn late = { 0 };
	struct request q;
	struct flue_up up;
	flue_ref nbl;
	uint8_t buf[100];
	uint64_t other;

	(void)state;
	connect_at(h, &c, 1, 1);
	if (c.ip6) {
		p.tcp_connection_ipv4 = 0;
		p.tcp_connection_ipv6 = 1;
	}
	other = c.ip6 ? FLUE_ENABLED_IPV4 : FLUE_ENABLED_IPV6;
	q = request_new(h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, FLUE_OID_REQUEST_SET, &p, sizeof(p));
	submit(h, FLUE_SUB_OID_REQUEST, 0, q.ref, 0, 0);
	poll_engine(h);
	poll_engine(h);
	status_expect(h, FLUE_STATUS_INDICATE_OFFLOAD_PAUSE);
	status_expect(h, FLUE_STATUS_INDICATE_UPLOAD_ALL);
	/* Nothing has changed yet, and nobody was told of anything else. */
	settle(h);
	up_none(h);
	assert_int_equal(q.r->status, 0x77777777);
	assert_int_equal(config_of(h).support_ipv4, 1);
	assert_int_equal(config_of(h).support_ipv6, 1);
	/* A second switch meanwhile is refused; so is none of what exists. */
	assert_int_equal(set(h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, &p, sizeof(p)),
			(uint32_t)FLUE_STATUS_FAILURE);
	/* An initiate that still comes waits. */
	conn_block(h, &late, 1, 1);
	h->path_block->dependent_block_list = late.block_ref;
	submit(h, FLUE_SUB_INITIATE, 0, h->neighbor_ref, 0, 0);
	settle(h);
	up_none(h);
	/* The connection works on, both ways. */
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 60, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).len, 10);
	assert_int_equal(accept_data(h, &c, buf), 60);
	peer(h, &c, TCP_ACK, 60, 10, NULL, 0, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_SEND_COMPLETE);
	assert_int_equal(nbl_at(h, up.ref)->status, FLUE_STATUS_SUCCESS);
	/* What comes while it goes up is answered as always. */
	nbl = nbl_new(h, pattern, 10, 1);
	peer(h, &c, TCP_ACK, 60, 10, pattern, 10, 65535);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	terminate_submit(h, &c);
	submit(h, FLUE_SUB_SEND, c.token, nbl, 0, 0);
	poll_engine(h);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 10, 1), 0, 0);
	poll_engine(h);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	do {
		assert_true(up_next(h, &up));
		if (up.op == FLUE_UP_SEND_COMPLETE && up.ref != 0)
			assert_int_equal(nbl_at(h, up.ref)->status,
					(uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	} while (up.op != FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(run_on(h, FLUE_SUB_TERMINATE, h->path_block->miniport_offload_context),
			FLUE_STATUS_SUCCESS);
	assert_true(h->ch->up_head == h->ch->up_tail);
	submit(h, FLUE_SUB_TERMINATE, 0, late.block_ref, 0, 0); /* nothing of it yet */
	h->neighbor_block->dependent_block_list = 0;
	{
		flue_ref ref;

		(void)refer(h, FLUE_STATE_NONE, h->neighbor_block->miniport_offload_context, &ref);
		submit(h, FLUE_SUB_TERMINATE, 0, ref, 0, 0);
	}
	h->neighbor_block->dependent_block_list = h->path_ref;
	h->path->miniport_offload_context = 0;
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	/* Now it is gone: new capabilities with the RESUME, then the answer, then what waited. */
	h->neighbor->miniport_offload_context = 0;
	settle(h);
	up = status_expect(h, FLUE_STATUS_INDICATE_OFFLOAD_RESUME);
	assert_true(up.arg1 == (other | UINT64_C(64) << 32));
	(void)up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE);
	assert_int_equal(q.r->status, FLUE_STATUS_SUCCESS);
	(void)up_expect(h, FLUE_UP_INITIATE_COMPLETE);
	assert_int_equal(h->path_block->status, (uint32_t)FLUE_STATUS_OFFLOAD_POLICY);
	assert_int_equal(late.block->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(config_of(h).support_ipv4, c.ip6);
	/* No change: no pause. */
	assert_int_equal(set(h, FLUE_OID_TCP_OFFLOAD_PARAMETERS, &p, sizeof(p)),
			FLUE_STATUS_SUCCESS);
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
		struct request q = request_new(
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
	struct request q;
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	q = request_new(h, FLUE_OID_PNP_SET_POWER, FLUE_OID_REQUEST_SET, &low, sizeof(low));
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
	assert_int_equal(set(h, FLUE_OID_PNP_SET_POWER, &odd, 4), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(set(h, FLUE_OID_PNP_SET_POWER, &full, 3), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(set(h, FLUE_OID_PNP_SET_POWER, &full, 4), FLUE_STATUS_SUCCESS);
	conn_block(h, &c, 1, 1);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	/* Down, and up again before it was down. */
	q = request_new(h, FLUE_OID_PNP_SET_POWER, FLUE_OID_REQUEST_SET, &low, sizeof(low));
	submit(h, FLUE_SUB_OID_REQUEST, 0, q.ref, 0, 0);
	poll_engine(h);
	{
		struct request up_again = request_new(h, FLUE_OID_PNP_SET_POWER,
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

static void
statistics_are_read_and_reset_by_ip_version(void **state)
{
	static const uint32_t tcp[2] = { (uint32_t)FLUE_OID_TCP4_OFFLOAD_STATS,
		(uint32_t)FLUE_OID_TCP6_OFFLOAD_STATS };
	static const uint32_t ip[2] = { (uint32_t)FLUE_OID_IP4_OFFLOAD_STATS,
		(uint32_t)FLUE_OID_IP6_OFFLOAD_STATS };
	struct harness *h = harness_new(NULL, 0);
	struct flue_tcp_offload_stats t;
	struct flue_ip_offload_stats i;
	struct conn c = { 0 };
	int v;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (v = 0; v < 2; v++) {
		h->e->stats[v].tcp.in_segments = 40 + (uint64_t)v;
		h->e->stats[v].ip.out_octets = 50 + (uint64_t)v;
	}
	for (v = 0; v < 2; v++) {
		assert_int_equal(query(h, tcp[v], &t, sizeof(t)), FLUE_STATUS_SUCCESS);
		assert_int_equal(t.in_segments, 40 + v);
		assert_int_equal(t.currently_established, v == c.ip6);
		assert_int_equal(query(h, ip[v], &i, sizeof(i)), FLUE_STATUS_SUCCESS);
		assert_int_equal(i.out_octets, 50 + v);
	}
	/* A set resets its own structure alone, whatever it carries. */
	assert_int_equal(set(h, tcp[1], pattern, 3), FLUE_STATUS_SUCCESS);
	assert_int_equal(query(h, tcp[1], &t, sizeof(t)), FLUE_STATUS_SUCCESS);
	assert_int_equal(t.in_segments, 0);
	assert_int_equal(query(h, tcp[0], &t, sizeof(t)), FLUE_STATUS_SUCCESS);
	assert_int_equal(t.in_segments, 40);
	assert_int_equal(query(h, ip[1], &i, sizeof(i)), FLUE_STATUS_SUCCESS);
	assert_int_equal(i.out_octets, 51);
	assert_int_equal(set(h, ip[1], NULL, 0), FLUE_STATUS_SUCCESS);
	assert_int_equal(query(h, ip[1], &i, sizeof(i)), FLUE_STATUS_SUCCESS);
	assert_int_equal(i.out_octets, 0);
	finish(h, &c);
}

static void
broken_requests_are_answered(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct request q;
	struct flue_up up;

	(void)state;
	submit(h, FLUE_SUB_OID_REQUEST, 0, 0, 0, 0);
	submit(h, FLUE_SUB_OID_REQUEST, 0, 12345, 0, 0);
	poll_engine(h);
	assert_true(up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE).ref == 0);
	up = up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE);
	assert_true(up.ref == 12345);
	assert_int_equal(counter(h, FLUE_CTR_BAD_SUBMISSIONS), 2);
	q = request_new(h, FLUE_OID_TCP4_OFFLOAD_STATS, 2, NULL, 128);
	assert_int_equal(ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
	q = request_new(h, FLUE_OID_TCP4_OFFLOAD_STATS, 0, NULL, 128);
	q.r->information = 0;
	assert_int_equal(ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
	q.r->information = flue_ref_make((uint32_t)h->java, JAVA_BYTES - 8);
	assert_int_equal(ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_ip_are_not_supported),
		cmocka_unit_test(what_is_advertised_is_what_it_can_do),
		cmocka_unit_test(it_holds_as_many_connections_as_it_says_and_not_fewer_than_1024),
		cmocka_unit_test(parameters_are_taken_when_they_make_sense),
		cmocka_unit_test(only_what_the_last_set_enables_is_offloaded),
		cmocka_unit_test(an_administrators_switch_goes_through_pause_upload_resume),
		cmocka_unit_test(more_initiates_than_can_wait_are_answered_and_block_nobody),
		cmocka_unit_test(a_low_power_state_is_reached_when_nothing_is_offloaded),
		cmocka_unit_test(a_link_that_is_lost_asks_nothing_back),
		cmocka_unit_test(statistics_are_read_and_reset_by_ip_version),
		cmocka_unit_test(broken_requests_are_answered),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
