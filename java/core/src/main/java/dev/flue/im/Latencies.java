// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import java.util.Arrays;
import org.HdrHistogram.Histogram;

/**
 * Histograms of a {@link MeterDriver}: one of all sends, one of all posted receives, and a fixed
 * number for the sends of one connection each. They have a fixed range: what is outside of it
 * counts as its end, so recording neither allocates nor fails. Heap of the JVM alone.
 */
final class Latencies {
    private static final int NONE = -1;

    private final Histogram sends;
    private final Histogram receives;
    private final Histogram[] own;
    private final FreeNumbers free;
    private int[] ownOf = {};

    Latencies(int histograms, int digits) {
        sends = new Histogram(1, Latency.MAX_NANOS, digits);
        receives = new Histogram(1, Latency.MAX_NANOS, digits);
        own = new Histogram[histograms];
        for (int i = 0; i < histograms; i++) {
            own[i] = new Histogram(1, Latency.MAX_NANOS, digits);
        }
        free = new FreeNumbers(histograms);
    }

    /** How many entries there are, once, before anything is recorded. */
    Latencies entries(int limit) {
        ownOf = new int[limit];
        Arrays.fill(ownOf, NONE);
        return this;
    }

    /** Histograms that connections have. */
    int held() {
        return free.held();
    }

    /** An empty histogram for a connection, if there is one left. */
    void open(int entry) {
        if (ownOf[entry] == NONE && free.available() > 0) {
            ownOf[entry] = free.take();
            own[ownOf[entry]].reset();
        }
    }

    /** The connection is gone. */
    void close(int entry) {
        if (ownOf[entry] != NONE) {
            free.give(ownOf[entry]);
            ownOf[entry] = NONE;
        }
    }

    void send(int entry, long nanos) {
        long value = clamp(nanos);
        sends.recordValue(value);
        if (ownOf[entry] != NONE) {
            own[ownOf[entry]].recordValue(value);
        }
    }

    void receive(long nanos) {
        receives.recordValue(clamp(nanos));
    }

    private static long clamp(long nanos) {
        return Math.max(0, Math.min(nanos, Latency.MAX_NANOS));
    }

    Latency sends() {
        return read(sends);
    }

    Latency receives() {
        return read(receives);
    }

    /** Of one connection; null = it has no histogram. */
    Latency sends(int entry) {
        return ownOf[entry] == NONE ? null : read(own[ownOf[entry]]);
    }

    private static Latency read(Histogram all) {
        return new Latency(
                all.getTotalCount(),
                all.getValueAtPercentile(50),
                all.getValueAtPercentile(90),
                all.getValueAtPercentile(99),
                all.getValueAtPercentile(99.9),
                all.getMaxValue());
    }
}
