/* SPDX-License-Identifier: Apache-2.0 */

/* TAP: frames to and from the kernel of this network namespace, one system call a frame. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "flue/flue_port.h"
#include "port/pool.h"

/* struct in6_ifreq of linux/ipv6.h, which does not go together with netinet/in.h everywhere. */
struct address6_request {
	struct in6_addr address;
	uint32_t prefix;
	int index;
};

#define TAP_MIN_MTU     576
#define TAP_MAX_MTU     9000
#define TAP_MIN_BUFFERS 64
#define TAP_MAX_BUFFERS 65536

struct tap_port {
	struct flue_port base;
	struct flue_pool pool;
	int fd;            /* -1 once closed */
	int control;       /* socket of the namespace that it was opened in */
	int index;         /* of the interface there */
	uint32_t rx_limit; /* most buffers held that a received frame may find */
};

static struct tap_port *
tap_port(struct flue_port *port)
{
	return (struct tap_port *)port;
}

static void
tap_destroy(struct tap_port *port)
{
	flue_pool_fini(&port->pool);
	free(port);
}

/* ---- Data ------------------------------------------------------------------------------------ */

static struct flue_pkt *
tap_alloc(struct flue_port *base)
{
	struct flue_pkt *pkt = flue_pool_get(&tap_port(base)->pool);

	if (pkt != NULL)
		base->held++;
	return pkt;
}

static void
tap_free(struct flue_pkt *pkt)
{
	struct tap_port *port = tap_port(pkt->port);

	flue_pkt_drop_ext(pkt);
	flue_pool_put(&port->pool, pkt);
	/* The last one back after close() puts the light out. */
	if (--port->base.held == 0 && port->fd < 0)
		tap_destroy(port);
}

/** Read one frame. @return its length, 0 for one to throw away, -1 when there is none */
static ssize_t
tap_read(struct tap_port *port, struct flue_pkt *pkt)
{
	size_t room = port->pool.stride - FLUE_PKT_HEADROOM;
	ssize_t len;

	do {
		len = read(port->fd, pkt->data, room);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return -1;
	if (len < FLUE_ETH_BYTES || len > port->base.mtu + FLUE_ETH_VLAN_BYTES)
		return 0;
	return len;
}

static unsigned
tap_rx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct tap_port *port = tap_port(base);
	unsigned count = 0;

	(void)now;
	/* What finds no buffer stays in the kernel's queue. */
	while (count < n && base->held < port->rx_limit) {
		struct flue_pkt *pkt = flue_pool_get(&port->pool);
		ssize_t len;

		if (pkt == NULL)
			break;
		len = tap_read(port, pkt);
		if (len <= 0) {
			flue_pool_put(&port->pool, pkt);
			if (len < 0)
				break;
			continue;
		}
		pkt->len = (uint16_t)len;
		base->held++;
		pkts[count++] = pkt;
	}
	return count;
}

static unsigned
tap_tx_burst(struct flue_port *base, int64_t now, struct flue_pkt **pkts, unsigned n)
{
	struct tap_port *port = tap_port(base);
	unsigned i;

	(void)now;
	for (i = 0; i < n; i++) {
		struct flue_pkt *pkt = pkts[i];
		struct iovec parts[2] = {
			{ .iov_base = pkt->data, .iov_len = pkt->len },
			{ .iov_base = (void *)(uintptr_t)pkt->ext, .iov_len = pkt->ext_len },
		};
		ssize_t written;

		do {
			written = writev(port->fd, parts, pkt->ext_len > 0 ? 2 : 1);
		} while (written < 0 && errno == EINTR);
		if (written < 0 && errno == EAGAIN)
			break;
		/* Any other error (the interface is down, say) loses the frame, as a cable would. */
		base->lost += written < 0;
		flue_pkt_drop_ext(pkt);
		flue_pkt_release(pkt);
	}
	return i;
}

static void
tap_close(struct flue_port *base)
{
	struct tap_port *port = tap_port(base);

	if (port->fd < 0)
		return;
	close(port->fd);
	close(port->control);
	port->fd = -1;
	if (base->held == 0)
		tap_destroy(port);
}

/* ---- Link ------------------------------------------------------------------------------------ */

