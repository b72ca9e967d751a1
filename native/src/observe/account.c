/* SPDX-License-Identifier: Apache-2.0 */

#include "observe/account.h"

#include <string.h>

#define TRIES 16

_Static_assert((FLUE_ACCOUNT_GAP & (FLUE_ACCOUNT_GAP - 1)) == 0, "a mask of it is taken");
_Static_assert(FLUE_CTR_CYCLES_PUBLISH - FLUE_CTR_CYCLES_PORT_RECEIVE == FLUE_PARTS - 1,
		"a counter for each part, in one order");

/** 1 where there is no such counter: all intervals come out as nothing. */
static inline uint64_t
cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t n;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(n));
	return n;
#else
	return 1;
#endif
}

void
flue_account_init(struct flue_account *a)
{
	int i;

	memset(a, 0, sizeof(*a));
	a->cost = UINT64_MAX;
	for (i = 0; i < TRIES; i++) {
		uint64_t start = cycles();
		uint64_t n = cycles() - start;

		if (n < a->cost)
			a->cost = n;
	}
}

void
flue_account_begin(struct flue_account *a, const uint64_t *ctr)
{
	memset(a->part, 0, sizeof(a->part));
	a->segments_in = ctr[FLUE_CTR_IN_SEGMENTS];
	a->segments_out = ctr[FLUE_CTR_OUT_SEGMENTS];
	/* Irregular, or what comes every so many passes would be seen always or never. */
	a->random = a->random * 1664525 + 1013904223;
	a->left = FLUE_ACCOUNT_GAP / 2 + (a->random >> 16 & (FLUE_ACCOUNT_GAP - 1));
	a->at = cycles();
}

void
flue_account_add(struct flue_account *a, enum flue_part part)
{
	uint64_t now = cycles();
	uint64_t n = now - a->at;

	/* Another processor's counter may be behind. */
	if ((int64_t)n > (int64_t)a->cost)
		a->part[part] += n - a->cost;
	a->at = now;
}

void
flue_account_end(struct flue_account *a, uint64_t *ctr, bool idle)
{
	uint64_t out = ctr[FLUE_CTR_OUT_SEGMENTS] - a->segments_out;
	int i;

	flue_account_add(a, FLUE_PART_PUBLISH);
	a->at = 0;
	ctr[FLUE_CTR_CYCLES_PASSES]++;
	ctr[FLUE_CTR_CYCLES_SEGMENTS_IN] += ctr[FLUE_CTR_IN_SEGMENTS] - a->segments_in;
	ctr[FLUE_CTR_CYCLES_SEGMENTS_OUT] += out;
	idle = idle && out == 0;
	for (i = 0; i < FLUE_PARTS; i++)
		ctr[idle ? FLUE_CTR_CYCLES_IDLE : FLUE_CTR_CYCLES_PORT_RECEIVE + i] += a->part[i];
}
