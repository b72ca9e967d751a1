/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TCP_CC_H
#define FLUE_TCP_CC_H

/**
 * @file
 * Congestion control: pure functions over two numbers, one table an algorithm. They know nothing of
 * segments, timers or the engine. Bytes everywhere.
 */

#include <stdbool.h>
#include <stdint.h>

struct flue_cc {
	uint32_t cwnd;
	uint32_t ssthresh;
};

struct flue_cc_ops {
	const char *name;
	/**
	 * New data was acknowledged.
	 * @param acked    bytes
	 * @param limited  was the window what held the sender back? If not it does not grow.
	 * @param resent   what was acknowledged may have arrived before a timeout: an ACK can then
	 *                 cover much that is not the network's doing now
	 */
	void (*on_ack)(struct flue_cc *cc, uint32_t mss, uint32_t acked, bool limited, bool resent);
	/**
	 * A segment was lost: sets ssthresh. Of the timeouts of one segment only the first counts
	 * (RFC 5681 3.1). What cwnd becomes depends on how the loss was noticed: the caller's.
	 * @param flight  bytes in flight
	 * @param wnd     the peer's window
	 */
	void (*on_loss)(struct flue_cc *cc, uint32_t mss, uint32_t flight, uint32_t wnd);
	/** Nothing was sent for longer than the retransmission timeout (RFC 5681 4.1). */
	void (*on_idle)(struct flue_cc *cc, uint32_t mss);
};

extern const struct flue_cc_ops flue_cc_reno;
/** Of the chimney profile (T-144). */
extern const struct flue_cc_ops flue_cc_chimney;

/** Initial window, RFC 6928. */
static inline uint32_t
flue_cc_initial_window(uint32_t mss)
{
	uint32_t iw = 10 * mss;
	uint32_t most = 2 * mss > 14600 ? 2 * mss : 14600;

	return iw < most ? iw : most;
}

#endif /* FLUE_TCP_CC_H */
