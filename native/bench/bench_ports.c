/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the way through a port costs: in a process each, a generator, and one of those it talks to.
 *
 *   bench_ports blast  PORT BYTES SECONDS CPU frames|tcp
 *   bench_ports loop   PORT BYTES SECONDS CPU     receives a burst and sends it: nothing else
 *   bench_ports engine PORT BYTES SECONDS CPU     the engine: segments in, acknowledgments out
 *
 * PORT is what DPDK calls the device (net_memif0,role=client,...). The generator keeps a fixed number of
 * frames, or bytes of 16 connections, on their way, so a slow other end is not flooded. ports.sh runs
 * them beside dpdk-testpmd. Not a test: nothing here fails by time.
 */

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "bench_host.h"
#include "flue/flue_port.h"
#include "tcp/csum.h"

#define BURST     32
#define FLOWS     16
#define IN_FLIGHT 256
#define EAL       "--no-huge --no-shconf -m 192 --no-pci --no-telemetry --log-level=*:error -l "

static const uint8_t generator_mac[6] = { 2, 0, 0, 0, 0, 0xbb };
static const int64_t device_mac = INT64_C(0x0200000000aa);
static volatile sig_atomic_t stopped;

static void
stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/** What was measured where something was done; polls that found nothing are not in it. */
struct measure {
	uint64_t packets;
	uint64_t cycles;
	uint64_t bursts;
};

static void
report(const struct measure *m)
{
	printf("packets %llu cycles/packet %.1f packets/burst %.1f\n",
			(unsigned long long)m->packets,
			m->packets == 0 ? 0 : (double)m->cycles / (double)m->packets,
			m->bursts == 0 ? 0 : (double)m->packets / (double)m->bursts);
	fflush(stdout);
}

/* ---- An ethdev without us in between ----------------------------------------------------------- */

static struct rte_mempool *pool;

