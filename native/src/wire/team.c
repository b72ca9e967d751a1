/* SPDX-License-Identifier: Apache-2.0 */

/* Links that go down, and sockets that are one to the switch (link aggregation). */

#include <errno.h>

#include "port/ethernet.h"
#include "wire/wire.h"

#define ETHERTYPE_AT   12
#define IP4_PROTOCOL   9
#define IP4_ADDRESSES  12
#define IP6_NEXT       6
#define IP6_ADDRESSES  8
#define IP6_HEADER     40
#define TCP_PORT_BYTES 4

int
flue_wire_join(flue_wire *wire, int index, int first)
{
	if (wire == NULL || index < 0 || index >= wire->config.ports || first < 0 ||
			first >= wire->config.ports || wire->team[first] != first)
		return -EINVAL;
	wire->team[index] = (uint8_t)first;
	wire->teams |= UINT32_C(1) << index | UINT32_C(1) << first;
	return 0;
}

int
flue_wire_set_link(flue_wire *wire, int index, int up)
{
	uint32_t bit;

	if (wire == NULL || index < 0 || index >= wire->config.ports)
		return -EINVAL;
	bit = UINT32_C(1) << index;
	if (up) {
		atomic_fetch_and_explicit(&wire->down, ~bit, memory_order_relaxed);
	} else {
		atomic_fetch_or_explicit(&wire->down, bit, memory_order_relaxed);
		if (wire->ports[index].open)
			flue_wire_discard(&wire->ports[index]);
	}
	return 0;
}

/** Folds bytes so that both directions of a flow give the same: addresses and ports are XORed. */
static uint32_t
fold(uint32_t sum, const uint8_t *data, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		sum ^= (uint32_t)data[i] << 8 * (i & 1);
	return sum;
}

/** Of a frame that is no TCP or UDP segment: that of its addresses, or 0. */
static uint32_t
flow_of(const struct flue_pkt *pkt)
{
	const uint8_t *ip = pkt->data + FLUE_ETH_BYTES;
	uint32_t left = pkt->len - FLUE_ETH_BYTES;
	uint32_t type = (uint32_t)pkt->data[ETHERTYPE_AT] << 8 | pkt->data[ETHERTYPE_AT + 1];
	uint32_t header;
	uint32_t sum;

	if (type == 0x0800 && left >= 20) {
		header = 4 * (ip[0] & 15u);
		sum = fold(0, ip + IP4_ADDRESSES, 8);
		if (ip[IP4_PROTOCOL] != 6)
			return sum;
	} else if (type == 0x86dd && left >= IP6_HEADER) {
		header = IP6_HEADER;
		sum = fold(0, ip + IP6_ADDRESSES, 32);
		if (ip[IP6_NEXT] != 6)
			return sum;
	} else {
		return 0;
	}
	return left >= header + TCP_PORT_BYTES ? fold(sum, ip + header, TCP_PORT_BYTES) : sum;
}

void
flue_wire_heard(struct flue_wire *wire, uint32_t socket, const struct flue_pkt *pkt)
{
	uint32_t flow = flow_of(pkt) % WIRE_FLOWS;

	atomic_store_explicit(&wire->heard[flow], (uint8_t)(socket + 1), memory_order_relaxed);
}

int
flue_wire_member(struct flue_wire *wire, uint32_t socket, const struct flue_pkt *pkt)
{
	uint32_t heard;
	int i;

	if (!(wire->teams >> socket & 1))
		return wire_up(wire, socket) ? (int)socket : -1;
	heard = atomic_load_explicit(&wire->heard[flow_of(pkt) % WIRE_FLOWS], memory_order_relaxed);
	if (heard > 0 && wire->team[heard - 1] == wire->team[socket] && wire_up(wire, heard - 1))
		return (int)heard - 1;
	for (i = 0; i < wire->config.ports; i++) {
		if (wire->team[i] == wire->team[socket] && wire_up(wire, (uint32_t)i) &&
				wire->ports[i].open)
			return i;
	}
	return -1;
}
