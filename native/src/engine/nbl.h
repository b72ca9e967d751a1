/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_ENGINE_NBL_H
#define FLUE_ENGINE_NBL_H

/** @file Following buffer lists that others wrote: every reference is bounded, every field read once. In
 *  line, for each send goes through here twice. Owner thread, within a pass. */

#include <errno.h>

#include "engine/priv.h"

static inline uint64_t
flue_read64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline uint32_t
flue_read32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/** NBL behind a reference; NULL when it does not resolve or is not aligned. */
static inline struct flue_net_buffer_list *
flue_nbl_at(flue_ref ref)
{
	if (unlikely(ref & 7))
		return NULL;
	return flue_ref_at(ref, sizeof(struct flue_net_buffer_list));
}

static inline struct flue_net_buffer *
flue_nb_at(flue_ref ref)
{
	if (unlikely(ref & 7))
		return NULL;
	return flue_ref_at(ref, sizeof(struct flue_net_buffer));
}

static inline struct flue_mdl *
flue_mdl_at(flue_ref ref)
{
	if (unlikely(ref & 7))
		return NULL;
	return flue_ref_at(ref, sizeof(struct flue_mdl));
}

/** The usual list: one NBL with one NB with one MDL, which follow one another in memory. Hosts make their buffers
 *  so; a list is it by what its references say, and takes one look where others take three. */
struct flue_compact {
	struct flue_net_buffer_list nbl;
	struct flue_net_buffer nb;
	struct flue_mdl mdl;
};

/** Is the list behind the reference, which resolves, one? The NBL may have a next one. */
static inline bool
flue_is_compact(const struct flue_compact *l, flue_ref ref)
{
	return flue_read64(&l->nbl.first_net_buffer) == ref + offsetof(struct flue_compact, nb) &&
	       flue_read64(&l->nb.current_mdl) == ref + offsetof(struct flue_compact, mdl) &&
	       flue_read64(&l->nb.next) == FLUE_REF_NULL;
}

/** Position in the data of one NB. */
struct flue_nb_walk {
	flue_ref mdl;
	uint32_t offset;
	uint32_t left;
	uint32_t region; /* of the last piece */
	int mdls;
};

/** @return 0, -EINVAL */
static inline int
flue_nb_walk_begin(struct flue_nb_walk *w, const struct flue_net_buffer *nb)
{
	w->mdl = flue_read64(&nb->current_mdl);
	w->offset = flue_read32(&nb->current_mdl_offset);
	w->left = flue_read32(&nb->data_length);
	w->mdls = 0;
	w->region = 0;
	/* More than 2 GiB cannot lie in a region. */
	return w->left > INT32_MAX ? -EINVAL : 0;
}

/** Next piece of memory. @return 1, 0 at the end, -EINVAL (broken chain) */
static inline int
flue_nb_walk_next(struct flue_nb_walk *w, uint8_t **data, uint32_t *len)
{
	while (w->left > 0) {
		const struct flue_mdl *mdl = flue_mdl_at(w->mdl);
		flue_ref at;
		uint32_t count;
		uint32_t n;

		if (mdl == NULL || ++w->mdls > FLUE_MAX_MDLS_PER_NB)
			return -EINVAL;
		at = flue_read64(&mdl->data);
		count = flue_read32(&mdl->byte_count);
		w->mdl = flue_read64(&mdl->next);
		if (w->offset > count)
			return -EINVAL;
		n = count - w->offset;
		if (n > w->left)
			n = w->left;
		if (n == 0) {
			w->offset = 0;
			continue;
		}
		*data = flue_ref_at(at, (uint64_t)w->offset + n);
		if (*data == NULL)
			return -EINVAL;
		*data += w->offset;
		w->region = flue_ref_region(at);
		*len = n;
		w->offset = 0;
		w->left -= n;
		return 1;
	}
	return 0;
}

/** Move the start of data on by `bytes`, at most data_length. @return how many bytes it moved */
uint32_t flue_nb_advance(struct flue_net_buffer *nb, uint32_t bytes);
/** The same over all NBs of an NBL. */
void flue_nbl_advance(struct flue_net_buffer_list *nbl, uint32_t bytes);

#endif /* FLUE_ENGINE_NBL_H */
