// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.UserHostStack;
import dev.flue.host.chimney.ChimneyCounters;
import dev.flue.spi.FaultyMemory;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferEnd;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each pool of an engine holds only n, for every small n, while connections are opened, offloaded,
 * queried, forwarded to, moved back and closed: whatever the target cannot take the host stack
 * does, every byte arrives, and nothing is left over anywhere.
 */
@RequiresFlue
class ShortageTest {
    private static final int MOST = 8;
    private static final int CONNECTIONS = 3;
    private static final long BYTES = 30_000;
    private static final int RUNS = 1000;
    private static final long TICK_NANOS = 10_000_000;

    /** What there is too little of. */
    enum Pool {
        CONNECTIONS(EngineConfig.Builder::maxConnections),
        PATHS(EngineConfig.Builder::maxPaths),
        NEIGHBORS(EngineConfig.Builder::maxNeighbors),
        SENDS(EngineConfig.Builder::maxSends),
        RECEIVES(EngineConfig.Builder::maxReceives),
        FRAMES(EngineConfig.Builder::maxFrames);

        private final BiFunction<EngineConfig.Builder, Integer, EngineConfig.Builder> limit;

        Pool(BiFunction<EngineConfig.Builder, Integer, EngineConfig.Builder> limit) {
            this.limit = limit;
        }
    }

    @ParameterizedTest
    @EnumSource
    void anyNumberIsEnough(Pool pool) {
        for (int n = 1; n <= MOST; n++) {
            for (int posts = 0; posts < 3; posts += 2) {
                transfer(pool, n, posts);
            }
        }
    }

    private static void transfer(Pool pool, int n, int posts) {
        NetworkConfig config = NetworkConfig.simple(n).withHosts(3).withBuffers(16_384, 16_384);
        try (ConformanceRun run =
                new ConformanceRun(
                        each ->
                                new NativeNetwork(
                                        each,
                                        limits -> pool.limit.apply(limits, n),
                                        stack -> stack.postedReceives(posts)),
                        config)) {
            for (int i = 0; i < CONNECTIONS; i++) {
                TransferEnd[] ends =
                        run.connect(
                                0,
                                1 + i % 2,
                                TransferPlan.of(10 + i, BYTES),
                                TransferPlan.of(21 + i, BYTES));
                move(run, ends[0], 20 + 7 * i);
                move(run, ends[1], 35 + 5 * i);
            }
            run.query(0);
            run.untilFinished();
            run.finish();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void everyAllocationOfTheHostStacksMayFail(int posts) {
        int failing = 1;
        while (transferWithFault(failing, posts)) {
            assertThat(++failing).as("runs").isLessThan(RUNS);
        }
        assertThat(failing).as("allocations of a run").isGreaterThan(30);
    }

    /** One transfer with moves both ways; whether the allocation was reached. */
    private static boolean transferWithFault(int failing, int posts) {
        List<FaultyMemory> memories = new ArrayList<>();
        NetworkConfig config = NetworkConfig.simple(failing).withBuffers(16_384, 16_384);
        try (ConformanceRun run =
                new ConformanceRun(
                        each ->
                                new NativeNetwork(
                                        each,
                                        UnaryOperator.identity(),
                                        stack -> stack.postedReceives(posts).sendChunk(2048),
                                        memory -> {
                                            memories.add(new FaultyMemory(memory, failing, 1));
                                            return memories.get(memories.size() - 1);
                                        }),
                        config)) {
            memories.forEach(FaultyMemory::arm);
            TransferEnd[] ends =
                    run.connect(0, 1, TransferPlan.of(1, 50_000), TransferPlan.of(2, 50_000));
            run.simulation().add("clock", now -> 0, () -> run.simulation().now() + TICK_NANOS);
            move(run, ends[0], 25);
            move(run, ends[1], 40);
            operate(run, ends[0], 9);
            run.query(0);
            run.untilFinished();
            ChimneyCounters counters = run.network().stack(0).counters().chimney;
            assertThat(counters.updates).isPositive();
            assertThat(counters.invalidates).isPositive();
            run.finish();
        }
        return memories.stream().anyMatch(FaultyMemory::failed);
    }

    /** What changes options, asks the target, and takes its neighbor away, again and again. */
    private static void operate(ConformanceRun run, TransferEnd end, int events) {
        run.simulation()
                .afterEvents(
                        events,
                        () -> {
                            OffloadConnection connection = end.connection();
                            if (end.finished() || end.closed()) {
                                return;
                            }
                            UserHostStack stack = run.network().stack(0);
                            if (connection != null && connection.offloaded()) {
                                connection.options().keepAlive(events % 2 == 0);
                                stack.offloadAdministration().statistics(true, sum -> {});
                            }
                            if (events % 5 == 0 && connection != null) {
                                stack.invalidate(connection.remoteAddress());
                            }
                            operate(run, end, events + 1);
                        });
    }

    /** To the other side after so many events, again and again. */
    private static void move(ConformanceRun run, TransferEnd end, int events) {
        run.simulation()
                .afterEvents(
                        events,
                        () -> {
                            OffloadConnection connection = end.connection();
                            if (end.finished() || end.closed()) {
                                return;
                            }
                            if (connection != null && connection.offloaded()) {
                                connection.upload();
                            } else if (connection != null) {
                                connection.offload();
                            }
                            move(run, end, events);
                        });
    }
}
