/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_FUZZ_SUPPORT_H
#define FLUE_FUZZ_SUPPORT_H

/** @file What both fuzz targets stand on: a port without a wire, an engine, one channel. */

#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define FUZZ_BUFFERS 256
#define FUZZ_ROOM    2304
#define FUZZ_JAVA    (256 * 1024)

struct fuzz {
	struct flue_port port;
	int region;
	struct flue_pkt pkts[FUZZ_BUFFERS];
	uint32_t free[FUZZ_BUFFERS];
	uint32_t free_count;
	struct flue_pkt *rx;
	flue_engine *e;
	int channel;
	struct flue_channel_header *ch;
	struct flue_submission *subs;
	struct flue_up *ups;
	int java;
	uint8_t *base;
	int64_t now;
};

static void
fuzz_pkt_free(struct flue_pkt *pkt)
{
	struct fuzz *f = (struct fuzz *)pkt->port;

	flue_pkt_drop_ext(pkt);
	f->free[f->free_count++] = (uint32_t)(pkt - f->pkts);
	f->port.held--;
}

static struct flue_pkt *
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
fuzz_rx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct fuzz *f = (struct fuzz *)port;

	(void)now;
	if (n == 0 || f->rx == NULL)
		return 0;
	pkts[0] = f->rx;
	f->rx = NULL;
	return 1;
}

static unsigned
fuzz_tx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	unsigned i;

	(void)port;
	(void)now;
	for (i = 0; i < n; i++)
		flue_pkt_release(pkts[i]);
	return n;
}

static const struct flue_port_ops fuzz_ops = {
	.rx_burst = fuzz_rx,
	.tx_burst = fuzz_tx,
	.alloc = fuzz_pkt_alloc,
	.free = fuzz_pkt_free,
};

static struct fuzz *
fuzz_new(void)
{
	struct flue_engine_config config;
	struct fuzz *f = calloc(1, sizeof(*f));
	uint32_t i;

	if (f == NULL)
		abort();
	flue_engine_config_default(&config);
	config.max_connections = config.max_paths = config.max_neighbors = 16;
	config.max_sends = config.max_receives = config.max_frames = 64;
	f->port.ops = &fuzz_ops;
	memcpy(f->port.mac, "\x02\0\0\0\0\xaa", 6);
	f->port.mtu = 1500;
	f->port.buffers = FUZZ_BUFFERS;
	for (i = 0; i < FUZZ_BUFFERS; i++)
		f->free[f->free_count++] = i;
	f->region = flue_region_create(FLUE_REGION_HEAP, FUZZ_BUFFERS * FUZZ_ROOM);
	f->java = flue_region_create(FLUE_REGION_HEAP, FUZZ_JAVA);
	if (f->region < 0 || f->java < 0 || flue_engine_create(&config, &f->port, &f->e) < 0)
		abort();
	f->base = flue_region_at(f->java);
	f->channel = flue_engine_channel(f->e, 64, 64);
	f->ch = flue_region_at(f->channel);
	f->subs = (struct flue_submission *)(f->ch + 1);
	f->ups = (struct flue_up *)(f->subs + 64);
	f->now = 1000000000;
	return f;
}

static void
fuzz_free(struct fuzz *f)
{
	flue_engine_destroy(f->e);
	if (f->port.held != 0)
		abort();
	flue_region_release(f->region);
	flue_region_release(f->java);
	free(f);
}

static void
fuzz_submit(struct fuzz *f, uint32_t op, uint64_t token, flue_ref ref, uint32_t arg0, uint64_t arg1)
{
	f->subs[f->ch->sub_tail & 63] = (struct flue_submission){
		.op = op, .arg0 = arg0, .token = token, .ref = ref, .arg1 = arg1
	};
	f->ch->sub_tail++;
}

