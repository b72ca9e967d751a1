/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_AHEAD_H
#define FLUE_ENGINE_AHEAD_H

/** @file What lies ahead is on its way while what is before it is looked at: nothing here has an effect that
 *  could be told but by the time it takes. (A call of what does nothing but prefetch is taken for one
 *  without an effect, and left out, unless it is in line from the beginning.) Owner thread, within a pass. */

#include "engine/nbl.h"
#include "engine/parts.h"

/** All that data received by the connection touches of it: into the second level cache, which has more misses
 *  under way than the first one. */
static inline void
flue_conn_prefetch_far(const struct flue_conn *c)
{
	__builtin_prefetch(c, 0, 2);
	__builtin_prefetch(&c->rxq_head, 0, 2);
}

/** ... and the flow label of the ACK that it will draw. */
static inline void
flue_conn_prefetch_label(const struct flue_conn *c)
{
	__builtin_prefetch(&c->claim, 0, 2);
}

/** ... and what one that sends, or whose sends complete, touches besides. */
static inline void
flue_conn_prefetch_sends(const struct flue_conn *c)
{
	__builtin_prefetch(&c->bytes_out, 0, 2);
	__builtin_prefetch(&c->claim, 0, 2);
}

/** The first two from there, or wherever they are, into the first level: it is next. */
static inline void
flue_conn_prefetch(const struct flue_conn *c)
{
	__builtin_prefetch(c, 1);
	__builtin_prefetch(&c->rxq_head, 1);
}

/** What sending a usual list and completing it touch: on its way. Any reference; one that resolves to
 *  nothing is passed over. */
static inline __attribute__((always_inline)) void
flue_compact_prefetch(flue_ref ref)
{
	const struct flue_compact *l = flue_ref_at(ref, sizeof(*l));

	if (l == NULL)
		return;
	__builtin_prefetch(&l->nbl, 1);
	__builtin_prefetch(&l->nbl.status, 1);
	__builtin_prefetch(&l->nb, 1);
	__builtin_prefetch(&l->mdl, 1);
}

/** Sends of whom a segment acknowledges something complete with it, most of them: the connection's part of them,
 *  the first piece, its list, each of which says where the next one is. They were written when they were sent,
 *  and lie wherever the connections since have pushed them.
 *  @param plain  n of the segments, of which one each of `conns` is the connection, or NULL */
static inline __attribute__((always_inline)) void
flue_sends_ahead(const struct flue_engine *e, const struct flue_segment *segs, const uint8_t *plain,
		struct flue_conn *const *conns, unsigned n)
{
	const struct flue_conn *senders[FLUE_BURST];
	const struct flue_piece *pieces[FLUE_BURST];
	unsigned count = 0;
	unsigned i;

	if (e->piece_ids.free == e->piece_ids.size)
		return;
	for (i = 0; i < n; i++) {
		const struct flue_conn *c = conns[i];

		if (c == NULL || c->snd_una == segs[plain[i]].ack)
			continue;
		flue_conn_prefetch_sends(c);
		senders[count++] = c;
	}
	for (i = 0; i < count; i++) {
		/* Of a bucket's first candidate, which may be another's, or nobody's. */
		pieces[i] = senders[i]->send_head < e->piece_ids.size
					    ? &e->pieces[senders[i]->send_head]
					    : NULL;
		if (pieces[i] != NULL)
			__builtin_prefetch(pieces[i], 1);
	}
	for (i = 0; i < count; i++) {
		if (pieces[i] != NULL)
			flue_compact_prefetch(pieces[i]->nbl);
	}
}

#endif /* FLUE_ENGINE_AHEAD_H */
