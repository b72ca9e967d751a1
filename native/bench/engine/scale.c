/* SPDX-License-Identifier: Apache-2.0 */

#include "scale.h"

#include <x86intrin.h>

#include "calibrate.h"
#include "quiet.h"

#define TREE 64

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* ---- Memory ----------------------------------------------------------------------------------- */

struct kind {
	const char *name;
	uint64_t count;
	uint64_t bytes; /* of one */
};

/** Bytes of this process in transparent huge pages. */
static uint64_t
huge_bytes(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	unsigned long long kib = 0;
	char line[128];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "AnonHugePages: %llu kB", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib * 1024;
}

static uint64_t
table_and_contexts(const struct flue_engine *e)
{
	uint64_t buckets = (uint64_t)e->flow.mask + 1;

	return (uint64_t)e->conn_ids.size * sizeof(struct flue_conn) +
	       (buckets + buckets / FLUE_FLOW_PER_SPILL) * sizeof(struct flue_flow_bucket);
}

static void
memory(const struct flue_engine *e, uint32_t flows, bool json)
{
	const uint64_t buckets = (uint64_t)e->flow.mask + 1;
	const struct kind kinds[] = {
		{ "contexts", e->conn_ids.size, sizeof(struct flue_conn) },
		{ "flow table", buckets, sizeof(struct flue_flow_bucket) },
		{ "flow table: spill", buckets / FLUE_FLOW_PER_SPILL,
				sizeof(struct flue_flow_bucket) },
		{ "free contexts", e->conn_ids.size, sizeof(uint32_t) },
		{ "ready queue", (uint64_t)e->ready_mask + 1, sizeof(uint32_t) },
		{ "queue of senders", (uint64_t)e->senders_mask + 1, sizeof(uint32_t) },
		{ "queues of timers", 2 * ((uint64_t)e->acks.mask + 1),
				sizeof(struct flue_timer_entry) },
		{ "extras (pool)", e->extra_ids.size, sizeof(struct flue_extra) },
		{ "profiles (pool)", e->profile_ids.size, sizeof(struct flue_profile) },
		{ "loss episodes (pool)", e->episode_ids.size, sizeof(struct flue_episode) },
		{ "scoreboard runs (pool)", e->runs.size, sizeof(struct flue_run) },
		{ "send pieces (pool)", e->piece_ids.size, sizeof(struct flue_piece) },
		{ "indications (pool)", e->rx_ids.size, sizeof(struct flue_rx_shared) },
		{ "slabs of copied data (pool)", e->slabs.ids.size, FLUE_SLAB_BYTES },
		{ "paths", (uint64_t)e->config.max_paths, sizeof(struct flue_path) },
		{ "neighbors", (uint64_t)e->config.max_neighbors, sizeof(struct flue_neighbor) },
	};
	const uint32_t n = sizeof(kinds) / sizeof(kinds[0]);
	uint64_t hot = table_and_contexts(e);
	uint64_t all = 0;
	uint32_t i;

	printf(json ? " \"memory\":["
		    : "memory                             count  bytes        MiB  bytes/connection\n");
	for (i = 0; i < n; i++) {
		uint64_t bytes = kinds[i].count * kinds[i].bytes;

		all += bytes;
		if (json)
			printf("%s\n  {\"kind\":\"%s\",\"count\":%llu,\"bytes\":%llu}",
					i > 0 ? "," : "", kinds[i].name,
					(unsigned long long)kinds[i].count,
					(unsigned long long)kinds[i].bytes);
		else
			printf("  %-28s %9llu %6llu %10.2f %10.2f\n", kinds[i].name,
					(unsigned long long)kinds[i].count,
					(unsigned long long)kinds[i].bytes,
					(double)bytes / (1 << 20), (double)bytes / flows);
	}
	if (json)
		printf("\n ],\n \"contexts_and_table_bytes\":%llu,\"all_bytes\":%llu,\"spilled\":%u,"
		       "\"transparent_huge_bytes\":%llu,\n",
				(unsigned long long)hot, (unsigned long long)all, e->flow.spilled,
				(unsigned long long)huge_bytes());
	else
		printf("  contexts and flow table %.1f MiB; all %.1f MiB; flows in the spill %u; %.1f MiB in "
		       "transparent pages of 2 MiB\n",
				(double)hot / (1 << 20), (double)all / (1 << 20), e->flow.spilled,
				(double)huge_bytes() / (1 << 20));
}

/** Sorted ones. */
static struct bench_spread
spread(const uint64_t *cycles, uint32_t n, double ghz)
{
	return (struct bench_spread){ ghz * 1e9 / (double)cycles[n - n / 10 - 1],
		ghz * 1e9 / (double)cycles[n / 2], ghz * 1e9 / (double)cycles[n / 10] };
}

/** @param n how many there are of what is returned: all cycles of each burst by segment, sorted; the caller's */
static uint64_t *
random_segments(struct bench *b, uint32_t reps, uint32_t *n)
{
	struct bench_sample *samples;
	uint64_t *cycles;
	uint32_t i;

	*n = bench_repeat(b, reps, &samples, NULL);
	cycles = calloc(*n, sizeof(*cycles));
	for (i = 0; i < *n; i++)
		cycles[i] = samples[i].cost.all;
	free(samples);
	qsort(cycles, *n, sizeof(*cycles), compare);
	return cycles;
}

static struct bench *
many_new(uint32_t flows, enum bench_pages pages, enum bench_acks acks)
{
	struct bench_setting set = { .what = RECEIVE,
		.acks = acks,
		.pages = pages,
		.bytes = 64,
		.flows = flows,
		.port_sums = true };

	return bench_new(&set);
}

