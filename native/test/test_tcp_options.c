/* SPDX-License-Identifier: Apache-2.0 */

/* Options, timestamps, addresses and everything else in front of the payload. */

#include "support/harness.h"
#include "tcp/bytes.h"
#include "tcp/csum.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static uint8_t pattern[4000];
static uint8_t buf[70000];

static void
drain(struct harness *h, struct conn *c)
{
	struct flue_up up;
	struct seen s;

	while (sent_next(h, c, &s))
		;
	while (up_next(h, &up))
		if (up.op == FLUE_UP_RECEIVE_INDICATE) {
			verdict(h, c, up.ref, FLUE_STATUS_SUCCESS, 0);
			submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		}
}

/** A frame with `n` option bytes, padded to a multiple of 4 with `fill`. */
static void
with_options(struct harness *h, struct conn *c, const uint8_t *opt, uint32_t n, uint8_t fill,
		uint32_t seq)
{
	uint8_t frame[200];
	uint32_t olen = (n + 3) & ~3u;
	uint32_t len = peer_frame(c, frame, TCP_ACK, seq, 0, NULL, 0, 65535, NULL);
	uint8_t *ip = frame + 14;
	uint8_t *tcp = frame + tcp_at(c);
	uint64_t pseudo;

	assert_int_equal(len, tcp_at(c) + 20);
	memset(tcp + 20, fill, olen);
	memcpy(tcp + 20, opt, n);
	tcp[20 + olen] = 'x';
	tcp[12] = (uint8_t)((20 + olen) << 2);
	if (c->ip6) {
		flue_store16be(ip + 4, (uint16_t)(21 + olen));
		pseudo = flue_csum_add(
				ip + 8, 32, (uint64_t)htons(6) + htons((uint16_t)(21 + olen)));
	} else {
		flue_store16be(ip + 2, (uint16_t)(41 + olen));
		flue_store16(ip + 10, 0);
		flue_store16(ip + 10, flue_csum_finish(flue_csum_add(ip, 20, 0)));
		pseudo = flue_csum_pseudo4(flue_load32(ip + 12), flue_load32(ip + 16), 21 + olen);
	}
	flue_store16(tcp + 16, 0);
	flue_store16(tcp + 16, flue_csum_finish(flue_csum_add(tcp, 21 + olen, pseudo)));
	inject(h, frame, len + 1 + olen);
}

static void
no_option_bytes_hang_or_hurt(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t seq = 0;
	uint32_t kind;
	uint32_t length;
	uint32_t at;

	(void)state;
	connect_at(h, &c, 1, 1);
	/* Every kind with every length, at every alignment, with all sorts of bytes behind. */
	for (kind = 0; kind < 256; kind++) {
		for (length = 0; length < 256; length += length < 44 ? 1 : 53) {
			uint8_t opt[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };

			at = (kind + length) % 4;
			opt[at] = (uint8_t)kind;
			opt[at + 1] = (uint8_t)length;
			with_options(h, &c, opt, 8, (uint8_t)kind, seq++);
		}
		pass_after(h, MS);
		drain(h, &c);
		poll_engine(h);
	}
	assert_int_equal(h->e->conns[(uint32_t)c.token].rcv_nxt, c.irs + seq);
	assert_int_equal(counter(h, FLUE_CTR_IN_BYTES), seq);
	finish(h, &c);
}

RULE("T-128")
static void
a_forwarded_segment_may_be_older_than_the_timestamps_seen_since(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	const uint32_t older[2] = { 2005, 70000 };
	uint8_t frame[2048];
	uint32_t len;

	(void)state;
	c.ts = true;
	conn_block(h, &c, 1, 1);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	peer_ts(h, &c, TCP_ACK, 0, 0, NULL, 0, 65000, 2010, 70000);
	pass_after(h, MS);
	sent_none(h);
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, pattern, 1000, 65535, older);
	submit(h, FLUE_SUB_FORWARD, c.token, nbl_new(h, frame + tcp_at(&c), len - tcp_at(&c), 3), 0,
			0);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_FORWARD_COMPLETE);
	assert_int_equal(accept_data(h, &c, buf), 1000);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	/* From the wire the same is an old duplicate. */
	peer_ts(h, &c, TCP_ACK, 1000, 0, pattern, 1000, 65535, 2005, 70000);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	up_none(h);
	finish(h, &c);
}

