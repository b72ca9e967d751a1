// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.host.tcp.RssHash;
import dev.flue.im.TeamDriver;
import dev.flue.testkit.Simulation;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongToIntFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two engines as on the queues of one device: connections on both, and one of them is moved from
 * one to the other in the middle of its transfer, again and again.
 */
@RequiresFlue
class QueueMovesTest {
    private static final int CONNECTIONS = 2;
    private static final long MEAN_NANOS = 300_000;

    /** Moves one connection, some time after it got to where it was moved before. */
    private static final class Mover {
        private final TeamNetwork network;
        private final PatternEnd moving;
        private final PatternEnd staying;
        private final SplittableRandom random = new SplittableRandom(7);
        private final int most;
        private int moves = -1;
        private long before;
        private long next = Long.MAX_VALUE;

        Mover(TeamNetwork network, PatternEnd moving, PatternEnd staying, int most) {
            this.network = network;
            this.moving = moving;
            this.staying = staying;
            this.most = most;
        }

        boolean done() {
            return moves == most && arrived();
        }

        private boolean arrived() {
            return offloaded(moving)
                    && offloaded(staying)
                    && network.team.moved() == before + moves
                    && network.at(network.team.homeOf(hash(network, moving))) > 0;
        }

        private static boolean offloaded(PatternEnd end) {
            return end.connection != null && end.connection.offloaded();
        }

        int turn(long now) {
            if (moves < 0) {
                return begin();
            }
            if (moves == most || !arrived()) {
                return 0;
            }
            if (next == Long.MAX_VALUE) {
                next = now + random.nextLong(2 * MEAN_NANOS);
            }
            if (now < next) {
                return 0;
            }
            next = Long.MAX_VALUE;
            move(moving, 1 - network.team.homeOf(hash(network, moving)));
            moves++;
            return 1;
        }

        /** At first there is one at each engine, whatever their hashes are. */
        private int begin() {
            if (!offloaded(moving) || !offloaded(staying)) {
                return 0;
            }
            int home = network.team.homeOf(hash(network, staying));
            if (network.at(home) == 2) {
                move(moving, 1 - home);
                return 1;
            }
            before = network.team.moved();
            moves = 0;
            return 1;
        }

        private void move(PatternEnd end, int member) {
            network.team.assign(hash(network, end) & TeamDriver.BUCKETS - 1, member);
        }

        long nextDeadline() {
            return arrived() ? next : Long.MAX_VALUE;
        }
    }

    private static int hash(TeamNetwork network, PatternEnd client) {
        IpAddress peer = network.address(1);
        return RssHash.tcp(
                peer,
                network.address(0),
                client.connection.remotePort(),
                client.connection.localPort());
    }

    /** When the host's process gets no processor: for 2 ms at most, of 12 ms on the average. */
    private static final class Stalls {
        private static final int MOST_NANOS = 2_000_000;
        private static final int MOST_BETWEEN = 10 * MOST_NANOS;

        private final SplittableRandom random = new SplittableRandom(11);
        private long begin;
        private long end;
        private boolean standing;

        boolean stands(long now) {
            if (now >= end) {
                begin = now + random.nextLong(MOST_BETWEEN);
                end = begin + random.nextLong(MOST_NANOS);
            }
            standing = now >= begin && now < end;
            return standing;
        }

        long notBefore(long deadline) {
            return standing ? Math.max(deadline, end) : deadline;
        }
    }

    private final List<PatternEnd> clients = new ArrayList<>();
    private final List<PatternEnd> ends = new ArrayList<>();

    @ParameterizedTest(name = "IPv6 {0}")
    @ValueSource(booleans = {false, true})
    void aThousandMovesInMidTransferCostNoByteAndNothingIsSentAgain(boolean six) {
        TeamNetwork network = new TeamNetwork(2, six ? 6 : 4, 64, TeamDriver.Settings.of(64), six);
        Simulation simulation = new Simulation(1_000_000);
        simulation.wire(network.wire::nextEvent, network.wire::traceHash);
        simulation.add("host", network.host::doWork, network.host::nextDeadline);
        run(simulation, network, 1000);
    }

