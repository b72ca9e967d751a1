/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A stream between two processes over net_memif without any TCP: every byte is written, every byte is
 * read, frames have the size of an MTU of 1500, and DPDK's driver does the rest. What a stream over
 * memif could be at most. `flue bench` runs it as one of the contestants:
 *
 *   bench_copy server|client SOCKET CPU
 *
 * It takes a line on its standard input for each thing to do, and answers with a line that begins with
 * "> ", like the Java contestants (dev.flue.bench.side.Worker):
 *
 *   server listen WORKLOAD                 a port, which there is none of
 *   client run WORKLOAD HOST PORT NANOS    operations= nanos= bytes= sum= p50= p99=
 *   server stop                            the same
 *
 * Ends with its standard input.
 */

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#define BURST   32
#define MBUFS   16383
#define RING    4096
#define WORDS   187 /* 8 bytes each: as many as 1500 bytes have room for */
#define PAYLOAD (WORDS * 8)
#define DATA    0x88b5 /* EtherTypes for experiments */
#define END     0x88b6
#define GOLDEN  UINT64_C(0x9E3779B97F4A7C15)
#define LIMIT   INT64_C(10000000000) /* ns without anything from the other end */

static struct rte_mempool *pool;

/** What one end wrote, or read: the words of dev.flue.bench.side.Words. */
struct stream {
	uint64_t next;
	uint64_t bytes;
	uint64_t sum;
};

