/* SPDX-License-Identifier: Apache-2.0 */

#include "memory/node.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "flue/flue_memory.h"

/** As many as the kernel can be built for. */
#define MAX_NODES 1024
#define BITS      (8 * sizeof(unsigned long))

#define NODE_DIR "/sys/devices/system/node"

static bool
node_exists(int node)
{
	char path[64];

	if (node < 0 || node >= MAX_NODES)
		return false;
	snprintf(path, sizeof(path), NODE_DIR "/node%d", node);
	if (access(path, F_OK) == 0)
		return true;
	/* Built without NUMA: all there is, is near. */
	return node == 0 && access(NODE_DIR, F_OK) != 0;
}

static int
number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	int n = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%d", &n) != 1 || n < 0)
		n = 0;
	fclose(file);
	return n;
}

int
flue_hugepages_free(void)
{
	return number_in("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
}

int
flue_hugepages_free_on(int node)
{
	char path[96];

	if (!node_exists(node))
		return -ENODEV;
	if (access(NODE_DIR, F_OK) != 0)
		return flue_hugepages_free();
	snprintf(path, sizeof(path), NODE_DIR "/node%d/hugepages/hugepages-2048kB/free_hugepages",
			node);
	return number_in(path);
}

int
flue_node_here(void)
{
	unsigned cpu;
	unsigned node;

	return syscall(SYS_getcpu, &cpu, &node, NULL) == 0 ? (int)node : 0;
}

int
flue_node_bind(void *address, uint64_t bytes, int node)
{
	unsigned long mask[MAX_NODES / BITS] = { 0 };

	mask[(unsigned)node / BITS] = 1ul << ((unsigned)node % BITS);
	if (syscall(SYS_mbind, address, bytes, MPOL_BIND, mask, (unsigned long)MAX_NODES, 0u) == 0)
		return 0;
	return errno == ENOSYS && node == 0 ? 0 : -errno;
}

int
flue_node_of(void *address, uint64_t bytes)
{
	uint64_t at;
	int all = -1;

	for (at = 0; at < bytes; at += FLUE_HUGEPAGE_BYTES) {
		int node = -1;

		if (syscall(SYS_get_mempolicy, &node, NULL, 0ul, (char *)address + at,
				    MPOL_F_NODE | MPOL_F_ADDR) != 0)
			return errno == ENOSYS ? 0 : -1;
		if (at != 0 && node != all)
			return -1;
		all = node;
	}
	return all;
}
