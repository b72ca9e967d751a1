/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_BENCH_HOST_H
#define FLUE_BENCH_HOST_H

/** @file The host's side of an engine that is measured: flows from 198.18.0.2, ports 10000 and up, to port
 *  80 of 198.18.0.1, established; everything that arrives is accepted and returned at once. */

#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define MAX_FLOWS 16384
#define IRS       0x10000u
#define ISS       0x20000u

/** One channel, memory for blocks and send data. */
struct bench_host {
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
};

static inline void *
take(struct bench_host *b, uint64_t bytes, flue_ref *ref)
{
	void *at = b->base + b->used;

	*ref = flue_ref_make((uint32_t)b->java, b->used);
	b->used += (bytes + 63) & ~63ull;
	return at;
}

static inline void
submit(struct bench_host *b, uint32_t op, uint64_t token, flue_ref ref)
{
	struct flue_submission *s = &b->subs[b->ch->sub_tail & (b->ch->sub_capacity - 1)];

	*s = (struct flue_submission){ .op = op, .token = token, .ref = ref };
	b->ch->sub_tail++;
}

/** Answer everything like a host that accepts at once. */
static inline void
answer(struct bench_host *b)
{
	while (b->ch->up_head != b->ch->up_tail) {
		const struct flue_up *up = &b->ups[b->ch->up_head++ & (b->ch->up_capacity - 1)];

		if (up->op == FLUE_UP_RECEIVE_INDICATE) {
			submit(b, FLUE_SUB_VERDICT, up->arg1, up->ref);
			submit(b, FLUE_SUB_RECEIVE_RETURN, 0, up->ref);
		}
	}
}

static inline flue_ref
new_block(struct bench_host *b, uint8_t type, struct flue_miniport_offload_block_list **block,
		flue_ref *slot)
{
	flue_ref ref;

	(void)take(b, 16, slot);
	*block = take(b, FLUE_BLOCK_BYTES, &ref);
	(*block)->header.type = type;
	(*block)->miniport_offload_context = *slot;
	return ref;
}

static inline void
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

static inline void
connect_all(struct bench_host *b)
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

/** An engine on that port with `b->flows` connections; `b->now` is set. Ends the program when it cannot. */
static inline void
host_start(struct bench_host *b, struct flue_port *port)
{
	struct flue_engine_config config;
	int region;

	flue_engine_config_default(&config);
	if (flue_engine_create(&config, port, &b->e) < 0)
		exit(1);
	region = flue_engine_channel(b->e, 4096, 4096);
	b->ch = flue_region_at(region);
	b->subs = (void *)(b->ch + 1);
	b->ups = (void *)(b->subs + 4096);
	b->java = flue_region_create(FLUE_REGION_HEAP, 64 << 20);
	b->base = flue_region_at(b->java);
	b->used = 64;
	connect_all(b);
}

static inline void
host_end(struct bench_host *b)
{
	flue_engine_destroy(b->e);
	flue_region_release(b->java);
}

#endif /* FLUE_BENCH_HOST_H */
