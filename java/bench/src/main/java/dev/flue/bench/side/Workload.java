// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What is measured.
 *
 * @param name of it
 * @param title for people
 * @param kind what the two ends do
 * @param connections open at a time
 * @param bytes of a message
 * @param unit what is compared
 */
record Workload(String name, String title, Kind kind, int connections, int bytes, Unit unit) {
    /** What the ends do. */
    enum Kind {
        /** Each connection has one request under way, which comes back as it went. */
        ECHO,
        /**
         * Messages one way as fast as they are taken, one call each, until the last one arrived.
         */
        STREAM
    }

    /** What is compared. */
    enum Unit {
        /** Median time of a request-response: less is better. */
        P50_MICROS("p50 in µs", false),
        MESSAGES("messages/s", true),
        GIGABITS("Gbit/s", true),
        REQUESTS("requests/s", true);

        private final String label;
        private final boolean moreIsBetter;

        Unit(String label, boolean moreIsBetter) {
            this.label = label;
            this.moreIsBetter = moreIsBetter;
        }

        String label() {
            return label;
        }

        boolean moreIsBetter() {
            return moreIsBetter;
        }
    }

    private static final int MESSAGE = 64;

    static final List<Workload> ALL =
            List.of(
                    new Workload(
                            "request-response",
                            "64 B request-response, 1 connection (echo over 1)",
                            Kind.ECHO,
                            1,
                            MESSAGE,
                            Unit.P50_MICROS),
                    stream("messages-64", "64 B messages, one call each", MESSAGE, Unit.MESSAGES),
                    stream("stream-16k", "writes of 16 KiB", 16 << 10, Unit.GIGABITS),
                    stream("stream-1m", "writes of 1 MiB", 1 << 20, Unit.GIGABITS),
                    echo("echo-100", 100),
                    echo("echo-1000", 1000),
                    echo("echo-10000", 10_000));

    private static Workload stream(String name, String title, int bytes, Unit unit) {
        return new Workload(name, title + ", 1 connection", Kind.STREAM, 1, bytes, unit);
    }

    private static Workload echo(String name, int connections) {
        String title = String.format(Locale.ROOT, "64 B echo, %,d connections", connections);
        return new Workload(name, title, Kind.ECHO, connections, MESSAGE, Unit.REQUESTS);
    }

    /**
     * @throws IllegalArgumentException there is none of that name
     */
    static Workload named(String name) {
        return ALL.stream()
                .filter(each -> each.name.equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "no workload '"
                                                + name
                                                + "'; there are "
                                                + Arrays.toString(
                                                        ALL.stream()
                                                                .map(Workload::name)
                                                                .toArray())));
    }

    /** The figure that is compared. */
    double figure(Outcome outcome) {
        return switch (unit) {
            case P50_MICROS -> outcome.p50() / 1000.0;
            case GIGABITS -> outcome.gigabitsPerSecond();
            case MESSAGES, REQUESTS -> outcome.perSecond();
        };
    }
}
