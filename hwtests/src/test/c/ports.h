/* SPDX-License-Identifier: Apache-2.0 */

/* Ends of a cable in network namespaces; see delayline.c for how they are named. */

#ifndef DELAYLINE_PORTS_H
#define DELAYLINE_PORTS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/** Ends the program, with errno. */
static void
fail(const char *what)
{
	fprintf(stderr, "delayline: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
enter(const char *namespace)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		fail(path);
	close(fd);
}

static int
open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0 || ioctl(fd, TUNSETOFFLOAD, 0UL) != 0)
		fail(name);
	return fd;
}

static int
open_packet(const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	int room = 64 << 20;

	address.sll_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || address.sll_ifindex == 0)
		fail(name);
	/* Not what this host sends there: that is what we write. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0 ||
			setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0 ||
			setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
		fail(name);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fail(name);
	return fd;
}

/** A port by its name; its descriptor. This thread stays in its namespace. */
static int
open_port(char *text)
{
	char *kind = strtok(text, ":");
	char *namespace = strtok(NULL, ":");
	char *name = strtok(NULL, ":");

	if (kind == NULL || namespace == NULL || name == NULL) {
		errno = EINVAL;
		fail("a port is KIND:NAMESPACE:INTERFACE");
	}
	enter(namespace);
	return strcmp(kind, "tap") == 0 ? open_tap(name) : open_packet(name);
}

#endif
