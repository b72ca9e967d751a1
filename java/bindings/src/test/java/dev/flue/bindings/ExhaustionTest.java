// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.Rule;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Engines with less than the connections need: what does not fit stays on the host stack. */
@RequiresFlue
class ExhaustionTest {
    private static final int CONNECTIONS = 24;

    private static int offloadedAtMost(UnaryOperator<EngineConfig.Builder> limits) {
        int[] most = new int[1];
        try (ConformanceRun run =
                new ConformanceRun(
                        config -> new NativeNetwork(config, limits), NetworkConfig.simple(3))) {
            for (int i = 0; i < CONNECTIONS; i++) {
                run.connect(
                        0, 1, TransferPlan.of(100 + i, 60_000), TransferPlan.of(200 + i, 60_000));
            }
            run.simulation()
                    .add(
                            "observer",
                            now -> {
                                int count = run.network().stack(0).offloadedCount();
                                most[0] = Math.max(most[0], count);
                                return 0;
                            },
                            () -> Long.MAX_VALUE);
            run.untilFinished();
            run.finish();
        }
        return most[0];
    }

    @Test
    @Rule({"T-5", "T-30"})
    void connectionsBeyondTheLimitStayOnTheHostStackAndTheirBytesAreRight() {
        assertThat(offloadedAtMost(c -> c.maxConnections(4))).isBetween(1, 4);
    }

    @Test
    @Rule("T-145")
    void withoutSendPiecesConnectionsComeBackAndTheirBytesAreRight() {
        assertThat(offloadedAtMost(c -> c.maxSends(16))).isPositive();
    }

    @Test
    void withFewReceiveListsTheBytesAreRight() {
        assertThat(offloadedAtMost(c -> c.maxReceives(4))).isPositive();
    }

    @Test
    void withSmallRingsTheBytesAreRight() {
        assertThat(offloadedAtMost(c -> c.submissionCapacity(64).upCapacity(64))).isPositive();
    }

    @Test
    void withFewFrameListsTheBytesAreRight() {
        assertThat(offloadedAtMost(c -> c.maxFrames(8))).isPositive();
    }
}
