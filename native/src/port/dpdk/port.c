/* SPDX-License-Identifier: Apache-2.0 */

/* A DPDK port: what its owner calls. */

#include <pthread.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_lcore.h>
#include <rte_net.h>

#include "port/dpdk/dpdk.h"
#include "tcp/bytes.h"

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

void
dpdk_thread_known(void)
{
	if (unlikely(!thread_known))
		thread_register();
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

static unsigned
port_alloc_many(struct flue_port *base, struct flue_pkt **pkts, unsigned n)
{
	struct dpdk_port *port = dpdk_port(base);
	struct rte_mbuf *mbufs[DPDK_MAX_BURST];
	unsigned i;

	if (unlikely(!thread_known))
		thread_register();
	if (n > RTE_DIM(mbufs))
		n = RTE_DIM(mbufs);
	if (n > base->buffers - base->held)
		n = base->buffers - base->held;
	/* All or none: where there are fewer the last ones are asked for one by one. */
	if (n == 0 || rte_pktmbuf_alloc_bulk(port->pool->data, mbufs, n) != 0)
		return 0;
	for (i = 0; i < n; i++) {
		pkt_init(port, mbufs[i], 0);
		pkts[i] = &dpdk_priv(mbufs[i])->pkt;
	}
	base->held += n;
	return n;
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
	uint16_t flags = 0;

	if ((ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		flags |= FLUE_PKT_RX_IP_GOOD;
	if ((ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		flags |= FLUE_PKT_RX_TCP_GOOD;
	return flags;
}

/** The tag that the device took out, back in its place: the frame is as it was on the wire, for
 *  everyone who reads it. */
static bool
tag_restore(struct rte_mbuf *mbuf)
{
	uint8_t *frame = (uint8_t *)rte_pktmbuf_prepend(mbuf, FLUE_ETH_VLAN_BYTES - FLUE_ETH_BYTES);

	if (frame == NULL)
		return false;
	memmove(frame, frame + 4, 12);
	flue_store16be(frame + 12, 0x8100);
	flue_store16be(frame + 14, mbuf->vlan_tci);
	return true;
}

/**
 * A frame that no wire has carried, because its sender is the other side of a virtual device, may lack
 * its sums. They need no look; but the frame may be passed on, so they are filled in.
 */
static void
sums_complete(struct rte_mbuf *mbuf)
{
	struct rte_net_hdr_lens lens;
	uint32_t type = rte_net_get_ptype(mbuf, &lens, RTE_PTYPE_ALL_MASK);
	uint32_t l4 = type & RTE_PTYPE_L4_MASK;
	uint32_t at = lens.l2_len + lens.l3_len;
	uint32_t field = at + (l4 == RTE_PTYPE_L4_TCP ? 16 : 6);
	void *ip = rte_pktmbuf_mtod_offset(mbuf, void *, lens.l2_len);
	uint16_t sum = 0;

	if ((l4 != RTE_PTYPE_L4_TCP && l4 != RTE_PTYPE_L4_UDP) || field + 2 > mbuf->data_len)
		return;
	if (RTE_ETH_IS_IPV4_HDR(type)) {
		((struct rte_ipv4_hdr *)ip)->hdr_checksum = 0;
		((struct rte_ipv4_hdr *)ip)->hdr_checksum = rte_ipv4_cksum(ip);
	}
	memcpy(rte_pktmbuf_mtod_offset(mbuf, void *, field), &sum, sizeof(sum));
	sum = RTE_ETH_IS_IPV4_HDR(type) ? rte_ipv4_udptcp_cksum_mbuf(mbuf, ip, (uint16_t)at)
					: rte_ipv6_udptcp_cksum_mbuf(mbuf, ip, (uint16_t)at);
	memcpy(rte_pktmbuf_mtod_offset(mbuf, void *, field), &sum, sizeof(sum));
	mbuf->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	mbuf->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

/** What the device left different from how it was, or would have been, on the wire. @return false: it
 *  cannot be had back */
static inline bool
frame_mend(struct rte_mbuf *mbuf)
{
	if ((mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && !tag_restore(mbuf))
		return false;
	if ((mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		sums_complete(mbuf);
	return true;
}

/** Can the mbuf itself be lent? One piece, in memory that has references. */
static bool
can_lend(const struct rte_mbuf *mbuf)
{
	return mbuf->nb_segs == 1 && mbuf->priv_size == sizeof(struct dpdk_priv) &&
	       dpdk_priv((struct rte_mbuf *)(uintptr_t)mbuf)->magic == DPDK_MAGIC &&
	       (mbuf->ol_flags & (RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)) == 0;
}

/** The frame in one piece in a buffer of the port's own, where it came in several (a device that
 *  scatters, payload lent by the other end of a ring) or in memory without references; the original is freed, and with it goes the
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
				 (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK |
						 RTE_MBUF_F_RX_VLAN_STRIPPED);
		copy->vlan_tci = chain->vlan_tci;
	}
	rte_pktmbuf_free(chain);
	return copy;
}

static bool
is_own_echo(const struct dpdk_port *port, const struct rte_mbuf *mbuf)
{
	return port->device->own_echo &&
	       memcmp(rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, 6), port->device->mac, 6) == 0;
}

static unsigned
port_rx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct dpdk_port *port = dpdk_port(base);
	struct rte_mbuf *mbufs[DPDK_MAX_BURST];
	unsigned count = 0;
	unsigned good = 0;
	uint16_t got;
	uint16_t i;

	(void)now;
	if (unlikely(!thread_known))
		thread_register();
	if (unlikely(dpdk_stands_still(port)) || base->held >= port->rx_limit)
		return 0;
	n = RTE_MIN(n, RTE_MIN(port->rx_limit - base->held, (unsigned)DPDK_MAX_BURST));
	got = rte_eth_rx_burst(port->id, port->queue, mbufs, (uint16_t)n);
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
		if (unlikely(!frame_mend(mbuf))) {
			rte_pktmbuf_free(mbuf);
			continue;
		}
		pkt_init(port, mbuf, checksum_flags(mbuf->ol_flags));
		good += (dpdk_priv(mbuf)->pkt.flags & FLUE_PKT_RX_TCP_GOOD) != 0;
		pkts[count++] = &dpdk_priv(mbuf)->pkt;
	}
	base->held += count;
	dpdk_count(port, FLUE_PORT_RX_FRAMES, count);
	dpdk_count(port, FLUE_PORT_RX_GOOD, good);
	return count;
}

const struct flue_port_ops dpdk_ops = {
	.rx_burst = port_rx_burst,
	.tx_burst = dpdk_tx_burst,
	.alloc = port_alloc,
	.alloc_many = port_alloc_many,
	.free = port_free,
	.reclaim = dpdk_reclaim,
	.arm = dpdk_arm,
	.doze = dpdk_doze,
	.xstats = dpdk_xstats,
	.link = dpdk_link,
	.steer = dpdk_steer,
	.unsteer = dpdk_unsteer,
	.close = dpdk_port_close,
};
