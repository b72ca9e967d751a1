// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs all benchmarks and writes the figures as JSON:
 *
 * <pre>java -cp java/bench/target/benchmarks.jar dev.flue.bench.Report docs/performance/jmh.json
 * </pre>
 *
 * <p>{@code gc.alloc.rate.norm} of the data path must be 0 B/op; the times are this machine's.
 */
public final class Report {
    private static final int SECONDS = 2;

    private Report() {}

    public static void main(String[] args) throws RunnerException, IOException {
        Path file = Path.of(args.length > 0 ? args[0] : "docs/performance/jmh.json");
        String only = args.length > 1 ? args[1] : "dev\\.flue\\.bench\\..*";
        if (file.toAbsolutePath().getParent() != null) {
            Files.createDirectories(file.toAbsolutePath().getParent());
        }
        new Runner(
                        new OptionsBuilder()
                                .include(only)
                                .addProfiler(GCProfiler.class)
                                .forks(1)
                                .warmupIterations(3)
                                .warmupTime(TimeValue.seconds(SECONDS))
                                .measurementIterations(5)
                                .measurementTime(TimeValue.seconds(SECONDS))
                                .resultFormat(ResultFormatType.JSON)
                                .result(file.toString())
                                .build())
                .run();
    }
}
