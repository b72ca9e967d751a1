/* SPDX-License-Identifier: Apache-2.0 */

/* Receiving from a device with offloads: what it says of sums, tags that it took out, frames in
 * several buffers. What comes up is the frame as it was on the wire. */

#include "dpdk_nic.h"

#define TAG 0x6005

static flue_port *port;
static struct rte_mempool *pool; /* the port's buffers */

/** A buffer as the device would take it. */
static struct rte_mbuf *
buffer(const void *bytes, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *to = m != NULL ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;

	CHECK(to != NULL);
	memcpy(to, bytes, len);
	return m;
}

static void
arrive(struct rte_mbuf *m, uint64_t flags)
{
	m->ol_flags = flags;
	nic.arrived[nic.arrivals++] = m;
}

static struct flue_pkt *
take(void)
{
	struct flue_pkt *pkt = NULL;

	return port->ops->rx_burst(port, 0, &pkt, 1) == 1 ? pkt : NULL;
}

/** A port whose pool has been found by a packet of its own. */
static void
open_port(int mtu, uint32_t off)
{
	struct flue_pkt *pkt;

	CHECK(nic_open(mtu, off, &port) == 0);
	pkt = port->ops->alloc(port);
	pool = ((struct rte_mbuf *)pkt - 1)->pool;
	flue_pkt_release(pkt);
}

/** A TCP or UDP frame with good sums. @return length */
static uint32_t
good_frame(uint8_t *frame, bool ip6, uint8_t protocol, uint32_t tag, uint32_t len)
{
	uint32_t l4 = (protocol == 6 ? 20 : 8) + len;
	uint8_t *ip = frame + (tag != 0 ? 18 : 14);
	uint8_t *at = ip + (ip6 ? 40 : 20);
	uint32_t field = protocol == 6 ? 16 : 6;
	uint32_t i;

	memcpy(frame, "\2\0\xc6\x12\0\2\2\0\xc6\x12\0\3", 12);
	if (tag != 0) {
		nic_put16(frame + 12, 0x8100);
		nic_put16(frame + 14, tag);
	}
	nic_put16(ip - 2, ip6 ? 0x86dd : 0x0800);
	memset(ip, 0, 40);
	if (ip6) {
		ip[0] = 0x60;
		nic_put16(ip + 4, l4);
		ip[6] = protocol;
		ip[23] = 1;
		ip[39] = 2;
	} else {
		ip[0] = 0x45;
		nic_put16(ip + 2, 20 + l4);
		ip[9] = protocol;
		memcpy(ip + 12, "\xc6\x12\0\1\xc6\x12\0\2", 8);
		nic_put16(ip + 10, ~nic_sum(ip, 20, 0));
	}
	for (i = 0; i < l4; i++)
		at[i] = (uint8_t)(i * 3 + len);
	if (protocol == 6)
		at[12] = 0x50;
	else
		nic_put16(at + 4, l4);
	nic_put16(at + field, 0);
	nic_put16(at + field, ~nic_sum(at, l4,
					      nic_sum(ip6 ? ip + 8 : ip + 12, ip6 ? 32 : 8,
							      protocol + l4)));
	return (uint32_t)(at - frame) + l4;
}

static int
sums(void)
{
	static const struct {
		uint64_t flags;
		uint16_t known;
	} rows[] = {
		{ 0, 0 },
		{ RTE_MBUF_F_RX_IP_CKSUM_GOOD, FLUE_PKT_RX_IP_GOOD },
		{ RTE_MBUF_F_RX_L4_CKSUM_GOOD, FLUE_PKT_RX_TCP_GOOD },
		{ RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD,
				FLUE_PKT_RX_CSUM_GOOD },
		{ RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_GOOD, FLUE_PKT_RX_TCP_GOOD },
		{ RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD, FLUE_PKT_RX_IP_GOOD },
		{ RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD, 0 },
	};
	uint8_t frame[200];
	struct flue_pkt *pkt;
	uint32_t len;
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	open_port(1500, 0);
	len = good_frame(frame, false, 6, 0, 50);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		arrive(buffer(frame, len), rows[i].flags);
		pkt = take();
		CHECK(pkt != NULL && pkt->flags == rows[i].known && pkt->len == len);
		CHECK(memcmp(pkt->data, frame, len) == 0);
		flue_pkt_release(pkt);
	}
	CHECK(flue_port_count(port, FLUE_PORT_RX_FRAMES) == (int64_t)i);
	CHECK(flue_port_count(port, FLUE_PORT_RX_GOOD) == 3);
	flue_port_close(port);
	return 0;
}

static void
only_what_the_device_calls_good_is_taken_as_verified_ip_and_tcp_apart(void **state)
{
	(void)state;
	run_child(sums);
}

