/* SPDX-License-Identifier: Apache-2.0 */

/* The harness's buffers, its peer, and what it makes of frames. */

#include <arpa/inet.h>
#include <string.h>

#include "support/fake_port.h"
#include "tcp/csum.h"

/* ---- Buffers -------------------------------------------------------------------------------- */

struct flue_net_buffer_list *
nbl_at(struct harness *h, flue_ref ref)
{
	return java_at(h, ref);
}

flue_ref
nbl_new(struct harness *h, const void *data, uint32_t len, int pieces)
{
	struct {
		struct flue_net_buffer_list nbl;
		struct flue_net_buffer nb;
		struct flue_mdl mdl[8];
	} * b;
	flue_ref ref;
	flue_ref bytes;
	uint8_t *to;
	uint32_t done = 0;
	int i;

	assert_true(pieces >= 1 && pieces <= 8);
	b = java_alloc(h, sizeof(*b), &ref);
	to = java_alloc(h, len + 1, &bytes);
	if (data != NULL)
		memcpy(to, data, len);
	b->nbl.first_net_buffer = ref + 128;
	b->nb.mdl_chain = ref + 192;
	b->nb.current_mdl = ref + 192;
	b->nb.data_length = len;
	for (i = 0; i < pieces; i++) {
		uint32_t n = i == pieces - 1 ? len - done : len / (uint32_t)pieces;

		b->mdl[i].data = bytes + done;
		b->mdl[i].byte_count = n;
		b->mdl[i].next = i == pieces - 1 ? 0 : ref + 192 + 32 * (uint64_t)(i + 1);
		done += n;
	}
	return ref;
}

void
nbl_link(struct harness *h, flue_ref first, flue_ref next)
{
	nbl_at(h, first)->next = next;
}

/* ---- The peer ------------------------------------------------------------------------------- */

void
inject(struct harness *h, const void *frame, uint32_t len)
{
	fake_port_inject(h->port, frame, len);
}

