/* SPDX-License-Identifier: Apache-2.0 */

/* A host: gives data, takes data, and moves the connection between its two engines. */

#include <string.h>

#include "sim/sim.h"

static uint8_t
byte_at(int side, uint64_t i)
{
	return (uint8_t)(i * 131 + (i >> 8) * 7 + (i >> 16) + (uint64_t)side * 77);
}

/** Of the host's own choices: anything below `n`. */
static uint64_t
any(struct sim_side *s, uint64_t n)
{
	return sim_below(&s->sim->random, n);
}

/* ---- What comes in -------------------------------------------------------------------------- */

static void
take_bytes(struct sim_side *s, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (data[i] != byte_at(s->index ^ 1, s->received + i))
			sim_require(s->sim, false, "each byte arrives once and in its place");
	s->received += len;
}

static uint32_t
length_of(flue_ref ref)
{
	return flue_nb_at(flue_nbl_at(ref)->first_net_buffer)->data_length;
}

static void
take(struct sim_side *s, flue_ref ref, uint32_t bytes)
{
	struct flue_nb_walk w = { 0 };
	uint8_t *data;
	uint32_t len;

	if (bytes == 0)
		return;
	sim_require(s->sim,
			flue_nb_walk_begin(&w, flue_nb_at(flue_nbl_at(ref)->first_net_buffer)) == 0,
			"what comes up can be read");
	while (bytes > 0 && flue_nb_walk_next(&w, &data, &len) > 0) {
		uint32_t n = len < bytes ? len : bytes;

		take_bytes(s, data, n);
		bytes -= n;
	}
}

static void
posts_back(struct sim_side *s, flue_ref ref)
{
	int i;

	for (; ref != 0; ref = flue_nbl_at(ref)->next) {
		for (i = 0; i < SIM_POSTS && s->posts[i] != ref; i++)
			;
		sim_require(s->sim, i < SIM_POSTS && s->posted[i], "a receive completes once");
		s->posted[i] = false;
		take_bytes(s, s->base + flue_ref_offset(ref) + 256,
				flue_nbl_at(ref)->bytes_transferred);
	}
}

static void
sends_back(struct sim_side *s, flue_ref ref)
{
	int i;

	for (; ref != 0; ref = flue_nbl_at(ref)->next) {
		for (i = 0; i < SIM_SENDS && s->sends[i] != ref; i++)
			;
		sim_require(s->sim, i < SIM_SENDS && s->sending[i], "a send completes once");
		sim_require(s->sim,
				flue_nbl_at(ref)->status == FLUE_STATUS_SUCCESS || s->aborted ||
						s->aborting || s->peer->aborting,
				"a send completes with success");
		s->sending[i] = false;
	}
}

/* ---- Moves ---------------------------------------------------------------------------------- */

static void
terminate(struct sim_side *s)
{
	s->extended = !(s->p->plain_moves && any(s, 3) == 0);
	s->block->header.type = FLUE_STATE_TCP;
	s->block->next_block = 0;
	s->block->dependent_block_list = 0;
	s->block->status = 0x77777777;
	sim_delegated(s)->header.recognized_options = s->extended ? FLUE_STATE_OPTION_EXT : 0;
	s->wants_move = false;
	s->phase = SIM_TERMINATING;
	sim_submit(s->at, FLUE_SUB_TERMINATE, 0,
			flue_ref_make((uint32_t)s->region,
					(uint64_t)((uint8_t *)s->block - s->base)),
			0, 0);
}

static void
terminated(struct sim_side *s)
{
	struct flue_tcp_delegated *d = sim_delegated(s);
	flue_ref ref;

	sim_require(s->sim, s->block->status == FLUE_STATUS_SUCCESS, "a terminate succeeds");
	for (ref = d->buffered_data; ref != 0; ref = flue_nbl_at(ref)->next)
		take(s, ref, length_of(ref));
	if (d->buffered_data != 0)
		sim_submit(s->at, FLUE_SUB_RECEIVE_RETURN, 0, d->buffered_data, 0, 0);
	d->buffered_data = 0;
	if (d->state == FLUE_TCP_CLOSE_WAIT || d->state == FLUE_TCP_CLOSING ||
			d->state == FLUE_TCP_LAST_ACK || d->state == FLUE_TCP_TIME_WAIT)
		s->fin_told = true;
	s->token = 0;
	s->phase = SIM_BETWEEN;
	if (d->state < FLUE_TCP_ESTABLISHED || d->state > FLUE_TCP_LAST_ACK) {
		s->phase = SIM_OVER;
		s->sim->result->gave_up |= !s->fin_told && !s->aborted;
		return;
	}
	/* A disconnect that found no record has become ours: the next engine is asked. */
	if (s->sim->p.scarce &&
			(d->state == FLUE_TCP_ESTABLISHED || d->state == FLUE_TCP_CLOSE_WAIT))
		s->closing = false;
	/* A host goes on where an engine would not. */
	d->retransmit_count = 0;
	d->ka_probe_count = 0;
	d->total_rt = 0;
	s->resume_at = s->sim->now + (int64_t)any(s, (uint64_t)s->p->move_pause + 1);
	s->next_move = s->events + 1 + (s->p->move_every >> 1) + (uint32_t)any(s, s->p->move_every);
}

