// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.CongestionAlgorithm;

/**
 * The congestion window of a connection: slow start (RFC 5681, 6928, 3465), and how much may be
 * sent in a recovery, by PRR (RFC 9937) where the peer tells what it has, else as NewReno (RFC
 * 6582) with limited transmit (RFC 3042). Growth beyond and the cuts are the algorithm's. Bytes.
 */
public final class Congestion {
    /** Duplicate ACKs that mean a loss. */
    public static final int DUPLICATES = 3;

    static final int MAX_WINDOW = 1 << 30;

    private static final int INITIAL_SEGMENTS = 10;
    private static final int INITIAL_BYTES = 14_600;

    /** Segments for which an ACK counts in slow start (RFC 3465, L). */
    private static final int SEGMENTS_PER_ACK = 2;

    CongestionControl control;
    int cwnd;
    int ssthresh = Integer.MAX_VALUE;
    int duplicates;

    /** From a loss until everything sent before it was noticed is acknowledged. */
    boolean recovering;

    /** ... and the timer noticed it: slow start instead of PRR. */
    boolean timedOut;

    /** A partial ACK came in this recovery. */
    boolean partialSeen;

    /** Recovery ends when everything below was acknowledged. */
    int recover;

    /** Bytes under way when new data was sent last: whether the window is what limits. */
    int used;

    // PRR.
    int prrDelivered;
    int prrOut;
    int recoverFlight;

    Congestion(CongestionAlgorithm algorithm) {
        control = CongestionControl.of(algorithm);
    }

    void start(int mss, int firstSequence) {
        cwnd = initialWindow(mss);
        recover = firstSequence;
    }

    static int initialWindow(int mss) {
        return Math.min(INITIAL_SEGMENTS * mss, Math.max(2 * mss, INITIAL_BYTES));
    }

    /**
     * Bytes that may be in flight now, as far as only ACKs tell of it: one segment more for each of
     * the first duplicates.
     */
    int window(int mss) {
        return recovering ? cwnd : cwnd + Math.min(duplicates, DUPLICATES - 1) * mss;
    }

    private boolean limits(int mss) {
        return cwnd < ssthresh ? used > cwnd / 2 : used + mss > cwnd;
    }

    /** New data was acknowledged, and no PRR or NewReno recovery is on. */
    void acknowledged(int bytes, int mss, long now, long srtt) {
        if (!limits(mss)) {
            return;
        }
        if (cwnd < ssthresh) {
            int most = timedOut ? mss : SEGMENTS_PER_ACK * mss;
            cwnd = Math.min(MAX_WINDOW, cwnd + Math.min(bytes, most));
        } else {
            int acked = Math.min(bytes, cwnd);
            cwnd = Math.min(MAX_WINDOW, control.grow(cwnd, acked, mss, now, srtt));
        }
    }

    /**
     * What a loss is measured by: what limited transmit, or a probe of the tail, sent beyond the
     * window does not count (RFC 5681, 3.2).
     */
    private int counted(int flight) {
        return Math.min(flight, cwnd);
    }

    // ---- With SACK: PRR.

    /**
     * A loss was noticed.
     *
     * @param flight bytes sent and not acknowledged, before this ACK
     * @param underWay of them, before this ACK, not told to have arrived
     */
    void enterPrr(int flight, int underWay, int sndMax, int mss) {
        ssthresh = control.lost(cwnd, counted(flight), mss);
        recover = sndMax;
        recovering = true;
        timedOut = false;
        prrDelivered = 0;
        prrOut = 0;
        recoverFlight = Math.max(1, underWay);
    }

    /**
     * How much may be sent now in recovery.
     *
     * @param delivered bytes of which it is news that they arrived
     * @param pipe bytes under way
     * @param safe SND.UNA moved, and no other loss was noticed
     */
    void prr(int delivered, int pipe, boolean safe, int mss) {
        prrDelivered += delivered;
        long count;
        if (pipe > ssthresh) {
            long share = (long) prrDelivered * ssthresh + recoverFlight - 1;
            count = share / recoverFlight - prrOut;
        } else {
            count = Math.max(prrDelivered - prrOut, delivered);
            count += safe ? mss : 0;
            count = Math.min(ssthresh - pipe, count);
        }
        if (prrOut == 0 && count < mss) {
            // The fast retransmit itself.
            count = mss;
        }
        cwnd = pipe + (int) Math.max(0, Math.min(count, MAX_WINDOW));
    }

    /** All of what was in flight when the loss was noticed is acknowledged. */
    void leave() {
        cwnd = timedOut ? cwnd : ssthresh;
        recovering = false;
        timedOut = false;
        duplicates = 0;
    }

    /** The peer marked or lost something, and nothing is to be sent again for it: one cut. */
    void cut(int flight, int mss) {
        ssthresh = control.lost(cwnd, counted(flight), mss);
        cwnd = Math.min(cwnd, ssthresh);
    }

    // ---- Without: NewReno.

    /** The third duplicate ACK: cut, and inflate by what has left the network. */
    void enterRecovery(int flight, int sndMax, int mss) {
        ssthresh = control.lost(cwnd, counted(flight), mss);
        cwnd = ssthresh + DUPLICATES * mss;
        recover = sndMax;
        recovering = true;
        timedOut = false;
        partialSeen = false;
    }

    /** Another duplicate ACK in recovery. */
    void inflate(int mss) {
        cwnd = Math.min(cwnd + mss, MAX_WINDOW);
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

    // ---- Both.

    /** The retransmission timer expired; {@code first}: not yet for this segment. */
    void timeout(int flight, int sndMax, int mss, boolean first) {
        if (first) {
            ssthresh = control.timedOut(cwnd, flight, mss);
        }
        cwnd = mss;
        recover = sndMax;
        recovering = false;
        timedOut = true;
        duplicates = 0;
    }

    /** Nothing was sent for longer than a timeout (RFC 5681, 4.1). */
    void restartAfterIdle(int mss) {
        cwnd = Math.min(cwnd, initialWindow(mss));
        control.idle();
    }
}
