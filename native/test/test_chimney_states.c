/* SPDX-License-Identifier: Apache-2.0 */

/* State in, state out: what a target takes over it gives back unchanged, in every state. */

#include "support/harness.h"

#include <string.h>

static uint8_t pattern[4000];

/** Values that are all different from what an engine would start with. */
static void
unusual_state(struct conn *c, uint32_t state)
{
	struct flue_tcp_delegated *d = tcp_delegated(c);
	struct flue_tcp_state_ext *x = tcp_ext(c);

	d->header.recognized_options = FLUE_STATE_OPTION_EXT;
	d->state = state;
	d->rcv_wnd = 30001;
	d->snd_wnd = 20001;
	d->max_snd_wnd = 40001;
	d->send_wl1 = c->irs - 3;
	d->cwnd = 23456;
	d->ssthresh = 12345;
	d->srtt = 8 * 33;
	d->rttvar = 4 * 7;
	d->ts_recent = 4711;
	d->ts_recent_age = 17;
	d->ts_time = 0xfffffff0;
	x->version = FLUE_TCP_EXT_VERSION;
	x->rcv_adv = c->irs + 30001;
	x->recover = c->iss;
	x->srtt_us = 33000;
	x->rttvar_us = 7000;
	x->min_rtt_us = 21000;
	x->rto_us = 200000;
	x->last_ack_sent = c->irs;
	x->snd_wl2 = c->iss;
	x->bytes_in = 123456789012;
	x->bytes_out = 210987654321;
	x->retransmits = 5;
	if (state == FLUE_TCP_CLOSE_WAIT || state == FLUE_TCP_CLOSING || state == FLUE_TCP_LAST_ACK)
		x->flags |= FLUE_TCP_EXT_FIN_RECEIVED;
}

RULE("T-41")
RULE("T-69")
RULE("T-77")
static void
what_goes_in_comes_out(void **state)
{
	static const uint32_t isn[] = { 1000, 0x7ffffff0, 0xfffffff0 };
	uint32_t s;
	unsigned n;

	(void)state;
	for (s = FLUE_TCP_ESTABLISHED; s <= FLUE_TCP_LAST_ACK; s++) {
		for (n = 0; n < 3; n++) {
			struct harness *h = harness_new(NULL, 0);
			struct flue_tcp_delegated before;
			struct flue_tcp_state_ext ext;
			struct conn c = { 0 };
			bool fin = s == FLUE_TCP_FIN_WAIT1 || s == FLUE_TCP_CLOSING ||
				   s == FLUE_TCP_LAST_ACK;
			flue_ref nbl = nbl_new(h, pattern, 3000, 2);

			c.ts = true;
			conn_block(h, &c, isn[n], isn[2 - n]);
			unusual_state(&c, s);
			if (s != FLUE_TCP_FIN_WAIT2) {
				/* All of it in flight, and the FIN with it. */
				c.block->net_buffer_list_chain = nbl;
				tcp_delegated(&c)->snd_nxt = c.iss + 3000 + fin;
				tcp_delegated(&c)->snd_max = c.iss + 3000 + fin;
				tcp_delegated(&c)->retransmit_timeout_delta = 123;
				tcp_ext(&c)->retransmit_timeout_us = 123000;
				if (fin)
					tcp_ext(&c)->flags |= FLUE_TCP_EXT_FIN_SENT;
			} else {
				/* A FIN that was acknowledged was sent. */
				tcp_ext(&c)->flags |= FLUE_TCP_EXT_FIN_SENT;
				tcp_delegated(&c)->retransmit_timeout_delta = 54321;
				tcp_ext(&c)->retransmit_timeout_us = 54321000;
			}
			before = *tcp_delegated(&c);
			ext = *tcp_ext(&c);
			assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
			sent_none(h);
			memset(tcp_delegated(&c), 0xee, sizeof(before));
			tcp_delegated(&c)->header = before.header;
			memset(tcp_ext(&c), 0xee, sizeof(ext));
			tcp_ext(&c)->header = ext.header;
			terminate_submit(h, &c);
			poll_engine(h);
			(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
			sent_none(h);
			if (s != FLUE_TCP_FIN_WAIT2) {
				assert_true(c.block->net_buffer_list_chain == nbl);
				before.send_data_head = before.send_data_tail = nbl;
			}
			assert_memory_equal(tcp_delegated(&c), &before, sizeof(before));
			assert_memory_equal(tcp_ext(&c), &ext, sizeof(ext));
			harness_free(h);
		}
	}
}

static void
a_fin_that_was_only_queued_is_sent_after_the_data(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct seen s;

	(void)state;
	conn_block(h, &c, 0xfffffff0, 1);
	unusual_state(&c, FLUE_TCP_FIN_WAIT1);
	tcp_ext(&c)->flags = FLUE_TCP_EXT_FIN_QUEUED;
	c.block->net_buffer_list_chain = nbl_new(h, pattern, 100, 1);
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	s = sent_expect(h, &c);
	assert_int_equal(s.len, 100);
	assert_int_equal(s.flags, TCP_ACK | TCP_PSH | TCP_FIN);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_ext(&c)->flags, FLUE_TCP_EXT_FIN_SENT);
	harness_free(h);
}

