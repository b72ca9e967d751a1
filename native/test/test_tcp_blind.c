/* SPDX-License-Identifier: Apache-2.0 */

/* Segments that somebody else may have sent: the table of chimney rules 12.3, by RFC 5961 and in the
 * chimney profile, and the numbers of that profile (12.2). */

#include "support/stream.h"
#include "tcp/tcp.h"

#include <string.h>

static struct harness *
chimney_harness(void)
{
	struct flue_engine_config config = harness_config();

	config.chimney_profile = 1;
	return harness_new(&config, 0);
}

static void
from_peer(struct harness *h, struct conn *c, uint8_t flags, uint32_t seq)
{
	peer(h, c, flags, seq, 0, NULL, 0, 65535);
	pass_after(h, MS);
}

/** A challenge: an ACK of where both sides are. */
static void
challenged(struct harness *h, struct conn *c)
{
	struct seen s = sent_expect(h, c);

	assert_int_equal(s.flags, TCP_ACK);
	assert_int_equal(s.seq, 0);
	assert_int_equal(s.ack, 0);
	assert_int_equal(s.len, 0);
	sent_none(h);
}

/** Outside of the window, both profiles: a RST draws nothing, a SYN an ACK. */
RULE("T-142")
static void
outside_of_the_window(void **state)
{
	int chimney;

	(void)state;
	for (chimney = 0; chimney < 2; chimney++) {
		struct harness *h = chimney ? chimney_harness() : harness_new(NULL, 0);
		struct conn c = { 0 };
		int i;

		connect_at(h, &c, 1, 1);
		from_peer(h, &c, TCP_RST, 70000);
		from_peer(h, &c, TCP_RST, UINT32_MAX);
		from_peer(h, &c, TCP_RST | TCP_ACK, 100000);
		sent_none(h);
		for (i = 0; i < 3; i++) {
			from_peer(h, &c, TCP_SYN, 70000);
			if (i == 0 || chimney)
				challenged(h, &c);
		}
		/* Nothing of it raised a doubt. */
		assert_int_equal(flue_engine_held(h->e, 7), 0);
		up_none(h);
		assert_int_equal(object(h, &c)->state, FLUE_TCP_ESTABLISHED);
		sent_none(h);
		finish(h, &c);
	}
}

RULE("T-142")
static void
an_exact_rst_is_believed(void **state)
{
	int chimney;

	(void)state;
	for (chimney = 0; chimney < 2; chimney++) {
		struct harness *h = chimney ? chimney_harness() : harness_new(NULL, 0);
		struct conn c = { 0 };

		connect_at(h, &c, 1, 0xffffffff);
		from_peer(h, &c, TCP_RST, 0);
		event_expect(h, &c, FLUE_TCP_INDICATE_ABORT, 0);
		sent_none(h);
		finish(h, &c);
	}
}

/** One challenge, until the peer is heard; then another one is allowed. */
RULE("T-142")
static void
a_rst_that_is_not_exact_is_challenged_once_a_period(void **state)
{
	struct harness *h = chimney_harness();
	struct conn c = { 0 };
	uint32_t i;

	(void)state;
	connect_at(h, &c, 1, 1);
	from_peer(h, &c, TCP_RST, 1);
	challenged(h, &c);
	for (i = 0; i < 10; i++) {
		pass_after(h, SEC);
		from_peer(h, &c, TCP_RST, 100 + i);
	}
	sent_none(h);
	from_peer(h, &c, TCP_ACK, 0); /* acceptable */
	assert_int_equal(object(h, &c)->flags & CONN_KEEPALIVE, 0);
	from_peer(h, &c, TCP_RST, 1);
	challenged(h, &c);
	finish(h, &c);
}

RULE("T-142")
static void
a_syn_is_challenged_every_three_seconds(void **state)
{
	struct harness *h = chimney_harness();
	struct conn c = { 0 };
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (i = 0; i < 60; i++) { /* 6 s: at 0, 3.0.. and 6.0.. */
		from_peer(h, &c, TCP_SYN, 5);
		pass_after(h, 99 * MS);
	}
	for (i = 0; i < 2; i++)
		assert_int_equal(sent_expect(h, &c).flags, TCP_ACK);
	sent_none(h);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_ESTABLISHED);
	finish(h, &c);
}

/** The row in which the chimney and RFC 5961 differ. */
RULE("T-142")
static void
a_syn_where_the_next_segment_begins(void **state)
{
	struct harness *h = chimney_harness();
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	from_peer(h, &c, TCP_SYN, 0);
	sent_none(h);
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_UPLOAD_REQUESTED);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_CLOSED);
	harness_free(h);

	h = harness_new(NULL, 0);
	connect_at(h, &c, 1, 1);
	from_peer(h, &c, TCP_SYN, 0);
	challenged(h, &c);
	up_none(h);
	assert_int_equal(object(h, &c)->state, FLUE_TCP_ESTABLISHED);
	finish(h, &c);
}

