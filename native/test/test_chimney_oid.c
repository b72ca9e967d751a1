/* SPDX-License-Identifier: Apache-2.0 */

/* OIDs: capabilities, parameters, statistics. */

#include "support/blocks.h"
#include "support/oid.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pattern[2000];

RULE("T-6")
RULE("9293/MUST-50")
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
	struct oid_request q;

	(void)state;
	assert_int_equal(oid_query(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES, &c,
					 sizeof(c)),
			FLUE_STATUS_SUCCESS);
	assert_int_equal(c.header.size, sizeof(c));
	assert_int_equal(c.encapsulation, FLUE_ENCAPSULATION_IEEE_802_3);
	assert_int_equal(c.support_ipv4, 1);
	assert_int_equal(c.support_ipv6, 1);
	assert_int_equal(c.flags, 0);
	/* Neither options nor extension headers nor SACK: see what comes of each. */
	assert_int_equal(c.support_ipv6_extension_headers, 0);
	assert_int_equal(c.support_sack, 1);
	assert_int_equal(c.capacity, 64);
	now = oid_config(h);
	assert_memory_equal(&c, &now, sizeof(c));
	/* Nobody sets them directly, and a buffer too small is told what is needed. */
	assert_int_equal(oid_set(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES, &c,
					 sizeof(c)),
			(uint32_t)FLUE_STATUS_NOT_SUPPORTED);
	q = oid_request_new(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG,
			FLUE_OID_REQUEST_QUERY, NULL, sizeof(c) - 1);
	assert_int_equal(oid_ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(q.r->length, sizeof(c));
	assert_int_equal(oid_query(h, 0x00010101, &c, 0), (uint32_t)FLUE_STATUS_NOT_SUPPORTED);
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
	assert_int_equal(oid_config(h).capacity, 1024);
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

	assert_int_equal(oid_query(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS, &p, sizeof(p)),
			FLUE_STATUS_SUCCESS);
	return p;
}

static uint32_t
set_parameters(struct harness *h, const struct flue_tcp_connection_offload_parameters *p)
{
	return oid_set(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS, p, sizeof(*p));
}

/** One member makes no sense. */
static void
spoil(struct flue_tcp_connection_offload_parameters *p, int how)
{
	switch (how) {
	case 0:
		p->ticks_per_second = 999;
		break;
	case 1:
		p->tcp_ack_frequency = 0;
		break;
	case 2:
		p->tcp_maximum_retransmissions = 0;
		break;
	case 3:
		p->tcp_duplicate_ack_threshold = 0;
		break;
	case 4:
		p->ipv4_encapsulation_type = FLUE_ENCAPSULATION_LLC_SNAP_ROUTED;
		break;
	case 5:
		p->ipv6_encapsulation_type = 0;
		break;
	case 6:
		p->ipv4_enabled = 2;
		break;
	case 7:
		p->ipv6_header_size = 99;
		break;
	default:
		p->ticks_per_second = 0;
		break;
	}
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
		spoil(&p, i);
		assert_int_equal(set_parameters(h, &p), (uint32_t)FLUE_STATUS_FAILURE);
	}
	assert_int_equal(oid_set(h, FLUE_OID_TCP_CONNECTION_OFFLOAD_PARAMETERS, &good, 55),
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
	assert_int_equal(oid_config(h).support_ipv4, c[0].ip6);
	assert_int_equal(oid_config(h).support_ipv6, !c[0].ip6);
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
		assert_int_equal(oid_query(h, tcp[v], &t, sizeof(t)), FLUE_STATUS_SUCCESS);
		assert_int_equal(t.in_segments, 40 + v);
		assert_int_equal(t.currently_established, v == c.ip6);
		assert_int_equal(oid_query(h, ip[v], &i, sizeof(i)), FLUE_STATUS_SUCCESS);
		assert_int_equal(i.out_octets, 50 + v);
	}
	/* A set resets its own structure alone, whatever it carries. */
	assert_int_equal(oid_set(h, tcp[1], pattern, 3), FLUE_STATUS_SUCCESS);
	assert_int_equal(oid_query(h, tcp[1], &t, sizeof(t)), FLUE_STATUS_SUCCESS);
	assert_int_equal(t.in_segments, 0);
	assert_int_equal(oid_query(h, tcp[0], &t, sizeof(t)), FLUE_STATUS_SUCCESS);
	assert_int_equal(t.in_segments, 40);
	assert_int_equal(oid_query(h, ip[1], &i, sizeof(i)), FLUE_STATUS_SUCCESS);
	assert_int_equal(i.out_octets, 51);
	assert_int_equal(oid_set(h, ip[1], NULL, 0), FLUE_STATUS_SUCCESS);
	assert_int_equal(oid_query(h, ip[1], &i, sizeof(i)), FLUE_STATUS_SUCCESS);
	assert_int_equal(i.out_octets, 0);
	finish(h, &c);
}

static void
broken_requests_are_answered(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct oid_request q;
	struct flue_up up;

	(void)state;
	submit(h, FLUE_SUB_OID_REQUEST, 0, 0, 0, 0);
	submit(h, FLUE_SUB_OID_REQUEST, 0, 12345, 0, 0);
	poll_engine(h);
	assert_true(up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE).ref == 0);
	up = up_expect(h, FLUE_UP_OID_REQUEST_COMPLETE);
	assert_true(up.ref == 12345);
	assert_int_equal(counter(h, FLUE_CTR_BAD_SUBMISSIONS), 2);
	q = oid_request_new(h, FLUE_OID_TCP4_OFFLOAD_STATS, 2, NULL, 128);
	assert_int_equal(oid_ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
	q = oid_request_new(h, FLUE_OID_TCP4_OFFLOAD_STATS, 0, NULL, 128);
	q.r->information = 0;
	assert_int_equal(oid_ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
	q.r->information = flue_ref_make((uint32_t)h->java, JAVA_BYTES - 8);
	assert_int_equal(oid_ask(h, &q), (uint32_t)FLUE_STATUS_FAILURE);
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
		cmocka_unit_test(statistics_are_read_and_reset_by_ip_version),
		cmocka_unit_test(broken_requests_are_answered),
	};

	memset(pattern, 0x5a, sizeof(pattern));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
