/* SPDX-License-Identifier: Apache-2.0 */

#include "support/invariants.h"

#include "tcp/loss.h"

/** Nothing is done for it any more. */
#define OVER (CONN_STOPPED | CONN_ABORTED | CONN_TERMINATING | CONN_INVALID)

#define CHECK(truth, what)           \
	do {                         \
		if (!(truth))        \
			return what; \
	} while (0)

static bool
in_wheel_by(const struct flue_engine *e, const struct flue_conn *c, uint32_t ms)
{
	uint32_t at = e->wheel.ms + ((c->timer_slot - e->wheel.ms) & (FLUE_WHEEL_SLOTS - 1));

	return (c->flags & CONN_TIMER) && (int32_t)(at - ms) <= 0;
}

/** Sequence numbers against each other. */
static const char *
numbers(const struct flue_conn *c)
{
	uint32_t flight = c->snd_max - c->snd_una;
	uint32_t limit = c->snd_end + ((c->flags & CONN_FIN_QUEUED) != 0);

	CHECK(flight <= UINT32_C(0x40000000), "SND.UNA <= SND.MAX");
	CHECK(c->snd_nxt - c->snd_una <= flight, "SND.UNA <= SND.NXT <= SND.MAX");
	CHECK(flue_seq_leq(c->snd_max, limit), "nothing was sent that was not queued");
	CHECK(c->rcv_adv - c->rcv_nxt <= UINT32_C(0x40000000), "RCV.NXT <= promised edge");
	CHECK(c->cc.cwnd > 0, "the congestion window is not empty");
	return NULL;
}

static const char *
grew(const struct flue_conn *c, struct flue_grown *g)
{
	if (g->seen) {
		CHECK(flue_seq_geq(c->snd_una, g->snd_una), "SND.UNA never moves left");
		CHECK(flue_seq_geq(c->snd_max, g->snd_max), "SND.MAX never moves left");
		CHECK(flue_seq_geq(c->rcv_nxt, g->rcv_nxt), "RCV.NXT never moves left");
		CHECK(flue_seq_geq(c->rcv_adv, g->rcv_adv), "a promised edge is never taken back");
	}
	*g = (struct flue_grown){ c->snd_una, c->snd_max, c->rcv_nxt, c->rcv_adv, true };
	return NULL;
}

static const char *
states(const struct flue_conn *c)
{
	bool acked = (c->flags & CONN_FIN_ACKED) != 0;
	bool received = (c->flags & CONN_FIN_RCVD) != 0;

	if (acked)
		CHECK(c->snd_una == c->snd_end + 1, "a FIN that is acknowledged ends the stream");
	switch (c->state) {
	case FLUE_TCP_ESTABLISHED:
		CHECK(!received && !(c->flags & CONN_FIN_QUEUED), "no FIN in ESTABLISHED");
		break;
	case FLUE_TCP_CLOSE_WAIT:
		CHECK(received && !(c->flags & CONN_FIN_QUEUED), "the peer's FIN in CLOSE-WAIT");
		break;
	case FLUE_TCP_FIN_WAIT1:
		CHECK(!received && !acked, "FIN-WAIT-1 waits for both");
		break;
	case FLUE_TCP_FIN_WAIT2:
		CHECK(!received && acked, "our FIN is acknowledged in FIN-WAIT-2");
		break;
	case FLUE_TCP_CLOSING:
	case FLUE_TCP_LAST_ACK:
		CHECK(received && !acked && (c->flags & CONN_FIN_QUEUED), "our FIN is awaited");
		break;
	case FLUE_TCP_TIME_WAIT:
	case FLUE_TCP_CLOSED:
		CHECK(c->flags & OVER, "a connection that has ended is not processed");
		break;
	default:
		return "a state that is offloaded";
	}
	return NULL;
}

/** Whatever is waited for has a time by which something is done about it. */
static const char *
timers(const struct flue_engine *e, const struct flue_conn *c)
{
	bool soon = (c->flags & CONN_READY) != 0 || c->send_queued;

	if (c->flags & OVER)
		return NULL;
	if (c->rtx_ms != FLUE_NONE)
		CHECK(c->look_queued || in_wheel_by(e, c, c->rtx_ms),
				"the wheel knows of the retransmission timer, or will in a while");
	if (c->snd_una != c->snd_max)
		CHECK(c->rtx_ms != FLUE_NONE, "data in flight has a timer");
	else if (c->snd_max != c->snd_end + ((c->flags & CONN_FIN_QUEUED) != 0))
		CHECK(soon || c->rtx_ms != FLUE_NONE, "data that waits has a timer, or its turn");
	if (c->flags & CONN_ACK_OWED)
		CHECK(soon || c->ack_queued || in_wheel_by(e, c, c->ack_ms),
				"an ACK that is owed has its time");
	if (c->flags & (CONN_ACK_NOW | CONN_WIN_UPDATE))
		CHECK(soon, "an ACK that is due goes out");
	if (c->flags & CONN_KEEPALIVE)
		CHECK((c->flags & CONN_TIMER) != 0, "keepalive has a timer");
	return NULL;
}

