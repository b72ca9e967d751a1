// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link DriversBenchmark} in rounds, in each of them every row of drivers in a JVM of its
 * own, so that what a machine does besides meets all of them alike, and prints a table in Markdown:
 *
 * <pre>java -cp java/bench/target/benchmarks.jar dev.flue.bench.DriversReport 7</pre>
 *
 * <p>What a driver costs is the difference to the same round's figure without it.
 */
public final class DriversReport {
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    /** Percentile of the iterations: short ones, of which some are left alone on a busy machine. */
    private static final double UNDISTURBED = 10;

    private final int rounds;
    private final Map<Between, double[]> nanos = new EnumMap<>(Between.class);
    private final Map<Between, double[]> bytes = new EnumMap<>(Between.class);

    private DriversReport(int rounds) {
        this.rounds = rounds;
        for (Between each : Between.values()) {
            nanos.put(each, new double[rounds]);
            bytes.put(each, new double[rounds]);
        }
    }

    /** The first argument is the number of rounds, 7 unless given. */
    public static void main(String[] args) throws RunnerException {
        DriversReport report = new DriversReport(args.length > 0 ? Integer.parseInt(args[0]) : 7);
        for (int round = 0; round < report.rounds; round++) {
            report.run(round);
        }
        report.print();
    }

    private void run(int round) throws RunnerException {
        OptionsBuilder options = new OptionsBuilder();
        options.include("dev\\.flue\\.bench\\.DriversBenchmark\\..*")
                .addProfiler(GCProfiler.class)
                .forks(1)
                .warmupIterations(4)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(100)
                .measurementTime(TimeValue.milliseconds(20))
                .verbosity(VerboseMode.SILENT);
        for (RunResult each : new Runner(options.build()).run()) {
            Between between = Between.valueOf(each.getParams().getParam("between"));
            nanos.get(between)[round] =
                    each.getPrimaryResult().getStatistics().getPercentile(UNDISTURBED);
            bytes.get(between)[round] = each.getSecondaryResults().get(ALLOCATED).getScore();
        }
    }

    private void print() {
        System.out.println();
        System.out.println("| between | ns per list | more than without | allocated |");
        System.out.println("|---|---|---|---|");
        for (Between each : Between.values()) {
            double[] own = nanos.get(each);
            double[] without = nanos.get(each.without());
            double[] more =
                    IntStream.range(0, rounds).mapToDouble(i -> own[i] - without[i]).toArray();
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %s | %s | %.2f B |%n",
                    each.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                    spread(own),
                    each == each.without() ? "" : spread(more),
                    Arrays.stream(bytes.get(each)).max().orElse(0));
        }
    }

    /** Median, least and most. */
    private static String spread(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return String.format(
                Locale.ROOT,
                "%.0f (%.0f to %.0f)",
                sorted[sorted.length / 2],
                sorted[0],
                sorted[sorted.length - 1]);
    }
}
