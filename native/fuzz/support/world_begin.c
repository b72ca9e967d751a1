/* SPDX-License-Identifier: Apache-2.0 */

/* Connections as a host may hand them over. */

#include "support/world.h"

static void
fill(struct world *w, uint32_t at, uint32_t seq, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		w->f->base[at + i] = world_byte(seq + i);
}

static void
describe_options(struct world *w, struct fuzz_in *in)
{
	struct flue_tcp_const *c = fuzz_const(w->f);
	struct flue_tcp_cached *cached = fuzz_cached(w->f);
	uint8_t flags = fuzz_u8(in);

	w->ts = (flags & 1) != 0;
	w->sack = (flags & 2) != 0;
	c->flags = flags & 7;
	c->wind_scale = fuzz_u8(in) & 0x77;
	w->scales = flags & 4 ? c->wind_scale : 0;
	c->remote_mss = flags & 8 ? 536 : 1460;
	cached->flags = fuzz_u8(in) & 3;
	cached->ka_timeout = 1u << (flags >> 4);
	cached->ka_interval = flags >> 4;
	cached->max_rt = flags & 0x10 ? UINT32_MAX : flags & 0x20 ? 1000 : 0;
	cached->rcv_indication_size = flags & 0x80 ? 1000 : 0;
	cached->initial_rcv_wnd = flags & 0x40 ? 5000 : 65535;
}

/** Sent and not acknowledged, and waiting to be sent. */
static void
describe_sends(struct world *w, struct fuzz_in *in, bool fin, bool fin_sent)
{
	struct flue_tcp_delegated *d = fuzz_delegated(w->f);
	struct flue_miniport_offload_block_list *block =
			(struct flue_miniport_offload_block_list *)(w->f->base + FUZZ_TCP);
	uint32_t flight = fuzz_u16(in) % 14600;
	uint32_t unsent = fin && fin_sent ? 0 : fuzz_u16(in) % 1785;
	uint8_t back = fuzz_u8(in);

	d->snd_max = d->snd_una + flight + (fin && fin_sent);
	d->snd_nxt = d->snd_max - (back & 0x80 ? flight * (back & 0x7f) / 127 : 0);
	if (flight + unsent == 0)
		return;
	fill(w, WORLD_FLIGHT_AT + 256, d->snd_una, flight + unsent);
	block->net_buffer_list_chain =
			fuzz_nbl(w->f, WORLD_FLIGHT_AT, WORLD_FLIGHT_AT + 256, flight + unsent);
}

static void
describe_numbers(struct world *w, struct fuzz_in *in)
{
	static const uint32_t iss[4] = { 0x2000, 0xffffe000, 0x7ffff800, 0xffffffff };
	static const uint32_t irs[4] = { 0x1000, 0xfffffc00, 0x7fffffff, 0x80000000 };
	struct flue_tcp_delegated *d = fuzz_delegated(w->f);
	uint8_t where = fuzz_u8(in);
	uint8_t how = fuzz_u8(in);

	d->snd_una = iss[where & 3];
	d->rcv_nxt = irs[where >> 2 & 3];
	d->rcv_wnd = where & 0x10 ? fuzz_u16(in) : 65535;
	d->snd_wnd = where & 0x20 ? fuzz_u16(in) : 65535;
	d->max_snd_wnd = d->snd_wnd > 1000 ? d->snd_wnd : 65535;
	d->send_wl1 = d->rcv_nxt - (where >> 6);
	d->cwnd = how & 1 ? fuzz_u16(in) : 14600;
	d->ssthresh = how & 2 ? fuzz_u16(in) : 0x7fffffff;
	d->srtt = how & 4 ? fuzz_u16(in) : 8 * 20;
	d->rttvar = 4 * 5;
	d->ts_recent = 1000;
	d->ts_recent_age = how & 8 ? UINT32_C(25) * 24 * 3600 * 1000 : 0;
	d->ts_time = how & 0x10 ? 0xffffff00 : 70000;
	d->dup_ack_count = how & 0x20 ? fuzz_u8(in) & 7 : 0;
	d->retransmit_count = how & 0x40 ? fuzz_u8(in) & 15 : 0;
	d->total_rt = d->retransmit_count * 1000u;
	d->retransmit_timeout_delta = how & 0x80 ? fuzz_u8(in) : FLUE_TIMER_STOPPED;
	d->ka_timeout_delta = where & 0x80 ? fuzz_u8(in) : FLUE_TIMER_STOPPED;
	d->snd_wnd_probe_count = where & 0x40 ? 3 : 0;
}

static void
describe_runs(struct flue_tcp_state_ext *x, const struct flue_tcp_delegated *d, struct fuzz_in *in)
{
	uint32_t end = d->snd_una;
	uint32_t i;

	x->run_count = fuzz_u8(in) % 12;
	for (i = 0; i < x->run_count; i++) {
		uint8_t info = fuzz_u8(in);

		end += fuzz_u8(in) * 24u;
		/* To the end, mostly: a board that does not fit is no board. */
		if (i + 1 == x->run_count && !(info & 0x10))
			end = d->snd_max;
		x->runs[i].end = end;
		x->runs[i].info = (info & 7) | (uint32_t)(info >> 3) << 12;
	}
}

