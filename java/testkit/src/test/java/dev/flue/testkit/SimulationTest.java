// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimulationTest {
    /** Does one thing every {@code period}, {@code left} times. */
    private static final class Ticker implements Simulation.Actor {
        final long period;
        final List<Long> times = new ArrayList<>();
        int left;
        long next;

        Ticker(long period, int left) {
            this.period = period;
            this.left = left;
            this.next = period;
        }

        @Override
        public int doWork(long nowNanos) {
            if (left == 0 || nowNanos < next) {
                return 0;
            }
            times.add(nowNanos);
            next += period;
            left--;
            return 1;
        }

        @Override
        public long nextDeadline() {
            return left == 0 ? Long.MAX_VALUE : next;
        }
    }

    @Test
    void theClockJumpsFromDeadlineToDeadline() {
        Ticker slow = new Ticker(7_000, 3);
        Ticker fast = new Ticker(5_000, 4);
        Simulation simulation = new Simulation(0).add("slow", slow).add("fast", fast);

        simulation.until("both are done", () -> slow.left == 0 && fast.left == 0);

        assertThat(slow.times).containsExactly(7_000L, 14_000L, 21_000L);
        assertThat(fast.times).containsExactly(5_000L, 10_000L, 15_000L, 20_000L);
        assertThat(simulation.now()).isEqualTo(21_000);
        assertThat(simulation.events()).isEqualTo(7);
    }

    @Test
    void theWireMovesTheClockToo() {
        long[] next = {12_345};
        Simulation simulation =
                new Simulation(0)
                        .wire(() -> next[0], () -> 0)
                        .add(
                                "receiver",
                                now -> {
                                    if (now < next[0]) {
                                        return 0;
                                    }
                                    next[0] = Long.MAX_VALUE;
                                    return 1;
                                },
                                () -> Long.MAX_VALUE);

        simulation.until("the frame arrived", () -> next[0] == Long.MAX_VALUE);

        assertThat(simulation.now()).isEqualTo(12_345);
    }

    @Test
    void aRunWithNothingDueFailsAndSaysWhoWaits() {
        Simulation simulation =
                new Simulation(0).add("client", new Ticker(1, 0)).note(() -> "0 of 10 bytes");

        assertThatThrownBy(() -> simulation.until("pigs fly", () -> false))
                .isInstanceOf(Simulation.StoppedException.class)
                .hasMessageContaining("stuck")
                .hasMessageContaining("pigs fly")
                .hasMessageContaining("client: nothing due")
                .hasMessageContaining("0 of 10 bytes");
    }

    @Test
    void aRunThatIsBusyWithoutEndFails() {
        Simulation simulation =
                new Simulation(0).stepLimit(1_000).add("spinner", now -> 1, () -> Long.MAX_VALUE);

        assertThatThrownBy(() -> simulation.until("it rests", () -> false))
                .hasMessageContaining("1000 steps");
    }

    @Test
    void anActorThatIsAlwaysDueAndDoesNothingIsFound() {
        Simulation simulation = new Simulation(0).add("liar", now -> 0, () -> 0);

        assertThatThrownBy(() -> simulation.until("it works", () -> false))
                .hasMessageContaining("goes round")
                .hasMessageContaining("liar: due at");
    }

    @Test
    void virtualTimeIsLimited() {
        Simulation simulation =
                new Simulation(0).timeLimit(1_000).add("t", new Ticker(100, 1_000_000));

        assertThatThrownBy(() -> simulation.until("never", () -> false))
                .hasMessageContaining("of virtual time");
    }

    @Test
    void runningForATimeDoesWhatIsDueAtItsEndAndMayBeIdle() {
        Ticker ticker = new Ticker(1_000, 3);
        Simulation simulation = new Simulation(0).add("t", ticker);

        simulation.run(2_000);
        assertThat(ticker.left).isEqualTo(1);
        assertThat(simulation.now()).isEqualTo(2_000);
        simulation.run(50_000);
        assertThat(ticker.left).isZero();
        assertThat(simulation.now()).isEqualTo(52_000);
    }

    @Test
    void aStrikeComesAfterItsEvent() {
        Ticker ticker = new Ticker(1_000, 10);
        Simulation simulation = new Simulation(0).add("t", ticker);
        List<Integer> leftAtStrike = new ArrayList<>();
        simulation.afterEvents(4, () -> leftAtStrike.add(ticker.left));

        simulation.until("done", () -> ticker.left == 0);

        assertThat(leftAtStrike).containsExactly(6);
    }

    @Test
    void equalRunsHaveEqualTracesAndOthersNot() {
        assertThat(trace(1_000)).isEqualTo(trace(1_000)).isNotEqualTo(trace(1_001));
    }

    private static long trace(long period) {
        Ticker ticker = new Ticker(period, 10);
        Simulation simulation = new Simulation(0).add("t", ticker);
        simulation.until("done", () -> ticker.left == 0);
        return simulation.traceHash();
    }
}
