/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cycles per segment of the engine alone: bursts are replayed from memory, the port is null.
 *
 *   bench_engine [--json] [--quick]
 *
 * Transmit counts by the send: one connection packs sends of 64 bytes into fewer segments.
 * Figures are TSC cycles of this machine, p10/p50/p90 over repetitions, and next to them those of a
 * calibration kernel (a dependent chain of 1000 multiplications), so that runs on different machines
 * or under different load can be set in proportion. Not a test: nothing here fails.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "bench_host.h"
#include "tcp/csum.h"

#define BURST   32
#define ROOM    2304
#define BUFFERS 1024

struct bench_port {
	struct flue_port port;
	int region;
	uint8_t *memory;
	struct flue_pkt pkts[BUFFERS];
	uint32_t stack[BUFFERS];
	uint32_t top;
	struct flue_pkt *rx[BURST];
	uint32_t rx_count;
	uint64_t tx_packets;
};

static void
port_free(struct flue_pkt *pkt)
{
	struct bench_port *p = (struct bench_port *)pkt->port;

	flue_pkt_drop_ext(pkt);
	p->stack[p->top++] = (uint32_t)(pkt - p->pkts);
	p->port.held--;
}

static struct flue_pkt *
port_alloc(struct flue_port *port)
{
	struct bench_port *p = (struct bench_port *)port;
	struct flue_pkt *pkt;
	uint32_t i;

	if (p->top == 0)
		return NULL;
	i = p->stack[--p->top];
	pkt = &p->pkts[i];
	pkt->data = p->memory + (uint64_t)i * ROOM + FLUE_PKT_HEADROOM;
	pkt->ref = flue_ref_make((uint32_t)p->region, (uint64_t)i * ROOM + FLUE_PKT_HEADROOM);
	pkt->port = port;
	pkt->len = 0;
	pkt->flags = 0;
	pkt->refcnt = 1;
	p->port.held++;
	return pkt;
}

static unsigned
port_rx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct bench_port *p = (struct bench_port *)port;
	unsigned k = p->rx_count < n ? p->rx_count : n;

	(void)now;
	memcpy(pkts, p->rx, k * sizeof(*pkts));
	p->rx_count = 0;
	return k;
}

static unsigned
port_tx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct bench_port *p = (struct bench_port *)port;
	unsigned i;

	(void)now;
	for (i = 0; i < n; i++)
		flue_pkt_release(pkts[i]);
	p->tx_packets += n;
	return n;
}

static const struct flue_port_ops ops = {
	.rx_burst = port_rx, .tx_burst = port_tx, .alloc = port_alloc, .free = port_free
};

struct bench {
	struct bench_host host;
	struct bench_port *port;
	flue_ref nbl[BURST];
};

static struct bench *
bench_new(uint32_t flows, uint32_t caps)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct bench_port *p = calloc(1, sizeof(*p));
	uint32_t i;

	p->port.ops = &ops;
	memcpy(p->port.mac, "\x02\0\0\0\0\xaa", 6);
	p->port.mtu = 1500;
	p->port.offloads = caps;
	p->port.buffers = BUFFERS;
	p->region = flue_region_create(FLUE_REGION_HEAP, BUFFERS * ROOM);
	p->memory = flue_region_at(p->region);
	for (i = 0; i < BUFFERS; i++)
		p->stack[p->top++] = i;
	b->port = p;
	b->host.flows = flows;
	b->host.now = 1000000000;
	host_start(&b->host, &p->port);
	for (i = 0; i < BURST; i++) {
		struct {
			struct flue_net_buffer_list nbl;
			struct flue_net_buffer nb;
			struct flue_mdl mdl;
		} *l = take(&b->host, sizeof(*l), &b->nbl[i]);

		(void)take(&b->host, 2048, &l->mdl.data);
		l->nbl.first_net_buffer = b->nbl[i] + 128;
		l->nb.mdl_chain = b->nbl[i] + 192;
	}
	return b;
}

static void
bench_free(struct bench *b)
{
	host_end(&b->host);
	flue_region_release(b->port->region);
	free(b->port);
	free(b);
}

/** One segment of flow i into the port's receive array. */
static void
arrive(struct bench *b, uint32_t i, uint32_t len, uint32_t ack)
{
	struct flue_pkt *pkt = port_alloc(&b->port->port);
	uint8_t *p;
	uint64_t sum;

	if (pkt == NULL)
		abort();
	p = pkt->data;
	memset(p, 0, 66);
	memcpy(p, b->port->port.mac, 6);
	p[12] = 8;
	p[14] = 0x45;
	flue_store16be(p + 16, (uint16_t)(52 + len));
	p[22] = 64;
	p[23] = 6;
	memcpy(p + 26, "\xc6\x12\0\x02\xc6\x12\0\x01", 8);
	flue_store16(p + 24, flue_csum_finish(flue_csum_add(p + 14, 20, 0)));
	flue_store16be(p + 34, (uint16_t)(10000 + i));
	flue_store16be(p + 36, 80);
	flue_store32be(p + 38, b->host.rcv[i]);
	flue_store32be(p + 42, ack);
	p[46] = 0x80;
	p[47] = TCP_ACK;
	flue_store16be(p + 48, 8192 - (b->host.rcv[i] & 1));
	flue_store32be(p + 54, 0x0101080a);
	flue_store32be(p + 58, (uint32_t)(b->host.now / 1000000));
	sum = flue_csum_add(
			p + 26, 8, __builtin_bswap16(6) + __builtin_bswap16((uint16_t)(32 + len)));
	flue_store16(p + 50, flue_csum_finish(flue_csum_add(p + 34, 32 + len, sum)));
	pkt->len = (uint16_t)(66 + len);
	if (b->port->port.offloads & FLUE_PORT_RX_CSUM)
		pkt->flags = FLUE_PKT_RX_CSUM_GOOD;
	b->host.rcv[i] += len;
	b->port->rx[b->port->rx_count++] = pkt;
}

