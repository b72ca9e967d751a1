// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.data.OffloadConnection;
import dev.flue.host.ConnectionInfo;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.Rule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A connection moves between stack and target at any point of a transfer, as often as anybody
 * likes, and nothing is lost, sent twice or delivered twice. Skipped where there is no target.
 */
@ParameterizedClass(name = "IPv{0}")
@ValueSource(ints = {4, 6})
public abstract class HandOverConformance {
    @Parameter int ipVersion;

    private static final long MILLISECOND = 1_000_000L;
    private static final long BYTES = 300_000;

    /** A network as described. */
    protected abstract Network network(NetworkConfig config);

    private ConformanceRun run(NetworkConfig config) {
        ConformanceRun run = new ConformanceRun(this::network, config.withIpVersion(ipVersion));
        if (!run.network().offloads()) {
            run.close();
            assumeTrue(false, "no target on " + run.network().name());
        }
        return run;
    }

    @Test
    void aConnectionIsOffloadedByItselfAndBothEndsFinishThere() {
        try (ConformanceRun run = run(NetworkConfig.simple(1))) {
            TransferEnd[] ends = transfer(run, 1);
            run.until("both ends are offloaded", () -> offloaded(ends[0]) && offloaded(ends[1]));
            run.untilFinished();
            run.finish();
        }
    }

