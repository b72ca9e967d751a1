/* SPDX-License-Identifier: Apache-2.0 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "port/offload.h"
#include "support/fake_port.h"

#define ROOM 2304

static void
fake_free(struct flue_pkt *pkt)
{
	struct fake_port *p = (struct fake_port *)pkt->port;

	flue_pkt_drop_ext(pkt);
	pkt->next = p->free_list;
	p->free_list = pkt;
	p->port.held--;
}

static struct flue_pkt *
take(struct fake_port *p)
{
	struct flue_pkt *pkt = p->free_list;
	uint64_t at;

	if (pkt == NULL)
		return NULL;
	p->free_list = pkt->next;
	at = (uint64_t)(pkt - p->pkts) * ROOM + FLUE_PKT_HEADROOM;
	*pkt = (struct flue_pkt){ .data = p->memory + at,
		.ref = flue_ref_make((uint32_t)p->region, at),
		.port = &p->port,
		.refcnt = 1 };
	p->port.held++;
	return pkt;
}

static struct flue_pkt *
fake_alloc(struct flue_port *port)
{
	struct fake_port *p = (struct fake_port *)port;

	return p->no_alloc ? NULL : take(p);
}

/** Never all of them: whoever asks has to do with some. */
static unsigned
fake_alloc_many(struct flue_port *port, struct flue_pkt **pkts, unsigned n)
{
	unsigned i;

	for (i = 0; i < n / 2 && (pkts[i] = fake_alloc(port)) != NULL; i++)
		;
	return i;
}

static unsigned
fake_rx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct fake_port *p = (struct fake_port *)port;
	unsigned i;

	(void)now;
	for (i = 0; i < n && p->rx_head != NULL; i++) {
		pkts[i] = p->rx_head;
		p->rx_head = p->rx_head->next;
		pkts[i]->next = NULL;
	}
	return i;
}

/** As they go over the wire, with what was left to the port done. */
static void
keep_frames(struct fake_port *p, const struct flue_pkt *pkt)
{
	uint32_t i;

	p->sent_packets++;
	p->sent_flags |= pkt->flags;
	for (i = 0; i < flue_pkt_frames(pkt) && p->sent_count < MAX_SENT; i++) {
		uint8_t *bytes = malloc(flue_pkt_frame_bytes(pkt));

		p->sent[p->sent_count].bytes = bytes;
		p->sent[p->sent_count].len = flue_pkt_frame_put(pkt, i, bytes);
		p->sent[p->sent_count].ext = pkt->ext_len > 0;
		p->sent_count++;
	}
}

static unsigned
fake_tx(struct flue_port *port, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct fake_port *p = (struct fake_port *)port;
	unsigned i;

	(void)now;
	for (i = 0; i < n && p->tx_limit > 0; i++) {
		struct flue_pkt *pkt = pkts[i];

		if (p->tx_limit != UINT_MAX)
			p->tx_limit--;
		keep_frames(p, pkt);
		if (p->keep_tx)
			p->held_tx[p->held_tx_count++] = pkt;
		else
			flue_pkt_release(pkt);
	}
	return i;
}

static void
fake_reclaim(struct flue_port *port)
{
	struct fake_port *p = (struct fake_port *)port;

	if (p->keep_tx)
		return;
	while (p->held_tx_count > 0)
		flue_pkt_release(p->held_tx[--p->held_tx_count]);
}

static void
fake_close(struct flue_port *port)
{
	(void)port;
}

static const struct flue_port_ops fake_ops = {
	.rx_burst = fake_rx,
	.tx_burst = fake_tx,
	.alloc = fake_alloc,
	.alloc_many = fake_alloc_many,
	.free = fake_free,
	.reclaim = fake_reclaim,
	.close = fake_close,
};

struct fake_port *
fake_port_new(uint32_t buffers, uint32_t caps)
{
	struct fake_port *p = calloc(1, sizeof(*p));
	uint32_t i;

	p->port.ops = &fake_ops;
	memcpy(p->port.mac, OUR_MAC, 6);
	p->port.mtu = harness_ip6() ? 1520 : 1500;
	p->port.offloads = caps;
	p->port.tso_bytes = caps & FLUE_PORT_TSO ? 65000 : 0;
	p->port.buffers = buffers;
	p->tx_limit = UINT_MAX;
	p->region = flue_region_create(FLUE_REGION_HEAP, (int64_t)buffers * ROOM);
	p->memory = flue_region_at(p->region);
	p->pkts = calloc(buffers, sizeof(*p->pkts));
	for (i = 0; i < buffers; i++) {
		p->pkts[i].next = p->free_list;
		p->free_list = &p->pkts[i];
	}
	return p;
}

void
fake_port_inject(struct fake_port *p, const void *frame, uint32_t len)
{
	struct flue_pkt *pkt = take(p);

	assert_non_null(pkt);
	assert_true(len <= FLUE_PKT_ROOM);
	memcpy(pkt->data, frame, len);
	pkt->len = (uint16_t)len;
	if (p->port.offloads & FLUE_PORT_RX_IP_CSUM)
		pkt->flags |= FLUE_PKT_RX_IP_GOOD;
	if (p->port.offloads & FLUE_PORT_RX_TCP_CSUM)
		pkt->flags |= FLUE_PKT_RX_TCP_GOOD;
	if (p->rx_head == NULL)
		p->rx_head = pkt;
	else
		p->rx_tail->next = pkt;
	p->rx_tail = pkt;
}

void
fake_port_free(struct fake_port *p)
{
	unsigned i;

	p->keep_tx = false;
	fake_reclaim(&p->port);
	for (i = 0; i < p->sent_count; i++)
		free(p->sent[i].bytes);
	flue_region_release(p->region);
	free(p->pkts);
	free(p);
}
