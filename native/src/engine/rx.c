/* SPDX-License-Identifier: Apache-2.0 */

/* Receiving: a burst is parsed, looked up and processed in three passes, each prefetching for the
 * next. Whatever is not a plain segment of a connection we hold goes up as a frame. */

#include <string.h>

#include "engine/ahead.h"
#include "engine/group.h"
#include "engine/parse.h"
#include "tcp/csum.h"
#include "tcp/watch.h"

enum verdict {
	SUMS_GOOD,
	SUMS_BAD_HEADER, /* IPv4 header */
	SUMS_BAD_SEGMENT
};

static enum verdict
verify(const struct flue_segment *s)
{
	uint32_t seg_len = s->hlen + s->payload;
	uint64_t sum;

	if (s->checked)
		return SUMS_GOOD;
	if (!s->key.ip6 && !(s->pkt->flags & FLUE_PKT_RX_IP_GOOD) &&
			flue_csum_fold(flue_csum_add(s->tcp - IP4_BYTES, IP4_BYTES, 0)) != 0xffff)
		return SUMS_BAD_HEADER;
	if (s->pkt->flags & FLUE_PKT_RX_TCP_GOOD)
		return SUMS_GOOD;
	if (s->key.ip6) {
		sum = flue_csum_add(s->tcp - 32, 32, 0);
		sum += __builtin_bswap16(PROTO_TCP) + __builtin_bswap16((uint16_t)seg_len);
	} else {
		sum = flue_csum_pseudo4(s->key.raddr, s->key.laddr, seg_len);
	}
	return flue_csum_fold(flue_csum_add(s->tcp, seg_len, sum)) == 0xffff ? SUMS_GOOD
									     : SUMS_BAD_SEGMENT;
}

/** Segments of connections in one burst, [1] = IPv6, and their bytes from the TCP header on. */
struct tally {
	uint32_t segments[2];
	uint32_t bytes[2];
};

static inline void
tally_add(struct tally *t, const struct flue_segment *s)
{
	t->segments[s->key.ip6]++;
	t->bytes[s->key.ip6] += s->hlen + s->payload;
}

static void
tally_count(struct flue_engine *e, const struct tally *t)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct flue_ip_offload_stats *ip = &e->stats[i].ip;

		ip->in_receives += t->segments[i];
		ip->in_octets += t->bytes[i] +
				 (uint64_t)t->segments[i] * (i == 1 ? IP6_BYTES : IP4_BYTES);
		ip->in_delivers += t->segments[i];
		e->stats[i].tcp.in_segments += t->segments[i];
	}
}

/** A damaged IP header is for the host to count. A damaged segment is ours to count and to drop,
 *  but only while connections of its IP version are offloaded at all (chimney rules 8.4). */
static void
damaged(struct flue_engine *e, struct flue_segment *s, enum verdict verdict, struct tally *t)
{
	bool enabled = s->key.ip6 ? e->params.ipv6_enabled : e->params.ipv4_enabled;

	if (verdict == SUMS_BAD_HEADER || !enabled) {
		flue_frame_up(e, s->pkt);
		return;
	}
	tally_add(t, s);
	e->stats[s->key.ip6].tcp.in_errors++;
	flue_count(e, FLUE_CTR_BAD_CHECKSUM, 1);
	flue_pkt_release(s->pkt);
}

/** Folded addresses fit; do the whole ones? */
static bool
addresses_match6(const struct flue_engine *e, const struct flue_conn *c, const uint8_t *tcp)
{
	const struct flue_path *p = &e->paths[c->path];

	return memcmp(tcp - 32, p->remote, 16) == 0 && memcmp(tcp - 16, p->local, 16) == 0;
}

/** A neighbor in a VLAN is heard in that VLAN alone; one in none, in any (T-114). */
static bool
vlan_fits(const struct flue_engine *e, const struct flue_conn *c, const struct flue_segment *s)
{
	uint16_t vlan = e->paths[c->path].vlan;

	return vlan == 0 || (s->tagged && s->vlan == vlan);
}

/** Whose it is. @return NULL: nobody's here, and the packet is taken over */
static struct flue_conn *
owner_of(struct flue_engine *e, struct flue_segment *s, struct flue_conn *c)
{
	if (unlikely(c == NULL || !flue_flow_fits(c, &s->key)))
		c = flue_flow_find(&e->flow, s->hash, &s->key);
	if (c == NULL || (unlikely(s->key.ip6) && !addresses_match6(e, c, s->tcp))) {
		if (e->group == NULL || (s->pkt->flags & FLUE_PKT_PASSED) || !flue_group_pass(e, s))
			flue_frame_up(e, s->pkt);
		return NULL;
	}
	if (unlikely((s->tagged || c->tagged) && !vlan_fits(e, c, s))) {
		e->stats[s->key.ip6].ip.in_discards++;
		flue_pkt_release(s->pkt);
		return NULL;
	}
	return c;
}

static inline void
segment_in(struct flue_engine *e, struct flue_segment *s, struct flue_conn *c, struct tally *t)
{
	enum verdict verdict;

	/* A closed connection's are the host's, too (5.8). */
	if (unlikely(c->flags & (CONN_STOPPED | CONN_TERMINATING | CONN_ABORTED | CONN_INVALID))) {
		flue_tcp_unprocessed(e, c, s->pkt);
		return;
	}
	verdict = verify(s);
	if (unlikely(verdict != SUMS_GOOD)) {
		damaged(e, s, verdict, t);
		return;
	}
	s->checked = true;
	tally_add(t, s);
	flue_tcp_segment(e, c, s);
}

