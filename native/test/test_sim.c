/* SPDX-License-Identifier: Apache-2.0 */

/* Engine against engine from a seed (sim/sim.h). A few hundred seeds as a test; by hand:
 *
 *   test_sim --seed N [--trace]    one run again, a line for each packet
 *   test_sim --seeds A-B           as many as one likes; stops at the first that fails
 *
 * In a trace a line is a packet as an engine sends (>) or receives (<) it: time in seconds, engine, flags,
 * numbers relative to the first ones, window in bytes, options, ECN, and whether it was sent before. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "sim/sim.h"

#define SEEDS_AS_TEST 400

static uint64_t moves;
static uint64_t again;
static uint64_t packets;
static uint64_t given_up;

static bool
run_with(uint64_t seed, bool scarce, bool trace)
{
	struct sim_params p;
	struct sim_result r;
	bool good;

	sim_params_of(&p, seed);
	p.scarce = scarce;
	if (trace)
		sim_params_print(&p);
	good = sim_run(&p, trace, &r);
	moves += r.moves;
	again += r.retransmits;
	packets += r.packets;
	given_up += r.gave_up;
	if (!good)
		fprintf(stderr,
				"seed %llu%s (%s), at %.6f s: does not hold: %s\n"
				"again with a trace: test_sim --%s %llu --trace\n",
				(unsigned long long)seed, scarce ? " with few records" : "", p.kind,
				(double)r.time / 1e9, r.what, scarce ? "scarce" : "seed",
				(unsigned long long)seed);
	if (trace)
		printf("%s after %.6f s: %llu packets, %llu sent again, %u moves%s, "
		       "hash %016llx\n",
				good ? "good" : "broken", (double)r.time / 1e9,
				(unsigned long long)r.packets, (unsigned long long)r.retransmits,
				r.moves, r.gave_up ? ", gave up" : "", (unsigned long long)r.hash);
	return good;
}

static bool
run_seed(uint64_t seed, bool trace)
{
	return run_with(seed, false, trace);
}

static void
bytes_arrive_through_all_faults_and_moves_and_nothing_is_left(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= SEEDS_AS_TEST; seed++)
		assert_true(run_seed(seed, false));
	assert_true(moves > SEEDS_AS_TEST);
	assert_true(again > 0);
}

/** With what was found. */
static void
seeds_that_once_failed_hold(void **state)
{
	static const uint64_t seeds[] = {
		81318, /* both windows shrank by their rounding: each end found the other's ACKs old */
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		assert_true(run_seed(seeds[i], false));
}

/** Half of the engines have no extra records: nothing of it is lost, nothing hangs. */
static void
bytes_arrive_as_well_where_records_run_out(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= SEEDS_AS_TEST; seed++)
		assert_true(run_with(seed, true, false));
}

static void
the_same_seed_makes_the_same_run(void **state)
{
	struct sim_params p;
	struct sim_result one;
	struct sim_result two;

	(void)state;
	sim_params_of(&p, 7);
	assert_true(sim_run(&p, false, &one) && sim_run(&p, false, &two));
	assert_true(one.hash == two.hash && one.steps == two.steps);
	sim_params_of(&p, 15);
	assert_true(sim_run(&p, false, &two));
	assert_true(one.hash != two.hash);
}

static int
run_seeds(const char *range)
{
	uint64_t from;
	uint64_t to;
	uint64_t seed;
	clock_t begin = clock();
	char *end;

	from = strtoull(range, &end, 10);
	to = *end == '-' ? strtoull(end + 1, NULL, 10) : from;
	for (seed = from; seed <= to; seed++)
		if (!run_seed(seed, false))
			return 1;
	printf("%llu seeds, %.1f in a second of processor time: %llu packets, %llu sent again, "
	       "%llu moves, %llu gave up\n",
			(unsigned long long)(to - from + 1),
			(double)(to - from + 1) * CLOCKS_PER_SEC / (double)(clock() - begin + 1),
			(unsigned long long)packets, (unsigned long long)again,
			(unsigned long long)moves, (unsigned long long)given_up);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_through_all_faults_and_moves_and_nothing_is_left),
		cmocka_unit_test(seeds_that_once_failed_hold),
		cmocka_unit_test(bytes_arrive_as_well_where_records_run_out),
		cmocka_unit_test(the_same_seed_makes_the_same_run),
	};

	if (argc >= 3 && strcmp(argv[1], "--seeds") == 0)
		return run_seeds(argv[2]);
	if (argc >= 3 && strcmp(argv[1], "--seed") == 0)
		return run_seed(strtoull(argv[2], NULL, 10), argc > 3) ? 0 : 1;
	if (argc >= 3 && strcmp(argv[1], "--scarce") == 0)
		return run_with(strtoull(argv[2], NULL, 10), true, argc > 3) ? 0 : 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
