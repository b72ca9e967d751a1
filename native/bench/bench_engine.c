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

#include "engine/parts.h"
#include "tcp/csum.h"

#define MAX_FLOWS 16384
#define BURST     32
#define ROOM      2304
#define BUFFERS   1024
#define IRS       0x10000u
#define ISS       0x20000u

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

/** The host's side: one channel, memory for blocks and send data. */
struct bench {
	struct bench_port *port;
	flue_engine *e;
	struct flue_channel_header *ch;
	struct flue_submission *subs;
	struct flue_up *ups;
	int java;
	uint8_t *base;
	uint64_t used;
	int64_t now;
	uint32_t flows;
	uint64_t token[MAX_FLOWS];
	uint32_t rcv[MAX_FLOWS];
	uint32_t snd[MAX_FLOWS];
	flue_ref nbl[BURST];
};

static void *
take(struct bench *b, uint64_t bytes, flue_ref *ref)
{
	void *at = b->base + b->used;

	*ref = flue_ref_make((uint32_t)b->java, b->used);
	b->used += (bytes + 63) & ~63ull;
	return at;
}

static void
submit(struct bench *b, uint32_t op, uint64_t token, flue_ref ref)
{
	struct flue_submission *s = &b->subs[b->ch->sub_tail & (b->ch->sub_capacity - 1)];

	*s = (struct flue_submission){ .op = op, .token = token, .ref = ref };
	b->ch->sub_tail++;
}

/** Answer everything like a host that accepts at once. */
static void
answer(struct bench *b)
{
	while (b->ch->up_head != b->ch->up_tail) {
		const struct flue_up *up = &b->ups[b->ch->up_head++ & (b->ch->up_capacity - 1)];

		if (up->op == FLUE_UP_RECEIVE_INDICATE) {
			submit(b, FLUE_SUB_VERDICT, up->arg1, up->ref);
			submit(b, FLUE_SUB_RECEIVE_RETURN, 0, up->ref);
		}
	}
}

static flue_ref
new_block(struct bench *b, uint8_t type, struct flue_miniport_offload_block_list **block,
		flue_ref *slot)
{
	flue_ref ref;

	(void)take(b, 16, slot);
	*block = take(b, FLUE_BLOCK_BYTES, &ref);
	(*block)->header.type = type;
	(*block)->miniport_offload_context = *slot;
	return ref;
}

static void
set_tcp(struct flue_miniport_offload_block_list *block, uint32_t i)
{
	struct flue_tcp_const *c = (void *)((uint8_t *)block + FLUE_TCP_CONST_AT);
	struct flue_tcp_cached *cached = (void *)((uint8_t *)block + FLUE_TCP_CACHED_AT);
	struct flue_tcp_delegated *d = (void *)((uint8_t *)block + FLUE_TCP_DELEGATED_AT);

	c->remote_port = __builtin_bswap16((uint16_t)(10000 + i));
	c->local_port = __builtin_bswap16(80);
	c->remote_mss = 1460;
	c->flags = FLUE_TCP_CONST_TIMESTAMPS | FLUE_TCP_CONST_WINDOW_SCALING;
	c->wind_scale = 0x77;
	cached->initial_rcv_wnd = 1 << 20;
	d->state = FLUE_TCP_ESTABLISHED;
	d->rcv_nxt = IRS;
	d->rcv_wnd = 1 << 20;
	d->snd_una = d->snd_nxt = d->snd_max = ISS;
	d->snd_wnd = d->max_snd_wnd = 1 << 20;
	d->cwnd = 1 << 20;
	d->srtt = 8;
	d->ka_timeout_delta = d->retransmit_timeout_delta = FLUE_TIMER_STOPPED;
}

static void
connect_all(struct bench *b)
{
	struct flue_miniport_offload_block_list *n;
	struct flue_miniport_offload_block_list *p;
	struct flue_miniport_offload_block_list *t;
	struct flue_miniport_offload_block_list *before = NULL;
	struct flue_path_const *pc;
	flue_ref *slots = calloc(b->flows, sizeof(*slots));
	flue_ref addr;
	flue_ref slot;
	flue_ref root = new_block(b, FLUE_STATE_NEIGHBOR, &n, &slot);
	uint32_t i;

	n->dependent_block_list = new_block(b, FLUE_STATE_IP4, &p, &slot);
	memcpy(take(b, 64, &addr), "\xc6\x12\0\x01\0\0\0\0\xc6\x12\0\x02", 12);
	pc = (void *)((uint8_t *)p + FLUE_PATH_CONST_AT);
	pc->source_address = addr;
	pc->destination_address = addr + 8;
	((struct flue_path_cached *)((uint8_t *)p + FLUE_PATH_CACHED_AT))->path_mtu = 1500;
	for (i = 0; i < b->flows; i++) {
		flue_ref ref = new_block(b, FLUE_STATE_TCP, &t, &slots[i]);

		set_tcp(t, i);
		if (before != NULL)
			before->next_block = ref;
		else
			p->dependent_block_list = ref;
		before = t;
		b->rcv[i] = IRS;
		b->snd[i] = ISS;
	}
	submit(b, FLUE_SUB_INITIATE, 0, root);
	while (b->ch->up_head == b->ch->up_tail)
		(void)flue_engine_poll(b->e, b->now, 32);
	b->ch->up_head = b->ch->up_tail;
	for (i = 0; i < b->flows; i++)
		b->token[i] = *(uint64_t *)flue_ref_resolve(slots[i], 8);
	free(slots);
	/* Past the quiet period, and not so long that the windows start again. */
	b->now += 110000000;
	(void)flue_engine_poll(b->e, b->now, 32);
}

