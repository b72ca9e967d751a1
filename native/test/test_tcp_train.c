/* SPDX-License-Identifier: Apache-2.0 */

/* Full segments that leave as a train are the ones that would have left one by one, and those that are made by a
 * template the ones that would have been made without: two engines are told the same, and one of them never
 * has more than a packet at a time, or never a template. */

#include <arpa/inet.h>

#include "support/stream.h"
#include "tcp/bytes.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 4096

struct twin {
	struct harness *h;
	struct conn c;
	struct flue_pkt *kept[KEPT];
	unsigned count;
};

/** All packets of the port but so many are gone. */
static void
leave(struct twin *t, unsigned packets)
{
	struct fake_port *p = t->h->port;
	struct flue_pkt *at;
	unsigned left = 0;

	for (at = p->free_list; at != NULL; at = at->next)
		left++;
	for (; left > packets; left--) {
		assert_in_range(t->count, 0, KEPT - 1);
		t->kept[t->count++] = p->port.ops->alloc(&p->port);
	}
}

static void
give_back(struct twin *t)
{
	while (t->count > 0)
		flue_pkt_release(t->kept[--t->count]);
}

static void
twin_new(struct twin *t, uint32_t caps, uint32_t iss, uint16_t mss, bool ts)
{
	memset(t, 0, sizeof(*t));
	t->h = harness_new(NULL, caps);
	t->c.ts = ts;
	conn_block(t->h, &t->c, iss, 1);
	/* The harness gives each a port of its own. */
	t->c.port = 9000;
	tcp_const(&t->c)->remote_port = htons(t->c.port);
	tcp_const(&t->c)->remote_mss = mss;
	assert_int_equal(conn_initiate(t->h, &t->c), FLUE_STATUS_SUCCESS);
	t->c.token = t->c.handle->miniport_offload_context;
	pass_after(t->h, 200 * MS);
}

/** Without time, until nothing more leaves. With `one`: a packet a pass. */
static void
passes(struct twin *t, bool one)
{
	unsigned before;

	do {
		before = t->h->port->sent_count;
		if (one)
			leave(t, 1);
		poll_engine(t->h);
		give_back(t);
	} while (t->h->port->sent_count != before);
}

/** But for so many bytes of a tag in each of `b`. */
static void
check_same_frames(const struct twin *a, const struct twin *b, uint32_t tag)
{
	unsigned i;

	assert_int_equal(a->h->port->sent_count, b->h->port->sent_count);
	for (i = 0; i < a->h->port->sent_count; i++) {
		const uint8_t *mine = a->h->port->sent[i].bytes;
		const uint8_t *other = b->h->port->sent[i].bytes;
		uint32_t len = a->h->port->sent[i].len;

		assert_int_equal(len + tag, b->h->port->sent[i].len);
		assert_int_equal(a->h->port->sent[i].ext, b->h->port->sent[i].ext);
		assert_memory_equal(mine, other, 12);
		assert_memory_equal(mine + 12, other + 12 + tag, len - 12);
	}
}

/** What decides on all that comes later. */
static void
check_same_state(struct twin *a, struct twin *b)
{
	struct flue_conn *x = object(a->h, &a->c);
	struct flue_conn *y = object(b->h, &b->c);

	assert_int_equal(x->snd_nxt, y->snd_nxt);
	assert_int_equal(x->snd_max, y->snd_max);
	assert_int_equal(x->rtt_seq, y->rtt_seq);
	assert_int_equal(x->rtx_ms, y->rtx_ms);
	assert_int_equal(x->since_ms, y->since_ms);
	assert_int_equal(x->flags & ~CONN_READY, y->flags & ~CONN_READY);
	assert_int_equal(x->rcv_adv, y->rcv_adv);
	assert_int_equal(x->last_ack_sent, y->last_ack_sent);
	assert_memory_equal(a->h->e->stats, b->h->e->stats, sizeof(a->h->e->stats));
	assert_int_equal(a->h->e->neighbors[0].nic_time, b->h->e->neighbors[0].nic_time);
}

/** An ACK of all up to `ack`, and so many bytes of data. */
static void
hear(struct twin *t, uint32_t ack, uint32_t len, uint32_t window)
{
	struct flue_conn *o = object(t->h, &t->c);
	const uint32_t ts[2] = { 5000 + (uint32_t)(t->h->now / MS), 0 };
	uint8_t frame[2048];

	inject(t->h, frame,
			peer_frame(&t->c, frame, TCP_ACK, o->rcv_nxt - t->c.irs, ack - t->c.iss,
					stream, len, (uint16_t)(window > 65535 ? 65535 : window),
					t->c.ts ? ts : NULL));
}