static void
timestamps_are_echoed_and_old_ones_refused(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	c.ts = true;
	connect_at(h, &c, 0xfffffff0, 0xfffffff0);
	peer_ts(h, &c, TCP_ACK, 0, 0, pattern, 100, 65535, 2000, 70000);
	poll_engine(h);
	s = sent_expect(h, &c);
	assert_true(s.ts);
	assert_int_equal(s.tsecr, 2000);
	assert_int_equal(s.tsval, 70200);
	/* A later segment of the same burst does not replace what the ACK must echo. */
	h->e->params.tcp_ack_frequency = 2;
	peer_ts(h, &c, TCP_ACK, 100, 0, pattern, 100, 65535, 2005, 70000);
	peer_ts(h, &c, TCP_ACK, 200, 0, pattern, 100, 65535, 2010, 70000);
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 300);
	assert_int_equal(s.tsecr, 2005);
	h->e->params.tcp_ack_frequency = 1;
	/* PAWS: old, so it is answered and dropped. */
	peer_ts(h, &c, TCP_ACK, 300, 0, pattern, 100, 65535, 1999, 70000);
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 300);
	/* Without the option: dropped without a word. But a RST needs none. */
	peer(h, &c, TCP_ACK, 300, 0, pattern, 100, 65535);
	pass_after(h, MS);
	sent_none(h);
	/* The mark does not move on what lies behind a hole. */
	peer_ts(h, &c, TCP_ACK, 500, 0, pattern, 100, 65535, 3000, 70000);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).tsecr, 2005);
	peer_ts(h, &c, TCP_ACK, 300, 0, pattern, 200, 65535, 2900, 70000);
	pass_after(h, MS);
	s = sent_expect(h, &c);
	assert_int_equal(s.ack, 600);
	assert_int_equal(s.tsecr, 2900);
	peer(h, &c, TCP_RST, 600, 0, NULL, 0, 0);
	pass_after(h, MS);
	assert_int_equal(h->e->conns[(uint32_t)c.token].state, FLUE_TCP_CLOSED);
	drain(h, &c);
	finish(h, &c);
}

static void
old_acks_without_data_are_answered_at_the_limited_rate(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { .ts = true };
	unsigned i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 5; i++) {
		peer_ts(h, &c, TCP_ACK, 0, 0, NULL, 0, 65535, 999, 0);
		pass_after(h, MS);
	}
	assert_int_equal(sent_expect(h, &c).ack, 0);
	sent_none(h);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
after_24_days_of_silence_any_timestamp_is_good(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	c.ts = true;
	connect_at(h, &c, 1, 1);
	pass_after(h, 25 * 24 * 3600 * SEC);
	peer_ts(h, &c, TCP_ACK, 0, 0, pattern, 100, 65535, 3, 70000);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).ack, 100);
	drain(h, &c);
	poll_engine(h);
	finish(h, &c);
}

RULE("T-92")
static void
with_timestamps_a_segment_is_twelve_bytes_shorter(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	c.ts = true;
	connect_at(h, &c, 1, 1);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 3000, 1), 0, 0);
	poll_engine(h);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 1448);
	assert_true(s.ts);
	drain(h, &c);
	finish(h, &c);
}

static void
a_damaged_segment_is_dropped_and_counted(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t frame[200];
	uint32_t first;
	uint32_t len;
	uint32_t bit;
	int64_t bad = 0;

	(void)state;
	connect_at(h, &c, 1, 1);
	first = tcp_at(&c) + 4;
	len = peer_frame(&c, frame, TCP_ACK, 0, 0, "odd", 3, 65535, NULL);
	/* Every bit of TCP header and payload but those of the ports, which make it another flow. */
	for (bit = first * 8; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		inject(h, frame, len);
		frame[bit / 8] ^= (uint8_t)(1 << (bit % 8));
		if (bit % 64 == 63)
			poll_engine(h);
	}
	poll_engine(h);
	bad = counter(h, FLUE_CTR_BAD_CHECKSUM);
	/* Some bits of the header length make it no TCP segment at all: those went up. */
	assert_true(bad + counter(h, FLUE_CTR_FRAMES_UP) == (int64_t)(len * 8 - first * 8));
	assert_true(counter(h, FLUE_CTR_FRAMES_UP) <= 4);
	assert_int_equal(counter(h, FLUE_CTR_IN_SEGMENTS), 0);
	harness_discard(h);
}

RULE("T-115")
static void
what_is_not_a_plain_segment_of_ours_goes_up(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;
	uint8_t f[200];
	uint32_t len;
	flue_ref ref;
	int n = 0;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 12; i++) {
		len = peer_frame(&c, f, TCP_ACK, 0, 0, "x", 1, 65535, NULL);
		switch (i) {
		case 0: /* ARP */
			f[12] = 8, f[13] = 6;
			break;
		case 1: /* broadcast */
			memset(f, 0xff, 6);
			break;
		case 2: /* group address */
			f[0] |= 1;
			break;
		case 3: /* ICMP */
			f[c.ip6 ? 20 : 23] = c.ip6 ? 58 : 1;
			break;
		case 4: /* first fragment; IPv6: fragment header */
			f[20] = c.ip6 ? 44 : 0x20;
			break;
		case 5: /* last fragment; IPv6: hop-by-hop options */
			f[c.ip6 ? 20 : 21] = c.ip6 ? 0 : 1;
			break;
		case 6: /* IP options; IPv6: routing header */
			f[c.ip6 ? 20 : 14] = c.ip6 ? 43 : 0x46;
			break;
		case 7: /* longer than the frame */
			f[c.ip6 ? 19 : 17] = 200;
			break;
		case 8: /* header beyond the segment */
			f[tcp_at(&c) + 12] = 0xf0;
			break;
		case 9: /* header too short */
			f[tcp_at(&c) + 12] = 0x40;
			break;
		case 10: /* another port */
			f[tcp_at(&c) + 3] ^= 1;
			break;
		case 11: /* cut off */
			len = tcp_at(&c) - 1;
			break;
		default:
			break;
		}
		inject(h, f, len);
	}
	poll_engine(h);
	sent_none(h);
	up = up_expect(h, FLUE_UP_FRAME);
	up_none(h);
	for (ref = up.ref; ref != 0; ref = flue_nbl_at(ref)->next)
		n++;
	assert_int_equal(n, 12);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	finish(h, &c);
}

