/* SPDX-License-Identifier: Apache-2.0 */

/* A hostile host: rings, tokens, references, block lists and buffers of any content, changed while they
 * are in use, in its own memory and in what the engine lends. Nothing it does may crash the engine, keep
 * it for ever, or have it lose a buffer; what holds of an engine holds afterwards.
 *
 * The tree is a good one at first, and a connection may be described in any state, so that what is
 * forged lies behind what is right. Input: {verb, arguments} of act(). */

#include "support/fuzz.h"
#include "support/world.h"

#define SLOTS   8       /* of blocks: neighbor, path, connection, and five more */
#define MORE_AT 180224u /* the five: 1024 bytes each */
#define NBL_AT  16384u  /* 16 NBLs with NB and MDLs, 256 bytes each */
#define DATA_AT 24576u
#define LENT    8 /* references last seen in the up-ring */

struct host {
	struct fuzz *f;
	struct world w; /* for its descriptions of connections */
	flue_ref lent[LENT];
	uint32_t lents;
	uint64_t tokens[4]; /* as handed out at some time */
	int region;         /* a second one, that may go */
};

static uint32_t
block_at(uint8_t which)
{
	static const uint32_t at[3] = { FUZZ_NEIGHBOR, FUZZ_PATH, FUZZ_TCP };

	which %= SLOTS;
	return which < 3 ? at[which] : MORE_AT + (which - 3u) * 1024;
}

static struct flue_miniport_offload_block_list *
block(struct host *h, uint8_t which)
{
	return (struct flue_miniport_offload_block_list *)(h->f->base + block_at(which));
}

static uint64_t
any_token(struct host *h, uint8_t which)
{
	uint64_t t = which & 4 ? h->tokens[which & 3] : fuzz_token(h->f, which % 3);

	return which & 8 ? t + (which >> 4) : t;
}

static flue_ref
any_ref(struct host *h, struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in);

	switch (how & 7) {
	case 0:
		return fuzz_ref(h->f, block_at(how >> 3));
	case 1:
	case 2:
		return fuzz_ref(h->f, NBL_AT + (how >> 4) * 256u);
	case 3:
		return h->lent[(how >> 3) % LENT];
	case 4:
		return fuzz_ref(h->f, fuzz_u16(in) * 8u);
	case 5:
		return flue_ref_make((uint32_t)h->region, fuzz_u16(in));
	case 6:
		return flue_ref_make(fuzz_u8(in), fuzz_u32(in));
	default:
		return 0;
	}
}

static void
pass(struct host *h, int64_t ns, bool polite)
{
	struct fuzz *f = h->f;
	struct flue_up up;
	const char *what;
	int i;

	fuzz_pass(f, ns);
	for (i = 0; i < FUZZ_RING && f->ch->up_tail - f->ch->up_head <= FUZZ_RING &&
			fuzz_up(f, &up);
			i++) {
		if (up.ref != 0)
			h->lent[h->lents++ % LENT] = up.ref;
		if (!polite)
			continue;
		if (up.op == FLUE_UP_RECEIVE_INDICATE) {
			fuzz_submit(f, FLUE_SUB_VERDICT, up.arg1, up.ref, 0, 0);
			fuzz_submit(f, FLUE_SUB_RECEIVE_RETURN, 0, up.ref, 0, 0);
		} else if (up.op == FLUE_UP_FRAME) {
			fuzz_submit(f, FLUE_SUB_FRAME_RETURN, 0, up.ref, 0, 0);
		} else if (up.op == FLUE_UP_OFFLOAD_EVENT) {
			fuzz_submit(f, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up.arg1, up.ref, 0, 0);
		}
	}
	for (i = 0; i < 3; i++)
		if (fuzz_token(f, i) != 0)
			h->tokens[i] = fuzz_token(f, i);
	what = flue_engine_broken(f->e);
	fuzz_require(what == NULL, what);
}

/* ---- Verbs ------------------------------------------------------------------------------------ */

