/* SPDX-License-Identifier: Apache-2.0 */

/* Between an engine and the wire's port: two engines share an address, one at a time hears it. Sees
 * every packet, and what may never be sent. */

#include <stdio.h>
#include <string.h>

#include "sim/sim.h"
#include "tcp/bytes.h"
#include "tcp/csum.h"

static struct sim_engine *
engine_of(struct flue_port *port)
{
	return (struct sim_engine *)port;
}

/** A segment as it lies in a frame. */
struct segment {
	const uint8_t *tcp;
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	uint16_t window;
	uint8_t flags;
	uint8_t hlen;
	uint8_t ecn;
};

static bool
read_segment(const uint8_t *frame, uint32_t len, struct segment *s)
{
	bool ip6 = len >= 14 && flue_load16be(frame + 12) == 0x86dd;
	uint32_t at = ip6 ? 54 : 34;
	uint32_t end;

	if (len < at + 20)
		return false;
	end = ip6 ? 54u + flue_load16be(frame + 18) : 14u + flue_load16be(frame + 16);
	s->tcp = frame + at;
	s->hlen = (uint8_t)((s->tcp[12] >> 4) * 4);
	if (end > len || end < at + s->hlen || s->hlen < 20)
		return false;
	s->seq = flue_load32be(s->tcp + 4);
	s->ack = flue_load32be(s->tcp + 8);
	s->flags = s->tcp[13];
	s->window = flue_load16be(s->tcp + 14);
	s->len = end - at - s->hlen;
	s->ecn = ip6 ? (frame[15] >> 4) & 3 : frame[15] & 3;
	return true;
}

static void
print_options(const struct segment *s, uint32_t theirs)
{
	uint32_t at = 20;

	while (at < s->hlen && s->tcp[at] != 0) {
		const uint8_t *o = s->tcp + at;
		uint32_t i;

		if (o[0] == 1) {
			at++;
			continue;
		}
		if (at + 1 >= s->hlen || o[1] < 2 || at + o[1] > s->hlen)
			return;
		if (o[0] == 8)
			printf(" ts %u %u", flue_load32be(o + 2), flue_load32be(o + 6));
		for (i = 2; o[0] == 5 && i + 8 <= o[1]; i += 8)
			printf(" sack %u-%u", flue_load32be(o + i) - theirs,
					flue_load32be(o + i + 4) - theirs);
		at += o[1];
	}
}

static void
trace(const struct sim_engine *x, const struct segment *s, const char *way, bool again)
{
	static const char letters[9] = "FSRPAUEC";
	const struct sim *sim = x->side->sim;
	int from = x->side->index ^ (way[0] == '<');
	uint32_t ours = sim->p.iss[from];
	uint32_t theirs = sim->p.iss[from ^ 1];
	char flags[9];
	int n = 0;
	int i;

	for (i = 0; i < 8; i++)
		if (s->flags & (1 << i))
			flags[n++] = letters[i];
	flags[n] = 0;
	printf("%12.6f %c%d %s %-3s seq %u+%u ack %u win %u", (double)(sim->now - SIM_SEC) / 1e9,
			'A' + x->side->index, x->index, way, flags, s->seq - ours, s->len,
			s->ack - theirs, (uint32_t)s->window << sim->p.app[from].rcv_scale);
	print_options(s, theirs);
	printf("%s%s\n", s->ecn ? s->ecn == 3 ? " CE" : " ECT" : "", again ? " again" : "");
}

/** The byte, or the FIN, beyond a window, as far as its sender knows: nobody has to take it, it may come
 *  again. */
static bool
probes(const struct sim_side *s, const struct segment *g)
{
	return g->len + ((g->flags & TCP_FIN) != 0) == 1 &&
	       (s->heard_closed || flue_seq_gt(g->seq + 1, s->heard_edge));
}

static void
observe_received(struct sim_side *s, const struct segment *g)
{
	uint32_t edge = g->ack + ((uint32_t)g->window << s->peer->p->rcv_scale);

	s->heard_closed = g->window == 0;
	/* A damaged one may say anything. */
	if (flue_seq_gt(edge, s->heard_edge) && flue_seq_leq(edge, s->peer->told_edge))
		s->heard_edge = edge;
}

