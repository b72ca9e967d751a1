/* SPDX-License-Identifier: Apache-2.0 */

/* Input that is not a plain segment in order (chimney rules 5.7, 5.8): what the host gets, what it
 * forwards, and the reassembly queue. */

#include "support/stream.h"
#include "tcp/csum.h"
#include "tcp/tcp.h"

#include <string.h>

static uint8_t buf[1 << 17];

/** The next entry holds this frame, as it came, and nothing else. */
static void
frame_expect(struct harness *h, const uint8_t *frame, uint32_t len)
{
	struct flue_up up = up_expect(h, FLUE_UP_FRAME);

	assert_true(flue_nbl_at(up.ref)->next == 0);
	assert_int_equal(gather(h, up.ref, buf), len);
	assert_memory_equal(buf, frame, len);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
}

/** A segment with 4 bytes of IPv4 options, or an IPv6 options header of 8. @return length */
static uint32_t
with_ip_options(struct conn *c, uint8_t *frame, uint32_t seq, uint32_t len)
{
	uint32_t n = peer_frame(c, frame, TCP_ACK, seq, 0, stream + seq, len, 65535, NULL);
	uint32_t extra = c->ip6 ? 8 : 4;
	uint8_t *ip = frame + 14;

	memmove(frame + tcp_at(c) + extra, frame + tcp_at(c), n - tcp_at(c));
	/* Who took the options for the TCP header would find the ports right. */
	memcpy(frame + tcp_at(c), frame + tcp_at(c) + extra, 4);
	if (c->ip6) {
		flue_store16be(ip + 4, (uint16_t)(flue_load16be(ip + 4) + extra));
		ip[6] = 60;                                                /* destination options */
		memcpy(ip + 40, (uint8_t[]){ 6, 0, 1, 4, 0, 0, 0, 0 }, 8); /* TCP next; PadN */
	} else {
		flue_store16be(ip + 2, (uint16_t)(flue_load16be(ip + 2) + extra));
		ip[0] = 0x46;
		flue_store16(ip + 10, 0);
		flue_store16(ip + 10, flue_csum_finish(flue_csum_add(ip, 24, 0)));
	}
	return n + extra;
}

/** The host forwards a segment of the stream. @return its NBL */
static flue_ref
forward(struct harness *h, struct conn *c, uint8_t flags, uint32_t seq, uint32_t len)
{
	uint8_t frame[2048];
	uint32_t n = peer_frame(c, frame, flags, seq, 0, stream + seq, len, 65535, NULL);
	flue_ref nbl = nbl_new(h, frame + tcp_at(c), n - tcp_at(c), 2);

	submit(h, FLUE_SUB_FORWARD, c->token, nbl, 0, 0);
	return nbl;
}

RULE("T-115")
RULE("T-128")
static void
ip_options_go_to_the_host_which_forwards_the_segment(void **state)
{
	/* Sums count as verified, and what lies where an acknowledgment would looks like one: nothing
	 * but the header's length tells it from a plain segment. */
	struct harness *h = harness_new(NULL, FLUE_PORT_RX_CSUM);
	struct conn c = { 0 };
	uint8_t frame[2048];
	flue_ref nbl;
	uint32_t len;

	(void)state;
	connect_at(h, &c, 0x50000000, 1);
	len = with_ip_options(&c, frame, 0, 500);
	inject(h, frame, len);
	pass_after(h, MS);
	sent_none(h);
	frame_expect(h, frame, len);
	nbl = forward(h, &c, TCP_ACK, 0, 500);
	pass_after(h, MS);
	assert_true(up_expect(h, FLUE_UP_FORWARD_COMPLETE).ref == nbl);
	assert_int_equal(nbl_at(h, nbl)->status, FLUE_STATUS_SUCCESS);
	/* Like a received one: acknowledged, and delivered the usual way. */
	assert_int_equal(sent_expect(h, &c).ack, 500);
	assert_int_equal(accept_data(h, &c, buf), 500);
	assert_memory_equal(buf, stream, 500);
	finish(h, &c);
}