/** One of the twins' next steps, the same for both. */
static void
step(struct twin *t, unsigned seed, bool one)
{
	struct flue_conn *o = object(t->h, &t->c);
	uint32_t sends = (uint32_t)rand_r(&seed) % 6 + 1;
	uint32_t at = 0;
	uint32_t i;

	o->cc.cwnd = 4000 + (uint32_t)rand_r(&seed) % 40000;
	o->snd_wnd = 4000 + (uint32_t)rand_r(&seed) % 40000;
	if (rand_r(&seed) % 3 == 0)
		hear(t, o->snd_una, 100, o->snd_wnd);
	for (i = 0; i < sends; i++) {
		uint32_t len = (uint32_t)rand_r(&seed) % (rand_r(&seed) % 2 ? 14 * o->mss : 300) +
			       1;

		submit(t->h, FLUE_SUB_SEND, t->c.token,
				nbl_new(t->h, stream + at, len, rand_r(&seed) % 4 + 1), 0, 0);
		at += len;
	}
	passes(t, one);
	/* All of it is acknowledged: what waited for the window goes too. */
	while (o->snd_una != o->snd_end) {
		t->h->now += MS;
		hear(t, o->snd_nxt, 0, 65535);
		passes(t, one);
	}
}

static void
a_train_is_what_its_segments_would_be_one_by_one(void **state)
{
	static const uint32_t caps[] = { 0, FLUE_PORT_TX_CSUM | FLUE_PORT_RX_CSUM };
	static const uint16_t sizes[] = { 1460, 152, 600, 1460 }; /* 140 bytes are copied */
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++) {
		const bool ts = seed / 8 % 2 == 0;
		struct twin a;
		struct twin b;
		unsigned i;

		twin_new(&a, caps[seed % 2], start_numbers[seed % 3][0], sizes[seed / 2 % 4], ts);
		twin_new(&b, caps[seed % 2], start_numbers[seed % 3][0], sizes[seed / 2 % 4], ts);
		for (i = 0; i < 8; i++) {
			step(&a, seed * 100 + i, false);
			step(&b, seed * 100 + i, true);
			check_same_frames(&a, &b, 0);
			check_same_state(&a, &b);
		}
		finish(a.h, &a.c);
		finish(b.h, &b.c);
	}
}

static void
unusual_fields(struct flue_conn *o)
{
	o->ttl = 33;
	o->tos = 0xb8;
	o->flow_label = 0xabcde;
}

static void
a_usual_segment_is_what_any_other_would_be(void **state)
{
	static const uint32_t caps[] = { 0, FLUE_PORT_TX_CSUM, FLUE_PORT_TX_TCP_CSUM };
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 30; seed++) {
		const bool ts = seed / 6 % 2 == 0;
		struct twin a;
		struct twin b;
		unsigned i;

		twin_new(&a, caps[seed % 3], start_numbers[seed % 2][0], 1460, ts);
		twin_new(&b, caps[seed % 3], start_numbers[seed % 2][0], 1460, ts);
		unusual_fields(object(a.h, &a.c));
		unusual_fields(object(b.h, &b.c));
		/* A tag makes it unusual, and is all that is to be so. */
		object(b.h, &b.c)->priority = 1;
		for (i = 0; i < 8; i++) {
			step(&a, seed * 100 + i, false);
			step(&b, seed * 100 + i, false);
			check_same_frames(&a, &b, 4);
			check_same_state(&a, &b);
		}
		finish(a.h, &a.c);
		finish(b.h, &b.c);
	}
}

static void
a_train_ends_where_packets_do_and_goes_on_later(void **state)
{
	struct twin t;
	struct seen s;
	uint32_t at = 0;
	unsigned i;

	(void)state;
	twin_new(&t, 0, 1, 1460, true);
	object(t.h, &t.c)->cc.cwnd = object(t.h, &t.c)->snd_wnd = 60000;
	submit(t.h, FLUE_SUB_SEND, t.c.token, nbl_new(t.h, stream, 20000, 3), 0, 0);
	for (i = 1; i < 5; i++) {
		leave(&t, i);
		poll_engine(t.h);
		give_back(&t);
		assert_int_equal(t.h->port->sent_count, i * (i + 1) / 2);
	}
	poll_engine(t.h);
	while (sent_next(t.h, &t.c, &s)) {
		assert_int_equal(s.seq, at);
		assert_memory_equal(s.payload, stream + at, s.len);
		at += s.len;
	}
	assert_int_equal(at, 20000);
	finish(t.h, &t.c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_train_is_what_its_segments_would_be_one_by_one),
		cmocka_unit_test(a_usual_segment_is_what_any_other_would_be),
		cmocka_unit_test(a_train_ends_where_packets_do_and_goes_on_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
