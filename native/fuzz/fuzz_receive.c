/* SPDX-License-Identifier: Apache-2.0 */

/* The receiving side as a host and a peer can drive it in any order: segments, posted requests,
 * verdicts, forwards, time, at last a terminate. Whatever the order, each byte of the stream reaches
 * the host once and in its place.
 *
 * Input: {action u8, a u8, b u8} ... */

#include "support/fuzz.h"

#define IRS        0x1000u
#define POSTS      16
#define POST_AT    65536u /* offset in the host's memory; 4096 bytes each: NBL, NB, MDLs, buffer */
#define POST_ROOM  3500u
#define FORWARDS   8
#define FORWARD_AT 160000u /* 2048 bytes each */

struct receiver {
	struct fuzz *f;
	uint64_t token;
	uint32_t delivered; /* bytes the host has taken */
	flue_ref indicated; /* waits for the verdict */
	uint32_t indicated_bytes;
	bool posted[POSTS];
	bool forwarding[FORWARDS];
	bool terminated;
};

static uint8_t
byte_at(uint32_t i)
{
	return (uint8_t)(i * 131 + (i >> 8) * 7);
}

static void
require(bool truth)
{
	fuzz_require(truth, "each byte reaches the host once, each buffer comes back once");
}

static void
took(struct receiver *r, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		require(data[i] == byte_at(r->delivered + i));
	r->delivered += len;
}

/** Take the first `bytes` of an NBL's data. */
static void
took_nbl(struct receiver *r, flue_ref ref, uint32_t bytes)
{
	const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
	struct flue_nb_walk w = { 0 };
	uint8_t *data;
	uint32_t len;

	require(nbl != NULL && flue_nb_walk_begin(&w, flue_nb_at(nbl->first_net_buffer)) == 0);
	while (bytes > 0 && flue_nb_walk_next(&w, &data, &len) > 0) {
		uint32_t n = len < bytes ? len : bytes;

		took(r, data, n);
		bytes -= n;
	}
	require(bytes == 0);
}

static uint32_t
length_of(flue_ref ref)
{
	return flue_nb_at(flue_nbl_at(ref)->first_net_buffer)->data_length;
}

static uint64_t
slot_of(flue_ref ref, uint64_t first, uint64_t each)
{
	return (flue_ref_offset(ref) - first) / each;
}

static void
posts_back(struct receiver *r, flue_ref ref)
{
	for (; ref != 0; ref = flue_nbl_at(ref)->next) {
		uint64_t i = slot_of(ref, POST_AT, 4096);
		const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);

		require(i < POSTS && r->posted[i]);
		r->posted[i] = false;
		took(r, r->f->base + POST_AT + i * 4096 + 512, nbl->bytes_transferred);
	}
}

static void
terminate_done(struct receiver *r)
{
	const struct flue_tcp_delegated *d =
			(const struct flue_tcp_delegated *)(r->f->base + 12288 +
							    FLUE_TCP_DELEGATED_AT);
	const struct flue_tcp_state_ext *x =
			(const struct flue_tcp_state_ext *)(r->f->base + 12288 + FLUE_TCP_EXT_AT);
	bool fin = (x->flags & FLUE_TCP_EXT_FIN_RECEIVED) != 0;
	flue_ref ref;
	int i;

	for (ref = d->buffered_data; ref != 0; ref = flue_nbl_at(ref)->next)
		took_nbl(r, ref, length_of(ref));
	require(r->delivered == d->rcv_nxt - IRS - fin);
	for (i = 0; i < POSTS; i++)
		require(!r->posted[i]);
	if (d->buffered_data != 0)
		fuzz_submit(r->f, FLUE_SUB_RECEIVE_RETURN, 0, d->buffered_data, 0, 0);
	r->terminated = true;
}