/** The host's segment came before the one at the port. @return how many of the two were out of order */
static uint64_t
segments_out_of_order(struct harness *h, struct conn *c, uint32_t seq)
{
	uint64_t before = h->e->ctr[FLUE_CTR_IN_OUT_OF_ORDER];

	(void)forward(h, c, TCP_ACK, seq, 100);
	peer(h, c, TCP_ACK, seq + 100, 0, stream + seq + 100, 100, 65535);
	pass_after(h, MS);
	return h->e->ctr[FLUE_CTR_IN_OUT_OF_ORDER] - before;
}

RULE("T-128")
static void
what_comes_after_a_forwarded_segment_does_not_overtake_it(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	assert_int_equal(segments_out_of_order(h, &c, 0), 0);
	/* Whatever of the data path stands in front of it; an operation on state sees what has arrived. */
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, stream, 100, 1), 0, 0);
	assert_int_equal(segments_out_of_order(h, &c, 200), 0);
	submit(h, FLUE_SUB_QUERY, 0, c.block_ref, 0, 0);
	assert_int_equal(segments_out_of_order(h, &c, 400), 1);
	assert_int_equal(object(h, &c)->rcv_nxt, c.irs + 600);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

/** What becomes of a segment with a wrong sum of TCP (or of IPv4's header): 1 delivered, 0 dropped, 2 up as
 *  a frame. */
static int
damaged(uint32_t vouched, bool in_header)
{
	struct harness *h = harness_new(NULL, vouched);
	struct conn c = { 0 };
	uint8_t frame[2048];
	struct flue_up up;
	uint32_t len;
	int fate;

	connect_at(h, &c, 1, 1);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, stream, 500, 65535, NULL);
	frame[in_header ? 24 : tcp_at(&c) + 16] ^= 1;
	inject(h, frame, len);
	pass_after(h, MS);
	fate = up_next(h, &up) ? (up.op == FLUE_UP_FRAME ? 2 : 1) : 0;
	assert_int_equal(counter(h, FLUE_CTR_BAD_CHECKSUM), fate == 0);
	harness_discard(h);
	return fate;
}

static void
sum_that_the_port_vouches_for_is_not_looked_at_and_any_other_is(void **state)
{
	(void)state;
	assert_int_equal(damaged(0, false), 0);
	assert_int_equal(damaged(FLUE_PORT_RX_IP_CSUM, false), 0);
	assert_int_equal(damaged(FLUE_PORT_RX_TCP_CSUM, false), 1);
	assert_int_equal(damaged(FLUE_PORT_RX_CSUM, false), 1);
	if (harness_ip6())
		return;
	assert_int_equal(damaged(0, true), 2);
	assert_int_equal(damaged(FLUE_PORT_RX_TCP_CSUM, true), 2);
	assert_int_equal(damaged(FLUE_PORT_RX_IP_CSUM, true), 1);
	assert_int_equal(damaged(FLUE_PORT_RX_CSUM, true), 1);
}

