// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.Arrays;

/**
 * A rate for each of some classes, by virtual scheduling: the time at which all that has gone would
 * have gone at exactly the rate. A class may go on while that time is no further ahead than its
 * burst takes. Exact: what a nanosecond leaves over is carried.
 */
final class RateClock {
    private static final long SECOND = 1_000_000_000L;

    /** What is charged at once: its nanoseconds at a byte a second still fit in 63 bits. */
    private static final long STEP_BYTES = 1L << 32;

    private static final double MOST_BURST = 0x1p60;

    /** Before any time there is, with room for a burst before it. */
    static final long LONG_AGO = Long.MIN_VALUE / 2;

    private final long rate;
    private final long burstNanos;
    private final long[] due;
    private final long[] left;

    RateClock(int classes, long bytesPerSecond, long burstBytes) {
        this.rate = bytesPerSecond;
        this.burstNanos = (long) Math.min(MOST_BURST, (double) burstBytes * SECOND / (double) rate);
        this.due = new long[classes];
        this.left = new long[classes];
        Arrays.fill(due, LONG_AGO);
    }

    /** When the class may go on; at or before now = it may. */
    long readyAt(int kind) {
        return due[kind] - burstNanos;
    }

    boolean ready(int kind, long now) {
        return readyAt(kind) <= now;
    }

    /** So many bytes of the class go now. */
    void charge(int kind, long bytes, long now) {
        if (due[kind] < now) {
            due[kind] = now;
            left[kind] = 0;
        }
        for (long rest = bytes; rest > 0; rest -= STEP_BYTES) {
            long scaled = Math.min(rest, STEP_BYTES) * SECOND + left[kind];
            due[kind] += scaled / rate;
            left[kind] = scaled % rate;
        }
    }

    /** Nobody of the class is left: whoever comes next starts anew. */
    void reset(int kind) {
        due[kind] = LONG_AGO;
        left[kind] = 0;
    }
}
