/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the engine alone costs: bursts are replayed from memory, the port is null.
 *
 *   bench_engine [--json] [--quick] [--reps N] [--pages 4k|thp|2m] [--ip6] [--bare] [--only LIST]
 *   bench_engine --flows N     what N connections take: memory by kind, segments a second (scale.h)
 *   bench_engine --trees       initiate and terminate, trees of 64
 *
 * LIST is a comma separated choice: receive, transmit, pure-ack; 64, 1448 (bytes of payload); each, burst
 * (how it is acknowledged: replay.h); software, port (who checksums); loss0, loss1 (percent); any other
 * number: so many flows. What a choice does not name is run in the usual combinations, and what it does is
 * run whether usual or not.
 *
 * --ip6: over IPv6, the MTU 20 bytes larger, so that payloads are the same. --bare: no timestamps agreed.
 *
 * Without a choice the whole ends with state operations and, but for --quick, with a million connections.
 *
 * Figures are TSC cycles of this machine, p10/p50/p90 over repetitions; `all` is the median with the
 * passes around what is measured. A disturbed repetition is made again (quiet.h); `quiet` says how many of
 * a hundred were not disturbed; where there are too few, all of them count. In front stands what fixed
 * kernels took (calibrate.h), so that runs on different machines can be set in proportion. Transmit counts
 * by the send: one connection packs sends of 64 bytes into fewer segments. Not a test: nothing here fails
 * by time.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/calibrate.h"
#include "engine/quiet.h"
#include "engine/replay.h"
#include "engine/scale.h"

static const char *const whats[] = { "receive", "transmit", "pure-ack" };
static const char *const acks[] = { "each", "burst" };
static const char *const pages[] = { "4k", "thp", "2m" };
static const char *const sums[] = { "software", "port" };

#define MAX_FLOW_COUNTS 8

/** What is to be run: bits by index of what there is. */
struct choice {
	uint32_t whats;
	uint32_t acks;
	uint32_t sums;
	uint32_t bytes;
	uint32_t losses;
	uint32_t flows[MAX_FLOW_COUNTS];
	uint32_t nflows;
	uint32_t scale; /* --flows */
	bool trees;
	enum bench_pages pages;
	bool ip6;
	bool bare;
	uint32_t reps;
	bool json;
	bool quick;
};

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

struct result {
	struct bench_setting set;
	uint32_t p10;
	uint32_t p50;
	uint32_t p90;
	uint32_t all;
	uint32_t quiet; /* percent */
	uint64_t fast;
};

static void
spread(struct result *r, const struct bench_sample *samples, uint32_t n)
{
	uint32_t *sorted = calloc(n, sizeof(*sorted));
	uint32_t i;

	for (i = 0; i < n; i++)
		sorted[i] = samples[i].cost.all;
	qsort(sorted, n, sizeof(*sorted), compare);
	r->all = sorted[n / 2];
	for (i = 0; i < n; i++)
		sorted[i] = samples[i].cost.main;
	qsort(sorted, n, sizeof(*sorted), compare);
	r->p10 = sorted[n / 10];
	r->p50 = sorted[n / 2];
	r->p90 = sorted[n - n / 10 - 1];
	free(sorted);
}

static void
measure(struct result *r, uint32_t reps)
{
	struct bench *b = bench_new(&r->set);
	struct bench_sample *samples;
	uint32_t n = bench_repeat(b, reps, &samples, &r->quiet);

	spread(r, samples, n);
	r->fast = bench_host_of(b)->e->ctr[FLUE_CTR_IN_FAST];
	free(samples);
	bench_free(b);
}

static void
report(const struct result *r, bool json, bool *comma)
{
	const struct bench_setting *s = &r->set;

	if (json)
		printf("%s\n  {\"kernel\":\"%s\",\"bytes\":%u,\"acks\":\"%s\",\"flows\":%u,"
		       "\"checksum\":\"%s\",\"loss\":%u,\"pages\":\"%s\",\"p10\":%u,\"p50\":%u,"
		       "\"p90\":%u,\"all\":%u,\"quiet\":%u,\"fast_path\":%llu}",
				*comma ? "," : "", whats[s->what], s->bytes, acks[s->acks],
				s->flows, sums[s->port_sums], s->loss, pages[s->pages], r->p10,
				r->p50, r->p90, r->all, r->quiet, (unsigned long long)r->fast);
	else
		printf("%-8s %5u  %-5s %8u  %-8s %4u  %6u %6u %6u %6u   %4u\n", whats[s->what],
				s->bytes, acks[s->acks], s->flows, sums[s->port_sums], s->loss,
				r->p10, r->p50, r->p90, r->all, r->quiet);
	fflush(stdout);
	*comma = true;
}

