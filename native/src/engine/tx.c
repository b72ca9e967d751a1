/* SPDX-License-Identifier: Apache-2.0 */

/* The queue between the engine and the port: what the port does not take now stays, in order. */

#include "engine/parts.h"

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

void
flue_txq_flush(struct flue_engine *e)
{
	while (e->txq_head != e->txq_tail) {
		uint32_t at = e->txq_head % FLUE_TX_QUEUE;
		uint32_t n = e->txq_tail - e->txq_head;
		uint64_t bytes[FLUE_BURST];
		unsigned sent;
		unsigned i;

		if (n > FLUE_BURST)
			n = FLUE_BURST;
		if (n > FLUE_TX_QUEUE - at)
			n = FLUE_TX_QUEUE - at;
		/* Sizes first: a packet the port took may be gone already. */
		for (i = 0; i < n; i++)
			bytes[i] = (uint64_t)e->txq[at + i]->len + e->txq[at + i]->ext_len;
		sent = e->port->ops->tx_burst(e->port, e->now, &e->txq[at], n);
		for (i = 0; i < sent; i++)
			flue_count(e, FLUE_CTR_TX_BYTES, bytes[i]);
		flue_count(e, FLUE_CTR_TX_FRAMES, sent);
		e->txq_head += sent;
		if (sent < n) {
			flue_count(e, FLUE_CTR_TX_RETRY, 1);
			return;
		}
	}
}
