/* SPDX-License-Identifier: Apache-2.0 */

/* Following what Java wrote: every reference is bounded, every field read once. */

#include <errno.h>

#include "engine/parts.h"

static uint64_t
read64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static uint32_t
read32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

struct flue_net_buffer_list *
flue_nbl_at(flue_ref ref)
{
	if (unlikely(ref & 7))
		return NULL;
	return flue_ref_at(ref, sizeof(struct flue_net_buffer_list));
}

struct flue_net_buffer *
flue_nb_at(flue_ref ref)
{
	if (unlikely(ref & 7))
		return NULL;
	return flue_ref_at(ref, sizeof(struct flue_net_buffer));
}

static struct flue_mdl *
mdl_at(flue_ref ref)
{
	if (unlikely(ref & 7))
		return NULL;
	return flue_ref_at(ref, sizeof(struct flue_mdl));
}

int
flue_nb_walk_begin(struct flue_nb_walk *w, const struct flue_net_buffer *nb)
{
	w->mdl = read64(&nb->current_mdl);
	w->offset = read32(&nb->current_mdl_offset);
	w->left = read32(&nb->data_length);
	w->mdls = 0;
	w->region = 0;
	/* More than 2 GiB cannot lie in a region. */
	return w->left > INT32_MAX ? -EINVAL : 0;
}

int
flue_nb_walk_next(struct flue_nb_walk *w, uint8_t **data, uint32_t *len)
{
	while (w->left > 0) {
		const struct flue_mdl *mdl = mdl_at(w->mdl);
		flue_ref at;
		uint32_t count;
		uint32_t n;

		if (mdl == NULL || ++w->mdls > FLUE_MAX_MDLS_PER_NB)
			return -EINVAL;
		at = read64(&mdl->data);
		count = read32(&mdl->byte_count);
		w->mdl = read64(&mdl->next);
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

uint32_t
flue_nb_advance(struct flue_net_buffer *nb, uint32_t bytes)
{
	uint32_t length = read32(&nb->data_length);
	uint32_t offset = read32(&nb->current_mdl_offset);
	flue_ref at = read64(&nb->current_mdl);
	uint32_t moved;
	uint32_t left;
	int i;

	if (bytes > length)
		bytes = length;
	left = bytes;
	for (i = 0; i < FLUE_MAX_MDLS_PER_NB; i++) {
		const struct flue_mdl *mdl = mdl_at(at);
		uint32_t count;
		flue_ref next;

		if (mdl == NULL)
			break;
		count = read32(&mdl->byte_count);
		next = read64(&mdl->next);
		moved = count > offset ? count - offset : 0;
		if (moved > left || (moved == left && next == FLUE_REF_NULL)) {
			offset += left;
			left = 0;
			break;
		}
		if (next == FLUE_REF_NULL)
			break;
		left -= moved;
		at = next;
		offset = 0;
		if (left == 0)
			break;
	}
	bytes -= left;
	nb->current_mdl = at;
	nb->current_mdl_offset = offset;
	nb->data_offset += bytes;
	nb->data_length = length - bytes;
	return bytes;
}

void
flue_nbl_advance(struct flue_net_buffer_list *nbl, uint32_t bytes)
{
	flue_ref at = read64(&nbl->first_net_buffer);
	int i;

	for (i = 0; i < FLUE_MAX_NBS_PER_NBL && bytes > 0; i++) {
		struct flue_net_buffer *nb = flue_nb_at(at);
		uint32_t length;

		if (nb == NULL)
			return;
		length = read32(&nb->data_length);
		if (length > bytes)
			length = bytes;
		if (flue_nb_advance(nb, length) != length)
			return;
		bytes -= length;
		at = read64(&nb->next);
	}
}
