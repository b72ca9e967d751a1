// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.util.SplittableRandom;

/**
 * What congestion control should reach by its RFCs, in segments or bytes a second.
 *
 * <p>The formulas of Mathis et al. and of RFC 9438, 5.1, are of a saw tooth that loses at equal
 * distances, always at its top. Where each segment is lost with the same probability, whatever
 * became of those before, distances differ: Reno's constant is 1.31 then, not sqrt(3/2) (Ott,
 * Kemperman, Mathis), and CUBIC is often above the window of the last loss, where its alpha becomes
 * 1 (RFC 9438, 4.3) and which the formula never reaches: 1.41. Both are of large windows.
 *
 * <p>So this goes by the rounds of the text, with the loss it is to be compared with. A window has
 * whole segments. A loss in it is seen a round later, and half (RFC 5681) or 0.7 (RFC 9438) of what
 * was in flight is left; as many segments are sent in the round of the recovery, in proportion to
 * what is acknowledged (RFC 6937), in which the window does not grow; what was sent before the loss
 * was seen belongs to the same loss (RFC 6675). What was sent again and is lost again is found by
 * RACK, a round later. There are no timeouts, no slow start, no delayed ACKs.
 */
public final class GoodputModel {
    private static final double CUBIC_C = 0.4;
    private static final double CUBIC_BETA = 0.7;
    private static final double CUBIC_ALPHA = 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA);
    private static final double RENO_BETA = 0.5;
    private static final int LEAST_WINDOW = 2;
    private static final int LOSSES = 20_000;

    private final boolean cubic;
    private final double loss;
    private final double rttSeconds;
    private final SplittableRandom random = new SplittableRandom(1);
    private double window;
    private double prior;
    private double estimate;
    private double most;
    private double top;
    private double seconds;
    private double segments;
    private double rounds;

    private GoodputModel(boolean cubic, double loss, double rttSeconds) {
        this.cubic = cubic;
        this.loss = loss;
        this.rttSeconds = rttSeconds;
        window = Math.max(LEAST_WINDOW, mathisWindow(loss));
        most = window;
        prior = window;
        begin();
    }

    /** Average window of Reno in segments, at random loss. */
    public static double renoWindow(double loss) {
        return new GoodputModel(false, loss, 0).average();
    }

    /** Average window of CUBIC in segments, at random loss. */
    public static double cubicWindow(double loss, double rttSeconds) {
        return new GoodputModel(true, loss, rttSeconds).average();
    }

    /** Average window of Reno in segments, of which each 1/p-th is lost; no delayed ACKs. */
    public static double mathisWindow(double loss) {
        return Math.sqrt(1.5 / loss);
    }

    private double average() {
        for (int losses = 0; losses < LOSSES; ) {
            int flight = (int) window;
            int lost = firstLost(flight);
            sent(flight);
            grow(lost == 0 ? flight : lost - 1);
            for (; lost > 0; losses++) {
                lost = recover(flight, lost);
                flight = (int) window;
            }
        }
        return segments / rounds;
    }

    private void sent(double count) {
        segments += count;
        rounds++;
    }

    /** Which of so many is the first to be lost, from 1; 0 = none. */
    private int firstLost(int count) {
        double at = Math.log1p(-random.nextDouble()) / Math.log1p(-loss);
        return at < count ? (int) at + 1 : 0;
    }

    /** So many were acknowledged, of a window that was filled. */
    private void grow(int acknowledged) {
        double part = acknowledged / window;
        estimate += part * (cubic && estimate < prior ? CUBIC_ALPHA : 1);
        seconds += part * rttSeconds;
        double cubed = most + CUBIC_C * Math.pow(seconds - top, 3);
        window = cubic ? Math.max(estimate, cubed) : estimate;
    }

    /** Congestion avoidance begins. */
    private void begin() {
        estimate = window;
        seconds = 0;
        top = Math.cbrt(Math.max(0, most - window) / CUBIC_C);
    }

    /**
     * The round in which a loss is seen, and more while what is sent again is lost.
     *
     * @return which of those sent in it is the first of the next loss, 0 = none
     */
    private int recover(int flight, int lost) {
        double beta = cubic ? CUBIC_BETA : RENO_BETA;
        prior = window;
        // Fast convergence (RFC 9438, 4.7).
        most = window < most ? window * (1 + CUBIC_BETA) / 2 : window;
        window = Math.max(LEAST_WINDOW, beta * flight);
        int before = lost - 1;
        int paced = Math.max(1, (int) Math.round(beta * (flight - lost)));
        sent(before + paced);
        int next = firstLost(paced - 1);
        boolean again = firstLost(before) > 0 || firstLost(1) > 0;
        while (again) {
            int kept = (int) window;
            sent(kept);
            next = next == 0 ? firstLost(kept - 1) : next;
            again = firstLost(1) > 0;
        }
        begin();
        return Math.min(next, (int) window);
    }

    /**
     * Segments a second by the full formula of Padhye, Firoiu, Towsley and Kurose, timeouts
     * included; one ACK counts for one segment.
     *
     * @param timeoutSeconds T0
     */
    public static double pftkRate(double loss, double rttSeconds, double timeoutSeconds) {
        double sawtooth = rttSeconds * Math.sqrt(2 * loss / 3);
        double often = Math.min(1, 3 * Math.sqrt(3 * loss / 8));
        return 1 / (sawtooth + timeoutSeconds * often * loss * (1 + 32 * loss * loss));
    }

    /** Payload that arrives in a second, of a window that is lost with this probability. */
    public static double goodput(double window, double rttSeconds, double loss, int payload) {
        return window / rttSeconds * payload * (1 - loss);
    }
}
