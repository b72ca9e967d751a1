// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.data.OffloadConnection;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferEnd;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.function.BiFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
