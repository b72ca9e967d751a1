/* SPDX-License-Identifier: Apache-2.0 */

/* net_af_xdp has the kernel read and write the packets' memory. Its driver of DPDK 22.11 does not give
 * that memory up when the device is closed (it waits for a count of uses to be -1): the interface stays
 * bound to a socket of a port that is no more, cannot be opened again, and the packets are the kernel's.
 * So we note which sockets come up with the queues, and close and unmap what is left of them. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/dpdk/dpdk.h"

static _Atomic bool closed;

/** Call `each` for all AF_XDP sockets of this process. */
static void
sockets_visit(void (*each)(struct dpdk_umem *umem, int fd, ino_t inode), struct dpdk_umem *umem)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);
		socklen_t size = sizeof(int);
		struct stat status;
		int domain = 0;

		if (entry->d_name[0] != '.' &&
				getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
				domain == AF_XDP && fstat(fd, &status) == 0)
			each(umem, fd, status.st_ino);
	}
	if (dir != NULL)
		closedir(dir);
}

static bool
noted(const struct dpdk_umem *umem, ino_t inode)
{
	unsigned i;

	for (i = 0; i < umem->count; i++)
		if (umem->sockets[i] == inode)
			return true;
	return false;
}

static void
note(struct dpdk_umem *umem, int fd, ino_t inode)
{
	(void)fd;
	if (umem->count < RTE_DIM(umem->sockets) && !noted(umem, inode))
		umem->sockets[umem->count++] = inode;
}

static void
close_noted(struct dpdk_umem *umem, int fd, ino_t inode)
{
	if (noted(umem, inode))
		(void)close(fd);
}

/** A socket lives as long as one of its rings is mapped. */
static void
rings_unmap(const struct dpdk_umem *umem)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start;
	unsigned long end;
	unsigned long inode;
	char line[512];

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
		if (strstr(line, "socket:[") != NULL &&
				sscanf(line, "%lx-%lx %*s %*s %*s %lu", &start, &end, &inode) ==
						3 &&
				noted(umem, inode))
			(void)munmap((void *)start, end - start);
	if (maps != NULL)
		fclose(maps);
}

void
dpdk_umem_before(struct dpdk_device *device)
{
	if (device->umem == NULL)
		return;
	sockets_visit(note, device->umem);
	device->umem->earlier = device->umem->count;
}

void
dpdk_umem_after(struct dpdk_device *device)
{
	struct dpdk_umem *umem = device->umem;
	unsigned i;

	if (umem == NULL)
		return;
	sockets_visit(note, umem);
	umem->count -= umem->earlier;
	memmove(umem->sockets, umem->sockets + umem->earlier,
			umem->count * sizeof(umem->sockets[0]));
	for (i = 0; i < device->queues; i++)
		umem->pools[i] = device->ports[i]->pool;
}

void
dpdk_umem_close(struct dpdk_device *device)
{
	struct dpdk_umem *umem = device->umem;
	unsigned i;

	if (umem == NULL)
		return;
	atomic_store(&closed, true);
	sockets_visit(close_noted, umem);
	rings_unmap(umem);
	for (i = 0; i < device->queues; i++)
		if (umem->pools[i] != NULL)
			umem->pools[i]->deserted = true;
}

bool
dpdk_umem_closed(void)
{
	return atomic_load(&closed);
}
