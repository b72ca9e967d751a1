/* SPDX-License-Identifier: Apache-2.0 */

/* Tail loss probe (RFC 8985 section 7): where no ACK comes for two round trips a segment goes out that
 * draws one, long before the timeout. Its time needs no timer of its own: the timeout runs from the last
 * ACK or the first segment, and so does the probe's, unless something was sent later that no ACK had
 * drawn. */

#include "tcp/congestion.h"
#include "tcp/loss.h"

#define TLP_MIN_US 10000u
#define TLP_ACK_DELAY_US \
	200000u /* the longest a peer is expected to delay the ACK of one segment */
#define TLP_NO_SRTT_US 1000000u

/** Could a probe be sent, as things are now? */
static bool
allowed(const struct flue_engine *e, const struct flue_conn *c)
{
	if (!c->sack || c->rtx_ms == FLUE_NONE || c->rtx_count != 0 || e->config.chimney_profile ||
			(c->loss & (LOSS_FAST | LOSS_TLP)) || c->snd_una == c->snd_max ||
			c->snd_nxt != c->snd_max || c->snd_wnd == 0 ||
			(c->flags & (CONN_RTO_RECOVERY | CONN_PERSIST | CONN_FIN_WAIT)))
		return false;
	return !(c->loss & LOSS_BOARD) || flue_episode_of(e, c)->board.sacked == 0;
}

/** `us` after the time from which the timeout runs. @return ms; FLUE_NONE = not before it */
static uint32_t
before_timeout(const struct flue_conn *c, uint32_t us, uint32_t later_ms)
{
	uint32_t rto_ms = c->rto_us / 1000;
	uint32_t ms = (us + 999) / 1000 + later_ms;

	return ms < rto_ms ? c->rtx_ms - rto_ms + ms : FLUE_NONE;
}

static uint32_t
two_round_trips_us(const struct flue_conn *c)
{
	uint32_t us = c->srtt8 != 0 ? c->srtt8 / 4 : TLP_NO_SRTT_US;

	return us > TLP_MIN_US ? us : TLP_MIN_US;
}

uint32_t
flue_tlp_first_ms(const struct flue_engine *e, const struct flue_conn *c)
{
	return allowed(e, c) ? before_timeout(c, two_round_trips_us(c), 0) : FLUE_NONE;
}

uint32_t
flue_tlp_due_ms(const struct flue_engine *e, const struct flue_conn *c)
{
	uint32_t began = c->rtx_ms - c->rto_us / 1000;
	uint32_t us = two_round_trips_us(c);
	int32_t later;

	if (!allowed(e, c))
		return FLUE_NONE;
	later = (int32_t)(c->since_ms - began);
	if (c->srtt8 != 0 && c->snd_max - c->snd_una <= c->mss)
		us += TLP_ACK_DELAY_US;
	/* A time that is older than the timer, or of long ago, says nothing. */
	return before_timeout(c, us, later > 0 && later < 60000 ? (uint32_t)later : 0);
}

/** Something new, where there is and the peer takes it. @return sent */
static bool
probe_new(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t flight = c->snd_max - c->snd_una;
	uint32_t unsent = flue_seq_lt(c->snd_nxt, c->snd_end) ? c->snd_end - c->snd_nxt : 0;
	uint32_t room = c->snd_wnd > flight ? c->snd_wnd - flight : 0;
	uint32_t len = unsent < room ? unsent : room;

	if (len > c->mss)
		len = c->mss;
	return len > 0 && flue_tcp_send_new(e, c, len);
}

/** The last segment again: where it began is not known, only how long it was at most. @return sent */
static bool
probe_old(struct flue_engine *e, struct flue_conn *c)
{
	uint32_t end = flue_seq_lt(c->snd_end, c->snd_max) ? c->snd_end : c->snd_max;
	uint32_t len = flue_seq_lt(c->snd_una, end) ? end - c->snd_una : 0;
	bool noted;

	if (len > c->mss)
		len = c->mss;
	/* A note of it tells RACK of its time; without one it is a probe all the same. */
	noted = !(c->loss & LOSS_BOARD) && flue_episode_begin(e, c);
	if (flue_recovery_resend(e, c, end - len, len))
		return true;
	if (noted)
		flue_episode_end(e, c);
	return false;
}

void
flue_tlp_probe(struct flue_engine *e, struct flue_conn *c)
{
	struct flue_extra *x = flue_extra_take(e, c);
	uint32_t flight = c->snd_max - c->snd_una;
	bool fresh;

	/* Without a note of it its answer could not be told: as if it had been sent and got none. */
	if (x == NULL) {
		c->loss |= LOSS_TLP;
		c->flags |= CONN_DUP_ACKS;
		return;
	}

	flue_tcp_fit(e, c);
	fresh = probe_new(e, c);

	if (fresh || probe_old(e, c)) {
		c->loss |= fresh ? LOSS_TLP : LOSS_TLP | LOSS_TLP_OLD;
		c->flags |= CONN_DUP_ACKS;
		x->tlp_end = c->snd_max;
		x->tlp_flight = flight;
		flue_count(e, FLUE_CTR_TAIL_PROBES, 1);
	}
	/* The timeout is the last resort: it begins anew (7.3). */
	flue_tcp_arm_rtx(e, c, c->rto_us);
}

static void
over(struct flue_conn *c)
{
	c->loss &= (uint8_t) ~(LOSS_TLP | LOSS_TLP_OLD);
	if (c->loss == 0 && c->dup_acks == 0)
		c->flags &= ~CONN_DUP_ACKS;
}

bool
flue_tlp_answer(struct flue_engine *e, struct flue_conn *c, const struct flue_segment *s,
		bool advanced, const struct flue_sack_block *dsack)
{
	struct flue_extra *x = flue_extra_held(e, c);
	bool twice;

	if (x == NULL || x->tlp_flight == 0) {
		over(c); /* it was not sent */
		return false;
	}
	if (flue_seq_lt(s->ack, x->tlp_end))
		return false;
	twice = (c->loss & LOSS_TLP_OLD) && dsack != NULL &&
		flue_seq_geq(dsack->end, x->tlp_end - 1);
	if (twice || !(c->loss & LOSS_TLP_OLD)) {
		over(c); /* it came on top of all that was sent */
	} else if (flue_seq_gt(s->ack, x->tlp_end)) {
		/* Nobody has told that it came twice: it repaired a loss, and that is congestion. */
		x->undo = false;
		flue_cc_lost(e, c, x->tlp_flight);
		if (c->cc.cwnd > c->cc.ssthresh)
			c->cc.cwnd = c->cc.ssthresh;
		over(c);
	} else if (!advanced && s->sacks == 0 && s->payload == 0) {
		over(c); /* a duplicate ACK of a peer without DSACK */
	}
	return twice;
}