static void
poll_once(struct receiver *r, int64_t ns)
{
	struct fuzz *f = r->f;

	f->now += ns;
	require(flue_engine_poll(f->e, f->now, 32) >= 0);
	while (f->ch->up_head != f->ch->up_tail) {
		struct flue_up up = f->ups[f->ch->up_head++ & 63];

		switch (up.op) {
		case FLUE_UP_RECEIVE_INDICATE:
			require(r->indicated == 0);
			r->indicated = up.ref;
			r->indicated_bytes = length_of(up.ref);
			break;
		case FLUE_UP_RECEIVE_COMPLETE:
			/* Never while an indication is under way, but for what was refused at once. */
			posts_back(r, up.ref);
			break;
		case FLUE_UP_FORWARD_COMPLETE:
			r->forwarding[slot_of(up.ref, FORWARD_AT, 2048)] = false;
			break;
		case FLUE_UP_FRAME:
			fuzz_submit(f, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
			break;
		case FLUE_UP_TERMINATE_COMPLETE:
			terminate_done(r);
			break;
		default:
			break;
		}
	}
}

static void
answer(struct receiver *r, uint8_t how, uint8_t part)
{
	uint32_t status = FLUE_STATUS_SUCCESS;
	uint32_t bytes = r->indicated_bytes;
	flue_ref ref = r->indicated;

	if (ref == 0)
		return;
	r->indicated = 0;
	if (how % 3 == 1) {
		status = (uint32_t)FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED;
		bytes = 0;
	} else if (how % 3 == 2) {
		status = (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED;
		bytes = bytes * part / 256;
	}
	took_nbl(r, ref, bytes);
	fuzz_submit(r->f, FLUE_SUB_VERDICT, r->token, ref, status, bytes);
	if (status == FLUE_STATUS_SUCCESS)
		fuzz_submit(r->f, FLUE_SUB_RECEIVE_RETURN, 0, ref, 0, 0);
}

static void
post(struct receiver *r, uint8_t a, uint8_t b)
{
	uint32_t at;
	uint32_t i;
	flue_ref ref;

	for (i = 0; i < POSTS && r->posted[i]; i++)
		;
	if (i == POSTS)
		return;
	at = POST_AT + i * 4096;
	ref = fuzz_nbl(r->f, at, at + 512, a * 16u < POST_ROOM ? a * 16u : POST_ROOM);
	flue_nbl_at(ref)->receive_no_push = b & 1;
	flue_nbl_at(ref)->receive_bytes_transferred = b & 2;
	r->posted[i] = true;
	fuzz_submit(r->f, FLUE_SUB_RECEIVE, r->token, ref, 0, 0);
}

/** TCP header and stream bytes from `seq`. @return bytes */
static uint32_t
put_segment(uint8_t *tcp, uint32_t seq, uint32_t len, uint8_t flags)
{
	uint32_t i;

	memset(tcp, 0, 20);
	flue_store16be(tcp, 40000);
	flue_store16be(tcp + 2, 80);
	flue_store32be(tcp + 4, seq);
	flue_store32be(tcp + 8, 0x2000);
	tcp[12] = 0x50;
	tcp[13] = (uint8_t)(TCP_ACK | flags);
	flue_store16be(tcp + 14, 65535);
	for (i = 0; i < len; i++)
		tcp[20 + i] = byte_at(seq - IRS + i);
	return 20 + len;
}

/** Near what is expected, from both sides. */
static uint32_t
somewhere(const struct receiver *r, uint8_t a)
{
	const struct flue_conn *c = flue_conn_of(r->f->e, r->token);
	uint32_t next = c != NULL ? c->rcv_nxt : IRS;

	return a < 128 ? next : next + (a - 160u) * 32u;
}

static uint8_t
flags_of(uint8_t b)
{
	uint8_t flags = b & 1 ? TCP_PSH : 0;

	if ((b & 0xf0) == 0xf0)
		flags |= b & 2 ? TCP_FIN : b & 4 ? TCP_URG : b & 8 ? TCP_RST : 0;
	return flags;
}

static void
segment(struct receiver *r, uint8_t a, uint8_t b)
{
	uint8_t frame[54 + 20 + 5 * 255];
	uint32_t len = b * 5u;
	uint32_t at = fuzz_put_ip(r->f, frame, 20 + len);

	len = put_segment(frame + at, somewhere(r, a), len, flags_of(b));
	(void)fuzz_receive(r->f, frame, at + len, FLUE_PKT_RX_CSUM_GOOD);
	poll_once(r, 1000000);
}

static void
forward(struct receiver *r, uint8_t a, uint8_t b)
{
	uint32_t at;
	uint32_t n;
	uint32_t i;

	for (i = 0; i < FORWARDS && r->forwarding[i]; i++)
		;
	if (i == FORWARDS)
		return;
	at = FORWARD_AT + i * 2048;
	n = put_segment(r->f->base + at + 256, somewhere(r, a), b * 5u, flags_of(b));
	r->forwarding[i] = true;
	fuzz_submit(r->f, FLUE_SUB_FORWARD, r->token, fuzz_nbl(r->f, at, at + 256, n), 0, 0);
}

static void
act(struct receiver *r, const uint8_t *in)
{
	switch (in[0] % 8) {
	case 0:
	case 1:
	case 2:
		segment(r, in[1], in[2]);
		break;
	case 3:
		post(r, in[1], in[2]);
		break;
	case 4:
		answer(r, in[1], in[2]);
		break;
	case 5:
		forward(r, in[1], in[2]);
		break;
	case 6:
		poll_once(r, in[1] * INT64_C(4000000));
		break;
	default:
		poll_once(r, 0);
		break;
	}
	/* The ring must have room for what follows from one action. */
	if (r->f->ch->sub_tail - r->f->ch->sub_head > 40)
		poll_once(r, 1000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct receiver r = { 0 };
	struct flue_tcp_delegated *d;
	int i;

	r.f = fuzz_new(NULL);
	r.token = fuzz_connect(r.f, false);
	for (; size >= 3; data += 3, size -= 3)
		act(&r, data);
	d = (struct flue_tcp_delegated *)(r.f->base + 12288 + FLUE_TCP_DELEGATED_AT);
	d->header.recognized_options = FLUE_STATE_OPTION_EXT;
	fuzz_submit(r.f, FLUE_SUB_TERMINATE, 0, fuzz_ref(r.f, 12288), 0, 0);
	for (i = 0; i < 20 && !r.terminated; i++) {
		answer(&r, 0, 0);
		poll_once(&r, 1000000);
	}
	require(r.terminated);
	poll_once(&r, 1000000);
	fuzz_free(r.f);
	return 0;
}
