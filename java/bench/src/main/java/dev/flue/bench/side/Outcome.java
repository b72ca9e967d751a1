// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one end says of one measurement.
 *
 * @param operations request-responses, or messages
 * @param nanos they took
 * @param bytes written, or read
 * @param sum of the words in them
 * @param p50 of a request-response, nanoseconds; 0 = was not measured
 * @param p99 likewise
 */
record Outcome(long operations, long nanos, long bytes, long sum, long p50, long p99) {

    /** One line of names and numbers. */
    String line() {
        return "operations="
                + operations
                + " nanos="
                + nanos
                + " bytes="
                + bytes
                + " sum="
                + sum
                + " p50="
                + p50
                + " p99="
                + p99;
    }

    /**
     * @throws IllegalArgumentException it is no such line
     */
    static Outcome of(String line) {
        Map<String, Long> values = new LinkedHashMap<>();
        for (String word : line.strip().split(" ")) {
            int sign = word.indexOf('=');
            if (sign < 0) {
                throw new IllegalArgumentException("no outcome: " + line);
            }
            values.put(word.substring(0, sign), Long.parseLong(word.substring(sign + 1)));
        }
        return new Outcome(
                of(values, "operations"),
                of(values, "nanos"),
                of(values, "bytes"),
                of(values, "sum"),
                of(values, "p50"),
                of(values, "p99"));
    }

    private static long of(Map<String, Long> values, String name) {
        Long value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("an outcome without " + name);
        }
        return value;
    }

    double perSecond() {
        return nanos == 0 ? Double.NaN : operations * 1e9 / nanos;
    }

    double gigabitsPerSecond() {
        return nanos == 0 ? Double.NaN : bytes * 8.0 / nanos;
    }
}
