/* SPDX-License-Identifier: Apache-2.0 */

/* Channels: rings that fill up, submissions nobody should make, raw frames, owners. */

#include "support/harness.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

static uint8_t pattern[70000];

static flue_ref
frame_nbl(struct harness *h, uint32_t len)
{
	memcpy(pattern, "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\xaa\x08\x06", 14);
	return nbl_new(h, pattern, len, 3);
}

static void
frames_go_down_and_complete(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_up up;
	flue_ref a = frame_nbl(h, 60);
	flue_ref b = frame_nbl(h, 1514);
	flue_ref bad = frame_nbl(h, 1600);

	(void)state;
	nbl_link(h, a, b);
	nbl_link(h, b, bad);
	submit(h, FLUE_SUB_FRAME_SEND, 0, a, 0, 0);
	submit(h, FLUE_SUB_FRAME_SEND, 0, 0, 0, 0);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_FRAME_SEND_COMPLETE);
	assert_true(up.ref == a);
	assert_int_equal(up.arg0, 2);
	assert_int_equal(nbl_at(h, a)->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, b)->status, FLUE_STATUS_SUCCESS);
	assert_int_equal(nbl_at(h, bad)->status, (uint32_t)FLUE_STATUS_FAILURE);
	assert_int_equal(h->port->sent_count, 2);
	assert_int_equal(h->port->sent[1].len, 1514);
	assert_memory_equal(h->port->sent[1].bytes, pattern, 1514);
	harness_free(h);
}

static void
frames_without_room_are_dropped_and_counted(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_up up;
	int i;

	(void)state;
	(void)frame_nbl(h, 60);
	/* A chain a pass takes one entry; frames get half of the ring. */
	for (i = 0; i < 200; i++) {
		inject(h, pattern, 60);
		poll_engine(h);
	}
	assert_int_equal(counter(h, FLUE_CTR_FRAMES_UP), 128);
	assert_int_equal(counter(h, FLUE_CTR_FRAMES_UP_DROPPED), 72);
	assert_int_equal(flue_engine_held(h->e, 6), 128);
	while (up_next(h, &up))
		submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	/* More frames than records in one pass. */
	for (i = 0; i < 600; i++)
		inject(h, pattern, 60);
	h->budget = 600;
	poll_engine(h);
	up = up_expect(h, FLUE_UP_FRAME);
	assert_int_equal(flue_engine_held(h->e, 6), 512);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	harness_free(h);
}

