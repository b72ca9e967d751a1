/* SPDX-License-Identifier: Apache-2.0 */

/* Segments of the peer: near what the engine expects, and elsewhere. */

#include "support/world.h"

#define CLOCK(f) ((uint32_t)((f)->now / 1000000) + 5000) /* the peer's timestamps */

uint32_t
world_near(const struct world *w, unsigned which, uint8_t add)
{
	static const struct flue_conn none;
	const struct flue_conn *c = flue_conn_of(w->f->e, w->token);
	uint32_t full = 1448u * (add & 15);

	if (c == NULL)
		c = &none;
	switch (which) {
	case 8:
		return c->rcv_nxt + add * 8u;
	case 9:
		return c->rcv_nxt - add;
	case 10:
		return c->rcv_adv - add;
	case 11:
		return c->rcv_adv + add;
	case 12:
		return c->rcv_nxt + add * 256u;
	case 13:
		return c->rcv_nxt + full;
	case 14:
		return (uint32_t)add << 24;
	case 15:
		return c->rcv_nxt + 0x7fffff80u + add;
	case 20:
	case 21:
		return c->snd_max;
	case 22:
		return c->snd_una + add * 8u;
	case 23:
		return c->snd_una + full;
	case 24:
		return c->snd_nxt;
	case 25:
		return c->snd_una - add;
	case 26:
		return c->snd_max + add;
	case 27:
		return c->snd_una - add * 256u;
	case 28:
		return c->snd_una + 1;
	case 29:
		return c->snd_end;
	case 30:
		return (uint32_t)add << 24;
	default:
		return which < 16 ? c->rcv_nxt : c->snd_una;
	}
}

static uint32_t
put_time(struct world *w, uint8_t *at, const struct world_segment *s, struct fuzz_in *in)
{
	bool odd = (s->options & WORLD_ODD_TIME) != 0;

	flue_store32be(at, 0x0101080a);
	flue_store32be(at + 4, odd ? fuzz_u32(in) : CLOCK(w->f));
	flue_store32be(at + 8, odd ? fuzz_u32(in) : w->echo);
	return 12;
}

static uint32_t
put_sack(struct world *w, uint8_t *at, uint32_t room, struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t most = (room - 4) / 8;
	uint32_t blocks = how % (most + 1);
	uint32_t from = world_near(w, 16, 0);
	uint32_t i;

	if (blocks == 0)
		return 0;
	at[0] = at[1] = 1;
	at[2] = 5;
	at[3] = (uint8_t)(2 + blocks * 8);
	for (i = 0; i < blocks; i++) {
		uint32_t gap = fuzz_u8(in);
		uint32_t len = fuzz_u8(in);

		/* Whole segments, or anything; below what is acknowledged, too. */
		from = how & 0x80 ? world_near(w, 16 + gap % 16, (uint8_t)len)
				  : from + gap % 8 * 1448;
		flue_store32be(at + 4 + i * 8, from);
		from += how & 0x40 ? len * 7 : len % 8 * 1448;
		flue_store32be(at + 8 + i * 8, from);
	}
	return 4 + blocks * 8;
}

/** @return bytes, a multiple of four */
static uint32_t
put_options(struct world *w, uint8_t *at, const struct world_segment *s, struct fuzz_in *in)
{
	const uint8_t *raw;
	uint32_t n = 0;

	if ((s->options & 3) == WORLD_RAW) {
		n = fuzz_bytes(in, &raw, fuzz_u8(in) % 41u);
		memcpy(at, raw, n);
		while (n % 4 != 0)
			at[n++] = 0;
		return n;
	}
	if (w->ts || (s->options & WORLD_ODD_TIME))
		n = put_time(w, at, s, in);
	if (s->options & WORLD_SACK)
		n += put_sack(w, at + n, 40 - n, in);
	return n;
}

void
world_allow(struct world *w, uint32_t ack, uint16_t window)
{
	const struct flue_conn *c = flue_conn_of(w->f->e, w->token);
	uint32_t edge = ack + ((uint32_t)window << (w->scales & 15));

	if (c != NULL && flue_seq_leq(ack, c->snd_max) &&
			flue_seq_geq(ack, c->snd_una - flue_conn_max_snd_wnd(c)) &&
			flue_seq_gt(edge, w->peer_edge))
		w->peer_edge = edge;
}

static uint32_t
put_segment(struct world *w, uint8_t *tcp, const struct world_segment *s, struct fuzz_in *in)
{
	uint32_t hlen;
	uint32_t i;

	memset(tcp, 0, 20);
	fuzz_put_ports(tcp);
	flue_store32be(tcp + 4, s->seq);
	flue_store32be(tcp + 8, s->ack);
	tcp[13] = s->flags;
	flue_store16be(tcp + 14, s->window);
	hlen = 20 + put_options(w, tcp + 20, s, in);
	tcp[12] = (uint8_t)(hlen << 2);
	for (i = 0; i < s->len; i++)
		tcp[hlen + i] = world_byte(s->seq + i);
	return hlen + s->len;
}

void
world_segment(struct world *w, const struct world_segment *s, struct fuzz_in *in)
{
	uint8_t frame[54 + 60 + 1461];
	struct fuzz *f = w->f;
	uint32_t at;
	uint32_t n;
	uint32_t i;

	world_allow(w, s->ack, s->window);
	if (!s->forwarded) {
		uint8_t tcp[60 + 1461];

		n = put_segment(w, tcp, s, in);
		at = fuzz_put_ip(f, frame, n);
		memcpy(frame + at, tcp, n);
		frame[15] |= (uint8_t)(f->ip6 ? s->ecn << 4 : s->ecn);
		(void)fuzz_receive(f, frame, at + n, FLUE_PKT_RX_CSUM_GOOD);
		return;
	}
	for (i = 0; i < WORLD_SENDS && w->forwarding[i]; i++)
		;
	if (i == WORLD_SENDS || fuzz_waiting(f) > 40)
		return;
	at = WORLD_FORWARD_AT + i * 2048;
	n = put_segment(w, f->base + at + 256, s, in);
	w->forwarding[i] = true;
	fuzz_submit(f, FLUE_SUB_FORWARD, w->token, fuzz_nbl(f, at, at + 256, n), 0, 0);
}
