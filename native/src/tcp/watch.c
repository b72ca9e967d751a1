/* SPDX-License-Identifier: Apache-2.0 */

/* Connections that the host may do better with (chimney rules 6.2, optional reasons): counted where
 * something happens, judged once an interval. Nothing of it runs without thresholds. */

#include "tcp/watch.h"
#include "tcp/bytes.h"

#define DROP_OF_SEGMENTS 50 /* fewer say nothing about a rate */
#define IO_OF_NBLS       16

static struct flue_watch *
watch_of(const struct flue_engine *e, const struct flue_conn *c)
{
	return &e->watches[flue_conn_index(e, c)];
}

bool
flue_watch_wanted(const struct flue_engine_config *c)
{
	return c->watch_interval_ms != 0 &&
	       (c->watch_low_bytes | c->watch_drop_percent | c->watch_small_io_bytes |
			       c->watch_unposted_bytes | c->watch_fragments |
			       c->watch_out_of_order) != 0;
}

void
flue_watch_start(struct flue_engine *e, struct flue_conn *c)
{
	*watch_of(e, c) = (struct flue_watch){
		.next_ms = e->now_ms + (uint32_t)e->config.watch_interval_ms,
		.rcv_nxt = c->rcv_nxt,
		.snd_una = c->snd_una,
		.snd_max = c->snd_max,
		.retransmits = c->retransmits,
	};
	flue_timer_arm_ms(e, c, watch_of(e, c)->next_ms);
}

/** Were too many of the segments sent ones that had been sent before? */
static bool
drops_much(const struct flue_engine *e, const struct flue_conn *c, const struct flue_watch *w)
{
	uint32_t again = c->retransmits - w->retransmits;
	uint32_t sent = (c->snd_max - w->snd_max + c->mss - 1) / c->mss + again;

	return e->config.watch_drop_percent != 0 && sent >= DROP_OF_SEGMENTS &&
	       (uint64_t)again * 100 >= (uint64_t)sent * (uint32_t)e->config.watch_drop_percent;
}

static bool
reached(uint64_t value, int32_t threshold)
{
	return threshold != 0 && value >= (uint64_t)threshold;
}

/** @return the reason, 0 = all is well */
static uint32_t
judge(const struct flue_engine *e, const struct flue_conn *c)
{
	const struct flue_engine_config *t = &e->config;
	const struct flue_watch *w = watch_of(e, c);

	if (reached(w->fragments, t->watch_fragments))
		return FLUE_UPLOAD_HIGH_FRAGMENTATION;
	if (reached(w->out_of_order, t->watch_out_of_order))
		return FLUE_UPLOAD_HIGH_OUT_OF_ORDER_PACKETS;
	if (drops_much(e, c, w))
		return FLUE_UPLOAD_HIGH_DROP_RATE;
	if (w->nbls >= IO_OF_NBLS &&
			w->nbl_bytes < (uint64_t)w->nbls * (uint32_t)t->watch_small_io_bytes)
		return FLUE_UPLOAD_SMALL_IO;
	if (!w->posted && reached(w->unposted, t->watch_unposted_bytes))
		return FLUE_UPLOAD_NO_BUFFER_PREPOSTING;
	if (t->watch_low_bytes != 0 &&
			(uint64_t)(c->rcv_nxt - w->rcv_nxt) + (c->snd_una - w->snd_una) <
					(uint32_t)t->watch_low_bytes)
		return FLUE_UPLOAD_LOW_ACTIVITY;
	return 0;
}

void
flue_watch_look(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t reason = judge(e, c);

	/* Half-closed it is nearly over, and the rules forbid to ask (T-133). Not told for want of
	 * room: there will be another interval. */
	if (reason != 0 && c->state == FLUE_TCP_ESTABLISHED &&
			flue_event_now(e, c, FLUE_TCP_INDICATE_RETRIEVE, reason))
		flue_count(e, FLUE_CTR_UPLOAD_REQUESTS, 1);
	flue_watch_start(e, c);
}

void
flue_watch_posted(struct flue_engine *e, struct flue_conn *c, uint32_t nbls, uint64_t bytes,
		bool receive)
{
	struct flue_watch *w = watch_of(e, c);

	w->nbls += nbls;
	w->nbl_bytes += bytes;
	w->posted |= receive;
}

void
flue_watch_indicated(struct flue_engine *e, struct flue_conn *c, uint32_t bytes)
{
	watch_of(e, c)->unposted += bytes;
}

void
flue_watch_out_of_order(struct flue_engine *e, struct flue_conn *c)
{
	watch_of(e, c)->out_of_order++;
}

/** The first fragment of a TCP segment, for only that has the ports. @return false: it is none */
static bool
fragment_key(const uint8_t *ip, uint32_t room, struct flue_flow_key *key)
{
	if (room >= 60 && ip[0] >> 4 == 4 && ip[9] == 6 &&
			(flue_load16be(ip + 6) & 0x3fff) == 0x2000) {
		uint32_t hlen = (ip[0] & 15u) * 4;

		key->raddr = flue_load32(ip + 12);
		key->laddr = flue_load32(ip + 16);
		key->ports = flue_load32(ip + (hlen < 20 ? 20 : hlen));
		key->ip6 = false;
		return true;
	}
	if (room >= 60 && ip[0] >> 4 == 6 && ip[6] == 44 && ip[40] == 6 &&
			(flue_load16be(ip + 42) & 0xfff9) == 1) {
		key->raddr = flue_load32(ip + 8) ^ flue_load32(ip + 12) ^ flue_load32(ip + 16) ^
			     flue_load32(ip + 20);
		key->laddr = flue_load32(ip + 24) ^ flue_load32(ip + 28) ^ flue_load32(ip + 32) ^
			     flue_load32(ip + 36);
		key->ports = flue_load32(ip + 48);
		key->ip6 = true;
		return true;
	}
	return false;
}

void
flue_watch_frame(struct flue_engine *e, const struct flue_pkt *pkt)
{
	uint32_t at = pkt->len >= 18 && flue_load16be(pkt->data + 12) == 0x8100 ? 18 : 14;
	struct flue_flow_key key;
	struct flue_conn *c;

	if (pkt->len < at + 60 || !fragment_key(pkt->data + at, pkt->len - at, &key))
		return;
	c = flue_flow_find(
			&e->flow, flue_flow_hash(&e->flow, key.raddr, key.laddr, key.ports), &key);
	if (c != NULL)
		watch_of(e, c)->fragments++;
}
