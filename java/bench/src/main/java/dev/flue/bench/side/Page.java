// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.Figures;
import dev.flue.bench.figures.JmhFigures;
import dev.flue.bench.figures.Spread;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * A run as a page in Markdown: ratios first, pictures second, method third, then every figure. One
 * thread.
 */
final class Page {
    private final Run run;
    private final Results results;
    private final List<Contestant> contestants;
    private final StringBuilder page = new StringBuilder();

    private Page(Run run) {
        this.run = run;
        this.results = run.results();
        this.contestants = run.contestants();
    }

    /**
     * @param pictures names of files and what they show
     * @param noPictures why there are none; "" = there are, or nothing to show
     */
    static String markdown(Run run, Map<String, String> pictures, String noPictures) {
        Page page = new Page(run);
        page.head();
        page.shown();
        page.pictures(pictures, noPictures);
        page.method();
        page.page.append("\n## Every figure\n");
        run.workloads().forEach(page::table);
        page.single("The engine in memory", run.engine());
        page.single("Java's operations", run.jmh());
        return page.page.toString();
    }

    private void head() {
        List<Shown> shown = run.shown();
        page.append("# Measured: Flue beside what else there is\n\n")
                .append("Made by `")
                .append(run.command())
                .append("`, not by hand: figures, ratios and verdicts are of one run on one ")
                .append("machine, ")
                .append(run.machine().getOrDefault("processor", "-"))
                .append(" with ")
                .append(run.machine().getOrDefault("CPUs", "-"))
                .append(" CPUs. Of ")
                .append(shown.size())
                .append(" figures ")
                .append(shown.stream().filter(Shown::reached).count())
                .append(" are where they were to be, ")
                .append(shown.stream().filter(each -> each.known() && !each.reached()).count())
                .append(" are not, ")
                .append(shown.stream().filter(each -> !each.known()).count())
                .append(" could not be measured.\n");
    }

    private void shown() {
        page.append("\n## Ratios\n\nMedian, in brackets the least and the most. A ratio of two ")
                .append("contestants is taken in each round, more is better for Flue.\n\n");
        row("#", "what", "against", "reach", "measured", "reached");
        page.append("|---|---|---|---|---|---|\n");
        for (Shown each : run.shown()) {
            row(
                    Integer.toString(each.number()),
                    each.what(),
                    each.against(),
                    each.reachText(),
                    each.measuredText(),
                    each.verdict());
        }
    }

    private void pictures(Map<String, String> pictures, String noPictures) {
        page.append("\n## Pictures\n");
        if (!noPictures.isEmpty()) {
            page.append("\nNone: ").append(noPictures).append(".\n");
        }
        pictures.forEach(
                (file, what) ->
                        page.append("\n![").append(what).append("](").append(file).append(")\n"));
    }

    private void table(Workload workload) {
        boolean echo = workload.kind() == Workload.Kind.ECHO;
        page.append("\n### ").append(workload.title()).append("\n\n");
        if (echo) {
            page.append("| | requests/s | p50, µs | p99, µs |\n|---|---|---|---|\n");
        } else {
            page.append("| | messages/s | Gbit/s |\n|---|---|---|\n");
        }
        for (Contestant each : contestants) {
            String failure = results.failure(each.name(), workload);
            String name = each.title() + (failure.isEmpty() ? "" : " (failed in " + failure + ")");
            String perSecond = figure(each, workload, Outcome::perSecond);
            if (!each.takesPart() || !each.does(workload)) {
                continue;
            }
            if (echo) {
                row(
                        name,
                        perSecond,
                        figure(each, workload, outcome -> outcome.p50() / 1000.0),
                        figure(each, workload, outcome -> outcome.p99() / 1000.0));
            } else {
                row(name, perSecond, figure(each, workload, Outcome::gigabitsPerSecond));
            }
        }
    }

    private String figure(Contestant each, Workload workload, ToDoubleFunction<Outcome> figure) {
        return Spread.of(results.figures(each.name(), workload, figure)).toString();
    }

    private void absent() {
        page.append("\n### Not measured here\n\n");
        List<Contestant> absent = contestants.stream().filter(each -> !each.takesPart()).toList();
        absent.forEach(
                each ->
                        page.append("- ")
                                .append(each.title())
                                .append(": ")
                                .append(each.skipped())
                                .append('\n'));
        for (Figures each : List.of(run.engine(), run.jmh())) {
            if (!each.missing().isEmpty()) {
                page.append("- ").append(each.missing()).append('\n');
            }
        }
        failures();
        if (page.toString().endsWith("here\n\n")) {
            page.append("Nothing was left out.\n");
        }
    }

