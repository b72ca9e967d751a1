/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TEST_DPDK_NIC_H
#define FLUE_TEST_DPDK_NIC_H

/**
 * @file
 * A NIC in software: net_null, which says that it offers what a test wants, and whose bursts are
 * these. It does with the flags of an mbuf what DPDK's documentation says a device does, knows
 * nothing of struct flue_pkt, and keeps frames as they go over its wire. The program stands in front
 * of some functions of DPDK, for libflue_dpdk as well.
 */

#include "dpdk_fixture.h"

#include <dlfcn.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_flow.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_net.h>
#include <rte_tcp.h>

#define NIC_RING        512
#define NIC_FRAMES      4096
#define NIC_FRAME_BYTES 10000

enum nic_prepare {
	NIC_NO_PREPARE,
	NIC_SUMS, /* writes the pseudo header's sums, as most drivers */
	NIC_VIRTIO /* puts the tag into the frame; the pseudo header has a length when it cuts, too */
};

static struct {
	/* What it is like. */
	uint64_t rx_capa;
	uint64_t tx_capa;
	uint16_t seg_max; /* of a packet; 0 = any */
	bool pci;
	bool keeps;         /* gives nothing back on request */
	const char *driver; /* NULL = what it is */
	enum nic_prepare prepare;
	uint64_t refuses; /* ol_flags that prepare does not take after all */
	unsigned accepts; /* packets in a burst */
	int configure_error;
	uint64_t configure_refuses; /* TX offloads */
	int queue_error;
	int mtu_error;
	int start_error;
	int map_error;
	int link;        /* 1, 0, or -errno */
	bool waits;      /* without a link it keeps what it has to send */
	int queue_stop;  /* of a queue that is to stop; 0 = what is in it is freed */
	int queue_start; /* ... and is to start again */
	int64_t mac;     /* the port's; 0 = MAC0 */
	/* What it has seen. */
	uint16_t id;
	unsigned maps;  /* now */
	unsigned asked; /* for what it has sent */
	unsigned lent;  /* mbufs on payload that is not copied */
	unsigned bad;   /* requests that are against the contract */
	_Atomic unsigned queue_stops;
	_Atomic unsigned starts;
	_Atomic bool stopped;            /* nobody may use it */
	struct rte_mbuf *ring[NIC_RING]; /* for a link that comes back */
	_Atomic unsigned in_ring;
	uint64_t did[FLUE_PORT_COUNTS]; /* by its own count */
	unsigned count;
	uint32_t len[NIC_FRAMES];
	uint8_t (*frame)[NIC_FRAME_BYTES];
	/* Its rules: what it takes and has. */
	int rules_most;          /* 0 = it knows of none */
	bool rules_no_ip6;       /* not of IPv6 */
	uint32_t rules_priority; /* that it wants */
	_Atomic int rules;
	_Atomic int rules_made;
	_Atomic int rules_asked;
	_Atomic int flushes;
	_Atomic bool rules_wait; /* it takes long */
	uint16_t rule_queue;     /* of the last one */
	uint8_t rule_tuple[16];  /* ... its addresses and ports, of IPv4 */
	/* What it receives. */
	struct rte_mbuf *arrived[64];
	unsigned arrivals;
} nic;

/* ---- In front of DPDK ------------------------------------------------------------------------ */

#pragma GCC visibility push(default)

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int
rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info)
{
	int rc = REAL(rte_eth_dev_info_get)(id, info);

	info->rx_offload_capa = nic.rx_capa;
	info->tx_offload_capa = nic.tx_capa;
	info->rx_queue_offload_capa = 0;
	info->tx_queue_offload_capa = 0;
	info->max_mtu = 9000;
	info->max_rx_pktlen = 9018;
	info->tx_desc_lim.nb_seg_max = nic.seg_max;
	if (nic.driver != NULL)
		info->driver_name = nic.driver;
	return rc;
}

