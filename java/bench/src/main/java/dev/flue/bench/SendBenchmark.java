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
 * Send data from engine to engine over a wire in memory, inline and on one thread: submission,
 * segments, receive indications with their verdicts and returns, acknowledgements, completion. Per
 * list of {@code bytes}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class SendBenchmark {
    private static final int BURST = 16;

    @Param({"64", "1448"})
    private int bytes;

    private EnginePair pair;

    @Setup
    public void setUp() {
        pair = new EnginePair(BURST, bytes);
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
