/* SPDX-License-Identifier: Apache-2.0 */

/* Blocks are made from the out-of-order queue when an ACK goes out. Kept is only in which order they
 * are told: some byte of each of the newest, the newest first. */

#include "tcp/sack.h"

#include <string.h>

#include "tcp/bytes.h"
#include "tcp/reasm.h"

#define OPTION_SACK 5
#define BLOCK_BYTES 8
/** The largest window there is (RFC 7323 2.3): what lies further back was not under way twice. */
#define WINDOW_MOST (UINT32_C(1) << 30)

struct block {
	uint32_t start;
	uint32_t end;
};

static bool
within(uint32_t seq, uint32_t start, uint32_t end)
{
	return flue_seq_leq(start, seq) && flue_seq_lt(seq, end);
}

void
flue_sack_came(struct flue_engine *e, struct flue_conn *c, uint32_t start, uint32_t end, bool told)
{
	struct flue_sack *sack = &flue_extra_held(e, c)->sack;
	uint32_t kept[FLUE_SACK_RECENT];
	uint32_t n = 0;
	uint32_t news = 0;
	bool fresh = !told;
	uint32_t at;
	uint32_t i;

	if (!c->sack)
		return;
	/* What has become one block with it is told once. */
	for (i = 0; i < sack->recents && n < FLUE_SACK_RECENT - 1; i++) {
		if (within(sack->recent[i], start, end)) {
			fresh |= i < sack->news;
			continue;
		}
		news += i < sack->news;
		kept[n++] = sack->recent[i];
	}
	/* What the host had is older than what came here before the host could forward it. */
	at = fresh ? 0 : news;
	memcpy(sack->recent, kept, at * sizeof(kept[0]));
	sack->recent[at] = start;
	memcpy(&sack->recent[at + 1], kept + at, (n - at) * sizeof(kept[0]));
	sack->recents = (uint8_t)(n + 1);
	sack->news = (uint8_t)(news + fresh);
}

void
flue_sack_duplicate(struct flue_engine *e, struct flue_conn *c, uint32_t start, uint32_t end)
{
	struct flue_extra *x;

	if (!c->sack || !flue_seq_lt(start, end))
		return;
	if (flue_seq_lt(start, c->rcv_nxt - WINDOW_MOST))
		return;
	/* Without a note of it the peer does not hear: it was only to be told (RFC 2883). */
	x = flue_extra_take(e, c);
	if (x == NULL)
		return;
	c->again = 1;
	x->sack.again_start = start;
	x->sack.again_end = end;
}

void
flue_sack_owe(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);

	/* The blocks of one ACK tell of all that came before it. */
	if ((c->flags & CONN_ACK_NOW) && !c->sack && x != NULL && x->sack.owed < UINT8_MAX)
		x->sack.owed++;
	c->flags |= CONN_ACK_NOW;
	flue_conn_touch(e, c);
}

/** Intervals of the queue into `blocks`, those told of lately first. @return how many, at most `most` */
static uint32_t
collect(const struct flue_extra *x, struct block *blocks, uint32_t most)
{
	const struct flue_sack *sack = &x->sack;
	struct block recent[FLUE_SACK_RECENT];
	struct block other[4];
	uint32_t found = 0; /* a bit for each of `recent` */
	uint32_t others = 0;
	uint32_t n = 0;
	const struct flue_pkt *p = x->ooo;
	uint32_t i;

	while (p != NULL) {
		struct block b = { p->seq, flue_reasm_end(p) };

		for (p = p->next; p != NULL && flue_seq_leq(p->seq, b.end); p = p->next)
			b.end = flue_seq_max(b.end, flue_reasm_end(p));
		for (i = 0; i < sack->recents && !within(sack->recent[i], b.start, b.end); i++)
			;
		if (i < sack->recents) {
			recent[i] = b;
			found |= 1u << i;
		} else if (others < 4) {
			other[others++] = b;
		}
	}
	for (i = 0; i < sack->recents && n < most; i++)
		if (found & 1u << i)
			blocks[n++] = recent[i];
	for (i = 0; i < others && n < most; i++)
		blocks[n++] = other[i];
	return n;
}

uint32_t
flue_sack_put(struct flue_engine *e, struct flue_conn *c, uint8_t to[FLUE_SACK_BYTES],
		uint32_t room)
{
	const struct flue_extra *x = flue_extra_of(e, c);
	struct block blocks[4];
	uint32_t most = room < 4 ? 0 : (room - 4) / BLOCK_BYTES;
	uint32_t n = 0;
	uint32_t i;

	if (!c->sack || most == 0)
		return 0;
	if (most > 4)
		most = 4;
	/* What came twice is told first, and once (RFC 2883 4). */
	if (c->again) {
		blocks[n++] = (struct block){ x->sack.again_start, x->sack.again_end };
		c->again = 0;
	}
	if (c->flags & CONN_OOO)
		n += collect(x, blocks + n, most - n);
	if (n == 0)
		return 0;
	to[0] = to[1] = 1;
	to[2] = OPTION_SACK;
	to[3] = (uint8_t)(2 + n * BLOCK_BYTES);
	for (i = 0; i < n && i < 4; i++) {
		flue_store32be(to + 4 + i * BLOCK_BYTES, blocks[i].start);
		flue_store32be(to + 8 + i * BLOCK_BYTES, blocks[i].end);
	}
	return 4 + n * BLOCK_BYTES;
}

bool
flue_sack_flush(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_held(e, c);

	for (;;) {
		if (!flue_tcp_send_ack(e, c)) {
			c->flags |= CONN_ACK_NOW;
			return false;
		}
		if (x == NULL || x->sack.owed == 0)
			return true;
		x->sack.owed--;
	}
}
