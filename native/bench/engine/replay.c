/* SPDX-License-Identifier: Apache-2.0 */

#include "replay.h"

#include <sys/prctl.h>
#include <x86intrin.h>

#include "tcp/csum.h"
#include "tcp/tcp.h"

#define ROOM    2304
#define BUFFERS 1024
#define ANSWERS 256

/** What the peer says of a segment that it received. */
struct reply {
	uint32_t flow;
	uint32_t ack;
	uint32_t sack_start; /* equal: none */
	uint32_t sack_end;
};

/** What the peer has of a flow's stream: all up to `next`, and one block behind a hole. */
struct peer {
	uint32_t next;
	uint32_t start;
	uint32_t end;
};

struct bench_port {
	struct flue_port port;
	int region;
	uint8_t *memory;
	struct flue_pkt pkts[BUFFERS];
	struct flue_pkt *stack[BUFFERS];
	uint32_t top;
	struct flue_pkt *rx[BURST];
	uint32_t rx_count;
	uint32_t rx_at;
	struct bench *bench; /* who looks at what is sent; NULL = nobody */
};

struct bench {
	struct bench_host host;
	struct bench_setting set;
	struct bench_port *port;
	flue_ref nbl[BURST];
	uint32_t *order; /* flows as they are visited */
	uint32_t at;
	uint32_t random;
	/* With loss. */
	uint32_t *missing; /* receive: bytes before host.rcv of the one segment that has not arrived */
	struct peer *peers;
	struct reply replies[ANSWERS];
	uint32_t nreplies;
};

static uint32_t
random_next(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 17;
	b->random ^= b->random << 5;
	return b->random;
}

static bool
lost(struct bench *b)
{
	return b->set.loss != 0 && random_next(b) % 100 < b->set.loss;
}

/* ---- The port -------------------------------------------------------------------------------- */

static void
port_free(struct flue_pkt *pkt)
{
	struct bench_port *p = (struct bench_port *)pkt->port;

	flue_pkt_drop_ext(pkt);
	p->stack[p->top++] = pkt;
	p->port.held--;
}

static struct flue_pkt *
port_alloc(struct flue_port *port)
{
	struct bench_port *p = (struct bench_port *)port;
	struct flue_pkt *pkt;

	if (p->top == 0)
		return NULL;
	pkt = p->stack[--p->top];
	pkt->len = 0;
	pkt->flags = 0;
	pkt->refcnt = 1;
	p->port.held++;
	return pkt;
}

static unsigned
port_alloc_many(struct flue_port *port, struct flue_pkt **pkts, unsigned n)
{
	struct bench_port *p = (struct bench_port *)port;
	unsigned i;

	if (n > p->top)
		n = p->top;
	p->top -= n;
	p->port.held += n;
	for (i = 0; i < n; i++) {
		struct flue_pkt *pkt = p->stack[p->top + i];

		pkt->len = 0;
		pkt->flags = 0;
		pkt->refcnt = 1;
		pkts[i] = pkt;
	}
	return n;
}

static unsigned
port_rx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct bench_port *p = (struct bench_port *)port;
	unsigned k = p->rx_count - p->rx_at;

	(void)now;
	if (k > n)
		k = n;
	memcpy(pkts, p->rx + p->rx_at, k * sizeof(*pkts));
	p->rx_at += k;
	if (p->rx_at == p->rx_count)
		p->rx_at = p->rx_count = 0;
	return k;
}

/** Bytes in front of the TCP header. */
static uint32_t
head(const struct bench *b)
{
	return b->set.ip6 ? 54 : 34;
}

/** The peer takes it, or it is lost, and says what it has now. */
static void
peer_in(struct bench *b, const struct flue_pkt *pkt)
{
	const uint8_t *tcp = pkt->data + head(b);
	uint32_t len = (uint32_t)pkt->len + pkt->ext_len - head(b) - (tcp[12] >> 4) * 4u;
	uint32_t seq = flue_load32be(tcp + 4);
	uint32_t flow = (uint32_t)(flue_load16be(tcp + 2) - 10000) +
			(uint32_t)(tcp[-1] - 2) * FLOWS_PER_PATH;
	struct peer *p = &b->peers[flow];

	if (len == 0 || lost(b) || b->nreplies == ANSWERS)
		return;
	if (seq == p->next) {
		p->next += len;
	} else if ((int32_t)(seq - p->next) > 0 && p->start == p->end) {
		p->start = seq;
		p->end = seq + len;
	} else if (seq == p->end) {
		p->end += len;
	}
	/* A second hole: what lies behind it comes again. */
	if (p->start != p->end && (int32_t)(p->next - p->start) >= 0) {
		if ((int32_t)(p->end - p->next) > 0)
			p->next = p->end;
		p->start = p->end = 0;
	}
	b->replies[b->nreplies++] = (struct reply){ flow, p->next, p->start, p->end };
}

