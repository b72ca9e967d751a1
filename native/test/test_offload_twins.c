/* SPDX-License-Identifier: Apache-2.0 */

/* What the engine leaves to a port's device comes out as the frames that it makes itself where the
 * port does nothing: the same bytes, in the same order, and the same counters. */

#include "support/blocks.h"
#include "support/stream.h"

#include <arpa/inet.h>
#include <string.h>

#include "tcp/bytes.h"

#define TX_ALL                                                                             \
	(FLUE_PORT_TX_CSUM | FLUE_PORT_TSO | FLUE_PORT_MULTI_SEG | FLUE_PORT_VLAN_INSERT | \
			FLUE_PORT_LENT)

static uint8_t pattern[70000];

static uint32_t
draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33) % below;
}

/** Both engines, one of which leaves to its port what it may. */
struct twins {
	struct harness *h[2];
	struct conn c[2];
	uint64_t seed;
	uint32_t sent;  /* by the host, bytes */
	uint32_t acked; /* bytes the peer has */
	uint32_t peer_ack;
	uint32_t peer_seq; /* what we have of it */
	uint32_t tag;      /* priority and VLAN */
	unsigned checked;  /* frames that were compared */
	uint32_t tsval;    /* of the last frame */
	bool ts;
};

static void
twins_new(struct twins *t, uint64_t seed, uint32_t offloads, uint32_t tag)
{
	int i;

	memset(t, 0, sizeof(*t));
	t->seed = seed;
	t->ts = seed & 1;
	t->tag = tag;
	for (i = 0; i < 2; i++) {
		struct harness *h = harness_new(NULL, i == 0 ? 0 : offloads);
		struct conn *c = &t->c[i];

		t->h[i] = h;
		neighbor_new(h);
		((struct flue_neighbor_const *)((uint8_t *)h->neighbor_block +
						FLUE_NEIGHBOR_CONST_AT))
				->vlan_id = tag & 0xfff;
		c->ts = t->ts;
		conn_block(h, c, (uint32_t)(seed * 0x9e3779b1u), 77);
		/* The harness gives each a port of its own. */
		c->port = t->c[0].port;
		tcp_const(c)->remote_port = htons(c->port);
		tcp_cached(c)->user_priority = (uint8_t)(tag >> 13);
		if (seed & 2)
			tcp_const(c)->flags |= FLUE_TCP_CONST_SACK;
		assert_int_equal(conn_initiate(h, c), FLUE_STATUS_SUCCESS);
		c->token = c->handle->miniport_offload_context;
		/* Identifications begin again in some run. */
		h->e->ip_id = (uint16_t)(seed * 0x1fc1);
		pass_after(h, 200 * MS);
	}
}

/** Of those that were compared the first twin's lose their tag, for the harness to read them. */
static void
check_same_frames(struct twins *t)
{
	struct fake_port *a = t->h[0]->port;
	const struct fake_port *b = t->h[1]->port;
	unsigned i;

	for (i = t->checked; i < a->sent_count && i < b->sent_count; i++) {
		uint8_t *frame = a->sent[i].bytes;

		assert_int_equal(a->sent[i].len, b->sent[i].len);
		assert_memory_equal(frame, b->sent[i].bytes, a->sent[i].len);
		if (t->tag == 0)
			continue;
		assert_int_equal(flue_load32be(frame + 12), UINT32_C(0x81000000) | t->tag);
		memmove(frame + 12, frame + 16, a->sent[i].len - 16);
		a->sent[i].len -= 4;
	}
	assert_int_equal(a->sent_count, b->sent_count);
	t->checked = a->sent_count;
}

static void
check_same_counters(const struct twins *t)
{
	static const enum flue_counter same[] = { FLUE_CTR_TX_FRAMES, FLUE_CTR_TX_BYTES,
		FLUE_CTR_OUT_SEGMENTS, FLUE_CTR_OUT_BYTES, FLUE_CTR_RETRANSMITS };
	unsigned i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		assert_int_equal(counter(t->h[0], same[i]), counter(t->h[1], same[i]));
	assert_memory_equal(t->h[0]->e->stats, t->h[1]->e->stats, sizeof(t->h[0]->e->stats));
}

/** What the peer has of the frames so far: all of them, for nothing is lost here. */
static uint32_t
arrived(struct twins *t)
{
	struct seen s;

	while (sent_next(t->h[0], &t->c[0], &s)) {
		uint32_t end = s.seq + s.len + ((s.flags & TCP_FIN) != 0);

		t->acked = end > t->acked ? end : t->acked;
		t->tsval = s.tsval;
		t->peer_seq = s.ack;
	}
	return t->acked;
}

/** The host answers what it is told: it takes all data, and gives it back. */
static void
host_turn(struct harness *h, struct conn *c)
{
	struct flue_up up;

	while (up_next(h, &up)) {
		static uint8_t buffer[70000];

		if (up.op != FLUE_UP_RECEIVE_INDICATE)
			continue;
		verdict(h, c, up.ref, FLUE_STATUS_SUCCESS, gather(h, up.ref, buffer));
		submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	}
}

