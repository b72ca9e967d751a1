/* SPDX-License-Identifier: Apache-2.0 */

/* Sends that follow one another in the ring are taken as if each had come alone: two engines are told the same,
 * one of them in one pass, the other in a pass each. */

#include "support/stream.h"

#include <stdlib.h>
#include <string.h>

#define STEPS  150
#define ENOUGH 1000 /* pieces */

#define REGIONS      3
#define REGION_BYTES 65536 /* of them the stream */

struct twin {
	struct harness *h;
	struct conn c[2];
	flue_ref sent[2 * STEPS]; /* lists, the second one of a pair too */
	unsigned lists;
	uint32_t sends;
	uint32_t credits;
	int regions[REGIONS]; /* where data lies, too */
};

static void
twin_new(struct twin *t, int max_sends)
{
	struct flue_engine_config config = harness_config();
	unsigned i;

	memset(t, 0, sizeof(*t));
	config.max_sends = max_sends;
	t->h = harness_new(&config, 0);
	for (i = 0; i < REGIONS; i++) {
		t->regions[i] = flue_region_create(FLUE_REGION_HEAP, REGION_BYTES);
		memcpy(flue_region_at(t->regions[i]), stream, REGION_BYTES);
	}
	for (i = 0; i < 2; i++) {
		connect_at(t->h, &t->c[i], start_numbers[i][0], start_numbers[i][1]);
		ack(t->h, &t->c[i], 0, 0); /* nothing may be sent */
	}
}

static flue_ref
list_new(struct twin *t, uint32_t at, uint32_t len, int pieces)
{
	flue_ref ref = nbl_new(t->h, stream + at, len, pieces);

	t->sent[t->lists++] = ref;
	return ref;
}

static struct flue_mdl *
mdl_at(struct twin *t, flue_ref ref)
{
	struct flue_net_buffer *nb = java_at(t->h, nbl_at(t->h, ref)->first_net_buffer);

	return java_at(t->h, nb->mdl_chain);
}

/** The next send, mostly a usual one. */
static void
send_next(struct twin *t, unsigned *seed)
{
	const struct conn *c = &t->c[rand_r(seed) % 4 == 0];
	uint32_t at = (uint32_t)rand_r(seed) % 50000;
	uint32_t len = (uint32_t)rand_r(seed) % 900 + 1;
	uint64_t token = c->token;
	flue_ref ref = 0;
	struct flue_net_buffer *nb;

	switch (rand_r(seed) % 30) {
	case 0: /* several pieces */
		ref = list_new(t, at, len, 4);
		break;
	case 1: /* nothing in it */
		ref = list_new(t, at, 0, 1);
		break;
	case 2: /* two lists */
		ref = list_new(t, at, len, 1);
		nbl_link(t->h, ref, list_new(t, at + len, len, 1));
		break;
	case 3: /* more than its MDL has */
		ref = list_new(t, at, len, 1);
		nb = java_at(t->h, nbl_at(t->h, ref)->first_net_buffer);
		nb->data_length = len + 1;
		break;
	case 4: /* not from the beginning of it */
		ref = list_new(t, at, len + 10, 1);
		nb = java_at(t->h, nbl_at(t->h, ref)->first_net_buffer);
		nb->data_offset = nb->current_mdl_offset = 10;
		nb->data_length = len;
		break;
	case 5: /* of no connection */
		ref = list_new(t, at, len, 1);
		token ^= UINT64_C(1) << 40;
		break;
	case 6: /* no list */
		ref = UINT64_C(1) << 62;
		break;
	case 8: /* data elsewhere, up to its end */
	case 9:
	case 10:
		at = rand_r(seed) % 2 ? at : REGION_BYTES - len;
		ref = list_new(t, at, len, 1);
		mdl_at(t, ref)->data =
				flue_ref_make((uint32_t)t->regions[rand_r(seed) % REGIONS], at);
		break;
	case 11: /* ... and beyond it */
		ref = list_new(t, at, len, 1);
		mdl_at(t, ref)->data = flue_ref_make((uint32_t)t->regions[rand_r(seed) % REGIONS],
				REGION_BYTES - len + 1);
		break;
	case 7: /* no send, nor anything else */
		submit(t->h, 999, token, list_new(t, at, len, 1), 0, 0);
		return;
	default:
		ref = list_new(t, at, len, 1);
		break;
	}
	submit(t->h, FLUE_SUB_SEND, token, ref, 0, 0);
	t->sends++;
}

