/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_BENCH_HOST_H
#define FLUE_BENCH_HOST_H

/** @file The host's side of an engine that is measured: flows from 198.18.0.2 (and .3 and so on, 32,768 of
 *  each), or from 2001:db8::2 and on, ports 10000 and up, to port 80 of 198.18.0.1 or 2001:db8::1, established;
 *  everything that arrives is accepted and returned at once. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define IRS 0x10000u
#define ISS 0x20000u

#define MTU_IP4 1500
#define MTU_IP6 (MTU_IP4 + 20) /* the same payload */

#define FLOWS_PER_PATH 32768u /* remote ports 10000 and up */
#define FLOWS_PER_TREE 4096u  /* initiated with one operation */

/** One channel, memory for blocks and send data. */
struct bench_host {
	struct flue_engine_config config; /* abi_version 0: the default */
	bool sack;                        /* agreed */
	bool ip6;
	bool bare;    /* without timestamps */
	uint32_t mss; /* the peer's; 0: as Ethernet has it */
	flue_engine *e;
	struct flue_channel_header *ch;
	struct flue_submission *subs;
	struct flue_up *ups;
	int java;
	uint8_t *base;
	uint64_t used;
	int64_t now;
	uint32_t flows;
	/* By flow. */
	uint64_t *token;
	uint32_t *rcv;
	uint32_t *snd;
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
set_tcp(const struct bench_host *b, struct flue_miniport_offload_block_list *block, uint32_t i)
{
	struct flue_tcp_const *c = (void *)((uint8_t *)block + FLUE_TCP_CONST_AT);
	struct flue_tcp_cached *cached = (void *)((uint8_t *)block + FLUE_TCP_CACHED_AT);
	struct flue_tcp_delegated *d = (void *)((uint8_t *)block + FLUE_TCP_DELEGATED_AT);

	c->remote_port = __builtin_bswap16((uint16_t)(10000 + i % FLOWS_PER_PATH));
	c->local_port = __builtin_bswap16(80);
	c->remote_mss = b->mss != 0 ? b->mss : MTU_IP4 - 40;
	c->flags = (b->bare ? 0 : FLUE_TCP_CONST_TIMESTAMPS) | FLUE_TCP_CONST_WINDOW_SCALING |
		   (b->sack ? FLUE_TCP_CONST_SACK : 0);
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

/** A neighbor, one path below it, room for the connections of a tree; used again and again. */
struct bench_tree {
	struct flue_miniport_offload_block_list *neighbor;
	struct flue_miniport_offload_block_list *path;
	struct flue_miniport_offload_block_list **tcp;
	flue_ref root;
	flue_ref neighbor_slot;
	flue_ref path_slot;
	flue_ref *ref;
	flue_ref *slot;
	uint8_t *last; /* byte of the remote address */
};

/** Addresses as they lie in a packet, the peer's first. */
static inline uint32_t
put_addresses(uint8_t *to, bool ip6, uint8_t peer)
{
	if (ip6) {
		memset(to, 0, 32);
		memcpy(to, "\x20\x01\x0d\xb8", 4);
		memcpy(to + 16, "\x20\x01\x0d\xb8", 4);
		to[15] = peer;
		to[31] = 1;
		return 32;
	}
	memcpy(to, "\xc6\x12\0\0\xc6\x12\0\1", 8);
	to[3] = peer;
	return 8;
}

/** For at most `flows` connections. */
static inline void
tree_make(struct bench_host *b, struct bench_tree *t, uint32_t flows)
{
	struct flue_path_const *pc;
	uint8_t *addresses;
	flue_ref addr;
	uint32_t half;
	uint32_t i;

	t->root = new_block(b, FLUE_STATE_NEIGHBOR, &t->neighbor, &t->neighbor_slot);
	t->neighbor->dependent_block_list = new_block(
			b, b->ip6 ? FLUE_STATE_IP6 : FLUE_STATE_IP4, &t->path, &t->path_slot);
	addresses = take(b, 64, &addr);
	half = put_addresses(addresses, b->ip6, 2) / 2;
	t->last = addresses + half - 1;
	pc = (void *)((uint8_t *)t->path + FLUE_PATH_CONST_AT);
	pc->destination_address = addr;
	pc->source_address = addr + half;
	((struct flue_path_cached *)((uint8_t *)t->path + FLUE_PATH_CACHED_AT))->path_mtu =
			b->ip6 ? MTU_IP6 : MTU_IP4;
	t->tcp = calloc(flows, sizeof(*t->tcp));
	t->ref = calloc(flows, sizeof(*t->ref));
	t->slot = calloc(flows, sizeof(*t->slot));
	for (i = 0; i < flows; i++)
		t->ref[i] = new_block(b, FLUE_STATE_TCP, &t->tcp[i], &t->slot[i]);
}

static inline void
tree_free(struct bench_tree *t)
{
	free(t->tcp);
	free(t->ref);
	free(t->slot);
}

/** Connections `first` and on below the tree's path, which is a new one when its slot holds no token. */
static inline void
tree_fill(struct bench_host *b, struct bench_tree *t, uint32_t first, uint32_t flows)
{
	uint32_t i;

	t->path->dependent_block_list = t->ref[0];
	for (i = 0; i < flows; i++) {
		set_tcp(b, t->tcp[i], first + i);
		t->tcp[i]->next_block = i + 1 < flows ? t->ref[i + 1] : FLUE_REF_NULL;
		*(uint64_t *)flue_ref_resolve(t->slot[i], 8) = 0;
	}
}

/** One state operation, polled to its end. */
static inline void
operate(struct bench_host *b, uint32_t op, flue_ref root)
{
	submit(b, op, 0, root);
	while (b->ch->up_head == b->ch->up_tail)
		(void)flue_engine_poll(b->e, b->now, 32);
	b->ch->up_head = b->ch->up_tail;
}

static inline void
connect_all(struct bench_host *b)
{
	struct bench_tree t;
	uint32_t first;
	uint32_t i;

	tree_make(b, &t, b->flows < FLOWS_PER_TREE ? b->flows : FLOWS_PER_TREE);
	for (first = 0; first < b->flows; first += FLOWS_PER_TREE) {
		uint32_t n = b->flows - first < FLOWS_PER_TREE ? b->flows - first : FLOWS_PER_TREE;

		if (first % FLOWS_PER_PATH == 0) {
			*t.last = (uint8_t)(2 + first / FLOWS_PER_PATH);
			*(uint64_t *)flue_ref_resolve(t.path_slot, 8) = 0;
		}
		tree_fill(b, &t, first, n);
		operate(b, FLUE_SUB_INITIATE, t.root);
		for (i = 0; i < n; i++) {
			b->token[first + i] = *(uint64_t *)flue_ref_resolve(t.slot[i], 8);
			if (b->token[first + i] == 0)
				exit(3);
			b->rcv[first + i] = IRS;
			b->snd[first + i] = ISS;
		}
	}
	tree_free(&t);
	/* Past the quiet period, and not so long that the windows start again. */
	b->now += 110000000;
	(void)flue_engine_poll(b->e, b->now, 32);
}

/** An engine on that port with `b->flows` connections; `b->now` is set. Ends the program when it cannot. */
static inline void
host_start(struct bench_host *b, struct flue_port *port)
{
	int region;
	int rc;

	if (b->config.abi_version == 0)
		flue_engine_config_default(&b->config);
	if (b->flows > (uint32_t)b->config.max_connections)
		b->config.max_connections = (int32_t)b->flows;
	rc = flue_engine_create(&b->config, port, &b->e);
	if (rc < 0) {
		fprintf(stderr, "no engine: %s\n", strerror(-rc));
		exit(1);
	}
	b->token = calloc(b->flows, sizeof(*b->token));
	b->rcv = calloc(b->flows, sizeof(*b->rcv));
	b->snd = calloc(b->flows, sizeof(*b->snd));
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
	free(b->token);
	free(b->rcv);
	free(b->snd);
}

#endif /* FLUE_BENCH_HOST_H */
