// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Terminate and initiate of one established connection: out of the engine and back in. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
public class HandOverBenchmark {
    private EnginePair pair;

    @Setup
    public void setUp() {
        pair = new EnginePair(1, 64);
    }

    @TearDown
    public void tearDown() {
        pair.close();
    }

    @Benchmark
    public int terminateAndInitiate() {
        return pair.uploadAndOffload();
    }
}
