/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_MEMORY_H
#define FLUE_MEMORY_H

/**
 * @file
 * Regions: pieces of memory that both languages can name by id.
 *
 * There is one table a process. Adding and closing are control path (a mutex inside); resolving is
 * wait-free and may be done by any thread.
 *
 * Life of a region: flue_region_create() maps it; flue_region_close() makes its id resolve to
 * nothing and replaces the pages by fresh zero pages *in place*, so that a late access from Java
 * reads zeroes and never faults; flue_region_unmap() gives the address space back once Java holds
 * no buffer on it any more. An id is not used again before flue_region_unmap(). What an engine still
 * holds of a region (send data, posted buffers) stays mapped until it holds it no more.
 */

#include "flue_types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum flue_region_kind {
	/** Anonymous pages. Always there. */
	FLUE_REGION_HEAP = 0,
	/** 2 MiB hugepages (MAP_HUGETLB). -ENOMEM when the system has none free. */
	FLUE_REGION_HUGEPAGE = 1,
	/** Memory that somebody else owns (a DPDK mempool); close() does not touch its pages. */
	FLUE_REGION_FOREIGN = 2,
};

/** Largest region, bytes: a Java buffer cannot span more. */
#define FLUE_REGION_MAX_BYTES (INT64_C(0x7fffffff))

/**
 * Map a zeroed region.
 * @param kind  FLUE_REGION_HEAP or FLUE_REGION_HUGEPAGE
 * @param bytes 1..FLUE_REGION_MAX_BYTES, rounded up to the page size
 * @return region id (> 0), or -EINVAL, -ENOMEM, -ENOSPC (table full)
 */
FLUE_API int flue_region_create(int kind, int64_t bytes);

/**
 * The same on a NUMA node. Hugepages are bound to it and looked at: each of them lies there. Heap pages
 * come when they are touched, from wherever the system has them: for them the node is not looked at.
 * @return region id (> 0), or -ENODEV (no such node), -ENOMEM (it has too few hugepages free), or as
 *         above
 */
FLUE_API int flue_region_create_on(int kind, int64_t bytes, int node);

/**
 * Name memory that somebody else owns and keeps mapped for the rest of the process.
 * @return region id (> 0) or -errno
 */
FLUE_API int flue_region_add_foreign(void *address, int64_t bytes);

/**
 * Who asks holds the region's address space until they call flue_region_unmap(): without that, a
 * region that C code owns (an arena, a port's buffers) is unmapped as soon as its owner goes.
 * @return address of the region's first byte, NULL for an unknown or closed id
 */
FLUE_API void *flue_region_address(int region);

/** @return size in bytes, or -EINVAL for an unknown id */
FLUE_API int64_t flue_region_size(int region);

/** @return enum flue_region_kind, or -EINVAL for an unknown id */
FLUE_API int flue_region_kind_of(int region);

/** End the region's use (see the life above). Idempotent. @return 0 or -EINVAL */
FLUE_API int flue_region_close(int region);

/**
 * "I use no address in it any more." Gives back the address space of a closed region.
 * @return 0; -EBUSY when it is still open (its owner will then unmap it too); -EINVAL
 */
FLUE_API int flue_region_unmap(int region);

/** Regions that exist (created and not unmapped); for leak checks. */
FLUE_API int flue_region_count(void);

/**
 * Follow a reference. Wait-free.
 * @return address of `bytes` readable bytes, or NULL when any of them lies outside its region
 */
FLUE_API void *flue_ref_resolve(flue_ref ref, uint64_t bytes);

/**
 * The way back: the reference of an address, found in the table by search.
 * @return FLUE_REF_NULL when [address, address + bytes) lies in no region
 */
FLUE_API flue_ref flue_ref_of(const void *address, uint64_t bytes);

/** Free 2 MiB hugepages of this machine now, for `flue doctor`. 0 when there are none. */
FLUE_API int flue_hugepages_free(void);

/** ... of a NUMA node; a machine that knows no nodes has node 0. @return -ENODEV: there is no such one */
FLUE_API int flue_hugepages_free_on(int node);

