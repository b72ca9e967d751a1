/* SPDX-License-Identifier: Apache-2.0 */

/* Statistics of offloaded traffic, by IP version (chimney rules 8.4). */

#include "support/stream.h"

static uint8_t buf[4096];

static const struct flue_tcp_offload_stats *
tcp_stats(const struct harness *h)
{
	return &h->e->stats[harness_ip6()].tcp;
}

static const struct flue_ip_offload_stats *
ip_stats(const struct harness *h)
{
	return &h->e->stats[harness_ip6()].ip;
}

/** Bytes of IP and TCP header of a segment without options. */
static uint32_t
headers(void)
{
	return harness_ip6() ? 60 : 40;
}

RULE("T-146")
static void
segments_and_octets_of_offloaded_traffic_are_counted(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_tcp_offload_stats other_tcp = { 0 };
	struct flue_ip_offload_stats other_ip = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 1000, 0);
	(void)accept_data(h, &c, buf);
	assert_int_equal(tcp_stats(h)->in_segments, 1);
	assert_int_equal(ip_stats(h)->in_receives, 1);
	assert_int_equal(ip_stats(h)->in_delivers, 1);
	assert_int_equal(ip_stats(h)->in_octets, 1000 + headers());
	/* The ACK of it. */
	assert_int_equal(tcp_stats(h)->out_segments, 1);
	assert_int_equal(ip_stats(h)->out_requests, 1);
	assert_int_equal(ip_stats(h)->out_octets, headers());
	(void)send_data(h, &c, 3000);
	assert_int_equal(tcp_stats(h)->out_segments, 4);
	assert_int_equal(ip_stats(h)->out_octets, 3000 + 4 * headers());
	/* Sent again is counted apart, by TCP; IP sees a packet like others. */
	pass_after(h, SEC);
	assert_int_equal(tcp_stats(h)->out_segments, 4);
	assert_int_equal(tcp_stats(h)->retransmitted_segments, 1);
	assert_int_equal(ip_stats(h)->out_requests, 5);
	assert_int_equal(ip_stats(h)->out_octets, 3000 + 1460 + 5 * headers());
	/* The other IP version had no traffic. */
	assert_memory_equal(&h->e->stats[!harness_ip6()].tcp, &other_tcp, sizeof(other_tcp));
	assert_memory_equal(&h->e->stats[!harness_ip6()].ip, &other_ip, sizeof(other_ip));
	h->port->seen = h->port->sent_count;
	finish(h, &c);
}

RULE("T-146")
static void
what_is_not_offloaded_is_not_counted(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct conn other;
	struct flue_up up;
	uint8_t frame[64] = OUR_MAC PEER_MAC "\x08\x06";
	flue_ref nbl = nbl_new(h, frame, sizeof(frame), 1);

	(void)state;
	connect_at(h, &c, 1, 1);
	other = c;
	other.port = 1;
	inject(h, frame, sizeof(frame));
	peer(h, &other, TCP_ACK, 0, 0, stream, 100, 65535);
	submit(h, FLUE_SUB_FRAME_SEND, 0, nbl, 0, 0);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	(void)up_expect(h, FLUE_UP_FRAME_SEND_COMPLETE);
	/* Segments the host gets raw are the host's to count, of a connection it takes back, too. */
	h->e->conns[(uint32_t)c.token].flags |= CONN_STOPPED;
	arrive(h, &c, 0, 100, 0);
	up = up_expect(h, FLUE_UP_FRAME);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	assert_int_equal(tcp_stats(h)->in_segments, 0);
	assert_int_equal(tcp_stats(h)->out_segments, 0);
	assert_int_equal(ip_stats(h)->in_receives, 0);
	assert_int_equal(ip_stats(h)->in_octets, 0);
	assert_int_equal(ip_stats(h)->out_requests, 0);
	finish(h, &c);
}

RULE("T-146")
static void
a_forwarded_segment_was_counted_by_the_hosts_ip(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t frame[2048];
	uint32_t len;

	(void)state;
	connect_at(h, &c, 1, 1);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, stream, 1000, 65535, NULL);
	submit(h, FLUE_SUB_FORWARD, c.token, nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 1), 0,
			0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	(void)accept_data(h, &c, buf);
	assert_int_equal(tcp_stats(h)->in_segments, 1);
	assert_int_equal(ip_stats(h)->in_receives, 0);
	assert_int_equal(ip_stats(h)->in_octets, 0);
	h->port->seen = h->port->sent_count;
	finish(h, &c);
}

