// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What it costs to put an entry on the submission ring and have the engine read it. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class SubmissionBenchmark {
    private static final int ENTRIES = 128;

    private EnginePair pair;

    @Setup
    public void setUp() {
        pair = new EnginePair(1, 64);
    }

    @TearDown
    public void tearDown() {
        pair.close();
    }

    /** Per entry: 128 of them, then one turn that reads them all. */
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public int submit() {
        for (int i = 0; i < ENTRIES; i++) {
            pair.submit();
        }
        return pair.clientTurn();
    }

    /** A turn of the duty cycle with nothing to do. */
    @Benchmark
    public int idleTurn() {
        return pair.clientTurn();
    }
}
