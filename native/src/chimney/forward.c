/* SPDX-License-Identifier: Apache-2.0 */

/* Segments the host re-injects. Each is put on a slab behind a frame header of its own and takes
 * the way of a received one; a reassembled one that is too long is cut into several. */

#include <string.h>

#include "engine/parts.h"
#include "tcp/csum.h"
#include "tcp/tcp.h"

#define SEGMENT_MAX 65535u
#define CHUNK       1400u

/** Congestion experienced, in the low bits of the traffic class (RFC 3168, 5). */
#define ECN_CE 0x3

/** Gathering reader over the segment's buffers. */
struct reader {
	struct flue_nb_walk walk;
	uint8_t *data;
	uint32_t len;
};

static bool
read_bytes(struct reader *r, uint8_t *to, uint32_t n)
{
	while (n > 0) {
		uint32_t part;

		if (r->len == 0 && flue_nb_walk_next(&r->walk, &r->data, &r->len) <= 0)
			return false;
		part = r->len < n ? r->len : n;
		/* A host may name any region, the slabs, too. */
		memmove(to, r->data, part);
		to += part;
		n -= part;
		r->data += part;
		r->len -= part;
	}
	return true;
}

/** Ethernet and IP header as the peer would have sent them; `ecn` as it came. @return bytes */
static uint32_t
put_peer_head(struct flue_engine *e, const struct flue_conn *c, uint8_t *at, uint32_t tcp_len,
		uint8_t ecn, uint64_t *pseudo)
{
	const struct flue_path *p = &e->paths[c->path];
	uint8_t *ip = at + 14;

	memcpy(at, e->port->mac, 6);
	memcpy(at + 6, p->head, 6);
	*pseudo = (uint64_t)p->pseudo + __builtin_bswap16((uint16_t)tcp_len);
	if (p->ip6) {
		memset(ip, 0, 8);
		flue_store16be(at + 12, 0x86dd);
		ip[0] = 0x60;
		ip[1] = (uint8_t)(ecn << 4);
		flue_store16be(ip + 4, (uint16_t)tcp_len);
		ip[6] = 6;
		ip[7] = 64;
		memcpy(ip + 8, p->remote, 16);
		memcpy(ip + 24, p->local, 16);
		return 54;
	}
	memset(ip, 0, 20);
	flue_store16be(at + 12, 0x0800);
	ip[0] = 0x45;
	ip[1] = ecn;
	flue_store16be(ip + 2, (uint16_t)(tcp_len + 20));
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, p->remote, 4);
	memcpy(ip + 16, p->local, 4);
	flue_store16(ip + 10, flue_csum_finish(flue_csum_add(ip, 20, 0)));
	return 34;
}

/** The urgent pointer counts from the segment's number, which is the chunk's now. */
static void
place_urgent(uint8_t *tcp, uint32_t offset)
{
	uint16_t pointer = flue_load16be(tcp + 18);

	if (!(tcp[13] & TCP_URG) || offset == 0)
		return;
	if (pointer > offset)
		flue_store16be(tcp + 18, (uint16_t)(pointer - offset));
	else
		tcp[13] &= (uint8_t)~TCP_URG;
}

/** One chunk in. @return false when its bytes cannot be read */
static bool
chunk_in(struct flue_engine *e, struct flue_conn *c, struct reader *r, const uint8_t *header,
		uint32_t hlen, uint32_t offset, uint32_t len, bool last, uint32_t flags)
{
	struct flue_pkt *pkt = flue_slab_take(e);
	struct flue_segment s;
	uint64_t sum;
	uint8_t *tcp;

	/* No slab: like a segment lost on the wire. */
	if (pkt == NULL)
		return true;
	tcp = pkt->data + put_peer_head(e, c, pkt->data, hlen + len,
					  flags & FLUE_NBL_MARKED ? ECN_CE : 0, &sum);
	memcpy(tcp, header, hlen);
	flue_store32be(tcp + 4, flue_load32be(header + 4) + offset);
	if (!last)
		tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	place_urgent(tcp, offset);
	if (!read_bytes(r, tcp + hlen, len)) {
		flue_pkt_release(pkt);
		return false;
	}
	pkt->len = (uint16_t)(tcp + hlen + len - pkt->data);
	/* The host verified the segment; this makes it a valid frame, in case it goes up again. */
	flue_store16(tcp + 16, 0);
	flue_store16(tcp + 16, flue_csum_finish(flue_csum_add(tcp, hlen + len, sum)));
	pkt->flags |= FLUE_PKT_RX_CSUM_GOOD;
	if (!flue_segment_parse(e, pkt, &s) || s.key.ports != c->ports) {
		flue_pkt_release(pkt);
		return false;
	}
	s.forwarded = true;
	s.told = (flags & FLUE_NBL_TOLD) != 0;
	/* The chunk before may have ended the processing; a reset ends it for good. */
	if (c->flags & CONN_ABORTED)
		flue_pkt_release(pkt);
	else if (c->flags & CONN_STOPPED)
		flue_tcp_unprocessed(e, c, pkt);
	else {
		flue_tcp_segment(e, c, &s);
		flue_tcp_segments_end(e, c);
	}
	/* To IP it was the host's; TCP sees it here. A reassembled one is one segment. */
	e->stats[s.key.ip6].tcp.in_segments += last;
	return true;
}

