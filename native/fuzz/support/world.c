/* SPDX-License-Identifier: Apache-2.0 */

#include "support/world.h"

uint8_t
world_byte(uint32_t seq)
{
	return (uint8_t)(seq * 131 + (seq >> 8) * 7);
}

/* ---- What comes up -------------------------------------------------------------------------- */

static uint32_t
length_of(flue_ref ref)
{
	return flue_nb_at(flue_nbl_at(ref)->first_net_buffer)->data_length;
}

static void
take_bytes(struct world *w, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		fuzz_require(w->patched || data[i] == world_byte(w->taken + i),
				"each byte comes up once and in its place");
	w->taken += len;
}

/** The host takes the first `bytes` of an NBL's data. */
static void
take(struct world *w, flue_ref ref, uint32_t bytes)
{
	const struct flue_net_buffer_list *nbl = flue_nbl_at(ref);
	struct flue_nb_walk walk = { 0 };
	uint8_t *data;
	uint32_t len;

	fuzz_require(nbl != NULL && flue_nb_walk_begin(&walk, flue_nb_at(nbl->first_net_buffer)) ==
							0,
			"what comes up can be read");
	while (bytes > 0 && flue_nb_walk_next(&walk, &data, &len) > 0) {
		uint32_t n = len < bytes ? len : bytes;

		take_bytes(w, data, n);
		bytes -= n;
	}
	fuzz_require(bytes == 0, "an indication is as long as it says");
}

static uint32_t
slot_of(flue_ref ref, uint32_t at, uint32_t size, uint32_t count)
{
	uint64_t i = (flue_ref_offset(ref) - at) / size;

	fuzz_require(flue_ref_offset(ref) >= at && i < count, "what completes was submitted");
	return (uint32_t)i;
}

static void
sends_back(struct world *w, flue_ref ref)
{
	for (; ref != 0; ref = flue_nbl_at(ref)->next) {
		uint32_t i;

		if (flue_ref_offset(ref) == WORLD_FLIGHT_AT)
			continue;
		i = slot_of(ref, WORLD_SEND_AT, 256 + WORLD_SEND_ROOM, WORLD_SENDS);
		fuzz_require(w->sending[i], "a send completes once");
		w->sending[i] = false;
	}
}

static void
posts_back(struct world *w, flue_ref ref)
{
	for (; ref != 0; ref = flue_nbl_at(ref)->next) {
		uint32_t i = slot_of(ref, WORLD_POST_AT, 4096, WORLD_POSTS);

		fuzz_require(w->posted[i], "a posted receive completes once");
		w->posted[i] = false;
		take_bytes(w, w->f->base + WORLD_POST_AT + i * 4096 + 512,
				flue_nbl_at(ref)->bytes_transferred);
	}
}

static void
terminate_done(struct world *w)
{
	const struct flue_tcp_delegated *d = fuzz_delegated(w->f);
	const struct flue_tcp_state_ext *x = fuzz_ext(w->f);
	uint32_t fin = 0;
	flue_ref ref;
	int i;

	for (ref = d->buffered_data; ref != 0; ref = flue_nbl_at(ref)->next)
		take(w, ref, length_of(ref));
	if (d->header.recognized_options & FLUE_STATE_OPTION_EXT)
		fin = (x->flags & FLUE_TCP_EXT_FIN_RECEIVED) != 0;
	else
		fin = d->rcv_nxt != w->taken; /* not told without EXT */
	fuzz_require(w->patched || w->taken + fin == d->rcv_nxt,
			"all that was acknowledged came up");
	for (i = 0; i < WORLD_POSTS; i++)
		fuzz_require(!w->posted[i], "no posted receive is left");
	if (d->buffered_data != 0)
		fuzz_submit(w->f, FLUE_SUB_RECEIVE_RETURN, 0, d->buffered_data, 0, 0);
	w->terminated = true;
	w->token = 0;
}

