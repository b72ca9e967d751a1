/* SPDX-License-Identifier: Apache-2.0 */

/* Arenas: one region, carved from the front. */

#include <errno.h>
#include <stdlib.h>

#include "memory/node.h"
#include "memory/region.h"

#define ARENA_MIN_BYTES 4096

struct flue_arena {
	uint8_t *base;
	int64_t size;
	int64_t used;
	int region;
	int kind;
	int node;
};

int
flue_arena_create(int kind, int64_t bytes, int node, flue_arena **arena)
{
	flue_arena *a;
	int region;

	if (arena == NULL || bytes < ARENA_MIN_BYTES)
		return -EINVAL;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	region = node < 0 ? flue_region_create(kind, bytes)
			  : flue_region_create_on(kind, bytes, node);
	if (region < 0) {
		free(a);
		return region;
	}
	a->region = region;
	a->kind = kind;
	a->base = flue_region_at(region);
	a->size = flue_region_size(region) & ~(int64_t)(FLUE_CACHE_LINE - 1);
	a->node = kind == FLUE_REGION_HUGEPAGE ? flue_node_of(a->base, (uint64_t)a->size) : -1;
	*arena = a;
	return 0;
}

void *
flue_arena_alloc(flue_arena *arena, int64_t bytes)
{
	void *cell;

	/* size is a multiple of a line: what fits unrounded also fits rounded up. */
	if (bytes < 1 || bytes > arena->size - arena->used)
		return NULL;
	cell = arena->base + arena->used;
	arena->used += (bytes + FLUE_CACHE_LINE - 1) & ~(int64_t)(FLUE_CACHE_LINE - 1);
	return cell;
}

int
flue_arena_kind(const flue_arena *arena)
{
	return arena->kind;
}

int64_t
flue_arena_used(const flue_arena *arena)
{
	return arena->used;
}

int64_t
flue_arena_size(const flue_arena *arena)
{
	return arena->size;
}

int
flue_arena_region(const flue_arena *arena)
{
	return arena->region;
}

int
flue_arena_node(const flue_arena *arena)
{
	return arena->node;
}

void
flue_arena_destroy(flue_arena *arena)
{
	if (arena == NULL)
		return;
	flue_region_release(arena->region);
	free(arena);
}
