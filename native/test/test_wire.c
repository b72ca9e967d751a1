/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_fixture.h"

static void
frame_arrives_at_the_same_time_in_a_region(void **state)
{
	struct flue_pkt *pkts[2];

	(void)state;
	open_default_wire();
	assert_int_equal(flue_wire_next_event(wire), INT64_MAX);
	assert_true(send_one(ports[0], 1000, MAC0 + 1, 42, 100));
	assert_int_equal(flue_wire_next_event(wire), 1000);
	assert_int_equal(ports[1]->ops->next_event(ports[1]), 1000);
	assert_int_equal(ports[1]->ops->rx_burst(ports[1], 999, pkts, 2), 0);
	assert_int_equal(ports[1]->ops->rx_burst(ports[1], 1000, pkts, 2), 1);
	assert_int_equal(pkts[0]->len, 100);
	assert_int_equal(number_of(pkts[0]), 42);
	assert_int_equal(pkts[0]->refcnt, 1);
	assert_ptr_equal(pkts[0]->port, ports[1]);
	assert_ptr_equal(flue_ref_resolve(pkts[0]->ref, pkts[0]->len), pkts[0]->data);
	assert_int_equal(flue_port_buffers_held(ports[1]), 1);
	assert_int_equal(flue_port_buffers_held(ports[0]), 0);
	flue_pkt_release(pkts[0]);
	assert_int_equal(flue_port_buffers_held(ports[1]), 0);
	assert_int_equal(flue_wire_next_event(wire), INT64_MAX);
	assert_int_equal(flue_wire_count(wire, 0), 1);
	assert_int_equal(flue_wire_count(wire, 1), 1);
	assert_int_equal(flue_wire_count(wire, 8), -EINVAL);
	close_wire(2);
}

static void
port_tells_its_name_mac_mtu_and_buffers(void **state)
{
	(void)state;
	open_default_wire();
	assert_string_equal(flue_port_name(ports[1]), "wire1");
	assert_int_equal(flue_port_mac(ports[1]), MAC0 + 1);
	assert_int_equal(flue_port_mtu(ports[1]), 1500);
	assert_int_equal(flue_port_buffers(ports[1]), 4096);
	close_wire(2);
}

static void
fresh_packet_has_headroom_room_and_a_reference(void **state)
{
	struct flue_pkt *pkt;

	(void)state;
	open_default_wire();
	pkt = ports[0]->ops->alloc(ports[0]);
	assert_int_equal(pkt->len, 0);
	assert_int_equal(pkt->refcnt, 1);
	assert_null(pkt->ext);
	assert_ptr_equal(flue_ref_resolve(pkt->ref - FLUE_PKT_HEADROOM,
					 FLUE_PKT_HEADROOM + FLUE_PKT_ROOM),
			pkt->data - FLUE_PKT_HEADROOM);
	memset(pkt->data - FLUE_PKT_HEADROOM, 0xff, FLUE_PKT_HEADROOM + FLUE_PKT_ROOM);
	flue_pkt_release(pkt);
	close_wire(2);
}

static void
lent_payload_follows_the_header_and_is_let_go(void **state)
{
	struct flue_lender owner = { .lent = 3 };
	uint8_t payload[1000];
	struct flue_pkt *pkt;
	struct flue_pkt *got;

	(void)state;
	open_default_wire();
	memset(payload, 0xa5, sizeof(payload));
	pkt = make_frame(ports[0], MAC0 + 1, 7, 54);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	pkt->ext_owner = &owner;
	assert_int_equal(ports[0]->ops->tx_burst(ports[0], 5, &pkt, 1), 1);
	assert_int_equal(flue_lent(&owner), 2);
	assert_int_equal(flue_port_buffers_held(ports[0]), 0);
	assert_int_equal(ports[1]->ops->rx_burst(ports[1], 5, &got, 1), 1);
	assert_int_equal(got->len, 1054);
	assert_memory_equal(got->data + 54, payload, sizeof(payload));
	flue_pkt_release(got);

	pkt = make_frame(ports[0], MAC0 + 1, 7, 54);
	pkt->ext = payload;
	pkt->ext_len = sizeof(payload);
	pkt->ext_owner = &owner;
	flue_pkt_release(pkt); /* never sent */
	assert_int_equal(flue_lent(&owner), 1);
	close_wire(2);
}

static void
sender_keeps_a_packet_it_has_retained(void **state)
{
	struct flue_pkt *pkt;

	(void)state;
	open_default_wire();
	pkt = make_frame(ports[0], MAC0 + 1, 7, 60);
	flue_pkt_retain(pkt);
	assert_int_equal(ports[0]->ops->tx_burst(ports[0], 0, &pkt, 1), 1);
	assert_int_equal(pkt->refcnt, 1);
	assert_int_equal(flue_port_buffers_held(ports[0]), 1);
	assert_int_equal(ports[0]->ops->tx_burst(ports[0], 0, &pkt, 1), 1);
	assert_int_equal(flue_port_buffers_held(ports[0]), 0);
	assert_int_equal(drain(ports[1], 0), 2);
	close_wire(2);
}