static void
both_pass(struct twins *t, int64_t ns)
{
	int i;

	for (i = 0; i < 2; i++) {
		pass_after(t->h[i], ns);
		host_turn(t->h[i], &t->c[i]);
		pass_after(t->h[i], 0);
	}
	check_same_frames(t);
}

/** A segment of the peer, with data that begins `gap` bytes behind what we have. */
static void
both_peer(struct twins *t, uint32_t ack, uint32_t gap, uint32_t len, uint16_t window)
{
	uint32_t ts[2] = { (uint32_t)(t->h[0]->now / MS), t->tsval };
	uint8_t frame[2048];
	uint32_t n;
	int i;

	for (i = 0; i < 2; i++) {
		n = peer_frame(&t->c[i], frame, TCP_ACK, t->peer_seq + gap, ack, pattern, len,
				window, t->ts ? ts : NULL);
		if (t->tag != 0) {
			memmove(frame + 16, frame + 12, n - 12);
			flue_store32be(frame + 12, UINT32_C(0x81000000) | t->tag);
			n += 4;
		}
		inject(t->h[i], frame, n);
	}
}

static void
both_send(struct twins *t, uint32_t len, int pieces)
{
	int i;

	for (i = 0; i < 2; i++)
		submit(t->h[i], FLUE_SUB_SEND, t->c[i].token,
				nbl_new(t->h[i], pattern + t->sent % 1000, len, pieces), 0, 0);
	t->sent += len;
}

/** Something happens, to both alike. */
static void
step(struct twins *t)
{
	uint32_t have = arrived(t);
	uint16_t window = (uint16_t)(draw(&t->seed, 4) == 0 ? draw(&t->seed, 20000) : 65535);
	uint32_t i;

	switch (draw(&t->seed, 8)) {
	case 0:
	case 1:
		if (t->sent - have < 200000)
			both_send(t, 1 + draw(&t->seed, 60000), 1 + (int)draw(&t->seed, 8));
		break;
	case 2:
		both_send(t, 1 + draw(&t->seed, 1000), 1);
		break;
	case 3: /* a part of it */
		t->peer_ack += draw(&t->seed, have - t->peer_ack + 1);
		both_peer(t, t->peer_ack, 0, 0, window);
		break;
	case 4: /* with data of its own, out of order now and then */
		both_peer(t, t->peer_ack, draw(&t->seed, 3) == 0 ? 100 : 0,
				1 + draw(&t->seed, 1400), window);
		break;
	case 5: /* as if something had been lost */
		for (i = 0; i < 3; i++)
			both_peer(t, t->peer_ack, 0, 0, window);
		break;
	default:
		t->peer_ack = have;
		both_peer(t, have, 0, 0, 65535);
		break;
	}
	both_pass(t, (1 + draw(&t->seed, draw(&t->seed, 10) == 0 ? 400 : 5)) * MS);
}

/** @return FLUE_PKT_TX_* that were seen */
static unsigned
run_twins(uint64_t seed, uint32_t offloads, uint32_t tag, unsigned *packets, unsigned *frames)
{
	struct twins t;
	unsigned flags;
	int i;

	twins_new(&t, seed, offloads, tag);
	for (i = 0; i < 80 && t.h[0]->port->sent_count < 3000; i++)
		step(&t);
	/* The last of it bears a FIN. */
	both_send(&t, 30000, 1);
	for (i = 0; i < 2; i++)
		submit(t.h[i], FLUE_SUB_DISCONNECT, t.c[i].token, nbl_new(t.h[i], NULL, 0, 1),
				FLUE_DISCONNECT_GRACEFUL, 0);
	t.sent++;
	for (i = 0; i < 200 && arrived(&t) < t.sent; i++) {
		t.peer_ack = arrived(&t);
		both_peer(&t, t.peer_ack, 0, 0, 65535);
		both_pass(&t, 10 * MS);
	}
	assert_true(t.h[0]->port->sent_count < MAX_SENT);
	assert_int_equal(arrived(&t), t.sent);
	check_same_counters(&t);
	flags = t.h[1]->port->sent_flags;
	*packets += t.h[1]->port->sent_packets;
	*frames += t.h[1]->port->sent_count;
	for (i = 0; i < 2; i++) {
		t.h[i]->port->seen = t.h[i]->port->sent_count;
		harness_discard(t.h[i]);
	}
	return flags &
	       (FLUE_PKT_TX_TCP_CSUM | FLUE_PKT_TX_IP_CSUM | FLUE_PKT_TX_VLAN | FLUE_PKT_TX_TSO);
}

