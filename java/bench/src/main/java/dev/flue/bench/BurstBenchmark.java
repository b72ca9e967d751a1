// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Application to application by the burst API, over host stacks, drivers, engines and a wire in
 * memory, inline and on one thread: claim and commit, one list a turn, segments, indications
 * through the drivers, loans and their return, acknowledgements, completion. Per claim of {@code
 * bytes}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class BurstBenchmark {
    private static final int BURST = 16;

    @Param({"0", "1", "3"})
    private int drivers;

    @Param({"64", "1448"})
    private int bytes;

    private BurstPair pair;

    @Setup
    public void setUp() {
        pair = new BurstPair(drivers, BURST, bytes);
    }

    @TearDown
    public void tearDown() {
        pair.close();
    }

    @Benchmark
    @OperationsPerInvocation(BURST)
    public long claimCommitPollRelease() {
        return pair.exchange();
    }
}