static void
initiate(struct sim_side *s)
{
	struct sim_engine *to = &s->engine[any(s, 8) == 0 ? s->at->index : s->at->index ^ 1];
	uint64_t slot = flue_ref_offset(s->block->miniport_offload_context);

	/* From now on the other one hears the wire. What the first one has is forwarded. */
	s->at->active = false;
	s->at = to;
	to->active = true;
	memset(s->base + slot, 0, 8);
	s->block->status = 0x77777777;
	to->path->dependent_block_list = flue_ref_make(
			(uint32_t)s->region, (uint64_t)((uint8_t *)s->block - s->base));
	s->phase = SIM_INITIATING;
	sim_submit(to, FLUE_SUB_INITIATE, 0,
			flue_ref_make((uint32_t)s->region,
					(uint64_t)((uint8_t *)to->neighbor - s->base)),
			0, 0);
}

static void
initiated(struct sim_side *s)
{
	if (s->block->status != FLUE_STATUS_SUCCESS) {
		/* Pieces can run out, and records. */
		sim_require(s->sim, s->sim->p.buffers < 512 || s->sim->p.scarce,
				"an initiate succeeds");
		s->phase = SIM_BETWEEN;
		s->resume_at = s->sim->now + 10 * SIM_MS;
		return;
	}
	memcpy(&s->token, s->base + flue_ref_offset(s->block->miniport_offload_context), 8);
	s->grown = (struct flue_grown){ 0 };
	s->phase = SIM_HERE;
	s->sim->result->moves++;
}

/* ---- The up-ring ---------------------------------------------------------------------------- */

/** Two bits in one segment may leave its sum as it was. */
static bool
damaged(const struct sim *sim)
{
	return sim->p.link[0].corrupt_ppm > 0 || sim->p.link[1].corrupt_ppm > 0;
}

static void
event(struct sim_side *s, const struct flue_up *up)
{
	switch (up->arg0) {
	case FLUE_TCP_INDICATE_DISCONNECT:
		s->fin_told = true;
		break;
	case FLUE_TCP_INDICATE_ABORT:
		sim_require(s->sim, s->peer->aborting || damaged(s->sim),
				"no abort that nobody asked for");
		s->aborted = true;
		break;
	case FLUE_TCP_INDICATE_RETRIEVE:
		s->wants_move = true;
		break;
	default:
		break;
	}
}

static void
came_up(struct sim_side *s, struct sim_engine *x, const struct flue_up *up)
{
	switch (up->op) {
	case FLUE_UP_RECEIVE_INDICATE:
		sim_require(s->sim, s->indicated == 0 && x == s->at, "one indication at a time");
		s->indicated = up->ref;
		s->indicated_bytes = length_of(up->ref);
		s->verdict_at = s->sim->now + (int64_t)any(s, (uint64_t)s->p->read_delay + 1);
		break;
	case FLUE_UP_RECEIVE_COMPLETE:
		posts_back(s, up->ref);
		break;
	case FLUE_UP_SEND_COMPLETE:
		sends_back(s, up->ref);
		break;
	case FLUE_UP_FORWARD_COMPLETE:
		s->kept_done++;
		break;
	case FLUE_UP_DISCONNECT_COMPLETE:
		if (s->aborting)
			s->aborted = true;
		break;
	case FLUE_UP_TERMINATE_COMPLETE:
		if (s->phase == SIM_TERMINATING)
			terminated(s);
		break;
	case FLUE_UP_INITIATE_COMPLETE:
		initiated(s);
		break;
	case FLUE_UP_FRAME:
		sim_frames_up(s, x, up->ref);
		break;
	case FLUE_UP_OFFLOAD_EVENT:
		sim_submit(x, FLUE_SUB_OFFLOAD_EVENT_VERDICT, up->arg1, up->ref, 0, 0);
		break;
	case FLUE_UP_EVENT:
		event(s, up);
		break;
	default:
		break;
	}
}

static void
check(struct sim_side *s)
{
	struct flue_conn *c = flue_conn_of(s->at->e, s->token);
	const char *what = flue_engine_broken(s->at->e);

	if (what == NULL && c != NULL)
		what = flue_conn_broken(s->at->e, c, &s->grown);
	sim_require(s->sim, what == NULL, what);
}

static int
pass(struct sim_side *s, struct sim_engine *x)
{
	int work = flue_engine_poll(x->e, s->sim->now, 256);

	sim_require(s->sim, work >= 0, "an engine can be polled");
	while (x->ch->up_head != x->ch->up_tail) {
		struct flue_up up = x->ups[x->ch->up_head & (SIM_RING - 1)];

		x->ch->up_head++;
		came_up(s, x, &up);
		s->news = true;
		work++;
	}
	return work;
}

/* ---- The application ------------------------------------------------------------------------ */