RULE("T-115")
static void
fragments_arp_icmp_and_other_datagrams_go_to_the_host(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t frame[2048];
	uint32_t len;
	int kind;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (kind = 0; kind < 6; kind++) {
		uint8_t *ip = frame + 14;

		len = peer_frame(&c, frame, TCP_ACK, 0, 0, stream, 500, 65535, NULL);
		switch (kind) {
		case 0: /* the first fragment, with the TCP header in it */
			if (c.ip6)
				ip[6] = 44;
			else
				flue_store16be(ip + 6, 0x2000);
			break;
		case 1: /* a later one */
			if (c.ip6) {
				ip[6] = 44;
				memcpy(ip + 40, (uint8_t[]){ 6, 0, 0x01, 0x00, 0, 0, 0, 9 }, 8);
			} else {
				flue_store16be(ip + 6, 0x0010);
			}
			break;
		case 2: /* ICMP, ICMPv6 */
			ip[c.ip6 ? 6 : 9] = c.ip6 ? 58 : 1;
			break;
		case 3: /* UDP: RIP */
			ip[c.ip6 ? 6 : 9] = 17;
			break;
		case 4: /* ARP */
			flue_store16be(frame + 12, 0x0806);
			break;
		default: /* no flow of ours */
			frame[tcp_at(&c) + 1] ^= 0x80;
			break;
		}
		inject(h, frame, len);
		pass_after(h, MS);
		frame_expect(h, frame, len);
	}
	sent_none(h);
	assert_int_equal(object(h, &c)->rcv_nxt, c.irs);
	finish(h, &c);
}

RULE("T-128")
static void
a_reassembled_segment_is_taken_with_its_fin(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t head[128];
	uint32_t got = 0;
	flue_ref nbl;

	(void)state;
	h->e->params.tcp_ack_frequency = 2;
	connect_at(h, &c, 1, 1);
	/* Longer than a packet: PSH and FIN are its end's. */
	(void)peer_frame(&c, head, TCP_ACK | TCP_PSH | TCP_FIN, 0, 0, NULL, 0, 65535, NULL);
	memcpy(buf, head + tcp_at(&c), 20);
	memcpy(buf + 20, stream, 9000);
	nbl = nbl_new(h, buf, 9020, 7);
	submit(h, FLUE_SUB_FORWARD, c.token, nbl, 0, 0);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	assert_int_equal(nbl_at(h, nbl)->status, FLUE_STATUS_SUCCESS);
	while (got < 9000)
		got += accept_data(h, &c, buf + got);
	assert_memory_equal(buf, stream, 9000);
	event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
	assert_int_equal(sent_expect(h, &c).ack, 9001);
	finish(h, &c);
}

RULE("T-129")
static void
a_forward_says_whether_the_segment_was_processed(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	flue_ref nbl[3];
	flue_ref z;
	uint8_t frame[128];
	uint32_t len;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* One call: a segment, a reset, and what follows that. */
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, stream, 10, 65535, NULL);
	nbl[0] = nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 1);
	len = peer_frame(&c, frame, TCP_RST, 10, 0, NULL, 0, 0, NULL);
	nbl[1] = nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 1);
	len = peer_frame(&c, frame, TCP_ACK, 10, 0, stream, 10, 65535, NULL);
	nbl[2] = nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 1);
	nbl_link(h, nbl[0], nbl[1]);
	nbl_link(h, nbl[1], nbl[2]);
	submit(h, FLUE_SUB_FORWARD, c.token, nbl[0], 0, 0);
	pass_after(h, MS);
	up = up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	assert_true(up.ref == nbl[0] && up.arg0 == 1);
	assert_int_equal(nbl_at(h, nbl[0])->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, nbl[1])->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, nbl[2])->status, (uint32_t)FLUE_STATUS_REQUEST_ABORTED);
	while (up_next(h, &up))
		;
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	/* While an upload is asked for, and while the terminate is under way. */
	connect_at(h, &c, 1, 1);
	flue_tcp_request_upload(h->e, object(h, &c), FLUE_UPLOAD_UPLOAD_REQUESTED);
	z = forward(h, &c, TCP_ACK, 0, 10);
	pass_after(h, MS);
	for (i = 0; up_next(h, &up); i++)
		if (up.op == FLUE_UP_FORWARD_COMPLETE)
			assert_int_equal(nbl_at(h, z)->status,
					(uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	assert_int_equal(i, 2);
	assert_int_equal(object(h, &c)->rcv_nxt, c.irs);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 0, 10, 0);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	terminate_submit(h, &c);
	poll_engine(h);
	z = forward(h, &c, TCP_ACK, 10, 10);
	poll_engine(h);
	assert_true(up_expect(h, FLUE_UP_FORWARD_COMPLETE).ref == z);
	assert_int_equal(nbl_at(h, z)->status, (uint32_t)FLUE_STATUS_UPLOAD_IN_PROGRESS);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 10);
	harness_free(h);
}