static void
calibration(const struct choice *c)
{
	struct bench_calibration k;

	bench_calibrate(&k, !c->quick && c->nflows == 0);
	if (c->json)
		printf("{\"unit\":\"TSC cycles per segment\",\"burst\":%d,\"repetitions\":%u,\n"
		       " \"calibration\":{\"tsc_ghz\":%.3f,\"multiply_1000\":%u,\"copy_64\":%u,"
		       "\"copy_1448\":%u,\"checksum_64\":%u,\"checksum_1448\":%u,\"ping_pong\":%u,"
		       "\"load_l1\":%u,\"load_l2\":%u,\"load_l3\":%u,\"load_dram\":%u,"
		       "\"gather_dram\":%u,\"load_dram_4k\":%u},\n \"results\":[",
				BURST, c->reps, k.tsc_ghz, k.multiply, k.copy64, k.copy1448,
				k.checksum64, k.checksum1448, k.ping_pong, k.load_l1, k.load_l2,
				k.load_l3, k.load_dram, k.gather_dram, k.load_dram4k);
	else
		printf("TSC cycles per segment, bursts of %d, %u repetitions, pages: %s\n"
		       "calibration: TSC %.3f GHz; 1000 multiplications %u; copy 64 B %u, 1448 B %u; "
		       "checksum 64 B %u, 1448 B %u;\n  a line to another core and back %u; a load "
		       "from L1 %u, L2 %u, L3 %u, DRAM %u (4 KiB pages %u; one of 32 at a time %u)\n"
		       "what     bytes  acks     flows  checksum loss     p10    p50    p90    all  "
		       "quiet\n",
				BURST, c->reps, pages[c->pages], k.tsc_ghz, k.multiply, k.copy64,
				k.copy1448, k.checksum64, k.checksum1448, k.ping_pong, k.load_l1,
				k.load_l2, k.load_l3, k.load_dram, k.load_dram4k, k.gather_dram);
}

/* ---- The choice ------------------------------------------------------------------------------ */

static bool
find(const char *const *names, uint32_t n, const char *word, uint32_t *bits)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(names[i], word) == 0) {
			*bits |= 1u << i;
			return true;
		}
	}
	return false;
}