/** The NUMA node of the calling thread's processor; 0 where the machine knows none. */
FLUE_API int flue_node_here(void);

/* ---- Arenas: where context areas lie ------------------------------------------------------- */

/**
 * An arena hands out equal cells for context areas and takes them back. One owner thread.
 * Control path only; no call is made per segment.
 */
typedef struct flue_arena flue_arena;

/**
 * @param kind  FLUE_REGION_HEAP or FLUE_REGION_HUGEPAGE
 * @param bytes capacity, at least 4096
 * @param node  on which hugepages have to lie, as in flue_region_create_on(); -1 = anywhere
 */
FLUE_API int flue_arena_create(int kind, int64_t bytes, int node, flue_arena **arena);

/** Carve `bytes` (rounded up to a cache line) off the arena, zeroed, for the arena's life.
 *  @return NULL when the arena is full */
FLUE_API void *flue_arena_alloc(flue_arena *arena, int64_t bytes);

FLUE_API int flue_arena_kind(const flue_arena *arena);
FLUE_API int64_t flue_arena_used(const flue_arena *arena);
FLUE_API int64_t flue_arena_size(const flue_arena *arena);
/** NUMA node its hugepages lie on; -1 = heap, or not known. */
FLUE_API int flue_arena_node(const flue_arena *arena);
FLUE_API void flue_arena_destroy(flue_arena *arena);

/* ---- NIC memory: where state objects lie ---------------------------------------------------- */

/**
 * Memory on a device. A read stalls the processor for about a microsecond, so that the data path never
 * does one; a write is posted. Nothing but aligned accesses of 8 bytes is made, each through one of
 * two functions that count; no address of it is known to anybody else.
 */
typedef struct flue_nic_memory flue_nic_memory;

/** What an implementation does: a PCI BAR, a file, the memory that a PMD manages. */
struct flue_nic_memory_ops {
	/** `at`: bytes from the beginning, a multiple of 8. */
	uint64_t (*read)(void *device, uint64_t at);
	void (*write)(void *device, uint64_t at, uint64_t value);
	/** What was written before reaches the device before what is written after. */
	void (*fence)(void *device);
	/** Nothing is read or written any more. NULL: nothing is to be done. */
	void (*close)(void *device);
};

/**
 * Use memory that somebody has.
 * @param device what the functions get
 * @param bytes  at least 4096, a multiple of 8
 * @param name   "nic ..." of messages and `flue conns`; copied
 * @return 0, -EINVAL, -ENOMEM
 */
FLUE_API int flue_nic_memory_create(const struct flue_nic_memory_ops *ops, void *device,
		int64_t bytes, const char *name, flue_nic_memory **memory);

/**
 * Map a BAR, write-combining where the device offers it. One process uses it at a time.
 * @param place "0000:00:06.0/2": PCI address and BAR; or "file:PATH": a file that stands for one in
 *              tests and trials
 * @param why   on failure: a sentence that says what is wrong and what to do
 * @return 0, -errno
 */
FLUE_API int
flue_nic_memory_open(const char *place, flue_nic_memory **memory, char *why, int why_bytes);

/** Could that BAR be opened? Changes nothing, and writes nothing there.
 *  @return its bytes, or -errno and why */
FLUE_API int64_t flue_nic_memory_check(const char *place, char *why, int why_bytes);

FLUE_API int64_t flue_nic_memory_size(const flue_nic_memory *memory);
/** Bytes that no engine has. Any thread. */
FLUE_API int64_t flue_nic_memory_free(flue_nic_memory *memory);
/** Its place. Owned by the memory. */
FLUE_API const char *flue_nic_memory_name(const flue_nic_memory *memory);
/** Is it mapped write-combining? */
FLUE_API int flue_nic_memory_combining(const flue_nic_memory *memory);
/** Unmap it. @return 0, or -EBUSY while an engine has a part of it; NULL is allowed */
FLUE_API int flue_nic_memory_close(flue_nic_memory *memory);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_MEMORY_H */
