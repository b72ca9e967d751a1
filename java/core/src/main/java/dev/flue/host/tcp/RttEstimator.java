// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** Round-trip time and retransmission timeout (RFC 6298). Microseconds. */
public final class RttEstimator {
    /** Before the first sample. */
    public static final int INITIAL_RTO_US = 1_000_000;

    /** Largest timeout. */
    public static final int MAX_RTO_US = 60_000_000;

    private static final int GRANULARITY_US = 1_000;

    private final int minRtoUs;
    int srttUs;
    int rttvarUs;
    int minRttUs;
    int rtoUs = INITIAL_RTO_US;

    RttEstimator(int minRtoUs) {
        this.minRtoUs = minRtoUs;
    }

    /** A measured round trip; never of a segment sent twice unless told by timestamps (Karn). */
    void sample(int rttUs) {
        int r = Math.max(1, rttUs);
        if (srttUs == 0) {
            srttUs = r;
            rttvarUs = r / 2;
        } else {
            rttvarUs += (Math.abs(srttUs - r) - rttvarUs) / 4;
            srttUs += (r - srttUs) / 8;
        }
        srttUs = Math.max(1, srttUs);
        minRttUs = minRttUs == 0 ? r : Math.min(minRttUs, r);
        reset();
    }

    /** Undo the back-off: progress was made. */
    void reset() {
        if (srttUs == 0) {
            rtoUs = INITIAL_RTO_US;
            return;
        }
        long rto = srttUs + Math.max(GRANULARITY_US, 4L * rttvarUs);
        rtoUs = (int) Math.min(MAX_RTO_US, Math.max(minRtoUs, rto));
    }

    /** The timer expired (5.5). */
    void backOff() {
        rtoUs = (int) Math.min(MAX_RTO_US, 2L * rtoUs);
    }

    long rtoNanos() {
        return rtoUs * 1_000L;
    }
}