int
rte_eth_tx_done_cleanup(uint16_t id, uint16_t queue, uint32_t n)
{
	(void)id;
	(void)queue;
	(void)n;
	nic.asked++;
	nic.bad += nic.stopped;
	return nic.keeps ? -ENOTSUP : 0;
}

int
rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf)
{
	if (nic.configure_error != 0)
		return nic.configure_error;
	if (conf->txmode.offloads & nic.configure_refuses)
		return -EINVAL;
	return REAL(rte_eth_dev_configure)(id, rx, tx, conf);
}

int
rte_eth_tx_queue_setup(uint16_t id, uint16_t queue, uint16_t entries, unsigned int socket,
		const struct rte_eth_txconf *conf)
{
	if (nic.queue_error != 0)
		return nic.queue_error;
	return REAL(rte_eth_tx_queue_setup)(id, queue, entries, socket, conf);
}

int
rte_eth_dev_set_mtu(uint16_t id, uint16_t mtu)
{
	(void)id;
	(void)mtu;
	return nic.mtu_error;
}

int
rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link)
{
	(void)id;
	memset(link, 0, sizeof(*link));
	link->link_status = nic.link > 0 ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
	return nic.link < 0 ? nic.link : 0;
}

static inline void nic_bursts(uint16_t id);

static inline void
nic_ring_free(void)
{
	while (nic.in_ring > 0)
		rte_pktmbuf_free(nic.ring[--nic.in_ring]);
}

int
rte_eth_dev_start(uint16_t id)
{
	int rc = nic.start_error != 0 ? nic.start_error : REAL(rte_eth_dev_start)(id);

	if (rc == 0)
		nic_bursts(id);
	nic.starts++;
	nic.stopped = false;
	return rc;
}

int
rte_eth_dev_stop(uint16_t id)
{
	nic.stopped = true;
	nic_ring_free();
	return REAL(rte_eth_dev_stop)(id);
}

int
rte_eth_dev_tx_queue_stop(uint16_t id, uint16_t queue)
{
	(void)id;
	(void)queue;
	if (nic.queue_stop != 0)
		return nic.queue_stop;
	nic.stopped = true;
	nic.queue_stops++;
	nic_ring_free();
	return 0;
}

int
rte_eth_dev_tx_queue_start(uint16_t id, uint16_t queue)
{
	(void)id;
	(void)queue;
	nic.stopped = nic.queue_start != 0;
	return nic.queue_start;
}

const char *
rte_bus_name(const struct rte_bus *bus)
{
	return nic.pci ? "pci" : REAL(rte_bus_name)(bus);
}

int
rte_dev_dma_map(struct rte_device *device, void *address, uint64_t iova, size_t bytes)
{
	(void)device;
	(void)bytes;
	if (nic.map_error != 0)
		return nic.map_error;
	nic.bad += iova != (uint64_t)(uintptr_t)address;
	nic.maps++;
	return 0;
}

int
rte_dev_dma_unmap(struct rte_device *device, void *address, uint64_t iova, size_t bytes)
{
	(void)device;
	(void)address;
	(void)iova;
	(void)bytes;
	nic.maps--;
	return 0;
}

static inline bool
nic_rule_good(const struct rte_flow_attr *attr, const struct rte_flow_item *item,
		const struct rte_flow_action *action)
{
	bool ip6 = item[1].type == RTE_FLOW_ITEM_TYPE_IPV6;

	return attr->ingress && attr->priority == nic.rules_priority &&
	       item[0].type == RTE_FLOW_ITEM_TYPE_ETH && item[0].spec == NULL &&
	       (item[1].type == RTE_FLOW_ITEM_TYPE_IPV4 || (ip6 && !nic.rules_no_ip6)) &&
	       item[2].type == RTE_FLOW_ITEM_TYPE_TCP && item[3].type == RTE_FLOW_ITEM_TYPE_END &&
	       action[0].type == RTE_FLOW_ACTION_TYPE_QUEUE &&
	       action[1].type == RTE_FLOW_ACTION_TYPE_END;
}

