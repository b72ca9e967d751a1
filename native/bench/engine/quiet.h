/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_BENCH_ENGINE_QUIET_H
#define FLUE_BENCH_ENGINE_QUIET_H

/** @file Repetitions that nothing disturbed: before and after each one additions are timed, which take longer
 *  where something else computes on the same core, on its other thread for instance. */

#include "replay.h"

/** How often repetitions are made again, as many times as were asked for. */
#define BENCH_AGAIN 100

/** One repetition. */
struct bench_sample {
	struct bench_cost cost;
	bool quiet;
};

/**
 * Bursts until `reps` of them were undisturbed, or BENCH_AGAIN times as many were made; warms up first.
 * @param samples the ones that count come first; the caller's, to be freed
 * @param percent of all, how many were undisturbed; may be NULL
 * @return how many count: the undisturbed ones, all where they are less than a quarter of `reps`
 */
uint32_t
bench_repeat(struct bench *b, uint32_t reps, struct bench_sample **samples, uint32_t *percent);

#endif /* FLUE_BENCH_ENGINE_QUIET_H */