/** Five minutes later the peer is asked; it answers, or the connection is over. */
RULE("T-142")
static void
a_doubt_is_settled_by_probes(void **state)
{
	static const uint8_t flags[] = { TCP_RST, TCP_SYN };
	unsigned variant;

	(void)state;
	for (variant = 0; variant < 4; variant++) {
		struct harness *h = variant & 1 ? chimney_harness() : harness_new(NULL, 0);
		struct conn c = { 0 };
		int i;

		connect_at(h, &c, 1, 1);
		from_peer(h, &c, flags[variant / 2], 7);
		challenged(h, &c);
		pass_after(h, 200 * SEC);
		from_peer(h, &c, flags[variant / 2], 9); /* does not put it off */
		(void)drain_sent(h, &c);
		pass_after(h, 99 * SEC);
		sent_none(h);
		pass_after(h, 2 * SEC);
		assert_int_equal(sent_expect(h, &c).seq, UINT32_MAX);
		/* An answer: all is as before, nothing runs on. */
		from_peer(h, &c, TCP_ACK, 0);
		pass_after(h, 3600 * SEC);
		sent_none(h);
		up_none(h);
		/* Another doubt, and no answer: ten probes a second apart. */
		from_peer(h, &c, flags[variant / 2], 7);
		challenged(h, &c);
		pass_after(h, 300 * SEC);
		for (i = 0; i < 10; i++) {
			assert_int_equal(sent_expect(h, &c).seq, UINT32_MAX);
			up_none(h);
			pass_after(h, SEC);
		}
		sent_none(h);
		event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		assert_int_equal(tcp_delegated(&c)->state, FLUE_TCP_CLOSED);
		harness_free(h);
	}
}

/** With keepalive on: stretched, with the host's count and interval, and back to normal after. */
RULE("T-142")
static void
a_doubt_stretches_the_keepalive_that_runs(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	conn_block(h, &c, 1, 1);
	tcp_cached(&c)->flags = FLUE_TCP_CACHED_KEEP_ALIVE_ENABLED;
	tcp_cached(&c)->ka_timeout = 20000;
	tcp_cached(&c)->ka_interval = 4000;
	tcp_cached(&c)->ka_probe_count = 2;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	pass_after(h, SEC);
	from_peer(h, &c, TCP_RST, 7);
	challenged(h, &c);
	pass_after(h, 298 * SEC);
	sent_none(h);
	pass_after(h, 3 * SEC);
	(void)sent_expect(h, &c);
	from_peer(h, &c, TCP_ACK, 0);
	pass_after(h, 19 * SEC);
	sent_none(h);
	pass_after(h, 2 * SEC);
	(void)sent_expect(h, &c); /* the ordinary one again */
	from_peer(h, &c, TCP_ACK, 0);
	from_peer(h, &c, TCP_RST, 7);
	challenged(h, &c);
	pass_after(h, 301 * SEC);
	for (i = 0; i < 2; i++) {
		(void)sent_expect(h, &c);
		pass_after(h, 3 * SEC);
		sent_none(h);
		pass_after(h, SEC);
	}
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	finish(h, &c);
}

RULE("T-142")
RULE("T-53")
static void
a_doubt_travels_with_the_connection(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	from_peer(h, &c, TCP_RST, 7);
	challenged(h, &c);
	pass_after(h, 299 * SEC + 999 * MS);
	pass_after(h, 2 * SEC);
	pass_after(h, SEC);
	(void)drain_sent(h, &c);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_in_range(tcp_delegated(&c)->ka_probe_count, 2, 3);
	assert_in_range(tcp_delegated(&c)->ka_timeout_delta, 0, 1000);
	tcp_delegated(&c)->ka_probe_count = 8;
	c.handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	for (i = 0; i < 5; i++)
		pass_after(h, SEC);
	assert_int_equal(sent_expect(h, &c).seq, UINT32_MAX);
	assert_int_equal(sent_expect(h, &c).seq, UINT32_MAX);
	sent_none(h); /* the offloaded count goes on: 8 + 2 = 10 */
	event_expect(h, &c, FLUE_TCP_INDICATE_RETRIEVE, FLUE_UPLOAD_TIMEOUT_EXPIRATION);
	finish(h, &c);
}

/* ---- The numbers of the chimney profile ------------------------------------------------------ */

/** A round trip of `ms`: a segment and its ACK. */
static void
round_trip(struct harness *h, struct conn *c, uint32_t *at, uint32_t ms)
{
	struct flue_up up;

	(void)send_data(h, c, 100);
	(void)drain_sent(h, c);
	*at += 100;
	peer(h, c, TCP_ACK, 0, *at, NULL, 0, 65535);
	pass_after(h, ms * MS);
	while (up_next(h, &up))
		;
}