/** Poll and answer like a host: accept what is indicated, return what was lent. */
static void
fuzz_poll(struct fuzz *f, int64_t ns)
{
	f->now += ns;
	if (flue_engine_poll(f->e, f->now, 32) < 0)
		abort();
	while (f->ch->up_head != f->ch->up_tail) {
		struct flue_up *up = &f->ups[f->ch->up_head++ & 63];

		if (up->op == FLUE_UP_RECEIVE_INDICATE) {
			fuzz_submit(f, FLUE_SUB_VERDICT, up->arg1, up->ref, 0, 0);
			fuzz_submit(f, FLUE_SUB_RECEIVE_RETURN, 0, up->ref, 0, 0);
		} else if (up->op == FLUE_UP_FRAME) {
			fuzz_submit(f, FLUE_SUB_FRAME_RETURN, 0, up->ref, 0, 0);
		} else if (up->op == FLUE_UP_OFFLOAD_EVENT) {
			fuzz_submit(f, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up->arg1, up->ref, 0, 0);
		}
	}
}

static flue_ref
fuzz_ref(const struct fuzz *f, uint64_t offset)
{
	return flue_ref_make((uint32_t)f->java, offset);
}

/** A neighbor, a path and an established connection at offsets 4096, 8192 and 12288. */
static uint64_t
fuzz_connect(struct fuzz *f, bool ts)
{
	static const uint16_t at[3] = { 4096, 8192, 12288 };
	static const uint8_t type[3] = { FLUE_STATE_NEIGHBOR, FLUE_STATE_IP4, FLUE_STATE_TCP };
	struct flue_tcp_delegated *d;
	struct flue_tcp_cached *cached;
	struct flue_tcp_const *c;
	struct flue_path_const *path;
	int i;

	for (i = 0; i < 3; i++) {
		struct flue_miniport_offload_block_list *b =
				(struct flue_miniport_offload_block_list *)(f->base + at[i]);

		memset(b, 0, 600);
		b->header.type = type[i];
		b->miniport_offload_context = fuzz_ref(f, 2048 + 64 * (uint64_t)i);
		b->dependent_block_list = i < 2 ? fuzz_ref(f, at[i + 1]) : 0;
		memset(f->base + 2048 + 64 * i, 0, 8);
	}
	memcpy(f->base + 4096 + FLUE_NEIGHBOR_CACHED_AT + 8, "\x02\0\0\0\0\xbb", 6);
	path = (struct flue_path_const *)(f->base + 8192 + FLUE_PATH_CONST_AT);
	path->source_address = fuzz_ref(f, 3000 & ~7u);
	path->destination_address = fuzz_ref(f, 3008);
	memcpy(f->base + (3000 & ~7u), "\xc6\x12\0\x01", 4);
	memcpy(f->base + 3008, "\xc6\x12\0\x02", 4);
	((struct flue_path_cached *)(f->base + 8192 + FLUE_PATH_CACHED_AT))->path_mtu = 1500;
	c = (struct flue_tcp_const *)(f->base + 12288 + FLUE_TCP_CONST_AT);
	cached = (struct flue_tcp_cached *)(f->base + 12288 + FLUE_TCP_CACHED_AT);
	d = (struct flue_tcp_delegated *)(f->base + 12288 + FLUE_TCP_DELEGATED_AT);
	c->flags = ts ? FLUE_TCP_CONST_TIMESTAMPS : 0;
	c->remote_port = __builtin_bswap16(40000);
	c->local_port = __builtin_bswap16(80);
	c->remote_mss = 1460;
	cached->initial_rcv_wnd = 65535;
	d->state = FLUE_TCP_ESTABLISHED;
	d->rcv_nxt = 0x1000;
	d->rcv_wnd = 65535;
	d->snd_una = d->snd_nxt = d->snd_max = 0x2000;
	d->snd_wnd = d->max_snd_wnd = 65535;
	d->cwnd = 14600;
	d->ka_timeout_delta = d->retransmit_timeout_delta = FLUE_TIMER_STOPPED;
	fuzz_submit(f, FLUE_SUB_INITIATE, 0, fuzz_ref(f, 4096), 0, 0);
	fuzz_poll(f, 1000000);
	return *(uint64_t *)(f->base + 2048 + 128);
}

#endif /* FLUE_FUZZ_SUPPORT_H */
