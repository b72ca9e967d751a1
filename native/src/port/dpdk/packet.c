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

#define BURST       32
#define HEAD_BYTES  (FLUE_ETH_VLAN_BYTES + 60 + 60)
#define QUEUE_BYTES (8 << 20) /* under way in the kernel */

struct message {
	struct virtio_net_hdr offload;
	uint8_t head[HEAD_BYTES]; /* of a packet that is cut */
	struct iovec parts[3];
};

/* ---- One packet -------------------------------------------------------------------------------- */

/** What is left to the port, in the kernel's words. */
static void
request_fill(struct message *message, const struct flue_pkt *pkt)
{
	struct virtio_net_hdr *h = &message->offload;
	const uint32_t l2 = flue_eth_header_bytes(pkt->data);
	const uint8_t *ip = pkt->data + l2;
	const bool ip4 = ip[0] >> 4 == 4;
	uint16_t length;
	uint16_t sum;
	uint8_t *field;

	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = (uint16_t)(l2 + (ip4 ? (ip[0] & 0xfu) * 4 : 40));
	h->csum_offset = 16;
	if (!(pkt->flags & FLUE_PKT_TX_TSO))
		return;
	h->gso_type = ip4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	h->gso_size = pkt->tx_segment;
	h->hdr_len = pkt->len;
	/* It wants the length in the pseudo header's sum also where it cuts. The packet stays as it is: it
	 * may have to be sent another time. */
	memcpy(message->head, pkt->data, pkt->len);
	field = message->head + h->csum_start + h->csum_offset;
	length = rte_cpu_to_be_16((uint16_t)(pkt->len - h->csum_start + pkt->ext_len));
	sum = flue_csum_fold32((uint32_t)flue_load16(field) + length);
	flue_store16(field, sum);
	message->parts[1].iov_base = message->head;
}

static void
message_fill(struct mmsghdr *to, struct message *message, const struct flue_pkt *pkt)
{
	memset(&message->offload, 0, sizeof(message->offload));
	message->parts[0].iov_base = &message->offload;
	message->parts[0].iov_len = sizeof(message->offload);
	message->parts[1].iov_base = pkt->data;
	message->parts[1].iov_len = pkt->len;
	message->parts[2].iov_base = (void *)(uintptr_t)pkt->ext;
	message->parts[2].iov_len = pkt->ext_len;
	if (pkt->flags & FLUE_PKT_TX_TCP_CSUM)
		request_fill(message, pkt);
	memset(to, 0, sizeof(*to));
	to->msg_hdr.msg_iov = message->parts;
	to->msg_hdr.msg_iovlen = pkt->ext_len > 0 ? 3 : 2;
}

/* ---- Bursts ------------------------------------------------------------------------------------ */

/** The kernel has not taken this one. @return whether it is lost by that; else it is to wait */
static bool
refused(struct dpdk_port *port, struct flue_pkt *pkt, int error)
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
		dpdk_give_up(port, pkt);
	}
	dpdk_lose(port, &pkt, 1);
	return true;
}

static unsigned
send_chunk(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n, bool *stuck)
{
	struct message messages[BURST];
	struct mmsghdr headers[BURST];
	unsigned sent = 0;
	unsigned i;
	int rc;

	for (i = 0; i < n; i++)
		message_fill(&headers[i], &messages[i], pkts[i]);
	while (sent < n) {
		rc = sendmmsg(port->socket, headers + sent, n - sent, MSG_DONTWAIT);
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc < 0 && !refused(port, pkts[sent], errno)) {
			*stuck = true;
			break;
		}
		if (rc < 0) {
			sent++;
			continue;
		}
		dpdk_tx_count(port, pkts + sent, (unsigned)rc);
		for (i = sent; i < sent + (unsigned)rc; i++)
			flue_pkt_release(pkts[i]);
		sent += (unsigned)rc;
	}
	return sent;
}

unsigned
dpdk_packet_burst(struct dpdk_port *port, struct flue_pkt **pkts, unsigned n)
{
	bool stuck = false;
	unsigned sent = 0;

	while (sent < n && !stuck)
		sent += send_chunk(port, pkts + sent, RTE_MIN(n - sent, (unsigned)BURST), &stuck);
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
