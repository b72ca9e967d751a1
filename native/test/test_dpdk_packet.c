/* SPDX-License-Identifier: Apache-2.0 */

/* net_af_packet sends as the kernel does: what is left to the port, cutting and sums, the kernel does on
 * the way, and the frames are those that the twin makes. */

#include "dpdk_fixture.h"

#include "port/offload.h"
#include "tcp/csum.h"

#define MSS   1000
#define PARTS 7

static flue_port *tap;
static flue_port *port;
static uint8_t lent[MSS * PARTS];
static struct flue_lender owner;

/** A segment, or so many of them, as the engine leaves it to a port with these offloads. */
static struct flue_pkt *
segment(bool ip6, bool tag, uint32_t payload)
{
	struct flue_pkt *pkt = port->ops->alloc(port);
	const uint32_t l3 = ip6 ? 40 : 20;
	const bool cut = payload > MSS;
	const uint32_t l2 = tag ? 18 : 14;
	uint8_t *ip = pkt->data + l2;
	uint8_t *tcp = ip + l3;
	uint64_t pseudo;

	memcpy(pkt->data, "\2\0\xc6\x12\0\3\2\0\xc6\x12\0\2", 12);
	memset(ip, 0, l3 + 20);
	memcpy(pkt->data + 12, "\x81\0\0\x2a", 4); /* no tag: written over */
	flue_store16be(ip - 2, ip6 ? 0x86dd : 0x0800);
	if (ip6) {
		memcpy(ip, "\x60\0\0\0\0\0\6\100\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 24);
		memcpy(ip + 24, ip + 8, 16);
		flue_store16be(ip + 4, (uint16_t)(20 + payload));
		pseudo = flue_csum_add(ip + 8, 32, htons(6));
	} else {
		memcpy(ip, "\x45\0\0\0\x12\x34\x40\0\100\6\0\0\xc6\x12\0\2\xc6\x12\0\1", 20);
		flue_store16be(ip + 2, (uint16_t)(40 + payload));
		flue_store16(ip + 10, flue_csum_finish(flue_csum_add(ip, 20, 0)));
		pseudo = flue_csum_add(ip + 12, 8, htons(6));
	}
	memcpy(tcp, "\x1f\x90\xaf\xc8\xff\xff\xf8\0\0\0\0\1\x50\x18\x80\0", 16);
	flue_store16(tcp + 16,
			flue_csum_fold(pseudo + (cut ? 0u : htons((uint16_t)(20 + payload)))));
	pkt->len = (uint16_t)(l2 + l3 + 20);
	pkt->ext = lent;
	pkt->ext_len = (uint16_t)payload;
	pkt->ext_owner = &owner;
	owner.lent++;
	pkt->flags |= FLUE_PKT_TX_TCP_CSUM;
	if (cut) {
		pkt->flags |= FLUE_PKT_TX_TSO;
		pkt->tx_segment = MSS;
	}
	return pkt;
}

/** All of them in one burst; what arrives is what the twin makes, in order. */
static void
exchange(bool ip6, bool tag)
{
	static const uint32_t payloads[] = { 300, PARTS * MSS, MSS, 2 * MSS };
	static uint8_t expected[16][2048];
	uint32_t lengths[16];
	struct flue_pkt *pkts[4];
	struct flue_pkt *got;
	unsigned frames = 0;
	unsigned i;
	uint32_t k;

	for (i = 0; i < 4; i++) {
		pkts[i] = segment(ip6, tag, payloads[i]);
		for (k = 0; k < flue_pkt_frames(pkts[i]); k++, frames++)
			lengths[frames] = flue_pkt_frame_put(pkts[i], k, expected[frames]);
	}
	CHECK(port->ops->tx_burst(port, 0, pkts, 4) == 4);
	/* It was copied on the way. */
	CHECK(flue_lent(&owner) == 0 && flue_port_buffers_held(port) == 0);
	for (i = 0; i < frames; i++) {
		got = receive_type(tap, tag ? 0x8100 : ip6 ? 0x86dd : 0x0800);
		CHECK(got != NULL && got->len == lengths[i]);
		CHECK(memcmp(got->data, expected[i], got->len) == 0);
		flue_pkt_release(got);
	}
}

/** So far into a stream, PSH or not. */
static void
move_on(struct flue_pkt *pkt, bool ip6, uint32_t bytes, uint32_t frames, bool push)
{
	uint8_t *ip = pkt->data + 14;
	uint8_t *tcp = ip + (ip6 ? 40 : 20);

	flue_store32be(tcp + 4, 0xfffff800u + bytes);
	tcp[13] = push ? 0x18 : 0x10;
	if (ip6)
		return;
	flue_store16be(ip + 4, (uint16_t)(0x1234 + frames));
	flue_store16(ip + 10, 0);
	flue_store16(ip + 10, flue_csum_finish(flue_csum_add(ip, 20, 0)));
}

/** Neighbours of one stream go as one message: PSH of those inside has moved to its end, and all else of
 *  each frame is as the twin makes it. Behind a segment that is not full a new one begins. */
static void
join(bool ip6)
{
	static const uint32_t payloads[] = { MSS, 3 * MSS, 2 * MSS, 300, MSS };
	static uint8_t expected[16][2048];
	uint32_t lengths[16];
	struct flue_pkt *pkts[5];
	struct flue_pkt *got;
	uint32_t bytes = 0;
	unsigned frames = 0;
	unsigned i;
	uint32_t k;

	for (i = 0; i < 5; i++) {
		unsigned first = frames;

		pkts[i] = segment(ip6, false, payloads[i]);
		move_on(pkts[i], ip6, bytes, first, i >= 3);
		for (k = 0; k < flue_pkt_frames(pkts[i]); k++, frames++)
			lengths[frames] = flue_pkt_frame_put(pkts[i], k, expected[frames]);
		move_on(pkts[i], ip6, bytes, first, true);
		bytes += payloads[i];
	}
	CHECK(port->ops->tx_burst(port, 0, pkts, 5) == 5);
	CHECK(flue_lent(&owner) == 0 && flue_port_buffers_held(port) == 0);
	for (i = 0; i < frames; i++) {
		got = receive_type(tap, ip6 ? 0x86dd : 0x0800);
		CHECK(got != NULL && got->len == lengths[i]);
		CHECK(memcmp(got->data, expected[i], got->len) == 0);
		flue_pkt_release(got);
	}
}

static int
cut_by_the_kernel(void)
{
	struct flue_pkt *pkt;
	unsigned i;

	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0 ||
			unshare(CLONE_NEWNET) != 0)
		return SKIPPED;
	for (i = 0; i < sizeof(lent); i++)
		lent[i] = (uint8_t)(i * 7 + i / 256);
	CHECK(flue_tap_open("fluetap1", MAC1, 1500, 256, &tap) == 0);
	CHECK(flue_interface_configure("fluetap1", (int32_t)0xc6120001, 24, 1500) == 0);
	CHECK(flue_dpdk_start(NULL) == 0);
	CHECK(open_device("net_af_packet0,iface=fluetap1", MAC0, 1500, 256, &port) == 0);
	CHECK(port->offloads & FLUE_PORT_TSO && port->offloads & FLUE_PORT_TX_TCP_CSUM);
	for (i = 0; i < 4; i++)
		exchange(i & 1, i & 2);
	CHECK(flue_port_count(port, FLUE_PORT_TX_PACKETS) == 16);
	CHECK(flue_port_count(port, FLUE_PORT_TX_CUT) == 8);
	CHECK(flue_port_count(port, FLUE_PORT_TX_FRAMES) == 44);
	join(false);
	join(true);
	/* None of it came back as if somebody else had sent it. */
	CHECK(port->ops->rx_burst(port, 0, &pkt, 1) == 0);
	CHECK(flue_port_lost(port) == 0);
	/* A frame that the kernel does not take is lost, and nobody waits for it; the twin does its kind. */
	pkt = segment(false, false, 2 * MSS);
	pkt->tx_segment = 0xffff;
	pkt->data[14] = 0xf5;
	CHECK(send_pkt(port, pkt));
	CHECK(flue_port_lost(port) == 1 && flue_lent(&owner) == 0 &&
			!(port->offloads & FLUE_PORT_TSO));
	flue_port_close(port);
	flue_port_close(tap);
	return 0;
}

static void
kernel_cuts_and_sums_what_a_packet_socket_sends(void **state)
{
	(void)state;
	run_child(cut_by_the_kernel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_cuts_and_sums_what_a_packet_socket_sends),
	};

	return cmocka_run_group_tests_name("dpdk packet socket", tests, NULL, NULL);
}
