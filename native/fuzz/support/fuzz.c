/* SPDX-License-Identifier: Apache-2.0 */

#include "support/fuzz.h"

#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define FUZZ_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_ASAN
#endif
#endif
#ifdef FUZZ_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n)   ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

void
fuzz_require(bool truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

/* ---- Input ---------------------------------------------------------------------------------- */

uint8_t
fuzz_u8(struct fuzz_in *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

uint16_t
fuzz_u16(struct fuzz_in *in)
{
	uint16_t low = fuzz_u8(in);

	return (uint16_t)(low | fuzz_u8(in) << 8);
}

uint32_t
fuzz_u32(struct fuzz_in *in)
{
	uint32_t low = fuzz_u16(in);

	return low | (uint32_t)fuzz_u16(in) << 16;
}

uint32_t
fuzz_bytes(struct fuzz_in *in, const uint8_t **bytes, uint32_t most)
{
	uint32_t n = in->left < most ? (uint32_t)in->left : most;

	*bytes = in->at;
	in->at += n;
	in->left -= n;
	return n;
}

/* ---- The port ------------------------------------------------------------------------------- */

static void
pkt_free(struct flue_pkt *pkt)
{
	struct fuzz *f = (struct fuzz *)pkt->port;

	flue_pkt_drop_ext(pkt);
	ASAN_UNPOISON_MEMORY_REGION(pkt->data, FLUE_PKT_ROOM);
	f->free[f->free_count++] = (uint32_t)(pkt - f->pkts);
	f->port.held--;
}

struct flue_pkt *
fuzz_pkt_alloc(struct flue_port *port)
{
	struct fuzz *f = (struct fuzz *)port;
	uint32_t i;

	if (f->free_count == 0)
		return NULL;
	i = f->free[--f->free_count];
	f->pkts[i] = (struct flue_pkt){
		.ref = flue_ref_make(
				(uint32_t)f->region, (uint64_t)i * FUZZ_ROOM + FLUE_PKT_HEADROOM),
		.port = port,
		.refcnt = 1,
	};
	f->pkts[i].data = flue_ref_at(f->pkts[i].ref, 1);
	f->port.held++;
	return &f->pkts[i];
}

static unsigned
rx_burst(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct fuzz *f = (struct fuzz *)port;
	unsigned i;

	(void)now;
	for (i = 0; i < n && f->rx != NULL; i++) {
		pkts[i] = f->rx;
		f->rx = f->rx->next;
		pkts[i]->next = NULL;
	}
	return i;
}

static unsigned
tx_burst(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct fuzz *f = (struct fuzz *)port;
	unsigned i;

	(void)now;
	for (i = 0; i < n; i++) {
		if (f->sent != NULL)
			f->sent(f, pkts[i]);
		flue_pkt_release(pkts[i]);
	}
	return n;
}

static const struct flue_port_ops ops = {
	.rx_burst = rx_burst,
	.tx_burst = tx_burst,
	.alloc = fuzz_pkt_alloc,
	.free = pkt_free,
};

bool
fuzz_receive(struct fuzz *f, const uint8_t *frame, uint32_t len, uint16_t flags)
{
	struct flue_pkt *pkt = len <= FLUE_PKT_ROOM ? fuzz_pkt_alloc(&f->port) : NULL;
	struct flue_pkt **last = &f->rx;

	if (pkt == NULL)
		return false;
	memcpy(pkt->data, frame, len);
	pkt->len = (uint16_t)len;
	pkt->flags = flags;
	if (!f->host_names_buffers)
		ASAN_POISON_MEMORY_REGION(pkt->data + len, FLUE_PKT_ROOM - len);
	while (*last != NULL)
		last = &(*last)->next;
	*last = pkt;
	return true;
}

/* ---- The engine ----------------------------------------------------------------------------- */

struct flue_engine_config
fuzz_config(void)
{
	struct flue_engine_config config;

	flue_engine_config_default(&config);
	config.max_connections = config.max_paths = config.max_neighbors = 16;
	config.max_sends = config.max_receives = config.max_frames = 64;
	return config;
}

struct fuzz *
fuzz_new(const struct flue_engine_config *config)
{
	struct flue_engine_config small = fuzz_config();
	struct fuzz *f = calloc(1, sizeof(*f));
	uint32_t i;

	if (f == NULL)
		abort();
	f->port.ops = &ops;
	memcpy(f->port.mac, FUZZ_OUR_MAC, 6);
	f->port.mtu = 1500;
	f->port.buffers = FUZZ_BUFFERS;
	for (i = 0; i < FUZZ_BUFFERS; i++)
		f->free[f->free_count++] = i;
	f->region = flue_region_create(FLUE_REGION_HEAP, FUZZ_BUFFERS * FUZZ_ROOM);
	f->java = flue_region_create(FLUE_REGION_HEAP, FUZZ_JAVA);
	if (f->region < 0 || f->java < 0 ||
			flue_engine_create(config != NULL ? config : &small, &f->port, &f->e) < 0)
		abort();
	f->base = flue_region_at(f->java);
	f->channel = flue_engine_channel(f->e, FUZZ_RING, FUZZ_RING);
	f->ch = flue_region_at(f->channel);
	f->subs = (struct flue_submission *)(f->ch + 1);
	f->ups = (struct flue_up *)(f->subs + FUZZ_RING);
	f->now = 1000000000;
	return f;
}

void
fuzz_free(struct fuzz *f)
{
	while (f->rx != NULL) {
		struct flue_pkt *pkt = f->rx;

		f->rx = pkt->next;
		flue_pkt_release(pkt);
	}
	flue_engine_destroy(f->e);
	fuzz_require(f->port.held == 0 && f->free_count == FUZZ_BUFFERS, "each buffer came back");
	flue_region_release(f->region);
	flue_region_release(f->java);
	free(f);
}

flue_ref
fuzz_ref(const struct fuzz *f, uint64_t offset)
{
	return flue_ref_make((uint32_t)f->java, offset);
}

void
fuzz_submit(struct fuzz *f, uint32_t op, uint64_t token, flue_ref ref, uint32_t arg0, uint64_t arg1)
{
	f->subs[f->ch->sub_tail & (FUZZ_RING - 1)] = (struct flue_submission){
		.op = op, .arg0 = arg0, .token = token, .ref = ref, .arg1 = arg1
	};
	f->ch->sub_tail++;
}

uint32_t
fuzz_waiting(const struct fuzz *f)
{
	return (uint32_t)(f->ch->sub_tail - f->ch->sub_head);
}

void
fuzz_pass(struct fuzz *f, int64_t ns)
{
	f->now += ns;
	if (flue_engine_poll(f->e, f->now, 32) < 0)
		abort();
}

bool
fuzz_up(struct fuzz *f, struct flue_up *up)
{
	if (f->ch->up_head == f->ch->up_tail)
		return false;
	*up = f->ups[f->ch->up_head & (FUZZ_RING - 1)];
	f->ch->up_head++;
	return true;
}

void
fuzz_poll(struct fuzz *f, int64_t ns)
{
	struct flue_up up;

	fuzz_pass(f, ns);
	while (fuzz_up(f, &up)) {
		if (up.op == FLUE_UP_RECEIVE_INDICATE) {
			fuzz_submit(f, FLUE_SUB_VERDICT, up.arg1, up.ref, 0, 0);
			fuzz_submit(f, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		} else if (up.op == FLUE_UP_FRAME) {
			fuzz_submit(f, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
		} else if (up.op == FLUE_UP_OFFLOAD_EVENT) {
			fuzz_submit(f, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
		}
	}
}

/* ---- What is offloaded ---------------------------------------------------------------------- */

struct flue_tcp_const *
fuzz_const(struct fuzz *f)
{
	return (struct flue_tcp_const *)(f->base + FUZZ_TCP + FLUE_TCP_CONST_AT);
}

struct flue_tcp_cached *
fuzz_cached(struct fuzz *f)
{
	return (struct flue_tcp_cached *)(f->base + FUZZ_TCP + FLUE_TCP_CACHED_AT);
}

struct flue_tcp_delegated *
fuzz_delegated(struct fuzz *f)
{
	return (struct flue_tcp_delegated *)(f->base + FUZZ_TCP + FLUE_TCP_DELEGATED_AT);
}

struct flue_tcp_state_ext *
fuzz_ext(struct fuzz *f)
{
	return (struct flue_tcp_state_ext *)(f->base + FUZZ_TCP + FLUE_TCP_EXT_AT);
}

static void
tree_tcp(struct fuzz *f, bool ts)
{
	struct flue_tcp_const *c = fuzz_const(f);
	struct flue_tcp_delegated *d = fuzz_delegated(f);

	c->flags = ts ? FLUE_TCP_CONST_TIMESTAMPS : 0;
	c->remote_port = __builtin_bswap16(40000);
	c->local_port = __builtin_bswap16(80);
	c->remote_mss = 1460;
	fuzz_cached(f)->initial_rcv_wnd = 65535;
	d->state = FLUE_TCP_ESTABLISHED;
	d->rcv_nxt = 0x1000;
	d->rcv_wnd = 65535;
	d->snd_una = d->snd_nxt = d->snd_max = 0x2000;
	d->snd_wnd = d->max_snd_wnd = 65535;
	d->cwnd = 14600;
	d->ka_timeout_delta = d->retransmit_timeout_delta = FLUE_TIMER_STOPPED;
}

void
fuzz_tree(struct fuzz *f, bool ts)
{
	static const uint16_t at[3] = { FUZZ_NEIGHBOR, FUZZ_PATH, FUZZ_TCP };
	const uint8_t type[3] = { FLUE_STATE_NEIGHBOR, f->ip6 ? FLUE_STATE_IP6 : FLUE_STATE_IP4,
		FLUE_STATE_TCP };
	struct flue_path_const *path;
	int i;

	for (i = 0; i < 3; i++) {
		struct flue_miniport_offload_block_list *b =
				(struct flue_miniport_offload_block_list *)(f->base + at[i]);

		memset(b, 0, 1024);
		b->header.type = type[i];
		b->miniport_offload_context = fuzz_ref(f, FUZZ_HANDLES + 64 * (uint64_t)i);
		b->dependent_block_list = i < 2 ? fuzz_ref(f, at[i + 1]) : 0;
		memset(f->base + FUZZ_HANDLES + 64 * i, 0, 8);
	}
	memcpy(f->base + FUZZ_NEIGHBOR + FLUE_NEIGHBOR_CACHED_AT + 8, FUZZ_PEER_MAC, 6);
	path = (struct flue_path_const *)(f->base + FUZZ_PATH + FLUE_PATH_CONST_AT);
	path->source_address = fuzz_ref(f, 3008);
	path->destination_address = fuzz_ref(f, 3024);
	if (f->ip6) {
		memcpy(f->base + 3008, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
		memcpy(f->base + 3024, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	} else {
		memcpy(f->base + 3008, "\xc6\x12\0\x01", 4);
		memcpy(f->base + 3024, "\xc6\x12\0\x02", 4);
	}
	((struct flue_path_cached *)(f->base + FUZZ_PATH + FLUE_PATH_CACHED_AT))->path_mtu = 1500;
	tree_tcp(f, ts);
}

uint64_t
fuzz_token(const struct fuzz *f, int which)
{
	uint64_t token;

	memcpy(&token, f->base + FUZZ_HANDLES + 64 * which, 8);
	return token;
}

uint64_t
fuzz_connect(struct fuzz *f, bool ts)
{
	fuzz_tree(f, ts);
	fuzz_submit(f, FLUE_SUB_INITIATE, 0, fuzz_ref(f, FUZZ_NEIGHBOR), 0, 0);
	fuzz_poll(f, 1000000);
	return fuzz_token(f, 2);
}

/* ---- Buffers and frames --------------------------------------------------------------------- */

flue_ref
fuzz_nbl(struct fuzz *f, uint32_t at, uint32_t data, uint32_t len)
{
	struct flue_net_buffer_list *nbl = (struct flue_net_buffer_list *)(f->base + at);
	struct flue_net_buffer *nb = (struct flue_net_buffer *)(nbl + 1);
	struct flue_mdl *mdl = (struct flue_mdl *)(nb + 1);
	uint32_t first = len & 1 ? len : len / 3; /* in one piece, or in two */

	memset(nbl, 0, 256);
	nbl->first_net_buffer = fuzz_ref(f, at + 128);
	nb->mdl_chain = nb->current_mdl = fuzz_ref(f, at + 192);
	nb->data_length = len;
	mdl[0].next = first < len ? fuzz_ref(f, at + 224) : FLUE_REF_NULL;
	mdl[0].data = fuzz_ref(f, data);
	mdl[0].byte_count = first;
	mdl[1].data = fuzz_ref(f, data + first);
	mdl[1].byte_count = len - first;
	return fuzz_ref(f, at);
}

uint32_t
fuzz_put_ip(const struct fuzz *f, uint8_t *frame, uint32_t tcp_len)
{
	uint8_t *ip = frame + 14;

	memset(frame, 0, 54);
	memcpy(frame, FUZZ_OUR_MAC, 6);
	memcpy(frame + 6, FUZZ_PEER_MAC, 6);
	if (f->ip6) {
		flue_store16be(frame + 12, 0x86dd);
		ip[0] = 0x60;
		flue_store16be(ip + 4, (uint16_t)tcp_len);
		ip[6] = 6;
		ip[7] = 64;
		memcpy(ip + 8, f->base + 3024, 16);
		memcpy(ip + 24, f->base + 3008, 16);
		return 54;
	}
	flue_store16be(frame + 12, 0x0800);
	ip[0] = 0x45;
	flue_store16be(ip + 2, (uint16_t)(20 + tcp_len));
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, "\xc6\x12\0\x02\xc6\x12\0\x01", 8);
	return 34;
}

void
fuzz_put_ports(uint8_t *tcp)
{
	flue_store16be(tcp, 40000);
	flue_store16be(tcp + 2, 80);
}
