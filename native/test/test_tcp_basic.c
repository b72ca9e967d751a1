/* SPDX-License-Identifier: Apache-2.0 */

/* Plain traffic: data in, data out, at sequence numbers that wrap and that do not. */

#include "support/harness.h"

#include <string.h>

static const uint32_t numbers[][2] = { { 1000, 5000 }, { 0x7fffff00, 0x80000000 },
	{ 0xffffff00, 0xfffffff0 } };

#define EACH_NUMBER(n) for (unsigned n = 0; n < 3; n++)

static uint8_t pattern[65536];

RULE("T-45")
static void
data_in_order_is_indicated_and_acknowledged(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;
		uint8_t buf[2048];

		connect_at(h, &c, numbers[n][0], numbers[n][1]);
		peer(h, &c, TCP_ACK | TCP_PSH, 0, 0, "hello", 5, 65535);
		poll_engine(h);
		s = sent_expect(h, &c);
		assert_int_equal(s.ack, 5);
		assert_int_equal(s.seq, 0);
		assert_int_equal(s.flags, TCP_ACK);
		assert_int_equal(s.ttl, 57);
		assert_int_equal(accept_data(h, &c, buf), 5);
		assert_memory_equal(buf, "hello", 5);
		sent_none(h);
		up_none(h);
		assert_int_equal(counter(h, FLUE_CTR_IN_FAST), 1);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c)->rcv_nxt, c.irs + 5);
		harness_free(h);
	}
}

RULE("T-81")
RULE("T-84")
RULE("T-85")
static void
a_send_completes_when_it_is_acknowledged(void **state)
{
	(void)state;
	EACH_NUMBER(n)
	{
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct flue_up up;
		struct seen s;
		flue_ref nbl;

		connect_at(h, &c, numbers[n][0], numbers[n][1]);
		nbl = nbl_new(h, pattern, 3000, 3);
		submit(h, FLUE_SUB_SEND, c.token, nbl, 0, 0);
		poll_engine(h);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 0);
		assert_int_equal(s.len, 1460);
		assert_int_equal(s.flags, TCP_ACK);
		assert_memory_equal(s.payload, pattern, 1460);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 1460);
		assert_int_equal(s.len, 1460);
		s = sent_expect(h, &c);
		assert_int_equal(s.seq, 2920);
		assert_int_equal(s.len, 80);
		assert_int_equal(s.flags, TCP_ACK | TCP_PSH);
		assert_memory_equal(s.payload, pattern + 2920, 80);
		up_none(h);
		peer(h, &c, TCP_ACK, 0, 2920, NULL, 0, 65535);
		pass_after(h, MS);
		up_none(h);
		peer(h, &c, TCP_ACK, 0, 3000, NULL, 0, 65535);
		pass_after(h, MS);
		up = up_expect(h, FLUE_UP_SEND_COMPLETE);
		assert_true(up.ref == nbl);
		assert_int_equal(up.arg0, 1);
		assert_int_equal(nbl_at(h, nbl)->status, FLUE_STATUS_SUCCESS);
		assert_int_equal(nbl_at(h, nbl)->bytes_transferred, 3000);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c)->snd_una, c.iss + 3000);
		assert_int_equal(tcp_delegated(&c)->retransmit_timeout_delta, FLUE_TIMER_STOPPED);
		harness_free(h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_in_order_is_indicated_and_acknowledged),
		cmocka_unit_test(a_send_completes_when_it_is_acknowledged),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
