/* SPDX-License-Identifier: Apache-2.0 */

/* Frames of any content at an engine that has a connection over IPv4, or IPv6, or in a VLAN. What comes
 * up is, byte for byte, what came in; what the engine keeps to itself is a whole TCP segment of the
 * connection, by a parser of its own. Then the options of a header, by two parsers.
 *
 * Input: kinds of the tree, then for each frame {template, patches, bytes}; one in two comes behind a segment of
 * the connection in the same burst. */

#include "support/fuzz.h"

#define MOST_FRAME 1600

struct frames {
	struct fuzz *f;
	uint8_t last[MOST_FRAME];
	uint32_t len;
	uint32_t up; /* how many came up */
	uint16_t vlan;
};

/* ---- What may stay in the engine -------------------------------------------------------------- */

static bool
segment_in(const struct frames *r, const uint8_t *ip, uint32_t room)
{
	uint32_t at;
	uint32_t end;
	const uint8_t *tcp;

	if (r->f->ip6) {
		if (room < 40 || ip[0] >> 4 != 6 || ip[6] != 6)
			return false;
		at = 40;
		end = 40u + flue_load16be(ip + 4);
		if (memcmp(ip + 8, r->f->base + 3024, 16) != 0 ||
				memcmp(ip + 24, r->f->base + 3008, 16) != 0)
			return false;
	} else {
		if (room < 20 || ip[0] != 0x45 || ip[9] != 6 ||
				(flue_load16be(ip + 6) & 0x3fff) != 0)
			return false;
		at = 20;
		end = flue_load16be(ip + 2);
		if (memcmp(ip + 12, "\xc6\x12\0\x02\xc6\x12\0\x01", 8) != 0)
			return false;
	}
	if (end > room || end < at + 20)
		return false;
	tcp = ip + at;
	if (tcp[12] >> 4 < 5 || at + (tcp[12] >> 4) * 4u > end)
		return false;
	return flue_load16be(tcp) == 40000 && flue_load16be(tcp + 2) == 80;
}

static bool
ours(const struct frames *r)
{
	const uint8_t *p = r->last;
	uint32_t at = 14;
	uint16_t type;

	if (r->len < 14 || memcmp(p, FUZZ_OUR_MAC, 6) != 0)
		return false;
	type = flue_load16be(p + 12);
	if (type == 0x8100) {
		if (r->len < 18)
			return false;
		type = flue_load16be(p + 16);
		at = 18;
	}
	return type == (r->f->ip6 ? 0x86dd : 0x0800) && segment_in(r, p + at, r->len - at);
}

/* ---- What comes up ---------------------------------------------------------------------------- */

static void
same(const struct frames *r, flue_ref ref)
{
	const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
	struct flue_nb_walk w = { 0 };
	uint32_t at = 0;
	uint8_t *data;
	uint32_t len;

	fuzz_require(flue_nb_walk_begin(&w, flue_nb_at(nbl->first_net_buffer)) == 0,
			"a frame can be read");
	while (flue_nb_walk_next(&w, &data, &len) > 0) {
		fuzz_require(at + len <= r->len && memcmp(data, r->last + at, len) == 0,
				"a frame comes up as it came in");
		at += len;
	}
	fuzz_require(at == r->len, "a frame comes up whole");
}