static uint16_t
ethdev_open(const char *device, const char *cpu)
{
	char args[256];
	char *argv[32];
	char *save = NULL;
	char *word;
	struct rte_eth_conf conf = { 0 };
	int argc = 0;

	snprintf(args, sizeof(args), "bench_ports " EAL "%s --vdev %s", cpu, device);
	for (word = strtok_r(args, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (rte_eal_init(argc, argv) < 0 || rte_eth_dev_count_avail() != 1)
		exit(1);
	pool = rte_pktmbuf_pool_create("bench", 8191, 256, 0, 2176, SOCKET_ID_ANY);
	if (pool == NULL || rte_eth_dev_configure(0, 1, 1, &conf) < 0 ||
			rte_eth_rx_queue_setup(0, 0, 512, SOCKET_ID_ANY, NULL, pool) < 0 ||
			rte_eth_tx_queue_setup(0, 0, 512, SOCKET_ID_ANY, NULL) < 0 ||
			rte_eth_dev_start(0) < 0)
		exit(1);
	(void)rte_eth_promiscuous_enable(0);
	return 0;
}

static void
loop(const char *device, const char *cpu, int64_t end)
{
	struct measure m = { 0 };
	struct rte_mbuf *mbufs[BURST];
	uint16_t id = ethdev_open(device, cpu);

	while (!stopped && clock_now() < end) {
		unsigned i;

		/* The clock is not part of the loop that is measured. */
		for (i = 0; i < 1000; i++) {
			uint64_t start = __rdtsc();
			uint16_t n = rte_eth_rx_burst(id, 0, mbufs, BURST);
			uint16_t sent;

			if (n == 0)
				continue;
			sent = rte_eth_tx_burst(id, 0, mbufs, n);
			if (sent < n)
				rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
			m.cycles += __rdtsc() - start;
			m.packets += n;
			m.bursts++;
		}
	}
	report(&m);
}

/* ---- The engine -------------------------------------------------------------------------------- */

static void
engine(const char *device, const char *cpu, int64_t end)
{
	struct bench_host *b = calloc(1, sizeof(*b));
	struct flue_dpdk_config config;
	struct measure m = { 0 };
	flue_port *port;
	char args[128];

	snprintf(args, sizeof(args), EAL "%s", cpu);
	flue_dpdk_config_default(&config);
	config.mac = device_mac;
	if (flue_dpdk_load() < 0 || flue_dpdk_start(args) < 0 ||
			flue_dpdk_open(device, &config, &port) < 0) {
		fprintf(stderr, "%s\n", flue_dpdk_unavailability_cause());
		exit(1);
	}
	pin(atoi(cpu));
	b->flows = FLOWS;
	b->now = clock_now();
	host_start(b, port);
	while (clock_now() < b->now)
		;
	while (!stopped && (b->now = clock_now()) < end) {
		const uint64_t *in = &b->e->ctr[FLUE_CTR_IN_SEGMENTS];
		uint64_t before = *in;
		uint64_t start = __rdtsc();

		(void)flue_engine_poll(b->e, b->now, BURST);
		answer(b);
		if (*in == before)
			continue;
		m.cycles += __rdtsc() - start;
		m.packets += *in - before;
		m.bursts++;
	}
	report(&m);
}

/* ---- The generator ----------------------------------------------------------------------------- */

struct flow {
	uint32_t next;
	uint32_t acked;
	int64_t moved; /* when `acked` did last */
};

/** A frame of TCP whose payload is zeros, as the engine of bench_host.h expects it from the peer. */
static struct rte_mbuf *
frame(unsigned flow, uint32_t seq, unsigned bytes, int64_t now)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	uint8_t *p;
	uint64_t sum;

	if (mbuf == NULL)
		return NULL;
	p = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)(66 + bytes));
	memset(p, 0, 66 + bytes);
	flue_store16be(p, (uint16_t)(device_mac >> 32));
	flue_store32be(p + 2, (uint32_t)device_mac);
	memcpy(p + 6, generator_mac, 6);
	p[12] = 8;
	p[14] = 0x45;
	flue_store16be(p + 16, (uint16_t)(52 + bytes));
	p[22] = 64;
	p[23] = 6;
	memcpy(p + 26, "\xc6\x12\0\x02\xc6\x12\0\x01", 8);
	flue_store16(p + 24, flue_csum_finish(flue_csum_add(p + 14, 20, 0)));
	flue_store16be(p + 34, (uint16_t)(10000 + flow));
	flue_store16be(p + 36, 80);
	flue_store32be(p + 38, seq);
	flue_store32be(p + 42, ISS);
	p[46] = 0x80;
	p[47] = TCP_ACK;
	flue_store16be(p + 48, 8192);
	flue_store32be(p + 54, 0x0101080a);
	flue_store32be(p + 58, (uint32_t)(now / 1000000));
	sum = flue_csum_add(p + 26, 8,
			__builtin_bswap16(6) + __builtin_bswap16((uint16_t)(32 + bytes)));
	flue_store16(p + 50, flue_csum_finish(flue_csum_add(p + 34, 32, sum)));
	return mbuf;
}

static void
send_all(struct rte_mbuf **mbufs, unsigned n)
{
	unsigned sent = 0;
	unsigned tries = 0;

	while (sent < n && tries++ < 1000)
		sent += rte_eth_tx_burst(0, 0, mbufs + sent, (uint16_t)(n - sent));
	rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
}

/** As many as may be on their way; what was lost is given up after a while. @return frames back */
static uint64_t
blast_frames(unsigned bytes, int64_t end)
{
	struct rte_mbuf *mbufs[BURST];
	uint64_t sent = 0;
	uint64_t back = 0;
	int64_t moved = clock_now();
	int64_t now;

	while ((now = clock_now()) < end) {
		unsigned n = rte_eth_rx_burst(0, 0, mbufs, BURST);

		rte_pktmbuf_free_bulk(mbufs, n);
		back += n;
		if (n > 0)
			moved = now;
		if (now - moved > 20000000)
			sent = back;
		for (n = 0; n < BURST && sent - back + n < IN_FLIGHT; n++)
			if ((mbufs[n] = frame(n % FLOWS, 0, bytes, now)) == NULL)
				break;
		sent += n;
		send_all(mbufs, n);
	}
	return back;
}

