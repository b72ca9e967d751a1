// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * When a contestant is warm: its last rates are near the best one that it had. Rates, also where a
 * workload compares a median time: that hardly shows how long an end stood still while it was
 * compiled. It warms up in the processes that are measured, until then or as often as it may. One
 * thread.
 */
final class WarmUp {
    /** How near, of the best. */
    private static final double NEAR = 0.9;

    private static final int IN_A_ROW = 2;
    private static final int LEAST = 5;
    private static final int MOST = 16;

    /** What runs less often the compiler has not all seen. */
    private static final long CALLS = 100_000;

    /** Many connections take long to open, and the code that is run is the same. */
    private static final int MOST_OF_MANY = 5;

    private static final long NANOS_OF_MANY = TimeUnit.MILLISECONDS.toNanos(600);

    private static final int MANY = 1000;

    private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(120);

    private final List<Double> rates = new ArrayList<>();
    private final int most;
    private final long nanos;
    private long calls;

    WarmUp(Workload workload) {
        most = many(workload) ? MOST_OF_MANY : MOST;
        nanos = nanos(workload);
    }

    private static boolean many(Workload workload) {
        return workload.connections() >= MANY;
    }

    private static long nanos(Workload workload) {
        return many(workload) ? NANOS_OF_MANY : NANOS;
    }

    /** Of the time of all, how many parts one of this workload is to have. */
    static long parts(Workload workload) {
        return nanos(workload) / NANOS;
    }

    /** How long each measurement takes. */
    long nanos() {
        return nanos;
    }

    /** One more measurement. */
    void add(Outcome outcome) {
        rates.add((double) outcome.operations() / outcome.nanos());
        calls += outcome.operations();
    }

    /** Whether it will not get better. */
    boolean stable() {
        double best = rates.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        return rates.size() >= LEAST
                && calls >= CALLS
                && rates.subList(rates.size() - IN_A_ROW, rates.size()).stream()
                        .allMatch(each -> each >= NEAR * best);
    }

    boolean over() {
        return stable() || rates.size() >= most;
    }

    int count() {
        return rates.size();
    }
}