static void
write_one(struct sim_side *s, int slot)
{
	uint64_t left = s->p->bytes - s->queued;
	uint32_t len = 1 + (uint32_t)any(s, s->p->write);
	uint8_t *data = s->base + flue_ref_offset(s->sends[slot]) + 256;
	uint32_t i;

	if (len > left)
		len = (uint32_t)left;
	for (i = 0; i < len; i++)
		data[i] = byte_at(s->index, s->queued + i);
	s->sending[slot] = true;
	s->queued += len;
	sim_submit(s->at, FLUE_SUB_SEND, s->token, sim_nbl(s, s->sends[slot], len), 0, 0);
	s->write_at = s->sim->now + (s->p->think > 0 ? (int64_t)any(s, (uint64_t)s->p->think) : 0);
}

static void
write_some(struct sim_side *s)
{
	bool idle = true;
	int i;

	for (i = 0; i < SIM_SENDS; i++) {
		if (!s->sending[i] && s->queued < s->p->bytes && s->sim->now >= s->write_at)
			write_one(s, i);
		idle = idle && !s->sending[i];
	}
	if (s->closing || s->queued < s->p->bytes || !(idle || s->p->close_early))
		return;
	s->closing = true;
	sim_submit(s->at, FLUE_SUB_DISCONNECT, s->token, sim_nbl(s, s->close_nbl, 0),
			FLUE_DISCONNECT_GRACEFUL, 0);
}

static void
post(struct sim_side *s)
{
	int i;

	for (i = 0; i < s->p->posts && !s->fin_told; i++) {
		if (s->posted[i])
			continue;
		s->posted[i] = true;
		sim_submit(s->at, FLUE_SUB_RECEIVE, s->token,
				sim_nbl(s, s->posts[i], 1 + (uint32_t)any(s, SIM_POST_ROOM)), 0, 0);
	}
}

static void
verdict(struct sim_side *s)
{
	uint32_t status = FLUE_STATUS_SUCCESS;
	uint32_t bytes = s->indicated_bytes;
	flue_ref ref = s->indicated;

	if (ref == 0 || (s->phase == SIM_HERE && s->sim->now < s->verdict_at))
		return;
	s->indicated = 0;
	/* The rest is asked for by a posted receive. */
	if (s->p->partial && s->p->posts > 0 && s->phase == SIM_HERE && any(s, 4) == 0) {
		status = (uint32_t)FLUE_STATUS_OFFLOAD_DATA_PARTIALLY_ACCEPTED;
		bytes = (uint32_t)any(s, bytes);
	}
	take(s, ref, bytes);
	sim_submit(s->at, FLUE_SUB_VERDICT, s->token, ref, status, bytes);
	if (status == FLUE_STATUS_SUCCESS)
		sim_submit(s->at, FLUE_SUB_RECEIVE_RETURN, 0, ref, 0, 0);
}

static void
act(struct sim_side *s)
{
	s->news = false;
	verdict(s);
	if (s->phase == SIM_BETWEEN && s->sim->now >= s->resume_at)
		initiate(s);
	if (s->phase != SIM_HERE || s->aborted || s->aborting)
		return;
	if (s->p->abort_at != 0 && s->events >= s->p->abort_at) {
		s->aborting = true;
		s->sim->result->aborted = true;
		sim_submit(s->at, FLUE_SUB_DISCONNECT, s->token, sim_nbl(s, s->abort_nbl, 0),
				FLUE_DISCONNECT_ABORTIVE, 0);
		return;
	}
	post(s);
	/* What waits goes first: moves in a row must not keep it waiting for ever. */
	sim_frames_forward(s);
	if (s->wants_move || (s->p->move_at != 0 && s->events >= s->next_move)) {
		terminate(s);
		return;
	}
	write_some(s);
}

int
sim_host_step(struct sim_side *s)
{
	int work = 0;
	int i;

	act(s);
	for (i = 0; i < 2; i++) {
		struct sim_engine *x = &s->engine[i];

		if (x != s->at && x->ch->sub_tail == x->ch->sub_head &&
				flue_engine_next_deadline(x->e) > s->sim->now)
			continue;
		work += pass(s, x);
	}
	check(s);
	return work;
}

int64_t
sim_host_next(const struct sim_side *s)
{
	int64_t next = s->news ? s->sim->now : INT64_MAX;
	int i;

	for (i = 0; i < 2; i++) {
		const struct sim_engine *x = &s->engine[i];
		int64_t t = flue_engine_next_deadline(x->e);

		if (x->ch->sub_tail != x->ch->sub_head)
			return s->sim->now;
		next = t < next ? t : next;
	}
	if (s->indicated != 0 && s->verdict_at < next)
		next = s->verdict_at;
	if (s->phase == SIM_BETWEEN && s->resume_at < next)
		next = s->resume_at;
	if (s->phase == SIM_HERE && s->queued < s->p->bytes && s->write_at > s->sim->now &&
			s->write_at < next)
		next = s->write_at;
	return next;
}

bool
sim_host_done(const struct sim_side *s)
{
	return s->aborted || (s->closing && s->fin_told && s->received == s->peer->p->bytes);
}

void
sim_host_give_up(struct sim_side *s)
{
	if (s->phase == SIM_HERE)
		terminate(s);
}
