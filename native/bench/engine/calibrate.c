/* SPDX-License-Identifier: Apache-2.0 */

#include "calibrate.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "tcp/csum.h"

#define TIMES  101
#define ROUNDS 1000

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t
multiply(void)
{
	uint64_t start = __rdtsc();
	volatile uint64_t sink;
	uint64_t x = start | 1;
	int i;

	for (i = 0; i < 1000; i++)
		x *= x | 3;
	sink = x;
	(void)sink;
	return __rdtsc() - start;
}

uint64_t
bench_multiplications(void)
{
	uint64_t times[TIMES];
	int i;

	for (i = 0; i < TIMES; i++)
		times[i] = multiply();
	qsort(times, TIMES, sizeof(times[0]), compare);
	return times[TIMES / 2];
}

uint64_t
bench_additions(void)
{
	uint64_t start = __rdtsc();
	uint64_t a = 0;
	uint64_t b = 0;
	uint64_t c = 0;
	uint64_t d = 0;
	int i;

	for (i = 0; i < 250; i++)
		__asm__ volatile("inc %0; inc %1; inc %2; inc %3; inc %0; inc %1; inc %2; inc %3"
				 : "+r"(a), "+r"(b), "+r"(c), "+r"(d)::"cc");
	return __rdtsc() - start;
}

double
bench_tsc_ghz(void)
{
	struct timespec a;
	struct timespec b;
	uint64_t start;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC_RAW, &a);
	start = __rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC_RAW, &b);
		ns = (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000 + (uint64_t)b.tv_nsec -
		     (uint64_t)a.tv_nsec;
	} while (ns < 20000000);
	return (double)(__rdtsc() - start) / (double)ns;
}

/* ---- Copy and checksum ------------------------------------------------------------------------ */

static uint32_t
copy(uint32_t bytes)
{
	static uint8_t from[2048];
	static uint8_t to[2048];
	uint64_t times[TIMES];
	int i;
	int k;

	for (i = 0; i < TIMES; i++) {
		uint64_t start = __rdtsc();

		for (k = 0; k < ROUNDS; k++) {
			memcpy(to, from, bytes);
			__asm__ volatile("" ::: "memory");
		}
		times[i] = (__rdtsc() - start) / ROUNDS;
	}
	qsort(times, TIMES, sizeof(times[0]), compare);
	return (uint32_t)times[TIMES / 2];
}

static uint32_t
checksum(uint32_t bytes)
{
	static uint8_t data[2048];
	uint64_t times[TIMES];
	volatile uint64_t sink;
	int i;
	int k;

	for (i = 0; i < TIMES; i++) {
		uint64_t start = __rdtsc();
		uint64_t sum = 0;

		for (k = 0; k < ROUNDS; k++) {
			__asm__ volatile("" ::: "memory");
			sum = flue_csum_add(data, bytes, sum & 0xffff);
		}
		sink = sum;
		times[i] = (__rdtsc() - start) / ROUNDS;
	}
	(void)sink;
	qsort(times, TIMES, sizeof(times[0]), compare);
	return (uint32_t)times[TIMES / 2];
}

/* ---- A line between two cores ----------------------------------------------------------------- */

struct ball {
	_Alignas(64) _Atomic uint32_t ping;
	_Alignas(64) _Atomic uint32_t pong;
};

static void
pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void *
other(void *arg)
{
	struct ball *ball = arg;
	uint32_t i;

	pin(1);
	for (i = 1; i <= TIMES * ROUNDS; i++) {
		while (atomic_load_explicit(&ball->ping, memory_order_acquire) != i)
			;
		atomic_store_explicit(&ball->pong, i, memory_order_release);
	}
	return NULL;
}

