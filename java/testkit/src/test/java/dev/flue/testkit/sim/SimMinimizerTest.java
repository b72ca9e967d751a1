// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A bug that is planted between a host and the judge is found, shrunk and replayed. */
class SimMinimizerTest {
    private static final int MOST_RUNS = 1_000;

    /** The second host sends another byte when it sends something again. */
    private static SimNetwork faulty(SimPlan plan, FrameObserver observer) {
        Set<Integer> before = new HashSet<>();
        return new JavaSimNetwork(
                plan,
                (now, port, received, frame) -> {
                    WireSegment s = WireSegment.parse(frame);
                    boolean data = s != null && s.valid && s.payloadLength() > 1;
                    boolean again = data && port == 1 && !received && !before.add(s.seq());
                    byte[] shown = frame;
                    if (again) {
                        // Two words changed places: the checksum does not notice.
                        shown = frame.clone();
                        int at = s.payloadAt();
                        swap(shown, at, at + 2, s.payloadLength());
                    }
                    observer.onFrame(now, port, received, shown);
                });
    }

    private static void swap(byte[] frame, int a, int b, int length) {
        for (int i = 0; i < 2 && length >= 4; i++) {
            byte kept = frame[a + i];
            frame[a + i] = frame[b + i];
            frame[b + i] = kept;
        }
    }

    private static boolean fails(SimPlan plan) {
        try {
            SimRun.run(plan, SimMinimizerTest::faulty);
            return false;
        } catch (AssertionError e) {
            return e.getMessage().contains("another byte than before");
        }
    }

    private static SimPlan firstThatFails() {
        for (long seed = 1; seed < 2_000; seed++) {
            SimPlan plan = SimGenerator.plan(seed);
            boolean large = plan.connections().size() > 2 && plan.moves().size() > 1;
            if (large && plan.links().get(1).dropPpm() > 50_000 && fails(plan)) {
                return plan;
            }
        }
        throw new AssertionError("the planted bug was not found");
    }

    @Test
    void aPlantedBugIsShrunkToWhatItNeeds() {
        SimPlan plan = firstThatFails();
        SimMinimizer minimizer = new SimMinimizer(SimMinimizerTest::fails, MOST_RUNS);
        SimPlan smallest = minimizer.minimize(plan);

        assertThat(minimizer.runs()).isBetween(2, MOST_RUNS);
        assertThat(smallest.connections()).hasSize(1);
        assertThat(smallest.moves()).isEmpty();
        assertThat(smallest.mtus()).isEmpty();
        assertThat(smallest.toString()).hasSizeLessThan(plan.toString().length() / 2);
        // The line replays it, with what it was found by in the message.
        assertThat(SimPlan.parse(smallest.toString())).isEqualTo(smallest);
        assertThatThrownBy(
                        () ->
                                SimRun.run(
                                        SimPlan.parse(smallest.toString()),
                                        SimMinimizerTest::faulty))
                .hasMessageContaining("another byte than before")
                .hasMessageContaining("replay: " + smallest);
        // And is clean without the bug.
        SimRun.run(smallest, JavaSimNetwork::new);
    }

    @Test
    void aPlanThatDoesNotFailStaysAsItIs() {
        SimPlan plan = SimGenerator.plan(3);
        assertThat(new SimMinimizer(each -> false, 10).minimize(plan)).isSameAs(plan);
    }

    @Test
    void whateverFailsShrinksToTheSimplestPlan() {
        SimPlan smallest = new SimMinimizer(each -> true, 10_000).minimize(SimGenerator.plan(77));
        assertThat(smallest.toString())
                .matches("seed=\\d+ ip=[46] host= host= link= link= conn= end= end=");
    }
}