static int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void
answer(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("> ", stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

static void __attribute__((noreturn)) fail(const char *what)
{
	answer("error %s", what);
	exit(1);
}

/** Whoever waits looks now and then: nobody there, or nothing to hope for. */
static void
patience(int64_t *since, bool moved)
{
	static unsigned turns;
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };

	if (moved || (++turns & 0xffff) != 0) {
		if (moved)
			*since = 0;
		return;
	}
	if (poll(&in, 1, 0) > 0 && (in.revents & POLLHUP))
		exit(0);
	if (*since == 0)
		*since = clock_now();
	else if (clock_now() - *since > LIMIT)
		fail("nothing moves");
}

/** Whether there are hugepages enough for a process. */
static bool
hugepages(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	int count = 0;

	if (file == NULL)
		return false;
	if (fscanf(file, "%d", &count) != 1)
		count = 0;
	fclose(file);
	return count >= 64;
}

static void
port_open(bool server, const char *socket, const char *cpu)
{
	struct rte_eth_conf conf = { 0 };
	char args[512];
	char *argv[32];
	char *save = NULL;
	char *word;
	int argc = 0;

	snprintf(args, sizeof(args),
			"bench_copy -l %s %s -m 128 --no-pci --no-telemetry --log-level=*:error "
			"--vdev net_memif0,role=%s,rsize=12,socket-abstract=no,socket=%s",
			cpu, hugepages() ? "--in-memory" : "--no-huge --no-shconf",
			server ? "server" : "client", socket);
	for (word = strtok_r(args, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (rte_eal_init(argc, argv) < 0 || rte_eth_dev_count_avail() != 1)
		fail("EAL did not start");
	pool = rte_pktmbuf_pool_create("copy", MBUFS, 256, 0, 2176, SOCKET_ID_ANY);
	if (pool == NULL || rte_eth_dev_configure(0, 1, 1, &conf) < 0 ||
			rte_eth_rx_queue_setup(0, 0, RING, SOCKET_ID_ANY, NULL, pool) < 0 ||
			rte_eth_tx_queue_setup(0, 0, RING, SOCKET_ID_ANY, NULL) < 0 ||
			rte_eth_dev_start(0) < 0)
		fail("net_memif did not start");
}

static void
send_all(struct rte_mbuf **mbufs, unsigned n)
{
	unsigned sent = 0;
	int64_t since = 0;

	while (sent < n) {
		uint16_t now = rte_eth_tx_burst(0, 0, mbufs + sent, (uint16_t)(n - sent));

		sent += now;
		patience(&since, now > 0);
	}
}

static struct rte_mbuf *
frame(uint16_t type)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct rte_ether_hdr *header;

	if (mbuf == NULL)
		fail("out of packets");
	header = (struct rte_ether_hdr *)rte_pktmbuf_append(mbuf, sizeof(*header) + PAYLOAD);
	memset(header, 0, sizeof(*header));
	header->ether_type = rte_cpu_to_be_16(type);
	return mbuf;
}

static void
words_write(struct stream *s, struct rte_mbuf *mbuf)
{
	char *to = rte_pktmbuf_mtod_offset(mbuf, char *, sizeof(struct rte_ether_hdr));
	uint64_t next = s->next;
	unsigned i;

	for (i = 0; i < WORDS; i++, next += GOLDEN) {
		const uint64_t word = rte_cpu_to_be_64(next);

		memcpy(to + i * 8, &word, 8);
	}
	s->sum += WORDS * s->next + WORDS * (WORDS - 1) / 2 * GOLDEN;
	s->next = next;
	s->bytes += PAYLOAD;
}

static inline uint64_t
word_at(const char *from, unsigned i)
{
	uint64_t word;

	memcpy(&word, from + i * 8, 8);
	return rte_be_to_cpu_64(word);
}

/** @return whether it was the last one */
static bool
words_read(struct stream *s, struct rte_mbuf *mbuf)
{
	const struct rte_ether_hdr *header = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
	const char *from = (const char *)(header + 1);
	uint64_t first = 0;
	uint64_t second = 0;
	unsigned i;

	if (header->ether_type != rte_cpu_to_be_16(DATA))
		return header->ether_type == rte_cpu_to_be_16(END);
	/* More than one sum, as the Java contestants do. */
	for (i = 0; i < WORDS / 2; i++) {
		first += word_at(from, i);
		second += word_at(from, WORDS / 2 + i);
	}
	if (WORDS & 1)
		second += word_at(from, WORDS - 1);
	s->sum += first + second;
	s->bytes += PAYLOAD;
	return false;
}

/** Read until the other end says that this was all. */
static void
receive(struct stream *s)
{
	struct rte_mbuf *mbufs[BURST];
	int64_t since = 0;
	bool last = false;

	while (!last) {
		uint16_t n = rte_eth_rx_burst(0, 0, mbufs, BURST);
		uint16_t i;

		for (i = 0; i < n; i++)
			last |= words_read(s, mbufs[i]);
		rte_pktmbuf_free_bulk(mbufs, n);
		patience(&since, n > 0);
	}
}

static void
say_end(void)
{
	struct rte_mbuf *mbuf = frame(END);

	send_all(&mbuf, 1);
}

/** Bytes of a write, for the count of operations. */
static uint64_t
message(const char *workload)
{
	return strcmp(workload, "stream-1m") == 0 ? 1 << 20 : 16 << 10;
}

static void
outcome(const struct stream *s, const char *workload, int64_t nanos)
{
	answer("operations=%llu nanos=%lld bytes=%llu sum=%lld p50=0 p99=0",
			(unsigned long long)(s->bytes / message(workload)), (long long)nanos,
			(unsigned long long)s->bytes, (long long)s->sum);
}

static void
run(const char *workload, int64_t nanos)
{
	struct rte_mbuf *mbufs[BURST];
	struct rte_eth_link link = { 0 };
	struct stream sent = { 1, 0, 0 };
	struct stream back = { 0 };
	int64_t since = 0;
	int64_t start;

	while (rte_eth_link_get_nowait(0, &link) == 0 && link.link_status != RTE_ETH_LINK_UP)
		patience(&since, false);
	start = clock_now();
	while (clock_now() - start < nanos) {
		unsigned i;

		for (i = 0; i < BURST; i++) {
			mbufs[i] = frame(DATA);
			words_write(&sent, mbufs[i]);
		}
		send_all(mbufs, BURST);
	}
	say_end();
	receive(&back);
	outcome(&sent, workload, clock_now() - start);
}

int
main(int argc, char **argv)
{
	struct stream received = { 0 };
	char workload[64] = "";
	char line[512];
	long long nanos;

	if (argc != 4) {
		fprintf(stderr, "bench_copy server|client SOCKET CPU\n");
		return 2;
	}
	port_open(strcmp(argv[1], "server") == 0, argv[2], argv[3]);
	answer("ready");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "server listen %63s", workload) == 1) {
			answer("0");
			memset(&received, 0, sizeof(received));
			receive(&received);
			say_end();
		} else if (strcmp(line, "server stop\n") == 0) {
			outcome(&received, workload, 0);
		} else if (sscanf(line, "client run %63s %*s %*s %lld", workload, &nanos) == 2) {
			run(workload, nanos);
		} else {
			answer("error what is %s", strtok(line, "\n"));
		}
	}
	return 0;
}