static void
pass(struct frames *r, bool compare)
{
	const char *what;
	struct flue_up up;

	fuzz_pass(r->f, 1000000);
	while (fuzz_up(r->f, &up)) {
		if (up.op == FLUE_UP_RECEIVE_INDICATE) {
			fuzz_submit(r->f, FLUE_SUB_VERDICT, up.arg1, up.ref, 0, 0);
			fuzz_submit(r->f, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		} else if (up.op == FLUE_UP_FRAME) {
			if (compare)
				same(r, up.ref);
			r->up++;
			fuzz_submit(r->f, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
		}
	}
	what = flue_engine_broken(r->f->e);
	fuzz_require(what == NULL, what);
}

static void
arrive(struct frames *r, bool trusted)
{
	struct flue_conn *c = flue_conn_of(r->f->e, fuzz_token(r->f, 2));
	bool raw = c == NULL || (c->flags & (CONN_STOPPED | CONN_ABORTED));
	bool aside = c != NULL && c->set_aside;
	uint32_t before = r->up;

	if (!fuzz_receive(r->f, r->last, r->len, trusted ? FLUE_PKT_RX_CSUM_GOOD : 0))
		return;
	pass(r, !raw);
	if (!ours(r))
		fuzz_require(r->up == before + 1, "what is not the connection's comes up");
	else if (!raw && !aside && trusted)
		fuzz_require(r->up == before, "the connection's segments stay");
}

/* ---- What comes in ---------------------------------------------------------------------------- */

/** Headers in front of a segment, right but for what is patched later. @return where the segment begins */
static uint32_t
put_template(struct frames *r, uint8_t how)
{
	uint8_t *p = r->last;
	uint32_t at = fuzz_put_ip(r->f, p, 20);
	uint32_t extra = 0;

	if (how & 1) { /* a tag, or two */
		extra = how & 2 ? 8 : 4;
		memmove(p + 12 + extra, p + 12, at - 12);
		flue_store16be(p + 12, 0x8100);
		flue_store16be(p + 14, r->vlan);
		if (extra == 8) {
			flue_store16be(p + 16, 0x8100);
			flue_store16be(p + 18, 7);
		}
	}
	at += extra;
	if (how & 4) { /* an extension header or IP options */
		memset(p + at, 0, 8);
		if (r->f->ip6) {
			p[at] = 6;
			p[at - 40 + 6] = (how & 8) ? 44 : 0;
			flue_store16be(p + at - 40 + 4, 28);
		} else {
			memset(p + at, 1, 8);
			p[at - 20] = 0x47;
			flue_store16be(p + at - 20 + 2, 48);
		}
		at += 8;
	}
	memset(p + at, 0, 20);
	fuzz_put_ports(p + at);
	flue_store32be(p + at + 4, 0x1000);
	flue_store32be(p + at + 8, 0x2000);
	p[at + 12] = 0x50;
	p[at + 13] = TCP_ACK;
	return at;
}

/** A segment of the connection in front, in the same burst: what comes next may be taken for more of its flow. */
static void
lead(struct frames *r)
{
	const struct flue_conn *c = flue_conn_of(r->f->e, fuzz_token(r->f, 2));

	if (c == NULL || c->set_aside || (c->flags & (CONN_STOPPED | CONN_ABORTED)))
		return;
	r->len = put_template(r, 0) + 20;
	(void)fuzz_receive(r->f, r->last, r->len, FLUE_PKT_RX_CSUM_GOOD);
}

static void
frame(struct frames *r, struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in);
	uint8_t patches = fuzz_u8(in);
	const uint8_t *bytes;
	uint32_t n;

	if (how & 0x10)
		lead(r);
	r->len = how & 0x80 ? 0 : put_template(r, how) + 20;
	n = fuzz_bytes(in, &bytes, patches & 0x40 ? fuzz_u16(in) % 1400 : fuzz_u8(in) & 63);
	memcpy(r->last + r->len, bytes, n);
	r->len += n;
	for (patches &= 7; patches > 0; patches--) {
		uint8_t at = fuzz_u8(in);
		uint8_t value = fuzz_u8(in);

		if (at < r->len)
			r->last[at] = value;
	}
	if (how & 0x40) {
		uint32_t cut = fuzz_u8(in);

		r->len = cut < r->len ? r->len - cut : r->len;
	}
	arrive(r, !(how & 0x20));
}

/* ---- Options ---------------------------------------------------------------------------------- */

/** RFC 9293 3.1 to the letter, in another way: what lies at each place. */
static void
options(struct fuzz_in *in)
{
	uint8_t tcp[60] = { 0 };
	struct flue_segment s = { 0 };
	struct flue_segment want = { 0 };
	const uint8_t *bytes;
	uint32_t hlen = 20 + fuzz_u8(in) % 11 * 4u;
	uint8_t *exact = malloc(hlen);
	uint32_t n = fuzz_bytes(in, &bytes, hlen - 20);
	uint32_t at = 20;

	memcpy(tcp + 20, bytes, n);
	memcpy(exact, tcp, hlen);
	s.tcp = exact;
	s.hlen = (uint8_t)hlen;
	flue_segment_options(&s);
	while (at < hlen && tcp[at] != 0) {
		uint32_t size = tcp[at] == 1 ? 1 : at + 1 < hlen ? tcp[at + 1] : 0;

		if (tcp[at] != 1 && (size < 2 || at + size > hlen))
			break;
		if (tcp[at] == 8 && size == 10) {
			want.has_ts = true;
			want.tsval = flue_load32be(tcp + at + 2);
			want.tsecr = flue_load32be(tcp + at + 6);
		}
		if (tcp[at] == 5 && size > 2 && size % 8 == 2) {
			want.sacks = (uint8_t)(size / 8);
			want.sack[0].start = flue_load32be(tcp + at + 2);
			want.sack[want.sacks - 1].end = flue_load32be(tcp + at + size - 4);
		}
		at += size;
	}
	free(exact);
	fuzz_require(s.has_ts == want.has_ts && s.tsval == want.tsval && s.tsecr == want.tsecr,
			"timestamps are found as the RFC says");
	fuzz_require(s.sacks == want.sacks, "SACK blocks are found as the RFC says");
	if (want.sacks > 0)
		fuzz_require(s.sack[0].start == want.sack[0].start &&
						s.sack[want.sacks - 1].end ==
								want.sack[want.sacks - 1].end,
				"SACK blocks are read as they came");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flue_engine_config config = fuzz_config();
	struct fuzz_in in = { data, size };
	struct frames r = { 0 };
	uint8_t kind = fuzz_u8(&in);
	struct flue_neighbor_const *n;

	if (kind & 0x80) {
		while (in.left > 0)
			options(&in);
		return 0;
	}
	config.watch_interval_ms = kind & 8 ? 10 : 0;
	config.watch_fragments = 1;
	r.f = fuzz_new(&config);
	r.f->ip6 = kind & 1;
	fuzz_tree(r.f, kind & 2);
	r.vlan = kind & 4 ? 7 : 0;
	n = (struct flue_neighbor_const *)(r.f->base + FUZZ_NEIGHBOR + FLUE_NEIGHBOR_CONST_AT);
	n->vlan_id = r.vlan;
	fuzz_submit(r.f, FLUE_SUB_INITIATE, 0, fuzz_ref(r.f, FUZZ_NEIGHBOR), 0, 0);
	pass(&r, false);
	while (in.left > 0)
		frame(&r, &in);
	fuzz_submit(r.f, FLUE_SUB_TERMINATE, 0, fuzz_ref(r.f, FUZZ_TCP), 0, 0);
	pass(&r, false);
	pass(&r, false);
	fuzz_free(r.f);
	return 0;
}
