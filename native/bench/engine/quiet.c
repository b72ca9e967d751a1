/* SPDX-License-Identifier: Apache-2.0 */

#include "quiet.h"

#include <stdlib.h>

#include "calibrate.h"

#define IN_A_ROW 16 /* until what was disturbed is in the caches again */

/** What the additions may take: with their loop they are 625 cycles of the core where nothing disturbs them, and the
 *  multiplications, which hardly anything disturbs, 4000. A fifth of those is a quarter more. */
static uint64_t
limit(void)
{
	static uint64_t cycles;

	if (cycles == 0)
		cycles = bench_multiplications() / 5;
	return cycles;
}

/** The quiet ones to the front. @return how many */
static uint32_t
select_quiet(struct bench_sample *samples, uint32_t n)
{
	uint32_t kept = 0;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct bench_sample s = samples[i];

		if (s.quiet) {
			samples[i] = samples[kept];
			samples[kept++] = s;
		}
	}
	return kept;
}

uint32_t
bench_repeat(struct bench *b, uint32_t reps, struct bench_sample **samples, uint32_t *percent)
{
	struct bench_sample *all = calloc((size_t)reps * BENCH_AGAIN, sizeof(*all));
	uint32_t good = 0;
	uint32_t row = 0;
	uint32_t n;

	bench_warm(b, reps / 4);
	for (n = 0; n < reps * BENCH_AGAIN && good < reps; n++) {
		all[n].cost = bench_burst(b);
		/* What stands after one repetition stands before the next. */
		row = bench_additions() <= limit() ? row + 1 : 0;
		all[n].quiet = row >= IN_A_ROW;
		good += all[n].quiet;
	}
	*samples = all;
	good = select_quiet(all, n);
	if (percent != NULL)
		*percent = good * 100 / n;
	return good < reps / 4 ? n : good;
}
