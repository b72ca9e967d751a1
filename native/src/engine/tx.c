/* SPDX-License-Identifier: Apache-2.0 */

/* The queue between the engine and the port: what the port does not take now stays, in order. */

#include <string.h>

#include "engine/parts.h"
#include "port/offload.h"
#include "tcp/tcp.h"

/** What packets are on the wire. */
struct burden {
	uint64_t bytes;
	uint32_t frames;
	unsigned flags; /* of any of them */
};

static inline struct burden
burden_of(struct flue_pkt *const *pkts, unsigned n)
{
	struct burden b = { .frames = n };
	unsigned i;

	for (i = 0; i < n; i++) {
		b.bytes += (uint32_t)pkts[i]->len + pkts[i]->ext_len;
		b.flags |= pkts[i]->flags;
	}
	if (likely((b.flags & (FLUE_PKT_TX_TSO | FLUE_PKT_TX_VLAN)) == 0))
		return b;
	/* Packets become more, or longer, frames. */
	b.bytes = b.frames = 0;
	for (i = 0; i < n; i++) {
		uint32_t frames = flue_pkt_frames(pkts[i]);

		b.frames += frames;
		b.bytes += (uint64_t)frames * flue_pkt_frame_bytes(pkts[i]);
	}
	return b;
}

unsigned
flue_tx_alloc_many(struct flue_engine *e, struct flue_pkt **pkts, unsigned n)
{
	const struct flue_port_ops *ops = e->port->ops;
	unsigned k = ops->alloc_many != NULL ? ops->alloc_many(e->port, pkts, n) : 0;

	while (k < n && (pkts[k] = flue_tx_alloc(e)) != NULL)
		k++;
	return k;
}

/** What followed the template (tcp/emit.c) is counted. */
static void
settle(struct flue_engine *e, bool ip6)
{
	const uint32_t n = e->usual[ip6].segments;
	const uint64_t heads = n * (ip6 ? 40ull : 20) + e->usual[ip6].headers;

	if (n == 0)
		return;
	flue_count(e, FLUE_CTR_OUT_SEGMENTS, n);
	flue_count(e, FLUE_CTR_OUT_BYTES, e->usual[ip6].bytes);
	e->stats[ip6].tcp.out_segments += n - e->usual[ip6].resent;
	e->stats[ip6].tcp.retransmitted_segments += e->usual[ip6].resent;
	e->stats[ip6].ip.out_requests += n;
	e->stats[ip6].ip.out_octets += e->usual[ip6].bytes + heads;
	memset(&e->usual[ip6], 0, sizeof(e->usual[ip6]));
}

void
flue_tx_settle(struct flue_engine *e)
{
	settle(e, false);
	settle(e, true);
}

/** @return false: the port does not take all of it now */
static inline bool
send_burst(struct flue_engine *e)
{
	uint32_t at = e->txq_head % FLUE_TX_QUEUE;
	uint32_t n = e->txq_tail - e->txq_head;
	struct flue_pkt **pkts = &e->txq[at];
	struct burden all;
	unsigned sent;

	if (n > FLUE_BURST)
		n = FLUE_BURST;
	if (n > FLUE_TX_QUEUE - at)
		n = FLUE_TX_QUEUE - at;
	/* First, for a packet that the port took may be gone already; what it did not take is not. */
	all = burden_of(pkts, n);
	sent = e->port->ops->tx_burst(e->port, e->now, pkts, n);
	flue_account_border(&e->account, FLUE_PART_PORT_SEND);
	e->txq_head += sent;
	if (unlikely(sent < n)) {
		struct burden left = burden_of(pkts + sent, n - sent);

		all.bytes -= left.bytes;
		all.frames -= left.frames;
		flue_count(e, FLUE_CTR_TX_RETRY, 1);
	}
	flue_count(e, FLUE_CTR_TX_BYTES, all.bytes);
	flue_count(e, FLUE_CTR_TX_FRAMES, all.frames);
	return sent == n;
}

void
flue_txq_flush(struct flue_engine *e)
{
	while (e->txq_head != e->txq_tail && send_burst(e))
		;
}
