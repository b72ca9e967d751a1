/* SPDX-License-Identifier: Apache-2.0 */

#include "tcp/csum.h"

/** Up to seven bytes, the tail. */
static uint64_t
csum_tail(const uint8_t *p, uint32_t len, uint64_t sum)
{
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

/* Halves of 64-bit words in separate sums: no carry to follow, and the compiler makes vectors of
 * the loop. */
uint64_t
flue_csum_add(const void *data, uint32_t len, uint64_t sum)
{
	const uint8_t *p = data;
	uint64_t lo[4] = { 0, 0, 0, 0 };
	uint64_t hi[4] = { 0, 0, 0, 0 };
	int i;

	for (; len >= 32; len -= 32, p += 32) {
		for (i = 0; i < 4; i++) {
			uint64_t w = flue_load64(p + 8 * i);

			lo[i] += w & 0xffffffff;
			hi[i] += w >> 32;
		}
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	for (i = 0; i < 4; i++)
		sum += lo[i] + hi[i];
	for (; len >= 8; len -= 8, p += 8)
		sum += (uint64_t)flue_load32(p) + flue_load32(p + 4);
	return csum_tail(p, len, sum);
}

uint64_t
flue_csum_copy(void *dst, const void *src, uint32_t len, uint64_t sum)
{
	const uint8_t *p = src;
	uint8_t *q = dst;
	uint64_t lo[4] = { 0, 0, 0, 0 };
	uint64_t hi[4] = { 0, 0, 0, 0 };
	int i;

	for (; len >= 32; len -= 32, p += 32, q += 32) {
		for (i = 0; i < 4; i++) {
			uint64_t w = flue_load64(p + 8 * i);

			flue_store64(q + 8 * i, w);
			lo[i] += w & 0xffffffff;
			hi[i] += w >> 32;
		}
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	for (i = 0; i < 4; i++)
		sum += lo[i] + hi[i];
	for (; len >= 8; len -= 8, p += 8, q += 8) {
		uint64_t w = flue_load64(p);

		flue_store64(q, w);
		sum += (w & 0xffffffff) + (w >> 32);
	}
	sum = csum_tail(p, len, sum);
	while (len-- > 0)
		*q++ = *p++;
	return sum;
}