#define AHEAD 2 /* segments */

/** What a frame of a burst is. */
enum kind {
	FRAME,  /* the host's */
	PLAIN,  /* a segment */
	FOLLOWS /* a segment of the same flow as the one before it */
};

static inline enum kind
kind_of(struct flue_engine *e, struct flue_pkt *pkt, struct flue_segment *s,
		const struct flue_segment *before)
{
	if (before != NULL && flue_segment_parse_next(pkt, s, before))
		return FOLLOWS;
	return flue_segment_parse(e, pkt, s) ? PLAIN : FRAME;
}

/** Whose segments may be, by their buckets: those connections are on their way. NULL: nobody's, and so behind
 *  the last one for AHEAD more. */
static inline void
find(const struct flue_engine *e, const struct flue_segment *segs, const uint8_t *plain,
		struct flue_conn **conns, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		conns[i] = flue_flow_candidate(&e->flow, segs[plain[i]].hash);
		if (conns[i] == NULL)
			continue;
		flue_conn_prefetch_far(conns[i]);
		if (unlikely(segs[plain[i]].key.ip6))
			flue_conn_prefetch_label(conns[i]);
	}
	for (i = 0; i < AHEAD; i++)
		conns[n + i] = NULL;
	flue_sends_ahead(e, segs, plain, conns, n);
}

/** Pass by pass: what the next one needs is on its way meanwhile. The frame; the bucket; the connection. Peers
 *  send in runs: who follows another one of its flow costs neither of the first two. */
static void
burst(struct flue_engine *e, struct flue_pkt **pkts, unsigned n)
{
	struct flue_segment segs[FLUE_BURST];
	enum kind kinds[FLUE_BURST + 1];
	uint8_t plain[FLUE_BURST];                   /* which ones are, */
	struct flue_conn *conns[FLUE_BURST + AHEAD]; /* and whose they may be */
	const struct flue_segment *before = NULL;
	struct flue_conn **next = conns;
	struct flue_conn *c = NULL;
	struct tally tally = { 0 };
	unsigned plains = 0;
	uint64_t bytes = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		__builtin_prefetch(pkts[i]->data);
	for (i = 0; i < n; i++) {
		struct flue_segment *s = &segs[i];

		bytes += pkts[i]->len;
		kinds[i] = kind_of(e, pkts[i], s, before);
		if (kinds[i] == FOLLOWS) {
			before = s;
			continue;
		}
		before = NULL;
		if (kinds[i] == PLAIN) {
			__builtin_prefetch(flue_flow_bucket_of(&e->flow, s->hash), 0, 2);
			plain[plains++] = (uint8_t)i;
			before = s->tagged ? NULL : s;
		}
	}
	kinds[n] = FRAME;
	find(e, segs, plain, conns, plains);
	for (i = 0; i < n; i++) {
		struct flue_conn *candidate = NULL;

		if (unlikely(kinds[i] == FRAME)) {
			if (unlikely(e->watches != NULL))
				flue_watch_frame(e, pkts[i]);
			flue_frame_up(e, pkts[i]);
			continue;
		}
		if (kinds[i] == PLAIN) {
			if (next[AHEAD] != NULL)
				flue_conn_prefetch(next[AHEAD]);
			candidate = *next++;
			c = NULL;
		}
		if (c == NULL)
			c = owner_of(e, &segs[i], candidate);
		if (unlikely(c == NULL))
			continue;
		segment_in(e, &segs[i], c, &tally);
		if (kinds[i + 1] != FOLLOWS)
			flue_tcp_segments_end(e, c);
	}
	tally_count(e, &tally);
	flue_count(e, FLUE_CTR_RX_BYTES, bytes);
	flue_count(e, FLUE_CTR_RX_FRAMES, n);
}

/** What other engines found for us came before what is at the port now. All of it, whatever the budget: a
 *  connection that leaves in this pass leaves nothing behind, to be overtaken by what comes to its next engine. */
static int
receive_passed(struct flue_engine *e)
{
	struct flue_pkt *pkts[FLUE_BURST];
	unsigned left = flue_group_waiting(e);
	int total = 0;

	while (left > 0) {
		unsigned n = flue_group_take(e, pkts, left < FLUE_BURST ? left : FLUE_BURST);

		flue_account_border(&e->account, FLUE_PART_PORT_RECEIVE);
		if (n == 0)
			break;
		burst(e, pkts, n);
		flue_account_border(&e->account, FLUE_PART_RECEIVE);
		left -= n;
		total += (int)n;
	}
	return total;
}

int
flue_rx(struct flue_engine *e, int budget)
{
	struct flue_pkt *pkts[FLUE_BURST];
	int passed = e->group != NULL && budget > 0 ? receive_passed(e) : 0;
	int total = 0;

	while (total < budget) {
		unsigned want = budget - total < FLUE_BURST ? (unsigned)(budget - total)
							    : FLUE_BURST;
		unsigned n = e->port->ops->rx_burst(e->port, e->now, pkts, want);

		flue_account_border(&e->account, FLUE_PART_PORT_RECEIVE);
		if (n == 0)
			break;
		burst(e, pkts, n);
		flue_account_border(&e->account, FLUE_PART_RECEIVE);
		total += (int)n;
		if (n < want)
			break;
	}
	return passed + total;
}
