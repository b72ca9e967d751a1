/* SPDX-License-Identifier: Apache-2.0 */

/* What a device can read of the memory that payload lies in. A virtual device reads what we can. One
 * with DMA reads what DPDK has mapped for it: its own memory, and regions of ours that are made known
 * to EAL and mapped while the device is open. Payload elsewhere is copied. */

#include <pthread.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_memory.h>

#include "port/dpdk/dpdk.h"

struct range {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end; /* 0 = no range */
	bool own;              /* DPDK's: mapped for every device */
	bool known;            /* to EAL */
};

static struct range ranges[DPDK_RANGES];
static struct dpdk_device *readers[RTE_MAX_ETHPORTS]; /* open devices with DMA */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *
start_of(const struct range *range)
{
	return (void *)atomic_load_explicit(&range->start, memory_order_relaxed);
}

static size_t
bytes_of(const struct range *range)
{
	return atomic_load_explicit(&range->end, memory_order_relaxed) -
	       atomic_load_explicit(&range->start, memory_order_relaxed);
}

/** Under the lock. Without an IOMMU, or over the limit of locked memory, it fails: then we copy. */
static void
map_locked(struct dpdk_device *device, unsigned i)
{
	struct range *range = &ranges[i];
	void *start = start_of(range);

	if (!range->own && !range->known)
		range->known = rte_extmem_register(start, bytes_of(range), NULL, 0,
					       (size_t)sysconf(_SC_PAGESIZE)) == 0;
	if (range->own || (range->known && rte_dev_dma_map(device->dma, start,
							   (uint64_t)(uintptr_t)start,
							   bytes_of(range)) == 0))
		atomic_store_explicit(&device->mapped[i], 1, memory_order_release);
}

static void
unmap_locked(struct dpdk_device *device, unsigned i)
{
	struct range *range = &ranges[i];
	void *start = start_of(range);

	if (!atomic_load_explicit(&device->mapped[i], memory_order_relaxed))
		return;
	atomic_store_explicit(&device->mapped[i], 0, memory_order_relaxed);
	if (!range->own)
		(void)rte_dev_dma_unmap(
				device->dma, start, (uint64_t)(uintptr_t)start, bytes_of(range));
}

static void
range_add(void *address, uint64_t bytes, bool own)
{
	unsigned i;
	unsigned k;

	pthread_mutex_lock(&lock);
	for (i = 0; i < DPDK_RANGES; i++) {
		struct range *range = &ranges[i];

		if (atomic_load_explicit(&range->end, memory_order_relaxed) != 0)
			continue;
		range->own = own;
		range->known = false;
		atomic_store_explicit(&range->start, (uintptr_t)address, memory_order_relaxed);
		atomic_store_explicit(
				&range->end, (uintptr_t)address + bytes, memory_order_release);
		for (k = 0; k < RTE_MAX_ETHPORTS; k++)
			if (readers[k] != NULL)
				map_locked(readers[k], i);
		break;
	}
	pthread_mutex_unlock(&lock);
}

void
dpdk_memory_own(void *address, uint64_t bytes)
{
	range_add(address, bytes, true);
}

static void
region_opened(void *address, uint64_t bytes)
{
	range_add(address, bytes, false);
}

static void
region_leaving(void *address, uint64_t bytes)
{
	unsigned i;
	unsigned k;

	(void)bytes;
	pthread_mutex_lock(&lock);
	for (i = 0; i < DPDK_RANGES; i++) {
		struct range *range = &ranges[i];

		if (bytes_of(range) == 0 || start_of(range) != address || range->own)
			continue;
		for (k = 0; k < RTE_MAX_ETHPORTS; k++)
			if (readers[k] != NULL)
				unmap_locked(readers[k], i);
		if (range->known)
			(void)rte_extmem_unregister(address, bytes_of(range));
		atomic_store_explicit(&range->end, 0, memory_order_relaxed);
		atomic_store_explicit(&range->start, 0, memory_order_relaxed);
		break;
	}
	pthread_mutex_unlock(&lock);
}

void
dpdk_memory_start(void)
{
	dpdk_host->region_watch(region_opened, region_leaving);
}

bool
dpdk_memory_can_map(void)
{
	/* Else a device sees addresses of its own, and payload would have to be looked up by page. */
	return rte_eal_iova_mode() == RTE_IOVA_VA;
}

void
dpdk_memory_join(struct dpdk_device *device)
{
	unsigned i;

	pthread_mutex_lock(&lock);
	readers[device->id] = device;
	for (i = 0; i < DPDK_RANGES; i++)
		if (bytes_of(&ranges[i]) != 0)
			map_locked(device, i);
	pthread_mutex_unlock(&lock);
}

void
dpdk_memory_leave(struct dpdk_device *device)
{
	unsigned i;

	pthread_mutex_lock(&lock);
	if (readers[device->id] == device) {
		readers[device->id] = NULL;
		for (i = 0; i < DPDK_RANGES; i++)
			unmap_locked(device, i);
	}
	pthread_mutex_unlock(&lock);
}

static bool
lies_in(const struct dpdk_device *device, unsigned i, uintptr_t from, uintptr_t to)
{
	return atomic_load_explicit(&device->mapped[i], memory_order_acquire) &&
	       from >= atomic_load_explicit(&ranges[i].start, memory_order_relaxed) &&
	       to <= atomic_load_explicit(&ranges[i].end, memory_order_relaxed);
}

bool
dpdk_memory_readable(struct dpdk_port *port, const void *address, uint32_t bytes)
{
	uintptr_t from = (uintptr_t)address;
	unsigned i;

	if (lies_in(port->device, port->range, from, from + bytes))
		return true;
	for (i = 0; i < DPDK_RANGES; i++) {
		if (!lies_in(port->device, i, from, from + bytes))
			continue;
		port->range = i;
		return true;
	}
	return false;
}