static const char *
received(const struct flue_engine *e, const struct flue_conn *c)
{
	const struct flue_extra *x = flue_extra_of(e, c);
	const struct flue_pkt *p;
	uint32_t held = 0;
	uint32_t n = 0;
	uint32_t i;

	for (p = c->rxq_head; p != NULL; p = p->next) {
		held += p->payload_len;
		CHECK(p->next != NULL || p == c->rxq_tail, "the queue ends at its tail");
	}
	for (i = 0; (c->flags & CONN_INDICATING) && i < e->rx_ids.size; i++)
		if (e->rx_records[i].state == RECORD_INDICATED &&
				e->rx_records[i].conn == flue_conn_index(e, c))
			held += e->rx_records[i].bytes;
	CHECK(held == c->rx_held, "bytes held are those queued and indicated");
	for (p = x->ooo; p != NULL; p = p->next, n++) {
		if (c->set_aside || p->next == NULL)
			continue;
		CHECK(flue_seq_leq(p->seq, p->next->seq), "what is out of order lies in order");
	}
	CHECK(n == x->ooo_count && n <= FLUE_OOO_MAX, "segments out of order are counted");
	CHECK((n != 0) == ((c->flags & CONN_OOO) != 0), "the flag says that there are some");
	return NULL;
}

/** @return pieces of the connection through `pieces` */
static const char *
sends(const struct flue_engine *e, const struct flue_conn *c, uint32_t *pieces)
{
	uint32_t id = c->send_head;
	uint32_t last = FLUE_NONE;
	bool next = c->send_nxt == FLUE_NONE;
	uint32_t seq = 0;

	for (; id != FLUE_NONE; id = e->pieces[id].next) {
		const struct flue_piece *p = &e->pieces[id];

		CHECK(last == FLUE_NONE || p->seq == seq,
				"pieces of send data continue each other");
		seq = p->seq + p->len;
		next = next || id == c->send_nxt;
		last = id;
		++*pieces;
	}
	CHECK(next, "the next piece to be sent is one of the connection's");
	if (last != FLUE_NONE) {
		CHECK(last == c->send_tail, "the pieces end at their tail");
		CHECK(seq == c->snd_end, "the pieces end where the data ends");
		CHECK(flue_seq_leq(e->pieces[c->send_head].seq, c->snd_una),
				"what is not acknowledged is there");
	} else if (!(c->flags & (CONN_ABORTED | CONN_FIN_ACKED))) {
		CHECK(flue_seq_geq(c->snd_una, c->snd_end), "without pieces all is acknowledged");
	}
	for (id = c->post_tail; id != FLUE_NONE;) {
		++*pieces;
		id = e->pieces[id].next;
		if (id == c->post_tail)
			break;
	}
	CHECK((c->post_tail != FLUE_NONE) == ((c->flags & CONN_POSTED) != 0),
			"the flag says that receives are posted");
	return NULL;
}

/** The scoreboard: runs one behind the other, counted as they say. */
static const char *
board(const struct flue_engine *e, const struct flue_conn *c, uint32_t *runs)
{
	const struct flue_episode *ep;
	const struct flue_board *b;
	uint32_t sacked = 0;
	uint32_t lost = 0;
	uint32_t resent = 0;
	uint32_t due = 0;
	uint32_t count = 0;
	uint32_t at;
	uint32_t i;

	if (!(c->loss & LOSS_BOARD))
		return NULL;
	ep = flue_episode_of(e, c);
	b = &ep->board;
	at = b->una;
	for (i = b->head; i != RUN_NONE && count <= b->count; i = e->runs.run[i].next, count++) {
		const struct flue_run *r = &e->runs.run[i];

		CHECK(r->start == at && flue_seq_lt(at, r->end), "runs continue each other");
		at = r->end;
		if (r->flags & RUN_SACKED)
			sacked += r->end - r->start;
		if (r->flags & RUN_LOST)
			lost += r->end - r->start;
		if (r->flags & RUN_RESENT)
			resent += r->end - r->start;
		if ((r->flags & (RUN_LOST | RUN_RESENT)) == RUN_LOST)
			due += r->end - r->start;
		CHECK(!(r->flags & RUN_SACKED) || !(r->flags & RUN_LOST),
				"what arrived is not lost");
	}
	*runs += count;
	CHECK(count == b->count && at == b->end, "runs are counted");
	CHECK(sacked == b->sacked && lost == b->lost, "bytes of the scoreboard are counted");
	CHECK(resent == b->resent && due == b->due, "bytes that are sent again are counted");
	CHECK(flue_seq_leq(b->end, c->snd_max), "the scoreboard ends with what was sent");
	if (!(c->flags & OVER) && ep->reo_ms != FLUE_NONE)
		CHECK(in_wheel_by(e, c, ep->reo_ms), "the wheel knows of the reordering timer");
	return NULL;
}

