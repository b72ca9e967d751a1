// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * What a {@link MeterDriver} has room for.
 *
 * @param histograms connections at a time that have a histogram of their own, 0..65536; what the
 *     others' sends take is in the driver's alone
 * @param digits decimal digits to which a histogram is exact, 1..3; each takes 4, 30 or 216 KiB of
 *     the JVM's heap
 * @param lists NBLs of connections that are below at a time, 1..2^20
 */
public record MeterSettings(int histograms, int digits, int lists) {
    /** The largest number of histograms. */
    public static final int MAX_HISTOGRAMS = 65_536;

    /** Histograms of a driver that was told nothing else. */
    public static final int DEFAULT_HISTOGRAMS = 256;

    /** The largest number of digits. */
    public static final int MAX_DIGITS = 3;

    /** Digits of a driver that was told nothing else. */
    public static final int DEFAULT_DIGITS = 2;

    /** The largest number of lists. */
    public static final int MAX_LISTS = 1 << 20;

    /** Lists of a driver that was told nothing else. */
    public static final int DEFAULT_LISTS = 65_536;

    /** What holds where nothing is said. */
    public static final MeterSettings DEFAULT =
            new MeterSettings(DEFAULT_HISTOGRAMS, DEFAULT_DIGITS, DEFAULT_LISTS);

    /**
     * @throws IllegalArgumentException a value is out of range
     */
    public MeterSettings {
        check("histograms", histograms, 0, MAX_HISTOGRAMS);
        check("digits", digits, 1, MAX_DIGITS);
        check("lists", lists, 1, MAX_LISTS);
    }

    private static void check(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + " " + value + " is out of range " + least + ".." + most);
        }
    }
}