int
rte_flow_validate(uint16_t id, const struct rte_flow_attr *attr, const struct rte_flow_item *item,
		const struct rte_flow_action *action, struct rte_flow_error *error)
{
	(void)id;
	(void)error;
	return nic.rules_most > 0 && nic_rule_good(attr, item, action) ? 0 : -ENOTSUP;
}

struct rte_flow *
rte_flow_create(uint16_t id, const struct rte_flow_attr *attr, const struct rte_flow_item *item,
		const struct rte_flow_action *action, struct rte_flow_error *error)
{
	const struct rte_flow_item_tcp *tcp = item[2].spec;

	nic.rules_asked++;
	while (nic.rules_wait)
		sched_yield();
	if (rte_flow_validate(id, attr, item, action, error) != 0 || nic.rules >= nic.rules_most) {
		rte_errno = ENOSPC;
		return NULL;
	}
	if (item[1].type == RTE_FLOW_ITEM_TYPE_IPV4) {
		const struct rte_flow_item_ipv4 *ip = item[1].spec;

		memcpy(nic.rule_tuple, &ip->hdr.src_addr, 4);
		memcpy(nic.rule_tuple + 4, &ip->hdr.dst_addr, 4);
		memcpy(nic.rule_tuple + 8, &tcp->hdr.src_port, 2);
		memcpy(nic.rule_tuple + 10, &tcp->hdr.dst_port, 2);
	}
	nic.rule_queue = ((const struct rte_flow_action_queue *)action[0].conf)->index;
	nic.rules_made++;
	return (struct rte_flow *)(uintptr_t)(0x1000 + nic.rules++);
}

int
rte_flow_destroy(uint16_t id, struct rte_flow *flow, struct rte_flow_error *error)
{
	(void)id;
	(void)flow;
	(void)error;
	nic.rules--;
	return 0;
}

int
rte_flow_flush(uint16_t id, struct rte_flow_error *error)
{
	(void)id;
	(void)error;
	nic.flushes++;
	return 0;
}

#pragma GCC visibility pop

/* ---- Sending --------------------------------------------------------------------------------- */

static inline uint32_t
nic_sum(const uint8_t *bytes, uint32_t n, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void
nic_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint32_t
nic_get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/** One frame onto the wire: sums, then the tag. */
static inline void
nic_frame(const struct rte_mbuf *m, const uint8_t *bytes, uint32_t len, uint32_t add)
{
	uint8_t *to = nic.frame[nic.count];
	uint8_t *ip = to + m->l2_len;
	uint8_t *tcp = ip + m->l3_len;
	bool cut = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG;

	CHECK(nic.count < NIC_FRAMES && len + 4 <= NIC_FRAME_BYTES);
	memcpy(to, bytes, len);
	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM || (cut && (m->ol_flags & RTE_MBUF_F_TX_IPV4))) {
		nic.bad += nic_get16(ip + 10) != 0;
		nic_put16(ip + 10, ~nic_sum(ip, m->l3_len, 0));
	}
	if (m->ol_flags & (RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG))
		nic_put16(tcp + 16, ~nic_sum(tcp, len - (uint32_t)(tcp - to), add));
	if (m->ol_flags & RTE_MBUF_F_TX_VLAN) {
		memmove(to + 16, to + 12, len - 12);
		nic_put16(to + 12, 0x8100);
		nic_put16(to + 14, m->vlan_tci);
		len += 4;
	}
	nic.len[nic.count++] = len;
}

