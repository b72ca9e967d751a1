/* SPDX-License-Identifier: Apache-2.0 */

/* Sending through an interface of the kernel's (net_af_packet) as the kernel sends itself: packets of up
 * to 64 KiB, which it cuts and sums as they pass, so that what a frame costs there is paid once for all of
 * them. The driver's ring has no such thing; a socket beside it has. What it takes is copied by the call,
 * so what was lent is back at once. All of a port goes by one of the two ways, in order. */

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "port/dpdk/dpdk.h"
#include "port/offload.h"
#include "tcp/csum.h"

#define JOINED      8 /* packets in a message at most */
#define HEAD_BYTES  (FLUE_ETH_VLAN_BYTES + 60 + 60)
#define QUEUE_BYTES (8 << 20) /* under way in the kernel */
#define TCP_ACK     0x10
#define TCP_PSH     0x08

/** What the kernel takes at once: a packet, or neighbours of one stream joined to a larger one. */
struct message {
	struct virtio_net_hdr offload;
	uint8_t head[HEAD_BYTES]; /* of a packet that is cut */
	struct iovec parts[2 + 2 * JOINED];
	unsigned nparts;
	const struct flue_pkt *first;
	unsigned packets;
	/* With sums by the kernel, else 0: headers as far as IP's, as TCP's, and with it; bytes behind them; as
	 * many of them in a frame at most; PSH of any packet. */
	uint32_t l2;
	uint32_t l4;
	uint32_t heads;
	uint32_t payload;
	uint32_t segment;
	uint8_t push;
};

/* ---- Packets to messages ----------------------------------------------------------------------- */

static void
part_add(struct message *m, const void *data, uint32_t bytes)
{
	m->parts[m->nparts].iov_base = (void *)(uintptr_t)data;
	m->parts[m->nparts++].iov_len = bytes;
}

static void
packet_add(struct message *m, const struct flue_pkt *pkt)
{
	if (pkt->len > m->heads)
		part_add(m, pkt->data + m->heads, pkt->len - m->heads);
	if (pkt->ext_len > 0)
		part_add(m, pkt->ext, pkt->ext_len);
	m->payload += pkt->len - m->heads + pkt->ext_len;
	m->packets++;
	if (m->heads > 0)
		m->push |= pkt->data[m->l4 + 13] & TCP_PSH;
}

static bool
is_ip4(const struct message *m)
{
	return m->first->data[m->l2] >> 4 == 4;
}

static void
message_begin(struct message *m, const struct flue_pkt *pkt)
{
	memset(&m->offload, 0, sizeof(m->offload));
	m->nparts = 0;
	m->first = pkt;
	m->packets = 0;
	m->l2 = 0;
	m->l4 = 0;
	m->heads = 0;
	m->payload = 0;
	m->push = 0;
	part_add(m, &m->offload, sizeof(m->offload));
	if (pkt->flags & FLUE_PKT_TX_TCP_CSUM) {
		m->l2 = flue_eth_header_bytes(pkt->data);
		m->l4 = m->l2 + (is_ip4(m) ? (pkt->data[m->l2] & 0xfu) * 4 : 40);
		m->heads = m->l4 + (pkt->data[m->l4 + 12] >> 4) * 4u;
		part_add(m, pkt->data, m->heads);
	}
	packet_add(m, pkt);
	m->segment = pkt->flags & FLUE_PKT_TX_TSO ? pkt->tx_segment : m->payload;
}

