// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.sim.SimSeeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random runs of all pairs of TCPs: everything that is drawn comes from the seed, everything on the
 * wire is judged. docs/simulation.md says how to replay and shrink one that fails.
 */
@RequiresFlue
class SimulatorTest {
    private static final int SEEDS = 1_000;
    private static final int TWICE_EVERY = 50;

    @Test
    void aThousandSeedsOverAllPairsOfTcps() {
        SimSeeds.Total total =
                SimSeeds.run(
                        NativeSimNetwork::new, 1, SEEDS, TWICE_EVERY, SEEDS, System.out::println);
        total.assertClean();
        // Each of the four pairs, with and without moves.
        assertThat(total.runsByPair).hasSize(8).allSatisfy((pair, n) -> assertThat(n).isPositive());
        assertThat(total.moves).isGreaterThan(SEEDS);
        assertThat(total.retransmittedBytes).isPositive();
    }

    @Test
    void everySeedThatOnceFoundABugIsCleanNow() {
        SimSeeds.runList(NativeSimNetwork::new, SimulatorTest.class, "regressions.txt")
                .assertClean();
    }

    @Test
    @Tag("long")
    void aHundredThousandSeeds() {
        long from = Long.getLong("flue.sim.from", 1);
        long count = Long.getLong("flue.sim.count", 100_000);
        SimSeeds.run(NativeSimNetwork::new, from, count, 100, 1_000, System.out::println)
                .assertClean();
    }
}
