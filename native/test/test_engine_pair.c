/* SPDX-License-Identifier: Apache-2.0 */

/* Two engines on a wire in memory, in virtual time: bytes arrive whole and in order through loss,
 * reordering, duplication and corruption, and through hand-overs in mid-stream. */

#include "support/harness.h"

#include <arpa/inet.h>
#include <string.h>

#include "flue/flue_port.h"

#define CHUNK 6000

/** One end: an engine, its host, and two streams: what it sends and what it has received. */
struct side {
	struct harness *h;
	flue_port *port;
	struct conn c;
	struct side *peer;
	uint64_t to_send;
	uint64_t queued;   /* bytes given to send calls */
	uint64_t received; /* bytes verified */
	flue_ref nbls[4];
	unsigned out; /* send calls not completed */
	unsigned next;
	bool moving; /* a terminate or an initiate is under way */
	bool closed;
	bool fin_told;
	int64_t next_move;
	unsigned moves;
	unsigned frames; /* raw ones kept for forwarding */
	uint8_t kept[512][1600];
	uint32_t kept_len[512];
};

static uint8_t
byte_at(uint64_t i)
{
	return (uint8_t)(i * 131 + (i >> 8) * 7 + (i >> 16));
}

static void
verify(struct side *s, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (data[i] != byte_at(s->received + i))
			fail_msg("byte %llu differs", (unsigned long long)(s->received + i));
	s->received += len;
}

static void
verify_chain(struct side *s, flue_ref ref)
{
	static uint8_t data[1 << 16];

	while (ref != 0) {
		verify(s, data, gather(s->h, ref, data));
		ref = flue_nbl_at(ref)->next;
	}
}

static void
feed(struct side *s)
{
	while (!s->moving && !s->closed && s->queued < s->to_send && s->out < 4) {
		flue_ref nbl = s->nbls[s->next++ % 4];
		struct flue_net_buffer *nb = java_at(s->h, nbl + 128);
		uint8_t *data = java_at(s->h, ((struct flue_mdl *)java_at(s->h, nbl + 192))->data);
		uint32_t i;

		for (i = 0; i < CHUNK; i++)
			data[i] = byte_at(s->queued + i);
		nb->current_mdl = nbl + 192;
		nb->current_mdl_offset = 0;
		nb->data_offset = 0;
		nb->data_length = CHUNK;
		nbl_at(s->h, nbl)->next = 0;
		submit(s->h, FLUE_SUB_SEND, s->c.token, nbl, 0, 0);
		s->queued += CHUNK;
		s->out++;
	}
	if (!s->moving && !s->closed && s->queued == s->to_send && s->out == 0) {
		submit(s->h, FLUE_SUB_DISCONNECT, s->c.token, nbl_new(s->h, NULL, 0, 1),
				FLUE_DISCONNECT_GRACEFUL, 0);
		s->closed = true;
	}
}

/** The tree again, from what the terminate gave back. */
static void
initiate_again(struct side *s)
{
	struct flue_tcp_delegated *d = tcp_delegated(&s->c);

	verify_chain(s, d->buffered_data);
	if (tcp_ext(&s->c)->flags & FLUE_TCP_EXT_FIN_RECEIVED)
		s->fin_told = true;
	if (d->buffered_data != 0)
		submit(s->h, FLUE_SUB_RECEIVE_RETURN, 0, d->buffered_data, 0, 0);
	d->buffered_data = 0;
	s->c.handle->miniport_offload_context = 0;
	s->h->path_block->dependent_block_list = s->c.block_ref;
	s->h->neighbor_block->dependent_block_list = s->h->path_ref;
	submit(s->h, FLUE_SUB_INITIATE, 0, s->h->neighbor_ref, 0, 0);
	s->moves++;
}

static void
initiated(struct side *s)
{
	unsigned i;

	assert_int_equal(s->c.block->status, FLUE_STATUS_SUCCESS);
	s->c.token = s->c.handle->miniport_offload_context;
	s->moving = false;
	/* What arrived in between is forwarded now. */
	for (i = 0; i < s->frames; i++) {
		uint32_t at;
		uint32_t tcp_len;

		if (frame_segment(s->kept[i], s->kept_len[i], &at, &tcp_len))
			submit(s->h, FLUE_SUB_FORWARD, s->c.token,
					nbl_new(s->h, s->kept[i] + at, tcp_len, 1), 0, 0);
	}
	s->frames = 0;
}