static unsigned
port_tx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct bench_port *p = (struct bench_port *)port;
	unsigned i;

	(void)now;
	for (i = 0; i < n; i++) {
		if (p->bench != NULL)
			peer_in(p->bench, pkts[i]);
		flue_pkt_release(pkts[i]);
	}
	return n;
}

static const struct flue_port_ops ops = { .rx_burst = port_rx,
	.tx_burst = port_tx,
	.alloc = port_alloc,
	.alloc_many = port_alloc_many,
	.free = port_free };

/* ---- Making and ending ------------------------------------------------------------------------ */

static struct bench_port *
port_new(bool sums)
{
	struct bench_port *p = calloc(1, sizeof(*p));
	uint32_t i;

	p->port.ops = &ops;
	memcpy(p->port.mac, "\x02\0\0\0\0\xaa", 6);
	p->port.mtu = MTU_IP6;
	p->port.offloads = sums ? FLUE_PORT_RX_CSUM | FLUE_PORT_TX_CSUM : 0;
	p->port.buffers = BUFFERS;
	p->region = flue_region_create(FLUE_REGION_HEAP, BUFFERS * ROOM);
	p->memory = flue_region_at(p->region);
	/* Where a packet lies nobody changes. */
	for (i = 0; i < BUFFERS; i++) {
		struct flue_pkt *pkt = &p->pkts[i];

		pkt->data = p->memory + (uint64_t)i * ROOM + FLUE_PKT_HEADROOM;
		pkt->ref = flue_ref_make(
				(uint32_t)p->region, (uint64_t)i * ROOM + FLUE_PKT_HEADROOM);
		pkt->port = &p->port;
		p->stack[p->top++] = pkt;
	}
	return p;
}

static void
shuffle(struct bench *b)
{
	uint32_t i;

	b->order = calloc(b->set.flows, sizeof(*b->order));
	for (i = 0; i < b->set.flows; i++)
		b->order[i] = i;
	for (i = b->set.flows - 1; i > 0; i--) {
		uint32_t k = random_next(b) % (i + 1);
		uint32_t t = b->order[i];

		b->order[i] = b->order[k];
		b->order[k] = t;
	}
}

static void
make_sends(struct bench *b)
{
	uint32_t i;

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
}

struct bench *
bench_new(const struct bench_setting *setting)
{
	struct bench *b = calloc(1, sizeof(*b));
	uint32_t i;

	b->set = *setting;
	b->random = 0x2545f491;
	b->port = port_new(setting->port_sums);
	(void)prctl(PR_SET_THP_DISABLE, setting->pages == PAGES_4K, 0, 0, 0);
	b->host.flows = setting->flows;
	b->host.sack = setting->loss != 0;
	b->host.ip6 = setting->ip6;
	b->host.bare = setting->bare;
	if (setting->what == TRANSMIT && setting->acks == ACKS_EACH)
		b->host.mss = setting->bytes + (setting->bare ? 0 : TCP_TS_BYTES);
	b->host.now = 1000000000;
	flue_engine_config_default(&b->host.config);
	if (setting->pages == PAGES_2M)
		b->host.config.arena_kind = FLUE_REGION_HUGEPAGE;
	host_start(&b->host, &b->port->port);
	if (setting->acks == ACKS_EACH)
		b->host.e->params.tcp_ack_frequency = 1;
	shuffle(b);
	make_sends(b);
	if (setting->loss != 0) {
		b->missing = calloc(setting->flows, sizeof(*b->missing));
		b->peers = calloc(setting->flows, sizeof(*b->peers));
		for (i = 0; i < setting->flows; i++)
			b->peers[i].next = ISS;
		b->port->bench = b;
	}
	return b;
}

