/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_BYTES_H
#define FLUE_TCP_BYTES_H

/** @file Unaligned loads, stores and short copies. be = network byte order on the wire, host order in hand. */

#include <stdint.h>
#include <string.h>

static inline uint16_t
flue_load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t
flue_load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t
flue_load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void
flue_store16(void *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void
flue_store32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void
flue_store64(void *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline uint16_t
flue_load16be(const void *p)
{
	return __builtin_bswap16(flue_load16(p));
}

static inline uint32_t
flue_load32be(const void *p)
{
	return __builtin_bswap32(flue_load32(p));
}

static inline void
flue_store16be(void *p, uint16_t v)
{
	flue_store16(p, __builtin_bswap16(v));
}

static inline void
flue_store32be(void *p, uint32_t v)
{
	flue_store32(p, __builtin_bswap32(v));
}

/** A few bytes, most often a message: in line, where a call costs as much as copying. Never beyond `n` at
 *  either end; what lies in the middle may be copied twice. */
static inline void
flue_copy_small(uint8_t *to, const uint8_t *from, uint32_t n)
{
	if (n - 32 <= 32) {
		memcpy(to, from, 32);
		memcpy(to + n - 32, from + n - 32, 32);
	} else if (n - 16 < 16) {
		memcpy(to, from, 16);
		memcpy(to + n - 16, from + n - 16, 16);
	} else if (n - 8 < 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else {
		memcpy(to, from, n);
	}
}

/** memset(p, 0, bytes) of a constant number of whole lines: in vectors, where one memset() of all becomes a string
 *  instruction, which takes longer to start than a segment has. */
#define flue_zero_lines(p, bytes)                                    \
	do {                                                         \
		_Static_assert((bytes) % 64 == 0, "whole lines");    \
		for (size_t line_ = 0; line_ < (bytes); line_ += 64) \
			memset((uint8_t *)(p) + line_, 0, 64);       \
	} while (0)

#endif /* FLUE_TCP_BYTES_H */