    @Rule({"T-79", "H-38", "H-24"})
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233})
    void uploadedAfterTheNthEventAndOffloadedAgainTheBytesAreTheSame(int n) {
        for (int drivers = 0; drivers < 2; drivers++) {
            try (ConformanceRun run = run(narrow(n).withDrivers(drivers))) {
                long bytes = BYTES + 20_000L * n;
                TransferEnd[] ends =
                        run.connect(0, 1, TransferPlan.of(n, bytes), TransferPlan.of(-n, bytes));
                run.until("the first end is offloaded", () -> offloaded(ends[0]));
                run.simulation().afterEvents(n, () -> move(ends[0]));
                run.simulation().afterEvents(2L * n, () -> move(ends[1]));
                run.simulation().afterEvents(3L * n, () -> move(ends[0]));
                run.simulation().afterEvents(4L * n, () -> move(ends[1]));
                run.untilFinished();
                assertThat(ends[0].offloadChanges()).isGreaterThanOrEqualTo(2);
                run.finish();
            }
        }
    }

    @Rule("T-79")
    @ParameterizedTest
    @ValueSource(ints = {3, 7, 20, 50})
    void movedAllTheTimeTheBytesAreTheSame(int every) {
        try (ConformanceRun run = run(narrow(every))) {
            long bytes = BYTES + 20_000L * every;
            TransferEnd[] ends =
                    run.connect(
                            0, 1, TransferPlan.of(every, bytes), TransferPlan.of(-every, bytes));
            moveForEver(run, ends, every);
            run.untilFinished();
            assertThat(ends[0].offloadChanges() + ends[1].offloadChanges()).isGreaterThan(4);
            run.finish();
        }
    }

    @Rule("T-79")
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void movedAllTheTimeOverABadWireTheBytesAreTheSame(long seed) {
        LinkFaults faults =
                LinkFaults.delay(300_000)
                        .withDrop(20_000)
                        .withDuplicate(10_000)
                        .withReorder(20_000, 4 * MILLISECOND)
                        .withJitter(MILLISECOND);
        try (ConformanceRun run = run(narrow(seed).withFaults(faults))) {
            TransferEnd[] ends = transfer(run, seed);
            moveForEver(run, ends, 40);
            run.untilFinished();
            assertThat(ends[0].offloadChanges() + ends[1].offloadChanges()).isGreaterThan(4);
            run.finish();
        }
    }

    @Rule({"T-79", "H-38", "H-24"})
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void movedAndBackAfterEveryOperationInItsTurnTheBytesAreTheSame(boolean fromTheTarget) {
        int moved = 0;
        for (int which = 0; which < 2; which++) {
            long operations = 1;
            for (long n = 1; n <= operations; n++) {
                try (ConformanceRun run = run(narrow(n).withAutoOffload(fromTheTarget))) {
                    TransferEnd[] ends = brief(run, n);
                    ForcedMoves moves = new ForcedMoves(run.simulation(), ends[which], n);
                    run.untilFinished();
                    run.finish();
                    operations = moves.operations();
                    moved += ends[which].offloadChanges() > 1 ? 1 : 0;
                }
            }
            assertThat(operations).isGreaterThan(12);
        }
        assertThat(moved).isGreaterThan(20);
    }

    @Rule({"T-79", "H-38", "H-24"})
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void movedAndBackAfterEachOperationOfBothEndsTheBytesAreTheSame(long seed) {
        NetworkConfig config = narrow(seed).withAutoOffload(seed % 2 == 0);
        try (ConformanceRun run = run(config.withDrivers((int) seed % 3))) {
            TransferEnd[] ends = transfer(run, seed);
            for (TransferEnd end : ends) {
                new ForcedMoves(run.simulation(), end, ForcedMoves.EACH);
            }
            run.untilFinished();
            assertThat(ends[0].offloadChanges() + ends[1].offloadChanges()).isGreaterThan(8);
            run.finish();
        }
    }

    @Test
    void aMoveCausesNoRetransmissionOnACleanWire() {
        for (int n = 5; n < 200; n += 31) {
            try (ConformanceRun run = run(narrow(n))) {
                // Neither end closes before both were asked.
                TransferPlan plan =
                        TransferPlan.of(n, BYTES).closing(TransferPlan.Close.AFTER_PEER);
                TransferEnd[] ends =
                        run.connect(
                                0,
                                1,
                                plan,
                                TransferPlan.of(-n, BYTES).closing(TransferPlan.Close.AFTER_PEER));
                run.until("the first end is offloaded", () -> offloaded(ends[0]));
                run.simulation().afterEvents(n, () -> move(ends[0]));
                run.simulation().afterEvents(2L * n, () -> move(ends[1]));
                run.simulation().afterEvents(3L * n, () -> move(ends[0]));
                run.until(
                        "all bytes arrived",
                        () -> ends[0].received() == BYTES && ends[1].received() == BYTES);
                for (int host = 0; host < 2; host++) {
                    for (ConnectionInfo info : run.query(host)) {
                        assertThat(info.retransmits()).as("retransmits, host %d", host).isZero();
                    }
                }
                ends[0].connection().close();
                ends[1].connection().close();
                run.finish();
            }
        }
    }

    @Test
    void uploadAllBringsManyConnectionsBackInMidTransfer() {
        try (ConformanceRun run = run(NetworkConfig.simple(4))) {
            for (int i = 0; i < 64; i++) {
                run.connect(
                        0, 1, TransferPlan.of(400 + i, 50_000), TransferPlan.of(500 + i, 50_000));
            }
            run.until("most are offloaded", () -> run.network().stack(0).offloadedCount() >= 32);
            run.network().stack(0).uploadAll();
            run.until("all are back", () -> run.network().stack(0).offloadedCount() == 0);
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void aSlowReaderKeepsEveryByteAcrossMoves() {
        try (ConformanceRun run = run(NetworkConfig.simple(5).withBuffers(32_768, 65_536))) {
            TransferPlan slow = TransferPlan.of(52, BYTES).reading(2_001, 2 * MILLISECOND);
            TransferEnd[] ends = run.connect(0, 1, TransferPlan.of(51, BYTES), slow);
            moveForEver(run, ends, 25);
            run.untilFinished();
            run.finish();
        }
    }

    /** Windows so small that a transfer takes many round trips, and so many events. */
    private static NetworkConfig narrow(long seed) {
        return NetworkConfig.simple(seed).withBuffers(16_384, 32_768);
    }

    private static TransferEnd[] transfer(ConformanceRun run, long seed) {
        return run.connect(0, 1, TransferPlan.of(seed, BYTES), TransferPlan.of(-seed, BYTES));
    }

    /** Few and small operations, reads in small pieces, both ends close in order. */
    private static TransferEnd[] brief(ConformanceRun run, long seed) {
        TransferPlan.Close close =
                seed % 2 == 0 ? TransferPlan.Close.AFTER_PEER : TransferPlan.Close.WHEN_SENT;
        return run.connect(
                0,
                1,
                TransferPlan.of(1, 24_000).chunks(2_500).closing(close),
                TransferPlan.of(2, 18_000).chunks(2_500));
    }

    private static boolean offloaded(TransferEnd end) {
        return end.connection() != null && end.connection().offloaded();
    }

    /** To the other side, wherever it is. */
    private static void move(TransferEnd end) {
        OffloadConnection connection = end.connection();
        if (connection == null || end.closed()) {
            return;
        }
        if (connection.offloaded()) {
            connection.upload();
        } else {
            connection.offload();
        }
    }

    private static void moveForEver(ConformanceRun run, TransferEnd[] ends, int every) {
        run.simulation()
                .afterEvents(
                        every,
                        () -> {
                            move(ends[(int) (run.simulation().events() / every & 1)]);
                            if (!ends[0].finished() || !ends[1].finished()) {
                                moveForEver(run, ends, every);
                            }
                        });
    }
}
