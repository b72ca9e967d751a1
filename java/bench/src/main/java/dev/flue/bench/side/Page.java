// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.tools.output.JsonWriter;
import java.util.List;
import java.util.Map;

/**
 * A whole run, as a page in Markdown and as JSON.
 *
 * @param command that made it
 * @param congestion the kernel's congestion control
 * @param loadBefore load averages
 * @param loadAfter likewise
 * @param millis of one measurement
 */
record Page(
        String command,
        Map<String, String> machine,
        String congestion,
        String loadBefore,
        String loadAfter,
        long millis,
        List<Workload> workloads,
        List<Contestant> contestants,
        Results results) {

    String markdown() {
        StringBuilder page = new StringBuilder("# Side by side\n\n");
        page.append("Flue beside what else a Java program could use, in turns within one run: ")
                .append("medians of ")
                .append(results.rounds())
                .append(" rounds, in brackets the least and the most. A ratio is taken in each ")
                .append("round, above 1 = Flue is better. Made by `")
                .append(command)
                .append("`.\n\n## Ratios\n\n");
        ratios(page);
        for (Workload workload : workloads) {
            table(page, workload);
        }
        absent(page);
        method(page);
        return page.toString();
    }

    private void ratios(StringBuilder page) {
        page.append("| | Flue | against | ratio | goal |\n|---|---|---|---|---|\n");
        for (Ratio each : Ratio.SHOWN) {
            for (Workload workload : workloads) {
                if (workload.name().equals(each.workload())) {
                    row(
                            page,
                            workload.title(),
                            title(each.contestant()),
                            title(each.against()),
                            results.ratio(each.contestant(), each.against(), workload).toString(),
                            Spread.number(each.goal()));
                }
            }
        }
    }

    private void table(StringBuilder page, Workload workload) {
        boolean echo = workload.kind() == Workload.Kind.ECHO;
        page.append("\n## ").append(workload.title()).append("\n\n");
        if (echo) {
            page.append("| | requests/s | p50, µs | p99, µs |\n|---|---|---|---|\n");
        } else {
            page.append("| | messages/s | Gbit/s |\n|---|---|---|\n");
        }
        for (Contestant each : contestants) {
            String failure = results.failure(each.name(), workload);
            String name = each.title() + (failure.isEmpty() ? "" : " (failed in " + failure + ")");
            String perSecond = figure(each, workload, Outcome::perSecond);
            if (each.takesPart() && echo) {
                row(
                        page,
                        name,
                        perSecond,
                        figure(each, workload, outcome -> outcome.p50() / 1000.0),
                        figure(each, workload, outcome -> outcome.p99() / 1000.0));
            } else if (each.takesPart()) {
                row(page, name, perSecond, figure(each, workload, Outcome::gigabitsPerSecond));
            }
        }
    }

    private String figure(
            Contestant each,
            Workload workload,
            java.util.function.ToDoubleFunction<Outcome> figure) {
        return Spread.of(results.figures(each.name(), workload, figure)).toString();
    }

    private void absent(StringBuilder page) {
        page.append("\n## Not measured here\n\n");
        List<Contestant> absent = contestants.stream().filter(each -> !each.takesPart()).toList();
        absent.forEach(
                each ->
                        page.append("- ")
                                .append(each.title())
                                .append(": ")
                                .append(each.skipped())
                                .append('\n'));
        if (absent.isEmpty()) {
            page.append("Nothing was left out.\n");
        }
    }

    private void method(StringBuilder page) {
        page.append("\n## The machine\n\n| | |\n|---|---|\n");
        machine.forEach((name, value) -> row(page, name, value));
        row(page, "load before", loadBefore);
        row(page, "load after", loadAfter);
        page.append("\n## Method\n\n")
                .append(
                        "Every contestant has one thread at each end, on CPU 0 and 1 (`inline`: one ")
                .append(
                        "for both), in processes that live through the run; who is not asked sleeps. ")
                .append("A round goes through all workloads, and each workload through all ")
                .append("contestants, another one first each round; a round before the first one ")
                .append("warms up. A measurement takes ")
                .append(millis)
                .append(" ms, connections are opened before and closed after it. Each 8 bytes are ")
                .append(
                        "made when they are sent and added up when they came; both sums have to be ")
                .append("the same, else the measurement failed. A stream lasts until the ")
                .append(
                        "server, which has read all of it, ended it too. Netty flushes 64-byte messages in ")
                .append("batches of 64; Flue sends what was committed between two turns. Kernel: ")
                .append("TCP_NODELAY, ")
                .append(congestion)
                .append(", segments of up to 64 KiB without checksums, as loopback and veth are; ")
                .append("Flue: Reno, MTU ")
                .append(FlueNode.MTU)
                .append(", checksums in software, 256 KiB buffers, every connection offloaded ")
                .append("before it is measured.\n");
    }

    private String title(String contestant) {
        return contestants.stream()
                .filter(each -> each.name().equals(contestant))
                .map(Contestant::title)
                .findFirst()
                .orElse(contestant);
    }

    private static void row(StringBuilder page, String... cells) {
        page.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    String json() {
        JsonWriter json = new JsonWriter().beginObject().member("command", command);
        json.name("machine").beginObject();
        machine.forEach(json::member);
        json.member("load_before", loadBefore)
                .member("load_after", loadAfter)
                .member("congestion", congestion)
                .endObject()
                .member("rounds", results.rounds())
                .member("millis", millis);
        json.name("workloads").beginArray();
        for (Workload workload : workloads) {
            json.beginObject().member("name", workload.name()).name("contestants").beginArray();
            contestants.stream()
                    .filter(Contestant::takesPart)
                    .forEach(each -> cell(json, each, workload));
            json.endArray().endObject();
        }
        json.endArray().name("skipped").beginObject();
        contestants.stream()
                .filter(each -> !each.takesPart())
                .forEach(each -> json.member(each.name(), each.skipped()));
        return json.endObject().endObject().toString();
    }

    private void cell(JsonWriter json, Contestant each, Workload workload) {
        json.beginObject().member("name", each.name());
        figures(json, "per_second", results.figures(each.name(), workload, Outcome::perSecond));
        if (workload.kind() == Workload.Kind.ECHO) {
            figures(json, "p50_nanos", results.figures(each.name(), workload, Outcome::p50));
            figures(json, "p99_nanos", results.figures(each.name(), workload, Outcome::p99));
        }
        String failure = results.failure(each.name(), workload);
        if (!failure.isEmpty()) {
            json.member("failed", failure);
        }
        json.endObject();
    }

    /** One for each round, null where there is none. */
    private static void figures(JsonWriter json, String name, double[] figures) {
        json.name(name).beginArray();
        for (double each : figures) {
            json.value(each);
        }
        json.endArray();
    }
}