static void
without_the_extension_the_numbers_tell_whether_the_fin_was_sent(void **state)
{
	int sent;

	(void)state;
	for (sent = 0; sent < 2; sent++) {
		struct harness *h = harness_new(NULL, 0);
		struct conn c = { 0 };
		struct seen s;

		conn_block(h, &c, 1, 1);
		tcp_delegated(&c)->state = FLUE_TCP_LAST_ACK;
		tcp_delegated(&c)->snd_nxt = tcp_delegated(&c)->snd_max = c.iss + (uint32_t)sent;
		assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
		if (sent)
			sent_none(h);
		else
			assert_int_equal(sent_expect(h, &c).flags, TCP_ACK | TCP_FIN);
		pass_after(h, SEC);
		s = sent_expect(h, &c);
		assert_int_equal(s.flags, TCP_ACK | TCP_FIN);
		assert_int_equal(s.seq, 0);
		assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
		harness_free(h);
	}
}

static void
a_promise_larger_than_the_buffer_is_kept(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	conn_block(h, &c, 1, 1);
	unusual_state(&c, FLUE_TCP_ESTABLISHED);
	tcp_cached(&c)->initial_rcv_wnd = 4000;
	tcp_ext(&c)->rcv_adv = c.irs + 40000;
	assert_int_equal(conn_initiate(h, &c), FLUE_STATUS_SUCCESS);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	assert_int_equal(sent_expect(h, &c).win, 39000);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	assert_int_equal(tcp_delegated(&c)->rcv_wnd, 39000);
	assert_int_equal(tcp_ext(&c)->rcv_adv, c.irs + 40000);
	harness_free(h);
}

static void
numbers_that_contradict_each_other_are_refused(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct flue_tcp_delegated *d;

		conn_block(h, &c, 1, 1);
		d = tcp_delegated(&c);
		switch (i) {
		case 0: /* SND.NXT behind SND.UNA */
			d->snd_nxt = c.iss - 1;
			break;
		case 1: /* SND.MAX before SND.NXT */
			d->snd_nxt = c.iss + 10;
			break;
		case 2: /* half of the number space in flight */
			d->snd_max = c.iss + 0x80000000;
			break;
		case 3: /* in flight, but not given */
			d->snd_nxt = d->snd_max = c.iss + 1;
			break;
		case 4: /* shift beyond 14 */
			tcp_const(&c)->flags = FLUE_TCP_CONST_WINDOW_SCALING;
			tcp_const(&c)->wind_scale = 0xf0;
			break;
		default: /* the FIN was sent, but takes no number */
			unusual_state(&c, FLUE_TCP_FIN_WAIT1);
			tcp_ext(&c)->flags = FLUE_TCP_EXT_FIN_SENT;
			break;
		}
		assert_int_equal(conn_initiate(h, &c), (uint32_t)FLUE_STATUS_FAILURE);
		assert_int_equal(flue_engine_held(h->e, 2), 0);
		assert_int_equal(flue_engine_held(h->e, 7), 0);
	}
	harness_free(h);
}

