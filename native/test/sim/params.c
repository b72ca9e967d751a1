/* SPDX-License-Identifier: Apache-2.0 */

/* From a seed to a run. */

#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

uint64_t
sim_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint64_t
sim_below(uint64_t *state, uint64_t n)
{
	uint64_t x = sim_random(state);

	return n == 0 ? 0 : x % n;
}

static bool
one_in(uint64_t *r, uint64_t n)
{
	return sim_below(r, n) == 0;
}

/** From 1 to `most`, small ones as likely as large ones. */
static uint64_t
any_size(uint64_t *r, uint64_t most)
{
	unsigned bits = 0;

	while (bits < 62 && UINT64_C(1) << (bits + 1) <= most)
		bits++;
	bits = (unsigned)sim_below(r, bits + 1);
	most = UINT64_C(1) << bits;
	return most + sim_below(r, most);
}

static void
loss_params(struct flue_wire_faults *w, uint64_t *r, unsigned kind)
{
	bool heavy = kind == 3 || kind == 7;

	if (kind == 2 || kind == 6)
		w->drop_ppm = (int32_t)any_size(r, 30000);
	if (heavy)
		w->drop_ppm = (int32_t)sim_below(r, 300000);
	if (kind == 4 || heavy)
		w->duplicate_ppm = (int32_t)any_size(r, 100000);
	if (kind == 4 || kind == 7)
		w->corrupt_ppm = (int32_t)any_size(r, 20000);
	if (kind == 5 || heavy) {
		w->reorder_ppm = (int32_t)any_size(r, 200000);
		w->reorder_ns = (int64_t)any_size(r, (uint64_t)w->delay_ns + 1);
	}
	if (kind == 5 || kind == 7)
		w->jitter_ns = (int64_t)sim_below(r, (uint64_t)w->delay_ns + 1);
	if (one_in(r, 3)) {
		w->burst_enter_ppm = (int32_t)any_size(r, 10000);
		w->burst_leave_ppm = 50000 + (int32_t)sim_below(r, 500000);
		w->burst_drop_ppm = 500000 + (int32_t)sim_below(r, 500000);
	}
	/* A bottleneck with room for some packets. */
	if (one_in(r, 3)) {
		w->bits_per_second = 1000000 + (int64_t)any_size(r, 100000000);
		w->queue_bytes = 5000 + (int64_t)any_size(r, 200000);
	}
}

static void
wire_params(struct sim_params *p, uint64_t *r, unsigned kind)
{
	int64_t delay = (int64_t)any_size(r, 100) * SIM_MS / 4;
	int i;

	p->clean = kind <= 1;
	for (i = 0; i < 2; i++) {
		p->link[i].delay_ns = delay;
		/* Not always alike both ways. */
		if (!p->clean && !one_in(r, 6))
			loss_params(&p->link[i], r, kind);
	}
	if (p->ecn && one_in(r, 2))
		p->mark_ppm = (uint32_t)any_size(r, 200000);
}

static void
move_params(struct sim_params *p, struct sim_app_params *a, uint64_t *r, unsigned kind)
{
	if (kind == 1 || one_in(r, 4))
		return;
	a->move_at = (uint32_t)any_size(r, 200);
	a->move_every = one_in(r, 3) ? 1u << 31 : (uint32_t)any_size(r, 300);
	/* In between nobody acknowledges: no longer than a sender's patience. */
	a->move_pause = p->clean ? SIM_MS : one_in(r, 4) ? 500 * SIM_MS : 5 * SIM_MS;
	a->plain_moves = !p->clean && one_in(r, 4);
}

static void
app_params(struct sim_params *p, struct sim_app_params *a, uint64_t *r, unsigned kind)
{
	bool small = kind == 6 || one_in(r, 8);

	a->bytes = one_in(r, 10) ? 0 : any_size(r, kind >= 3 && kind != 6 ? 60000 : 200000);
	a->write = (uint32_t)any_size(r, SIM_SEND_ROOM / 2);
	if (a->bytes / a->write > 2000)
		a->write = (uint32_t)(a->bytes / 2000);
	if (one_in(r, 3))
		a->think = (int64_t)any_size(r, 40) * SIM_MS;
	if (small || one_in(r, 4))
		a->read_delay = (int64_t)any_size(r, 400) * SIM_MS;
	a->rcv_buf = small ? (uint32_t)(500 + sim_below(r, 8000))
			   : (uint32_t)(20000 + any_size(r, 500000));
	a->rcv_scale = p->scaling ? (uint8_t)sim_below(r, 8) : 0;
	a->posts = one_in(r, 3) ? (uint8_t)(1 + sim_below(r, SIM_POSTS)) : 0;
	a->partial = one_in(r, 6);
	a->nagle = one_in(r, 2);
	a->keepalive = one_in(r, 4);
	a->close_early = one_in(r, 2);
	a->ack_frequency = one_in(r, 3) ? 1 : 2;
	if (!p->clean && one_in(r, 16))
		a->abort_at = (uint32_t)any_size(r, 200);
	move_params(p, a, r, kind);
}

