// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.flue.bindings.Flue;
import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** That every benchmark runs, and that its data path allocates nothing. No times are judged. */
class BenchmarksTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @BeforeAll
    static void requireLibrary() {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
    }

    @Test
    void everyBenchmarkRunsOnce() throws Exception {
        Collection<RunResult> results =
                new Runner(
                                new OptionsBuilder()
                                        .include("dev\\.flue\\.bench\\..*")
                                        .forks(0)
                                        .warmupIterations(0)
                                        .measurementIterations(1)
                                        .measurementTime(TimeValue.milliseconds(20))
                                        .shouldFailOnError(true)
                                        .verbosity(VerboseMode.SILENT)
                                        .build())
                        .run();
        assertThat(results).hasSizeGreaterThanOrEqualTo(8);
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 1448, 8000})
    void sendReceiveAndPollAllocateNothing(int bytes) {
        try (EnginePair pair = new EnginePair(8, bytes)) {
            assertThat(allocated(pair::sendBurst)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void claimsAndLoansAllocateNothingThroughAnyNumberOfDrivers(int drivers) {
        try (BurstPair pair = new BurstPair(drivers, 8, 1448)) {
            assertThat(allocated(pair::exchange)).isZero();
        }
    }

    @Test
    void submittingAndIdleTurnsAllocateNothing() {
        try (EnginePair pair = new EnginePair(1, 64)) {
            assertThat(
                            allocated(
                                    () -> {
                                        for (int i = 0; i < 500; i++) {
                                            pair.submit();
                                        }
                                        return pair.clientTurn();
                                    }))
                    .isZero();
        }
    }

    @Test
    void stateOperationsAllocateNothing() {
        try (EngineObjects objects = new EngineObjects(8)) {
            objects.initiate(0, 8);
            assertThat(
                            allocated(
                                    () ->
                                            objects.query(0, 8)
                                                    + objects.terminate(2, 4)
                                                    + objects.initiate(2, 4)))
                    .isZero();
        }
    }

    /** Bytes that the fastest-to-settle of some long runs allocated: 0 once nothing does. */
    private static long allocated(LongSupplier operation) {
        long thread = Thread.currentThread().getId();
        long least = Long.MAX_VALUE;
        long sum = 0;
        for (int run = 0; run < 20 && least > 0; run++) {
            long before = THREADS.getThreadAllocatedBytes(thread);
            for (int i = 0; i < 1000; i++) {
                sum += operation.getAsLong();
            }
            least = Math.min(least, THREADS.getThreadAllocatedBytes(thread) - before);
        }
        assertThat(sum).as("results are used").isNotEqualTo(Long.MIN_VALUE);
        return least;
    }
}