static uint32_t
ping_pong(void)
{
	static struct ball ball;
	uint64_t times[TIMES];
	cpu_set_t before;
	pthread_t thread;
	uint32_t n = 0;
	int i;
	int k;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || sched_getaffinity(0, sizeof(before), &before) < 0)
		return 0;
	if (pthread_create(&thread, NULL, other, &ball) != 0)
		return 0;
	pin(0);
	for (i = 0; i < TIMES; i++) {
		uint64_t start = __rdtsc();

		for (k = 0; k < ROUNDS; k++) {
			atomic_store_explicit(&ball.ping, ++n, memory_order_release);
			while (atomic_load_explicit(&ball.pong, memory_order_acquire) != n)
				;
		}
		times[i] = (__rdtsc() - start) / ROUNDS;
	}
	pthread_join(thread, NULL);
	(void)sched_setaffinity(0, sizeof(before), &before);
	atomic_store(&ball.ping, 0);
	atomic_store(&ball.pong, 0);
	qsort(times, TIMES, sizeof(times[0]), compare);
	return (uint32_t)times[TIMES / 2];
}

/* ---- What a miss costs ------------------------------------------------------------------------ */

/** Dependent loads through all lines of so much memory, in one random cycle. */
static uint32_t
chase(size_t bytes, int advice)
{
	size_t lines = bytes / 64;
	uint8_t *memory = mmap(
			NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t state = 88172645463325252u;
	uint64_t start;
	uint64_t *at;
	size_t i;

	if (memory == MAP_FAILED)
		return 0;
	(void)madvise(memory, bytes, advice);
	for (i = 0; i < lines; i++)
		*(uint64_t *)(memory + i * 64) = i;
	/* Sattolo: the cycle goes through all. */
	for (i = lines - 1; i > 0; i--) {
		uint64_t *a = (uint64_t *)(memory + i * 64);
		uint64_t *b;
		uint64_t t;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		b = (uint64_t *)(memory + state % i * 64);
		t = *a;
		*a = *b;
		*b = t;
	}
	at = (uint64_t *)memory;
	for (i = 0; i < lines && i < 500000; i++)
		at = (uint64_t *)(memory + *at * 64);
	start = __rdtsc();
	for (i = 0; i < 500000; i++)
		at = (uint64_t *)(memory + *at * 64);
	start = __rdtsc() - start;
	/* So that the loads are needed. */
	start += *at == UINT64_MAX;
	munmap(memory, bytes);
	return (uint32_t)(start / 500000);
}

/** Lines that nothing waits for, into the second level cache, 32 at a time. */
static uint32_t
gather(size_t bytes)
{
	uint8_t *memory = mmap(
			NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t state = 88172645463325252u;
	uint64_t sum = 0;
	uint64_t took = 0;
	size_t at[32];
	int i;
	int k;

	if (memory == MAP_FAILED)
		return 0;
	(void)madvise(memory, bytes, MADV_HUGEPAGE);
	memset(memory, 1, bytes);
	for (i = 0; i < 16384; i++) {
		uint64_t start;

		for (k = 0; k < 32; k++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			at[k] = state % (bytes / 64) * 64;
		}
		start = __rdtsc();
		for (k = 0; k < 32; k++)
			__builtin_prefetch(memory + at[k], 0, 2);
		for (k = 0; k < 32; k++)
			sum += memory[at[k]];
		took += __rdtsc() - start;
	}
	took += sum == 0;
	munmap(memory, bytes);
	return (uint32_t)(took / 16384 / 32);
}

void
bench_calibrate(struct bench_calibration *c, int memory)
{
	memset(c, 0, sizeof(*c));
	c->tsc_ghz = bench_tsc_ghz();
	c->multiply = (uint32_t)bench_multiplications();
	c->copy64 = copy(64);
	c->copy1448 = copy(1448);
	c->checksum64 = checksum(64);
	c->checksum1448 = checksum(1448);
	c->ping_pong = ping_pong();
	c->load_l1 = chase(16 << 10, MADV_NORMAL);
	c->load_l2 = chase(256 << 10, MADV_NORMAL);
	if (!memory)
		return;
	c->load_l3 = chase(8 << 20, MADV_HUGEPAGE);
	c->load_dram = chase((size_t)512 << 20, MADV_HUGEPAGE);
	c->gather_dram = gather((size_t)512 << 20);
	c->load_dram4k = chase((size_t)512 << 20, MADV_NOHUGEPAGE);
}