RULE("T-128")
static void
a_forwarded_ack_that_later_segments_went_past_is_answered_only_if_it_asks(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, stream, 1000, 65535);
	pass_after(h, MS);
	assert_int_equal(accept_data(h, &c, buf), 1000);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	forward(h, &c, TCP_ACK, 0, 0);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	pass_after(h, 300 * MS);
	sent_none(h);
	/* Right before RCV.NXT: is anybody there? */
	forward(h, &c, TCP_ACK, 999, 0);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	/* From the wire the same is one that is out of step. */
	pass_after(h, 2000 * MS);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	/* Behind a FIN nobody asks. */
	peer(h, &c, TCP_ACK | TCP_FIN, 1000, 0, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 1001);
	(void)up_expect(h, FLUE_UP_EVENT);
	forward(h, &c, TCP_ACK, 1000, 0);
	pass_after(h, 2000 * MS);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	pass_after(h, 300 * MS);
	sent_none(h);
	finish(h, &c);
}

RULE("T-116")
static void
a_forwarded_segment_can_be_urgent(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	flue_ref z;

	(void)state;
	connect_at(h, &c, 1, 1);
	z = forward(h, &c, TCP_ACK | TCP_URG, 0, 10);
	pass_after(h, MS);
	assert_true(up_expect(h, FLUE_UP_FORWARD_COMPLETE).ref == z);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_RECEIVED_URGENT_DATA);
	up_none(h);
	terminate_submit(h, &c);
	pass_after(h, MS);
	{
		struct flue_up up = up_expect(h, FLUE_UP_FRAME);

		assert_int_equal(gather(h, up.ref, buf), tcp_at(&c) + 30);
		assert_memory_equal(buf + tcp_at(&c) + 20, stream, 10);
		submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	}
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	sent_none(h);
	poll_engine(h);
	harness_free(h);
}

static void
a_syn_in_time_wait_and_data_for_a_closed_one_are_the_hosts(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t frame[256];
	uint32_t len;

	(void)state;
	connect_at(h, &c, 1, 1);
	submit(h, FLUE_SUB_DISCONNECT, c.token, nbl_new(h, NULL, 0, 1), FLUE_DISCONNECT_GRACEFUL,
			0);
	poll_engine(h);
	peer(h, &c, TCP_ACK | TCP_FIN, 0, 1, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_TIME_WAIT);
	while (up_next(h, &up))
		;
	h->port->seen = h->port->sent_count;
	len = peer_frame(&c, frame, TCP_SYN, 100000, 0, NULL, 0, 65535, NULL);
	inject(h, frame, len);
	pass_after(h, MS);
	sent_none(h);
	frame_expect(h, frame, len);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_RST, 0, 0, NULL, 0, 0);
	pass_after(h, MS);
	event_expect(h, &c, FLUE_TCP_INDICATE_ABORT, 0);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, stream, 100, 65535, NULL);
	inject(h, frame, len);
	pass_after(h, MS);
	sent_none(h);
	frame_expect(h, frame, len);
	finish(h, &c);
}