static struct bench *
bench_new(uint32_t flows, uint32_t caps)
{
	struct flue_engine_config config;
	struct bench *b = calloc(1, sizeof(*b));
	struct bench_port *p = calloc(1, sizeof(*p));
	uint32_t i;
	int region;

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
	b->flows = flows;
	b->now = 1000000000;
	flue_engine_config_default(&config);
	if (flue_engine_create(&config, &p->port, &b->e) < 0)
		exit(1);
	region = flue_engine_channel(b->e, 4096, 4096);
	b->ch = flue_region_at(region);
	b->subs = (void *)(b->ch + 1);
	b->ups = (void *)(b->subs + 4096);
	b->java = flue_region_create(FLUE_REGION_HEAP, 64 << 20);
	b->base = flue_region_at(b->java);
	b->used = 64;
	connect_all(b);
	for (i = 0; i < BURST; i++) {
		struct {
			struct flue_net_buffer_list nbl;
			struct flue_net_buffer nb;
			struct flue_mdl mdl;
		} *l = take(b, sizeof(*l), &b->nbl[i]);

		(void)take(b, 2048, &l->mdl.data);
		l->nbl.first_net_buffer = b->nbl[i] + 128;
		l->nb.mdl_chain = b->nbl[i] + 192;
	}
	return b;
}

static void
bench_free(struct bench *b)
{
	flue_engine_destroy(b->e);
	flue_region_release(b->java);
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
	flue_store32be(p + 38, b->rcv[i]);
	flue_store32be(p + 42, ack);
	p[46] = 0x80;
	p[47] = TCP_ACK;
	flue_store16be(p + 48, 8192 - (b->rcv[i] & 1));
	flue_store32be(p + 54, 0x0101080a);
	flue_store32be(p + 58, (uint32_t)(b->now / 1000000));
	sum = flue_csum_add(
			p + 26, 8, __builtin_bswap16(6) + __builtin_bswap16((uint16_t)(32 + len)));
	flue_store16(p + 50, flue_csum_finish(flue_csum_add(p + 34, 32 + len, sum)));
	pkt->len = (uint16_t)(66 + len);
	if (b->port->port.offloads & FLUE_PORT_RX_CSUM)
		pkt->flags = FLUE_PKT_RX_CSUM_GOOD;
	b->rcv[i] += len;
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
	submit(b, FLUE_SUB_SEND, b->token[i], b->nbl[slot]);
	b->snd[i] += len;
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

	b->now += 100000;
	for (k = 0; k < BURST; k++) {
		uint32_t i = (first + k) % b->flows;

		if (what == RECEIVE)
			arrive(b, i, len, b->snd[i]);
		else
			queue_send(b, k, i, len);
	}
	*flow = (first + BURST) % b->flows;
	if (what == PURE_ACK) {
		(void)flue_engine_poll(b->e, b->now, BURST);
		b->now += 100000;
		for (k = 0; k < BURST; k++) {
			uint32_t i = (first + k) % b->flows;

			/* One flow: each ACK takes one more of the segments. */
			arrive(b, i, 0,
					b->flows > 1 ? b->snd[i]
						     : b->snd[i] - (BURST - 1 - k) * len);
		}
	}
	start = __rdtsc();
	(void)flue_engine_poll(b->e, b->now, BURST);
	end = __rdtsc();
	if (what == TRANSMIT) {
		for (k = 0; k < (b->flows > 1 ? BURST : 1); k++) {
			uint32_t i = (first + k) % b->flows;

			arrive(b, i, 0, b->snd[i]);
		}
		(void)flue_engine_poll(b->e, b->now, BURST);
	}
	answer(b);
	(void)flue_engine_poll(b->e, b->now, BURST);
	answer(b);
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
				(unsigned long long)b->e->ctr[FLUE_CTR_IN_FAST]);
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