static void
keep_frames(struct side *s, flue_ref chain)
{
	flue_ref ref = chain;

	while (ref != 0) {
		uint32_t at;
		uint32_t tcp_len;

		if (s->frames < 512) {
			s->kept_len[s->frames] = gather(s->h, ref, s->kept[s->frames]);
			/* The wire flips bits: a host verifies what it forwards. */
			if (frame_segment(s->kept[s->frames], s->kept_len[s->frames], &at,
					    &tcp_len))
				s->frames++;
		}
		ref = flue_nbl_at(ref)->next;
	}
	submit(s->h, FLUE_SUB_FRAME_RETURN, 0, chain, 0, 0);
}

static void
drain(struct side *s)
{
	struct flue_up up;

	while (up_next(s->h, &up)) {
		switch (up.op) {
		case FLUE_UP_RECEIVE_INDICATE:
			verify_chain(s, up.ref);
			submit(s->h, FLUE_SUB_VERDICT, up.arg1, up.ref, FLUE_STATUS_SUCCESS, 0);
			submit(s->h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
			break;
		case FLUE_UP_SEND_COMPLETE: {
			flue_ref ref = up.ref;

			for (; ref != 0; ref = nbl_at(s->h, ref)->next) {
				assert_int_equal(nbl_at(s->h, ref)->status, FLUE_STATUS_SUCCESS);
				s->out--;
			}
			break;
		}
		case FLUE_UP_TERMINATE_COMPLETE:
			assert_int_equal(s->c.block->status, FLUE_STATUS_SUCCESS);
			initiate_again(s);
			break;
		case FLUE_UP_INITIATE_COMPLETE:
			initiated(s);
			break;
		case FLUE_UP_FRAME:
			keep_frames(s, up.ref);
			break;
		case FLUE_UP_EVENT:
			if (up.arg0 == FLUE_TCP_INDICATE_DISCONNECT)
				s->fin_told = true;
			else if (!s->closed || up.arg1 != FLUE_UPLOAD_UPLOAD_REQUESTED)
				fail_msg("event %u reason %llu", up.arg0,
						(unsigned long long)up.arg1);
			break;
		default:
			break;
		}
	}
}

static void
side_start(struct side *s, flue_wire *wire, int index, bool mirrored, uint32_t iss, uint32_t irs,
		uint16_t port, bool ts)
{
	struct flue_engine_config config = harness_config();
	int i;

	memset(s, 0, sizeof(*s));
	assert_int_equal(flue_wire_port(wire, index, mirrored ? 0x0200000000bb : 0x0200000000aa,
					 &s->port),
			0);
	s->h = harness_on(&config, s->port, mirrored);
	s->c.ts = ts;
	conn_block(s->h, &s->c, iss, irs);
	s->c.port = port;
	tcp_const(&s->c)->remote_port = htons(mirrored ? 80 : port);
	tcp_const(&s->c)->local_port = htons(mirrored ? port : 80);
	tcp_const(&s->c)->flags |= FLUE_TCP_CONST_WINDOW_SCALING;
	tcp_const(&s->c)->wind_scale = 0x33;
	tcp_cached(&s->c)->initial_rcv_wnd = 200000;
	tcp_delegated(&s->c)->rcv_wnd = 65535;
	tcp_delegated(&s->c)->ts_recent = 0;
	tcp_delegated(&s->c)->ts_time = 1;
	assert_int_equal(conn_initiate(s->h, &s->c), FLUE_STATUS_SUCCESS);
	for (i = 0; i < 4; i++)
		s->nbls[i] = nbl_new(s->h, NULL, CHUNK, 1);
}

static void
maybe_move(struct side *s, int64_t every)
{
	if (every == 0 || s->moving || s->closed || s->h->now < s->next_move)
		return;
	s->next_move = s->h->now + every;
	s->moving = true;
	terminate_submit(s->h, &s->c);
}

static int64_t
earliest(struct side *a, struct side *b, flue_wire *wire, int64_t now)
{
	int64_t t = flue_wire_next_event(wire);
	int64_t d = flue_engine_next_deadline(a->h->e);

	t = d < t ? d : t;
	d = flue_engine_next_deadline(b->h->e);
	t = d < t ? d : t;
	if (t <= now)
		t = now + 1000;
	return t > now + 50 * MS ? now + 50 * MS : t;
}

struct run {
	uint64_t bytes_a;
	uint64_t bytes_b;
	int drop_ppm;
	int other_ppm;
	int64_t delay;
	int64_t move_every;
	int64_t seed;
	uint32_t iss;
	bool ts;
};

static int64_t
run_pair(const struct run *r, unsigned *moves, int64_t *retransmits)
{
	static struct side a;
	static struct side b;
	struct flue_wire_config wc;
	flue_wire *wire;
	int64_t now = 5 * SEC;
	int64_t hash;
	int64_t end = now + 3600 * SEC;

	flue_wire_config_default(&wc);
	wc.delay_ns = r->delay;
	wc.drop_ppm = r->drop_ppm;
	wc.duplicate_ppm = r->other_ppm;
	wc.corrupt_ppm = r->other_ppm;
	wc.reorder_ppm = r->other_ppm;
	wc.reorder_ns = r->delay / 2;
	wc.seed = r->seed;
	assert_int_equal(flue_wire_create(&wc, &wire), 0);
	side_start(&a, wire, 0, false, r->iss, r->iss + 77, 45000, r->ts);
	side_start(&b, wire, 1, true, r->iss + 77, r->iss, 45000, r->ts);
	a.to_send = r->bytes_a;
	b.to_send = r->bytes_b;
	while (!(a.closed && b.closed && a.fin_told && b.fin_told)) {
		a.h->now = b.h->now = now;
		feed(&a);
		maybe_move(&a, r->move_every);
		poll_engine(a.h);
		drain(&a);
		feed(&b);
		maybe_move(&b, r->move_every * 3);
		poll_engine(b.h);
		drain(&b);
		now = earliest(&a, &b, wire, now);
		assert_true(now < end);
	}
	assert_int_equal(a.received, r->bytes_b);
	assert_int_equal(b.received, r->bytes_a);
	hash = flue_wire_trace_hash(wire);
	*moves = a.moves + b.moves;
	*retransmits = counter(a.h, FLUE_CTR_RETRANSMITS) + counter(b.h, FLUE_CTR_RETRANSMITS);
	harness_discard(a.h);
	harness_discard(b.h);
	flue_port_close(a.port);
	flue_port_close(b.port);
	assert_int_equal(flue_wire_destroy(wire), 0);
	return hash;
}

static void
a_clean_wire_sees_no_retransmission(void **state)
{
	struct run r = { 600000, 300000, 0, 0, 5 * MS, 0, 1, 0xffff0000, true };
	unsigned moves;
	int64_t again;

	(void)state;
	(void)run_pair(&r, &moves, &again);
	assert_int_equal(again, 0);
	r.ts = false;
	(void)run_pair(&r, &moves, &again);
	assert_int_equal(again, 0);
}

static void
loss_of_every_kind_is_repaired(void **state)
{
	unsigned moves;
	int64_t again;
	int64_t seed;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		struct run r = { 120000, 60000, 20000, 10000, 2 * MS, 0, seed, 0xffff8000,
			seed & 1 };

		(void)run_pair(&r, &moves, &again);
		assert_true(again > 0);
	}
}

