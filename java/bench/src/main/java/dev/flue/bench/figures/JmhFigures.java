// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.figures;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/**
 * Java's operations by JMH, a JVM each, shorter than {@code dev.flue.bench.Report} has them: for
 * each a figure under its name, and under the name and {@link #ALLOCATED} the bytes it allocates.
 */
public final class JmhFigures {
    /** Behind the name of a benchmark: bytes per operation. */
    public static final String ALLOCATED = " B/op";

    /** A pair of operations on each connection of a tree of 64. */
    public static final String TREE = "StateOperationsBenchmark.initiateAndTerminateTreeOf64";

    private static final String RATE = "gc.alloc.rate.norm";
    private static final String PREFIX = "dev.flue.bench.";
    private static final int WARM_UPS = 3;
    private static final int ITERATIONS = 5;
    private static final int MILLIS = 300;
    private static final int HANGS_SECONDS = 20;
    private static final int QUICK_MILLIS = 150;

    private JmhFigures() {}

    /**
     * @param quick few of them, and short
     */
    public static Figures run(boolean quick) {
        ChainedOptionsBuilder options =
                new OptionsBuilder()
                        .include(regex(TREE) + "$")
                        .include(regex("SendBenchmark"))
                        .include(regex("BurstBenchmark"));
        if (quick) {
            options.param("bytes", "64").param("drivers", "0", "3");
        } else {
            options.include(regex("StateOperationsBenchmark.initiateAndTerminate") + "$")
                    .include(regex("ReceiveBenchmark"))
                    .include(regex("HandOverBenchmark"))
                    .include(regex("SubmissionBenchmark"))
                    .include(regex("DriversBenchmark"))
                    .param("between", "TEAM", "METER", "VERIFIER");
        }
        TimeValue time = TimeValue.milliseconds(quick ? QUICK_MILLIS : MILLIS);
        options.addProfiler(GCProfiler.class)
                .forks(1)
                .warmupIterations(WARM_UPS)
                .warmupTime(time)
                .measurementIterations(ITERATIONS)
                .measurementTime(time)
                .timeout(TimeValue.seconds(HANGS_SECONDS))
                .shouldFailOnError(false)
                .verbosity(VerboseMode.SILENT);
        try {
            return of(new Runner(options.build()).run());
        } catch (RunnerException e) {
            return Figures.none("JMH: " + e.getMessage());
        }
    }

    private static String regex(String name) {
        return (PREFIX + name).replace(".", "\\.");
    }

    private static Figures of(Collection<RunResult> results) {
        Map<String, Spread> figures = new LinkedHashMap<>();
        Map<String, String> units = new LinkedHashMap<>();
        for (RunResult each : results) {
            String name = name(each.getParams());
            figures.put(name, spread(each.getPrimaryResult()));
            units.put(name, each.getPrimaryResult().getScoreUnit());
            Result<?> allocated = each.getSecondaryResults().get(RATE);
            if (allocated != null) {
                figures.put(name + ALLOCATED, spread(allocated));
                units.put(name + ALLOCATED, "B");
            }
        }
        return results.isEmpty()
                ? Figures.none("JMH measured nothing")
                : new Figures(figures, units, Map.of(), "");
    }

    private static String name(BenchmarkParams params) {
        StringBuilder name = new StringBuilder(params.getBenchmark().substring(PREFIX.length()));
        for (String key : params.getParamsKeys()) {
            name.append(' ').append(key).append('=').append(params.getParam(key));
        }
        return name.toString();
    }

    private static Spread spread(Result<?> result) {
        Statistics statistics = result.getStatistics();
        return new Spread(
                (int) statistics.getN(),
                statistics.getPercentile(50),
                statistics.getMin(),
                statistics.getMax());
    }
}
