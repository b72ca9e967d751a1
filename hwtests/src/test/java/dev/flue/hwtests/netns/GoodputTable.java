// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Figures of a {@link GoodputTest}, and the page they stand on. */
final class GoodputTable {
    /** Student's t for 95 %, both sides, by degrees of freedom from 1. */
    private static final double[] T = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093
    };

    private GoodputTable() {}

    /**
     * Runs under one condition, in Mbit/s, the i-th of both one after the other.
     *
     * @param rtt milliseconds
     * @param loss frames of a million
     */
    record Line(String algorithm, int rtt, int loss, List<Double> flue, List<Double> kernel) {

        /**
         * The mean ratio and the ends of its 95 % confidence interval, of the logarithms of the
         * ratios of the pairs.
         */
        double[] ratio() {
            int n = flue.size();
            double[] logs = new double[n];
            double mean = 0;
            for (int i = 0; i < n; i++) {
                logs[i] = Math.log(flue.get(i) / kernel.get(i));
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
                    "| %s | %d ms | %.1f %% | %.2f | %.2f | **%.2f** | %.2f to %.2f |",
                    algorithm,
                    rtt,
                    loss / 1e4,
                    mean(flue),
                    mean(kernel),
                    ratio[0],
                    ratio[1],
                    ratio[2]);
        }

        private static double mean(List<Double> values) {
            return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        }
    }

    /** Writes docs/performance/linux.md. */
    static void write(List<Line> lines, int pairs, int seconds, int flows) throws IOException {
        String root = System.getProperty("flue.root", "..");
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        StringBuilder page = new StringBuilder();
        page.append("# Goodput beside the Linux kernel's\n\n")
                .append("Written by `mvn -B -ntp -Plinux-goodput verify`, as root. ")
                .append("Figures only: no test passes or fails by them.\n\n")
                .append("The same cable (`hwtests/src/test/c/delayline.c`: seeded random loss of\n")
                .append("data, half the round trip each way, 1 Gbit/s, a queue of 1,000 frames),\n")
                .append("the same receiver (the kernel's TCP), the same congestion control;\n")
                .append("the sender is the engine, or the kernel's TCP on a TAP interface. ")
                .append(flows)
                .append(" connections\nat a time, ")
                .append(seconds)
                .append(" s measured after 2 s to warm up, ")
                .append(pairs)
                .append(" pairs of runs, by turns. Goodput\nis of all connections, ")
                .append("Mbit/s, the mean of the runs; the ratio is the geometric mean of the\n")
                .append("pairs, with its 95 % confidence interval. Linux ")
                .append(System.getProperty("os.version"))
                .append(", load ")
                .append(Math.round(load))
                .append(" on ")
                .append(Runtime.getRuntime().availableProcessors())
                .append(" processors at the\nend: other work widens the intervals, and is to ")
                .append("the disadvantage of the engine, which is a process.\n\n")
                .append("| congestion control | round trip | loss | engine | kernel | ratio ")
                .append("| 95 % |\n|---|---|---|---|---|---|---|\n");
        lines.forEach(line -> page.append(line.text()).append('\n'));
        Files.writeString(Path.of(root, "docs/performance/linux.md"), page.toString());
    }
}
