// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.CongestionAlgorithm;
import dev.flue.offload.CongestionState;

/**
 * CUBIC (RFC 9438): the window grows with the time since the last loss, fast where it was far from
 * where that happened and slowly near it, and never slower than Reno would.
 *
 * <pre>W(t) = C (t - K)^3 + W_max        K = cbrt((W_max - cwnd_epoch) / C)</pre>
 *
 * <p>The time is what was spent with a window that held the sender back: it stands still while the
 * application has nothing to send (4.2, 5.8).
 */
final class Cubic implements CongestionControl {
    private static final double C = 0.4;
    private static final double BETA = 0.7;

    /** As fast as a Reno that falls to BETA would be to share fairly with one that halves (4.3). */
    private static final double ALPHA = 3 * (1 - BETA) / (1 + BETA);

    /** What a flow gives up when it has less than it had before (4.7). */
    private static final double CONVERGE = (1 + BETA) / 2;

    private static final double SECOND = 1e9;
    private static final long NANOS_PER_MICRO = 1_000;

    private double wMax;
    private double prior;
    private double estimate;
    private long k;
    private long t;
    private boolean epoch;
    private boolean afterTimeout;

    /** What is less than a byte of the window. */
    private double part;

    /** When it was asked last; 0 = never. */
    private long lastAt;

    @Override
    public CongestionAlgorithm algorithm() {
        return CongestionAlgorithm.CUBIC;
    }

    @Override
    public int grow(int cwnd, int acked, int mss, long now, long srtt) {
        if (epoch) {
            t += lastAt == 0 ? 0 : Math.min(now - lastAt, 2 * srtt);
        } else {
            begin(cwnd, mss);
        }
        lastAt = now;
        // Once it has what Reno had before the loss, Reno grows as Reno does.
        double alpha = estimate < prior ? ALPHA : 1;
        estimate += alpha * mss * acked / cwnd;
        double goal = window(t + srtt, mss);
        if (window(t, mss) < estimate) {
            return Math.max(cwnd, (int) Math.min(estimate, Congestion.MAX_WINDOW));
        }
        // Half as much again in a round trip at most (4.4).
        double step = Math.max(0, Math.min(goal, 1.5 * cwnd) - cwnd) * acked / cwnd + part;
        part = step - Math.floor(step);
        return (int) Math.min(cwnd + Math.floor(step), Congestion.MAX_WINDOW);
    }

    private void begin(int cwnd, int mss) {
        epoch = true;
        t = 0;
        part = 0;
        k = 0;
        if (afterTimeout || wMax <= cwnd) {
            wMax = cwnd;
        } else {
            k = (long) (StrictMath.cbrt((wMax - cwnd) / mss / C) * SECOND);
        }
        afterTimeout = false;
        estimate = cwnd;
        prior = prior == 0 ? cwnd : prior;
    }

    private double window(long at, int mss) {
        double d = (at - k) / SECOND;
        return C * d * d * d * mss + wMax;
    }

    @Override
    public int lost(int cwnd, int flight, int mss) {
        wMax = cwnd < wMax ? cwnd * CONVERGE : cwnd;
        prior = cwnd;
        epoch = false;
        afterTimeout = false;
        return Math.max((int) (flight * BETA), 2 * mss);
    }

    @Override
    public int timedOut(int cwnd, int flight, int mss) {
        int ssthresh = lost(cwnd, flight, mss);
        afterTimeout = true;
        return ssthresh;
    }

    /** The time since counts for nothing: {@link #grow} adds two round trips at most. */
    @Override
    public void idle() {}

    @Override
    public int word(int index) {
        return switch (index) {
            case CongestionState.CUBIC_W_MAX -> (int) wMax;
            case CongestionState.CUBIC_K -> micros(k);
            case CongestionState.CUBIC_T -> micros(t);
            case CongestionState.CUBIC_W_EST -> (int) Math.min(estimate, Congestion.MAX_WINDOW);
            case CongestionState.CUBIC_PRIOR -> (int) prior;
            case CongestionState.CUBIC_FLAGS ->
                    (epoch ? CongestionState.CUBIC_EPOCH : 0)
                            | (afterTimeout ? CongestionState.CUBIC_AFTER_TIMEOUT : 0);
            default -> 0;
        };
    }

    private static int micros(long nanos) {
        return (int) Math.min(0xffff_ffffL, nanos / NANOS_PER_MICRO);
    }

    @Override
    public void word(int index, int value) {
        long number = Integer.toUnsignedLong(value);
        switch (index) {
            case CongestionState.CUBIC_W_MAX -> wMax = number;
            case CongestionState.CUBIC_K -> k = number * NANOS_PER_MICRO;
            case CongestionState.CUBIC_T -> t = number * NANOS_PER_MICRO;
            case CongestionState.CUBIC_W_EST -> estimate = number;
            case CongestionState.CUBIC_PRIOR -> prior = number;
            case CongestionState.CUBIC_FLAGS -> {
                epoch = (value & CongestionState.CUBIC_EPOCH) != 0;
                afterTimeout = (value & CongestionState.CUBIC_AFTER_TIMEOUT) != 0;
            }
            default -> {}
        }
    }
}