/** Headers that differ in what a cut makes anew, and in PSH, alone; no flags but ACK. */
static bool
same_stream(const struct message *m, const uint8_t *a, const uint8_t *b)
{
	const uint8_t *ip_a = a + m->l2;
	const uint8_t *ip_b = b + m->l2;
	const uint8_t *tcp_a = a + m->l4;
	const uint8_t *tcp_b = b + m->l4;

	if (memcmp(a, b, m->l2) != 0)
		return false;
	if (is_ip4(m) ? memcmp(ip_a, ip_b, 2) != 0 || memcmp(ip_a + 6, ip_b + 6, 4) != 0 ||
							memcmp(ip_a + 12, ip_b + 12,
									m->l4 - m->l2 - 12) != 0
		      : memcmp(ip_a, ip_b, 4) != 0 || memcmp(ip_a + 6, ip_b + 6, 34) != 0)
		return false;
	return memcmp(tcp_a, tcp_b, 4) == 0 &&
	       flue_load32be(tcp_b + 4) == flue_load32be(tcp_a + 4) + m->payload &&
	       memcmp(tcp_a + 8, tcp_b + 8, 5) == 0 &&
	       (tcp_a[13] | TCP_PSH) == (TCP_ACK | TCP_PSH) &&
	       (tcp_b[13] | TCP_PSH) == (TCP_ACK | TCP_PSH) &&
	       memcmp(tcp_a + 14, tcp_b + 14, 2) == 0 &&
	       memcmp(tcp_a + 18, tcp_b + 18, m->heads - m->l4 - 18) == 0;
}

/** @return whether the packet is one with what is there already, and has been taken into it */
static bool
message_join(struct message *m, const struct flue_pkt *pkt)
{
	const uint32_t bytes = pkt->len + pkt->ext_len;

	if (m->heads == 0 || !(pkt->flags & FLUE_PKT_TX_TCP_CSUM) || m->packets == JOINED ||
			m->payload == 0 || m->payload % m->segment != 0 || bytes <= m->heads ||
			m->payload + bytes - m->heads > DPDK_TSO_BYTES)
		return false;
	if (pkt->flags & FLUE_PKT_TX_TSO ? pkt->tx_segment != m->segment
					 : bytes - m->heads > m->segment)
		return false;
	if (!same_stream(m, m->first->data, pkt->data))
		return false;
	packet_add(m, pkt);
	return true;
}

/** The header of what is cut: as long as all of it, in the IP header and in the sum of the pseudo header.
 *  The packets stay as they are: they may have to be sent another time. */
static void
head_make(struct message *m)
{
	const struct flue_pkt *first = m->first;
	const uint16_t bytes = (uint16_t)(m->heads - m->l4 + m->payload);
	uint8_t *ip = m->head + m->l2;
	uint8_t *tcp = m->head + m->l4;
	uint32_t sum;

	memcpy(m->head, first->data, m->heads);
	m->parts[1].iov_base = m->head;
	tcp[13] |= m->push;
	sum = (uint32_t)flue_load16(tcp + 16) + rte_cpu_to_be_16(bytes);
	if (!(first->flags & FLUE_PKT_TX_TSO))
		sum += (uint16_t)~rte_cpu_to_be_16((uint16_t)(first->len - m->l4 + first->ext_len));
	flue_store16(tcp + 16, flue_csum_fold32(sum));
	if (!is_ip4(m)) {
		flue_store16be(ip + 4, bytes);
		return;
	}
	sum = (uint16_t)~flue_load16(ip + 10) + (uint32_t)(uint16_t)~flue_load16(ip + 2);
	flue_store16be(ip + 2, (uint16_t)(m->l4 - m->l2 + bytes));
	flue_store16(ip + 10, flue_csum_finish32(sum + flue_load16(ip + 2)));
}

/** What is left to the kernel, in its words. */
static void
message_end(struct mmsghdr *to, struct message *m)
{
	struct virtio_net_hdr *h = &m->offload;

	memset(to, 0, sizeof(*to));
	to->msg_hdr.msg_iov = m->parts;
	to->msg_hdr.msg_iovlen = m->nparts;
	if (m->heads == 0)
		return;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = (uint16_t)m->l4;
	h->csum_offset = 16;
	if (m->packets == 1 && !(m->first->flags & FLUE_PKT_TX_TSO))
		return;
	h->gso_type = is_ip4(m) ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	h->gso_size = (uint16_t)m->segment;
	h->hdr_len = (uint16_t)m->heads;
	head_make(m);
}