static void
used_up_receive_lists_delay_and_lose_nothing(void **state)
{
	struct flue_engine_config config = harness_config();
	struct harness *h;
	struct conn c[3] = { 0 };
	struct flue_up first;
	uint8_t buf[4000];
	int i;

	(void)state;
	config.max_receives = 1;
	h = harness_new(&config, 0);
	for (i = 0; i < 3; i++)
		connect_at(h, &c[i], 1, 1);
	for (i = 0; i < 3; i++)
		peer(h, &c[i], TCP_ACK, 0, 0, pattern, 1000, 65535);
	poll_engine(h);
	first = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	up_none(h);
	assert_int_equal(sent_expect(h, &c[0]).ack, 1000);
	/* A terminate waits for a list as well: what was acknowledged must come back. */
	terminate_submit(h, &c[2]);
	poll_engine(h);
	up_none(h);
	verdict(h, &c[0], first.ref, FLUE_STATUS_SUCCESS, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, first.ref, 0, 0);
	poll_engine(h);
	(void)up_expect(h, FLUE_UP_TERMINATE_COMPLETE);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, tcp_delegated(&c[2])->buffered_data, 0, 0);
	poll_engine(h);
	assert_int_equal(accept_data(h, &c[1], buf), 1000);
	assert_int_equal(terminate(h, &c[0]), FLUE_STATUS_SUCCESS);
	assert_int_equal(terminate(h, &c[1]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

/** Back to the host and in again, as it was handed over, after `ms` on the way. */
static void
there_and_back(struct harness *h, struct conn *c, int64_t ms)
{
	struct flue_tcp_delegated before;
	struct flue_tcp_delegated *d = tcp_delegated(c);
	struct flue_tcp_state_ext ext;

	assert_int_equal(terminate(h, c), FLUE_STATUS_SUCCESS);
	before = *d;
	ext = *tcp_ext(c);
	c->handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
	assert_int_equal(terminate(h, c), FLUE_STATUS_SUCCESS);
	assert_memory_equal(d, &before, sizeof(before));
	assert_memory_equal(tcp_ext(c), &ext, sizeof(ext));
	h->now += ms * MS;
	if (d->retransmit_timeout_delta != FLUE_TIMER_STOPPED)
		d->retransmit_timeout_delta -= (uint32_t)ms;
	c->handle->miniport_offload_context = 0;
	assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
}

RULE("T-138")
static void
probing_goes_on_where_it_was(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	unsigned i;

	(void)state;
	connect_at(h, &c, 0xffffffff, 1);
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
	pass_after(h, MS);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 3000, 1), 0, 0);
	poll_engine(h);
	there_and_back(h, &c, 50); /* the first probe has not gone out */
	for (i = 0; i < 3; i++) {
		pass_after(h, 2 * SEC);
		assert_int_equal(sent_expect(h, &c).len, 1);
		peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 0);
		pass_after(h, MS);
	}
	assert_int_equal(h->e->conns[(uint32_t)c.token].probe_round, 3);
	there_and_back(h, &c, 100);
	assert_int_equal(h->e->conns[(uint32_t)c.token].probe_round, 3);
	sent_none(h);
	/* The window opens: not a retransmission, and nothing is in recovery. */
	peer(h, &c, TCP_ACK, 0, 0, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).len, 1460);
	assert_int_equal(h->e->conns[(uint32_t)c.token].flags & CONN_RTO_RECOVERY, 0);
	while (h->port->seen < h->port->sent_count)
		(void)sent_expect(h, &c);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
recovery_after_a_timeout_goes_on_where_it_was(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_conn *o;

	(void)state;
	connect_at(h, &c, 0xfffffff0, 1);
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 4000, 1), 0, 0);
	poll_engine(h);
	pass_after(h, 250 * MS);
	pass_after(h, 450 * MS);
	h->port->seen = h->port->sent_count;
	there_and_back(h, &c, 10); /* backed off twice, one segment sent again */
	sent_none(h);
	o = &h->e->conns[(uint32_t)c.token];
	assert_int_equal(o->rto_us, 800000);
	assert_int_equal(o->rtx_count, 2);
	peer(h, &c, TCP_ACK, 0, 1460, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(sent_expect(h, &c).seq, 1460);
	assert_int_equal(sent_expect(h, &c).seq, 2920);
	/* All was sent again; the point of recovery is still ahead. */
	there_and_back(h, &c, 10);
	sent_none(h);
	o = &h->e->conns[(uint32_t)c.token];
	assert_int_equal(o->flags & CONN_RTO_RECOVERY, CONN_RTO_RECOVERY);
	assert_int_equal(o->recover, o->snd_max);
	peer(h, &c, TCP_ACK, 0, 4000, NULL, 0, 65535);
	pass_after(h, MS);
	assert_int_equal(o->flags & CONN_RTO_RECOVERY, 0);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(a_fin_that_was_only_queued_is_sent_after_the_data),
		cmocka_unit_test(without_the_extension_the_numbers_tell_whether_the_fin_was_sent),
		cmocka_unit_test(a_promise_larger_than_the_buffer_is_kept),
		cmocka_unit_test(numbers_that_contradict_each_other_are_refused),
		cmocka_unit_test(used_up_receive_lists_delay_and_lose_nothing),
		cmocka_unit_test(probing_goes_on_where_it_was),
		cmocka_unit_test(recovery_after_a_timeout_goes_on_where_it_was),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