static void
ethernet_padding_is_not_payload(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint8_t f[100] = { 0 };
	uint32_t len;

	(void)state;
	connect_at(h, &c, 1, 1);
	len = peer_frame(&c, f, TCP_ACK, 0, 0, "x", 1, 65535, NULL);
	/* Over IPv6 a port may pad as well, though to no minimum. */
	inject(h, f, len + 5);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).ack, 1);
	assert_int_equal(accept_data(h, &c, buf), 1);
	finish(h, &c);
}

static void
ipv6_carries_data_both_ways(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_path_cached *path;
	struct seen s;

	(void)state;
	c.ip6 = true;
	neighbor_new(h);
	path_new(h, true);
	path = (struct flue_path_cached *)((uint8_t *)h->path_block + FLUE_PATH_CACHED_AT);
	path->path_mtu = 1500;
	connect_at(h, &c, 0xffffff00, 0xffffff00);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).ack, 1000);
	assert_int_equal(accept_data(h, &c, buf), 1000);
	assert_memory_equal(buf, pattern, 1000);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 2000, 1), 0, 0);
	poll_engine(h);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 1440);
	assert_int_equal(s.ttl, 57);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 560);
	peer(h, &c, TCP_ACK, 1000, 2000, NULL, 0, 65535);
	pass_after(h, MS);
	(void)up_expect(h, FLUE_UP_SEND_COMPLETE);
	finish(h, &c);
}

static void
windows_are_scaled_both_ways(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_const(&c)->flags = FLUE_TCP_CONST_WINDOW_SCALING;
	tcp_const(&c)->wind_scale = 0x42; /* theirs 2, ours 4 */
	tcp_cached(&c)->initial_rcv_wnd = 1 << 20;
	tcp_delegated(&c)->rcv_wnd = 1 << 20;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 0x8000);
	poll_engine(h);
	s = sent_expect(h, &c);
	/* 1048576 - 1000 is no multiple of 16: rounded up, never down. */
	assert_int_equal(s.win, ((1 << 20) - 1000 + 15) / 16);
	assert_int_equal(h->e->conns[(uint32_t)c.token].snd_wnd, 0x20000);
	drain(h, &c);
	poll_engine(h);
	finish(h, &c);
}

static void
checksums_agree_with_the_plain_definition(void **state)
{
	uint8_t copy[4100];
	uint32_t len;
	uint32_t off;

	(void)state;
	for (len = 0; len < 600; len++) {
		for (off = 0; off < 9; off++) {
			uint32_t plain = 0;
			uint32_t i;

			for (i = 0; i < len; i++)
				plain += i & 1 ? (uint32_t)pattern[off + i] << 8 : pattern[off + i];
			while (plain >> 16)
				plain = (plain & 0xffff) + (plain >> 16);
			assert_int_equal(flue_csum_fold(flue_csum_add(pattern + off, len, 0)),
					plain);
			memset(copy, 0xee, sizeof(copy));
			assert_int_equal(flue_csum_fold(flue_csum_copy(
							 copy + 1, pattern + off, len, 0)),
					plain);
			assert_memory_equal(copy + 1, pattern + off, len);
			assert_int_equal(copy[1 + len], 0xee);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_option_bytes_hang_or_hurt),
		cmocka_unit_test(a_forwarded_segment_may_be_older_than_the_timestamps_seen_since),
		cmocka_unit_test(timestamps_are_echoed_and_old_ones_refused),
		cmocka_unit_test(old_acks_without_data_are_answered_at_the_limited_rate),
		cmocka_unit_test(after_24_days_of_silence_any_timestamp_is_good),
		cmocka_unit_test(with_timestamps_a_segment_is_twelve_bytes_shorter),
		cmocka_unit_test(a_damaged_segment_is_dropped_and_counted),
		cmocka_unit_test(what_is_not_a_plain_segment_of_ours_goes_up),
		cmocka_unit_test(ethernet_padding_is_not_payload),
		cmocka_unit_test(ipv6_carries_data_both_ways),
		cmocka_unit_test(windows_are_scaled_both_ways),
		cmocka_unit_test(checksums_agree_with_the_plain_definition),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
