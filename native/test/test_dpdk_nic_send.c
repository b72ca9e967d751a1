/* SPDX-License-Identifier: Apache-2.0 */

/* Sending through a device with offloads: what it makes of our requests are the frames that the twin
 * in software makes, whatever of them is in use, and whatever the driver does on the way. */

#include "dpdk_nic.h"

#include "port/offload.h"

#define LENT_BYTES (1 << 18)

static uint8_t here[LENT_BYTES]; /* lent payload that lies in no region */
static flue_port *port;
static uint64_t seed;
static struct flue_lender owner;
static uint32_t owned;

static uint32_t
draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static void
put_ip(uint8_t *ip, bool ip6, uint32_t tcp_len)
{
	memset(ip, 0, 40);
	if (ip6) {
		ip[0] = 0x60;
		nic_put16(ip + 4, tcp_len);
		ip[6] = 6;
		ip[7] = 64;
		memcpy(ip + 8, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
		memcpy(ip + 24, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
		return;
	}
	ip[0] = 0x45;
	nic_put16(ip + 2, 20 + tcp_len);
	nic_put16(ip + 4, 0x8000 + draw(0x4000));
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, "\xc6\x12\0\2\xc6\x12\0\1", 8);
}

/** A segment with what is in use left to the port, as the engine would. */
static struct flue_pkt *
segment(const uint8_t *lent)
{
	struct flue_pkt *pkt = port->ops->alloc(port);
	bool ip6 = draw(2);
	uint32_t options = draw(2) * 12;
	bool cut = (port->offloads & FLUE_PORT_TSO) && draw(3) == 0;
	uint32_t mss = cut ? 300 + draw(1160) : 0;
	uint32_t room = cut ? port->tso_bytes / mss - 1 : 0;
	uint32_t len = cut ? mss * (2 + draw(room < 60 ? room : 60)) : draw(1448);
	uint32_t inline_len = !cut && draw(3) == 0 ? len : 0;
	uint8_t *ip = pkt->data + 14;
	uint32_t l3 = ip6 ? 40 : 20;
	uint8_t *tcp;
	uint32_t sum;
	uint32_t i;

	if (len > port->tso_bytes && cut)
		len = mss * 2;
	memcpy(pkt->data, "\2\0\xc6\x12\0\3\2\0\xc6\x12\0\2", 12);
	/* A tag that the sender has written itself is part of the frame. */
	if (draw(6) == 0) {
		memcpy(pkt->data + 12, "\x81\0\x60\x05", 4);
		ip += 4;
	}
	nic_put16(ip - 2, ip6 ? 0x86dd : 0x0800);
	put_ip(ip, ip6, 20 + options + len);
	tcp = ip + l3;
	for (i = 0; i < 20 + options; i++)
		tcp[i] = (uint8_t)draw(256);
	tcp[12] = (uint8_t)((20 + options) << 2);
	tcp[13] = 0x18;
	pkt->len = (uint16_t)(tcp + 20 + options - pkt->data);
	memcpy(pkt->data + pkt->len, lent, inline_len);
	pkt->len = (uint16_t)(pkt->len + inline_len);
	if (len > inline_len) {
		pkt->ext = lent;
		pkt->ext_len = (uint16_t)len;
		pkt->ext_owner = &owner;
		owner.lent++;
		owned++;
	}
	if ((port->offloads & FLUE_PORT_VLAN_INSERT) && ip == pkt->data + 14 && draw(3) == 0) {
		pkt->flags |= FLUE_PKT_TX_VLAN;
		pkt->tx_vlan = (uint16_t)draw(65536);
	}
	sum = ip6 ? nic_sum(ip + 8, 32, 6) : nic_sum(ip + 12, 8, 6);
	nic_put16(tcp + 16, nic_sum(tcp, 0, cut ? sum : sum + 20 + options + len));
	if (port->offloads & FLUE_PORT_TX_TCP_CSUM) {
		pkt->flags |= FLUE_PKT_TX_TCP_CSUM;
		if (!ip6 && (port->offloads & FLUE_PORT_TX_IP_CSUM))
			pkt->flags |= FLUE_PKT_TX_IP_CSUM;
		else if (!ip6)
			nic_put16(ip + 10, ~nic_sum(ip, 20, 0));
	}
	if (cut) {
		pkt->flags |= FLUE_PKT_TX_TSO;
		pkt->tx_segment = (uint16_t)mss;
	}
	return pkt;
}

#define BURSTS 60

/** Bursts of random segments; the device takes some and refuses the rest for now.
 *  @return packets whose frames were compared */
static void
send_random(const uint8_t *lent, bool refusals)
{
	static uint8_t expected[NIC_FRAME_BYTES];
	unsigned burst;

	for (burst = 0; burst < BURSTS; burst++) {
		struct flue_pkt *pkts[20];
		struct flue_pkt copies[20];
		uint8_t heads[20][2048];
		unsigned n = 1 + draw(20);
		unsigned sent = 0;
		unsigned frame = 0;
		unsigned i;
		uint32_t k;

		nic.count = 0;
		for (i = 0; i < n; i++) {
			pkts[i] = segment(lent + draw(LENT_BYTES - 65536));
			copies[i] = *pkts[i];
			memcpy(heads[i], pkts[i]->data, pkts[i]->len);
			copies[i].data = heads[i];
			/* Somebody else holds it as well: it goes as a copy. */
			if (draw(8) == 0)
				flue_pkt_retain(pkts[i]);
		}
		while (sent < n) {
			unsigned done;

			nic.accepts = refusals && draw(2) == 0 ? draw(5) : UINT16_MAX;
			for (i = sent; i < n; i++)
				copies[i].next = pkts[i]->refcnt > 1 ? pkts[i] : NULL;
			done = port->ops->tx_burst(port, 0, pkts + sent, n - sent);
			for (i = sent; i < sent + done; i++)
				if (copies[i].next != NULL)
					flue_pkt_release(copies[i].next);
			sent += done;
		}
		for (i = 0; i < n; i++) {
			for (k = 0; k < flue_pkt_frames(&copies[i]); k++, frame++) {
				uint32_t len = flue_pkt_frame_put(&copies[i], k, expected);

				CHECK(frame < nic.count && nic.len[frame] == len);
				CHECK(memcmp(nic.frame[frame], expected, len) == 0);
			}
		}
		CHECK(frame == nic.count);
	}
	CHECK(nic.bad == 0);
	CHECK(flue_lent(&owner) == 0 && flue_port_buffers_held(port) == 0);
	CHECK(nic_counted(port, FLUE_PORT_TX_PACKETS, FLUE_PORT_TX_FRAMES));
}

static int
twins(void)
{
	static const uint32_t offs[] = { 0, FLUE_PORT_LENT, FLUE_PORT_TSO, FLUE_PORT_MULTI_SEG,
		FLUE_PORT_TX_IP_CSUM, FLUE_PORT_TX_CSUM, FLUE_PORT_VLAN_INSERT,
		FLUE_PORT_VLAN_INSERT | FLUE_PORT_LENT, FLUE_PORT_ALL_OFFLOADS };
	unsigned how;
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	for (how = 0; how < 6; how++) {
		nic.prepare = how % 3;
		for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
			nic.lent = 0;
			owned = 0;
			seed = how * 100 + i;
			CHECK(nic_open(1500, offs[i], &port) == 0);
			CHECK((flue_port_offloads(port, 1) & (int)offs[i]) == 0);
			send_random(here, how >= 3);
			CHECK(flue_port_offloads(port, 0) == NIC_OFFERS);
			CHECK((nic.lent > 0) == ((port->offloads & FLUE_PORT_LENT) != 0));
			CHECK(owned > 0 && flue_port_lost(port) == 0);
			flue_port_close(port);
		}
	}
	return 0;
}

