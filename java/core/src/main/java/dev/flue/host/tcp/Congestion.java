// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * Reno: slow start, congestion avoidance, fast retransmit and NewReno recovery (RFC 5681, 6582,
 * 3042, 6928). Bytes.
 */
public final class Congestion {
    /** Duplicate ACKs that mean a loss. */
    public static final int DUPLICATES = 3;

    private static final int INITIAL_SEGMENTS = 10;
    private static final int INITIAL_BYTES = 14_600;

    int cwnd;
    int ssthresh = Integer.MAX_VALUE;
    int duplicates;
    boolean recovering;

    /** A partial ACK came in this recovery. */
    boolean partialSeen;

    /** Recovery ends when everything below was acknowledged. */
    int recover;

    void start(int mss, int firstSequence) {
        cwnd = initialWindow(mss);
        recover = firstSequence;
    }

    static int initialWindow(int mss) {
        return Math.min(INITIAL_SEGMENTS * mss, Math.max(2 * mss, INITIAL_BYTES));
    }

    /** Bytes that may be in flight now: one segment more for each of the first duplicates. */
    int window(int mss) {
        return recovering ? cwnd : cwnd + Math.min(duplicates, DUPLICATES - 1) * mss;
    }

    /** New data was acknowledged outside of recovery. */
    void acknowledged(int bytes, int mss) {
        duplicates = 0;
        long grown;
        if (cwnd < ssthresh) {
            grown = (long) cwnd + Math.min(bytes, mss);
        } else {
            grown = cwnd + Math.max(1, (long) mss * Math.min(bytes, mss) / cwnd);
        }
        cwnd = (int) Math.min(grown, 1 << 30);
    }

    /** The third duplicate ACK: halve, and inflate by what has left the network. */
    void enterRecovery(int flight, int sndMax, int mss) {
        ssthresh = Math.max(flight / 2, 2 * mss);
        cwnd = ssthresh + DUPLICATES * mss;
        recover = sndMax;
        recovering = true;
        partialSeen = false;
    }

    /** Another duplicate ACK in recovery. */
    void inflate(int mss) {
        cwnd = Math.min(cwnd + mss, 1 << 30);
    }

    /** Part of what was in flight at the loss is acknowledged: deflate by it. */
    void partial(int bytes, int mss) {
        cwnd = Math.max(mss, cwnd - bytes);
        if (bytes >= mss) {
            cwnd += mss;
        }
    }

    /** All of it is acknowledged. */
    void leaveRecovery(int flight, int mss) {
        cwnd = Math.min(ssthresh, Math.max(flight, mss) + mss);
        recovering = false;
        duplicates = 0;
    }

    /** The retransmission timer expired. */
    void timeout(int flight, int sndMax, int mss, boolean first) {
        if (first) {
            ssthresh = Math.max(flight / 2, 2 * mss);
        }
        cwnd = mss;
        recover = sndMax;
        recovering = false;
        duplicates = 0;
    }

    /** Nothing was sent for longer than a timeout (RFC 5681, 4.1). */
    void restartAfterIdle(int mss) {
        cwnd = Math.min(cwnd, initialWindow(mss));
    }
}