static void
hand_overs_in_mid_stream_lose_and_repeat_nothing(void **state)
{
	unsigned moves;
	int64_t again;
	int64_t seed;

	(void)state;
	for (seed = 1; seed <= 3; seed++) {
		struct run r = { 600000, 300000, 0, 0, 5 * MS, 7 * MS, seed, 0x7fff0000, seed & 1 };

		(void)run_pair(&r, &moves, &again);
		assert_true(moves > 10);
		assert_int_equal(again, 0);
	}
}

static void
hand_overs_and_loss_together(void **state)
{
	unsigned total = 0;
	unsigned moves;
	int64_t again;
	int64_t seed;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		struct run r = { 120000, 60000, 20000, 10000, 2 * MS, 23 * MS, seed, 0xffff8000,
			seed & 1 };

		(void)run_pair(&r, &moves, &again);
		total += moves;
	}
	assert_true(total > 30);
}

static void
the_same_seed_gives_the_same_trace(void **state)
{
	struct run r = { 120000, 60000, 20000, 10000, 2 * MS, 31 * MS, 9, 0xffff8000, true };
	unsigned moves;
	int64_t again;
	int64_t one = run_pair(&r, &moves, &again);

	(void)state;
	assert_true(one == run_pair(&r, &moves, &again));
	r.seed = 10;
	assert_true(one != run_pair(&r, &moves, &again));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_wire_sees_no_retransmission),
		cmocka_unit_test(loss_of_every_kind_is_repaired),
		cmocka_unit_test(hand_overs_in_mid_stream_lose_and_repeat_nothing),
		cmocka_unit_test(hand_overs_and_loss_together),
		cmocka_unit_test(the_same_seed_gives_the_same_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
