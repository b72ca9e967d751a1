// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.OffloadConnection;
import dev.flue.host.UserHostStack;
import dev.flue.host.chimney.ChimneyCounters;
import dev.flue.host.chimney.OffloadPolicy;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.UploadReason;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferEnd;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Engines that give connections back of their own accord: the transfers go on. */
@RequiresFlue
class OffloadSwitchTest {
    private static final long BYTES = 2_000_000;
    private static final long SLOW = 3_000_000;

    /** An interval that is short, and more bytes in it than anybody moves. */
    private static final UploadThresholds BUSY =
            new UploadThresholds(10, 1_000_000_000, 0, 0, 0, 0, 0);

    /** Offloads everything, and takes back what it is asked to, or does not. */
    private record Obliging(boolean grants) implements OffloadPolicy {
        @Override
        public Verdict decide(OffloadConnection connection, Situation situation) {
            return OffloadPolicy.all().decide(connection, situation);
        }

        @Override
        public boolean grants(OffloadConnection connection, UploadReason reason) {
            return grants && reason == UploadReason.LOW_ACTIVITY;
        }
    }

    @Test
    void whatAnAdministratorSwitchesOffComesBackAndIsOffloadedAgainWhenItIsOn() {
        NetworkConfig config = NetworkConfig.simple(5);
        try (ConformanceRun run = new ConformanceRun(NativeNetwork::new, config)) {
            TransferEnd[] ends =
                    run.connect(0, 1, TransferPlan.of(1, BYTES), TransferPlan.of(2, BYTES));
            UserHostStack stack = run.network().stack(0);
            List<OffloadStatus> answers = new ArrayList<>();
            run.until("it is offloaded", () -> offloaded(ends[0]));
            run.until("some came", () -> ends[0].received() > BYTES / 10);

            stack.offloadAdministration().switchPort(false, true, answers::add);
            run.until("it is off", () -> !answers.isEmpty());
            assertThat(answers).containsExactly(OffloadStatus.SUCCESS);
            assertThat(stack.offloadedCount()).isZero();
            long then = ends[0].received();
            run.until("the host goes on", () -> ends[0].received() > then + BYTES / 10);
            ends[0].connection().offload();
            run.simulation().run(1_000_000);
            assertThat(offloaded(ends[0])).isFalse();
            assertThat(ends[0].connection().offloadCause()).contains("IPv4");

            stack.offloadAdministration().switchPort(true, true, answers::add);
            run.until("it is offloaded again", () -> offloaded(ends[0]));
            run.until("it is on", () -> answers.size() == 2);
            assertThat(answers.get(1)).isEqualTo(OffloadStatus.SUCCESS);
            assertThat(ends[0].finished()).isFalse();
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void aConnectionThatTheEngineAsksToTakeBackIsTakenBackWhereThePolicyGrantsIt() {
        try (ConformanceRun run = watched(new Obliging(true))) {
            TransferEnd[] ends = slow(run);
            run.until("it was offloaded", () -> offloaded(ends[0]));
            run.until("it is back", () -> !offloaded(ends[0]));
            assertThat(ends[0].connection().offloadCause()).contains("LOW_ACTIVITY");
            assertThat(ends[0].finished()).isFalse();
            run.untilFinished();
            assertThat(run.network().stack(0).counters().chimney.uploadsRequested).isPositive();
            run.finish();
        }
    }

    @Test
    void whereThePolicyDoesNotGrantItTheConnectionStays() {
        try (ConformanceRun run = watched(new Obliging(false))) {
            TransferEnd[] ends = slow(run);
            ChimneyCounters counters = run.network().stack(0).counters().chimney;
            run.until("it was asked again and again", () -> counters.uploadsIgnored > 5);
            assertThat(counters.uploadsRequested).isZero();
            assertThat(offloaded(ends[0])).isTrue();
            assertThat(ends[0].offloadChanges()).isEqualTo(1);
            run.untilFinished();
            run.finish();
        }
    }

    private static boolean offloaded(TransferEnd end) {
        return end.connection() != null && end.connection().offloaded();
    }

    private static ConformanceRun watched(OffloadPolicy policy) {
        UnaryOperator<EngineConfig.Builder> limits = engine -> engine.uploadThresholds(BUSY);
        return new ConformanceRun(
                config -> new NativeNetwork(config, limits, stack -> stack.offloadPolicy(policy)),
                NetworkConfig.simple(6));
    }

    /** One that takes a while, and more than buffers hold: it does not end before it is read. */
    private static TransferEnd[] slow(ConformanceRun run) {
        TransferPlan plan = TransferPlan.of(1, SLOW).reading(20_000, 5_000_000);
        return run.connect(0, 1, plan, plan);
    }
}
