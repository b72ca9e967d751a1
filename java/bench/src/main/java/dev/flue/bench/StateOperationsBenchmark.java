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

/**
 * State operations from Java to the engine and back, by connection: each waits for its completion,
 * so one at a time shows the way there and back, 64 in a tree what the engine can do.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Thread)
public class StateOperationsBenchmark {
    static final int TREE = 64;

    private EngineObjects objects;

    @Setup
    public void setUp() {
        objects = new EngineObjects(TREE + 1);
        // Number 64 comes and goes, the tree of all others stays for query and update.
        objects.initiate(0, TREE);
    }

    @TearDown
    public void tearDown() {
        objects.close();
    }

    /** A pair of operations on one connection. */
    @Benchmark
    public int initiateAndTerminate() {
        return objects.initiate(TREE, 1) + objects.terminate(TREE, 1);
    }

    /** The same pair, for 64 connections in one tree: the figure is of connections. */
    @Benchmark
    @OperationsPerInvocation(TREE)
    public int initiateAndTerminateTreeOf64() {
        return objects.terminate(0, TREE) + objects.initiate(0, TREE);
    }

    @Benchmark
    public int query() {
        return objects.query(0, 1);
    }

    @Benchmark
    @OperationsPerInvocation(TREE)
    public int queryTreeOf64() {
        return objects.query(0, TREE);
    }

    @Benchmark
    public int update() {
        return objects.update(0, 1);
    }

    @Benchmark
    @OperationsPerInvocation(TREE)
    public int updateTreeOf64() {
        return objects.update(0, TREE);
    }
}