static void
nothing_but_frames_is_lost_when_the_up_ring_is_full(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c[8] = { 0 };
	struct flue_up up;
	uint8_t buf[64];
	uint32_t sends = 0;
	uint32_t events = 0;
	uint32_t data = 0;
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		connect_at(h, &c[i], 1, 1);
	fill_half_with_frames(h);
	for (i = 0; i < 8; i++) {
		submit(h, FLUE_SUB_SEND, c[i].token, nbl_new(h, pattern, 10, 1), 0, 0);
		peer(h, &c[i], TCP_ACK | TCP_FIN, 0, 0, "x", 1, 65535);
	}
	poll_engine(h);
	for (i = 0; i < 8; i++)
		peer(h, &c[i], TCP_ACK, 2, 10, NULL, 0, 65535);
	poll_engine(h);
	for (i = 0; i < 10; i++) {
		while (up_next(h, &up)) {
			switch (up.op) {
			case FLUE_UP_FRAME:
				submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
				break;
			case FLUE_UP_SEND_COMPLETE:
				sends += up.arg0;
				break;
			case FLUE_UP_EVENT:
				events++;
				break;
			case FLUE_UP_RECEIVE_INDICATE:
				data += gather(h, up.ref, buf);
				submit(h, FLUE_SUB_VERDICT, up.arg1, up.ref, 0, 0);
				submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
				break;
			default:
				break;
			}
			if (h->ch->sub_tail - h->ch->sub_head > 200)
				poll_engine(h);
		}
		poll_engine(h);
	}
	assert_int_equal(sends, 8);
	assert_int_equal(events, 8);
	assert_int_equal(data, 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(terminate(h, &c[i]), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
broken_buffer_lists_are_answered(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	uint32_t op;
	int i;

	(void)state;
	connect_at(h, &c, 1, 1);
	for (op = FLUE_SUB_SEND; op <= FLUE_SUB_FRAME_RETURN; op++) {
		if (op == FLUE_SUB_DISCONNECT)
			continue;
		for (i = 0; i < 10; i++) {
			flue_ref ref = nbl_new(h, pattern, 100, 2);
			struct flue_net_buffer_list *nbl = nbl_at(h, ref);
			struct flue_net_buffer *nb = java_at(h, ref + 128);
			struct flue_mdl *mdl = java_at(h, ref + 192);

			switch (i) {
			case 0:
				ref = 0;
				break;
			case 1:
				ref += 4;
				break;
			case 2:
				ref = UINT64_MAX;
				break;
			case 3:
				nbl->next = ref;
				break;
			case 4:
				nb->next = ref + 128;
				break;
			case 5:
				mdl[1].next = ref + 192;
				nb->data_length = 1 << 30;
				break;
			case 6:
				mdl[1].data = ((flue_ref)h->java << 48) | (JAVA_BYTES - 10);
				break;
			case 7:
				nb->current_mdl_offset = UINT32_MAX;
				break;
			case 8:
				nb->data_length = UINT32_MAX;
				break;
			default:
				nbl->first_net_buffer = 3;
				break;
			}
			submit(h, op, c.token, ref, 0, UINT64_MAX);
			poll_engine(h);
			h->ch->up_head = h->ch->up_tail;
			h->port->seen = h->port->sent_count;
		}
	}
	for (op = FLUE_SUB_OFFLOAD_EVENT_VERDICT + 1; op < 40; op++)
		submit(h, op, UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT64_MAX);
	submit(h, 0, 0, 0, 0, 0);
	poll_engine(h);
	up_none(h);
	assert_true(counter(h, FLUE_CTR_BAD_SUBMISSIONS) > 27);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
returns_of_what_is_not_out_are_counted(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };
	struct flue_up up;

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, "x", 1, 65535);
	poll_engine(h);
	up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	/* Returned before its verdict, by a wrong reference, twice, as a frame. */
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	submit(h, FLUE_SUB_VERDICT, c.token, up.ref + 8, 0, 0);
	submit(h, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	assert_int_equal(counter(h, FLUE_CTR_BAD_SUBMISSIONS), 3);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1);
	verdict(h, &c, up.ref, FLUE_STATUS_SUCCESS, 1);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref + 8, 0, 0);
	poll_engine(h);
	assert_int_equal(counter(h, FLUE_CTR_BAD_SUBMISSIONS), 6);
	assert_int_equal(terminate(h, &c), FLUE_STATUS_SUCCESS);
	harness_free(h);
}

static void
a_tail_or_head_that_cannot_be_is_not_followed(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	uint64_t tail = h->ch->sub_tail;

	(void)state;
	h->ch->sub_tail = tail + 100000;
	poll_engine(h);
	h->ch->sub_tail = tail - 1;
	poll_engine(h);
	h->ch->sub_tail = tail;
	h->ch->newest_forward = tail + 1;
	poll_engine(h);
	assert_true(h->ch->sub_head == tail);
	h->ch->newest_forward = tail - 1;
	poll_engine(h);
	assert_true(h->ch->sub_head == tail);
	h->ch->up_head = h->ch->up_tail + 5;
	poll_engine(h);
	h->ch->up_head = h->ch->up_tail;
	harness_free(h);
}

static void
a_second_owner_is_turned_away(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	uint64_t passes;
	int i;

	(void)state;
	assert_int_equal(flue_engine_start(h->e, -1), 0);
	assert_int_equal(flue_engine_start(h->e, -1), -EALREADY);
	assert_int_equal(flue_engine_poll(h->e, h->now, 1), -EBUSY);
	assert_int_equal(flue_engine_channel(h->e, 64, 64), -EBUSY);
	passes = __atomic_load_n(&h->ch->engine_passes, __ATOMIC_RELAXED);
	for (i = 0; i < 100000000 &&
			__atomic_load_n(&h->ch->engine_passes, __ATOMIC_RELAXED) == passes;
			i++)
		sched_yield();
	assert_true(__atomic_load_n(&h->ch->engine_passes, __ATOMIC_RELAXED) != passes);
	assert_int_equal(flue_engine_stop(h->e), 0);
	assert_int_equal(flue_engine_stop(h->e), 0);
	assert_true(flue_engine_poll(h->e, h->ch->engine_now + 1, 1) >= 0);
	harness_free(h);
}

static void
configurations_out_of_range_are_refused(void **state)
{
	struct harness *h = harness_new(NULL, 0);
	struct flue_engine_config c = harness_config();
	flue_engine *e = NULL;
	int regions = flue_region_count();

	(void)state;
	c.abi_version++;
	assert_int_equal(flue_engine_create(&c, &h->port->port, &e), -EINVAL);
	c = harness_config();
	c.max_connections = 0;
	assert_int_equal(flue_engine_create(&c, &h->port->port, &e), -EINVAL);
	c = harness_config();
	c.ticks_per_second = 50;
	assert_int_equal(flue_engine_create(&c, &h->port->port, &e), -EINVAL);
	c = harness_config();
	c.arena_bytes = 4096;
	assert_int_equal(flue_engine_create(&c, &h->port->port, &e), -ENOMEM);
	c = harness_config();
	c.counters_region = 999;
	assert_int_equal(flue_engine_create(&c, &h->port->port, &e), -EINVAL);
	assert_int_equal(flue_engine_create(NULL, &h->port->port, &e), -EINVAL);
	assert_int_equal(flue_engine_channel(h->e, 63, 64), -EINVAL);
	assert_int_equal(flue_engine_channel(h->e, 64, 131072), -EINVAL);
	assert_int_equal(flue_region_count(), regions);
	assert_true(flue_engine_next_deadline(h->e) == INT64_MAX);
	assert_int_equal(flue_engine_arena(h->e, 0), 0);
	assert_true(flue_engine_arena(h->e, 1) >= 64 * 256);
	assert_int_equal(flue_engine_arena(h->e, 2), FLUE_REGION_HEAP);
	flue_engine_destroy(NULL);
	harness_free(h);
}

static void
destroying_an_engine_with_everything_out_frees_everything(void **state)
{
	int regions = flue_region_count();
	struct harness *h = harness_new(NULL, 0);
	struct conn c = { 0 };

	(void)state;
	connect_at(h, &c, 1, 1);
	peer(h, &c, TCP_ACK, 0, 0, pattern, 1000, 65535);
	peer(h, &c, TCP_ACK, 2000, 0, pattern, 1000, 65535);
	inject(h, "0123456789abcdefghijk", 20);
	poll_engine(h);
	peer(h, &c, TCP_ACK, 1000, 0, pattern, 100, 65535);
	h->port->tx_limit = 0;
	submit(h, FLUE_SUB_SEND, c.token, nbl_new(h, pattern, 50000, 1), 0, 0);
	poll_engine(h);
	assert_true(h->port->port.held > 5);
	flue_engine_destroy(h->e);
	assert_int_equal(h->port->port.held, 0);
	h->e = NULL;
	harness_discard(h);
	assert_int_equal(flue_region_count(), regions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_go_down_and_complete),
		cmocka_unit_test(frames_without_room_are_dropped_and_counted),
		cmocka_unit_test(nothing_but_frames_is_lost_when_the_up_ring_is_full),
		cmocka_unit_test(broken_buffer_lists_are_answered),
		cmocka_unit_test(returns_of_what_is_not_out_are_counted),
		cmocka_unit_test(a_tail_or_head_that_cannot_be_is_not_followed),
		cmocka_unit_test(a_second_owner_is_turned_away),
		cmocka_unit_test(configurations_out_of_range_are_refused),
		cmocka_unit_test(destroying_an_engine_with_everything_out_frees_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