RULE("T-146")
static void
resets_are_counted_in_and_out(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[2] = { 0 };
	struct flue_up up;

	(void)state;
	connect_at(h, &c[0], 1, 1);
	connect_at(h, &c[1], 1, 1);
	peer(h, &c[0], TCP_RST, 0, 0, NULL, 0, 0);
	pass_after(h, MS);
	assert_int_equal(tcp_stats(h)->reset_established, 1);
	assert_int_equal(tcp_stats(h)->out_resets, 0);
	submit(h, FLUE_SUB_DISCONNECT, c[1].token, nbl_new(h, NULL, 0, 1), FLUE_DISCONNECT_ABORTIVE,
			0);
	poll_engine(h);
	assert_int_equal(tcp_stats(h)->reset_established, 2);
	assert_int_equal(tcp_stats(h)->out_resets, 1);
	while (up_next(h, &up))
		;
	h->port->seen = h->port->sent_count;
	assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
	finish(h, &c[1]);
}

RULE("T-147")
static void
a_damaged_segment_is_ours_only_while_connections_are_offloaded(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t frame[2048];
	uint32_t len;

	(void)state;
	connect_at(h, &c, 1, 1);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, stream, 1000, 65535, NULL);
	frame[len - 1] ^= 1;
	inject(h, frame, len);
	pass_after(h, MS);
	up_none(h);
	sent_none(h);
	assert_int_equal(tcp_stats(h)->in_segments, 1);
	assert_int_equal(tcp_stats(h)->in_errors, 1);
	assert_int_equal(ip_stats(h)->in_header_errors, 0);
	/* The host has switched offload off for this version: as it came, and uncounted. */
	h->e->params.ipv4_enabled = harness_ip6();
	h->e->params.ipv6_enabled = !harness_ip6();
	inject(h, frame, len);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	assert_int_equal(gather(h, up.ref, buf), len);
	assert_memory_equal(buf, frame, len);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	assert_int_equal(tcp_stats(h)->in_segments, 1);
	assert_int_equal(tcp_stats(h)->in_errors, 1);
	/* A connection that is not: the same. */
	h->e->params.ipv4_enabled = h->e->params.ipv6_enabled = 1;
	frame[tcp_at(&c)] ^= 1;
	inject(h, frame, len);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	assert_int_equal(tcp_stats(h)->in_errors, 1);
	finish(h, &c);
}

RULE("T-147")
static void
a_damaged_ip_header_goes_up_uncounted(void **state)
{
	struct harness *h;
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t frame[2048];
	uint32_t len;

	(void)state;
	only_ip4("its header has no checksum");
	h = harness_new(NULL, 0);
	connect_at(h, &c, 1, 1);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, stream, 1000, 65535, NULL);
	frame[14 + 8] ^= 1; /* time to live */
	inject(h, frame, len);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FRAME);
	assert_int_equal(gather(h, up.ref, buf), len);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	assert_int_equal(ip_stats(h)->in_receives, 0);
	assert_int_equal(ip_stats(h)->in_header_errors, 0);
	assert_int_equal(tcp_stats(h)->in_segments, 0);
	finish(h, &c);
}

RULE("T-146")
static void
what_there_is_no_memory_for_counts_as_discarded(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t slabs;

	(void)state;
	connect_at(h, &c, 1, 1);
	h->e->low_buffers = 0;
	slabs = h->e->slabs.ids.free;
	h->e->slabs.ids.free = 0;
	arrive(h, &c, 0, 1000, 0);
	h->e->slabs.ids.free = slabs;
	assert_int_equal(ip_stats(h)->in_receives, 1);
	assert_int_equal(ip_stats(h)->in_discards, 1);
	finish(h, &c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_and_octets_of_offloaded_traffic_are_counted),
		cmocka_unit_test(what_is_not_offloaded_is_not_counted),
		cmocka_unit_test(a_forwarded_segment_was_counted_by_the_hosts_ip),
		cmocka_unit_test(resets_are_counted_in_and_out),
		cmocka_unit_test(a_damaged_segment_is_ours_only_while_connections_are_offloaded),
		cmocka_unit_test(a_damaged_ip_header_goes_up_uncounted),
		cmocka_unit_test(what_there_is_no_memory_for_counts_as_discarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