static void
acknowledged(struct flow *flows, const struct rte_mbuf *mbuf, int64_t now)
{
	const uint8_t *p = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint16_t flow = (uint16_t)((p[36] << 8 | p[37]) - 10000);
	uint32_t ack = flue_load32be(p + 42);

	if (mbuf->data_len < 54 || p[12] != 8 || p[13] != 0 || flow >= FLOWS)
		return;
	if ((int32_t)(ack - flows[flow].acked) <= 0)
		return;
	flows[flow].acked = ack;
	flows[flow].moved = now;
}

/** @return segments that were acknowledged */
static uint64_t
blast_tcp(unsigned bytes, int64_t end)
{
	const uint32_t window = IN_FLIGHT / FLOWS * bytes;
	static struct flow flows[FLOWS];
	struct rte_mbuf *mbufs[BURST];
	uint64_t segments = 0;
	unsigned turn = 0;
	int64_t now;
	unsigned i;

	for (i = 0; i < FLOWS; i++) {
		if (flows[i].moved == 0)
			flows[i] = (struct flow){ IRS, IRS, 0 };
		segments -= (flows[i].acked - IRS) / bytes;
		flows[i].moved = clock_now();
	}
	while ((now = clock_now()) < end) {
		unsigned n = rte_eth_rx_burst(0, 0, mbufs, BURST);

		for (i = 0; i < n; i++)
			acknowledged(flows, mbufs[i], now);
		rte_pktmbuf_free_bulk(mbufs, n);
		for (i = n = 0; i < FLOWS && n < BURST; i++, turn++) {
			struct flow *f = &flows[turn % FLOWS];

			if (now - f->moved > 20000000) {
				f->next = f->acked;
				f->moved = now;
			}
			for (; n < BURST && f->next - f->acked < window; f->next += bytes)
				if ((mbufs[n] = frame(turn % FLOWS, f->next, bytes, now)) == NULL)
					break;
				else
					n++;
		}
		send_all(mbufs, n);
	}
	for (i = 0; i < FLOWS; i++)
		segments += (flows[i].acked - IRS) / bytes;
	return segments;
}

static void
blast(const char *device, const char *cpu, unsigned bytes, int seconds, bool tcp)
{
	uint16_t id = ethdev_open(device, cpu);
	struct rte_eth_link link = { 0 };
	int64_t start = clock_now();
	uint64_t count;

	while (rte_eth_link_get_nowait(id, &link) == 0 && link.link_status != RTE_ETH_LINK_UP)
		if (clock_now() - start > 20000000000)
			exit(1);
	/* The other end may be there before what is behind it. */
	while ((tcp ? blast_tcp : blast_frames)(bytes, clock_now() + 200000000) == 0)
		if (clock_now() - start > 20000000000)
			exit(1);
	start = clock_now();
	count = (tcp ? blast_tcp : blast_frames)(bytes, start + seconds * INT64_C(1000000000));
	printf("packets/s %.0f\n", (double)count / ((double)(clock_now() - start) / 1e9));
	fflush(stdout);
	/* Not gone, and not polling, while the other side goes: memif's driver does not take that well. */
	while (!stopped)
		pause();
}

int
main(int argc, char **argv)
{
	unsigned bytes;
	int64_t end;

	if (argc < 6) {
		fprintf(stderr, "bench_ports loop|engine|blast PORT BYTES SECONDS CPU [frames|tcp]\n");
		return 2;
	}
	signal(SIGTERM, stop);
	bytes = (unsigned)atoi(argv[3]);
	end = clock_now() + atoi(argv[4]) * INT64_C(1000000000);
	if (strcmp(argv[1], "loop") == 0)
		loop(argv[2], argv[5], end);
	else if (strcmp(argv[1], "engine") == 0)
		engine(argv[2], argv[5], end);
	else if (strcmp(argv[1], "blast") == 0 && argc == 7)
		blast(argv[2], argv[5], bytes, atoi(argv[4]), strcmp(argv[6], "tcp") == 0);
	return 0;
}