static uint32_t
put_ip(struct conn *c, uint8_t *ip, uint32_t tcp_len, uint64_t *pseudo)
{
	if (c->ip6) {
		memset(ip, 0, 40);
		flue_store16be(ip, (uint16_t)(0x6000 | c->peer_tos << 4));
		flue_store16be(ip + 4, (uint16_t)tcp_len);
		ip[6] = 6;
		ip[7] = 64;
		inet_pton(AF_INET6, "2001:db8::2", ip + 8);
		inet_pton(AF_INET6, "2001:db8::1", ip + 24);
		*pseudo = flue_csum_add(ip + 8, 32, htons(6) + htons((uint16_t)tcp_len));
		return 40;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = c->peer_tos;
	flue_store16be(ip + 2, (uint16_t)(20 + tcp_len));
	ip[8] = 64;
	ip[9] = 6;
	inet_pton(AF_INET, "198.18.0.2", ip + 12);
	inet_pton(AF_INET, "198.18.0.1", ip + 16);
	flue_store16(ip + 10, flue_csum_finish(flue_csum_add(ip, 20, 0)));
	*pseudo = flue_csum_add(ip + 12, 8, htons(6) + htons((uint16_t)tcp_len));
	return 20;
}

uint32_t
peer_frame(struct conn *c, uint8_t *frame, uint8_t flags, uint32_t seq, uint32_t ack,
		const void *data, uint32_t len, uint16_t win, const uint32_t *ts)
{
	uint8_t options[12];

	flue_store32be(options, UINT32_C(0x0101080a));
	flue_store32be(options + 4, ts != NULL ? ts[0] : 0);
	flue_store32be(options + 8, ts != NULL ? ts[1] : 0);
	return peer_frame_with(
			c, frame, flags, seq, ack, data, len, win, options, ts != NULL ? 12 : 0);
}

uint32_t
peer_frame_with(struct conn *c, uint8_t *frame, uint8_t flags, uint32_t seq, uint32_t ack,
		const void *data, uint32_t len, uint16_t win, const uint8_t *options,
		uint32_t options_len)
{
	uint32_t hlen = 20 + options_len;
	uint64_t pseudo;
	uint8_t *tcp;

	memcpy(frame, OUR_MAC, 6);
	memcpy(frame + 6, PEER_MAC, 6);
	flue_store16be(frame + 12, c->ip6 ? 0x86dd : 0x0800);
	tcp = frame + 14 + put_ip(c, frame + 14, hlen + len, &pseudo);
	memset(tcp, 0, 20);
	flue_store16be(tcp, c->port);
	flue_store16be(tcp + 2, 80);
	flue_store32be(tcp + 4, c->irs + seq);
	flue_store32be(tcp + 8, c->iss + ack);
	tcp[12] = (uint8_t)(hlen << 2);
	tcp[13] = flags;
	flue_store16be(tcp + 14, win);
	if (options_len > 0)
		memcpy(tcp + 20, options, options_len);
	if (len > 0)
		memcpy(tcp + hlen, data, len);
	flue_store16(tcp + 16, flue_csum_finish(flue_csum_add(tcp, hlen + len, pseudo)));
	return (uint32_t)(tcp + hlen + len - frame);
}

void
inject_raw(struct harness *h)
{
	static const uint8_t arp[60] = "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\xaa\x08\x06";

	inject(h, arp, sizeof(arp));
}

void
fill_half_with_frames(struct harness *h)
{
	int i;

	/* A pass puts one entry, and half of the ring is 128. */
	for (i = 0; i < 130; i++) {
		inject_raw(h);
		poll_engine(h);
	}
}

void
peer(struct harness *h, struct conn *c, uint8_t flags, uint32_t seq, uint32_t ack, const void *data,
		uint32_t len, uint16_t win)
{
	uint8_t frame[2048];

	inject(h, frame, peer_frame(c, frame, flags, seq, ack, data, len, win, NULL));
}

void
peer_ts(struct harness *h, struct conn *c, uint8_t flags, uint32_t seq, uint32_t ack,
		const void *data, uint32_t len, uint16_t win, uint32_t tsval, uint32_t tsecr)
{
	uint32_t ts[2] = { tsval, tsecr };
	uint8_t frame[2048];

	inject(h, frame, peer_frame(c, frame, flags, seq, ack, data, len, win, ts));
}

bool
frame_segment(const uint8_t *frame, uint32_t len, uint32_t *at, uint32_t *tcp_len)
{
	const uint8_t *ip = frame + 14;
	bool ip6;
	uint64_t pseudo;

	if (len < 54)
		return false;
	ip6 = flue_load16be(frame + 12) == 0x86dd;
	*at = ip6 ? 54 : 34;
	*tcp_len = ip6 ? flue_load16be(ip + 4) : flue_load16be(ip + 2) - 20u;
	if (*tcp_len < 20 || *tcp_len > 65535 || *at + *tcp_len > len || ip[ip6 ? 6 : 9] != 6)
		return false;
	pseudo = flue_csum_add(ip + (ip6 ? 8 : 12), ip6 ? 32 : 8, htons(6));
	pseudo += htons((uint16_t)*tcp_len);
	return flue_csum_fold(flue_csum_add(frame + *at, *tcp_len, pseudo)) == 0xffff;
}

static void
check_checksums(const uint8_t *ip, const uint8_t *tcp, uint32_t seg_len, bool ip6)
{
	uint64_t pseudo = ip6 ? flue_csum_add(ip + 8, 32, 0) : flue_csum_add(ip + 12, 8, 0);

	pseudo += htons(6) + htons((uint16_t)seg_len);
	if (!ip6)
		assert_int_equal(flue_csum_fold(flue_csum_add(ip, 20, 0)), 0xffff);
	assert_int_equal(flue_csum_fold(flue_csum_add(tcp, seg_len, pseudo)), 0xffff);
}

/** @return false: not the options we send, or a length of theirs is wrong (RFC 9293 3.1) */
static bool
read_options(const struct conn *c, const uint8_t *tcp, struct seen *s)
{
	const uint8_t *p = tcp + 20;
	const uint8_t *end = tcp + s->hlen;
	int i;

	while (p + 2 < end && p[0] == 1 && p[1] == 1) {
		const uint8_t *option = p + 2;

		if (option + 2 > end || option[1] < 2 || option + option[1] > end)
			return false;
		if (option[0] == 8 && option[1] == 10) {
			s->ts = true;
			s->tsval = flue_load32be(option + 2);
			s->tsecr = flue_load32be(option + 6);
		} else if (option[0] == 5 && option[1] % 8 == 2) {
			s->sacks = option[1] / 8;
			for (i = 0; i < 2 * s->sacks; i++)
				s->sack[i / 2][i % 2] = flue_load32be(option + 2 + 4 * i) - c->irs;
		} else {
			return false;
		}
		p = option + option[1];
	}
	return p == end;
}

bool
sent_next(struct harness *h, struct conn *c, struct seen *s)
{
	const uint8_t *f;
	const uint8_t *ip;
	const uint8_t *tcp;
	uint32_t hlen;
	uint32_t seg_len;
	bool ip6;

	if (h->port->seen == h->port->sent_count)
		return false;
	f = h->port->sent[h->port->seen].bytes;
	memset(s, 0, sizeof(*s));
	s->lent = h->port->sent[h->port->seen].ext;
	ip = f + 14;
	assert_memory_equal(f, PEER_MAC, 6);
	assert_memory_equal(f + 6, OUR_MAC, 6);
	ip6 = flue_load16be(f + 12) == 0x86dd;
	tcp = ip + (ip6 ? 40 : 20);
	seg_len = ip6 ? flue_load16be(ip + 4) : flue_load16be(ip + 2) - 20u;
	assert_int_equal(h->port->sent[h->port->seen].len, tcp - f + seg_len);
	check_checksums(ip, tcp, seg_len, ip6);
	if (!ip6) {
		assert_int_equal(flue_load16be(ip + 6), 0x4000);
		s->ip_id = flue_load16be(ip + 4);
		assert_true(s->ip_id >= 0x8000);
	}
	h->port->seen++;
	hlen = (tcp[12] >> 4) * 4u;
	s->frame = f;
	s->ttl = ip6 ? ip[7] : ip[8];
	s->tos = ip6 ? (uint8_t)(flue_load16be(ip) >> 4) : ip[1];
	s->seq = flue_load32be(tcp + 4) - c->iss;
	s->ack = flue_load32be(tcp + 8) - c->irs;
	s->flags = tcp[13];
	s->win = flue_load16be(tcp + 14);
	s->payload = tcp + hlen;
	s->len = seg_len - hlen;
	s->sport = flue_load16be(tcp);
	assert_int_equal(flue_load16be(tcp + 2), c->port);
	s->hlen = (uint8_t)hlen;
	assert_true(read_options(c, tcp, s));
	return true;
}

struct seen
sent_expect(struct harness *h, struct conn *c)
{
	struct seen s;

	if (!sent_next(h, c, &s))
		fail_msg("nothing was sent");
	return s;
}

void
sent_none(struct harness *h)
{
	assert_int_equal(h->port->sent_count - h->port->seen, 0);
}

/* ---- Received data -------------------------------------------------------------------------- */

uint32_t
gather(struct harness *h, flue_ref nbl, uint8_t *buf)
{
	const struct flue_net_buffer_list *l = flue_nbl_at(nbl);
	const struct flue_net_buffer *nb;
	struct flue_nb_walk w = { 0 };
	uint32_t total = 0;
	uint8_t *data;
	uint32_t len;

	(void)h;
	assert_non_null(l);
	nb = flue_nb_at(l->first_net_buffer);
	assert_non_null(nb);
	assert_int_equal(nb->next, 0);
	assert_int_equal(flue_nb_walk_begin(&w, nb), 0);
	while (flue_nb_walk_next(&w, &data, &len) > 0) {
		memcpy(buf + total, data, len);
		total += len;
	}
	return total;
}

void
verdict(struct harness *h, struct conn *c, flue_ref nbl, uint32_t status, uint64_t bytes)
{
	submit(h, FLUE_SUB_VERDICT, c->token, nbl, status, bytes);
}

uint32_t
accept_data(struct harness *h, struct conn *c, uint8_t *buf)
{
	struct flue_up up = up_expect(h, FLUE_UP_RECEIVE_INDICATE);
	uint32_t n = gather(h, up.ref, buf);

	assert_true(up.handle == c->handle_ref);
	assert_true(up.arg1 == c->token);
	verdict(h, c, up.ref, FLUE_STATUS_SUCCESS, n);
	poll_engine(h);
	submit(h, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
	poll_engine(h);
	return n;
}