static void
device_makes_the_frames_that_its_twin_makes(void **state)
{
	(void)state;
	run_child(twins);
}

/** The device is on a bus where memory has to be mapped. */
static int
mapped(void)
{
	int before;
	int region;
	uint8_t *lent;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.pci = true;
	region = flue_region_create(FLUE_REGION_HEAP, LENT_BYTES);
	lent = flue_region_address(region);
	CHECK(nic_open(1500, 0, &port) == 0);
	CHECK(port->offloads & FLUE_PORT_LENT);
	CHECK(nic.maps == 1);
	send_random(lent, true);
	CHECK(nic.lent > 0);
	/* What lies elsewhere is copied, a packet that is cut into a chain. */
	nic.lent = 0;
	send_random(here, true);
	CHECK(nic.lent == 0);
	/* A region that comes later, and goes before the port. */
	before = flue_region_create(FLUE_REGION_HEAP, LENT_BYTES);
	send_random(here, false);
	CHECK(nic.maps == 1);
	lent = flue_region_address(before);
	CHECK(nic.maps == 2);
	send_random(lent, false);
	CHECK(nic.lent > 0);
	CHECK(flue_region_close(before) == 0);
	CHECK(nic.maps == 2); /* somebody may still read there */
	CHECK(flue_region_unmap(before) == 0);
	CHECK(nic.maps == 1);
	flue_port_close(port);
	CHECK(nic.maps == 0);
	/* The next port gets what there is. */
	CHECK(nic_open(1500, 0, &port) == 0);
	CHECK(nic.maps == 1);
	flue_port_close(port);
	CHECK(flue_region_close(region) == 0 && flue_region_unmap(region) == 0);
	return 0;
}

