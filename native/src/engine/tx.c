/* SPDX-License-Identifier: Apache-2.0 */

/* The queue between the engine and the port: what the port does not take now stays, in order. */

#include "engine/parts.h"
#include "port/offload.h"

struct flue_pkt *
flue_tx_alloc(struct flue_engine *e)
{
	struct flue_pkt *pkt = e->port->ops->alloc(e->port);

	if (unlikely(pkt == NULL))
		flue_count(e, FLUE_CTR_TX_RETRY, 1);
	return pkt;
}

void
flue_txq_push(struct flue_engine *e, struct flue_pkt *pkt)
{
	e->txq[e->txq_tail++ % FLUE_TX_QUEUE] = pkt;
}

/** @return bytes of what goes over the wire; so many frames of it */
static inline uint32_t
measure(const struct flue_pkt *pkt, uint32_t *frames)
{
	*frames = 1;
	if (likely(!(pkt->flags & (FLUE_PKT_TX_TSO | FLUE_PKT_TX_VLAN))))
		return (uint32_t)pkt->len + pkt->ext_len;
	*frames = flue_pkt_frames(pkt);
	return *frames * flue_pkt_frame_bytes(pkt);
}

void
flue_txq_flush(struct flue_engine *e)
{
	while (e->txq_head != e->txq_tail) {
		uint32_t at = e->txq_head % FLUE_TX_QUEUE;
		uint32_t n = e->txq_tail - e->txq_head;
		uint32_t bytes[FLUE_BURST];
		uint32_t frames[FLUE_BURST];
		uint32_t all_bytes = 0; /* a burst of packets of 64 KiB fits */
		uint32_t all_frames = 0;
		unsigned sent;
		unsigned i;

		if (n > FLUE_BURST)
			n = FLUE_BURST;
		if (n > FLUE_TX_QUEUE - at)
			n = FLUE_TX_QUEUE - at;
		/* Sizes first: a packet the port took may be gone already. */
		for (i = 0; i < n; i++)
			bytes[i] = measure(e->txq[at + i], &frames[i]);
		sent = e->port->ops->tx_burst(e->port, e->now, &e->txq[at], n);
		for (i = 0; i < sent; i++) {
			all_bytes += bytes[i];
			all_frames += frames[i];
		}
		flue_count(e, FLUE_CTR_TX_BYTES, all_bytes);
		flue_count(e, FLUE_CTR_TX_FRAMES, all_frames);
		e->txq_head += sent;
		if (sent < n) {
			flue_count(e, FLUE_CTR_TX_RETRY, 1);
			return;
		}
	}
}
