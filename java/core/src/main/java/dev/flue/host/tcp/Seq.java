// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** Sequence numbers: 32 bits that wrap (RFC 9293, 3.4). No other class compares them itself. */
public final class Seq {
    private Seq() {}

    /** a < b. */
    public static boolean lt(int a, int b) {
        return a - b < 0;
    }

    /** a <= b. */
    public static boolean leq(int a, int b) {
        return a - b <= 0;
    }

    /** a > b. */
    public static boolean gt(int a, int b) {
        return a - b > 0;
    }

    /** a >= b. */
    public static boolean geq(int a, int b) {
        return a - b >= 0;
    }

    /** low <= seq < high, for a range shorter than 2^31. */
    public static boolean within(int seq, int low, int high) {
        return geq(seq, low) && lt(seq, high);
    }

    public static int max(int a, int b) {
        return geq(a, b) ? a : b;
    }

    public static int min(int a, int b) {
        return leq(a, b) ? a : b;
    }

    /** Bytes from {@code from} to {@code to}; negative when {@code to} comes first. */
    public static int distance(int from, int to) {
        return to - from;
    }
}