/** A word anywhere in the host's memory. */
static void
write_word(struct host *h, struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t at = how & 0x80   ? block_at(how) + fuzz_u8(in) * 4u
		      : how & 0x40 ? NBL_AT + fuzz_u16(in) % 4096
				   : fuzz_u16(in) * 4u;
	uint64_t word = (how & 7) == 0   ? fuzz_u8(in)
			: (how & 7) == 1 ? fuzz_u32(in)
			: (how & 7) == 2 ? any_token(h, fuzz_u8(in))
					 : any_ref(h, in);

	memcpy(h->f->base + at % (FUZZ_JAVA - 8), &word, how & 0x20 ? 4 : 8);
}

/** Links of the list, of its next or dependent blocks. */
static void
link_blocks(struct host *h, uint8_t from, uint8_t to)
{
	flue_ref ref = to & 0x80 ? 0 : fuzz_ref(h->f, block_at(to));

	if (from & 0x80)
		block(h, from)->next_block = ref;
	else
		block(h, from)->dependent_block_list = ref;
	if (from & 0x40)
		block(h, from)->header.type = to;
}

static void
copy_block(struct host *h, uint8_t from, uint8_t to)
{
	uint32_t slot = FUZZ_HANDLES + 256 + (to % SLOTS) * 64u;

	if (from % SLOTS == to % SLOTS)
		return;
	memcpy(block(h, to), block(h, from), 1024);
	/* An object of its own, or once more the same. */
	if (to & 0x80)
		block(h, to)->miniport_offload_context = fuzz_ref(h->f, slot);
	if (to & 0x40)
		memset(h->f->base + slot, 0, 8);
}

/** Another connection in the third block, to be initiated below what there is. */
static void
describe(struct host *h, struct fuzz_in *in)
{
	uint8_t port = fuzz_u8(in);

	memset(h->f->base + FUZZ_TCP + FLUE_BLOCK_LIST_BYTES, 0, 1024 - FLUE_BLOCK_LIST_BYTES);
	h->w.f = h->f;
	fuzz_const(h->f)->remote_port = __builtin_bswap16((uint16_t)(40000 + port));
	fuzz_const(h->f)->local_port = __builtin_bswap16(80);
	memset(h->f->base + FUZZ_HANDLES + 128, 0, 8);
	block(h, 2)->header.type = FLUE_STATE_TCP;
	block(h, 2)->dependent_block_list = 0;
	block(h, 1)->dependent_block_list = fuzz_ref(h->f, FUZZ_TCP);
	block(h, 0)->dependent_block_list = fuzz_ref(h->f, FUZZ_PATH);
	world_describe(&h->w, in);
}

/** Positions of the rings, and what the header says of them. */
static void
forge_ring(struct host *h, struct fuzz_in *in)
{
	struct flue_channel_header *ch = h->f->ch;

	switch (fuzz_u8(in) % 8) {
	case 0:
		ch->sub_tail += fuzz_u8(in);
		ch->newest_forward = ch->sub_tail;
		break;
	case 1:
		ch->sub_tail = fuzz_u32(in);
		ch->newest_forward = fuzz_u32(in);
		break;
	case 2:
		ch->up_head += fuzz_u8(in);
		break;
	case 3:
		ch->up_head = fuzz_u32(in);
		break;
	case 4: /* behind itself: a ring that is never read */
		ch->up_head = ch->up_tail - FUZZ_RING;
		break;
	case 5:
		ch->sub_capacity = ch->up_capacity = fuzz_u32(in);
		ch->sub_offset = ch->up_offset = fuzz_u32(in);
		ch->magic = 0;
		break;
	case 6: /* what the engine writes */
		ch->sub_head = fuzz_u32(in);
		ch->up_tail = fuzz_u32(in);
		break;
	default:
		ch->up_head = ch->up_tail;
		ch->sub_tail = ch->sub_head;
		break;
	}
}