static int
missing_sums(void)
{
	unsigned i;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	open_port(1500, 0);
	for (i = 0; i < 16; i++) {
		bool ip6 = i & 1;
		uint8_t protocol = i & 2 ? 17 : 6;
		uint32_t tag = i & 4 ? TAG : 0;
		bool strip = tag != 0 && i & 8;
		uint8_t frame[300];
		uint8_t sent[300];
		uint32_t len = good_frame(frame, ip6, protocol, tag, 101 + i);
		struct flue_pkt *pkt;
		uint32_t at = (tag != 0 ? 18 : 14) + (ip6 ? 40 : 20) + (protocol == 6 ? 16 : 6);
		struct rte_mbuf *m;

		/* As the other side of a virtio device leaves it, which never had a wire. */
		memcpy(sent, frame, len);
		nic_put16(sent + at, 0x1234);
		if (strip) {
			memmove(sent + 12, sent + 16, len - 16);
			m = buffer(sent, len - 4);
			m->vlan_tci = TAG;
			arrive(m, RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_VLAN |
							RTE_MBUF_F_RX_VLAN_STRIPPED);
		} else {
			arrive(buffer(sent, len), RTE_MBUF_F_RX_L4_CKSUM_NONE);
		}
		pkt = take();
		CHECK(pkt != NULL && pkt->len == len && memcmp(pkt->data, frame, len) == 0);
		CHECK(pkt->flags == FLUE_PKT_RX_CSUM_GOOD);
		flue_pkt_release(pkt);
	}
	/* Neither TCP nor UDP, cut short, or no IP at all: left alone. */
	for (i = 14; i < 60; i++) {
		uint8_t frame[300];
		struct flue_pkt *pkt;

		(void)good_frame(frame, i & 1, i & 2 ? 6 : 17, i & 4 ? TAG : 0, 200);
		arrive(buffer(frame, i), RTE_MBUF_F_RX_L4_CKSUM_NONE);
		pkt = take();
		CHECK(pkt != NULL && pkt->len == i);
		flue_pkt_release(pkt);
	}
	flue_port_close(port);
	return 0;
}

static void
sums_that_the_sender_left_out_are_filled_in(void **state)
{
	(void)state;
	run_child(missing_sums);
}

static int
tags(void)
{
	uint8_t frame[200];
	uint8_t bare[200];
	struct flue_pkt *pkt;
	struct rte_mbuf *m;
	uint32_t len;
	bool in_parts;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	open_port(1500, 0);
	CHECK(port->offloads & FLUE_PORT_VLAN_STRIP);
	len = good_frame(frame, false, 6, TAG, 50);
	for (in_parts = false;; in_parts = true) {
		memcpy(bare, frame, 12);
		memcpy(bare + 12, frame + 16, len - 16);
		m = buffer(bare, in_parts ? 30 : len - 4);
		m->vlan_tci = TAG;
		if (in_parts) {
			m->next = buffer(bare + 30, len - 34);
			m->nb_segs = 2;
			m->pkt_len = len - 4;
		}
		arrive(m, RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED |
						RTE_MBUF_F_RX_L4_CKSUM_GOOD);
		pkt = take();
		CHECK(pkt != NULL && pkt->len == len && memcmp(pkt->data, frame, len) == 0);
		CHECK(flue_ref_resolve(pkt->ref, len) == pkt->data);
		CHECK(pkt->flags == FLUE_PKT_RX_TCP_GOOD);
		flue_pkt_release(pkt);
		if (in_parts)
			break;
	}
	/* A tag that is still there, twin and all. */
	arrive(buffer(frame, len), RTE_MBUF_F_RX_VLAN);
	pkt = take();
	CHECK(pkt != NULL && pkt->len == len && memcmp(pkt->data, frame, len) == 0);
	flue_pkt_release(pkt);
	/* A driver that left no room in front: better lost than in another VLAN. */
	m = buffer(bare, len - 4);
	m->data_off = 3;
	m->vlan_tci = TAG;
	arrive(m, RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
	CHECK(take() == NULL && nic.arrivals == 0);
	CHECK(flue_port_buffers_held(port) == 0);
	flue_port_close(port);
	return 0;
}

static void
tag_that_the_device_took_out_is_back_in_the_frame(void **state)
{
	(void)state;
	run_child(tags);
}

static int
jumbo(void)
{
	static uint8_t frame[9018];
	struct rte_mbuf *first;
	struct rte_mbuf *last;
	struct flue_pkt *pkt;
	uint32_t len;
	uint32_t at;

	CHECK(flue_dpdk_start(NIC_EAL) == 0);
	nic_best();
	open_port(1500, 0);
	CHECK(!(port->offloads & FLUE_PORT_SCATTER));
	flue_port_close(port);
	open_port(9000, FLUE_PORT_SCATTER);
	CHECK(!(port->offloads & FLUE_PORT_SCATTER));
	/* The twin: one buffer takes it. */
	len = good_frame(frame, false, 6, TAG, 9000 - 40);
	CHECK(len == sizeof(frame));
	arrive(buffer(frame, len), 0);
	pkt = take();
	CHECK(pkt != NULL && pkt->len == len && memcmp(pkt->data, frame, len) == 0);
	flue_pkt_release(pkt);
	flue_port_close(port);
	open_port(9000, 0);
	CHECK(port->offloads & FLUE_PORT_SCATTER);
	first = last = buffer(frame, 1024);
	for (at = 1024; at < len; at += last->data_len) {
		last->next = buffer(frame + at, RTE_MIN(1024u, len - at));
		last = last->next;
		first->nb_segs++;
		first->pkt_len += last->data_len;
	}
	arrive(first, 0);
	pkt = take();
	CHECK(pkt != NULL && pkt->len == len && memcmp(pkt->data, frame, len) == 0);
	CHECK(flue_ref_resolve(pkt->ref, len) == pkt->data);
	flue_pkt_release(pkt);
	flue_port_close(port);
	return 0;
}

static void
long_frame_in_several_buffers_comes_up_in_one(void **state)
{
	(void)state;
	run_child(jumbo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
				only_what_the_device_calls_good_is_taken_as_verified_ip_and_tcp_apart),
		cmocka_unit_test(sums_that_the_sender_left_out_are_filled_in),
		cmocka_unit_test(tag_that_the_device_took_out_is_back_in_the_frame),
		cmocka_unit_test(long_frame_in_several_buffers_comes_up_in_one),
	};

	return cmocka_run_group_tests_name("dpdk receiving", tests, NULL, NULL);
}
