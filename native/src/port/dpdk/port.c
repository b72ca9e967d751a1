/* SPDX-License-Identifier: Apache-2.0 */

/* A DPDK port: what its owner calls. */

#include <pthread.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_lcore.h>

#include "port/dpdk/dpdk.h"

_Static_assert(RTE_PKTMBUF_HEADROOM >= FLUE_PKT_HEADROOM, "headroom as alloc() promises it");
_Static_assert(sizeof(struct dpdk_priv) % RTE_MBUF_PRIV_ALIGN == 0, "private area's alignment");

static struct dpdk_port *
dpdk_port(struct flue_port *port)
{
	return (struct dpdk_port *)port;
}

/* ---- Threads: one that polls gets an lcore id, for without one DPDK's packet caches are off ----- */

static __thread bool thread_known;
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void
thread_end(void *arg)
{
	(void)arg;
	rte_thread_unregister();
}

static void
thread_key_make(void)
{
	(void)pthread_key_create(&thread_key, thread_end);
}

static void
thread_register(void)
{
	thread_known = true;
	if (rte_lcore_id() != LCORE_ID_ANY)
		return;
	/* When all ids are taken it works without, slower. */
	if (rte_thread_register() != 0)
		return;
	pthread_once(&thread_key_once, thread_key_make);
	(void)pthread_setspecific(thread_key, &thread_known);
}

/* ---- Buffers --------------------------------------------------------------------------------- */

static void
pkt_init(struct dpdk_port *port, struct rte_mbuf *mbuf, uint16_t flags)
{
	struct dpdk_priv *priv = dpdk_priv(mbuf);
	struct flue_pkt *pkt = &priv->pkt;

	pkt->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	pkt->ref = priv->base + mbuf->data_off;
	pkt->ext = NULL;
	pkt->ext_owner = NULL;
	pkt->port = &port->base;
	pkt->next = NULL;
	pkt->len = mbuf->data_len;
	pkt->ext_len = 0;
	pkt->refcnt = 1;
	pkt->flags = flags;
}

static struct flue_pkt *
port_alloc(struct flue_port *base)
{
	struct dpdk_port *port = dpdk_port(base);
	struct rte_mbuf *mbuf;

	if (unlikely(!thread_known))
		thread_register();
	if (base->held >= base->buffers)
		return NULL;
	mbuf = rte_pktmbuf_alloc(port->pool->data);
	if (mbuf == NULL)
		return NULL;
	pkt_init(port, mbuf, 0);
	base->held++;
	return &dpdk_priv(mbuf)->pkt;
}

static void
port_free(struct flue_pkt *pkt)
{
	struct dpdk_port *port = dpdk_port(pkt->port);

	flue_pkt_drop_ext(pkt);
	rte_pktmbuf_free(dpdk_mbuf(pkt));
	/* The last one back after close(). */
	if (--port->base.held == 0 && port->closed)
		dpdk_port_free(port);
}

/* ---- Receiving ------------------------------------------------------------------------------- */

static uint16_t
checksum_flags(uint64_t ol_flags)
{
	const uint64_t ip = ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint64_t l4 = ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD || l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return FLUE_PKT_RX_CSUM_BAD;
	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD && l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return FLUE_PKT_RX_CSUM_GOOD;
	return 0;
}

/** Can the mbuf itself be lent? One piece, in memory that has references. */
static bool
can_lend(const struct rte_mbuf *mbuf)
{
	return mbuf->nb_segs == 1 && mbuf->priv_size == sizeof(struct dpdk_priv) &&
	       dpdk_priv((struct rte_mbuf *)(uintptr_t)mbuf)->magic == DPDK_MAGIC &&
	       (mbuf->ol_flags & (RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)) == 0;
}

/** The frame in one piece in a buffer of the port's own; the original is freed, and with it goes the
 *  transmit reference of whoever lent a part of it. @return NULL when the frame is lost */
