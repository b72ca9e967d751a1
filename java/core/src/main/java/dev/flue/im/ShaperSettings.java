// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * What a {@link ShaperDriver} holds its connections to.
 *
 * @param bytesPerSecond rate of the data of each class, 1 to 10^12
 * @param burstBytes how much a class may be ahead of its rate when a list goes down, 1 to 2^40; a
 *     list goes whole, so a class gets ahead by so much and one list
 * @param scope what a class is
 */
public record ShaperSettings(long bytesPerSecond, long burstBytes, Scope scope) {
    /** Which connections share a rate. */
    public enum Scope {
        /** Each has the rate for itself. */
        CONNECTION,
        /** Those whose UserPriority at the initiate was the same share one. */
        PRIORITY,
        /** All share one. */
        ALL
    }

    /** The largest rate, bytes a second. */
    public static final long MAX_RATE = 1_000_000_000_000L;

    /** The largest burst, bytes. */
    public static final long MAX_BURST = 1L << 40;

    /**
     * @throws IllegalArgumentException a value is out of range
     */
    public ShaperSettings {
        check("rate", bytesPerSecond, MAX_RATE);
        check("burst", burstBytes, MAX_BURST);
    }

    private static void check(String what, long value, long most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(
                    what + " " + value + " is out of range 1.." + most + " bytes");
        }
    }
}
