/* SPDX-License-Identifier: Apache-2.0 */

/* The engine's own poll thread. It owns the engine from start to stop. */

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "engine/run.h"

#define SPINS   200
#define YIELDS  50
#define PARK_NS 100000
#define BUDGET  256

static int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/** Spin, then leave the core to others, then sleep: two cores have more to do than to poll. */
static void
idle(unsigned rounds)
{
	struct timespec ts = { 0, 1000 };

	if (rounds < SPINS)
		return;
	if (rounds < SPINS + YIELDS) {
		sched_yield();
		return;
	}
	ts.tv_nsec <<= rounds - SPINS - YIELDS < 7 ? rounds - SPINS - YIELDS : 7;
	if (ts.tv_nsec > PARK_NS)
		ts.tv_nsec = PARK_NS;
	nanosleep(&ts, NULL);
}

static void *
thread_main(void *arg)
{
	struct flue_engine *e = arg;
	unsigned rounds = 0;

	while (!atomic_load_explicit(&e->stop, memory_order_relaxed)) {
		if (flue_engine_pass(e, clock_now(), BUDGET) > 0) {
			rounds = 0;
		} else {
			idle(rounds);
			if (rounds < SPINS + YIELDS + 8)
				rounds++;
		}
	}
	return NULL;
}

int
flue_engine_start(flue_engine *e, int cpu)
{
	int expected = OWNER_NONE;
	int rc;

	if (!atomic_compare_exchange_strong_explicit(&e->owner, &expected, OWNER_THREAD,
			    memory_order_acquire, memory_order_relaxed))
		return expected == OWNER_THREAD ? -EALREADY
		       : expected == OWNER_GONE ? -ESHUTDOWN
						: -EBUSY;
	atomic_store(&e->stop, false);
	rc = pthread_create(&e->thread, NULL, thread_main, e);
	if (rc != 0) {
		atomic_store_explicit(&e->owner, OWNER_NONE, memory_order_release);
		return -rc;
	}
	(void)pthread_setname_np(e->thread, "flue-engine");
	e->thread_runs = true;
	if (cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)cpu, &set);
		rc = pthread_setaffinity_np(e->thread, sizeof(set), &set);
		if (rc != 0) {
			(void)flue_engine_stop(e);
			return -rc;
		}
	}
	return 0;
}

int
flue_engine_stop(flue_engine *e)
{
	int rc;

	if (!e->thread_runs)
		return 0;
	atomic_store_explicit(&e->stop, true, memory_order_relaxed);
	rc = pthread_join(e->thread, NULL);
	if (rc != 0)
		return -rc;
	e->thread_runs = false;
	atomic_store_explicit(&e->owner, OWNER_NONE, memory_order_release);
	return 0;
}
