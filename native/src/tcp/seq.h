/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_SEQ_H
#define FLUE_TCP_SEQ_H

/** @file Sequence numbers: 32 bits, compared modulo 2^32 (RFC 9293 3.4). */

#include <stdbool.h>
#include <stdint.h>

/** Distance from b to a; negative when a lies before b. */
static inline int32_t
flue_seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool
flue_seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool
flue_seq_leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline bool
flue_seq_gt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline bool
flue_seq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static inline uint32_t
flue_seq_max(uint32_t a, uint32_t b)
{
	return flue_seq_lt(a, b) ? b : a;
}

#endif /* FLUE_TCP_SEQ_H */
