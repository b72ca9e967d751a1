/* SPDX-License-Identifier: Apache-2.0 */

#include "tcp/cc.h"

/* Reno as in RFC 5681: slow start below ssthresh, then one segment a round trip. Bytes are counted,
 * not ACKs (RFC 3465): a peer that acknowledges once a burst does not hold the window down. */

static uint32_t
grow(uint32_t cwnd, uint32_t by)
{
	return cwnd > UINT32_MAX - by ? UINT32_MAX : cwnd + by;
}

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
reno_on_ack(struct flue_cc *cc, uint32_t mss, uint32_t acked, bool limited, bool resent)
{
	uint32_t by;

	if (!limited)
		return;
	if (cc->cwnd < cc->ssthresh)
		by = least(acked, resent ? mss : 2 * mss);
	else
		/* Of stretched ACKs each byte counts: one segment per window of data. */
		by = most((uint32_t)((uint64_t)mss * least(acked, cc->cwnd) / cc->cwnd), 1);
	cc->cwnd = grow(cc->cwnd, by);
}

static void
reno_on_loss(struct flue_cc *cc, uint32_t mss, uint32_t flight, uint32_t wnd)
{
	(void)wnd;
	cc->ssthresh = most(flight / 2, 2 * mss);
}

static void
on_idle(struct flue_cc *cc, uint32_t mss)
{
	cc->cwnd = least(cc->cwnd, flue_cc_initial_window(mss));
}

const struct flue_cc_ops flue_cc_reno = {
	.name = "reno",
	.on_ack = reno_on_ack,
	.on_loss = reno_on_loss,
	.on_idle = on_idle,
};

/* The numbers of chimney rules 12.2: one ACK counts for four segments at most, and half of what the
 * sender was allowed is left after a loss, not half of what was in flight. */

#define ABC_L 4

static void
chimney_on_ack(struct flue_cc *cc, uint32_t mss, uint32_t acked, bool limited, bool resent)
{
	uint32_t counted = least(acked, ABC_L * mss);

	if (!limited)
		return;
	if (cc->cwnd < cc->ssthresh)
		cc->cwnd = grow(cc->cwnd, resent ? least(acked, mss) : counted);
	else
		cc->cwnd = grow(cc->cwnd, most((uint32_t)((uint64_t)mss * counted / cc->cwnd), 1));
}

static void
chimney_on_loss(struct flue_cc *cc, uint32_t mss, uint32_t flight, uint32_t wnd)
{
	(void)flight;
	cc->ssthresh = most(2 * mss, least(cc->cwnd, wnd) / 2);
}

const struct flue_cc_ops flue_cc_chimney = {
	.name = "chimney",
	.on_ack = chimney_on_ack,
	.on_loss = chimney_on_loss,
	.on_idle = on_idle,
};