static void
switch_sends_unicast_to_one_and_groups_and_strangers_to_all_others(void **state)
{
	struct flue_wire_config config;
	int i;

	(void)state;
	flue_wire_config_default(&config);
	config.ports = 5;
	open_wire(&config);
	send_one(ports[2], 0, MAC0 + 4, 1, 60);
	for (i = 0; i < 5; i++)
		assert_int_equal(drain(ports[i], 0), i == 4);
	send_one(ports[2], 0, BROADCAST, 1, 60);
	for (i = 0; i < 5; i++)
		assert_int_equal(drain(ports[i], 0), i != 2);
	send_one(ports[2], 0, INT64_C(0x02aaaaaaaaaa), 1, 60);
	for (i = 0; i < 5; i++)
		assert_int_equal(drain(ports[i], 0), i != 2);
	send_one(ports[2], 0, MAC0 + 2, 1, 60);
	for (i = 0; i < 5; i++)
		assert_int_equal(drain(ports[i], 0), 0);
	close_wire(5);
}

static void
frames_beyond_the_mtu_or_without_a_header_are_dropped(void **state)
{
	(void)state;
	open_default_wire();
	send_one(ports[0], 0, MAC0 + 1, 1, 1514);
	assert_int_equal(drain(ports[1], 0), 1);
	send_one(ports[0], 0, MAC0 + 1, 1, 1515);
	assert_int_equal(drain(ports[1], 0), 0);
	assert_int_equal(flue_wire_count(wire, 2), 1);
	{
		struct flue_pkt *pkt = make_frame(ports[0], MAC0 + 1, 1, 60);

		pkt->len = 13;
		assert_int_equal(ports[0]->ops->tx_burst(ports[0], 0, &pkt, 1), 1);
	}
	assert_int_equal(drain(ports[1], 0), 0);
	assert_int_equal(flue_wire_count(wire, 2), 2);
	close_wire(2);
}

static void
full_link_without_loss_holds_the_sender_back(void **state)
{
	struct flue_wire_config config;
	int sent = 0;

	(void)state;
	flue_wire_config_default(&config);
	config.buffers = 64;
	open_wire(&config);
	while (sent < 1000 && send_one(ports[0], 0, MAC0 + 1, (uint32_t)sent, 60))
		sent++;
	assert_int_equal(sent, 64);
	assert_int_equal(flue_wire_count(wire, 0), 64);
	assert_int_equal(flue_port_buffers_held(ports[0]), 0);
	assert_int_equal(drain(ports[1], 0), 64);
	assert_true(send_one(ports[0], 0, MAC0 + 1, 1, 60));
	assert_int_equal(drain(ports[1], 0), 1);
	assert_int_equal(flue_wire_count(wire, 6), 0);
	close_wire(2);
}

static void
receiver_that_returns_nothing_loses_frames_but_can_still_send(void **state)
{
	struct flue_wire_config config;
	struct flue_pkt *held[64];
	struct flue_pkt *pkt;
	unsigned got = 0;
	unsigned round;

	(void)state;
	flue_wire_config_default(&config);
	config.buffers = 64;
	open_wire(&config);
	for (round = 0; round < 100; round++) {
		assert_true(send_one(ports[0], 0, MAC0 + 1, round, 60));
		got += ports[1]->ops->rx_burst(ports[1], 0, held + got, 64 - got);
	}
	assert_int_equal(got, 56);
	assert_int_equal(flue_wire_count(wire, 6), 44);
	for (round = 0; round < 8; round++)
		assert_true((held[got + round] = ports[1]->ops->alloc(ports[1])) != NULL);
	pkt = ports[1]->ops->alloc(ports[1]);
	assert_null(pkt);
	assert_int_equal(flue_port_buffers_held(ports[1]), 64);
	for (round = 0; round < 64; round++)
		flue_pkt_release(held[round]);
	assert_int_equal(flue_port_buffers_held(ports[1]), 0);
	close_wire(2);
}

static void
packets_to_send_run_out_and_come_back(void **state)
{
	struct flue_wire_config config;
	struct flue_pkt *held[64];
	int i;

	(void)state;
	flue_wire_config_default(&config);
	config.buffers = 64;
	open_wire(&config);
	for (i = 0; i < 64; i++)
		assert_true((held[i] = ports[0]->ops->alloc(ports[0])) != NULL);
	assert_null(ports[0]->ops->alloc(ports[0]));
	for (i = 0; i < 64; i++)
		flue_pkt_release(held[i]);
	for (i = 0; i < 64; i++)
		assert_true((held[i] = ports[0]->ops->alloc(ports[0])) != NULL);
	for (i = 0; i < 64; i++)
		flue_pkt_release(held[i]);
	close_wire(2);
}