    private void failures() {
        for (Workload workload : run.workloads()) {
            for (Contestant each : contestants) {
                String failure = results.failure(each.name(), workload);
                if (!failure.isEmpty()) {
                    page.append("- ")
                            .append(each.title())
                            .append(", ")
                            .append(workload.name())
                            .append(": failed in ")
                            .append(failure)
                            .append('\n');
                }
            }
        }
    }

    private void method() {
        page.append("\n## Method\n\n")
                .append(
                        "Every contestant has one thread at each end, on CPU 0 and 1 (`inline`: one ")
                .append(
                        "for both), in processes that live through the run; who is not asked sleeps. ")
                .append(
                        "First everybody does every workload until its rate does not grow any more. ")
                .append("Then ")
                .append(results.done())
                .append(" rounds")
                .append(
                        results.done() < results.rounds()
                                ? " (of " + results.rounds() + ": there was no time for more)"
                                : "")
                .append(": each goes through all workloads, and each workload through all ")
                .append("contestants, another one first each round. A measurement takes ")
                .append(run.millis())
                .append(" ms; connections are opened before and closed after it. Each 8 bytes are ")
                .append(
                        "made when they are sent and added up when they came; both sums have to be ")
                .append("the same, else the measurement failed. A stream lasts until the server, ")
                .append(
                        "which has read all of it, ended it too. Netty flushes 64-byte messages in ")
                .append("batches of 512, the best for it; Flue takes a turn after as many.\n\n")
                .append("Kernel: TCP_NODELAY, ")
                .append(run.congestion())
                .append(", over loopback and veth segments of up to 64 KiB without checksums. ")
                .append("*Without offloads* all of a veth's are off at both ends, for the kernel ")
                .append("and for Flue alike; there every end spins. Flue: Reno, MTU ")
                .append(FlueNode.MTU)
                .append(", checksums in software, 256 KiB buffers, every connection offloaded ")
                .append("before it is measured; packets in ")
                .append(run.machine().getOrDefault("memory of packets", "-"))
                .append(". The copy loop has frames of the same MTU, no TCP and no checksums: ")
                .append("what a stream over net_memif could be at most.\n\n")
                .append("The engine in memory: replayed bursts of 32, TSC cycles, no driver, no ")
                .append("application, before, between and after the others. Additions are timed ")
                .append(
                        "around each repetition; where they take longer, something else computes on ")
                .append(
                        "the same core, and the repetition is made again, up to 100 times as often. ")
                .append(
                        "Where a line hardly had any undisturbed one all of its count: how many of ")
                .append("a hundred were, stands below. The published engine's cycles (figure ")
                .append("4) are of 2026-11-21, an EPYC of the third generation with a TSC of ")
                .append("2.445 GHz; the calibration says how much faster this machine is. ")
                .append("Java's operations: JMH, a JVM for each.\n");
        absent();
        machine();
    }

    private void machine() {
        page.append("\n### The machine, and its noise\n\n| | |\n|---|---|\n");
        run.machine().forEach((name, value) -> row(name, value));
        run.engine().facts().forEach((name, value) -> row("calibration: " + name, value));
    }

    private void single(String title, Figures figures) {
        page.append("\n### ").append(title).append("\n\n");
        if (!figures.missing().isEmpty()) {
            page.append("Not measured: ").append(figures.missing()).append(".\n");
            return;
        }
        page.append("| | median (least to most) | |\n|---|---|---|\n");
        figures.figures()
                .forEach(
                        (name, spread) -> {
                            if (!name.endsWith(JmhFigures.ALLOCATED)) {
                                row(name, spread.toString(), unit(figures, name));
                            }
                        });
    }

    /** With what it allocates, where that is known. */
    private static String unit(Figures figures, String name) {
        Spread allocated = figures.of(name + JmhFigures.ALLOCATED);
        String unit = figures.units().getOrDefault(name, "");
        return allocated.count() == 0
                ? unit
                : unit + ", " + Spread.number(allocated.median()) + " B per operation";
    }

    private void row(String... cells) {
        page.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }
}
