/* SPDX-License-Identifier: Apache-2.0 */

/* Where the engine's TCP ends: groups, patience, and the host's defaults. */

#include "support/stream.h"
#include "tcp/bytes.h"

#include <string.h>

/** A frame of the peer's to another MAC address. */
static void
to_mac(struct harness *h, struct conn *c, const uint8_t mac[6], uint8_t flags, const char *text)
{
	uint8_t frame[2048];
	uint32_t len = peer_frame(c, frame, flags, 0, 0, text, (uint32_t)strlen(text), 65535, NULL);

	memcpy(frame, mac, 6);
	inject(h, frame, len);
	pass_after(h, MS);
}

RULE("9293/MUST-57")
static void
segments_to_a_group_are_not_for_the_connection(void **state)
{
	static const uint8_t groups[3][6] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 },
		{ 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 },
	};
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	unsigned i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 3; i++) {
		to_mac(h, &c, groups[i], TCP_ACK, "data");
		to_mac(h, &c, groups[i], TCP_RST, "");
		to_mac(h, &c, groups[i], TCP_SYN, "");
	}
	/* They are the host's to drop; here nothing is answered, nothing has changed. */
	sent_none(h);
	for (i = 0; i < 9; i++)
		(void)up_expect(h, FLUE_UP_FRAME);
	up_none(h);
	assert_int_equal(object(h, &c)->rcv_nxt, c.irs);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_ESTABLISHED);
	harness_discard(h);
}

RULE("9293/SHLD-11")
static void
it_does_not_give_up_before_a_hundred_seconds(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	(void)send_data(h, &c, 1000);
	for (i = 0; i < 1000; i++) {
		pass_after(h, 100 * MS);
		(void)drain_sent(h, &c);
	}
	up_none(h);
	assert_true(counter(h, FLUE_CTR_RETRANSMITS) >= 3);
	for (i = 0; i < 36000 && h->ch->up_head == h->ch->up_tail; i++) {
		pass_after(h, 100 * MS);
		(void)drain_sent(h, &c);
	}
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	finish(h, &c);
}

RULE("9293/MUST-25")
RULE("9293/MUST-28")
static void
two_hours_of_silence_are_two_hours_and_without_keepalive_they_are_nothing(void **state)
{
	int on;
	int i;

	(void)state;
	for (on = 0; on < 2; on++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;

		conn_block(h, &c, 1, 1);
		tcp_cached(&c)->flags = on ? FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED : 0;
		tcp_cached(&c)->ka_timeout = 7200 * 1000; /* a host's values, nothing changed */
		tcp_cached(&c)->ka_interval = 1000;
		tcp_cached(&c)->ka_probe_count = 10;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		for (i = 0; i < 7190; i++)
			pass_after(h, SEC);
		sent_none(h);
		for (i = 0; i < 12; i++)
			pass_after(h, SEC);
		if (on) {
			s = sent_expect(h, &c);
			assert_int_equal(s.len, 0);
		}
		(void)drain_sent(h, &c);
		for (i = 0; i < 5; i++)
			pass_after(h, SEC);
		if (!on)
			sent_none(h);
		harness_discard(h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_to_a_group_are_not_for_the_connection),
		cmocka_unit_test(it_does_not_give_up_before_a_hundred_seconds),
		cmocka_unit_test(
				two_hours_of_silence_are_two_hours_and_without_keepalive_they_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