/** Cut a packet into segments. */
static inline void
nic_cut(const struct rte_mbuf *m, uint8_t *bytes)
{
	uint32_t head = m->l2_len + m->l3_len + m->l4_len;
	uint32_t left = m->pkt_len - head;
	uint8_t *ip = bytes + m->l2_len;
	uint8_t *tcp = ip + m->l3_len;
	uint8_t flags = tcp[13];
	uint32_t whole = m->l4_len + left;
	uint32_t done = 0;
	uint8_t one[NIC_FRAME_BYTES];
	uint32_t n;

	nic.bad += m->tso_segsz == 0 || head > m->data_len;
	for (; left > 0; left -= n, done += n) {
		uint32_t seq = nic_get16(tcp + 4) << 16 | nic_get16(tcp + 6);
		uint32_t tcp_len;

		n = left < m->tso_segsz ? left : m->tso_segsz;
		tcp_len = m->l4_len + n;
		tcp[13] = left > n ? flags & ~0x09 : flags;
		if (m->ol_flags & RTE_MBUF_F_TX_IPV4) {
			nic_put16(ip + 2, m->l3_len + tcp_len);
			nic_put16(ip + 10, 0);
		} else {
			nic_put16(ip + 4, tcp_len);
		}
		memcpy(one, bytes, head);
		memcpy(one + head, bytes + head + done, n);
		/* virtio's pseudo header has the length of the whole. */
		nic_frame(m, one, head + n,
				nic.prepare == NIC_VIRTIO ? 0xffff - whole + tcp_len : tcp_len);
		if (m->ol_flags & RTE_MBUF_F_TX_IPV4)
			nic_put16(ip + 4, nic_get16(ip + 4) + 1);
		seq += n;
		nic_put16(tcp + 4, seq >> 16);
		nic_put16(tcp + 6, seq);
	}
}

/** One packet onto the wire. */
static inline void
nic_send(struct rte_mbuf *m)
{
	static uint8_t bytes[UINT16_MAX + 1];
	const struct rte_mbuf *part;
	uint32_t at = 0;
	unsigned parts = 0;

	for (part = m; part != NULL; part = part->next, parts++) {
		CHECK(at + part->data_len <= UINT16_MAX);
		memcpy(bytes + at, rte_pktmbuf_mtod(part, void *), part->data_len);
		at += part->data_len;
		nic.lent += RTE_MBUF_HAS_EXTBUF(part) != 0;
	}
	nic.bad += at != m->pkt_len || parts != m->nb_segs;
	nic.bad += nic.seg_max != 0 && parts > nic.seg_max;
	nic.did[FLUE_PORT_TX_FRAMES] -= nic.count;
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		nic_cut(m, bytes);
	else
		nic_frame(m, bytes, at, 0);
	nic.did[FLUE_PORT_TX_FRAMES] += nic.count;
	nic.did[FLUE_PORT_TX_PACKETS]++;
	nic.did[FLUE_PORT_TX_SUMMED] += (m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM) != 0;
	nic.did[FLUE_PORT_TX_CUT] += (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
	rte_pktmbuf_free(m);
}

static inline uint16_t
nic_tx(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t i;

	(void)queue;
	nic.bad += nic.stopped;
	for (i = 0; i < n && i < nic.accepts; i++) {
		if (!nic.waits || nic.link > 0)
			nic_send(mbufs[i]);
		else if (nic.in_ring < NIC_RING)
			nic.ring[nic.in_ring++] = mbufs[i];
		else
			break;
	}
	return i;
}

static inline uint16_t
nic_prepare_burst(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t i;

	(void)queue;
	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];

		if (m->ol_flags & nic.refuses) {
			rte_errno = ENOTSUP;
			return i;
		}
		if (nic.prepare == NIC_VIRTIO && (m->ol_flags & RTE_MBUF_F_TX_VLAN)) {
			if (rte_vlan_insert(&mbufs[i]) != 0)
				return i;
		}
		if (rte_net_intel_cksum_prepare(m) != 0)
			return i;
		if (nic.prepare == NIC_VIRTIO && (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)) {
			uint8_t *tcp = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len + m->l3_len);
			uint32_t tcp_len = m->pkt_len - m->l2_len - m->l3_len;

			nic_put16(tcp + 16, nic_sum(tcp + 16, 2, tcp_len));
		}
	}
	return n;
}

