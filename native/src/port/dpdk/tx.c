/* SPDX-License-Identifier: Apache-2.0 */

/* Sending through a DPDK port: a packet becomes an mbuf, or a chain of them, with what the device is
 * to do. */

#include <string.h>

#include "port/dpdk/dpdk.h"
#include "port/offload.h"

/* ---- Lent payload ---------------------------------------------------------------------------- */

/** Whoever frees the last mbuf on lent payload calls this, on whatever thread. */
static void
ext_done(void *address, void *opaque)
{
	(void)address;
	if (opaque != NULL)
		flue_lent_back(opaque);
}

static void
append(struct rte_mbuf *head, struct rte_mbuf *last, struct rte_mbuf *tail)
{
	last->next = tail;
	head->nb_segs++;
	head->pkt_len += tail->data_len;
}

/** Hang the lent payload behind the header, unread. */
static bool
ext_attach(struct dpdk_port *port, struct flue_pkt *pkt, struct rte_mbuf *head)
{
	void *payload = (void *)(uintptr_t)pkt->ext;
	struct rte_mbuf_ext_shared_info *shared;
	struct rte_mbuf *tail;

	if (port->device->dma != NULL && !dpdk_memory_readable(port, pkt->ext, pkt->ext_len))
		return false;
	tail = rte_pktmbuf_alloc(port->pool->ext);
	if (tail == NULL)
		return false;
	shared = &dpdk_priv(tail)->shared;
	shared->free_cb = ext_done;
	shared->fcb_opaque = pkt->ext_owner;
	rte_mbuf_ext_refcnt_set(shared, 1);
	rte_pktmbuf_attach_extbuf(
			tail, payload, (rte_iova_t)(uintptr_t)payload, pkt->ext_len, shared);
	tail->data_off = 0;
	tail->data_len = pkt->ext_len;
	append(head, head, tail);
	return true;
}

/** Take a refused frame apart again: the reference to the payload stays the packet's. */
static void
ext_detach(struct rte_mbuf *head)
{
	struct rte_mbuf *tail = head->next;

	if (tail == NULL)
		return;
	if (RTE_MBUF_HAS_EXTBUF(tail))
		dpdk_priv(tail)->shared.fcb_opaque = NULL;
	rte_pktmbuf_free(tail);
	head->next = NULL;
	head->nb_segs = 1;
	head->pkt_len = head->data_len;
}

/** Payload that is cut, copied: into mbufs of its own, so that it takes as few as were counted. */
static bool
ext_copy_chain(struct dpdk_port *port, const struct flue_pkt *pkt, struct rte_mbuf *head)
{
	struct rte_mbuf *last = head;
	uint32_t done = 0;

	while (done < pkt->ext_len) {
		uint32_t n = RTE_MIN(pkt->ext_len - done, (uint32_t)port->pool->room);
		struct rte_mbuf *tail = rte_pktmbuf_alloc(port->pool->data);

		if (tail == NULL)
			return false;
		memcpy(rte_pktmbuf_append(tail, (uint16_t)n), pkt->ext + done, n);
		append(head, last, tail);
		last = tail;
		done += n;
	}
	return true;
}

/** Lent payload copied behind the header. @return false: there is no memory for it now */
static bool
ext_copy(struct dpdk_port *port, const struct flue_pkt *pkt, struct rte_mbuf *head)
{
	char *to;

	if (pkt->flags & FLUE_PKT_TX_TSO)
		return ext_copy_chain(port, pkt, head);
	to = rte_pktmbuf_append(head, pkt->ext_len);
	if (to == NULL)
		return false;
	memcpy(to, pkt->ext, pkt->ext_len);
	return true;
}

/* ---- The mbuf of a packet -------------------------------------------------------------------- */

/** Have the device do what is left to the port. */
static void
offloads_request(struct rte_mbuf *mbuf, const struct flue_pkt *pkt)
{
	uint32_t l2 = flue_eth_header_bytes(pkt->data);
	const uint8_t *ip = pkt->data + l2;
	uint64_t flags = RTE_MBUF_F_TX_TCP_CKSUM;

	if (pkt->flags & FLUE_PKT_TX_VLAN) {
		mbuf->vlan_tci = pkt->tx_vlan;
		mbuf->ol_flags |= RTE_MBUF_F_TX_VLAN;
	}
	if (!(pkt->flags & FLUE_PKT_TX_TCP_CSUM))
		return;
	mbuf->l2_len = l2;
	if (ip[0] >> 4 == 4) {
		mbuf->l3_len = (ip[0] & 0xfu) * 4;
		flags |= RTE_MBUF_F_TX_IPV4;
		if (pkt->flags & FLUE_PKT_TX_IP_CSUM)
			flags |= RTE_MBUF_F_TX_IP_CKSUM;
	} else {
		mbuf->l3_len = 40;
		flags |= RTE_MBUF_F_TX_IPV6;
	}
	/* Some drivers ask for it in a frame that is not cut, too. */
	mbuf->l4_len = (ip[mbuf->l3_len + 12] >> 4) * 4u;
	if (pkt->flags & FLUE_PKT_TX_TSO) {
		mbuf->tso_segsz = pkt->tx_segment;
		flags |= RTE_MBUF_F_TX_TCP_SEG;
	}
	mbuf->ol_flags |= flags;
}

