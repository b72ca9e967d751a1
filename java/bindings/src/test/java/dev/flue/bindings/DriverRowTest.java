// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.im.ShaperDriver;
import dev.flue.im.TeamDriver;
import dev.flue.testkit.DriverRow;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import dev.flue.testkit.conformance.TransferEnd;
import dev.flue.testkit.conformance.TransferPlan;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Four drivers in a row, in every order, between a host stack and its engines, in virtual time.
 * What comes over IPv4 comes in posted receives, over IPv6 it is indicated.
 */
@RequiresFlue
@ParameterizedClass(name = "IPv{0}")
@ValueSource(ints = {4, 6})
class DriverRowTest {
    private static final long BYTES = 400_000;
    private static final int CONNECTIONS = 2;
    private static final int MOVES = 5;
    private static final int BUFFER = 32_768;
    private static final int MTU = 1500;
    private static final int DROP_PPM = 5_000;
    private static final int POSTS = 2;

    @Parameter int ipVersion;

    private DriverRowNetwork network;

    static List<List<DriverRow.Kind>> rows() {
        return DriverRow.ofLength(4);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void everyByteArrivesWhileConnectionsMoveUpAndDownAndAMemberOfTheTeamFails(
            List<DriverRow.Kind> row) {
        run(row);
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        List<DriverRow.Kind> row = rows().get(0);
        assertThat(run(row)).isEqualTo(run(row));
    }

    /** Two connections, one of them with the burst API; the trace of what happened. */
    private long run(List<DriverRow.Kind> row) {
        long seed = 1L + rows().indexOf(row);
        int posts = ipVersion == 4 ? POSTS : 0;
        NetworkConfig config =
                NetworkConfig.simple(seed).withBuffers(BUFFER, BUFFER).withIpVersion(ipVersion);
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
        int[] parts = new int[CONNECTIONS];
        int held = 0;
        for (int move = 0; move < CONNECTIONS * MOVES; move++) {
            run.until("a part of one came", () -> next(connections, parts) >= 0);
            held = Math.max(held, held());
            int which = next(connections, parts);
            parts[which]++;
            moveUpAndDown(run, connections.get(which));
        }
        run.untilFinished();
        return held;
    }

    /** A connection of which both ends have the next part, or -1. */
    private static int next(List<TransferEnd[]> connections, int[] parts) {
        for (int i = 0; i < parts.length; i++) {
            long bytes = (parts[i] + 1) * BYTES / (MOVES + 2);
            TransferEnd[] ends = connections.get(i);
            if (parts[i] < MOVES && ends[0].received() > bytes && ends[1].received() > bytes) {
                return i;
            }
        }
        return -1;
    }

    private static void moveUpAndDown(ConformanceRun run, TransferEnd[] ends) {
        for (boolean down : new boolean[] {false, true}) {
            for (TransferEnd each : ends) {
                if (down) {
                    each.connection().offload();
                } else {
                    each.connection().upload();
                }
            }
            run.until(
                    down ? "both ends are offloaded" : "both ends are back",
                    () ->
                            ends[0].connection().offloaded() == down
                                    && ends[1].connection().offloaded() == down);
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