/* ---- Receiving ------------------------------------------------------------------------------- */

static inline uint16_t
nic_rx(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t i;

	(void)queue;
	nic.bad += nic.stopped;
	for (i = 0; i < n && i < nic.arrivals; i++)
		mbufs[i] = nic.arrived[i];
	memmove(nic.arrived, nic.arrived + i, (nic.arrivals - i) * sizeof(nic.arrived[0]));
	nic.arrivals -= i;
	nic.did[FLUE_PORT_RX_FRAMES] += i;
	return i;
}

/** Starting the device has set others. */
static inline void
nic_bursts(uint16_t id)
{
	rte_eth_fp_ops[id].tx_pkt_burst = nic_tx;
	rte_eth_fp_ops[id].rx_pkt_burst = nic_rx;
	rte_eth_fp_ops[id].tx_pkt_prepare =
			nic.prepare == NIC_NO_PREPARE ? NULL : nic_prepare_burst;
}

/* ---- Opening --------------------------------------------------------------------------------- */

#define NIC_EAL "--no-huge --no-shconf -m 128 --no-pci --no-telemetry --iova-mode=va"

static inline int
nic_open_queues(int mtu, uint32_t off, int queues, flue_port **port)
{
	struct flue_dpdk_config config;
	int rc;

	if (nic.frame == NULL)
		nic.frame = calloc(NIC_FRAMES, sizeof(*nic.frame));
	flue_dpdk_config_default(&config);
	config.mac = nic.mac != 0 ? nic.mac : MAC0;
	config.mtu = mtu;
	config.buffers = 512;
	config.offloads_off = (int32_t)off;
	config.queues = queues;
	rc = flue_dpdk_open("net_null0", &config, port);
	if (rc < 0)
		return rc;
	memset(nic.did, 0, sizeof(nic.did));
	CHECK(rte_eth_dev_get_port_by_name("net_null0", &nic.id) == 0);
	return 0;
}

static inline int
nic_open(int mtu, uint32_t off, flue_port **port)
{
	return nic_open_queues(mtu, off, 1, port);
}

/* Of libethdev, for drivers. */
struct rte_eth_dev;
struct rte_eth_dev *rte_eth_dev_allocated(const char *name);
int
rte_eth_dev_callback_process(struct rte_eth_dev *device, enum rte_eth_event_type event, void *arg);

/** The driver tells of this. */
static inline void
nic_tell(enum rte_eth_event_type event)
{
	CHECK(rte_eth_dev_callback_process(rte_eth_dev_allocated("net_null0"), event, NULL) == 0);
}

/** With one queue nothing is brought to a queue. */
#define NIC_OFFERS ((int)FLUE_PORT_ALL_OFFLOADS & ~(int)FLUE_PORT_FLOW_RULES)

#define NIC_RX_ALL                                                      \
	(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | \
			RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_SCATTER)
#define NIC_TX_ALL                                                                   \
	(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |              \
			RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS | \
			RTE_ETH_TX_OFFLOAD_VLAN_INSERT)

/** The port has counted what the device did since it was opened, of those from `first` to `last`. */
static inline bool
nic_counted(const flue_port *port, int first, int last)
{
	int i;

	for (i = first; i <= last; i++)
		if ((uint64_t)flue_port_count(port, i) != nic.did[i])
			return false;
	return true;
}

/** One that has everything. */
static inline void
nic_best(void)
{
	nic.rx_capa = NIC_RX_ALL;
	nic.tx_capa = NIC_TX_ALL;
	nic.accepts = UINT16_MAX;
	nic.link = 1;
}

#endif /* FLUE_TEST_DPDK_NIC_H */