static void
submit(struct host *h, struct fuzz_in *in)
{
	uint8_t op = fuzz_u8(in);
	uint8_t token = fuzz_u8(in);
	flue_ref ref = any_ref(h, in);
	uint8_t arg = fuzz_u8(in);
	static const uint32_t args[4] = { 0, 1, (uint32_t)FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED,
		(uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED };

	fuzz_submit(h->f, op % 18, any_token(h, token), ref, args[arg & 3], arg);
}

/** The peer goes on; the engine has something to lend. */
static void
segment(struct host *h, struct fuzz_in *in)
{
	const struct flue_conn *c = flue_conn_of(h->f->e, fuzz_token(h->f, 2));
	uint8_t frame[54 + 20 + 1024] = { 0 };
	uint8_t how = fuzz_u8(in);
	uint32_t len = (how & 0x7f) * 8u;
	uint32_t at = fuzz_put_ip(h->f, frame, 20 + len);
	uint8_t *tcp = frame + at;

	if (c == NULL)
		return;
	flue_store32(tcp, c->ports);
	flue_store32be(tcp + 4, how & 0x80 ? c->rcv_nxt + 1000 : c->rcv_nxt);
	flue_store32be(tcp + 8, how & 1 ? c->snd_max : c->snd_una);
	tcp[12] = 0x50;
	tcp[13] = TCP_ACK | TCP_PSH | (how == 0x7f ? TCP_FIN : 0);
	flue_store16be(tcp + 14, 60000);
	(void)fuzz_receive(h->f, frame, at + 20 + len, FLUE_PKT_RX_CSUM_GOOD);
}

/** Into what was lent: NBL, NB and MDL of an indication or a frame, an event's block. */
static void
write_lent(struct host *h, struct fuzz_in *in)
{
	uint8_t which = fuzz_u8(in);
	uint64_t at = fuzz_u8(in) * 8u % 320;
	uint64_t word = which & 0x80 ? fuzz_u32(in) : any_ref(h, in);
	void *p = flue_ref_at(h->lent[which % LENT] + at, 8);

	if (p != NULL)
		memcpy(p, &word, 8);
}

static void
act(struct host *h, struct fuzz_in *in)
{
	uint8_t verb = fuzz_u8(in);
	uint8_t a;

	switch (verb & 15) {
	case 0:
	case 1:
		write_word(h, in);
		break;
	case 2:
		a = fuzz_u8(in);
		(void)fuzz_nbl(h->f, NBL_AT + (a & 15) * 256u, DATA_AT + (a >> 4) * 512u,
				fuzz_u16(in));
		break;
	case 3:
		a = fuzz_u8(in);
		link_blocks(h, a, fuzz_u8(in));
		break;
	case 4:
		a = fuzz_u8(in);
		copy_block(h, a, fuzz_u8(in));
		break;
	case 5:
		describe(h, in);
		fuzz_submit(h->f, FLUE_SUB_INITIATE, 0, fuzz_ref(h->f, FUZZ_NEIGHBOR), 0, 0);
		break;
	case 6:
		forge_ring(h, in);
		break;
	case 7:
		segment(h, in);
		break;
	case 8:
		write_lent(h, in);
		break;
	case 9:
		pass(h, INT64_C(1000) << (fuzz_u8(in) % 32), verb & 0x10);
		break;
	case 10:
		if (verb & 0x10)
			flue_region_close(h->region);
		break;
	default:
		submit(h, in);
		break;
	}
	if (!(verb & 0x20))
		pass(h, 1000000, verb & 0x40);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flue_engine_config config = fuzz_config();
	struct fuzz_in in = { data, size };
	struct host h = { 0 };
	uint8_t how = fuzz_u8(&in);
	int i;

	config.watch_interval_ms = how & 2 ? 100 : 0;
	config.watch_small_io_bytes = 1000;
	config.max_receives = how & 4 ? 2 : 64;
	h.f = fuzz_new(&config);
	h.f->ip6 = how & 1;
	h.f->host_names_buffers = true;
	h.region = flue_region_create(FLUE_REGION_HEAP, 65536);
	(void)fuzz_connect(h.f, how & 8);
	for (i = 0; in.left > 0 && i < 400; i++)
		act(&h, &in);
	for (i = 0; i < 4; i++)
		pass(&h, 100000000, true);
	fuzz_free(h.f);
	flue_region_release(h.region);
	return 0;
}