/** @return status of this NBL */
static uint32_t
forward_one(struct flue_engine *e, struct flue_conn *c, const struct flue_net_buffer_list *nbl)
{
	const struct flue_net_buffer *nb =
			flue_nb_at(__atomic_load_n(&nbl->first_net_buffer, __ATOMIC_RELAXED));
	struct reader r = { .len = 0 };
	uint8_t header[60];
	uint32_t hlen;
	uint32_t left;
	uint32_t done = 0;
	uint32_t flags = __atomic_load_n(&nbl->flags, __ATOMIC_RELAXED);

	if (nb == NULL || flue_nb_walk_begin(&r.walk, nb) < 0)
		return FLUE_STATUS_FAILURE;
	left = r.walk.left;
	if (left < 20 || left > SEGMENT_MAX || !read_bytes(&r, header, 20))
		return FLUE_STATUS_FAILURE;
	hlen = (header[12] >> 4) * 4u;
	if (hlen < 20 || hlen > left || !read_bytes(&r, header + 20, hlen - 20))
		return FLUE_STATUS_FAILURE;
	left -= hlen;
	do {
		uint32_t n = left < CHUNK ? left : CHUNK;

		if (!chunk_in(e, c, &r, header, hlen, done, n, n == left, flags))
			return FLUE_STATUS_FAILURE;
		left -= n;
		done += n;
	} while (left > 0);
	return FLUE_STATUS_SUCCESS;
}

static uint32_t
refusal(const struct flue_conn *c)
{
	if (c == NULL)
		return FLUE_STATUS_INVALID_STATE;
	if (c->flags & CONN_ABORTED)
		return FLUE_STATUS_REQUEST_ABORTED;
	if (c->flags & (CONN_STOPPED | CONN_TERMINATING | CONN_INVALID))
		return FLUE_STATUS_UPLOAD_IN_PROGRESS;
	return 0;
}

void
flue_forward_submit(struct flue_engine *e, struct flue_chan *ch, uint64_t token, flue_ref ref)
{
	struct flue_conn *c = flue_conn_of(e, token);
	struct flue_chain chain = { 0 };
	flue_ref root = ref;
	int i;

	if (c != NULL && c->channel != ch->index)
		c = NULL;
	if (c == NULL)
		flue_count(e, FLUE_CTR_STALE_TOKENS, 1);
	for (i = 0; i < FLUE_MAX_NBLS_PER_CALL && ref != FLUE_REF_NULL; i++) {
		struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
		uint32_t status = refusal(c);
		flue_ref next;

		if (nbl == NULL || ref == chain.tail) {
			flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
			break;
		}
		next = __atomic_load_n(&nbl->next, __ATOMIC_RELAXED);
		if (status == 0) {
			flue_count(e, FLUE_CTR_FORWARDED, 1);
			status = forward_one(e, c, nbl);
			if (status != FLUE_STATUS_SUCCESS)
				flue_count(e, FLUE_CTR_BAD_SUBMISSIONS, 1);
		}
		nbl->status = status;
		flue_chain_append(&chain, ref, nbl, 0);
		ref = next;
	}
	(void)flue_up_put(ch, FLUE_UP_FORWARD_COMPLETE, 1, 0, chain.head ? chain.head : root, 0);
}