    /**
     * While the host stands still, more comes than a turn looks at. None of it stays behind in a
     * ring between the engines, or comes after what is newer by its way through the host.
     */
    @ParameterizedTest(name = "IPv6 {0}")
    @ValueSource(booleans = {false, true})
    void whatWaitsWhileTheHostStandsStillIsNotOvertakenByWhatComesAfterAMove(boolean six) {
        TeamNetwork network =
                new TeamNetwork(2, six ? 6 : 4, 64, TeamDriver.Settings.of(64), 262_144, six);
        Simulation simulation = new Simulation(1_000_000);
        Stalls stalls = new Stalls();
        simulation.wire(() -> stalls.notBefore(network.wire.nextEvent()), network.wire::traceHash);
        simulation.add(
                "host",
                now -> stalls.stands(now) ? 0 : network.host.doWork(now),
                () -> stalls.notBefore(network.host.nextDeadline()));
        run(simulation, network, 200);
    }

    /** With the wire and the host in it already. */
    private void run(Simulation simulation, TeamNetwork network, int moves) {
        network.joinQueues();
        simulation.add("peer", network.peer::doWork, network.peer::nextDeadline);
        for (int i = 0; i < CONNECTIONS; i++) {
            PatternEnd server = new PatternEnd(Long.MAX_VALUE, i + 1, i);
            PatternEnd client = new PatternEnd(Long.MAX_VALUE, i, i + 1);
            network.peer.listen(TeamNetwork.PORT + i, 16, () -> server);
            network.host.connect(network.address(1), TeamNetwork.PORT + i, client);
            clients.add(client);
            ends.addAll(List.of(client, server));
        }
        Mover mover = new Mover(network, clients.get(0), clients.get(1), moves);
        simulation.add("mover", (LongToIntFunction) mover::turn, mover::nextDeadline);
        simulation.note(() -> mover.moves + " moves, " + network.team.held());
        simulation.until("it was moved so often", mover::done);
        ends.forEach(PatternEnd::stop);
        simulation.until("all bytes are there", () -> ends.stream().allMatch(PatternEnd::done));
        judge(network, simulation.now(), moves);
        simulation.until(
                "no connections",
                () -> network.host.connectionCount() + network.peer.connectionCount() == 0);
        simulation.run(100_000_000);
        network.assertNothingHeld();
        network.close();
    }

    private void judge(TeamNetwork network, long nanos, int moves) {
        long passed = sum(network, "group.segments_passed");
        long again =
                sum(network, "tcp.retransmits")
                        + network.counter(2, "tcp.retransmits")
                        + network.host.counters().tcp.retransmits
                        + network.peer.counters().tcp.retransmits;
        System.out.printf(
                "queues: %d moves in %d us, %d and %d bytes, %d segments passed on, %d through the"
                        + " host, %d sent again%n",
                network.team.moved(),
                nanos / 1000,
                clients.get(0).sent + clients.get(0).received,
                clients.get(1).sent + clients.get(1).received,
                passed,
                network.host.counters().chimney.segmentsForwarded,
                again);
        assertThat(network.team.moved()).isGreaterThanOrEqualTo(moves);
        assertThat(passed).as("segments that came to the other queue").isGreaterThan(moves);
        assertThat(sum(network, "group.segments_taken")).isEqualTo(passed);
        assertThat(sum(network, "group.segments_lost")).isZero();
        for (int engine = 0; engine < 2; engine++) {
            assertThat(network.counter(engine, "group.segments_taken")).isGreaterThan(moves / 4);
            assertThat(network.counter(engine, "chimney.connections_initiated"))
                    .isGreaterThanOrEqualTo(moves / 2);
        }
        assertThat(network.wire.count(WireCounter.DROPPED)).as("lost").isZero();
        assertThat(again).as("sent again").isZero();
        assertThat(sum(network, "tcp.in_out_of_order") + network.counter(2, "tcp.in_out_of_order"))
                .as("overtaken")
                .isZero();
    }

    private static long sum(TeamNetwork network, String counter) {
        return network.counter(0, counter) + network.counter(1, counter);
    }
}
