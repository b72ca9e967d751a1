/* SPDX-License-Identifier: Apache-2.0 */

/* Round-trip time and retransmission timeout, RFC 6298. */

#include "tcp/congestion.h"

#define GRANULARITY_US 1000u

/* Of the chimney profile (12.2). */
#define CHIMNEY_RTO_MIN_US    300000u
#define CHIMNEY_RTO_MAX_US    60000000u
#define CHIMNEY_SAMPLE_MAX_US 30000000u

uint32_t
flue_rto(const struct flue_engine *e, const struct flue_conn *c)
{
	uint64_t rto;

	if (e->config.chimney_profile) {
		rto = c->srtt8 == 0 ? 1000000 : (uint64_t)c->srtt8 / 8 + c->rttvar4;
		if (rto < CHIMNEY_RTO_MIN_US)
			rto = CHIMNEY_RTO_MIN_US;
		return (uint32_t)(rto < CHIMNEY_RTO_MAX_US ? rto : CHIMNEY_RTO_MAX_US);
	}
	if (c->srtt8 == 0) {
		rto = 1000000;
	} else {
		rto = c->srtt8 / 8;
		rto += c->rttvar4 > GRANULARITY_US ? c->rttvar4 : GRANULARITY_US;
	}
	if (rto < (uint64_t)e->config.rto_min_us)
		rto = (uint64_t)e->config.rto_min_us;
	if (rto > (uint64_t)e->config.rto_max_us)
		rto = (uint64_t)e->config.rto_max_us;
	return (uint32_t)rto;
}

void
flue_rtt_sample(struct flue_engine *e, struct flue_conn *c, uint32_t us)
{
	/* A sample of minutes says more about the host than about the path. */
	uint32_t most = e->config.chimney_profile ? CHIMNEY_SAMPLE_MAX_US : 60000000;

	if (us > most)
		us = most;
	if (us == 0)
		us = 1;
	if (c->min_rtt == 0 || us < c->min_rtt)
		c->min_rtt = us;
	if (c->srtt8 == 0) {
		c->srtt8 = us * 8;
		c->rttvar4 = us * 2;
	} else {
		int64_t srtt = c->srtt8 / 8;
		int64_t error = (int64_t)us - srtt;

		if (error < 0)
			error = -error;
		c->rttvar4 = (uint32_t)((int64_t)c->rttvar4 - c->rttvar4 / 4 + error);
		c->srtt8 = (uint32_t)((int64_t)c->srtt8 - srtt + us);
	}
	c->rto_us = flue_rto(e, c);
	/* Once a round trip: never so far behind that it would count as ahead. */
	if (c->snd_una - c->recover > UINT32_C(0x40000000) && !(c->flags & CONN_RTO_RECOVERY) &&
			!(c->loss & LOSS_FAST))
		c->recover = c->snd_una - 1;
	flue_cc_round(e, c);
	flue_backlog_check(e, c);
}