const char *
flue_conn_broken(const struct flue_engine *e, const struct flue_conn *c, struct flue_grown *grown)
{
	uint32_t pieces = 0;
	uint32_t runs = 0;
	const char *what = received(e, c);

	if (what == NULL)
		what = sends(e, c, &pieces);
	if (what == NULL)
		what = board(e, c, &runs);
	if (what == NULL && !(c->flags & CONN_ABORTED))
		what = numbers(c);
	if (what == NULL && !(c->flags & OVER))
		what = states(c);
	if (what == NULL)
		what = timers(e, c);
	if (what == NULL && grown != NULL)
		what = grew(c, grown);
	return what;
}

/** Each entry of the wheel is that of a connection, and the other way round. */
static const char *
wheel(const struct flue_engine *e, uint32_t armed)
{
	const struct flue_wheel *w = &e->wheel;
	uint32_t n = 0;
	uint32_t word;

	CHECK(w->count == armed, "the wheel has an entry for each connection with a timer");
	for (word = 0; n < armed && word < FLUE_WHEEL_SLOTS / 64; word++) {
		uint64_t bits = w->busy[word];

		for (; bits != 0; bits &= bits - 1) {
			uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
			uint32_t i = w->first[slot];

			for (; i != FLUE_NONE && n <= armed; i = e->conns[i].timer_next, n++)
				CHECK((e->conns[i].flags & CONN_TIMER) &&
								e->conns[i].timer_slot == slot,
						"an entry of the wheel lies in its slot");
		}
	}
	CHECK(n == armed, "each entry of the wheel can be found");
	return NULL;
}

static const char *
ready(const struct flue_engine *e, uint32_t touched)
{
	uint32_t at;

	CHECK(e->ready_tail - e->ready_head == touched, "each connection is ready once");
	for (at = e->ready_head; at != e->ready_tail; at++)
		CHECK(e->conns[e->ready[at & e->ready_mask]].flags & CONN_READY,
				"what is ready has the flag");
	return NULL;
}

static const char *
senders(const struct flue_engine *e, uint32_t queued)
{
	uint32_t at;

	CHECK(e->senders_tail - e->senders_head == queued, "each connection waits to send once");
	for (at = e->senders_head; at != e->senders_tail; at++)
		CHECK(e->conns[e->senders[at & e->senders_mask]].send_queued,
				"what waits to send has the flag");
	return NULL;
}

const char *
flue_engine_broken(const struct flue_engine *e)
{
	uint32_t pieces = 0;
	uint32_t boards = 0;
	uint32_t runs = 0;
	uint32_t armed = 0;
	uint32_t touched = 0;
	uint32_t queued = 0;
	uint32_t used = 0;
	uint32_t extras = 0;
	uint32_t profiled = 0;
	const char *what;
	uint32_t i;

	for (i = 0; i < e->conn_ids.size; i++) {
		const struct flue_conn *c = &e->conns[i];

		touched += (c->flags & CONN_READY) != 0;
		queued += c->send_queued;
		armed += (c->flags & CONN_TIMER) != 0;
		if (c->path == FLUE_NONE)
			continue;
		used++;
		what = flue_conn_broken(e, c, NULL);
		if (what == NULL)
			what = sends(e, c, &pieces);
		if (what == NULL)
			what = board(e, c, &runs);
		if (what != NULL)
			return what;
		boards += (c->loss & LOSS_BOARD) != 0;
		extras += c->more;
	}
	CHECK(used == flue_ids_used(&e->conn_ids), "connections are counted");
	CHECK(pieces == flue_ids_used(&e->piece_ids), "no piece is lost");
	CHECK(boards == flue_ids_used(&e->episode_ids), "no scoreboard is lost");
	CHECK(extras == flue_ids_used(&e->extra_ids), "no extra record is lost");
	for (i = 0; i < e->profile_ids.size; i++)
		profiled += e->profiles.at[i].refs;
	CHECK(profiled == used, "each connection has its profile");
	CHECK(runs == e->runs.size - e->runs.free, "no run is lost");
	what = wheel(e, armed);
	if (what == NULL)
		what = ready(e, touched);
	return what != NULL ? what : senders(e, queued);
}
