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
 * What intermediate drivers cost: send, receive and complete as in {@link SendBenchmark}, with
 * drivers between both engines and what is above them. Per list of 64 bytes.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class DriversBenchmark {
    private static final int BURST = 16;
    private static final int BYTES = 64;

    @Param private Between between;

    private EnginePair pair;

    @Setup
    public void setUp() {
        pair = new EnginePair(BURST, BYTES, between);
    }

    @TearDown
    public void tearDown() {
        pair.close();
    }

    @Benchmark
    @OperationsPerInvocation(BURST)
    public long sendReceiveComplete() {
        return pair.sendBurst();
    }
}