void
sim_params_of(struct sim_params *p, uint64_t seed)
{
	static const char *const kinds[8] = { "clean, moves", "clean", "loss", "heavy loss",
		"damage", "disorder", "small windows", "everything" };
	uint64_t state = seed;
	uint64_t *r = &state;
	unsigned kind = (unsigned)(seed % 8);
	int i;

	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->kind = kinds[kind];
	flue_wire_config_default(&p->wire);
	p->wire.seed = (int64_t)sim_random(r);
	p->wire.buffers = 1024;
	p->wire.mtu = one_in(r, 8) ? 1280 : 1500;
	p->ip6 = one_in(r, 3);
	p->ts = one_in(r, 2);
	p->sack = !one_in(r, 3);
	p->scaling = !one_in(r, 3);
	p->ecn = one_in(r, 4);
	p->cc_algorithm = (uint32_t)sim_below(r, p->ecn ? 3 : 2);
	wire_params(p, r, kind);
	p->rto_min_us = 200000;
	/* Two minutes without a word end a connection that waits for a FIN: what is lost again and again
	 * must come more often than that. */
	p->rto_max_us = kind == 3 || kind == 7 ? 5000000 : 60000000;
	p->buffers = one_in(r, 16) ? 64 : 512;
	for (i = 0; i < 2; i++) {
		p->iss[i] = one_in(r, 2) ? 0u - (uint32_t)sim_below(r, 100000)
					 : (uint32_t)sim_random(r);
		app_params(p, &p->app[i], r, kind);
	}
}

static void
print_link(const struct flue_wire_faults *w, const char *way)
{
	printf("%s: delay %.2f ms, jitter %.2f ms; in a million %d lost, %d twice, %d damaged, %d late "
	       "by %.2f ms, bursts %d/%d of %d; %lld bit/s, queue %lld\n",
			way, (double)w->delay_ns / 1e6, (double)w->jitter_ns / 1e6, w->drop_ppm,
			w->duplicate_ppm, w->corrupt_ppm, w->reorder_ppm,
			(double)w->reorder_ns / 1e6, w->burst_enter_ppm, w->burst_leave_ppm,
			w->burst_drop_ppm, (long long)w->bits_per_second,
			(long long)w->queue_bytes);
}

void
sim_params_print(const struct sim_params *p)
{
	int i;

	printf("seed %llu: %s; IPv%d%s%s%s%s, congestion control %u, MTU %d\n",
			(unsigned long long)p->seed, p->kind, p->ip6 ? 6 : 4,
			p->ts ? ", timestamps" : "", p->sack ? ", SACK" : "",
			p->scaling ? ", scaling" : "", p->ecn ? ", ECN" : "", p->cc_algorithm,
			p->wire.mtu);
	print_link(&p->link[0], "A to B");
	print_link(&p->link[1], "B to A");
	if (p->mark_ppm > 0)
		printf("congestion experienced: %u in a million\n", p->mark_ppm);
	for (i = 0; i < 2; i++) {
		const struct sim_app_params *a = &p->app[i];

		printf("%c: %llu bytes by %u, think %.0f ms, read after %.0f ms, buffer %u << %u, "
		       "%u posted%s%s%s%s; ACK each %u; moves at %u, then each %u, within %.0f ms; "
		       "abort at %u\n",
				'A' + i, (unsigned long long)a->bytes, a->write,
				(double)a->think / 1e6, (double)a->read_delay / 1e6, a->rcv_buf,
				a->rcv_scale, a->posts, a->partial ? ", takes parts" : "",
				a->nagle ? ", Nagle" : "", a->keepalive ? ", keepalive" : "",
				a->close_early ? ", closes early" : "", a->ack_frequency,
				a->move_at, a->move_every, (double)a->move_pause / 1e6,
				a->abort_at);
	}
}
