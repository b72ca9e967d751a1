// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.im.Latency;
import dev.flue.tools.output.JsonWriter;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A {@link StatSample} as JSON and as text.
 *
 * @param perSecond whether its counters are rates
 * @param most connections of a driver that are shown, the busiest first
 */
public record StatReport(StatSample sample, boolean perSecond, int most) {

    /** All there is, also what is zero; one line. */
    public String toJson() {
        JsonWriter json = new JsonWriter().beginObject();
        json.member("version", 1).member("pid", sample.pid());
        json.member("per_second", perSecond);
        json.member("held", sample.levels()).member("counters", sample.counters());
        PassReport.append(json, sample.counters());
        json.name("ports").beginArray();
        for (PortReport port : sample.ports()) {
            json.beginObject().member("port", port.name()).member("link", port.link());
            append(json, "offloads_in_use", port.inUse());
            append(json, "offloads_offered", port.offered());
            json.member("counters", port.counts()).endObject();
        }
        json.endArray().name("drivers").beginArray();
        for (StatSample.Driver driver : sample.drivers()) {
            json.beginObject().member("driver", driver.label());
            json.member("levels", driver.levels()).member("counters", driver.counters());
            if (driver.sends() != null) {
                append(json, "sends", driver.sends());
                append(json, "receives", driver.receives());
                json.member("connection_count", driver.connectionCount());
                json.name("connections").beginArray();
                shown(driver).forEach(each -> append(json, each));
                json.endArray();
            }
            json.endObject();
        }
        return json.endArray().endObject() + "\n";
    }

    private static void append(JsonWriter json, String name, List<String> words) {
        json.name(name).beginArray();
        words.forEach(json::value);
        json.endArray();
    }

    private static void append(JsonWriter json, StatSample.Connection connection) {
        json.beginObject().member("number", connection.number());
        json.member("local", connection.local()).member("remote", connection.remote());
        json.member("counters", connection.counters());
        if (connection.sends() != null) {
            append(json, "sends", connection.sends());
        }
        json.endObject();
    }

    private static void append(JsonWriter json, String name, Latency latency) {
        json.name(name).beginObject().member("count", latency.count());
        json.member("p50_ns", latency.p50()).member("p90_ns", latency.p90());
        json.member("p99_ns", latency.p99()).member("p99.9_ns", latency.p999());
        json.member("max_ns", latency.max()).endObject();
    }

    private List<StatSample.Connection> shown(StatSample.Driver driver) {
        return driver.connections().stream()
                .sorted(Comparator.comparingLong(each -> -sent(each) - received(each)))
                .limit(most)
                .toList();
    }

    private static long sent(StatSample.Connection connection) {
        return sum(connection.counters(), "send done bytes", "disconnect done bytes");
    }

    private static long received(StatSample.Connection connection) {
        return sum(connection.counters(), "consumed bytes", "receive done bytes");
    }

    private static long sum(Map<String, Long> figures, String one, String other) {
        return figures.getOrDefault(one, 0L) + figures.getOrDefault(other, 0L);
    }

    /** What is not zero, and the ports. */
    public String toText() {
        StringBuilder text = new StringBuilder("process ").append(sample.pid());
        text.append(perSecond ? ", per second\n" : ", since it started\n");
        Map<String, Long> counters = new LinkedHashMap<>(sample.counters());
        counters.keySet().removeIf(PassReport::shows);
        figures(text, "", counters);
        figures(text, "held ", sample.levels());
        PassReport.of(sample.counters()).append(text);
        for (PortReport port : sample.ports()) {
            text.append("\nport ").append(port.name()).append(", link ").append(port.link());
            text.append("\n  offloads in use   ").append(words(port.inUse()));
            text.append("\n  offloads offered  ").append(words(port.offered())).append('\n');
            figures(text, "", port.counts());
        }
        for (StatSample.Driver driver : sample.drivers()) {
            text.append('\n').append(driver.label()).append('\n');
            figures(text, "", driver.counters());
            figures(text, "now ", driver.levels());
            if (driver.sends() != null) {
                latency(text, "sends", driver.sends());
                latency(text, "receives", driver.receives());
                connections(text, driver);
            }
        }
        return text.toString();
    }

    private static String words(List<String> words) {
        return words.isEmpty() ? "none" : String.join(", ", words);
    }

    private static void figures(StringBuilder text, String prefix, Map<String, Long> figures) {
        figures.forEach(
                (name, value) -> {
                    if (value != 0) {
                        text.append(String.format("  %-40s %16d%n", prefix + name, value));
                    }
                });
    }

    private static void latency(StringBuilder text, String what, Latency all) {
        if (all.count() > 0) {
            String line = "  %s took p50 %s, p90 %s, p99 %s, p99.9 %s, max %s%n";
            text.append(
                    String.format(
                            line,
                            what,
                            time(all.p50()),
                            time(all.p90()),
                            time(all.p99()),
                            time(all.p999()),
                            time(all.max())));
        }
    }

    private void connections(StringBuilder text, StatSample.Driver driver) {
        List<StatSample.Connection> shown = shown(driver);
        if (!shown.isEmpty()) {
            int width = 21;
            for (StatSample.Connection each : shown) {
                width = Math.max(width, each.local().length());
                width = Math.max(width, each.remote().length());
            }
            row(
                    text,
                    width,
                    "LOCAL",
                    "REMOTE",
                    "SENDS",
                    "FAILED",
                    "SENT",
                    "RECEIVED",
                    "p50",
                    "p99",
                    "p99.9",
                    "max");
            for (StatSample.Connection each : shown) {
                Latency sends = each.sends();
                row(
                        text,
                        width,
                        each.local(),
                        each.remote(),
                        each.counters().getOrDefault("send done", 0L),
                        each.counters().getOrDefault("send failed", 0L),
                        sent(each),
                        received(each),
                        sends == null ? "-" : time(sends.p50()),
                        sends == null ? "-" : time(sends.p99()),
                        sends == null ? "-" : time(sends.p999()),
                        sends == null ? "-" : time(sends.max()));
            }
        }
        long more = driver.connectionCount() - shown.size();
        if (more > 0) {
            text.append("  and ").append(more);
            text.append(more == 1 ? " more connection\n" : " more connections\n");
        }
    }

    private static void row(StringBuilder text, int width, Object... cells) {
        String addresses = "  %-" + width + "s %-" + width + "s";
        String numbers = " %9s %6s %12s %12s %8s %8s %8s %8s%n";
        text.append(String.format(addresses + numbers, cells));
    }

    /** Three digits and a unit. */
    static String time(long nanos) {
        String[] units = {"ns", "us", "ms", "s"};
        double value = nanos;
        int unit = 0;
        while (value >= 999.5 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        String format =
                unit == 0 || value >= 99.95 ? "%.0f%s" : value >= 9.995 ? "%.1f%s" : "%.2f%s";
        return String.format(Locale.ROOT, format, value, units[unit]);
    }
}