void
bench_free(struct bench *b)
{
	host_end(&b->host);
	flue_region_release(b->port->region);
	free(b->port);
	free(b->order);
	free(b->missing);
	free(b->peers);
	free(b);
}

struct bench_host *
bench_host_of(struct bench *b)
{
	return &b->host;
}

/* ---- Segments and sends ----------------------------------------------------------------------- */

/** Ethernet and IP. @return where TCP begins, zeros so far */
static uint8_t *
put_head(const struct bench *b, uint8_t *p, uint32_t flow, uint32_t hlen, uint32_t len)
{
	uint8_t peer = (uint8_t)(2 + flow / FLOWS_PER_PATH);

	memset(p, 0, head(b) + hlen);
	memcpy(p, b->port->port.mac, 6);
	if (b->set.ip6) {
		flue_store16be(p + 12, 0x86dd);
		p[14] = 0x60;
		flue_store16be(p + 18, (uint16_t)(hlen + len));
		p[20] = 6;
		p[21] = 64;
		(void)put_addresses(p + 22, true, peer);
	} else {
		flue_store16be(p + 12, 0x0800);
		p[14] = 0x45;
		flue_store16be(p + 16, (uint16_t)(20 + hlen + len));
		p[22] = 64;
		p[23] = 6;
		(void)put_addresses(p + 26, false, peer);
		flue_store16(p + 24, flue_csum_finish(flue_csum_add(p + 14, 20, 0)));
	}
	return p + head(b);
}

/** One segment of a flow into the port's receive array. */
static void
arrive(struct bench *b, uint32_t flow, uint32_t seq, uint32_t len, const struct reply *r)
{
	struct flue_pkt *pkt = port_alloc(&b->port->port);
	uint32_t plain = b->set.bare ? 20 : 20 + TCP_TS_BYTES;
	uint32_t hlen = plain + (r->sack_start == r->sack_end ? 0 : 12);
	uint32_t addresses;
	uint8_t *tcp;
	uint64_t sum;

	if (pkt == NULL)
		abort();
	tcp = put_head(b, pkt->data, flow, hlen, len);
	flue_store16be(tcp, (uint16_t)(10000 + flow % FLOWS_PER_PATH));
	flue_store16be(tcp + 2, 80);
	flue_store32be(tcp + 4, seq);
	flue_store32be(tcp + 8, r->ack);
	tcp[12] = (uint8_t)(hlen << 2);
	tcp[13] = TCP_ACK;
	flue_store16be(tcp + 14, 8192);
	if (!b->set.bare) {
		flue_store32be(tcp + 20, 0x0101080a);
		flue_store32be(tcp + 24, (uint32_t)(b->host.now / 1000000));
	}
	if (hlen > plain) {
		flue_store32be(tcp + plain, 0x0101050a);
		flue_store32be(tcp + plain + 4, r->sack_start);
		flue_store32be(tcp + plain + 8, r->sack_end);
	}
	addresses = b->set.ip6 ? 32 : 8;
	sum = flue_csum_add(tcp - addresses, addresses,
			__builtin_bswap16(6) + __builtin_bswap16((uint16_t)(hlen + len)));
	flue_store16(tcp + 16, flue_csum_finish(flue_csum_add(tcp, hlen + len, sum)));
	pkt->len = (uint16_t)(head(b) + hlen + len);
	if (b->set.port_sums)
		pkt->flags = FLUE_PKT_RX_CSUM_GOOD;
	b->port->rx[b->port->rx_count++] = pkt;
}

/** The next of a flow's stream: of one that is lost now the next one comes first, then it again. */
static void
data_in(struct bench *b, uint32_t i)
{
	struct reply r = { i, b->host.snd[i], 0, 0 };
	uint32_t len = b->set.bytes;

	if (b->set.loss != 0 && b->missing[i] != 0) {
		arrive(b, i, b->host.rcv[i] - b->missing[i], len, &r);
		b->missing[i] = 0;
		return;
	}
	if (b->set.loss != 0 && b->missing[i] == 0 && lost(b)) {
		b->missing[i] = 2 * len;
		b->host.rcv[i] += len;
	}
	arrive(b, i, b->host.rcv[i], len, &r);
	b->host.rcv[i] += len;
}