static void
payload_is_read_in_place_where_its_memory_is_mapped_for_the_device(void **state)
{
	(void)state;
	run_child(mapped);
}

static int
not_mapped(void)
{
	int region;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.pci = true;
	nic.map_error = -12;
	nic.seg_max = 8;
	region = flue_region_create(FLUE_REGION_HEAP, LENT_BYTES);
	CHECK(nic_open(1500, 0, &port) == 0);
	CHECK(port->tso_bytes == 7 * 2048);
	send_random(flue_region_address(region), true);
	CHECK(nic.lent == 0 && nic.maps == 0);
	flue_port_close(port);
	return 0;
}

static void
payload_is_copied_where_memory_cannot_be_mapped(void **state)
{
	(void)state;
	run_child(not_mapped);
}

/** With DMA, and gives what it has sent back only when its ring has gone round. */
static int
kept(void)
{
	static const char *const drivers[] = { NULL, "net_e1000_igb", "net_e1000_igb_vf",
		"net_igc" };
	uint8_t *lent;
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.pci = true;
	lent = flue_region_address(flue_region_create(FLUE_REGION_HEAP, LENT_BYTES));
	for (i = 0; i < 4; i++) {
		nic.driver = drivers[i];
		nic.keeps = drivers[i] == NULL;
		CHECK(nic_open(1500, 0, &port) == 0);
		CHECK(!(port->offloads & FLUE_PORT_LENT) && (port->offloads & FLUE_PORT_TSO));
		nic.asked = 0;
		send_random(lent, true);
		port->ops->reclaim(port);
		CHECK(nic.lent == 0 && nic.maps == 0 && nic.asked == 0);
		flue_port_close(port);
	}
	return 0;
}

static void
payload_is_copied_where_it_would_not_come_back(void **state)
{
	(void)state;
	run_child(kept);
}

/** What a driver does not take although the device offers it. */
static int
refused(void)
{
	struct flue_pkt *pkt;
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	nic.prepare = NIC_SUMS;
	nic.refuses = RTE_MBUF_F_TX_TCP_SEG;
	seed = 3;
	CHECK(nic_open(1500, 0, &port) == 0);
	do {
		nic.count = 0;
		pkt = segment(here);
		i = pkt->flags & FLUE_PKT_TX_TSO;
		CHECK(send_pkt(port, pkt));
	} while (!i);
	CHECK(flue_port_lost(port) == 1);
	CHECK(!(flue_port_offloads(port, 1) & FLUE_PORT_TSO));
	CHECK(flue_port_offloads(port, 0) & FLUE_PORT_TSO);
	send_random(here, false);
	nic.refuses = RTE_MBUF_F_TX_TCP_CKSUM;
	do {
		nic.count = 0;
		pkt = segment(here);
		CHECK(send_pkt(port, pkt));
	} while (flue_port_lost(port) == 1);
	CHECK(!(flue_port_offloads(port, 1) & (FLUE_PORT_TX_CSUM | FLUE_PORT_VLAN_INSERT)));
	send_random(here, false);
	CHECK(flue_port_lost(port) == 2);
	flue_port_close(port);
	return 0;
}

static void
what_a_driver_refuses_its_twin_does_from_then_on(void **state)
{
	(void)state;
	run_child(refused);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_makes_the_frames_that_its_twin_makes),
		cmocka_unit_test(
				payload_is_read_in_place_where_its_memory_is_mapped_for_the_device),
		cmocka_unit_test(payload_is_copied_where_memory_cannot_be_mapped),
		cmocka_unit_test(payload_is_copied_where_it_would_not_come_back),
		cmocka_unit_test(what_a_driver_refuses_its_twin_does_from_then_on),
	};
	unsigned i;

	for (i = 0; i < sizeof(here); i++)
		here[i] = (uint8_t)(i * 13 + i / 253);
	return cmocka_run_group_tests_name("dpdk sending", tests, NULL, NULL);
}