static void
queue_send(struct bench *b, uint32_t slot, uint32_t i, uint32_t len)
{
	struct flue_net_buffer_list *nbl = flue_ref_resolve(b->nbl[slot], 224);
	struct flue_net_buffer *nb = (void *)(nbl + 1);

	nbl->next = 0;
	nb->current_mdl = nb->mdl_chain;
	nb->current_mdl_offset = 0;
	nb->data_length = len;
	((struct flue_mdl *)(nb + 1))->byte_count = len;
	submit(&b->host, FLUE_SUB_SEND, b->host.token[i], b->nbl[slot]);
	b->host.snd[i] += len;
}

enum what {
	RECEIVE,
	TRANSMIT,
	PURE_ACK
};

/** Cycles of one pass over a burst of segments, each of the next flow. */
static uint64_t
one_pass(struct bench *b, enum what what, uint32_t len, uint32_t *flow)
{
	uint32_t first = *flow;
	uint64_t start;
	uint64_t end;
	uint32_t k;

	b->host.now += 100000;
	for (k = 0; k < BURST; k++) {
		uint32_t i = (first + k) % b->host.flows;

		if (what == RECEIVE)
			arrive(b, i, len, b->host.snd[i]);
		else
			queue_send(b, k, i, len);
	}
	*flow = (first + BURST) % b->host.flows;
	if (what == PURE_ACK) {
		(void)flue_engine_poll(b->host.e, b->host.now, BURST);
		b->host.now += 100000;
		for (k = 0; k < BURST; k++) {
			uint32_t i = (first + k) % b->host.flows;

			/* One flow: each ACK takes one more of the segments. */
			arrive(b, i, 0,
					b->host.flows > 1 ? b->host.snd[i]
							  : b->host.snd[i] - (BURST - 1 - k) * len);
		}
	}
	start = __rdtsc();
	(void)flue_engine_poll(b->host.e, b->host.now, BURST);
	end = __rdtsc();
	if (what == TRANSMIT) {
		for (k = 0; k < (b->host.flows > 1 ? BURST : 1); k++) {
			uint32_t i = (first + k) % b->host.flows;

			arrive(b, i, 0, b->host.snd[i]);
		}
		(void)flue_engine_poll(b->host.e, b->host.now, BURST);
	}
	answer(&b->host);
	(void)flue_engine_poll(b->host.e, b->host.now, BURST);
	answer(&b->host);
	return (end - start) / BURST;
}

static uint64_t
calibrate(void)
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

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
run(enum what what, uint32_t len, uint32_t flows, uint32_t caps, uint32_t reps, bool json,
		bool *comma)
{
	static const char *const names[] = { "receive", "transmit", "pure-ack" };
	struct bench *b = bench_new(flows, caps);
	uint64_t *cycles = calloc(reps, sizeof(*cycles));
	uint64_t *kernel = calloc(reps, sizeof(*kernel));
	uint32_t flow = 0;
	uint32_t i;

	for (i = 0; i < reps / 4; i++)
		(void)one_pass(b, what, len, &flow);
	for (i = 0; i < reps; i++) {
		kernel[i] = calibrate();
		cycles[i] = one_pass(b, what, len, &flow);
	}
	qsort(cycles, reps, sizeof(*cycles), compare);
	qsort(kernel, reps, sizeof(*kernel), compare);
	if (json)
		printf("%s\n  {\"kernel\":\"%s\",\"bytes\":%u,\"flows\":%u,\"checksum\":\"%s\","
		       "\"p10\":%llu,\"p50\":%llu,\"p90\":%llu,\"calibration\":%llu,\"fast_path\":%llu}",
				*comma ? "," : "", names[what], len, flows,
				caps ? "port" : "software", (unsigned long long)cycles[reps / 10],
				(unsigned long long)cycles[reps / 2],
				(unsigned long long)cycles[reps - reps / 10 - 1],
				(unsigned long long)kernel[reps / 2],
				(unsigned long long)b->host.e->ctr[FLUE_CTR_IN_FAST]);
	else
		printf("%-9s %5u %6u  %-8s  %6llu %6llu %6llu   %6llu\n", names[what], len, flows,
				caps ? "port" : "software", (unsigned long long)cycles[reps / 10],
				(unsigned long long)cycles[reps / 2],
				(unsigned long long)cycles[reps - reps / 10 - 1],
				(unsigned long long)kernel[reps / 2]);
	*comma = true;
	free(cycles);
	free(kernel);
	bench_free(b);
}

int
main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 64, 1448 };
	static const uint32_t flows[] = { 1, MAX_FLOWS };
	static const uint32_t caps[] = { 0, FLUE_PORT_RX_CSUM | FLUE_PORT_TX_CSUM };
	uint32_t reps = 4000;
	bool json = false;
	bool comma = false;
	int i, k, c, w;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--quick") == 0)
			reps = 400;
	}
	if (json)
		printf("{\"unit\":\"TSC cycles per segment\",\"burst\":%d,\"results\":[", BURST);
	else
		printf("TSC cycles per segment, bursts of %d, %u repetitions\n"
		       "what      bytes  flows  checksum     p10    p50    p90   calibration\n",
				BURST, reps);
	for (w = RECEIVE; w <= PURE_ACK; w++)
		for (c = 0; c < 2; c++)
			for (k = 0; k < 2; k++)
				for (i = 0; i < 2; i++)
					run((enum what)w, sizes[i], flows[k], caps[c], reps, json,
							&comma);
	if (json)
		printf("\n]}\n");
	return 0;
}