/** A second mbuf with the whole packet, for one that others still hold. */
static struct rte_mbuf *
packet_copy(struct dpdk_port *port, const struct flue_pkt *pkt)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool->data);

	if (mbuf == NULL || pkt->len > port->pool->room) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(mbuf, pkt->len), pkt->data, pkt->len);
	if (pkt->ext_len > 0 && !ext_copy(port, pkt, mbuf)) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	return mbuf;
}

/** The packet's own mbuf. @return NULL when there is no memory for the payload now */
static struct rte_mbuf *
packet_own(struct dpdk_port *port, struct flue_pkt *pkt)
{
	struct rte_mbuf *mbuf = dpdk_mbuf(pkt);

	mbuf->data_off = (uint16_t)(pkt->data - (const uint8_t *)mbuf->buf_addr);
	mbuf->data_len = pkt->len;
	mbuf->pkt_len = pkt->len;
	mbuf->nb_segs = 1;
	mbuf->next = NULL;
	mbuf->ol_flags = 0;
	if (pkt->ext_len == 0 ||
			((port->base.offloads & FLUE_PORT_LENT) && ext_attach(port, pkt, mbuf)))
		return mbuf;
	if (!ext_copy(port, pkt, mbuf)) {
		ext_detach(mbuf);
		return NULL;
	}
	/* In one piece it stays so, should the device refuse it now. */
	if (mbuf->nb_segs == 1) {
		pkt->len = mbuf->data_len;
		flue_pkt_drop_ext(pkt);
	}
	return mbuf;
}

static struct rte_mbuf *
packet_mbuf(struct dpdk_port *port, struct flue_pkt *pkt)
{
	struct rte_mbuf *mbuf = unlikely(pkt->refcnt > 1 || pkt->port != &port->base)
						? packet_copy(port, pkt)
						: packet_own(port, pkt);

	if (mbuf != NULL && (pkt->flags & (FLUE_PKT_TX_TCP_CSUM | FLUE_PKT_TX_VLAN)))
		offloads_request(mbuf, pkt);
	return mbuf;
}

/* ---- Bursts ---------------------------------------------------------------------------------- */

/** Nobody is there to take the frames: they go nowhere, as on a cable that ends. */
unsigned
dpdk_lose(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		flue_pkt_drop_ext(pkts[i]);
		flue_pkt_release(pkts[i]);
	}
	port->base.lost += n;
	return n;
}

/** The driver does not take what the device offered: from now on the twin does it. */
void
dpdk_give_up(struct dpdk_port *port, const struct flue_pkt *pkt)
{
	uint32_t bits = FLUE_PORT_TSO;

	if (!(pkt->flags & FLUE_PKT_TX_TSO))
		bits |= FLUE_PORT_TX_CSUM | FLUE_PORT_VLAN_INSERT;
	__atomic_store_n(&port->base.offloads, port->base.offloads & ~bits, __ATOMIC_RELAXED);
}

/** A packet that was not sent is as it was, or as the driver has made it ready: a tag may be in its
 *  header by now. */
static void
take_back(struct rte_mbuf *mbuf, struct flue_pkt *pkt)
{
	ext_detach(mbuf);
	pkt->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	pkt->len = mbuf->data_len;
	if (!(mbuf->ol_flags & RTE_MBUF_F_TX_VLAN))
		pkt->flags &= (uint16_t)~FLUE_PKT_TX_VLAN;
}

/** Who is to hear that a payload of which a copy hangs on the packet's mbuf is not read any more. */
static inline struct flue_lender *
copy_owner(const struct rte_mbuf *mbuf, const struct flue_pkt *pkt)
{
	return likely(pkt->ext_len == 0 || RTE_MBUF_HAS_EXTBUF(mbuf->next)) ? NULL : pkt->ext_owner;
}

/* What the device does for a packet, as numbers that add up: frames, sums of TCP, packets it cuts. */
#define WORK_SUM UINT64_C(0x100000000)
#define WORK_CUT UINT64_C(0x1000000000000)

static inline uint64_t
work_of(const struct flue_pkt *pkt)
{
	if (!(pkt->flags & FLUE_PKT_TX_TCP_CSUM))
		return 1;
	if (!(pkt->flags & FLUE_PKT_TX_TSO))
		return WORK_SUM + 1;
	return WORK_CUT + WORK_SUM + (pkt->ext_len + pkt->tx_segment - 1u) / pkt->tx_segment;
}

