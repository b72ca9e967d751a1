/* SPDX-License-Identifier: Apache-2.0 */

/* Moving the start of the data of buffer lists. */

#include "engine/parts.h"

uint32_t
flue_nb_advance(struct flue_net_buffer *nb, uint32_t bytes)
{
	uint32_t length = flue_read32(&nb->data_length);
	uint32_t offset = flue_read32(&nb->current_mdl_offset);
	flue_ref at = flue_read64(&nb->current_mdl);
	uint32_t moved;
	uint32_t left;
	int i;

	if (bytes > length)
		bytes = length;
	left = bytes;
	for (i = 0; i < FLUE_MAX_MDLS_PER_NB; i++) {
		const struct flue_mdl *mdl = flue_mdl_at(at);
		uint32_t count;
		flue_ref next;

		if (mdl == NULL)
			break;
		count = flue_read32(&mdl->byte_count);
		next = flue_read64(&mdl->next);
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
	flue_ref at = flue_read64(&nbl->first_net_buffer);
	int i;

	for (i = 0; i < FLUE_MAX_NBS_PER_NBL && bytes > 0; i++) {
		struct flue_net_buffer *nb = flue_nb_at(at);
		uint32_t length;

		if (nb == NULL)
			return;
		length = flue_read32(&nb->data_length);
		if (length > bytes)
			length = bytes;
		if (flue_nb_advance(nb, length) != length)
			return;
		bytes -= length;
		at = flue_read64(&nb->next);
	}
}
