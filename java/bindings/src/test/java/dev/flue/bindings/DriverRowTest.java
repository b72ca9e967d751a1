// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.ShaperDriver;
import dev.flue.im.TeamDriver;
import dev.flue.testkit.DriverRow;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.Simulation;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferEnd;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Four drivers in a row, in every order, between a host stack and its engines, in virtual time.
 * What comes over IPv4 comes in posted receives, over IPv6 it is indicated.
 */
@RequiresFlue
class DriverRowTest {
    private static final int DRIVERS = 4;
    private static final long BYTES = 400_000;
    private static final int CONNECTIONS = 2;
    private static final int MOVES = 5;
    private static final int POSTS = 2;
    private static final int BUFFER = 32_768;
    private static final int MTU = 1500;

    /** Long beside what a move takes: there is a lot left to transfer afterwards. */
    private static final long DELAY_NANOS = 1_000_000;

    private static final int DROP_PPM = 5_000;

    private DriverRowNetwork network;

    /** Every row over one version of IP, every other one over the same. */
    static Stream<Arguments> rows() {
        return rows(0);
    }

    /** The rows that {@link #rows} has over one version, over the other. */
    static Stream<Arguments> otherRows() {
        return rows(1);
    }

    private static Stream<Arguments> rows(int other) {
        List<List<DriverRow.Kind>> all = DriverRow.ofLength(DRIVERS);
        return IntStream.range(0, all.size())
                .mapToObj(i -> Arguments.of((i + other) % 2 == 0 ? 4 : 6, all.get(i)));
    }

    @ParameterizedTest(name = "IPv{0} {1}")
    @MethodSource("rows")
    void everyByteArrivesWhileConnectionsMoveAndAMemberOfTheTeamFails(
            int ipVersion, List<DriverRow.Kind> row) {
        run(ipVersion, row);
    }

    @Tag("long")
    @ParameterizedTest(name = "IPv{0} {1}")
    @MethodSource("otherRows")
    void everyByteArrivesOverTheOtherVersionToo(int ipVersion, List<DriverRow.Kind> row) {
        run(ipVersion, row);
    }

    @ParameterizedTest(name = "IPv{0}")
    @ValueSource(ints = {4, 6})
    void theSameSeedGivesTheSameRun(int ipVersion) {
        List<DriverRow.Kind> row = DriverRow.ofLength(DRIVERS).get(0);
        assertThat(run(ipVersion, row)).isEqualTo(run(ipVersion, row));
    }

    /** Two connections, one of them with the burst API; the trace of what happened. */
    private long run(int ipVersion, List<DriverRow.Kind> row) {
        long seed = 1L + DriverRow.ofLength(DRIVERS).indexOf(row);
        int posts = ipVersion == 4 ? POSTS : 0;
        NetworkConfig config =
                NetworkConfig.simple(seed)
                        .withFaults(LinkFaults.delay(DELAY_NANOS))
                        .withBuffers(BUFFER, BUFFER)
                        .withIpVersion(ipVersion);
        try (ConformanceRun run =
                new ConformanceRun(
                        each -> network = new DriverRowNetwork(each, row, posts), config)) {
            List<TransferEnd[]> connections = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                connections.add(
                        run.connect(
                                DriverRowNetwork.HOST, 1, plan(2 * seed + i), plan(-2 * seed - i)));
            }
            int held = transfer(run, connections);
            assertThat(held > 0)
                    .as("lists were held")
                    .isEqualTo(row.contains(DriverRow.Kind.SHAPER));
            long inPosted = network.stack(DriverRowNetwork.HOST).counters().chimney.bytesInPosted;
            assertThat(inPosted > 0).as("bytes came in posted receives").isEqualTo(posts > 0);
            assertThat(run.ends())
                    .as("moves")
                    .allSatisfy(each -> assertThat(each.offloadChanges()).isGreaterThan(2 * MOVES));
            long trace = run.simulation().traceHash();
            run.finish();
            return trace;
        }
    }

    /** Sends of one byte to several segments. */
    private static TransferPlan plan(long seed) {
        return TransferPlan.of(seed, BYTES).chunks(6 * MTU);
    }

    /** All data; a connection moves each time a part of it came. The most lists held then. */
    private int transfer(ConformanceRun run, List<TransferEnd[]> connections) {
        run.until("all are offloaded", () -> offloaded() == 2 * CONNECTIONS);
        network.setDrop(DROP_PPM);
        if (network.team() != null) {
            failOver(run, network.team());
        }
        int[] held = new int[1];
        for (TransferEnd[] each : connections) {
            Mover mover = new Mover(each, () -> held[0] = Math.max(held[0], held()));
            run.simulation().add("mover", mover);
        }
        run.untilFinished();
        return held[0];
    }

    /** Takes both ends back whenever one more part of the data came, and offloads them again. */
    private static final class Mover implements Simulation.Actor {
        private final TransferEnd[] ends;
        private final Runnable before;
        private boolean up;
        private int moves;

        Mover(TransferEnd[] ends, Runnable before) {
            this.ends = ends;
            this.before = before;
        }

        @Override
        public int doWork(long now) {
            long part = (moves + 1) * BYTES / (MOVES + 2);
            if (up && all(each -> !each.connection().offloaded())) {
                up = false;
                Stream.of(ends).forEach(each -> each.connection().offload());
                return 1;
            }
            boolean due = !up && moves < MOVES && all(each -> each.received() > part);
            if (due && all(each -> each.connection().offloaded() || each.finished())) {
                before.run();
                up = true;
                moves++;
                Stream.of(ends).forEach(each -> each.connection().upload());
                return 1;
            }
            return 0;
        }

        private boolean all(Predicate<TransferEnd> condition) {
            return Stream.of(ends).allMatch(condition);
        }

        @Override
        public long nextDeadline() {
            return Long.MAX_VALUE;
        }
    }

    /** A member with a connection loses its link; what it had moves, and later back. */
    private void failOver(ConformanceRun run, TeamDriver team) {
        int member = team.connectionsAt(0) > 0 ? 0 : 1;
        int there = team.connectionsAt(member);
        long moved = team.moved();
        network.link(member, false);
        run.until("they are at the other one", () -> team.connectionsAt(1 - member) == CONNECTIONS);
        network.link(member, true);
        run.until("they are at home again", () -> team.connectionsAt(member) == there);
        assertThat(team.moved()).isEqualTo(moved + 2L * there);
    }

    private int held() {
        return network.row.of(ShaperDriver.class).stream().mapToInt(ShaperDriver::heldLists).sum();
    }

    private int offloaded() {
        return network.stack(0).offloadedCount() + network.stack(1).offloadedCount();
    }
}
