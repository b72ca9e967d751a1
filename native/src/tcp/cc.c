/* SPDX-License-Identifier: Apache-2.0 */

#include "tcp/cc.h"

/* Reno as in RFC 5681: slow start below ssthresh, then one segment a round trip. Bytes are counted,
 * not ACKs (RFC 3465): a peer that acknowledges once a burst does not hold the window down. */

static uint32_t
grow(uint32_t cwnd, uint32_t by)
{
	return cwnd > UINT32_MAX - by ? UINT32_MAX : cwnd + by;
}

static void
reno_on_ack(struct flue_cc *cc, uint32_t mss, uint32_t acked, bool limited, bool resent)
{
	uint32_t most = resent ? mss : 2 * mss;
	uint32_t by;

	if (!limited)
		return;
	if (cc->cwnd < cc->ssthresh) {
		by = acked < most ? acked : most;
	} else {
		/* Of stretched ACKs each byte counts: one segment per window of data. */
		by = (uint32_t)((uint64_t)mss * (acked < cc->cwnd ? acked : cc->cwnd) / cc->cwnd);
		if (by == 0)
			by = 1;
	}
	cc->cwnd = grow(cc->cwnd, by);
}

static void
reno_on_timeout(struct flue_cc *cc, uint32_t mss, uint32_t flight, bool first)
{
	if (first) {
		uint32_t half = flight / 2;

		cc->ssthresh = half > 2 * mss ? half : 2 * mss;
	}
	cc->cwnd = mss;
}

static void
reno_on_idle(struct flue_cc *cc, uint32_t mss)
{
	uint32_t restart = flue_cc_initial_window(mss);

	if (cc->cwnd > restart)
		cc->cwnd = restart;
}

const struct flue_cc_ops flue_cc_reno = {
	.name = "reno",
	.on_ack = reno_on_ack,
	.on_timeout = reno_on_timeout,
	.on_idle = reno_on_idle,
};
