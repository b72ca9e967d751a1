/* SPDX-License-Identifier: Apache-2.0 */

/* SACK blocks (RFC 2018, 2883) and what follows from them. A peer may send anything: only blocks that
 * lie within what is in flight count, and one in front that lies before or within another is a
 * DSACK. */

#include <string.h>

#include "tcp/loss.h"

/** Blocks that can be. */
struct blocks {
	struct flue_sack_block block[4];
	struct flue_sack_block dsack;
	uint32_t count;
	bool has_dsack;
};

static bool
within(const struct flue_sack_block *inner, const struct flue_sack_block *outer)
{
	return flue_seq_leq(outer->start, inner->start) && flue_seq_leq(inner->end, outer->end);
}

/** What arrived twice, told by the first block (RFC 2883 4). */
static bool
is_dsack(const struct flue_conn *c, const struct flue_segment *s)
{
	const struct flue_sack_block *first = &s->sack[0];

	if (!flue_seq_lt(first->start, first->end))
		return false;
	if (flue_seq_leq(first->end, s->ack))
		/* No older than what the peer can still have in mind. */
		return s->ack - first->start <= flue_conn_max_snd_wnd(c) + c->mss;
	return s->sacks > 1 && within(first, &s->sack[1]) && flue_seq_leq(first->end, c->snd_max) &&
	       flue_seq_gt(first->start, c->snd_una);
}

static void
read_blocks(const struct flue_conn *c, const struct flue_segment *s, struct blocks *out)
{
	/* An ACK that lies ahead of SND.UNA is about to move it. */
	uint32_t una = flue_seq_max(c->snd_una, s->ack);
	uint32_t i = 0;

	out->count = 0;
	out->has_dsack = s->sacks > 0 && is_dsack(c, s);
	if (out->has_dsack) {
		out->dsack = s->sack[0];
		i = 1;
	}
	for (; i < s->sacks; i++) {
		const struct flue_sack_block *b = &s->sack[i];

		/* Behind SND.UNA by a byte at least, or that would have been acknowledged. */
		if (!flue_seq_lt(b->start, b->end) || !flue_seq_gt(b->start, una) ||
				!flue_seq_leq(b->end, c->snd_max))
			continue;
		out->block[out->count++] = *b;
	}
}

bool
flue_blocks_prepare(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	struct blocks b;

	if (c->loss & LOSS_BOARD) {
		struct flue_episode *ep = flue_episode_of(e, c);

		memset(&ep->news, 0, sizeof(ep->news));
		ep->news.fack = ep->board.fack;
		ep->una = c->snd_una;
		return false;
	}
	if (!c->sack || s->sacks == 0)
		return true;
	read_blocks(c, s, &b);
	if (b.count == 0)
		return false;
	/* Where recovery without one is under way it goes on like that. */
	if ((c->loss & LOSS_FAST) || (c->flags & (CONN_RTO_RECOVERY | CONN_PERSIST)) ||
			c->snd_nxt != c->snd_max)
		return true;
	if (flue_episode_begin(e, c))
		return false;
	flue_count(e, FLUE_CTR_NO_BOARD, 1);
	return true;
}

void
flue_blocks_settle(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		bool advanced)
{
	struct flue_episode *ep;
	struct blocks b;
	uint32_t lost;
	uint32_t i;

	if (!c->sack)
		return;
	read_blocks(c, s, &b);
	if ((c->loss & LOSS_TLP) &&
			flue_tlp_answer(e, c, s, advanced, b.has_dsack ? &b.dsack : NULL))
		b.has_dsack = false; /* of that nothing more follows */
	if (b.has_dsack && c->retransmits > 0) {
		flue_rack_dsack(e, c);
		flue_recovery_dsack(e, c, b.dsack.end - b.dsack.start);
	}
	if (!(c->loss & LOSS_BOARD))
		return;
	ep = flue_episode_of(e, c);
	for (i = 0; i < b.count; i++)
		(void)flue_board_sack(
				&e->runs, &ep->board, b.block[i].start, b.block[i].end, &ep->news);
	flue_rack_learn(e, c, s);
	lost = flue_rack_detect(e, c);
	flue_recovery_step(e, c, s, advanced, lost);
	/* What it waits for now may be due before the wheel looks. */
	if (c->rtx_ms != FLUE_NONE)
		flue_timer_arm_ms(e, c, flue_loss_next_ms(e, c));
}