static void
came_up(struct world *w, const struct flue_up *up)
{
	struct fuzz *f = w->f;

	switch (up->op) {
	case FLUE_UP_RECEIVE_INDICATE:
		fuzz_require(w->indicated == 0, "one indication at a time");
		w->indicated = up->ref;
		w->indicated_bytes = length_of(up->ref);
		break;
	case FLUE_UP_RECEIVE_COMPLETE:
		posts_back(w, up->ref);
		break;
	case FLUE_UP_SEND_COMPLETE:
		sends_back(w, up->ref);
		break;
	case FLUE_UP_FORWARD_COMPLETE:
		w->forwarding[slot_of(up->ref, WORLD_FORWARD_AT, 2048, WORLD_SENDS)] = false;
		break;
	case FLUE_UP_DISCONNECT_COMPLETE:
		w->disconnecting = false;
		break;
	case FLUE_UP_FRAME:
		fuzz_submit(f, FLUE_SUB_FRAME_RETURN, 0, up->ref, 0, 0);
		break;
	case FLUE_UP_OFFLOAD_EVENT:
		fuzz_submit(f, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up->arg1, up->ref, 0, 0);
		break;
	case FLUE_UP_INITIATE_COMPLETE:
		w->initiating = false;
		w->token = fuzz_token(f, 2);
		break;
	case FLUE_UP_TERMINATE_COMPLETE:
		if (up->ref == fuzz_ref(f, FUZZ_TCP))
			terminate_done(w);
		break;
	default:
		break;
	}
}

void
world_pass(struct world *w, int64_t ns)
{
	struct flue_conn *c;
	struct flue_up up;
	const char *what;

	fuzz_pass(w->f, ns);
	while (fuzz_up(w->f, &up))
		came_up(w, &up);
	what = flue_engine_broken(w->f->e);
	fuzz_require(what == NULL, what);
	c = flue_conn_of(w->f->e, w->token);
	if (c == NULL)
		return;
	what = flue_conn_broken(w->f->e, c, &w->grown);
	fuzz_require(what == NULL, what);
}

/* ---- The host ------------------------------------------------------------------------------- */

void
world_send(struct world *w, uint32_t len)
{
	const struct flue_conn *c;
	uint32_t at;
	uint32_t i;
	uint32_t k;

	/* Where it lies in the stream is known when those before it are taken. */
	if (fuzz_waiting(w->f) > 0)
		world_pass(w, 0);
	c = flue_conn_of(w->f->e, w->token);
	for (i = 0; i < WORLD_SENDS && w->sending[i]; i++)
		;
	if (c == NULL || i == WORLD_SENDS || fuzz_waiting(w->f) > 0)
		return;
	at = WORLD_SEND_AT + i * (256 + WORLD_SEND_ROOM);
	for (k = 0; k < len; k++)
		w->f->base[at + 256 + k] = world_byte(c->snd_end + k);
	w->sending[i] = true;
	fuzz_submit(w->f, FLUE_SUB_SEND, w->token, fuzz_nbl(w->f, at, at + 256, len), 0, 0);
}

void
world_post(struct world *w, uint8_t size, uint8_t how)
{
	uint32_t len = size * 16u < 3500 ? size * 16u : 3500;
	uint32_t at;
	uint32_t i;
	flue_ref ref;

	for (i = 0; i < WORLD_POSTS && w->posted[i]; i++)
		;
	if (i == WORLD_POSTS || fuzz_waiting(w->f) > 40 || w->token == 0)
		return;
	at = WORLD_POST_AT + i * 4096;
	ref = fuzz_nbl(w->f, at, at + 512, len);
	flue_nbl_at(ref)->receive_no_push = how & 1;
	flue_nbl_at(ref)->receive_bytes_transferred = how & 2;
	w->posted[i] = true;
	fuzz_submit(w->f, FLUE_SUB_RECEIVE, w->token, ref, 0, 0);
}