static void
check_same_queues(struct twin *a, struct twin *b)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		const struct flue_conn *x = object(a->h, &a->c[i]);
		const struct flue_conn *y = object(b->h, &b->c[i]);
		uint32_t m = x->send_head;
		uint32_t n = y->send_head;

		assert_int_equal(x->snd_end, y->snd_end);
		while (m != FLUE_NONE && n != FLUE_NONE) {
			const struct flue_piece *p = &a->h->e->pieces[m];
			const struct flue_piece *q = &b->h->e->pieces[n];

			assert_int_equal(p->seq, q->seq);
			assert_int_equal(p->nbl_seq, q->nbl_seq);
			assert_int_equal(p->len, q->len);
			assert_int_equal(p->flags, q->flags);
			assert_int_equal(p->refused_credits, q->refused_credits);
			assert_int_equal((uint32_t)p->nbl, (uint32_t)q->nbl);
			assert_memory_equal(p->data, q->data, p->len);
			if (p->next == FLUE_NONE)
				assert_int_equal(x->send_tail, m);
			m = p->next;
			n = q->next;
		}
		assert_int_equal(m, n); /* both at their ends */
	}
}

/** Nothing keeps the regions any more, or closing them would not be their end. */
static void
twin_free(struct twin *t)
{
	int before = flue_region_count();
	unsigned i;

	for (i = 0; i < REGIONS; i++)
		flue_region_release(t->regions[i]);
	assert_int_equal(flue_region_count(), before - REGIONS);
	harness_free(t->h);
}

static void
take_completions(struct twin *t)
{
	struct flue_up up;

	while (up_next(t->h, &up))
		if (up.op == FLUE_UP_SEND_COMPLETE)
			t->credits += up.arg0;
}

/** The windows open: all of it goes, and is acknowledged. Of who found no piece nothing goes any more. */
static void
send_all(struct twin *t)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		struct flue_conn *o = object(t->h, &t->c[i]);

		while (o->snd_una != o->snd_end && !(o->flags & CONN_STOPPED)) {
			ack(t->h, &t->c[i], o->snd_max - t->c[i].iss, 65535);
			t->h->port->seen = t->h->port->sent_count;
			take_completions(t);
		}
	}
	take_completions(t);
}

static void
check_same_lists(struct twin *a, struct twin *b)
{
	unsigned i;

	assert_int_equal(a->lists, b->lists);
	for (i = 0; i < a->lists; i++) {
		const struct flue_net_buffer_list *x = nbl_at(a->h, a->sent[i]);
		const struct flue_net_buffer_list *y = nbl_at(b->h, b->sent[i]);

		assert_int_equal(x->status, y->status);
		assert_int_equal(x->bytes_transferred, y->bytes_transferred);
	}
}

RULE("T-81")
RULE("T-82")
RULE("T-92")
static void
sends_taken_together_are_what_they_would_be_one_by_one(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 60; seed++) {
		int max_sends = seed % 3 == 0 ? 100 : ENOUGH; /* pieces run out in the middle */
		unsigned one = seed;
		unsigned other = seed;
		struct twin a;
		struct twin b;
		unsigned i;

		twin_new(&a, max_sends);
		twin_new(&b, max_sends);
		for (i = 0; i < STEPS; i++) {
			send_next(&a, &one);
			send_next(&b, &other);
			poll_engine(b.h);
		}
		poll_engine(a.h);
		check_same_queues(&a, &b);
		send_all(&a);
		send_all(&b);
		if (max_sends == ENOUGH) {
			assert_int_equal(a.credits, a.sends);
			assert_int_equal(b.credits, b.sends);
		}
		for (i = 0; i < 2; i++)
			assert_int_equal(terminate(a.h, &a.c[i]), terminate(b.h, &b.c[i]));
		check_same_lists(&a, &b);
		twin_free(&a);
		twin_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_taken_together_are_what_they_would_be_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
