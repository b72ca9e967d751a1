/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_PORT_ETHERNET_H
#define FLUE_PORT_ETHERNET_H

/** @file What all ports need to know about Ethernet. */

#include <stdbool.h>
#include <stdint.h>

/** Bytes of an Ethernet header, and of one with a VLAN tag. */
#define FLUE_ETH_BYTES      14
#define FLUE_ETH_VLAN_BYTES 18

/** Of a frame of at least FLUE_ETH_BYTES: a VLAN tag does not count against the MTU. */
static inline uint32_t
flue_eth_header_bytes(const uint8_t *frame)
{
	return frame[12] == 0x81 && frame[13] == 0x00 ? FLUE_ETH_VLAN_BYTES : FLUE_ETH_BYTES;
}

/** @return false when the number is no address of one station */
static inline bool
flue_mac_from_number(int64_t number, uint8_t mac[6])
{
	int i;

	if (number <= 0 || number >> 48 != 0 || (number >> 40 & 1) != 0)
		return false;
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)(number >> (40 - 8 * i));
	return true;
}

static inline int64_t
flue_mac_to_number(const uint8_t mac[6])
{
	int64_t number = 0;
	int i;

	for (i = 0; i < 6; i++)
		number = number << 8 | mac[i];
	return number;
}

#endif /* FLUE_PORT_ETHERNET_H */