/** What may not be sent, whatever happened. */
static void
observe_sent(struct sim_side *s, const struct segment *g)
{
	struct sim *sim = s->sim;
	struct sim_side *peer = s->peer;
	uint32_t numbers = g->len + ((g->flags & TCP_FIN) != 0);
	uint32_t edge = g->ack + ((uint32_t)g->window << s->p->rcv_scale);
	uint32_t unit = 1u << s->p->rcv_scale;
	bool again = false;

	sim->result->packets++;
	s->events++;
	if (g->flags & TCP_RST)
		return;
	sim_require(sim, flue_seq_leq(g->ack, peer->sent_high),
			"only what was sent is acknowledged");
	sim_require(sim, flue_seq_geq(g->ack, s->ack_max), "an ACK is never taken back");
	sim_require(sim, flue_seq_gt(edge + unit, s->told_edge),
			"a promised edge is never taken back");
	s->ack_max = g->ack;
	if (flue_seq_gt(edge, s->told_edge))
		s->told_edge = edge;
	if (g->len > 0 && !probes(s, g))
		sim_require(sim, flue_seq_leq(g->seq + numbers, s->heard_edge),
				"data stays within the promised window");
	if (numbers > 0 && !probes(s, g)) {
		again = flue_seq_lt(g->seq, s->sent_max);
		if (flue_seq_gt(g->seq + numbers, s->sent_max))
			s->sent_max = g->seq + numbers;
	}
	if (flue_seq_gt(g->seq + numbers, s->sent_high))
		s->sent_high = g->seq + numbers;
	sim->result->retransmits += again;
	s->again += again;
	if (again && sim->p.clean)
		sim_require(sim, false, "nothing is sent twice where nothing is lost");
}

/** A router on the way marks what it would drop otherwise (RFC 3168). */
static void
mark(struct sim *sim, uint8_t *frame, struct segment *g)
{
	bool ip6 = flue_load16be(frame + 12) == 0x86dd;

	if (g->ecn == 0 || g->ecn == 3 || sim_below(&sim->random, 1000000) >= sim->p.mark_ppm)
		return;
	g->ecn = 3;
	if (ip6) {
		frame[15] |= 0x30;
		return;
	}
	frame[15] |= 3;
	flue_store16(frame + 24, 0);
	flue_store16(frame + 24, flue_csum_finish(flue_csum_add(frame + 14, 20, 0)));
}

static void
held_update(struct sim_engine *x)
{
	x->port.held = x->side->port->held;
}

static unsigned
rx_burst(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct sim_engine *x = engine_of(port);
	struct flue_port *wire = x->side->port;
	struct segment g;
	unsigned got;
	unsigned i;

	if (!x->active)
		return 0;
	got = wire->ops->rx_burst(wire, now, pkts, n);
	x->side->events += got;
	for (i = 0; i < got; i++) {
		if (!read_segment(pkts[i]->data, pkts[i]->len, &g))
			continue;
		observe_received(x->side, &g);
		if (x->side->sim->p.mark_ppm > 0)
			mark(x->side->sim, pkts[i]->data, &g);
		if (x->side->sim->trace)
			trace(x, &g, "<", false);
	}
	held_update(x);
	return got;
}

static void
look(struct sim_engine *x, const struct flue_pkt *pkt)
{
	uint8_t frame[2048];
	struct segment g;

	if (pkt->len + pkt->ext_len > (int)sizeof(frame))
		return;
	memcpy(frame, pkt->data, pkt->len);
	if (pkt->ext_len > 0)
		memcpy(frame + pkt->len, pkt->ext, pkt->ext_len);
	if (!read_segment(frame, (uint32_t)pkt->len + pkt->ext_len, &g))
		return;
	if (x->side->sim->trace) {
		trace(x, &g, ">", flue_seq_lt(g.seq, x->side->sent_max) && g.len > 0);
		fflush(stdout);
	}
	observe_sent(x->side, &g);
}

static unsigned
tx_burst(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct sim_engine *x = engine_of(port);
	struct flue_port *wire = x->side->port;
	unsigned sent = 0;

	/* The wire of a run has buffers for all that can be under way: what is looked at leaves. */
	while (sent < n) {
		look(x, pkts[sent]);
		if (wire->ops->tx_burst(wire, now, &pkts[sent], 1) == 0)
			break;
		sent++;
	}
	held_update(x);
	return sent;
}

static struct flue_pkt *
alloc(struct flue_port *port)
{
	struct sim_engine *x = engine_of(port);
	struct flue_pkt *pkt = x->side->port->ops->alloc(x->side->port);

	held_update(x);
	return pkt;
}

static void
pkt_free(struct flue_pkt *pkt)
{
	pkt->port->ops->free(pkt); /* never ours */
}

static const struct flue_port_ops ops = {
	.rx_burst = rx_burst,
	.tx_burst = tx_burst,
	.alloc = alloc,
	.free = pkt_free,
};

void
sim_switch_init(struct sim_engine *x, struct sim_side *side)
{
	x->port = *side->port;
	x->port.ops = &ops;
	x->side = side;
}
