/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_BENCH_ENGINE_REPLAY_H
#define FLUE_BENCH_ENGINE_REPLAY_H

/** @file An engine between a port that replays bursts from memory and a host that accepts everything, and
 *  the cycles of its passes. */

#include <stdbool.h>
#include <stdint.h>

#include "bench_host.h"

#define BURST 32

enum bench_what {
	RECEIVE,
	TRANSMIT,
	PURE_ACK,
	BENCH_WHATS
};

enum bench_acks {
	/** Each segment draws an ACK: TcpAckFrequency is 1. Transmit: each send is a segment, for the peer takes
	 *  no larger ones. */
	ACKS_EACH,
	/** As hosts have it by default: at most one ACK a burst, every second segment or 40 ms later. */
	ACKS_BURST,
	BENCH_ACKS
};

enum bench_pages {
	PAGES_4K,  /* no huge pages, not even transparent ones */
	PAGES_THP, /* as the kernel gives them */
	PAGES_2M,  /* reserved ones, for the arena */
	BENCH_PAGES
};

struct bench_setting {
	enum bench_what what;
	enum bench_acks acks;
	enum bench_pages pages;
	uint32_t bytes; /* of payload */
	uint32_t flows; /* visited in one random order, again and again */
	uint32_t loss;  /* segments of a hundred */
	bool port_sums; /* checksums are the port's work */
	bool ip6;
	bool bare; /* no timestamps */
};

struct bench;

/** Ends the program when it cannot. */
struct bench *bench_new(const struct bench_setting *setting);
void bench_free(struct bench *b);
struct bench_host *bench_host_of(struct bench *b);

/** What a burst took, TSC cycles a segment. */
struct bench_cost {
	uint32_t main; /* the passes in which what is measured happens */
	uint32_t all; /* and those in which verdicts and returned buffers, or the ACKs of what was sent, are
			  taken */
};

/** One burst, each segment of the next flow. */
struct bench_cost bench_burst(struct bench *b);

/** So many bursts, and one segment of each flow at least. */
void bench_warm(struct bench *b, uint32_t bursts);

#endif /* FLUE_BENCH_ENGINE_REPLAY_H */