static void
queue_send(struct bench *b, uint32_t slot, uint32_t i)
{
	struct flue_net_buffer_list *nbl = flue_ref_resolve(b->nbl[slot], 224);
	struct flue_net_buffer *nb = (void *)(nbl + 1);

	nbl->next = 0;
	nb->current_mdl = nb->mdl_chain;
	nb->current_mdl_offset = 0;
	nb->data_length = b->set.bytes;
	((struct flue_mdl *)(nb + 1))->byte_count = b->set.bytes;
	submit(&b->host, FLUE_SUB_SEND, b->host.token[i], b->nbl[slot]);
	b->host.snd[i] += b->set.bytes;
}

static uint32_t
flow_at(const struct bench *b, uint32_t k)
{
	return b->order[(b->at + k) % b->set.flows];
}

/* ---- Bursts ----------------------------------------------------------------------------------- */

static uint64_t
pass(struct bench *b)
{
	uint64_t start = __rdtsc();

	(void)flue_engine_poll(b->host.e, b->host.now, BURST);
	return __rdtsc() - start;
}

/** What the peer says to the burst that was sent: what it received; `each`: it all, segment by segment. */
static void
acks_in(struct bench *b, bool each)
{
	uint32_t n = b->set.flows < BURST ? b->set.flows : BURST;
	uint32_t k;

	if (b->set.loss != 0 && !each) {
		for (k = 0; k < b->nreplies && b->port->rx_count < BURST; k++)
			arrive(b, b->replies[k].flow, b->host.rcv[b->replies[k].flow], 0,
					&b->replies[k]);
		b->nreplies = 0;
		return;
	}
	for (k = 0; k < (each ? BURST : n); k++) {
		uint32_t i = flow_at(b, k);
		/* Few flows: each ACK takes one more of the segments. */
		uint32_t behind = each ? (BURST - 1 - k) / n * b->set.bytes : 0;
		struct reply r = { i, b->host.snd[i] - behind, 0, 0 };

		arrive(b, i, b->host.rcv[i], 0, &r);
	}
}

/** Submit sends of the burst and have them sent. @return cycles */
static uint64_t
send_burst(struct bench *b)
{
	uint32_t k;

	for (k = 0; k < BURST; k++)
		queue_send(b, k, flow_at(b, k));
	return pass(b);
}

/** With loss: what was sent is sent again until the peer has it. */
static uint64_t
recover(struct bench *b)
{
	uint64_t cycles = 0;

	while (b->set.loss != 0 && flue_ids_used(&b->host.e->piece_ids) > 0) {
		/* A lost tail: on with the timers. */
		b->host.now += b->nreplies > 0 ? 100000 : 1000000;
		acks_in(b, false);
		cycles += pass(b);
	}
	return cycles;
}

/** Verdicts, returns, what is left of ACKs. */
static uint64_t
settle(struct bench *b)
{
	uint64_t cycles;

	answer(&b->host);
	cycles = pass(b);
	answer(&b->host);
	return cycles;
}

struct bench_cost
bench_burst(struct bench *b)
{
	uint64_t main = 0;
	uint64_t rest = 0;
	uint32_t k;

	b->host.now += 100000;
	switch (b->set.what) {
	case RECEIVE:
		for (k = 0; k < BURST; k++)
			data_in(b, flow_at(b, k));
		main = pass(b);
		break;
	case TRANSMIT:
		main = send_burst(b);
		acks_in(b, false);
		rest = pass(b);
		rest += recover(b);
		break;
	default:
		rest = send_burst(b);
		b->nreplies = 0;
		b->host.now += 100000;
		acks_in(b, true);
		main = pass(b);
		break;
	}
	rest += settle(b);
	b->at = (b->at + BURST) % b->set.flows;
	return (struct bench_cost){ (uint32_t)(main / BURST), (uint32_t)((main + rest) / BURST) };
}

void
bench_warm(struct bench *b, uint32_t bursts)
{
	uint32_t n = (b->set.flows + BURST - 1) / BURST;
	uint32_t i;

	for (i = 0; i < n || i < bursts; i++)
		(void)bench_burst(b);
}
