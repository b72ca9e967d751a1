/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_CSUM_H
#define FLUE_TCP_CSUM_H

/**
 * @file
 * The Internet checksum. Sums are kept in 64 bits, of words in memory order, and folded once at the
 * end; a sum never overflows for anything shorter than 4 GiB.
 */

#include <stdint.h>

#include "tcp/bytes.h"

/** Add `len` bytes to `sum`, as if they began at an even place. */
uint64_t flue_csum_add(const void *data, uint32_t len, uint64_t sum);

/** The same while copying. The two pieces of memory do not overlap. */
uint64_t flue_csum_copy(void *dst, const void *src, uint32_t len, uint64_t sum);

/** The sum of bytes that begin at an odd place: swap before adding to the rest. */
static inline uint64_t
flue_csum_odd(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xff) << 8) | (sum >> 8);
}

/** 16 bits, memory order, not complemented. */
static inline uint16_t
flue_csum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/** What goes into the checksum field. */
static inline uint16_t
flue_csum_finish(uint64_t sum)
{
	return (uint16_t)~flue_csum_fold(sum);
}

/** The pseudo header of TCP over IPv4; addresses as they lie on the wire. */
static inline uint64_t
flue_csum_pseudo4(uint32_t src, uint32_t dst, uint32_t tcp_len)
{
	return (uint64_t)src + dst + __builtin_bswap16(6) + __builtin_bswap16((uint16_t)tcp_len);
}

#endif /* FLUE_TCP_CSUM_H */
