/* SPDX-License-Identifier: Apache-2.0 */

#include "support/receiver.h"

#include <string.h>

void
receiver_init(struct receiver *r, struct harness *h, struct conn *c, uint32_t total)
{
	memset(r, 0, sizeof(*r));
	r->h = h;
	r->c = c;
	r->total = total;
	r->rtt = 20 * MS;
	r->sack = true;
	r->dsack = true;
}

/** The run of received bytes that holds `at`. */
static void
run_of(const struct receiver *r, uint32_t at, uint32_t block[2])
{
	block[0] = at;
	block[1] = at + 1;
	while (block[0] > r->upto && r->have[block[0] - 1])
		block[0]--;
	while (block[1] < r->total && r->have[block[1]])
		block[1]++;
}

/** The newest first, the others from the top. */
static unsigned
fill_blocks(const struct receiver *r, uint32_t newest, uint32_t (*blocks)[2], unsigned most)
{
	unsigned n = 0;
	uint32_t at;

	if (newest >= r->upto && newest < r->total && r->have[newest])
		run_of(r, newest, blocks[n++]);
	for (at = r->total; at > r->upto && n < most;) {
		uint32_t block[2];

		at--;
		if (!r->have[at])
			continue;
		run_of(r, at, block);
		at = block[0];
		if (n == 0 || block[0] != blocks[0][0])
			memcpy(blocks[n++], block, sizeof(block));
	}
	return n;
}

static void
arrived(struct receiver *r, const struct seen *s)
{
	unsigned n = 0;
	uint32_t fresh = 0;
	uint32_t i;

	assert_true(s->seq + s->len <= r->total);
	assert_memory_equal(s->payload, stream + s->seq, s->len);
	for (i = s->seq; i < s->seq + s->len; i++) {
		fresh += !r->have[i];
		r->have[i] = 1;
	}
	while (r->upto < r->total && r->have[r->upto])
		r->upto++;
	assert_true(r->last - r->first < RECEIVER_ACKS);
	i = r->last++ % RECEIVER_ACKS;
	r->acks[i].at = r->h->now + r->rtt;
	r->acks[i].upto = r->upto;
	if (r->sack && r->dsack && fresh == 0) {
		r->acks[i].blocks[0][0] = s->seq;
		r->acks[i].blocks[0][1] = s->seq + s->len;
		n = 1;
	}
	if (r->sack)
		n += fill_blocks(r, s->seq, r->acks[i].blocks + n, 3 - n);
	r->acks[i].n = n;
}

void
receiver_take(struct receiver *r)
{
	struct seen s;

	while (sent_next(r->h, r->c, &s)) {
		if (s.len == 0)
			continue;
		if (r->lost == NULL || !r->lost(r->segments, s.seq))
			arrived(r, &s);
		r->segments++;
	}
}

unsigned
receiver_step(struct receiver *r)
{
	unsigned n = 0;

	pass_after(r->h, MS);
	receiver_take(r);
	while (r->first != r->last && r->acks[r->first % RECEIVER_ACKS].at <= r->h->now) {
		unsigned i = r->first++ % RECEIVER_ACKS;

		sack_at(r->h, r->c, r->acks[i].upto, (const uint32_t(*)[2])r->acks[i].blocks,
				r->acks[i].n, 0);
		poll_engine(r->h);
		r->taken++;
		n++;
		receiver_take(r);
	}
	return n;
}
