// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.CongestionAlgorithm;

/**
 * How the congestion window grows once slow start is over, and how far a loss takes it back:
 * numbers in, numbers out. It knows no segment, no timer and no clock but the times it is given.
 * Bytes and nanoseconds. What it remembers travels with the connection as words that {@link
 * dev.flue.offload.CongestionState} names.
 */
interface CongestionControl {
    /** One for a new connection. */
    static CongestionControl of(CongestionAlgorithm algorithm) {
        return algorithm == CongestionAlgorithm.RENO ? new Reno() : new Cubic();
    }

    CongestionAlgorithm algorithm();

    /**
     * The window after so many bytes were acknowledged, when it was what held the sender back.
     *
     * @param srtt 0 = not known
     */
    int grow(int cwnd, int acked, int mss, long now, long srtt);

    /** A segment was lost with {@code flight} bytes sent and not acknowledged: ssthresh. */
    int lost(int cwnd, int flight, int mss);

    /** The same, noticed by the timer. */
    int timedOut(int cwnd, int flight, int mss);

    /** Nothing was sent for longer than a timeout. */
    void idle();

    int word(int index);

    void word(int index, int value);
}
