// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.LinkFaults;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes arrive exactly, whatever the wire, the sizes and the order of closing. */
@ParameterizedClass(name = "IPv{0}")
@ValueSource(ints = {4, 6})
public abstract class TransferConformance {
    @Parameter int ipVersion;

    private static final long MEGABYTE = 1 << 20;
    private static final long MILLISECOND = 1_000_000L;

    /** A network as described. */
    protected abstract Network network(NetworkConfig config);

    private ConformanceRun run(NetworkConfig config) {
        return new ConformanceRun(this::network, config.withIpVersion(ipVersion));
    }

    @Test
    void aMegabyteArrivesExactly() {
        try (ConformanceRun run = run(NetworkConfig.simple(1))) {
            run.connect(0, 1, TransferPlan.of(11, MEGABYTE), TransferPlan.of(12, 0));
            run.untilFinished();
            run.finish();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aMegabyteArrivesExactlyThroughIntermediateDrivers(int drivers) {
        try (ConformanceRun run = run(NetworkConfig.simple(2).withDrivers(drivers))) {
            run.connect(0, 1, TransferPlan.of(21, MEGABYTE), TransferPlan.of(22, MEGABYTE));
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void bothDirectionsAtOnce() {
        try (ConformanceRun run = run(NetworkConfig.simple(3))) {
            run.connect(0, 1, TransferPlan.of(31, 2 * MEGABYTE), TransferPlan.of(32, MEGABYTE));
            run.untilFinished();
            run.finish();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 536, 1459, 1460, 1461, 65_537})
    void anySizeOfSends(int chunk) {
        try (ConformanceRun run = run(NetworkConfig.simple(chunk))) {
            long bytes = Math.min(MEGABYTE, 5_000L * chunk) + 1;
            TransferPlan plan = TransferPlan.of(41, bytes).chunks(chunk);
            run.connect(0, 1, plan, TransferPlan.of(42, 0));
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void aSlowReaderGetsEverythingAndTheSenderWaits() {
        try (ConformanceRun run = run(NetworkConfig.simple(5).withBuffers(65_536, 65_536))) {
            TransferPlan slow = TransferPlan.of(52, 0).reading(3_001, 5 * MILLISECOND);
            run.connect(0, 1, TransferPlan.of(51, MEGABYTE), slow);
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void aReaderThatSleepsForSecondsGetsEverything() {
        try (ConformanceRun run = run(NetworkConfig.simple(6).withBuffers(16_384, 65_536))) {
            TransferPlan slow = TransferPlan.of(62, 0).reading(16_000, 7_000 * MILLISECOND);
            run.connect(0, 1, TransferPlan.of(61, 200_000), slow);
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void aReaderOfOneByteAtATimeGetsEverything() {
        try (ConformanceRun run = run(NetworkConfig.simple(7).withBuffers(8_192, 8_192))) {
            TransferPlan slow = TransferPlan.of(72, 0).reading(1, 100_000);
            run.connect(0, 1, TransferPlan.of(71, 20_000), slow);
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void manyConnectionsAtOnce() {
        try (ConformanceRun run = run(NetworkConfig.simple(8).withHosts(3))) {
            for (int i = 0; i < 96; i++) {
                run.connect(
                        i % 3,
                        (i + 1) % 3,
                        TransferPlan.of(800 + i, 10_000 + 37L * i).chunks(100 + 31 * i),
                        TransferPlan.of(900 + i, 5_000 + 53L * i));
            }
            run.untilFinished();
            run.finish();
        }
    }

    static Stream<Arguments> closeOrders() {
        return Stream.of(TransferPlan.Close.values())
                .flatMap(a -> Stream.of(TransferPlan.Close.values()).map(b -> Arguments.of(a, b)))
                .filter(
                        each ->
                                !each.get()[0].equals(TransferPlan.Close.AFTER_PEER)
                                        || !each.get()[1].equals(TransferPlan.Close.AFTER_PEER));
    }

    @ParameterizedTest
    @MethodSource("closeOrders")
    void eitherEndMayCloseFirstOrBothAtOnce(TransferPlan.Close client, TransferPlan.Close server) {
        for (long bytes : new long[] {0, 1, 50_000}) {
            try (ConformanceRun run = run(NetworkConfig.simple(9))) {
                run.connect(
                        0,
                        1,
                        TransferPlan.of(91, bytes).closing(client),
                        TransferPlan.of(92, bytes).closing(server));
                run.untilFinished();
                run.finish();
            }
        }
    }

    @Test
    void afterHalfACloseTheOtherDirectionGoesOn() {
        try (ConformanceRun run = run(NetworkConfig.simple(10))) {
            run.connect(
                    0,
                    1,
                    TransferPlan.of(101, 100),
                    TransferPlan.of(102, MEGABYTE).closing(TransferPlan.Close.AFTER_PEER));
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void anAbortIsHeardByTheOtherEnd() {
        try (ConformanceRun run = run(NetworkConfig.simple(11))) {
            TransferEnd[] ends =
                    run.connect(
                            0,
                            1,
                            TransferPlan.of(111, 100 * MEGABYTE),
                            TransferPlan.of(112, 100 * MEGABYTE));
            run.until("half a megabyte came", () -> ends[1].received() > MEGABYTE / 2);
            ends[0].connection().abort();
            run.until("the other end heard", () -> ends[1].closed());
            assertThat(ends[1].closeCause()).isNotEmpty();
            run.finish();
        }
    }

    static List<Arguments> wires() {
        LinkFaults clean = LinkFaults.delay(200_000);
        return List.of(
                Arguments.of("loss of 1 %", clean.withDrop(10_000)),
                Arguments.of("loss of 5 %", clean.withDrop(50_000)),
                Arguments.of("duplicates", clean.withDuplicate(50_000)),
                Arguments.of("corruption", clean.withCorrupt(20_000)),
                Arguments.of("reordering", clean.withReorder(50_000, 3 * MILLISECOND)),
                Arguments.of("jitter", clean.withJitter(2 * MILLISECOND)),
                Arguments.of(
                        "everything",
                        clean.withDrop(10_000)
                                .withDuplicate(10_000)
                                .withCorrupt(5_000)
                                .withReorder(20_000, 5 * MILLISECOND)
                                .withJitter(MILLISECOND)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wires")
    void bytesArriveExactlyOverABadWire(String name, LinkFaults faults) {
        for (long seed = 1; seed <= 3; seed++) {
            try (ConformanceRun run = run(NetworkConfig.simple(seed).withFaults(faults))) {
                run.connect(0, 1, TransferPlan.of(seed, 300_000), TransferPlan.of(-seed, 200_000));
                run.untilFinished();
                run.finish();
            }
        }
    }

    @Test
    void aWireThatDiesForAWhileIsSurvived() {
        try (ConformanceRun run = run(NetworkConfig.simple(12))) {
            TransferEnd[] ends =
                    run.connect(0, 1, TransferPlan.of(121, MEGABYTE), TransferPlan.of(122, 0));
            run.until("some came", () -> ends[1].received() > 100_000);
            run.network().setDrop(1_000_000);
            run.simulation().run(3_000 * MILLISECOND);
            run.network().setDrop(0);
            run.untilFinished();
            run.finish();
        }
    }

    @Test
    void equalSeedsGiveEqualRuns() {
        assertThat(trace(5)).isEqualTo(trace(5)).isNotEqualTo(trace(6));
    }

    private long trace(long seed) {
        LinkFaults faults = LinkFaults.delay(100_000).withDrop(20_000).withJitter(MILLISECOND);
        try (ConformanceRun run = run(NetworkConfig.simple(seed).withFaults(faults))) {
            run.connect(0, 1, TransferPlan.of(seed, 200_000), TransferPlan.of(-seed, 200_000));
            run.untilFinished();
            return run.simulation().traceHash();
        }
    }
}
