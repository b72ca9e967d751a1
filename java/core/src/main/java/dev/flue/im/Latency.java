// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * How long something took, as a {@link MeterDriver} saw it: nanoseconds, exact to the digits of its
 * settings. All 0 when nothing was measured.
 *
 * @param count how many were measured
 * @param p50 half of them took no longer
 * @param p90 nine of ten
 * @param p99 99 of 100
 * @param p999 999 of 1000
 * @param max none took longer; what took longer than {@link #MAX_NANOS} counts as so much
 */
public record Latency(long count, long p50, long p90, long p99, long p999, long max) {
    /** The longest time that is told from longer ones: a minute. */
    public static final long MAX_NANOS = 60_000_000_000L;
}
