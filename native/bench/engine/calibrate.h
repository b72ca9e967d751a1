/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_BENCH_ENGINE_CALIBRATE_H
#define FLUE_BENCH_ENGINE_CALIBRATE_H

/** @file Fixed kernels, measured beside the engine, so that figures of two machines, or of a machine under
 *  different load, can be set in proportion. TSC cycles, medians. */

#include <stdint.h>

struct bench_calibration {
	double tsc_ghz;
	uint32_t multiply;   /* 1000 dependent multiplications */
	uint32_t copy64;     /* memcpy in L1 */
	uint32_t copy1448;   /* ... */
	uint32_t checksum64; /* the engine's Internet checksum, in L1 */
	uint32_t checksum1448;
	uint32_t ping_pong;   /* a cache line to another core and back; 0 = one core */
	uint32_t load_l1;     /* dependent loads, one a line, in 16 KiB */
	uint32_t load_l2;     /* 256 KiB */
	uint32_t load_l3;     /* 8 MiB */
	uint32_t load_dram;   /* 512 MiB */
	uint32_t gather_dram; /* ... each of 32 independent ones that were prefetched */
	uint32_t load_dram4k; /* ... in pages of 4 KiB; the others: transparent huge pages */
};

/** Time stamp counter, measured against the clock for 20 ms. */
double bench_tsc_ghz(void);

/** 1000 multiplications, each of the one before: the median of some times. */
uint64_t bench_multiplications(void);

/** 2000 additions in four chains, once: they take longer while something else computes on the same core, of which
 *  the multiplications hardly notice anything. */
uint64_t bench_additions(void);

/** All of them: a second or so; with the last three, which take memory, only when `memory`. */
void bench_calibrate(struct bench_calibration *c, int memory);

#endif /* FLUE_BENCH_ENGINE_CALIBRATE_H */