RULE("T-144")
static void
the_timeout_follows_the_formula(void **state)
{
	struct harness *h = chimney_harness();
	struct conn c = { 0 };
	struct flue_conn *o;
	uint32_t at = 0;
	int i;

	(void)state;
	conn_block(h, &c, 0xffffffff, 1);
	tcp_delegated(&c)->srtt = 0;
	tcp_delegated(&c)->rttvar = 0;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	o = object(h, &c);
	round_trip(h, &c, &at, 100); /* srtt 100, var 50 */
	assert_int_equal(o->rto_us, 300000);
	round_trip(h, &c, &at, 180); /* var 37.5 + 20, srtt 87.5 + 22.5 = 110 */
	assert_int_equal(o->srtt8, 8 * 110000);
	assert_int_equal(o->rttvar4, 4 * 57500);
	assert_int_equal(o->rto_us, 340000);
	round_trip(h, &c, &at, 110); /* var 43.125, srtt 110: that would be 282.5 */
	assert_int_equal(o->rttvar4, 4 * 43125);
	assert_int_equal(o->rto_us, 300000);
	/* Never below 300 ms, however short the trips are; a sample counts for 30 s at most. */
	for (i = 0; i < 50; i++)
		flue_rtt_sample(h->e, o, 1000);
	assert_int_equal(o->rto_us, 300000);
	o->srtt8 = 0;
	flue_rtt_sample(h->e, o, 50000000);
	assert_int_equal(o->srtt8, 8 * 30000000);
	assert_int_equal(o->rttvar4, 4 * 15000000);
	assert_int_equal(o->rto_us, 60000000);
	(void)drain_sent(h, &c);
	finish(h, &c);
}

RULE("T-144")
static void
the_window_grows_and_shrinks_by_the_formula(void **state)
{
	struct flue_cc_view v = { .mss = 1460, .flight = 1460, .wnd = 65535 };
	struct flue_cc cc = { .cwnd = 14600, .ssthresh = 14600 };
	struct flue_cc_memory m = { 0 };

	(void)state;
	/* At ssthresh it is congestion avoidance already: MSS * min(MSS * 4, acked) / cwnd. */
	flue_cc_chimney.on_ack(&cc, &m, &v, 10 * 1460);
	assert_int_equal(cc.cwnd, 14600 + 1460 * 5840 / 14600);
	cc.cwnd = 14600;
	flue_cc_chimney.on_ack(&cc, &m, &v, 1460);
	assert_int_equal(cc.cwnd, 14600 + 146);
	cc.cwnd = 100000000;
	flue_cc_chimney.on_ack(&cc, &m, &v, 1460);
	assert_int_equal(cc.cwnd, 100000001); /* at least one byte */
	/* Below it each ACK counts for four segments at most. */
	cc = (struct flue_cc){ .cwnd = 2920, .ssthresh = 65535 };
	flue_cc_slow_start(&cc, 1460, flue_cc_chimney.abc, 10 * 1460);
	assert_int_equal(cc.cwnd, 2920 + 5840);
	/* max(2 * MSS, min(cwnd, peer's window) / 2), whatever is in flight. */
	cc = (struct flue_cc){ .cwnd = 40000, .ssthresh = 65535 };
	flue_cc_chimney.on_loss(&cc, &m, &v);
	assert_int_equal(cc.ssthresh, 20000);
	v.flight = 40000;
	v.wnd = 10000;
	flue_cc_chimney.on_loss(&cc, &m, &v);
	assert_int_equal(cc.ssthresh, 5000);
	v.wnd = 3000;
	flue_cc_chimney.on_loss(&cc, &m, &v);
	assert_int_equal(cc.ssthresh, 2920);
}

/** The profile reaches the connection: a loss takes half of what the peer allows. */
RULE("T-144")
static void
the_profile_is_the_engines(void **state)
{
	int chimney;

	(void)state;
	for (chimney = 0; chimney < 2; chimney++) {
		struct harness *h = chimney ? chimney_harness() : harness_new(NULL, 0);
		struct conn c = { 0 };

		connect_at(h, &c, 1, 1);
		ack(h, &c, 0, 10000);
		(void)send_data(h, &c, 8000);
		(void)drain_sent(h, &c);
		pass_after(h, 250 * MS);
		assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), !chimney);
		pass_after(h, 60 * MS);
		assert_int_equal(counter(h, FLUE_CTR_TIMEOUTS), 1);
		assert_int_equal(object(h, &c)->cc.ssthresh, chimney ? 5000 : 4000);
		(void)drain_sent(h, &c);
		finish(h, &c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outside_of_the_window),
		cmocka_unit_test(an_exact_rst_is_believed),
		cmocka_unit_test(a_rst_that_is_not_exact_is_challenged_once_a_period),
		cmocka_unit_test(a_syn_is_challenged_every_three_seconds),
		cmocka_unit_test(a_syn_where_the_next_segment_begins),
		cmocka_unit_test(a_doubt_is_settled_by_probes),
		cmocka_unit_test(a_doubt_stretches_the_keepalive_that_runs),
		cmocka_unit_test(a_doubt_travels_with_the_connection),
		cmocka_unit_test(the_timeout_follows_the_formula),
		cmocka_unit_test(the_window_grows_and_shrinks_by_the_formula),
		cmocka_unit_test(the_profile_is_the_engines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
