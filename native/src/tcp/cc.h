/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_CC_H
#define FLUE_TCP_CC_H

/**
 * @file
 * Congestion control: pure functions over two numbers and a little memory, one table an algorithm.
 * They know nothing of segments, timers or the engine. Bytes everywhere. For connections they are
 * called through tcp/congestion.h.
 *
 * Slow start is the same for all and needs no memory. In congestion avoidance an ACK costs a
 * multiplication: how far the window grows is computed once a window of data, and each byte
 * acknowledged brings its share of that.
 */

#include <stdbool.h>
#include <stdint.h>

#include "flue/flue_offload.h"

/** Words of an algorithm's own, as they travel (flue_tcp_state_ext.cc_state). */
#define FLUE_CC_WORDS 8

/** The chimney's numbers (rules 12.2): of the profile, never of a single connection. */
#define FLUE_CC_CHIMNEY 3
#define FLUE_CC_COUNT   4

struct flue_cc {
	uint32_t cwnd;
	uint32_t ssthresh;
};

/** What an algorithm remembers between calls. All zero: a new connection. */
struct flue_cc_memory {
	uint32_t word[FLUE_CC_WORDS]; /* FLUE_CC_CUBIC_*, FLUE_CC_DCTCP_* */
	uint32_t step;    /* congestion avoidance: growth by a byte acknowledged, in 2^-32 bytes */
	uint32_t part;    /* of a byte, in 2^-32, the window has grown by */
	uint32_t left;    /* bytes to be acknowledged before the step is computed anew */
	uint32_t last_us; /* when it was */
};

/** What an algorithm may look at. */
struct flue_cc_view {
	uint32_t mss;
	uint32_t now_us; /* any clock; wraps */
	uint32_t rtt_us; /* smoothed; 0 = not known */
	uint32_t flight; /* bytes in flight: what a loss is measured by */
	uint32_t wnd;    /* the peer's window */
	uint32_t una;    /* SND.UNA */
	uint32_t max;    /* SND.MAX */
};

struct flue_cc_ops {
	const char *name;
	uint32_t abc; /* segments one ACK counts for in slow start, at most (RFC 3465 L) */
	/** Congestion avoidance: new data was acknowledged, `acked` bytes, and the window was what held
	 *  the sender back. */
	void (*on_ack)(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
			uint32_t acked);
	/** A segment was lost: sets ssthresh. What cwnd becomes is for the caller to say. */
	void (*on_loss)(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v);
	/** ... noticed by a timeout. Of the timeouts of one segment only the first counts (RFC 5681
	 *  3.1). */
	void (*on_timeout)(
			struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v);
	/** The network marked what it would have dropped: sets ssthresh and cwnd. At most once a window
	 *  (RFC 3168 6.1.2). */
	void (*on_ecn)(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v);
	/** SND.UNA has moved; `marked` bytes were acknowledged with ECE. With each of those ACKs, and
	 *  once a round trip. NULL: of no interest. */
	void (*on_marks)(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
			uint32_t marked);
};

extern const struct flue_cc_ops flue_cc_reno;
extern const struct flue_cc_ops flue_cc_cubic;
extern const struct flue_cc_ops flue_cc_dctcp;
/** Of the chimney profile (T-144). */
extern const struct flue_cc_ops flue_cc_chimney;

/** By enum flue_congestion_control, and FLUE_CC_CHIMNEY. */
extern const struct flue_cc_ops *const flue_cc_table[FLUE_CC_COUNT];

/** Never over 32 bits. */
static inline uint32_t
flue_cc_grow(uint32_t cwnd, uint32_t by)
{
	return cwnd > UINT32_MAX - by ? UINT32_MAX : cwnd + by;
}

/**
 * Slow start: new data was acknowledged, and the window was what held the sender back.
 * @param abc  segments it counts for at most. 1 while what is acknowledged may have arrived before a
 *             timeout: an ACK can then cover much that is not the network's doing now.
 */
static inline void
flue_cc_slow_start(struct flue_cc *cc, uint32_t mss, uint32_t abc, uint32_t acked)
{
	uint32_t most = abc * mss;

	cc->cwnd = flue_cc_grow(cc->cwnd, acked < most ? acked : most);
}

/** How far the window is to have grown when all of it is acknowledged: cwnd or more. */
typedef uint32_t (*flue_cc_goal)(
		const struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v);

/** on_ack of those that have a goal. */
void flue_cc_avoid(struct flue_cc *cc, struct flue_cc_memory *m, const struct flue_cc_view *v,
		uint32_t acked, flue_cc_goal goal);

/** Nothing was sent for longer than the retransmission timeout (RFC 5681 4.1), or the algorithm
 *  starts over: the step is computed anew. */
static inline void
flue_cc_forget_step(struct flue_cc_memory *m)
{
	m->step = 0;
	m->part = 0;
	m->left = 0;
}

/** Initial window, RFC 6928. */
static inline uint32_t
flue_cc_initial_window(uint32_t mss)
{
	uint32_t iw = 10 * mss;
	uint32_t most = 2 * mss > 14600 ? 2 * mss : 14600;

	return iw < most ? iw : most;
}

#endif /* FLUE_TCP_CC_H */