RULE("T-119")
static void
many_holes_are_filled_in_any_order(void **state)
{
	static const uint32_t orders[3][6] = { { 0, 2, 4, 6, 8, 10 }, { 10, 8, 6, 4, 2, 0 },
		{ 4, 10, 0, 6, 2, 8 } };
	unsigned o;
	unsigned i;

	(void)state;
	for (o = 0; o < 3; o++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		connect_at(h, &c, 1, 0xfffff000);
		for (i = 1; i < 12; i += 2)
			arrive(h, &c, i * 700, 700, 0);
		assert_int_equal(object_extra(h, &c)->ooo_count, 6);
		up_none(h);
		for (i = 0; i < 6; i++) {
			uint32_t at = orders[o][i];

			arrive(h, &c, at * 700, 700, 0);
			if (o == 1 && i < 5)
				up_none(h);
		}
		h->port->seen = h->port->sent_count;
		assert_int_equal(object(h, &c)->rcv_nxt, c.irs + 12 * 700);
		for (i = 0; i < 12 * 700;)
			i += accept_data(h, &c, buf + i);
		assert_memory_equal(buf, stream, 12 * 700);
		assert_int_equal(object_extra(h, &c)->ooo_count, 0);
		finish(h, &c);
	}
}

RULE("T-118")
static void
a_fin_in_order_flushes_what_waits_behind_a_hole(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	arrive(h, &c, 2000, 1000, 0);
	arrive(h, &c, 500, 400, 0);
	assert_int_equal(object_extra(h, &c)->ooo_count, 2);
	/* The stream ends where data was said to lie: that data is not to be believed. */
	arrive(h, &c, 0, 600, TCP_FIN);
	assert_int_equal(object_extra(h, &c)->ooo_count, 0);
	assert_int_equal(object(h, &c)->rcv_nxt, c.irs + 601);
	assert_int_equal(accept_data(h, &c, buf), 600);
	assert_memory_equal(buf, stream, 600);
	event_expect(h, &c, FLUE_TCP_INDICATE_DISCONNECT, 0);
	assert_int_equal(h->port->port.held, 0);
	h->port->seen = h->port->sent_count;
	finish(h, &c);
}

RULE("T-118")
static void
what_lies_beyond_a_queued_fin_is_dropped_and_the_queue_with_it(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < 3; kind++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };

		connect_at(h, &c, 1, 0xfffffff0);
		arrive(h, &c, 1000, 500, 0);
		if (kind == 2) {
			/* A FIN before the end of what is queued. */
			arrive(h, &c, 1200, 100, TCP_FIN);
		} else {
			arrive(h, &c, 2000, 500, TCP_FIN);
			assert_int_equal(object_extra(h, &c)->ooo_count, 2);
			/* Data, or another FIN, beyond the one that is queued. */
			arrive(h, &c, 2500, 100, kind == 1 ? TCP_FIN : 0);
		}
		assert_int_equal(object_extra(h, &c)->ooo_count, 0);
		assert_int_equal(h->port->port.held, 0);
		h->port->seen = h->port->sent_count;
		/* The stream goes on with what is sent again. */
		arrive(h, &c, 0, 1400, 0);
		assert_int_equal(sent_expect(h, &c).ack, 1400);
		assert_int_equal(accept_data(h, &c, buf), 1400);
		finish(h, &c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_options_go_to_the_host_which_forwards_the_segment),
		cmocka_unit_test(what_comes_after_a_forwarded_segment_does_not_overtake_it),
		cmocka_unit_test(sum_that_the_port_vouches_for_is_not_looked_at_and_any_other_is),
		cmocka_unit_test(fragments_arp_icmp_and_other_datagrams_go_to_the_host),
		cmocka_unit_test(a_reassembled_segment_is_taken_with_its_fin),
		cmocka_unit_test(a_forward_says_whether_the_segment_was_processed),
		cmocka_unit_test(
				a_forwarded_ack_that_later_segments_went_past_is_answered_only_if_it_asks),
		cmocka_unit_test(a_forwarded_segment_can_be_urgent),
		cmocka_unit_test(a_syn_in_time_wait_and_data_for_a_closed_one_are_the_hosts),
		cmocka_unit_test(many_holes_are_filled_in_any_order),
		cmocka_unit_test(a_fin_in_order_flushes_what_waits_behind_a_hole),
		cmocka_unit_test(what_lies_beyond_a_queued_fin_is_dropped_and_the_queue_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
