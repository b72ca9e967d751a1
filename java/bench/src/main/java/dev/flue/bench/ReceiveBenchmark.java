// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One segment at a time: its receive indication, verdict and return, its acknowledgement and the
 * send's completion. 64 bytes are copied into a slab, 1448 are lent where they lie.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class ReceiveBenchmark {

    @Param({"64", "1448"})
    private int bytes;

    private EnginePair pair;

    @Setup
    public void setUp() {
        pair = new EnginePair(1, bytes);
    }

    @TearDown
    public void tearDown() {
        pair.close();
    }

    @Benchmark
    public long receiveIndication() {
        return pair.sendBurst();
    }
}
