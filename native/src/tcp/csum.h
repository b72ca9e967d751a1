/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_CSUM_H
#define FLUE_TCP_CSUM_H

/**
 * @file
 * The Internet checksum. Sums are kept in 64 bits, of words in memory order, and folded once at the
 * end; a sum never overflows for anything shorter than 4 GiB.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tcp/bytes.h"

/** How sums of many bytes are made. */
struct flue_csum_ways {
	uint64_t (*add)(const uint8_t *data, uint32_t len, uint64_t sum);
	uint64_t (*copy)(uint8_t *dst, const uint8_t *src, uint32_t len, uint64_t sum);
};

/**
 * Use the processor's vectors where it has them, or do not: for tests and benchmarks, which see both ways.
 * Nobody may be summing. When the library is loaded they are chosen.
 * @return they are in use
 */
bool flue_csum_choose(bool vectors);

/** flue_csum_add() of any length. */
uint64_t flue_csum_long(const void *data, uint32_t len, uint64_t sum);

/** The same while copying. The two pieces of memory do not overlap. */
uint64_t flue_csum_copy(void *dst, const void *src, uint32_t len, uint64_t sum);

/** A few bytes, to a sum far from the end of its range. */
static inline uint64_t
flue_csum_short(const uint8_t *p, uint32_t len, uint64_t sum)
{
	for (; len >= 8; len -= 8, p += 8)
		sum += (uint64_t)flue_load32(p) + flue_load32(p + 4);
	if (len & 4) {
		sum += flue_load32(p);
		p += 4;
	}
	if (len & 2) {
		sum += flue_load16(p);
		p += 2;
	}
	if (len & 1)
		sum += *p;
	return sum;
}

/** Add `len` bytes to `sum`, as if they began at an even place. A header's in line. */
static inline uint64_t
flue_csum_add(const void *data, uint32_t len, uint64_t sum)
{
	if (len > 64)
		return flue_csum_long(data, len, sum);
	return flue_csum_short(data, len, (sum & 0xffffffff) + (sum >> 32));
}

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

/** ... of a sum that stays below 2^32 - 2^16. */
static inline uint16_t
flue_csum_fold32(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static inline uint16_t
flue_csum_finish32(uint32_t sum)
{
	return (uint16_t)~flue_csum_fold32(sum);
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
