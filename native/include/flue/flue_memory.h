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

/* ---- Arenas: where context areas lie ------------------------------------------------------- */

/**
 * An arena hands out equal cells for context areas and takes them back. One owner thread.
 * Control path only; no call is made per segment.
 */
typedef struct flue_arena flue_arena;

/**
 * @param kind  FLUE_REGION_HEAP or FLUE_REGION_HUGEPAGE
 * @param bytes capacity, at least 4096
 */
FLUE_API int flue_arena_create(int kind, int64_t bytes, flue_arena **arena);

/** Carve `bytes` (rounded up to a cache line) off the arena, zeroed, for the arena's life.
 *  @return NULL when the arena is full */
FLUE_API void *flue_arena_alloc(flue_arena *arena, int64_t bytes);

FLUE_API int flue_arena_kind(const flue_arena *arena);
FLUE_API int64_t flue_arena_used(const flue_arena *arena);
FLUE_API int64_t flue_arena_size(const flue_arena *arena);
FLUE_API void flue_arena_destroy(flue_arena *arena);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_MEMORY_H */
