/* SPDX-License-Identifier: Apache-2.0 */

/* The engine's own poll thread. It owns the engine from start to stop. */

#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "engine/run.h"

#define SPINS   200
#define YIELDS  50
#define PARK_NS 100000
#define BUDGET  256

#define DOZE_NS       10000000
#define DOZE_GROUP_NS 1000000
#define DOZE_LEAST_NS 50000

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

/* ---- Interrupts ------------------------------------------------------------------------------- */

static bool
submitted(const struct flue_engine *e)
{
	int i;

	for (i = 0; i < e->nchans; i++)
		if (__atomic_load_n(&e->chans[i].header->sub_tail, __ATOMIC_ACQUIRE) !=
				e->chans[i].sub_head)
			return true;
	return false;
}

static void
tell_sleep(struct flue_engine *e, uint32_t sleeps)
{
	int i;

	for (i = 0; i < e->nchans; i++)
		__atomic_store_n(&e->chans[i].header->engine_sleeps, sleeps, __ATOMIC_RELAXED);
	/* Who submits stores first and then looks whether we sleep; we the other way round. */
	atomic_thread_fence(memory_order_seq_cst);
}

/** Until there is something to do, or the next timer. Others may have segments for us, and finished
 *  transmissions do not interrupt: so not for long. */
static void
doze(struct flue_engine *e)
{
	int64_t most = e->group != NULL ? DOZE_GROUP_NS : DOZE_NS;
	int64_t due = flue_engine_next_deadline(e) - clock_now();
	uint64_t count;

	if (due < DOZE_LEAST_NS)
		return;
	tell_sleep(e, 1);
	if (!submitted(e) && !atomic_load_explicit(&e->stop, memory_order_relaxed))
		e->port->ops->doze(e->port, e->wake, due < most ? due : most);
	tell_sleep(e, 0);
	if (read(e->wake, &count, sizeof(count)) < 0) {
		/* Nobody has called. */
	}
}

/** A pass found nothing, `rounds` times before. @return whether the port is armed now */
static bool
idle_interrupt(struct flue_engine *e, unsigned rounds, bool armed)
{
	if (rounds < SPINS)
		return armed;
	if (!armed)
		return e->port->ops->arm(e->port, e->wake, true) == 0;
	doze(e);
	return true;
}

static int
interrupt_prepare(struct flue_engine *e)
{
	int rc;

	if (e->port->ops->arm == NULL)
		return -ENOTSUP;
	if (e->wake < 0)
		e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->wake < 0)
		return -errno;
	rc = e->port->ops->arm(e->port, e->wake, true);
	if (rc == 0)
		return e->port->ops->arm(e->port, e->wake, false);
	return rc;
}

void
flue_engine_wake(flue_engine *e)
{
	const uint64_t one = 1;

	if (e->wake >= 0 && write(e->wake, &one, sizeof(one)) < 0) {
		/* It has been called so often that it is awake. */
	}
}

/* ---- The thread ------------------------------------------------------------------------------- */

static void *
thread_main(void *arg)
{
	struct flue_engine *e = arg;
	unsigned rounds = 0;
	bool armed = false;

	while (!atomic_load_explicit(&e->stop, memory_order_relaxed)) {
		if (flue_engine_pass(e, clock_now(), BUDGET) > 0) {
			if (armed)
				armed = e->port->ops->arm(e->port, e->wake, false) != 0;
			rounds = 0;
			continue;
		}
		if (e->idle == FLUE_IDLE_BACKOFF)
			idle(rounds);
		else if (e->idle == FLUE_IDLE_YIELD)
			sched_yield();
		else if (e->idle == FLUE_IDLE_INTERRUPT)
			armed = idle_interrupt(e, rounds, armed);
		if (rounds < SPINS + YIELDS + 8)
			rounds++;
	}
	if (armed)
		(void)e->port->ops->arm(e->port, e->wake, false);
	return NULL;
}

static int
thread_start(struct flue_engine *e, int cpu)
{
	cpu_set_t set;
	int rc;

	atomic_store(&e->stop, false);
	rc = pthread_create(&e->thread, NULL, thread_main, e);
	if (rc != 0)
		return -rc;
	(void)pthread_setname_np(e->thread, "flue-engine");
	e->thread_runs = true;
	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	rc = pthread_setaffinity_np(e->thread, sizeof(set), &set);
	if (rc != 0)
		(void)flue_engine_stop(e);
	return -rc;
}

int
flue_engine_start_idle(flue_engine *e, int cpu, int idle_policy)
{
	int other;
	int rc = 0;

	if (idle_policy < FLUE_IDLE_BACKOFF || idle_policy > FLUE_IDLE_INTERRUPT ||
			cpu >= CPU_SETSIZE)
		return -EINVAL;
	other = flue_engine_take(e, OWNER_THREAD);
	if (other != OWNER_NONE)
		return other == OWNER_THREAD ? -EALREADY
		       : other == OWNER_GONE ? -ESHUTDOWN
					     : -EBUSY;
	e->idle = idle_policy;
	if (idle_policy == FLUE_IDLE_INTERRUPT)
		rc = interrupt_prepare(e);
	if (rc == 0)
		rc = thread_start(e, cpu);
	if (rc < 0 && !e->thread_runs)
		atomic_store_explicit(&e->owner, OWNER_NONE, memory_order_release);
	return rc;
}

int
flue_engine_start(flue_engine *e, int cpu)
{
	return flue_engine_start_idle(e, cpu, FLUE_IDLE_BACKOFF);
}

int
flue_engine_stop(flue_engine *e)
{
	int rc;

	if (!e->thread_runs)
		return 0;
	atomic_store_explicit(&e->stop, true, memory_order_relaxed);
	flue_engine_wake(e);
	rc = pthread_join(e->thread, NULL);
	if (rc != 0)
		return -rc;
	e->thread_runs = false;
	atomic_store_explicit(&e->owner, OWNER_NONE, memory_order_release);
	return 0;
}
