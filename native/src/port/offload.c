/* SPDX-License-Identifier: Apache-2.0 */

/* Names of what a device can do in our stead, and what it makes of a packet. */

#include "port/offload.h"

#include <string.h>

#include "flue/flue_port.h"
#include "tcp/bytes.h"
#include "tcp/csum.h"

#define TCP_FIN 0x01
#define TCP_PSH 0x08

const char *
flue_port_offload_name(int index)
{
	static const char *const names[] = { "tx-ip-checksum", "tx-tcp-checksum", "rx-ip-checksum",
		"rx-tcp-checksum", "tso", "multi-segment", "vlan-insert", "vlan-strip", "scatter",
		"zero-copy", "flow-rules" };

	_Static_assert(1u << (sizeof(names) / sizeof(names[0])) == FLUE_PORT_ALL_OFFLOADS + 1u,
			"a name for each");
	if (index < 0 || index >= (int)(sizeof(names) / sizeof(names[0])))
		return NULL;
	return names[index];
}

int
flue_port_offloads(const flue_port *port, int which)
{
	if (which == 0)
		return (int)port->offered;
	return (int)__atomic_load_n(&port->offloads, __ATOMIC_RELAXED);
}

/** The header part, with its tag. @return bytes */
static uint32_t
put_head(const struct flue_pkt *pkt, uint8_t *to)
{
	uint32_t tag = 0;

	memcpy(to, pkt->data, 12);
	if (pkt->flags & FLUE_PKT_TX_VLAN) {
		tag = FLUE_ETH_VLAN_BYTES - FLUE_ETH_BYTES;
		flue_store16be(to + 12, 0x8100);
		flue_store16be(to + 14, pkt->tx_vlan);
	}
	memcpy(to + 12 + tag, pkt->data + 12, pkt->len - 12u);
	return pkt->len + tag;
}

/** Lengths, number and identification of one segment of several. */
static void
number(const struct flue_pkt *pkt, uint32_t index, uint8_t *ip, uint8_t *tcp, uint32_t tcp_len)
{
	if (ip[0] >> 4 == 4) {
		/* Where the sum is not left to the port, it is that of the whole. */
		flue_store16(ip + 10, 0);
		flue_store16be(ip + 2, (uint16_t)((uint32_t)(tcp - ip) + tcp_len));
		flue_store16be(ip + 4, (uint16_t)(flue_load16be(ip + 4) + index));
	} else {
		flue_store16be(ip + 4, (uint16_t)tcp_len);
	}
	flue_store32be(tcp + 4, flue_load32be(tcp + 4) + index * pkt->tx_segment);
	if (index + 1 < flue_pkt_frames(pkt))
		tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

/** What is in the fields already counts, as it does for a device. */
static void
put_sums(const struct flue_pkt *pkt, uint8_t *ip, uint8_t *tcp, uint32_t tcp_len)
{
	bool cut = pkt->flags & FLUE_PKT_TX_TSO;
	uint64_t sum = cut ? __builtin_bswap16((uint16_t)tcp_len) : 0;

	if (ip[0] >> 4 == 4 && (cut || (pkt->flags & FLUE_PKT_TX_IP_CSUM)))
		flue_store16(ip + 10, flue_csum_finish(flue_csum_add(ip, (uint32_t)(tcp - ip), 0)));
	flue_store16(tcp + 16, flue_csum_finish(flue_csum_add(tcp, tcp_len, sum)));
}

uint32_t
flue_pkt_frame_put(const struct flue_pkt *pkt, uint32_t index, uint8_t *to)
{
	uint32_t bytes = flue_pkt_frame_bytes(pkt);
	uint32_t head = put_head(pkt, to);
	uint32_t at = pkt->flags & FLUE_PKT_TX_TSO ? index * pkt->tx_segment : 0;
	uint8_t *ip = to + flue_eth_header_bytes(to);
	uint8_t *tcp;
	uint32_t tcp_len;

	if (bytes > head)
		memcpy(to + head, pkt->ext + at, bytes - head);
	if (!(pkt->flags & FLUE_PKT_TX_TCP_CSUM))
		return bytes;
	tcp = ip + (ip[0] >> 4 == 4 ? (ip[0] & 0xf) * 4 : 40);
	tcp_len = bytes - (uint32_t)(tcp - to);
	if (pkt->flags & FLUE_PKT_TX_TSO)
		number(pkt, index, ip, tcp, tcp_len);
	put_sums(pkt, ip, tcp, tcp_len);
	return bytes;
}