static void
wire_waits_for_open_ports_and_for_lent_buffers(void **state)
{
	struct flue_pkt *pkt;
	int regions = flue_region_count();

	(void)state;
	open_default_wire();
	send_one(ports[0], 0, MAC0 + 1, 9, 60);
	send_one(ports[0], 0, MAC0 + 1, 10, 60);
	assert_int_equal(ports[1]->ops->rx_burst(ports[1], 0, &pkt, 1), 1);
	assert_int_equal(flue_wire_destroy(wire), -EBUSY);
	flue_port_close(ports[0]);
	flue_port_close(ports[1]);
	flue_port_close(NULL);
	assert_int_equal(flue_wire_destroy(wire), -EBUSY);
	assert_int_equal(number_of(pkt), 9);
	flue_pkt_release(pkt);
	assert_int_equal(flue_wire_destroy(wire), 0);
	assert_int_equal(flue_region_count(), regions);
}

static void
socket_can_be_used_again_and_old_frames_do_not_haunt_it(void **state)
{
	(void)state;
	open_default_wire();
	send_one(ports[0], 0, MAC0 + 1, 9, 60);
	flue_port_close(ports[1]);
	assert_int_equal(flue_wire_port(wire, 1, MAC0 + 7, &ports[1]), 0);
	assert_int_equal(drain(ports[1], 1000), 0);
	send_one(ports[0], 0, MAC0 + 7, 9, 60);
	assert_int_equal(drain(ports[1], 1000), 1);
	assert_int_equal(flue_wire_count(wire, 2), 1);
	close_wire(2);
}

static void
values_out_of_range_are_refused(void **state)
{
	struct flue_wire_config good;
	struct flue_wire_config bad;
	flue_port *port;

	(void)state;
	flue_wire_config_default(&good);
#define REFUSES(member, value) \
	bad = good;            \
	bad.member = value;    \
	assert_int_equal(flue_wire_create(&bad, &wire), -EINVAL)
	REFUSES(ports, 1);
	REFUSES(ports, 17);
	REFUSES(mtu, 575);
	REFUSES(mtu, 9001);
	REFUSES(buffers, 63);
	REFUSES(buffers, 65537);
	REFUSES(drop_ppm, -1);
	REFUSES(drop_ppm, 1000001);
	REFUSES(duplicate_ppm, 1000001);
	REFUSES(corrupt_ppm, -1);
	REFUSES(reorder_ppm, 1000001);
	REFUSES(delay_ns, -1);
	REFUSES(jitter_ns, INT64_MAX);
	REFUSES(reorder_ns, -1);
	assert_int_equal(flue_wire_create(NULL, &wire), -EINVAL);
	assert_int_equal(flue_wire_create(&good, NULL), -EINVAL);
	assert_int_equal(flue_wire_create(&good, &wire), 0);
	assert_int_equal(flue_wire_port(wire, -1, MAC0, &port), -EINVAL);
	assert_int_equal(flue_wire_port(wire, 2, MAC0, &port), -EINVAL);
	assert_int_equal(flue_wire_port(wire, 0, 0, &port), -EINVAL);
	assert_int_equal(flue_wire_port(wire, 0, BROADCAST, &port), -EINVAL);
	assert_int_equal(flue_wire_port(wire, 0, INT64_C(1) << 48, &port), -EINVAL);
	assert_int_equal(flue_wire_port(wire, 0, MAC0, &port), 0);
	assert_int_equal(flue_wire_port(wire, 0, MAC0 + 1, &port), -EBUSY);
	assert_int_equal(flue_wire_port(wire, 1, MAC0, &port), -EBUSY);
	assert_int_equal(flue_wire_set_drop(wire, -1), -EINVAL);
	assert_int_equal(flue_wire_set_drop(wire, 1000001), -EINVAL);
	ports[0] = port;
	close_wire(1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_arrives_at_the_same_time_in_a_region),
		cmocka_unit_test(port_tells_its_name_mac_mtu_and_buffers),
		cmocka_unit_test(fresh_packet_has_headroom_room_and_a_reference),
		cmocka_unit_test(lent_payload_follows_the_header_and_is_let_go),
		cmocka_unit_test(sender_keeps_a_packet_it_has_retained),
		cmocka_unit_test(
				switch_sends_unicast_to_one_and_groups_and_strangers_to_all_others),
		cmocka_unit_test(frames_beyond_the_mtu_or_without_a_header_are_dropped),
		cmocka_unit_test(full_link_without_loss_holds_the_sender_back),
		cmocka_unit_test(receiver_that_returns_nothing_loses_frames_but_can_still_send),
		cmocka_unit_test(packets_to_send_run_out_and_come_back),
		cmocka_unit_test(wire_waits_for_open_ports_and_for_lent_buffers),
		cmocka_unit_test(socket_can_be_used_again_and_old_frames_do_not_haunt_it),
		cmocka_unit_test(values_out_of_range_are_refused),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