static bool
choose(struct choice *c, char *list)
{
	static const char *const bytes[] = { "64", "1448" };
	static const char *const losses[] = { "loss0", "loss1" };
	char *save = NULL;
	char *word;

	for (word = strtok_r(list, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		int flows;

		if (find(whats, 3, word, &c->whats) || find(acks, 2, word, &c->acks) ||
				find(sums, 2, word, &c->sums) || find(bytes, 2, word, &c->bytes) ||
				find(losses, 2, word, &c->losses))
			continue;
		flows = atoi(word);
		if (flows < 1 || flows > 4194304 || c->nflows == MAX_FLOW_COUNTS)
			return false;
		c->flows[c->nflows++] = (uint32_t)flows;
	}
	return true;
}

/** What of a dimension that was not chosen is left out, for the whole takes long enough. */
static bool
usual(const struct choice *c, const struct bench_setting *s)
{
	if (c->acks == 0 && s->what != RECEIVE && s->acks == ACKS_EACH &&
			(s->what == PURE_ACK || s->bytes != 64 || s->flows > BURST))
		return false;
	if (c->bytes == 0 && s->what == PURE_ACK && s->bytes != 64)
		return false;
	if (c->losses == 0 && s->loss != 0 &&
			(s->flows != 1000 || s->what == PURE_ACK || s->acks == ACKS_EACH))
		return false;
	if (c->nflows == 0 && s->flows == 1000000 && (!s->port_sums || s->acks == ACKS_EACH))
		return false;
	return true;
}

static bool
chosen(uint32_t bits, uint32_t i)
{
	return bits == 0 || (bits & (1u << i)) != 0;
}

static void
run_flows(const struct choice *c, struct bench_setting s, bool *comma)
{
	static const uint32_t counts[] = { 1, 32, 1000, 16384, 1000000 };
	uint32_t n = c->nflows != 0 ? c->nflows : c->quick ? 4 : 5;
	uint32_t i;
	uint32_t k;

	for (i = 0; i < n; i++) {
		s.flows = c->nflows != 0 ? c->flows[i] : counts[i];
		for (k = 0; k < 2; k++) {
			struct result r = { 0 };

			s.loss = k;
			if (!chosen(c->losses, k) || !usual(c, &s))
				continue;
			r.set = s;
			measure(&r, c->reps);
			report(&r, c->json, comma);
		}
	}
}

static void
named(const char *name, const char *unit, const struct bench_spread *s, bool json)
{
	if (json)
		printf(",\n  {\"name\":\"%s\",\"unit\":\"%s\",\"p10\":%.1f,\"p50\":%.1f,\"p90\":%.1f}",
				name, unit, s->p10, s->p50, s->p90);
	else
		printf("%-16s p10 %.1f p50 %.1f p90 %.1f %s\n", name, s->p10, s->p50, s->p90, unit);
}

/** What is not cycles a segment. */
static void
run_others(const struct choice *c)
{
	struct bench_spread s;
	double mib;

	bench_pairs(c->reps, &s);
	named("state-pairs", "/s", &s, c->json);
	if (c->quick)
		return;
	bench_million(c->reps, &mib, &s);
	named("million-receive", "/s", &s, c->json);
	s = (struct bench_spread){ mib, mib, mib };
	named("million-memory", "MiB", &s, c->json);
}

static void
run_all(const struct choice *c)
{
	static const uint32_t bytes[] = { 64, 1448 };
	bool comma = false;
	uint32_t i;

	calibration(c);
	for (i = 0; i < 24; i++) {
		struct bench_setting s = {
			.what = (enum bench_what)(i / 8),
			.port_sums = i & 1,
			.acks = (enum bench_acks)(i >> 1 & 1),
			.bytes = bytes[i >> 2 & 1],
			.pages = c->pages,
			.ip6 = c->ip6,
			.bare = c->bare,
		};

		if (chosen(c->whats, s.what) && chosen(c->sums, s.port_sums) &&
				chosen(c->acks, s.acks) && chosen(c->bytes, i >> 2 & 1))
			run_flows(c, s, &comma);
	}
	if ((c->whats | c->acks | c->sums | c->bytes | c->losses | c->nflows) == 0)
		run_others(c);
	if (c->json)
		printf("\n]}\n");
}

static int
usage(void)
{
	fprintf(stderr, "bench_engine [--json] [--quick] [--reps N] [--pages 4k|thp|2m] [--ip6] [--bare]\n"
			"  [--only receive|transmit|pure-ack,64|1448,each|burst,software|port,"
			"loss0|loss1,FLOWS,...]\n"
			"bench_engine --flows N | --trees [--json] [--reps N] [--pages 4k|thp|2m]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	struct choice c = { .reps = 2000, .pages = PAGES_THP };
	uint32_t bits = 0;
	int i;

	for (i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "--json") == 0) {
			c.json = true;
		} else if (strcmp(argv[i], "--quick") == 0) {
			c.quick = true;
			c.reps = 200;
		} else if (strcmp(argv[i], "--reps") == 0 && more && atoi(argv[i + 1]) >= 10) {
			c.reps = (uint32_t)atoi(argv[++i]);
		} else if (strcmp(argv[i], "--pages") == 0 && more &&
				find(pages, 3, argv[i + 1], &bits)) {
			c.pages = (enum bench_pages)__builtin_ctz(bits);
			i++;
		} else if (strcmp(argv[i], "--flows") == 0 && more && atoi(argv[i + 1]) > 0 &&
				atoi(argv[i + 1]) <= 4000000) {
			c.scale = (uint32_t)atoi(argv[++i]);
		} else if (strcmp(argv[i], "--trees") == 0) {
			c.trees = true;
		} else if (strcmp(argv[i], "--ip6") == 0) {
			c.ip6 = true;
		} else if (strcmp(argv[i], "--bare") == 0) {
			c.bare = true;
		} else if (strcmp(argv[i], "--only") == 0 && more && choose(&c, argv[i + 1])) {
			i++;
		} else {
			return usage();
		}
	}
	if (c.scale != 0)
		bench_scale(c.scale, c.pages, c.reps, c.json);
	else if (c.trees)
		bench_trees(c.reps, c.json);
	else
		run_all(&c);
	return 0;
}
