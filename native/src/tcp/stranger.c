/* SPDX-License-Identifier: Apache-2.0 */

/* What may come from somebody who only guesses (RFC 5961), or from a peer that has forgotten. */

#include "tcp/stranger.h"

#include "tcp/sack.h"

/** All connections together (RFC 5961 7). How many it are differs from second to second: who has a
 *  connection of his own could tell from the answers he still gets how many others were drawn. */
static bool
challenge_allowed(struct flue_engine *e)
{
	int64_t second = e->now_ms_wide / 1000;

	if (second != e->challenge_second) {
		e->challenge_second = second;
		e->random = e->random * UINT64_C(6364136223846793005) +
			    UINT64_C(1442695040888963407);
		e->challenge_left = FLUE_CHALLENGES / 2 +
				    (uint32_t)(e->random >> 33) % (FLUE_CHALLENGES + 1);
	}
	if (e->challenge_left == 0)
		return false;
	e->challenge_left--;
	return true;
}

/** May an ACK go that an attacker must not be able to draw at will (RFC 5961)? It is counted. */
static bool
challenge_due(struct flue_engine *e, struct flue_conn *c)
{
	/* Low bits: once in a minute of silence it may be held back without need. */
	if ((uint16_t)(e->now_ms - c->challenge_ms) < FLUE_CHALLENGE_MS || !challenge_allowed(e))
		return false;
	c->challenge_ms = (uint16_t)e->now_ms;
	flue_count(e, FLUE_CTR_CHALLENGE_ACKS, 1);
	return true;
}

void
flue_challenge(struct flue_engine *e, struct flue_conn *c)
{
	if (challenge_due(e, c))
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
}

/** The peer spoke, acceptably: whatever doubt there was is over. */
void
flue_heard(struct flue_engine *e, struct flue_conn *c)
{
	c->last_rx_ms = e->now_ms;
	c->ka_probes = 0;
	if (likely(c->validity == 0))
		return;
	if (c->validity & VALIDITY_BORROWED)
		c->flags &= ~CONN_KEEPALIVE;
	else
		flue_keepalive_in(e, c, flue_ka_ms(e, flue_profile_of(e, c)->cached.ka_timeout));
	c->validity = 0;
}

/** A RST or SYN within the window: if the peer does not know the connection any more the challenge may
 *  not have told. Ask it in five minutes (chimney rules 12.3). */
static void
doubt(struct flue_engine *e, struct flue_conn *c)
{
	/* Who sends more of them does not put the question off. */
	if (c->validity & VALIDITY_ASKED)
		return;
	c->validity |= VALIDITY_ASKED;
	if (!(c->flags & CONN_KEEPALIVE)) {
		c->validity |= VALIDITY_BORROWED;
		c->flags |= CONN_KEEPALIVE;
		c->ka_probes = 0;
	}
	flue_keepalive_in(e, c, FLUE_DOUBT_MS);
}

/** A RST in the window, but not where the next segment begins. */
void
flue_doubtful_rst(struct flue_engine *e, struct flue_conn *c)
{
	if (!e->config.chimney_profile) {
		flue_challenge(e, c);
	} else if (!(c->validity & VALIDITY_RST)) {
		c->validity |= VALIDITY_RST;
		flue_count(e, FLUE_CTR_CHALLENGE_ACKS, 1);
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
	}
	doubt(e, c);
}

/** Chimney profile: at most one in three seconds; without a note of the last one, none.
 *  @return an answer is due */
static bool
syn_answered(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_take(e, c);

	if (x == NULL || (x->syn_challenged && e->now_ms - x->challenge_syn_ms < FLUE_SYN_ACK_MS))
		return false;
	x->syn_challenged = true;
	x->challenge_syn_ms = e->now_ms;
	return true;
}

/** A SYN in the window. RFC 5961 knows no exact one: it may come from anybody. */
void
flue_doubtful_syn(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	if (!e->config.chimney_profile) {
		flue_challenge(e, c);
	} else if (s->seq == c->rcv_nxt) {
		c->state = FLUE_TCP_CLOSED;
		c->rtx_ms = FLUE_NONE;
		flue_tcp_request_upload(e, c, FLUE_UPLOAD_UPLOAD_REQUESTED);
		return;
	} else if (syn_answered(e, c)) {
		flue_count(e, FLUE_CTR_CHALLENGE_ACKS, 1);
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
	}
	doubt(e, c);
}

/** A forwarded ACK that waited at the host while later segments went past it: no peer that is out of step
 *  sent it. One right before RCV.NXT may ask whether we live, if a FIN does not stand there. */
static bool
overtaken(const struct flue_conn *c, const struct flue_segment *s)
{
	uint32_t oldest = c->rcv_nxt - ((c->flags & CONN_FIN_RCVD) == 0);

	return s->forwarded && s->payload == 0 && !(s->flags & (TCP_FIN | TCP_SYN)) &&
	       flue_seq_lt(s->seq, oldest);
}

/** To one that is old and has no length: an ACK with the number that the peer waits for by its own word, if it
 *  has what its window has shrunk away from since (flue_tcp_bare_seq). When that happened both ways, by the
 *  rounding of scaled windows alone, both ends find each other's ACKs old, and would for ever. */
static void
answer_bare(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	if ((s->flags & TCP_ACK) && flue_seq_gt(s->ack, flue_tcp_bare_seq(c)) &&
			flue_seq_leq(s->ack, c->snd_max) && flue_tcp_emit(e, c, s->ack, 0, TCP_ACK))
		flue_count(e, FLUE_CTR_OUT_ACKS, 1);
	else
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
}

/** Data that comes again wants its ACK now. What carries none must not draw one for each: two ends
 *  that find each other's ACKs unacceptable would never stop. */
void
flue_answer_unacceptable(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s)
{
	if (overtaken(c, s))
		return;
	if ((s->flags & TCP_SYN) && e->config.chimney_profile)
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
	else if (s->flags & TCP_SYN)
		flue_challenge(e, c);
	else if (s->payload > 0 || (s->flags & TCP_FIN))
		flue_tcp_owe_ack(e, c, CONN_ACK_NOW);
	else if (challenge_due(e, c))
		answer_bare(e, c, s);
	if (s->payload > 0 && flue_seq_lt(s->seq, c->rcv_nxt) &&
			flue_seq_leq(s->seq + s->payload, c->rcv_nxt))
		flue_sack_duplicate(e, c, s->seq, s->seq + s->payload);
}
