// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.Rule;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferEnd;
import dev.flue.testkit.conformance.TransferPlan;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Many seeds over wires with loss and jitter, offloaded and moved about: every byte arrives, every
 * run ends and holds nothing, and the same seed gives the same run.
 */
@RequiresFlue
class SeededTransferTest {
    private static final int SEEDS = 200;
    private static final int LONG_SEEDS = 5_000;

    // How often a connection changed sides, over all runs of a test.
    private long moves;

    // Segments that waited for data before them and went along.
    private long waited;

    @Test
    void twoHundredSeedsWithLossAndJitter() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(run(seed, false)).as("trace of seed %d", seed).isEqualTo(run(seed, false));
        }
    }

    @Test
    @Rule("T-79")
    void twoHundredSeedsWithLossAndJitterMovedAbout() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(run(seed, true)).as("trace of seed %d", seed).isEqualTo(run(seed, true));
        }
        assertThat(moves).isGreaterThan(10 * SEEDS);
        assertThat(waited).as("segments behind holes that moved").isGreaterThan(SEEDS / 10);
    }

    @Test
    @Tag("long")
    void manySeedsWithLossAndJitterMovedAbout() {
        for (long seed = SEEDS + 1; seed <= LONG_SEEDS; seed++) {
            run(seed, seed % 2 == 0);
        }
    }

    private long run(long seed, boolean moving) {
        LinkFaults faults = LinkFaults.delay(100_000).withDrop(10_000).withJitter(400_000);
        int version = seed % 2 == 0 ? 6 : 4;
        NetworkConfig config = NetworkConfig.simple(seed).withFaults(faults).withIpVersion(version);
        try (ConformanceRun run = new ConformanceRun(NativeNetwork::new, config)) {
            TransferEnd[] ends =
                    run.connect(
                            0,
                            1,
                            TransferPlan.of(seed, 60_000 + seed % 7 * 10_000),
                            TransferPlan.of(-seed, 40_000));
            if (moving) {
                move(run, ends, 20 + seed % 50);
            }
            run.untilFinished();
            long hash = run.simulation().traceHash();
            run.finish();
            moves += ends[0].offloadChanges() + ends[1].offloadChanges();
            for (int host = 0; host < 2; host++) {
                waited += run.network().stack(host).counters().chimney.segmentsMoved;
            }
            return hash;
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed + (moving ? ", moving" : ""), e);
        }
    }

    private static void move(ConformanceRun run, TransferEnd[] ends, long every) {
        run.simulation()
                .afterEvents(
                        every,
                        () -> {
                            TransferEnd end = ends[(int) (run.simulation().events() / every & 1)];
                            OffloadConnection connection = end.connection();
                            if (connection != null && !end.closed()) {
                                if (connection.offloaded()) {
                                    connection.upload();
                                } else {
                                    connection.offload();
                                }
                            }
                            if (!ends[0].finished() || !ends[1].finished()) {
                                move(run, ends, every);
                            }
                        });
    }
}
