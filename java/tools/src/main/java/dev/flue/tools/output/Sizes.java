// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Byte counts as people write and read them: powers of 1024 with the units KiB, MiB, GiB, TiB. */
public final class Sizes {
    private static final Pattern SIZE =
            Pattern.compile("(\\d{1,18})\\s*(?:([KMGT])(?:i?B)?|B)?", Pattern.CASE_INSENSITIVE);
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Sizes() {}

    /**
     * "4096", "64KiB", "64k", "1 GiB".
     *
     * @throws IllegalArgumentException with a sentence for people
     */
    public static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a size: write it like 4096, 64KiB or 1GiB");
        }
        int shift = 0;
        if (matcher.group(2) != null) {
            shift = 10 * (1 + "KMGT".indexOf(matcher.group(2).toUpperCase(Locale.ROOT)));
        }
        long number = Long.parseLong(matcher.group(1));
        if (number > Long.MAX_VALUE >> shift) {
            throw new IllegalArgumentException("'" + text + "' is too large");
        }
        return number << shift;
    }

    /** "64 MiB", "1.5 GiB", "17 B". */
    public static String format(long bytes) {
        int unit = 0;
        double scaled = bytes;
        while (scaled >= 1024 && unit < UNITS.length - 1) {
            scaled /= 1024;
            unit++;
        }
        String number =
                scaled == Math.rint(scaled)
                        ? Long.toString((long) scaled)
                        : String.format(Locale.ROOT, "%.1f", scaled);
        return number + " " + UNITS[unit];
    }

    /** Bytes in a time as a rate: "1.2 GiB/s". */
    public static String rate(long bytes, long nanos) {
        return format((long) (bytes * 1e9 / Math.max(1, nanos))) + "/s";
    }

    /** "1.234 s", "12 ms". */
    public static String time(long nanos) {
        return nanos >= 1_000_000_000
                ? String.format(Locale.ROOT, "%.2f s", nanos / 1e9)
                : String.format(Locale.ROOT, "%d ms", nanos / 1_000_000);
    }
}
