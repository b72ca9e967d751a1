// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.data.IpAddress;
import dev.flue.im.Latency;
import dev.flue.im.MeterConnection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Figures of a process at one time, and how they go through its socket: a line each, its words
 * separated by tabs, what belongs to a driver or a connection behind the line that names it. A line
 * whose first word is not known is left out, so that figures can be added.
 *
 * @param nanos when, by a clock that only goes on
 * @param levels what is held
 */
public record StatSample(
        long pid,
        long nanos,
        Map<String, Long> counters,
        Map<String, Long> levels,
        List<PortReport> ports,
        List<Driver> drivers) {
    private static final String FIRST_LINE = "flue-stat\t1";

    /** A driver; {@code sends} and {@code receives} are null unless it is a meter. */
    record Driver(
            String label,
            long connectionCount,
            Map<String, Long> counters,
            Map<String, Long> levels,
            List<Connection> connections,
            Latency[] latencies) {
        Latency sends() {
            return latencies[0];
        }

        Latency receives() {
            return latencies[1];
        }
    }

    /** A connection of a meter; no latency = no histogram was left for it. */
    record Connection(
            long number,
            String local,
            String remote,
            Map<String, Long> counters,
            Latency[] latencies) {
        Latency sends() {
            return latencies[0];
        }
    }

    // ---- Writing.

    /** What a process tells now, on the thread of its duty cycle. */
    static String lines(Inspectable source, long pid, long nanos) {
        return lines(source, pid, nanos, Map.of());
    }

    /** The same, with what devices count themselves among the counters of their ports. */
    static String lines(
            Inspectable source, long pid, long nanos, Map<String, Map<String, Long>> deviceCounts) {
        StringBuilder out = new StringBuilder(FIRST_LINE).append('\n');
        line(out, "process", pid, nanos);
        figures(out, "counter", source.counters());
        figures(out, "level", source.held());
        for (PortReport port : source.portReports()) {
            String inUse = String.join(",", port.inUse());
            line(out, "port", port.name(), port.link(), inUse, String.join(",", port.offered()));
            figures(out, "counter", port.counts());
            deviceCounts
                    .getOrDefault(port.name(), Map.of())
                    .forEach((name, value) -> line(out, "counter", "xstats." + name, value));
        }
        for (DriverReport driver : source.driverReports()) {
            line(out, "driver", driver.label(), driver.connectionCount());
            figures(out, "counter", driver.figures().counters());
            figures(out, "level", driver.figures().levels());
            latency(out, "sends", driver.sends());
            latency(out, "receives", driver.receives());
            for (MeterConnection each : driver.connections()) {
                line(
                        out,
                        "connection",
                        each.number(),
                        address(each.localHigh(), each.localLow(), each.localPort()),
                        address(each.remoteHigh(), each.remoteLow(), each.remotePort()));
                figures(out, "counter", each.reading().asMap());
                latency(out, "sends", each.sends());
            }
        }
        return out.toString();
    }

    private static String address(long high, long low, int port) {
        return (high | low) == 0 ? "?:" + port : IpAddress.of(high, low).withPort(port);
    }

    private static void figures(StringBuilder out, String what, Map<String, Long> figures) {
        figures.forEach((name, value) -> line(out, what, name, value));
    }

    private static void latency(StringBuilder out, String what, Latency all) {
        if (all != null) {
            line(out, what, all.count(), all.p50(), all.p90(), all.p99(), all.p999(), all.max());
        }
    }

    private static void line(StringBuilder out, Object... words) {
        for (int i = 0; i < words.length; i++) {
            out.append(i == 0 ? "" : "\t").append(words[i]);
        }
        out.append('\n');
    }

    // ---- Reading.

    /**
     * What {@link #lines} made.
     *
     * @throws IllegalArgumentException it is something else
     */
    static StatSample parse(String text) {
        if (!text.startsWith(FIRST_LINE + "\n")) {
            throw new IllegalArgumentException("no figures");
        }
        try {
            return new Parser().parse(text);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException("figures that cannot be read", e);
        }
    }

    /** Figures belong to what was named last. */
    private static final class Parser {
        private long pid;
        private long nanos;
        private final Map<String, Long> counters = new LinkedHashMap<>();
        private final Map<String, Long> levels = new LinkedHashMap<>();
        private final List<PortReport> ports = new ArrayList<>();
        private final List<Driver> drivers = new ArrayList<>();
        private Map<String, Long> counting = counters;
        private Map<String, Long> holding = levels;
        private Latency[] latencies = new Latency[2];

        StatSample parse(String text) {
            text.lines().map(line -> line.split("\t", -1)).forEach(this::take);
            return new StatSample(pid, nanos, counters, levels, ports, drivers);
        }

        private void take(String[] words) {
            switch (words[0]) {
                case "process" -> {
                    pid = Long.parseLong(words[1]);
                    nanos = Long.parseLong(words[2]);
                }
                case "driver" -> {
                    begin();
                    holding = new LinkedHashMap<>();
                    long count = Long.parseLong(words[2]);
                    List<Connection> none = new ArrayList<>();
                    drivers.add(new Driver(words[1], count, counting, holding, none, latencies));
                }
                case "connection" -> {
                    begin();
                    long number = Long.parseLong(words[1]);
                    drivers.get(drivers.size() - 1)
                            .connections
                            .add(new Connection(number, words[2], words[3], counting, latencies));
                }
                case "port" -> {
                    begin();
                    List<String> inUse = list(words[3]);
                    List<String> offered = list(words[4]);
                    ports.add(new PortReport(words[1], words[2], inUse, offered, counting));
                }
                case "counter" -> counting.put(words[1], Long.parseLong(words[2]));
                case "level" -> holding.put(words[1], Long.parseLong(words[2]));
                case "sends" -> latencies[0] = latency(words);
                case "receives" -> latencies[1] = latency(words);
                default -> {
                    // Of a newer one.
                }
            }
        }

        private static List<String> list(String word) {
            return word.isEmpty() ? List.of() : List.of(word.split(","));
        }

        private void begin() {
            counting = new LinkedHashMap<>();
            latencies = new Latency[2];
        }

        private static Latency latency(String[] words) {
            long[] numbers = new long[6];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = Long.parseLong(words[i + 1]);
            }
            return new Latency(
                    numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        }
    }

    // ---- Rates.

    /**
     * What was counted since an earlier sample, a second; levels and latencies as they are now. Of
     * a connection that was there and not among the busiest nothing is known, and it is left out.
     */
    public StatSample since(StatSample before) {
        long elapsed = Math.max(1, nanos - before.nanos);
        List<Driver> rates = new ArrayList<>();
        for (Driver each : drivers) {
            Driver old =
                    before.drivers.stream()
                            .filter(other -> other.label.equals(each.label))
                            .findFirst()
                            .orElse(null);
            rates.add(rates(each, old, elapsed));
        }
        List<PortReport> counted = new ArrayList<>();
        for (PortReport each : ports) {
            Map<String, Long> old = Map.of();
            for (PortReport other : before.ports) {
                old = other.name().equals(each.name()) ? other.counts() : old;
            }
            counted.add(each.counting(rates(each.counts(), old, elapsed)));
        }
        return new StatSample(
                pid, nanos, rates(counters, before.counters, elapsed), levels, counted, rates);
    }

    private static Driver rates(Driver now, Driver before, long elapsed) {
        if (before == null) {
            return now;
        }
        long known = before.counters.getOrDefault("offloads", 0L);
        Map<Long, Connection> old = new LinkedHashMap<>();
        before.connections.forEach(each -> old.put(each.number, each));
        List<Connection> rates = new ArrayList<>();
        for (Connection each : now.connections) {
            Connection earlier = old.get(each.number);
            if (earlier != null || each.number > known) {
                Map<String, Long> from = earlier == null ? Map.of() : earlier.counters;
                Map<String, Long> counted = rates(each.counters, from, elapsed);
                rates.add(
                        new Connection(
                                each.number, each.local, each.remote, counted, each.latencies));
            }
        }
        return new Driver(
                now.label,
                now.connectionCount,
                rates(now.counters, before.counters, elapsed),
                now.levels,
                rates,
                now.latencies);
    }

    private static Map<String, Long> rates(
            Map<String, Long> now, Map<String, Long> before, long elapsed) {
        Map<String, Long> rates = new LinkedHashMap<>();
        now.forEach(
                (name, value) -> {
                    double more = value - before.getOrDefault(name, 0L);
                    // An engine names its levels among its counters.
                    boolean level = name.endsWith("_now");
                    rates.put(name, level ? value : Math.round(more * 1e9 / elapsed));
                });
        return rates;
    }
}
