/* SPDX-License-Identifier: Apache-2.0 */

/* RACK (RFC 8985 section 6): lost is what was sent a reordering window before something that has
 * arrived. Original data has no time of its own: it was sent in sequence order, so a hole is given a
 * time, RACK.rtt ago, when something behind it is first known to have arrived. */

#include <string.h>

#include "tcp/loss.h"

#define REO_PERSIST 16

static uint32_t
min_rtt(const struct flue_conn *c)
{
	return c->min_rtt != 0 ? c->min_rtt : c->srtt8 / 8;
}

/** Both the first transmission and the last one may have drawn this ACK: which one, the time tells. */
static bool
echoes_the_last(const struct flue_engine *e, const struct flue_conn *c,
		const struct flue_segment *s, uint32_t age_us)
{
	if (s->has_ts && s->tsecr != 0 && (c->flags & CONN_TS)) {
		uint32_t ticks = flue_ts_clock(e, c) - s->tsecr;

		if (ticks > age_us / (1000000u / e->params.ticks_per_second) + 1)
			return false;
	}
	return age_us >= min_rtt(c);
}

/** The segment that is being timed was among those that arrived: its time is good wherever SND.UNA is
 *  (RFC 6298 asks for one that was sent once). */
static void
take_time(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	uint32_t i;

	if (!(c->flags & CONN_TIMING))
		return;
	for (i = 0; i < s->sacks; i++) {
		if (!flue_seq_lt(s->sack[i].start, c->rtt_seq) ||
				flue_seq_gt(c->rtt_seq, s->sack[i].end))
			continue;
		c->flags &= ~CONN_TIMING;
		flue_rtt_sample(e, c, flue_now_us(e) - c->rtt_start);
		return;
	}
}

void
flue_rack_learn(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	struct flue_episode *ep = flue_episode_of(e, c);
	const struct flue_board_news *n = &ep->news;

	if (n->first) {
		take_time(e, c, s);
		ep->rack_rtt = c->srtt8 / 8;
		ep->rack_first = flue_seq_max(ep->rack_first, n->first_end);
		ep->rack_order = flue_seq_max(ep->rack_order, n->first_end);
	}
	if (n->again) {
		uint32_t age = flue_now_us(e) - n->again_us;

		if (echoes_the_last(e, c, s, age) &&
				(!ep->rack_again || !flue_seq_lt(n->again_us, ep->rack_us))) {
			ep->rack_again = true;
			ep->rack_rtt = age;
			ep->rack_us = n->again_us;
			ep->rack_end = n->again_end;
			ep->rack_order = flue_seq_max(ep->rack_order, n->again_order);
		}
	}
	if (n->reordered)
		c->reo_seen = true;
}

void
flue_rack_dsack(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_take(e, c);

	/* One step a round trip. Where that cannot be noted, none. */
	if (x == NULL || (x->dsack_seen && flue_seq_lt(c->snd_una, x->dsack_round)))
		return;
	x->dsack_seen = true;
	x->dsack_round = c->snd_max;
	if (c->reo_mult == 0)
		c->reo_mult = 1;
	c->reo_mult += c->reo_mult < UINT8_MAX;
	c->reo_persist = REO_PERSIST;
}

void
flue_rack_recovered(struct flue_conn *c)
{
	if (c->reo_persist > 0 && --c->reo_persist == 0)
		c->reo_mult = 0;
}

/** What duplicate ACKs would have told (RFC 6675 IsLost). */
static bool
enough_sacked(const struct flue_engine *e, const struct flue_conn *c, const struct flue_board *b)
{
	uint32_t threshold = e->params.tcp_duplicate_ack_threshold;

	return b->sacked > (threshold - 1) * c->mss ||
	       flue_board_islands(&e->runs, b, threshold) == threshold;
}

/** RACK_update_reo_wnd. @return us */
static uint32_t
reordering_window(
		const struct flue_engine *e, const struct flue_conn *c, const struct flue_board *b)
{
	uint64_t us;

	if (!c->reo_seen && ((c->loss & LOSS_FAST) || (c->flags & CONN_RTO_RECOVERY) ||
					    enough_sacked(e, c, b)))
		return 0;
	us = (uint64_t)(min_rtt(c) / 4) * (c->reo_mult == 0 ? 1 : c->reo_mult);
	return us < c->srtt8 / 8 ? (uint32_t)us : c->srtt8 / 8;
}

bool
flue_rack_overtaken(const struct flue_episode *ep, const struct flue_run *r)
{
	if (flue_seq_gt(ep->rack_first, r->order))
		return true;
	return ep->rack_again &&
	       (flue_seq_gt(ep->rack_us, r->sent_us) ||
			       (ep->rack_us == r->sent_us && flue_seq_gt(ep->rack_end, r->end)));
}

/** Can it be lost by what has arrived so far? */
static bool
candidate(const struct flue_episode *ep, struct flue_run *r, uint32_t now)
{
	if ((r->flags & RUN_SACKED) || (r->flags & (RUN_LOST | RUN_RESENT)) == RUN_LOST)
		return false;
	if (r->flags & RUN_RESENT)
		return flue_rack_overtaken(ep, r);
	if (flue_seq_gt(r->end, ep->rack_order))
		return false;
	if (!(r->flags & RUN_PASSED)) {
		r->flags |= RUN_PASSED;
		r->sent_us = now - ep->rack_rtt;
	}
	return true;
}

uint32_t
flue_rack_detect(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_episode *ep = flue_episode_of(e, c);
	struct flue_board *b = &ep->board;
	uint32_t window = reordering_window(e, c, b);
	uint32_t now = flue_now_us(e);
	uint32_t before = b->due;
	int32_t longest = 0;
	uint32_t i;

	/* Behind all blocks, and yet sent before something that arrived. */
	(void)flue_board_cover(&e->runs, b,
			flue_seq_lt(c->snd_max, ep->rack_order) ? c->snd_max : ep->rack_order);
	for (i = b->head; i != RUN_NONE; i = e->runs.run[i].next) {
		struct flue_run *r = &e->runs.run[i];
		int32_t left;

		if (!candidate(ep, r, now))
			continue;
		left = (int32_t)(r->sent_us + ep->rack_rtt + window - now);
		if (left <= 0)
			flue_board_lose(b, r);
		else if (left > longest)
			longest = left;
	}
	flue_board_tidy(&e->runs, b);
	ep->reo_ms = FLUE_NONE;
	if (longest > 0) {
		ep->reo_ms = e->now_ms + (e->now_sub_us + (uint32_t)longest + 999) / 1000;
		flue_timer_arm_ms(e, c, ep->reo_ms);
	}
	return b->due - before;
}

void
flue_rack_timer(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_episode *ep = flue_episode_of(e, c);

	if (ep->reo_ms == FLUE_NONE || (int32_t)(e->now_ms - ep->reo_ms) < 0)
		return;
	memset(&ep->news, 0, sizeof(ep->news));
	ep->una = c->snd_una;
	if (flue_rack_detect(e, c) == 0)
		return;
	if (!(c->loss & LOSS_FAST) && !(c->flags & CONN_RTO_RECOVERY))
		flue_recovery_enter(e, c);
	flue_conn_touch(e, c);
}
