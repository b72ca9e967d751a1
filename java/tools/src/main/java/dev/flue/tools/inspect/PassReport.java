// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import dev.flue.tools.output.JsonWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Where the time of the engines' passes goes, by the counters "cycles.*": a sample of the passes,
 * so it is told as shares and as cycles of the time stamp counter per segment, never as sums.
 *
 * @param passes that were accounted
 * @param segmentsIn that came in them
 * @param segmentsOut that went out in them, acknowledgments included
 * @param cycles by part; {@code idle} is passes that found nothing to do
 */
record PassReport(long passes, long segmentsIn, long segmentsOut, Map<String, Long> cycles) {
    private static final String PREFIX = "cycles.";
    private static final List<String> PARTS =
            List.of(
                    "idle",
                    "port_receive",
                    "receive",
                    "commands",
                    "timers",
                    "transmit",
                    "port_send",
                    "publish");
    private static final List<String> OF_RECEIVING = List.of("port_receive", "receive");
    private static final List<String> OF_SENDING = List.of("transmit", "port_send");

    /** Is it a counter that is shown here, and not among the others? */
    static boolean shows(String counter) {
        return counter.startsWith(PREFIX);
    }

    /** Of counters, or of their rates: it comes to the same. */
    static PassReport of(Map<String, Long> counters) {
        Map<String, Long> cycles = new LinkedHashMap<>();
        PARTS.forEach(part -> cycles.put(part, counters.getOrDefault(PREFIX + part, 0L)));
        return new PassReport(
                counters.getOrDefault(PREFIX + "passes", 0L),
                counters.getOrDefault(PREFIX + "segments_in", 0L),
                counters.getOrDefault(PREFIX + "segments_out", 0L),
                cycles);
    }

    private long total() {
        return cycles.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Nothing was accounted: an engine that has not run, or a processor without such a counter. */
    boolean isEmpty() {
        return passes == 0 || total() == 0;
    }

    private double share(String part) {
        return (double) cycles.get(part) / total();
    }

    /** Segments that a part's work is for; 0 = of no such part, or none came. */
    private long segments(String part) {
        if (OF_RECEIVING.contains(part)) {
            return segmentsIn;
        }
        return OF_SENDING.contains(part) ? segmentsOut : 0;
    }

    /** Two decimals are more than such a sample is worth. */
    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }

    /** A member of the object that is open, where there are such counters. */
    static void append(JsonWriter json, Map<String, Long> counters) {
        if (!counters.containsKey(PREFIX + "passes")) {
            return;
        }
        PassReport report = of(counters);
        json.name("passes").beginObject().member("accounted", report.passes);
        json.member("segments_in", report.segmentsIn).member("segments_out", report.segmentsOut);
        json.name("percent").beginObject();
        if (!report.isEmpty()) {
            PARTS.forEach(part -> json.name(part).value(rounded(100 * report.share(part))));
        }
        json.endObject().name("cycles_per_segment").beginObject();
        PARTS.stream()
                .filter(part -> report.segments(part) > 0)
                .forEach(part -> json.name(part).value(rounded(report.each(part))));
        json.endObject().endObject();
    }

    private double each(String part) {
        return (double) cycles.get(part) / segments(part);
    }

    void append(StringBuilder text) {
        if (isEmpty()) {
            return;
        }
        text.append(
                "\npasses: where their time goes (a sample), cycles per segment received or sent\n");
        for (String part : PARTS) {
            text.append(String.format(Locale.ROOT, "  %-40s %15.1f%%", part, 100 * share(part)));
            if (segments(part) > 0) {
                text.append(String.format(Locale.ROOT, " %9.0f", each(part)));
            }
            text.append('\n');
        }
    }
}