void
bench_scale(uint32_t flows, enum bench_pages pages, uint32_t reps, bool json)
{
	static const char *const names[] = { "each", "burst" };
	double ghz = bench_tsc_ghz();
	int acks;

	if (json)
		printf("{\"flows\":%u,\"tsc_ghz\":%.3f,\n", flows, ghz);
	for (acks = ACKS_EACH; acks <= ACKS_BURST; acks++) {
		struct bench *b = many_new(flows, pages, (enum bench_acks)acks);
		uint32_t n;
		uint64_t *cycles = random_segments(b, reps, &n);
		unsigned long long p10 = cycles[n / 10];
		unsigned long long p50 = cycles[n / 2];
		unsigned long long p90 = cycles[n - n / 10 - 1];

		if (acks == ACKS_EACH)
			memory(bench_host_of(b)->e, flows, json);
		if (json)
			printf(" \"receive_64_%s\":{\"p10\":%llu,\"p50\":%llu,\"p90\":%llu,"
			       "\"segments_per_second\":%.0f}%s\n",
					names[acks], p10, p50, p90, ghz * 1e9 / (double)p50,
					acks == ACKS_EACH ? "," : "}");
		else
			printf("receive 64 B to random connections, acks %-5s: p10 %llu p50 %llu p90 %llu "
			       "cycles with verdicts and returns; %.2f M segments/s\n",
					names[acks], p10, p50, p90, ghz * 1e3 / (double)p50);
		free(cycles);
		bench_free(b);
	}
}

void
bench_million(uint32_t reps, double *mib, struct bench_spread *per_second)
{
	struct bench *b = many_new(1000000, PAGES_THP, ACKS_BURST);
	uint32_t n;
	uint64_t *cycles = random_segments(b, reps, &n);

	*mib = (double)table_and_contexts(bench_host_of(b)->e) / (1 << 20);
	*per_second = spread(cycles, n, bench_tsc_ghz());
	free(cycles);
	bench_free(b);
}

/* ---- Trees ------------------------------------------------------------------------------------ */

static uint64_t
timed(struct bench_host *h, uint32_t op, flue_ref root)
{
	uint64_t start = __rdtsc();

	operate(h, op, root);
	return __rdtsc() - start;
}

/** One of them: state written by the host, initiated, all tokens there, terminated. @return cycles */
static uint64_t
pair(struct bench_host *h, struct bench_tree *t, uint64_t *initiate, uint64_t *terminate)
{
	uint64_t start = __rdtsc();

	*(uint64_t *)flue_ref_resolve(t->neighbor_slot, 8) = 0;
	*(uint64_t *)flue_ref_resolve(t->path_slot, 8) = 0;
	tree_fill(h, t, 0, TREE);
	*initiate = timed(h, FLUE_SUB_INITIATE, t->root) / TREE;
	if (*(uint64_t *)flue_ref_resolve(t->slot[TREE - 1], 8) == 0)
		exit(3);
	*terminate = timed(h, FLUE_SUB_TERMINATE, t->root) / TREE;
	if (t->neighbor->status != FLUE_STATUS_SUCCESS)
		exit(3);
	return (__rdtsc() - start) / TREE;
}

/** Sorted: of all, of initiating, of terminating. */
static void
tree_times(uint32_t reps, uint64_t *times[3])
{
	struct bench_setting set = {
		.what = RECEIVE, .acks = ACKS_BURST, .pages = PAGES_THP, .bytes = 64, .flows = 1
	};
	struct bench *b = bench_new(&set);
	struct bench_host *h = bench_host_of(b);
	struct bench_tree t;
	uint32_t i;
	int k;

	for (k = 0; k < 3; k++)
		times[k] = calloc(reps, sizeof(uint64_t));
	tree_make(h, &t, TREE);
	/* Not that of the connection which is there. */
	*t.last = 77;
	for (i = 0; i < reps / 4; i++)
		(void)pair(h, &t, times[1], times[2]);
	for (i = 0; i < reps; i++) {
		h->now += 1000000;
		times[0][i] = pair(h, &t, times[1] + i, times[2] + i);
	}
	for (k = 0; k < 3; k++)
		qsort(times[k], reps, sizeof(uint64_t), compare);
	tree_free(&t);
	bench_free(b);
}

void
bench_pairs(uint32_t reps, struct bench_spread *per_second)
{
	uint64_t *times[3];
	int k;

	tree_times(reps, times);
	*per_second = spread(times[0], reps, bench_tsc_ghz());
	for (k = 0; k < 3; k++)
		free(times[k]);
}

void
bench_trees(uint32_t reps, bool json)
{
	double ghz = bench_tsc_ghz();
	uint64_t *times[3];
	unsigned long long p[5];
	int k;

	tree_times(reps, times);
	p[0] = times[0][reps / 10];
	p[1] = times[0][reps / 2];
	p[2] = times[0][reps - reps / 10 - 1];
	p[3] = times[1][reps / 2];
	p[4] = times[2][reps / 2];
	if (json)
		printf("{\"tree\":%d,\"tsc_ghz\":%.3f,\"pair_p10\":%llu,\"pair_p50\":%llu,"
		       "\"pair_p90\":%llu,\"initiate_p50\":%llu,\"terminate_p50\":%llu,"
		       "\"pairs_per_second\":%.0f}\n",
				TREE, ghz, p[0], p[1], p[2], p[3], p[4], ghz * 1e9 / (double)p[1]);
	else
		printf("initiate and terminate, trees of %d: p10 %llu p50 %llu p90 %llu cycles a "
		       "connection (initiate %llu, terminate %llu, the rest is the host's); %.2f M "
		       "pairs/s\n",
				TREE, p[0], p[1], p[2], p[3], p[4], ghz * 1e3 / (double)p[1]);
	for (k = 0; k < 3; k++)
		free(times[k]);
}
