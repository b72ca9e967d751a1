/* SPDX-License-Identifier: Apache-2.0 */

/* Ordinary frames: the non-offload path shares port and channel with the connections. */

#include <string.h>

#include "engine/parts.h"
#include "tcp/bytes.h"

#define FRAME_REF(e, i) ((e)->frame_ref + (uint64_t)(i) * sizeof(struct flue_frame_shared))

void
flue_frame_up(struct flue_engine *e, struct flue_pkt *pkt)
{
	struct flue_frame_shared *f;
	uint32_t i;

	if (e->nchans == 0 || pkt->ref == FLUE_REF_NULL) {
		flue_count(e, FLUE_CTR_FRAMES_UP_DROPPED, 1);
		flue_pkt_release(pkt);
		return;
	}
	i = flue_ids_take(&e->frame_ids);
	if (unlikely(i == FLUE_NONE)) {
		flue_count(e, FLUE_CTR_FRAMES_UP_DROPPED, 1);
		flue_pkt_release(pkt);
		return;
	}
	/* Segments of connections need slabs more than the host needs another frame. */
	pkt = flue_pkt_spare(e, pkt, e->slabs.ids.size / 2);
	if (pkt == NULL) {
		flue_ids_give(&e->frame_ids, i);
		flue_count(e, FLUE_CTR_FRAMES_UP_DROPPED, 1);
		return;
	}
	e->frame_records[i] = (struct flue_record){ .pkts = pkt, .state = RECORD_LENT };
	pkt->next = NULL;
	f = &e->frame_shared[i];
	flue_zero_lines(f, sizeof(*f));
	f->nbl.first_net_buffer = FRAME_REF(e, i) + offsetof(struct flue_frame_shared, nb);
	f->nb.mdl_chain = FRAME_REF(e, i) + offsetof(struct flue_frame_shared, mdl);
	f->nb.current_mdl = f->nb.mdl_chain;
	f->nb.data_length = pkt->len;
	f->mdl.data = pkt->ref;
	f->mdl.byte_count = pkt->len;
	e->frame_records[i].bytes = FLUE_NONE;
	if (e->raw_tail != NULL) {
		e->raw_tail->next = FRAME_REF(e, i);
		e->frame_records[e->raw_last].bytes = i;
	} else {
		e->raw_first = i;
	}
	e->raw_last = i;
	e->raw_tail = &f->nbl;
	e->raw_count++;
}

/** Packet and record back to their pools. */
static void
frame_release(struct flue_engine *e, uint32_t i)
{
	flue_pkt_release(e->frame_records[i].pkts);
	e->frame_records[i] = (struct flue_record){ 0 };
	flue_ids_give(&e->frame_ids, i);
}

void
flue_frames_flush(struct flue_engine *e)
{
	uint32_t i = e->raw_first;

	if (e->raw_count == 0)
		return;
	if (flue_up_room(&e->chans[0])) {
		(void)flue_up_put(&e->chans[0], FLUE_UP_FRAME, 0, 0, FRAME_REF(e, i), 0);
		flue_count(e, FLUE_CTR_FRAMES_UP, e->raw_count);
	} else {
		flue_count(e, FLUE_CTR_FRAMES_UP_DROPPED, e->raw_count);
		while (i != FLUE_NONE) {
			uint32_t next = e->frame_records[i].bytes;

			frame_release(e, i);
			i = next;
		}
	}
	e->raw_tail = NULL;
	e->raw_count = 0;
}

void
flue_frames_return(struct flue_engine *e, flue_ref ref)
{
	uint32_t n;

	for (n = 0; n < e->frame_ids.size && ref != FLUE_REF_NULL; n++) {
		uint64_t at = ref - e->frame_ref;
		uint32_t i = (uint32_t)(at / sizeof(struct flue_frame_shared));

		if (ref < e->frame_ref || at % sizeof(struct flue_frame_shared) != 0 ||
				at / sizeof(struct flue_frame_shared) >= e->frame_ids.size ||
				e->frame_records[i].state != RECORD_LENT) {
			flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
			return;
		}
		ref = __atomic_load_n(&e->frame_shared[i].nbl.next, __ATOMIC_RELAXED);
		frame_release(e, i);
	}
}

/** Gather one frame into a packet. @return false when it is broken or too long */
static bool
frame_copy(struct flue_engine *e, struct flue_pkt *pkt, const struct flue_net_buffer_list *nbl)
{
	const struct flue_net_buffer *nb =
			flue_nb_at(__atomic_load_n(&nbl->first_net_buffer, __ATOMIC_RELAXED));
	struct flue_nb_walk w;
	uint8_t *data;
	uint32_t len;
	int rc;

	if (nb == NULL || flue_nb_walk_begin(&w, nb) < 0)
		return false;
	if (w.left < 14 || w.left > (uint32_t)e->port->mtu + 18)
		return false;
	while ((rc = flue_nb_walk_next(&w, &data, &len)) > 0) {
		/* A host may name any region, the port's own buffers, too. */
		memmove(pkt->data + pkt->len, data, len);
		pkt->len = (uint16_t)(pkt->len + len);
	}
	return rc == 0;
}

bool
flue_frames_send(struct flue_engine *e, struct flue_chan *ch, flue_ref ref)
{
	flue_ref at = ref;
	int n;
	int i;

	/* All of the chain or nothing: a submission is not half taken. */
	for (n = 0; n < FLUE_MAX_NBLS_PER_CALL && at != FLUE_REF_NULL; n++) {
		const struct flue_net_buffer_list *nbl = flue_nbl_at(at);

		if (nbl == NULL)
			break;
		at = __atomic_load_n(&nbl->next, __ATOMIC_RELAXED);
	}
	if (n > 0 && flue_txq_room(e) < 1)
		return false;
	for (i = 0; i < n; i++) {
		struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
		struct flue_pkt *pkt;
		flue_ref next;

		if (nbl == NULL || ref == ch->frames.tail)
			break;
		next = __atomic_load_n(&nbl->next, __ATOMIC_RELAXED);
		if (flue_txq_room(e) == 0)
			flue_txq_flush(e);
		nbl->status = FLUE_STATUS_RESOURCES;
		pkt = flue_txq_room(e) > 0 ? flue_tx_alloc(e) : NULL;
		if (pkt != NULL && frame_copy(e, pkt, nbl)) {
			nbl->status = FLUE_STATUS_SUCCESS;
			flue_txq_push(e, pkt);
			flue_count(e, FLUE_CTR_FRAMES_DOWN, 1);
		} else if (pkt != NULL) {
			nbl->status = FLUE_STATUS_FAILURE;
			flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
			flue_pkt_release(pkt);
		}
		flue_chain_append(&ch->frames, ref, nbl, 0);
		ref = next;
	}
	if (n == 0)
		flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
	ch->frames.credits++;
	return true;
}
