/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_BENCH_ENGINE_SCALE_H
#define FLUE_BENCH_ENGINE_SCALE_H

/** @file What many connections take: memory by kind, segments to random ones, setting up and taking down. */

#include <stdbool.h>
#include <stdint.h>

#include "replay.h"

/** Memory of an engine for `flows` connections, all of them offloaded, and 64 byte segments a second on one
 *  core, each to a random one. */
void bench_scale(uint32_t flows, enum bench_pages pages, uint32_t reps, bool json);

/** By second. */
struct bench_spread {
	double p10;
	double p50;
	double p90;
};

/** Of a million connections: contexts and flow table, and segments as above. */
void bench_million(uint32_t reps, double *mib, struct bench_spread *per_second);

/** Connections initiated and terminated, in trees of 64, the host's part included. */
void bench_pairs(uint32_t reps, struct bench_spread *per_second);

/** Initiate and terminate trees of 64 connections, neighbor and path and all, on one core. */
void bench_trees(uint32_t reps, bool json);

#endif /* FLUE_BENCH_ENGINE_SCALE_H */
