/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_MEMORY_REGION_H
#define FLUE_MEMORY_REGION_H

/**
 * @file
 * The region table as the rest of the library sees it: resolving inline, and the calls for regions
 * whose owner is C code.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include "flue/flue_memory.h"

/**
 * What resolving needs. A slot that resolves to nothing has size 0. `base` is written before `size`
 * is set and is left alone until the region is unmapped.
 */
struct flue_region_slot {
	_Atomic uintptr_t base;
	_Atomic uint64_t size;
};

extern struct flue_region_slot flue_region_slots[FLUE_MAX_REGIONS];

/** flue_ref_at(); `few`: bytes are 1 to 2^40. */
static inline void *
flue_ref_look(flue_ref ref, uint64_t bytes, bool few)
{
	uint32_t region = flue_ref_region(ref);
	uint64_t offset = flue_ref_offset(ref);
	uint64_t size;

	if (__builtin_expect(region >= FLUE_MAX_REGIONS, 0))
		return NULL;
	size = atomic_load_explicit(&flue_region_slots[region].size, memory_order_acquire);
	/* offset < 2^48, so the sum cannot wrap once bytes is known to be <= size, and of a few bytes never;
	 * those do not fit into a size of 0 either. */
	if (__builtin_expect(offset + bytes > size, 0))
		return NULL;
	if (!few && __builtin_expect(size == 0 || bytes > size, 0))
		return NULL;
	return (void *)(atomic_load_explicit(
					&flue_region_slots[region].base, memory_order_relaxed) +
			(uintptr_t)offset);
}

/** flue_ref_resolve(), inline. */
static inline void *
flue_ref_at(flue_ref ref, uint64_t bytes)
{
	bool few = __builtin_constant_p(bytes) && bytes > 0 && bytes <= UINT32_MAX;

	return flue_ref_look(ref, bytes, few);
}

/**
 * A region as a pass found it: who follows many references into one looks at the table once. Good until the
 * pass ends; all zero at first.
 */
struct flue_region_view {
	flue_ref first; /* of its first byte */
	uint64_t size;  /* 0: of none */
	uint8_t *base;
};

/** To where 1 to 2^40 bytes are. @return false: they do not resolve */
bool flue_view_turn(struct flue_region_view *view, flue_ref ref, uint64_t bytes);

/** Does it show them? */
static inline bool
flue_view_shows(const struct flue_region_view *view, flue_ref ref, uint64_t bytes)
{
	uint64_t offset = ref - view->first;

	return offset < view->size && view->size - offset >= bytes;
}

/** Of what it shows. */
static inline uint8_t *
flue_view_at(const struct flue_region_view *view, flue_ref ref)
{
	return view->base + (ref - view->first);
}

/**
 * Who follows references in passes and keeps addresses from one pass to the next: an engine. Its
 * owner writes, without a lock; a closed region is unmapped only when nobody keeps anything in it
 * and every pass that may have resolved something in it is over.
 */
struct flue_region_user {
	struct flue_region_user *next;
	_Atomic uint64_t passes; /* odd: in a pass */
	_Atomic uint32_t kept[FLUE_MAX_REGIONS];
};

void flue_region_user_add(struct flue_region_user *user);
void flue_region_user_remove(struct flue_region_user *user);

static inline void
flue_region_pass_begin(struct flue_region_user *user)
{
	uint64_t n = atomic_load_explicit(&user->passes, memory_order_relaxed);

	atomic_store_explicit(&user->passes, n + 1, memory_order_relaxed);
	/* Before the first reference is followed: whoever closes a region looks the other way round. */
	atomic_thread_fence(memory_order_seq_cst);
}

static inline void
flue_region_pass_end(struct flue_region_user *user)
{
	uint64_t n = atomic_load_explicit(&user->passes, memory_order_relaxed);

	atomic_store_explicit(&user->passes, n + 1, memory_order_release);
}

/** `n` addresses in this region outlive the pass. */
static inline void
flue_region_keep(struct flue_region_user *user, uint32_t region, uint32_t n)
{
	n += atomic_load_explicit(&user->kept[region], memory_order_relaxed);
	atomic_store_explicit(&user->kept[region], n, memory_order_relaxed);
}

static inline void
flue_region_unkeep(struct flue_region_user *user, uint32_t region)
{
	uint32_t n = atomic_load_explicit(&user->kept[region], memory_order_relaxed);

	atomic_store_explicit(&user->kept[region], n - 1, memory_order_release);
}

/** flue_region_address() for C code, which does not take part in the unmapping. */
static inline void *
flue_region_at(int region)
{
	if (region <= 0 || region >= FLUE_MAX_REGIONS)
		return NULL;
	return flue_ref_at(flue_ref_make((uint32_t)region, 0), 1);
}

/**
 * A region that is a shared mapping of a new file of mode 0600. The file outlives the region; its
 * maker removes it.
 * @return region id, or -errno of making the file (-EEXIST when there is one already)
 */
int flue_region_create_file(const char *path, int64_t bytes);

/**
 * End of a region that C code owns: close it, and unmap it as well unless somebody asked for its
 * address by flue_region_address() and has not called flue_region_unmap() since. Then the unmapping
 * is theirs.
 */
void flue_region_release(int region);

/**
 * Be told of regions that somebody outside has asked the address of, now and from now on, and of
 * the end of each: nobody reads there any more, and the mapping goes. Called under the table's lock,
 * on any thread; they call no function of regions. One watcher; both may not be NULL.
 */
void flue_region_watch(void (*opened)(void *address, uint64_t bytes),
		void (*leaving)(void *address, uint64_t bytes));

/** The region an arena lies in. */
int flue_arena_region(const flue_arena *arena);

#endif /* FLUE_MEMORY_REGION_H */