/**
 * Whether a switch or the kernel sees a carrier on its side: one can be taken off an interface that
 * is up. What is not found (it may be in another namespace by now) has one.
 */
static bool
tap_carrier(const struct tap_port *port)
{
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	request.ifr_ifindex = port->index;
	/* It may have been given another name. */
	if (ioctl(port->control, SIOCGIFNAME, &request) != 0 ||
			ioctl(port->control, SIOCGIFFLAGS, &request) != 0)
		return true;
	return (request.ifr_flags & IFF_RUNNING) != 0;
}

/** The kernel takes frames of an interface that is up, and fails the descriptor of one that is no
 *  more. */
static int
tap_link(struct flue_port *base)
{
	struct tap_port *port = tap_port(base);
	struct pollfd ask = { .fd = port->fd, .events = POLLOUT };
	int rc;

	do {
		rc = poll(&ask, 1, 0);
	} while (rc < 0 && errno == EINTR);
	if (rc > 0 && (ask.revents & (POLLERR | POLLHUP | POLLNVAL)))
		return -ENODEV;
	return rc > 0 && tap_carrier(port) ? 1 : 0;
}

static int
tap_arm(struct flue_port *base, int wake, bool on)
{
	(void)base;
	(void)wake;
	(void)on;
	return 0;
}

static void
tap_doze(struct flue_port *base, int wake, int64_t ns)
{
	const struct timespec most = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	struct pollfd fds[2] = {
		{ .fd = wake, .events = POLLIN },
		{ .fd = tap_port(base)->fd, .events = POLLIN },
	};

	/* An interface that is down, or gone, says so all the time. */
	if (ppoll(fds, 2, &most, NULL) > 0 && (fds[1].revents & ~POLLIN) != 0)
		(void)ppoll(fds, 1, &most, NULL);
}

static const struct flue_port_ops tap_ops = {
	.rx_burst = tap_rx_burst,
	.tx_burst = tap_tx_burst,
	.alloc = tap_alloc,
	.free = tap_free,
	.arm = tap_arm,
	.doze = tap_doze,
	.link = tap_link,
	.close = tap_close,
};

/* ---- Control --------------------------------------------------------------------------------- */

/** @return false when the name cannot be one of an interface */
static bool
request_init(struct ifreq *request, const char *name)
{
	memset(request, 0, sizeof(*request));
	if (name == NULL || name[0] == '\0' || strlen(name) >= sizeof(request->ifr_name) ||
			strpbrk(name, "/%: \t\n") != NULL)
		return false;
	strcpy(request->ifr_name, name);
	return true;
}

/** @return 0 or the error, as one of those flue_tap_open() names */
static int
attach_error(int error, const char *name)
{
	if (error == EACCES || error == EPERM)
		return -EPERM;
	/* The kernel says EINVAL when the name belongs to an interface of another kind. */
	if (error == EINVAL && if_nametoindex(name) != 0)
		return -EBUSY;
	return -error;
}