static void
every_set_of_offloads_sends_the_frames_that_none_sends(void **state)
{
	/* As a device and a mask come to; the tag is priority and VLAN. */
	static const struct {
		uint32_t offloads;
		uint32_t tag;
		unsigned flags;
	} rows[] = {
		{ FLUE_PORT_TX_TCP_CSUM, 0, FLUE_PKT_TX_TCP_CSUM },
		{ FLUE_PORT_TX_CSUM, 5, FLUE_PKT_TX_TCP_CSUM | FLUE_PKT_TX_IP_CSUM },
		{ FLUE_PORT_VLAN_INSERT, 3 << 13 | 7, FLUE_PKT_TX_VLAN },
		{ FLUE_PORT_VLAN_INSERT, 0, 0 },
		{ FLUE_PORT_TX_TCP_CSUM | FLUE_PORT_TSO | FLUE_PORT_MULTI_SEG, 0,
				FLUE_PKT_TX_TCP_CSUM | FLUE_PKT_TX_TSO },
		{ TX_ALL, 0, FLUE_PKT_TX_TCP_CSUM | FLUE_PKT_TX_IP_CSUM | FLUE_PKT_TX_TSO },
		{ TX_ALL, 6 << 13 | 4094,
				FLUE_PKT_TX_TCP_CSUM | FLUE_PKT_TX_IP_CSUM | FLUE_PKT_TX_TSO |
						FLUE_PKT_TX_VLAN },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned expected = rows[i].flags;
		unsigned packets = 0;
		unsigned frames = 0;
		unsigned flags = 0;
		uint64_t seed;

		if (harness_ip6())
			expected &= ~(unsigned)FLUE_PKT_TX_IP_CSUM;
		for (seed = 1; seed <= 20; seed++)
			flags |= run_twins(seed, rows[i].offloads, rows[i].tag, &packets, &frames);
		assert_int_equal(flags, expected);
		if (rows[i].offloads & FLUE_PORT_TSO)
			assert_true(packets < frames);
		else
			assert_int_equal(packets, frames);
	}
}

static void
a_send_of_forty_segments_is_one_packet_a_piece_to_a_device_that_cuts(void **state)
{
	int pieces;

	(void)state;
	for (pieces = 1; pieces <= 4; pieces *= 2) {
		struct harness *h = harness_new(NULL, TX_ALL);
		struct conn c = { 0 };
		int i;

		connect_at(h, &c, 1, 1);
		object(h, &c)->cc.cwnd = 60000;
		submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 40 * 1460, pieces), 0, 0);
		poll_engine(h);
		assert_int_equal(h->port->sent_packets, pieces);
		assert_int_equal(counter(h, FLUE_CTR_TX_FRAMES), 40);
		for (i = 0; i < 40; i++) {
			struct seen s = sent_expect(h, &c);

			assert_int_equal(s.seq, i * 1460);
			assert_int_equal(s.len, 1460);
			assert_memory_equal(s.payload, pattern + i * 1460, 1460);
			assert_int_equal((s.flags & TCP_PSH) != 0, i == 39);
		}
		/* What is sent again goes segment by segment. */
		h->port->sent_packets = 0;
		pass_after(h, 250 * MS);
		assert_int_equal(sent_expect(h, &c).len, 1460);
		peer(h, &c, TCP_ACK, 0, 1460, NULL, 0, 65535);
		poll_engine(h);
		assert_int_equal(sent_expect(h, &c).seq, 1460);
		assert_int_equal(sent_expect(h, &c).seq, 2920);
		sent_none(h);
		assert_int_equal(h->port->sent_packets, 3);
		finish(h, &c);
	}
}

static void
identifications_that_begin_again_and_a_fin_end_a_packet_that_is_cut(void **state)
{
	struct harness *h = harness_new(NULL, TX_ALL);
	struct conn c = { 0 };
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	object(h, &c)->cc.cwnd = 60000;
	h->e->ip_id = 0x7ff8;
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 20 * 1460, 1), 0, 0);
	submit(h, FLUE_SUB_DISCONNECT, c.token, nbl_new(h, NULL, 0, 1), FLUE_DISCONNECT_GRACEFUL,
			0);
	poll_engine(h);
	for (i = 0; i < 20; i++) {
		struct seen s = sent_expect(h, &c);

		assert_int_equal(s.len, 1460);
		assert_int_equal((s.flags & TCP_FIN) != 0, i == 19);
		if (!harness_ip6())
			assert_int_equal(s.ip_id, i < 8 ? 0xfff8 + i : 0x8000 + i - 8);
	}
	sent_none(h);
	assert_int_equal(h->port->sent_packets, harness_ip6() ? 2 : 3);
	harness_discard(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				a_send_of_forty_segments_is_one_packet_a_piece_to_a_device_that_cuts),
		cmocka_unit_test(
				identifications_that_begin_again_and_a_fin_end_a_packet_that_is_cut),
		cmocka_unit_test(every_set_of_offloads_sends_the_frames_that_none_sends),
	};
	unsigned i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
