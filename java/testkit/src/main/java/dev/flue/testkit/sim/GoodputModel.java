// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/**
 * What congestion control should reach by the models of its RFCs, in segments or bytes a second.
 */
public final class GoodputModel {
    private static final double CUBIC_C = 0.4;
    private static final double CUBIC_BETA = 0.7;

    private GoodputModel() {}

    /**
     * Average window of AIMD in segments (RFC 9438, 5.1): a sawtooth that loses one segment in 1/p.
     * With alpha 1 and beta 1/2 it is the one of Reno, sqrt(3/2)/sqrt(p), for a sender that counts
     * bytes: how many ACKs there are makes no difference then (RFC 3465).
     */
    public static double aimdWindow(double alpha, double beta, double loss) {
        return Math.sqrt(alpha * (1 + beta) / (2 * (1 - beta) * loss));
    }

    /** Reno's: the formula of Mathis et al. without delayed ACKs. */
    public static double renoWindow(double loss) {
        return aimdWindow(1, 0.5, loss);
    }

    /** Of CUBIC where it grows by its cubic function (RFC 9438, 5.1). */
    public static double cubicRegionWindow(double loss, double rttSeconds) {
        double factor = CUBIC_C * (3 + CUBIC_BETA) / (4 * (1 - CUBIC_BETA));
        return Math.pow(factor, 0.25) * Math.pow(rttSeconds / loss, 0.75);
    }

    /** Of CUBIC where it keeps up with Reno; the same as Reno's by the choice of alpha. */
    public static double cubicFriendlyWindow(double loss) {
        double alpha = 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA);
        return aimdWindow(alpha, CUBIC_BETA, loss);
    }

    /** The larger of both regions counts. */
    public static double cubicWindow(double loss, double rttSeconds) {
        return Math.max(cubicFriendlyWindow(loss), cubicRegionWindow(loss, rttSeconds));
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