static void
work_count(struct dpdk_port *port, unsigned packets, uint64_t work)
{
	dpdk_count(port, FLUE_PORT_TX_PACKETS, packets);
	dpdk_count(port, FLUE_PORT_TX_FRAMES, (uint32_t)work);
	dpdk_count(port, FLUE_PORT_TX_SUMMED, work >> 32 & UINT16_MAX);
	dpdk_count(port, FLUE_PORT_TX_CUT, work >> 48);
}

/** @return how many were sent or, last, lost; *stuck: the device took less than there was */
static unsigned
send_chunk(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n, bool *stuck)
{
	struct rte_mbuf *mbufs[DPDK_MAX_BURST];
	bool own[DPDK_MAX_BURST];                   /* the packet's own mbuf, not a copy */
	struct flue_lender *copied[DPDK_MAX_BURST]; /* whose payload hangs on it as a copy */
	uint64_t work[DPDK_MAX_BURST];
	uint64_t done = 0;
	uint64_t asked = 0;
	unsigned count;
	unsigned ready;
	unsigned sent;
	unsigned i;

	for (count = 0; count < n; count++) {
		mbufs[count] = packet_mbuf(port, pkts[count]);
		if (mbufs[count] == NULL)
			break;
		own[count] = mbufs[count] == dpdk_mbuf(pkts[count]);
		copied[count] = own[count] ? copy_owner(mbufs[count], pkts[count]) : NULL;
		asked |= mbufs[count]->ol_flags;
		work[count] = work_of(pkts[count]);
	}
	ready = count;
	/* Drivers want to see these first: what a device needs in the checksum fields is theirs to know. */
	if (asked & RTE_MBUF_F_TX_OFFLOAD_MASK)
		ready = rte_eth_tx_prepare(port->id, port->queue, mbufs, (uint16_t)count);
	sent = rte_eth_tx_burst(port->id, port->queue, mbufs, (uint16_t)ready);
	port->unreclaimed += sent;
	for (i = 0; i < sent; i++) {
		done += work[i];
		/* A packet that went itself may be the receiver's by now: not to be touched. */
		if (own[i]) {
			port->base.held--;
			if (unlikely(copied[i] != NULL))
				ext_done(NULL, copied[i]);
			continue;
		}
		flue_pkt_drop_ext(pkts[i]);
		flue_pkt_release(pkts[i]);
	}
	work_count(port, sent, done);
	for (i = sent; i < count; i++) {
		if (own[i])
			take_back(mbufs[i], pkts[i]);
		else
			rte_pktmbuf_free(mbufs[i]);
	}
	*stuck = sent < ready || count < n;
	if (unlikely(sent == ready && ready < count)) {
		dpdk_give_up(port, pkts[sent]);
		sent += dpdk_lose(port, pkts + sent, 1);
	}
	return sent;
}

void
dpdk_tx_count(struct dpdk_port *port, struct flue_pkt *const *pkts, unsigned n)
{
	uint64_t work = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		work += work_of(pkts[i]);
	work_count(port, n, work);
}

static unsigned
send_all(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n)
{
	bool stuck = false;
	unsigned sent = 0;

	while (sent < n && !stuck) {
		const unsigned most = RTE_MIN(n - sent, (unsigned)DPDK_MAX_BURST);

		sent += port->socket < 0 ? send_chunk(port, pkts + sent, most, &stuck)
					 : dpdk_packet_chunk(port, pkts + sent, most, &stuck);
	}
	return sent;
}

unsigned
dpdk_tx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct dpdk_port *port = (struct dpdk_port *)base;
	unsigned sent;

	(void)now;
	dpdk_thread_known();
	if (unlikely(port->pair != NULL && dpdk_pair_alone(port)))
		return dpdk_lose(port, pkts, n);
	if (unlikely(dpdk_stands_still(port)))
		return dpdk_lose(port, pkts, n);
	sent = send_all(port, pkts, n);
	/* Some devices keep frames for a link that may come back; their senders cannot wait for it. */
	if (unlikely(sent < n && atomic_load_explicit(&port->device->link, memory_order_relaxed) ==
						 DPDK_DOWN))
		sent += dpdk_lose(port, pkts + sent, n - sent);
	return sent;
}

void
dpdk_reclaim(struct flue_port *base)
{
	struct dpdk_port *port = (struct dpdk_port *)base;
	int done;

	if (unlikely(dpdk_stands_still(port)) || port->unreclaimed == 0)
		return;
	if (port->pair != NULL) {
		/* Frames nobody fetches any more must not keep their payload for ever. */
		if (dpdk_pair_alone(port))
			port->unreclaimed = 0;
		return;
	}
	if (!port->reclaims) {
		port->unreclaimed = 0;
		return;
	}
	done = rte_eth_tx_done_cleanup(port->id, port->queue, 0);
	if (done < 0)
		port->reclaims = false;
	else
		port->unreclaimed -= RTE_MIN(port->unreclaimed, (uint32_t)done);
}