/* ---- Bursts ------------------------------------------------------------------------------------ */

/** The kernel has not taken these, a message. @return whether they are lost by that; else they are to wait */
static bool
refused(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n, int error)
{
	switch (error) {
	case EAGAIN:
		return false;
	case ENOBUFS: /* it was dropped on its way, perhaps in part */
	case ENETDOWN:
	case ENODEV:
	case ENXIO:
		break;
	default:
		dpdk_give_up(port, pkts[0]);
	}
	dpdk_lose(port, pkts, n);
	return true;
}

static unsigned
messages_make(struct message *messages, struct mmsghdr *headers, struct flue_pkt **pkts, unsigned n)
{
	unsigned count = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (count == 0 || !message_join(&messages[count - 1], pkts[i]))
			message_begin(&messages[count++], pkts[i]);
	}
	for (i = 0; i < count; i++)
		message_end(&headers[i], &messages[i]);
	return count;
}

unsigned
dpdk_packet_chunk(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n, bool *stuck)
{
	struct message messages[DPDK_MAX_BURST];
	struct mmsghdr headers[DPDK_MAX_BURST];
	const unsigned count = messages_make(messages, headers, pkts, n);
	unsigned done = 0; /* messages, of `sent` packets */
	unsigned sent = 0;
	unsigned taken;
	unsigned i;
	int rc;

	while (done < count && !*stuck) {
		rc = sendmmsg(port->socket, headers + done, count - done, MSG_DONTWAIT);
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc < 0) {
			taken = messages[done].packets;
			*stuck = !refused(port, pkts + sent, taken, errno);
			sent += *stuck ? 0 : taken;
			done++;
			continue;
		}
		for (taken = 0; rc > 0; rc--)
			taken += messages[done++].packets;
		dpdk_tx_count(port, pkts + sent, taken);
		for (i = 0; i < taken; i++)
			flue_pkt_release(pkts[sent + i]);
		sent += taken;
	}
	return sent;
}

/* ---- Opening (control path) -------------------------------------------------------------------- */

/** What we send, and the kernel, need not come back by the driver's sockets. They are of a fanout group,
 *  where PACKET_IGNORE_OUTGOING comes too late. */
static void
echo_off(int interface)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog filter = { .len = RTE_DIM(code), .filter = code };
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct sockaddr_ll at = { 0 };
		socklen_t bytes = sizeof(at);
		int fd = atoi(entry->d_name);

		if (getsockname(fd, (struct sockaddr *)&at, &bytes) == 0 &&
				at.sll_family == AF_PACKET && at.sll_ifindex == interface)
			(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
	}
	if (dir != NULL)
		closedir(dir);
}

/** @return one that only sends, or -1 */
static int
socket_open(int interface)
{
	const struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = interface };
	const int on = 1;
	const int bytes = QUEUE_BYTES;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
			setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) != 0) {
		close(fd);
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return fd;
}

void
dpdk_packet_open(struct dpdk_device *device, uint32_t off)
{
	const uint32_t with = FLUE_PORT_TX_TCP_CSUM | FLUE_PORT_TSO;
	uint16_t i;

	if (!device->own_echo || device->interface <= 0)
		return;
	echo_off(device->interface);
	for (i = 0; i < device->queues; i++) {
		struct dpdk_port *port = device->ports[i];
		int fd = socket_open(device->interface);

		if (fd < 0)
			return;
		port->base.offered |= with;
		if ((off & with) != 0 || !(port->base.offloads & FLUE_PORT_MULTI_SEG)) {
			close(fd);
			continue;
		}
		port->socket = fd;
		/* A tag is part of the frame for the kernel. */
		port->base.offloads &= ~(uint32_t)FLUE_PORT_VLAN_INSERT;
		port->base.offloads |= with;
		port->base.tso_bytes = DPDK_TSO_BYTES;
	}
}

void
dpdk_packet_close(struct dpdk_port *port)
{
	if (port->socket >= 0)
		close(port->socket);
	port->socket = -1;
}