/** Open /dev/net/tun and attach it to the interface. @return descriptor or -errno */
static int
tap_attach(const char *name)
{
	struct ifreq request;
	int error;
	int fd;

	if (!request_init(&request, name))
		return -EINVAL;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == ENOTDIR)
			return -ENODEV;
		return errno == EACCES ? -EPERM : -errno;
	}
	request.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &request) != 0) {
		error = attach_error(errno, name);
		close(fd);
		return error;
	}
	/* Whole frames only: checksums filled in, no segment longer than the MTU. */
	if (ioctl(fd, TUNSETOFFLOAD, 0UL) != 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/** Set the interface's MTU unless it has it already. */
static int
interface_mtu(int sock, const char *name, int mtu)
{
	struct ifreq request;

	if (!request_init(&request, name))
		return -EINVAL;
	if (ioctl(sock, SIOCGIFMTU, &request) != 0)
		return -errno;
	if (request.ifr_mtu == mtu)
		return 0;
	request.ifr_mtu = mtu;
	return ioctl(sock, SIOCSIFMTU, &request) == 0 ? 0 : -errno;
}

/** Attach to the interface, and have a socket to ask about it. @return 0 or -errno, nothing is open */
static int
tap_open(struct tap_port *port, const char *name, int mtu)
{
	int rc;

	port->fd = tap_attach(name);
	if (port->fd < 0)
		return port->fd;
	port->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (port->control < 0) {
		rc = -errno;
	} else {
		port->index = (int)if_nametoindex(name);
		rc = interface_mtu(port->control, name, mtu);
		if (rc == 0)
			return 0;
		close(port->control);
	}
	close(port->fd);
	return rc;
}

int
flue_tap_open(const char *name, int64_t mac, int mtu, int buffers, flue_port **port)
{
	struct tap_port *p;
	uint8_t bytes[6];
	int rc;

	if (port == NULL || !flue_mac_from_number(mac, bytes) || mtu < TAP_MIN_MTU ||
			mtu > TAP_MAX_MTU || buffers < TAP_MIN_BUFFERS || buffers > TAP_MAX_BUFFERS)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	rc = tap_open(p, name, mtu);
	if (rc == 0) {
		rc = flue_pool_init(&p->pool, &p->base, (uint32_t)buffers, sizeof(struct flue_pkt),
				flue_pool_room(mtu));
		if (rc < 0) {
			close(p->fd);
			close(p->control);
		}
	}
	if (rc < 0) {
		free(p);
		return rc;
	}
	p->rx_limit = (uint32_t)buffers - flue_pool_tx_reserve((uint32_t)buffers);
	p->base.ops = &tap_ops;
	memcpy(p->base.mac, bytes, sizeof(bytes));
	p->base.mtu = (uint16_t)mtu;
	p->base.buffers = (uint32_t)buffers;
	snprintf(p->base.name, sizeof(p->base.name), "tap:%s", name);
	*port = &p->base;
	return 0;
}

static int
request_address(int sock, unsigned long command, const char *name, uint32_t address)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(address),
	};
	struct ifreq request;

	if (!request_init(&request, name))
		return -EINVAL;
	memcpy(&request.ifr_addr, &in, sizeof(in));
	return ioctl(sock, command, &request) == 0 ? 0 : -errno;
}

static int
interface_up(int sock, const char *name)
{
	struct ifreq request;

	if (!request_init(&request, name))
		return -EINVAL;
	if (ioctl(sock, SIOCGIFFLAGS, &request) != 0)
		return -errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(sock, SIOCSIFFLAGS, &request) == 0 ? 0 : -errno;
}

int
flue_interface_configure(const char *name, int32_t address, int prefix, int mtu)
{
	uint32_t mask;
	int sock;
	int rc;

	if (prefix < 1 || prefix > 32 || mtu < 68 || mtu > UINT16_MAX)
		return -EINVAL;
	mask = UINT32_MAX << (32 - prefix);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	rc = interface_mtu(sock, name, mtu);
	if (rc == 0)
		rc = request_address(sock, SIOCSIFADDR, name, (uint32_t)address);
	if (rc == 0)
		rc = request_address(sock, SIOCSIFNETMASK, name, mask);
	if (rc == 0)
		rc = interface_up(sock, name);
	close(sock);
	return rc;
}

int
flue_interface_configure6(const char *name, int64_t hi, int64_t lo, int prefix, int mtu)
{
	uint64_t halves[2] = { htobe64((uint64_t)hi), htobe64((uint64_t)lo) };
	struct address6_request request = { .prefix = (uint32_t)prefix };
	int sock;
	int rc;

	if (prefix < 1 || prefix > 128 || mtu < 1280 || mtu > UINT16_MAX)
		return -EINVAL;
	request.index = (int)if_nametoindex(name);
	if (request.index == 0)
		return -errno;
	memcpy(&request.address, halves, sizeof(halves));
	sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	rc = interface_mtu(sock, name, mtu);
	if (rc == 0)
		rc = interface_up(sock, name);
	if (rc == 0 && ioctl(sock, SIOCSIFADDR, &request) != 0 && errno != EEXIST)
		rc = -errno;
	close(sock);
	return rc;
}

int
flue_interface_set_mac(const char *name, int64_t mac)
{
	struct ifreq request;
	uint8_t bytes[6];
	int sock;
	int rc;

	if (!request_init(&request, name) || !flue_mac_from_number(mac, bytes))
		return -EINVAL;
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, bytes, sizeof(bytes));
	rc = ioctl(sock, SIOCSIFHWADDR, &request) == 0 ? 0 : -errno;
	close(sock);
	return rc;
}