static struct rte_mbuf *
linearize(struct dpdk_port *port, struct rte_mbuf *chain)
{
	struct rte_mbuf *copy = NULL;
	const struct rte_mbuf *part;
	uint8_t *to;

	if (chain->pkt_len <= port->pool->room)
		copy = rte_pktmbuf_alloc(port->pool->data);
	if (copy != NULL) {
		to = rte_pktmbuf_mtod(copy, uint8_t *);
		for (part = chain; part != NULL; part = part->next) {
			memcpy(to, rte_pktmbuf_mtod(part, const uint8_t *), part->data_len);
			to += part->data_len;
		}
		copy->data_len = (uint16_t)chain->pkt_len;
		copy->pkt_len = chain->pkt_len;
		copy->ol_flags = chain->ol_flags &
				 (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	}
	rte_pktmbuf_free(chain);
	return copy;
}

static bool
is_own_echo(const struct dpdk_port *port, const struct rte_mbuf *mbuf)
{
	return port->own_echo &&
	       memcmp(rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, 6), port->device_mac, 6) == 0;
}

static unsigned
port_rx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct dpdk_port *port = dpdk_port(base);
	struct rte_mbuf *mbufs[DPDK_MAX_BURST];
	unsigned count = 0;
	uint16_t got;
	uint16_t i;

	(void)now;
	if (unlikely(!thread_known))
		thread_register();
	if (base->held >= port->rx_limit)
		return 0;
	n = RTE_MIN(n, RTE_MIN(port->rx_limit - base->held, (unsigned)DPDK_MAX_BURST));
	got = rte_eth_rx_burst(port->id, 0, mbufs, (uint16_t)n);
	for (i = 0; i < got; i++)
		rte_prefetch0(dpdk_priv(mbufs[i]));
	for (i = 0; i < got; i++) {
		struct rte_mbuf *mbuf = mbufs[i];

		if (mbuf->data_len < FLUE_ETH_BYTES || is_own_echo(port, mbuf)) {
			rte_pktmbuf_free(mbuf);
			continue;
		}
		if (!can_lend(mbuf)) {
			mbuf = linearize(port, mbuf);
			if (mbuf == NULL)
				continue;
		}
		pkt_init(port, mbuf, checksum_flags(mbuf->ol_flags));
		pkts[count++] = &dpdk_priv(mbuf)->pkt;
	}
	base->held += count;
	return count;
}

/* ---- Sending --------------------------------------------------------------------------------- */

/** Whoever frees the last mbuf on lent payload calls this, on whatever thread. */
static void
ext_done(void *address, void *opaque)
{
	_Atomic uint32_t *owner = opaque;

	(void)address;
	if (owner != NULL)
		atomic_fetch_sub_explicit(owner, 1, memory_order_release);
}

/** Hang the lent payload behind the header, unread. */
static bool
ext_attach(struct dpdk_port *port, struct flue_pkt *pkt, struct rte_mbuf *head)
{
	void *payload = (void *)(uintptr_t)pkt->ext;
	struct rte_mbuf_ext_shared_info *shared;
	struct rte_mbuf *tail;

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
	head->next = tail;
	head->nb_segs = 2;
	head->pkt_len += pkt->ext_len;
	return true;
}

/** Take a refused frame apart again: the reference to the payload stays the packet's. */
static void
ext_detach(struct rte_mbuf *head)
{
	struct rte_mbuf *tail = head->next;

	if (tail == NULL)
		return;
	dpdk_priv(tail)->shared.fcb_opaque = NULL;
	rte_pktmbuf_free_seg(tail);
	head->next = NULL;
	head->nb_segs = 1;
	head->pkt_len = head->data_len;
}

/** Have the device fill in the TCP checksum. */
static void
checksum_request(struct rte_mbuf *mbuf, const struct flue_pkt *pkt)
{
	uint32_t l2 = flue_eth_header_bytes(pkt->data);
	const uint8_t *ip = pkt->data + l2;

	mbuf->l2_len = l2;
	if (ip[0] >> 4 == 4) {
		mbuf->l3_len = (ip[0] & 0xfu) * 4;
		mbuf->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	} else {
		mbuf->l3_len = 40;
		mbuf->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM;
	}
}

/** A second mbuf with the whole frame, for a packet that others still hold. */
static struct rte_mbuf *
frame_copy(struct dpdk_port *port, const struct flue_pkt *pkt)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool->data);

	if (mbuf == NULL || (uint32_t)pkt->len + pkt->ext_len > port->pool->room) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	memcpy(rte_pktmbuf_mtod(mbuf, void *), pkt->data, pkt->len);
	if (pkt->ext_len > 0)
		memcpy(rte_pktmbuf_mtod_offset(mbuf, void *, pkt->len), pkt->ext, pkt->ext_len);
	mbuf->data_len = (uint16_t)(pkt->len + pkt->ext_len);
	mbuf->pkt_len = mbuf->data_len;
	return mbuf;
}