void
world_verdict(struct world *w, uint8_t how, uint8_t part)
{
	uint32_t status = FLUE_STATUS_SUCCESS;
	uint32_t bytes = w->indicated_bytes;
	flue_ref ref = w->indicated;

	if (ref == 0 || fuzz_waiting(w->f) > 40)
		return;
	w->indicated = 0;
	if (how % 3 == 1) {
		status = (uint32_t)FLUE_STATUS_OFFLOAD_DATA_NOT_ACCEPTED;
		bytes = 0;
	} else if (how % 3 == 2) {
		status = (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED;
		bytes = bytes * part / 256;
	}
	take(w, ref, bytes);
	fuzz_submit(w->f, FLUE_SUB_VERDICT, w->token, ref, status, bytes);
	if (status == FLUE_STATUS_SUCCESS)
		fuzz_submit(w->f, FLUE_SUB_RECEIVE_RETURN, 0, ref, 0, 0);
}

void
world_disconnect(struct world *w, uint8_t how)
{
	bool abortive = how > 0xf0;

	if (w->disconnecting || w->token == 0 || fuzz_waiting(w->f) > 40)
		return;
	w->disconnecting = true;
	w->resets = w->resets || abortive;
	fuzz_submit(w->f, FLUE_SUB_DISCONNECT, w->token,
			fuzz_nbl(w->f, WORLD_CLOSE_AT, WORLD_CLOSE_AT + 256, 0),
			abortive ? FLUE_DISCONNECT_ABORTIVE : FLUE_DISCONNECT_GRACEFUL, 0);
}

void
world_update(struct world *w, uint8_t which, uint8_t value)
{
	struct fuzz *f = w->f;
	bool path = (which & 1) != 0;
	uint32_t at = WORLD_UPDATE_AT + (path ? 0 : 1024);
	struct flue_miniport_offload_block_list *b =
			(struct flue_miniport_offload_block_list *)(f->base + at);

	if (fuzz_waiting(f) > 40)
		return;
	memset(b, 0, 512);
	b->header.type = path ? (f->ip6 ? FLUE_STATE_IP6_CACHED : FLUE_STATE_IP4_CACHED)
			      : FLUE_STATE_TCP_CACHED;
	b->miniport_offload_context = fuzz_ref(f, FUZZ_HANDLES + (path ? 64 : 128));
	if (path) {
		struct flue_path_cached *c = (void *)(f->base + at + FLUE_BLOCK_LIST_BYTES);

		c->path_mtu = (f->ip6 ? 1280u : 576u) + value;
	} else {
		struct flue_tcp_cached *c = (void *)(f->base + at + FLUE_BLOCK_LIST_BYTES);

		*c = *fuzz_cached(f);
		c->flags = value & 31;
		c->ka_timeout = value;
		c->initial_rcv_wnd = which & 2 ? value * 256u : c->initial_rcv_wnd;
	}
	fuzz_submit(f, FLUE_SUB_UPDATE, 0, fuzz_ref(f, at), 0, 0);
}

void
world_query(struct world *w)
{
	struct flue_miniport_offload_block_list *b =
			(struct flue_miniport_offload_block_list *)(w->f->base + WORLD_QUERY_AT);

	if (fuzz_waiting(w->f) > 40)
		return;
	memset(b, 0, 1024);
	b->header.type = FLUE_STATE_TCP;
	b->miniport_offload_context = fuzz_ref(w->f, FUZZ_HANDLES + 128);
	((struct flue_tcp_delegated *)(w->f->base + WORLD_QUERY_AT + FLUE_TCP_DELEGATED_AT))
			->header.recognized_options = FLUE_STATE_OPTION_EXT;
	fuzz_submit(w->f, FLUE_SUB_QUERY, 0, fuzz_ref(w->f, WORLD_QUERY_AT), 0, 0);
}

static void
end_shortage(struct world *w)
{
	while (w->hog != NULL) {
		struct flue_pkt *pkt = w->hog;

		w->hog = pkt->next;
		flue_pkt_release(pkt);
	}
	w->f->e->runs.free += w->hidden_runs;
	w->f->e->runs.size += w->hidden_runs;
	w->hidden_runs = 0;
}

void
world_shortage(struct world *w, uint8_t how)
{
	struct flue_engine *e = w->f->e;
	uint32_t left = how >> 2;
	struct flue_pkt *pkt;

	end_shortage(w);
	switch (how & 3) {
	case 1:
		while (w->f->free_count > left) {
			pkt = fuzz_pkt_alloc(&w->f->port);
			pkt->next = w->hog;
			w->hog = pkt;
		}
		break;
	case 2:
		while (e->slabs.ids.free > left) {
			pkt = flue_slab_take(e);
			pkt->next = w->hog;
			w->hog = pkt;
		}
		break;
	case 3:
		w->hidden_runs = e->runs.free > left ? e->runs.free - left : 0;
		e->runs.free -= w->hidden_runs;
		e->runs.size -= w->hidden_runs;
		break;
	default:
		break;
	}
}

/* ---- Hand-over ------------------------------------------------------------------------------ */

static bool
take_back(struct world *w, bool extended)
{
	struct flue_miniport_offload_block_list *block =
			(struct flue_miniport_offload_block_list *)(w->f->base + FUZZ_TCP);
	int i;

	if (w->token == 0)
		return false;
	/* Without a packet for what it owes an engine keeps a connection. */
	end_shortage(w);
	while (fuzz_waiting(w->f) > 0)
		world_pass(w, 1000);
	block->header.type = FLUE_STATE_TCP;
	block->dependent_block_list = 0;
	fuzz_delegated(w->f)->header.recognized_options = extended ? FLUE_STATE_OPTION_EXT : 0;
	w->terminated = false;
	fuzz_submit(w->f, FLUE_SUB_TERMINATE, 0, fuzz_ref(w->f, FUZZ_TCP), 0, 0);
	for (i = 0; i < 40 && !w->terminated; i++) {
		world_verdict(w, 0, 0);
		world_pass(w, 1000000);
	}
	fuzz_require(w->terminated, "a terminate completes");
	return true;
}

void
world_move(struct world *w, uint8_t how)
{
	struct flue_miniport_offload_block_list *block =
			(struct flue_miniport_offload_block_list *)(w->f->base + FUZZ_TCP);
	struct flue_tcp_delegated *d = fuzz_delegated(w->f);

	if (w->token == 0 || !take_back(w, !(how & 1)))
		return;
	if (block->status != FLUE_STATUS_SUCCESS || d->state < FLUE_TCP_ESTABLISHED ||
			d->state > FLUE_TCP_LAST_ACK)
		return;
	memset(w->f->base + FUZZ_HANDLES + 128, 0, 8);
	d->buffered_data = 0;
	w->grown = (struct flue_grown){ 0 };
	((struct flue_miniport_offload_block_list *)(w->f->base + FUZZ_PATH))
			->dependent_block_list = fuzz_ref(w->f, FUZZ_TCP);
	w->initiating = true;
	fuzz_submit(w->f, FLUE_SUB_INITIATE, 0, fuzz_ref(w->f, FUZZ_NEIGHBOR), 0, 0);
	while (w->initiating)
		world_pass(w, 1000000);
	fuzz_require(w->patched || (how & 1) || w->token != 0,
			"what was given back is taken again");
}

void
world_begin(struct world *w, struct fuzz_in *in)
{
	struct flue_engine_config config = fuzz_config();
	static const int32_t ticks[4] = { 1000, 1000, 100, 10 };
	uint8_t flags = fuzz_u8(in);
	struct fuzz *f;

	memset(w, 0, sizeof(*w));
	config.chimney_profile = (flags & 2) != 0;
	config.ticks_per_second = ticks[flags >> 2 & 3];
	config.rto_min_us = flags & 0x10 ? 10000 : 200000;
	w->f = f = fuzz_new(&config);
	if (flags & 0x20)
		f->e->params.tcp_sws_prevention_ticks = 20;
	f->e->params.tcp_ack_frequency = flags & 0x40 ? 1 : 2;
	if (flags & 0x80)
		f->e->params.tcp_doubt_reachability_retransmissions = 3;
	f->ip6 = flags & 1;
	f->context = w;
	f->sent = world_sent;
	fuzz_tree(f, false);
	world_describe(w, in);
	w->initiating = true;
	fuzz_submit(f, FLUE_SUB_INITIATE, 0, fuzz_ref(f, FUZZ_NEIGHBOR), 0, 0);
	while (w->initiating)
		world_pass(w, 1000000);
}

void
world_end(struct world *w)
{
	struct fuzz *f = w->f;
	int i;

	end_shortage(w);
	(void)take_back(w, true);
	while (fuzz_waiting(f) > 0)
		world_pass(w, 1000000);
	for (i = 1; i >= 0; i--) {
		struct flue_miniport_offload_block_list *b =
				(struct flue_miniport_offload_block_list
								*)(f->base +
								   (i == 1 ? FUZZ_PATH
									   : FUZZ_NEIGHBOR));

		b->header.type = FLUE_STATE_NONE;
		b->dependent_block_list = 0;
		fuzz_submit(f, FLUE_SUB_TERMINATE, 0,
				fuzz_ref(f, i == 1 ? FUZZ_PATH : FUZZ_NEIGHBOR), 0, 0);
		world_pass(w, 1000000);
		world_pass(w, 1000000);
	}
	world_pass(w, 1000000);
	for (i = 0; i <= 12; i++)
		fuzz_require(flue_engine_held(f->e, i) == 0, "the engine is at rest");
	fuzz_require(f->port.held == 0 && f->e->slabs.port.held == 0, "no packet is held");
	fuzz_free(f);
}
