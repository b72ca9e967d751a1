// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Figures of a {@link GoodputTest}, and the page they stand on. */
final class GoodputTable {
    /** Student's t for 95 %, both sides, by degrees of freedom from 1. */
    private static final double[] T = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093
    };

    private static final double WANTED = 0.9;

    private final int pairs;
    private final int rounds;
    private final List<Line> lines = new ArrayList<>();
    private final long start = System.nanoTime();
    private final double loadBefore = load();

    GoodputTable(int pairs, int rounds) {
        this.pairs = pairs;
        this.rounds = rounds;
    }

    /**
     * One run.
     *
     * @param mbit goodput, in Mbit/s
     * @param lost segments that the cable lost
     * @param overflow frames that its queue had no room for
     * @param lag microseconds that it held frames longer than it should have, on average
     */
    record Run(double mbit, long lost, long overflow, long lag) {
        /** Of what the delay line says about the way from the sender. */
        static Run of(double mbit, String report) {
            return new Run(
                    mbit,
                    number(report, "right carried \\d+ lost (\\d+)"),
                    number(report, "right .* overflow (\\d+)"),
                    number(report, "lag of right mean (-?\\d+)"));
        }

        private static long number(String report, String pattern) {
            Matcher matcher = Pattern.compile(pattern).matcher(report);
            if (!matcher.find()) {
                throw new AssertionError("no " + pattern + " in " + report);
            }
            return Long.parseLong(matcher.group(1));
        }
    }

    /**
     * Runs under one condition, the i-th of both one after the other.
     *
     * @param rtt milliseconds
     * @param loss segments of a million
     * @param flows connections at a time
     * @param seconds measured of each run
     */
    record Line(
            String algorithm,
            int rtt,
            int loss,
            int flows,
            double seconds,
            List<Run> flue,
            List<Run> kernel) {

        /** Without runs so far. */
        Line(String algorithm, int rtt, int loss, int flows, double seconds) {
            this(algorithm, rtt, loss, flows, seconds, new ArrayList<>(), new ArrayList<>());
        }

        /**
         * The mean ratio and the ends of its 95 % confidence interval, of the logarithms of the
         * ratios of the pairs.
         */
        double[] ratio() {
            int n = flue.size();
            double[] logs = new double[n];
            double mean = 0;
            for (int i = 0; i < n; i++) {
                logs[i] = Math.log(flue.get(i).mbit() / kernel.get(i).mbit());
                mean += logs[i] / n;
            }
            double squares = 0;
            for (double log : logs) {
                squares += (log - mean) * (log - mean);
            }
            double t = n < 2 ? Double.POSITIVE_INFINITY : T[Math.min(n - 2, T.length - 1)];
            double half = t * Math.sqrt(squares / Math.max(1, n - 1) / n);
            return new double[] {Math.exp(mean), Math.exp(mean - half), Math.exp(mean + half)};
        }

        /** A row of the table. */
        String text() {
            double[] ratio = ratio();
            return String.format(
                    Locale.ROOT,
                    "| %s | %d ms | %.1f %% | %d | %.1f | %.1f | **%.2f** | %.2f to %.2f |",
                    algorithm,
                    rtt,
                    loss / 1e4,
                    flows,
                    mean(flue),
                    mean(kernel),
                    ratio[0],
                    ratio[1],
                    ratio[2]);
        }

        private static double mean(List<Run> runs) {
            return runs.stream().mapToDouble(Run::mbit).average().orElse(0);
        }
    }

    /** Takes a line whose runs are done. @return its row */
    String add(Line line) {
        lines.add(line);
        return line.text();
    }

    private static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    /** Writes docs/performance/linux.md. */
    void write() throws IOException {
        StringBuilder page = new StringBuilder(method());
        page.append(machine());
        page.append("| congestion control | round trip | loss | connections | engine | kernel ")
                .append("| ratio | 95 % |\n|---|---|---|---|---|---|---|---|\n");
        lines.forEach(line -> page.append(line.text()).append('\n'));
        long below = lines.stream().filter(line -> line.ratio()[0] < WANTED).count();
        long surely = lines.stream().filter(line -> line.ratio()[2] < WANTED).count();
        page.append(
                String.format(
                        Locale.ROOT,
                        "%nWanted is %.1f: %d of %d ratios are below, %d with their whole interval.%n",
                        WANTED,
                        below,
                        lines.size(),
                        surely));
        String root = System.getProperty("flue.root", "..");
        Files.writeString(Path.of(root, "docs/performance/linux.md"), page.toString());
        System.out.println(page);
    }

    private String method() {
        return String.format(
                Locale.ROOT,
                """
                # Goodput beside the Linux kernel's

                Written by `mvn -B -ntp -Plinux-goodput verify`, as root. Figures only: no test passes or
                fails by them.

                The sender is the engine, or the kernel's TCP on a TAP interface, with the same congestion
                control; the receiver is the kernel's TCP. Both senders have the same cable
                (`hwtests/src/test/c/delayline.c`): half the round trip each way, 1 Gbit/s, a queue of 4,000
                frames, and in each pair of runs the same loss: the n-th segment with data that the i-th
                connection sends. No acknowledgement is lost. A line has %d pairs, by turns, with other losses
                in each. Measured are %d round trips, at least 2 s, after %d round trips in which the slow
                start ends. Goodput is of all connections together, Mbit/s, the mean of the runs; the ratio
                is the geometric mean of the pairs, with its 95 %% confidence interval (Student's t of the
                logarithms). The number of connections keeps the sum where no processor is the limit.

                """,
                pairs,
                rounds,
                GoodputTest.WARM_ROUNDS);
    }

    /** Where it was done, and what disturbed it. */
    private String machine() throws IOException {
        return String.format(
                Locale.ROOT,
                """
                %s, %d processors, Linux %s, Java %s; %d minutes. The load was %.1f before and %.1f at the
                end, of which the runs make about 1; senders, cable and receiver go before other work
                (`nice -n -10`). The cable held frames %d us too long on average in the worst run of the
                engine and %d us in that of the kernel, and its queue had no room for %d and %d frames.
                Other work widens the intervals, and is to the disadvantage of the engine, which is a
                process.

                """,
                processor(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.version"),
                System.getProperty("java.version"),
                Math.round((System.nanoTime() - start) / 60e9),
                loadBefore,
                load(),
                all(Line::flue).mapToLong(Run::lag).max().orElse(0),
                all(Line::kernel).mapToLong(Run::lag).max().orElse(0),
                all(Line::flue).mapToLong(Run::overflow).sum(),
                all(Line::kernel).mapToLong(Run::overflow).sum());
    }

    private Stream<Run> all(Function<Line, List<Run>> side) {
        return lines.stream().flatMap(line -> side.apply(line).stream());
    }

    private static String processor() throws IOException {
        Matcher model =
                Pattern.compile("model name\\s*: (.*)")
                        .matcher(Files.readString(Path.of("/proc/cpuinfo")));
        return model.find() ? model.group(1).strip() : System.getProperty("os.arch");
    }
}