/** The mbuf to send for a packet, or NULL when there is no memory for it now. */
static struct rte_mbuf *
frame_mbuf(struct dpdk_port *port, struct flue_pkt *pkt)
{
	struct rte_mbuf *mbuf;

	if (unlikely(pkt->refcnt > 1 || pkt->port != &port->base)) {
		mbuf = frame_copy(port, pkt);
		if (mbuf == NULL)
			return NULL;
	} else {
		mbuf = dpdk_mbuf(pkt);
		mbuf->data_off = (uint16_t)(pkt->data - (const uint8_t *)mbuf->buf_addr);
		mbuf->data_len = pkt->len;
		mbuf->pkt_len = pkt->len;
		mbuf->nb_segs = 1;
		mbuf->next = NULL;
		mbuf->ol_flags = 0;
		if (pkt->ext_len > 0 && (port->copies_ext || !ext_attach(port, pkt, mbuf))) {
			if (rte_pktmbuf_tailroom(mbuf) < pkt->ext_len)
				return NULL;
			memcpy(pkt->data + pkt->len, pkt->ext, pkt->ext_len);
			pkt->len = (uint16_t)(pkt->len + pkt->ext_len);
			mbuf->data_len = pkt->len;
			mbuf->pkt_len = pkt->len;
			flue_pkt_drop_ext(pkt);
		}
	}
	if ((pkt->flags & FLUE_PKT_TX_CSUM) != 0)
		checksum_request(mbuf, pkt);
	return mbuf;
}

/** Nobody is there to receive: the frames go nowhere. */
static unsigned
lose(struct flue_pkt **pkts, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		flue_pkt_drop_ext(pkts[i]);
		flue_pkt_release(pkts[i]);
	}
	return n;
}

static unsigned
send_chunk(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n)
{
	struct rte_mbuf *mbufs[DPDK_MAX_BURST];
	bool own[DPDK_MAX_BURST]; /* the packet's own mbuf, not a copy */
	unsigned count;
	unsigned sent;
	unsigned i;

	for (count = 0; count < n; count++) {
		mbufs[count] = frame_mbuf(port, pkts[count]);
		if (mbufs[count] == NULL)
			break;
		own[count] = mbufs[count] == dpdk_mbuf(pkts[count]);
	}
	sent = rte_eth_tx_burst(port->id, 0, mbufs, (uint16_t)count);
	port->unreclaimed += sent;
	for (i = 0; i < sent; i++) {
		/* A packet that went itself may be the receiver's by now: not to be touched. */
		if (own[i]) {
			port->base.held--;
			continue;
		}
		flue_pkt_drop_ext(pkts[i]);
		flue_pkt_release(pkts[i]);
	}
	for (i = sent; i < count; i++) {
		if (own[i])
			ext_detach(mbufs[i]);
		else
			rte_pktmbuf_free(mbufs[i]);
	}
	return sent;
}

static unsigned
port_tx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct dpdk_port *port = dpdk_port(base);
	unsigned sent = 0;

	(void)now;
	if (unlikely(!thread_known))
		thread_register();
	if (unlikely(port->pair != NULL && dpdk_pair_alone(port)))
		return lose(pkts, n);
	while (sent < n) {
		unsigned chunk = RTE_MIN(n - sent, (unsigned)DPDK_MAX_BURST);
		unsigned done = send_chunk(port, pkts + sent, chunk);

		sent += done;
		if (done < chunk)
			break;
	}
	return sent;
}

static void
port_reclaim(struct flue_port *base)
{
	struct dpdk_port *port = dpdk_port(base);
	int done;

	if (port->unreclaimed == 0)
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
	done = rte_eth_tx_done_cleanup(port->id, 0, 0);
	if (done < 0)
		port->reclaims = false;
	else
		port->unreclaimed -= RTE_MIN(port->unreclaimed, (uint32_t)done);
}

const struct flue_port_ops dpdk_ops = {
	.rx_burst = port_rx_burst,
	.tx_burst = port_tx_burst,
	.alloc = port_alloc,
	.free = port_free,
	.reclaim = port_reclaim,
	.close = dpdk_port_close,
};
