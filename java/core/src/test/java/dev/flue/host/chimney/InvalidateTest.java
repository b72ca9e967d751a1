// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.Rule;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import dev.flue.offload.UploadReason;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Next hops that are not there any more, and what host and target tell each other of them. */
@ParameterizedClass
@EnumSource(Ip.class)
class InvalidateTest {
    private final ChimneyLab lab = new ChimneyLab();
    private final FakeTarget target = lab.target;
    private final Recorder mine = new Recorder();
    private final Recorder theirs = new Recorder();
    private OffloadConnection connection;
    private final Ip ip;

    InvalidateTest(Ip ip) {
        this.ip = ip;
        lab.version = ip;
    }

    @BeforeEach
    void offloaded() {
        connection = lab.connect(mine, theirs, 80);
    }

    /** For MAC addresses, that the stack asked. */
    private long questions() {
        String counter = ip == Ip.V4 ? "arpRequestsOut" : "solicitationsOut";
        return lab.stack.counters().asMap().get(counter);
    }

    @AfterEach
    void nothingIsLeft() {
        lab.close();
    }

    @Test
    @Rule({"H-19", "H-23"})
    void anInvalidatedNeighborIsALoneBlockAndGoesWithAllThatDependsOnIt() {
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        assertThat(lab.stack.invalidate(ip.second)).isTrue();
        lab.settle();
        assertThat(target.shapes.subList(2, 4))
                .containsExactly(
                        "invalidate N(named)", "terminate N(named P(named T(named) T(named)))");
        assertThat(connection.offloaded() || second.offloaded()).isFalse();
        assertThat(connection.offloadCause()).contains("next hop is not reachable");
        assertThat(target.objects).isEmpty();
    }

    @Test
    @Rule({"H-19", "H-23"})
    void aPathIsInvalidatedByItselfAndGoesWithItsConnections() {
        assertThat(lab.stack.invalidate(ip.first, ip.second)).isTrue();
        lab.settle();
        assertThat(target.shapes.get(1)).isEqualTo("invalidate P(named)");
        assertThat(connection.offloadCause()).contains("path is not valid");
        assertThat(target.objects).isEmpty();
        assertThat(lab.stack.invalidate(ip.first, ip.second)).isFalse();
    }

    @Test
    @Rule({"H-19", "H-23"})
    void aConnectionIsInvalidatedByItselfAndTheOthersStay() {
        OffloadConnection second = lab.connect(new Recorder(), new Recorder(), 81);
        assertThat(lab.stack.invalidate(second)).isTrue();
        lab.settle();
        assertThat(target.shapes.subList(2, 4))
                .containsExactly("invalidate T(named)", "terminate T(named)");
        assertThat(second.offloadCause()).contains("it was invalidated");
        assertThat(connection.offloaded()).isTrue();
        assertThat(lab.stack.invalidate(second)).isFalse();
        second.offload();
        lab.settle();
        assertThat(second.offloaded()).isTrue();
    }

    @Test
    void aNextHopThatTheTargetDoesNotHaveCannotBeInvalidated() {
        assertThat(lab.stack.invalidate(ip.first)).isFalse();
    }

    @Test
    @Rule("H-21")
    void theTerminateOfWhatIsBeingInvalidatedWaits() {
        target.auto = false;
        lab.stack.invalidate(ip.second);
        lab.settle();
        target.retrieve(target.conn(), UploadReason.INVALID_STATE);
        lab.settle();
        assertThat(target.shapes.get(2)).isEqualTo("terminate P(named T(named))");
        target.auto = true;
        target.later(target::completeInvalidate);
        target.later(target::completeTerminate);
        lab.settle();
        assertThat(target.shapes.get(3)).isEqualTo("terminate N(named)");
    }

    @Test
    @Rule("H-23")
    void anInvalidateThatFailsIsFollowedByTheTerminateToo() {
        target.control.invalidateStatus = OffloadStatus.FAILURE;
        lab.stack.invalidate(ip.second);
        lab.settle();
        assertThat(target.objects).isEmpty();
        assertThat(connection.offloaded()).isFalse();
    }

    // ---- Reachability.

    private final List<Integer> answers = new ArrayList<>();

    private void ask(int nrd) {
        target.ask(target.control.only(StateType.NEIGHBOR), nrd, answers::add);
        lab.settle();
    }

    private long queries() {
        return target.shapes.stream().filter(s -> s.equals("query N(named)")).count();
    }

    @Test
    @Rule("H-33")
    void aReachableNeighborIsAnsweredWithTheTimeSinceItProvedItself() {
        lab.pass(ChimneyLab.millis(1_234));
        ask(1_300);
        assertThat(answers).hasSize(1);
        assertThat(answers.get(0)).isBetween(1_234, 1_300);
        lab.pass(ChimneyLab.millis(6_000));
        assertThat(queries()).isZero();
    }

    @Test
    @Rule("H-33")
    void aStaleNeighborIsAnsweredWithZeroAndLookedAtAgainAfterATimer() {
        lab.pass(ChimneyLab.millis(40_000));
        ask(40_000);
        assertThat(answers).containsExactly(0);
        assertThat(queries()).as("not at once").isZero();
        target.control.nicReachabilityDelta = 2_000;
        long requests = questions();
        lab.pass(ChimneyLab.millis(5_001));
        assertThat(queries()).isEqualTo(1);
        assertThat(questions()).isEqualTo(requests);
        ask(1);
        assertThat(answers.get(1)).as("refreshed by what the target knew").isPositive();
    }

    @Test
    @Rule("H-33")
    void aTargetThatKnowsNoBetterMakesTheHostProbe() {
        lab.pass(ChimneyLab.millis(40_000));
        ask(40_000);
        target.control.nicReachabilityDelta = 45_000;
        long requests = questions();
        lab.pass(ChimneyLab.millis(5_001));
        assertThat(questions()).isEqualTo(requests + 1);
        assertThat(connection.offloaded()).as("it answers").isTrue();
        ask(1);
        assertThat(answers.get(1)).isPositive();
    }

    @Test
    @Rule("H-33")
    void nobodyAnswersTheProbesAndTheNeighborIsInvalidated() {
        lab.pass(ChimneyLab.millis(40_000));
        lab.link.filter((from, number, frame, at, length) -> from == 0);
        ask(40_000);
        target.control.nicReachabilityDelta = 45_000;
        lab.pass(ChimneyLab.millis(10_000));
        assertThat(target.shapes).contains("invalidate N(named)");
        assertThat(connection.offloaded()).isFalse();
        assertThat(target.objects).isEmpty();
        lab.link.filter((from, number, frame, at, length) -> true);
    }

    @Test
    @Rule("H-34")
    void anEntryInDelayMakesTheTargetBeAskedBeforeTheSend() {
        lab.pass(ChimneyLab.millis(40_000));
        // The host itself sends to the stale neighbor: its entry is in DELAY now.
        lab.stack.connect(ip.second, 99, new Recorder());
        target.auto = false;
        lab.stack.doWork(lab.now);
        target.calls.clear();
        connection.send(java.nio.ByteBuffer.wrap(new byte[10]));
        lab.stack.doWork(lab.now);
        assertThat(target.queries).as("in the same turn as the send").hasSize(1);
        assertThat(target.calls).containsExactly("send");
        target.control.nicReachabilityDelta = 100;
        target.later(target::completeQuery);
        lab.settle();
        assertThat(lab.stack.counters().chimney.reachabilityProbes).isZero();
    }
}