static void
describe_ext(struct world *w, struct fuzz_in *in, uint32_t fins)
{
	struct flue_tcp_delegated *d = fuzz_delegated(w->f);
	struct flue_tcp_state_ext *x = fuzz_ext(w->f);
	uint16_t flags = fuzz_u16(in);
	uint8_t how = fuzz_u8(in);

	d->header.recognized_options = FLUE_STATE_OPTION_EXT;
	x->version = FLUE_TCP_EXT_VERSION;
	x->flags = fins | (flags & 0xff8);
	x->rcv_adv = d->rcv_nxt + d->rcv_wnd + (how & 1 ? fuzz_u8(in) : 0);
	x->recover = d->snd_una + (how & 2 ? fuzz_u16(in) : d->snd_max - d->snd_una);
	x->srtt_us = how & 4 ? fuzz_u32(in) : 20000;
	x->rttvar_us = 5000;
	x->min_rtt_us = how & 8 ? fuzz_u16(in) : 15000;
	x->rto_us = how & 0x10 ? fuzz_u32(in) : 250000;
	x->last_ack_sent = d->rcv_nxt - (how & 0x20 ? fuzz_u8(in) : 0);
	x->snd_wl2 = d->snd_una;
	x->cc_algorithm = flags >> 12;
	x->retransmit_timeout_us = how & 0x40 ? fuzz_u16(in) : 0;
	if (how & 0x80) {
		x->prr_delivered = fuzz_u16(in);
		x->prr_out = fuzz_u16(in);
		x->recover_flight = fuzz_u16(in);
		x->rack_rtt_us = fuzz_u16(in);
		x->rack_age_us = fuzz_u16(in);
		x->rack_end = d->snd_una + fuzz_u16(in);
		x->rack_fack = d->snd_una + fuzz_u16(in);
		x->rack_reo_mult = fuzz_u8(in);
		x->rack_reo_persist = fuzz_u8(in);
		x->tlp_end = d->snd_una + fuzz_u16(in);
		x->ecn_recover = d->snd_una + fuzz_u16(in);
		x->cc_state[0] = fuzz_u32(in);
		x->cc_state[1] = fuzz_u32(in);
		x->cc_state[2] = fuzz_u16(in);
	}
	if (how & 2)
		describe_runs(x, d, in);
}

/** Received and not delivered by the host. */
static void
describe_buffered(struct world *w, uint32_t len)
{
	struct flue_tcp_delegated *d = fuzz_delegated(w->f);

	w->taken = d->rcv_nxt - (d->state == FLUE_TCP_CLOSE_WAIT || d->state >= FLUE_TCP_CLOSING);
	if (len == 0)
		return;
	w->taken -= len;
	fill(w, WORLD_BUFFER_AT + 256, w->taken, len);
	d->buffered_data = fuzz_nbl(w->f, WORLD_BUFFER_AT, WORLD_BUFFER_AT + 256, len);
}

/** Bytes anywhere in the state: what a host gets wrong. */
static void
patch(struct world *w, struct fuzz_in *in)
{
	uint32_t room = FLUE_TCP_EXT_AT + sizeof(struct flue_tcp_state_ext) - FLUE_TCP_CONST_AT;
	uint8_t n = fuzz_u8(in);

	if (n < 0xc0)
		return;
	for (n &= 7; n > 0; n--) {
		uint32_t at = FUZZ_TCP + FLUE_TCP_CONST_AT + fuzz_u16(in) % room;

		w->f->base[at] = fuzz_u8(in);
	}
	/* What the peer was told before may be anything then. */
	w->told_edge = fuzz_delegated(w->f)->rcv_nxt;
	w->ts = (fuzz_const(w->f)->flags & FLUE_TCP_CONST_TIMESTAMPS) != 0;
	w->sack = (fuzz_const(w->f)->flags & FLUE_TCP_CONST_SACK) != 0;
	w->scales = fuzz_const(w->f)->flags & FLUE_TCP_CONST_WINDOW_SCALING
				    ? fuzz_const(w->f)->wind_scale
				    : 0;
	w->patched = true;
}

void
world_describe(struct world *w, struct fuzz_in *in)
{
	static const uint8_t states[6] = { FLUE_TCP_ESTABLISHED, FLUE_TCP_FIN_WAIT1,
		FLUE_TCP_FIN_WAIT2, FLUE_TCP_CLOSE_WAIT, FLUE_TCP_CLOSING, FLUE_TCP_LAST_ACK };
	struct flue_tcp_delegated *d = fuzz_delegated(w->f);
	uint8_t what = fuzz_u8(in);
	uint8_t buffered = fuzz_u8(in);
	bool fin_sent = (what & 0x80) != 0;
	bool fin;
	uint32_t fins = 0;

	d->state = states[(what & 0x3f) % 6];
	fin = d->state == FLUE_TCP_FIN_WAIT1 || d->state == FLUE_TCP_CLOSING ||
	      d->state == FLUE_TCP_LAST_ACK;
	describe_options(w, in);
	describe_numbers(w, in);
	if (d->state == FLUE_TCP_FIN_WAIT2)
		d->snd_nxt = d->snd_max = d->snd_una;
	else
		describe_sends(w, in, fin, fin_sent || !(what & 0x40));
	if (d->state == FLUE_TCP_CLOSE_WAIT || d->state >= FLUE_TCP_CLOSING)
		fins |= FLUE_TCP_EXT_FIN_RECEIVED;
	if (fin)
		fins |= fin_sent ? FLUE_TCP_EXT_FIN_SENT : FLUE_TCP_EXT_FIN_QUEUED;
	/* Before EXT a FIN in these states was sent. */
	w->peer_edge = flue_seq_max(d->snd_una + d->snd_wnd, d->snd_max);
	w->told_edge = d->rcv_nxt + d->rcv_wnd;
	w->told_ack = d->rcv_nxt;
	if (what & 0x40)
		describe_ext(w, in, fins);
	describe_buffered(w, buffered * 8u);
	patch(w, in);
}
