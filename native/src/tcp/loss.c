/* SPDX-License-Identifier: Apache-2.0 */

#include "tcp/loss.h"

void
flue_loss_dup_ack(struct flue_conn *c, const struct flue_segment *s, uint32_t old_wnd)
{
	if (c->snd_una == c->snd_max || s->payload != 0 || (s->flags & (TCP_SYN | TCP_FIN)) ||
			s->ack != c->snd_una || c->snd_wnd != old_wnd)
		return;
	if (c->dup_acks < UINT8_MAX)
		c->dup_acks++;
	c->flags |= CONN_DUP_ACKS;
}

void
flue_loss_progress(struct flue_engine *e, struct flue_conn *c)
{
	if (c->flags & CONN_DUP_ACKS) {
		c->dup_acks = 0;
		c->flags &= ~CONN_DUP_ACKS;
	}
	if (c->flags & CONN_RTO_RECOVERY) {
		c->rtx_count = 0;
		/* Backed off until an answer came (RFC 6298 5.7); this is one. */
		c->rto_us = flue_rto(e, c);
		if (flue_seq_geq(c->snd_una, c->recover))
			c->flags &= ~CONN_RTO_RECOVERY;
	}
}

void
flue_loss_timeout(struct flue_engine *e, struct flue_conn *c)
{
	bool first = c->rtx_count == 0;
	uint64_t rto = (uint64_t)c->rto_us * 2;

	flue_count(e, FLUE_CTR_TIMEOUTS, 1);
	if (first)
		c->rtx_start_ms = e->now_ms;
	c->rtx_count++;
	flue_cc_reno.on_timeout(&c->cc, c->mss, c->snd_max - c->snd_una, first);
	c->rto_us = rto > (uint64_t)e->config.rto_max_us ? (uint32_t)e->config.rto_max_us
							 : (uint32_t)rto;
	/* Karn: what is under way now gives no sample. */
	c->flags = (c->flags & ~CONN_TIMING) | CONN_RTO_RECOVERY;
	c->recover = c->snd_max;
	c->snd_nxt = c->snd_una;
	c->send_nxt = c->send_head;
	flue_tcp_arm_rtx(e, c, c->rto_us);
}
