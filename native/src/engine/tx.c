/* SPDX-License-Identifier: Apache-2.0 */

/* The queue between the engine and the port: what the port does not take now stays, in order. */

#include "engine/parts.h"
#include "port/offload.h"
#include "tcp/tcp.h"

/** Bytes and frames that a burst is on the wire, where packets become more, or longer, frames. */
static void
measure(struct flue_pkt *const *pkts, unsigned n, uint32_t *bytes, uint32_t *frames)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		frames[i] = flue_pkt_frames(pkts[i]);
		bytes[i] = frames[i] * flue_pkt_frame_bytes(pkts[i]);
	}
}

static uint32_t
sum_of(const uint32_t *numbers, unsigned n)
{
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		sum += numbers[i];
	return sum;
}

/* They are IPv4, with timestamps and no other option (tcp/emit.c). */
void
flue_tx_settle(struct flue_engine *e)
{
	uint32_t n = e->usual.segments;

	if (n == 0)
		return;
	flue_count(e, FLUE_CTR_OUT_SEGMENTS, n);
	flue_count(e, FLUE_CTR_OUT_BYTES, e->usual.bytes);
	e->stats[0].tcp.out_segments += n - e->usual.resent;
	e->stats[0].tcp.retransmitted_segments += e->usual.resent;
	e->stats[0].ip.out_requests += n;
	e->stats[0].ip.out_octets += e->usual.bytes + (uint64_t)n * (20 + 20 + TCP_TS_BYTES);
	e->usual.segments = e->usual.resent = 0;
	e->usual.bytes = 0;
}

void
flue_txq_flush(struct flue_engine *e)
{
	while (e->txq_head != e->txq_tail) {
		uint32_t at = e->txq_head % FLUE_TX_QUEUE;
		uint32_t n = e->txq_tail - e->txq_head;
		uint32_t bytes[FLUE_BURST];
		uint32_t frames[FLUE_BURST];
		unsigned flags = 0;
		unsigned sent;
		unsigned i;

		if (n > FLUE_BURST)
			n = FLUE_BURST;
		if (n > FLUE_TX_QUEUE - at)
			n = FLUE_TX_QUEUE - at;
		/* Sizes first: a packet the port took may be gone already. */
		for (i = 0; i < n; i++) {
			bytes[i] = (uint32_t)e->txq[at + i]->len + e->txq[at + i]->ext_len;
			flags |= e->txq[at + i]->flags;
		}
		flags &= FLUE_PKT_TX_TSO | FLUE_PKT_TX_VLAN;
		if (unlikely(flags != 0))
			measure(&e->txq[at], n, bytes, frames);
		sent = e->port->ops->tx_burst(e->port, e->now, &e->txq[at], n);
		flue_account_border(&e->account, FLUE_PART_PORT_SEND);
		flue_count(e, FLUE_CTR_TX_BYTES, sum_of(bytes, sent));
		flue_count(e, FLUE_CTR_TX_FRAMES,
				unlikely(flags != 0) ? sum_of(frames, sent) : sent);
		e->txq_head += sent;
		if (sent < n) {
			flue_count(e, FLUE_CTR_TX_RETRY, 1);
			return;
		}
	}
}
