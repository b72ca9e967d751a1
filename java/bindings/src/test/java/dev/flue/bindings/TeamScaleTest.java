// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.im.TeamDriver;
import dev.flue.offload.StatusIndication;
import dev.flue.testkit.Simulation;
import org.junit.jupiter.api.Test;

/** Very many connections behind a team, of which one member leaves. */
class TeamScaleTest {
    private static final int CONNECTIONS = 10_000;

    /** Ports of the peer: one has not enough ports of its own for all. */
    private static final int PORTS = 4;

    /** Connections of one next hop that the host takes back, or offloads, in one turn: a tree. */
    private static final int TREE = 64;

    private static final long PASS_NANOS = 100_000;

    private long now;

    /** One that says nothing. */
    private static final class Silent implements ConnectionHandler {
        private final int[] connected;

        Silent(int[] connected) {
            this.connected = connected;
        }

        @Override
        public void onConnected(OffloadConnection connection) {
            connected[0]++;
        }

        @Override
        public void onClosed(OffloadConnection connection, String cause) {
            connected[1]++;
        }
    }

    @Test
    void tenThousandConnectionsMoveInABoundedNumberOfPassesAndOtherTrafficGoesOn() {
        TeamDriver.Settings settings = TeamDriver.Settings.of(CONNECTIONS + 64);
        TeamNetwork network = new TeamNetwork(2, 7, CONNECTIONS + 64, settings, false);
        int[] connected = new int[2];
        for (int i = 1; i <= PORTS; i++) {
            network.peer.listen(TeamNetwork.PORT + i, 1024, () -> new Silent(connected));
        }
        PatternEnd server = new PatternEnd(Long.MAX_VALUE, 1, 2);
        PatternEnd client = new PatternEnd(Long.MAX_VALUE, 2, 1);
        network.peer.listen(TeamNetwork.PORT, 16, () -> server);
        Simulation simulation = new Simulation(1_000_000);
        simulation.wire(network.wire::nextEvent, network.wire::traceHash);
        simulation.add("host", network.host::doWork, network.host::nextDeadline);
        simulation.add("peer", network.peer::doWork, network.peer::nextDeadline);
        simulation.note(() -> network.team.held() + ", " + connected[0]);
        for (int from = 0; from < CONNECTIONS; ) {
            for (int i = 0; i < 500; i++, from++) {
                int port = TeamNetwork.PORT + 1 + from % PORTS;
                network.host.connect(network.address(1), port, new Silent(connected));
            }
            int all = 2 * from;
            simulation.until("connected", () -> connected[0] == all);
        }
        simulation.until("offloaded", () -> network.host.offloadedCount() == CONNECTIONS);
        network.host.connect(network.address(1), TeamNetwork.PORT, client);
        simulation.run(20_000_000);
        int leaving = network.at(1);
        assertThat(leaving).isBetween(CONNECTIONS / 3, 2 * CONNECTIONS / 3);

        now = simulation.now();
        network.status(1, StatusIndication.OFFLOAD_PAUSE);
        moves(network, 0, leaving, client, server);
        network.status(1, StatusIndication.OFFLOAD_RESUME);
        network.status(0, StatusIndication.OFFLOAD_PAUSE);
        moves(network, 1, CONNECTIONS + 1, client, server);
        assertThat(connected[1]).as("closed").isZero();
        client.done();
        server.done();
        network.close();
    }

    /** All get to one member within the bound that docs/drivers.md states. */
    private void moves(
            TeamNetwork network, int to, int moving, PatternEnd client, PatternEnd server) {
        long passes = 0;
        long silence = 0;
        long longest = 0;
        while (network.at(to) < CONNECTIONS + 1) {
            long before = client.received + server.received;
            now += PASS_NANOS;
            network.host.doWork(now);
            network.peer.doWork(now);
            passes++;
            silence = client.received + server.received > before ? 0 : silence + 1;
            longest = Math.max(longest, silence);
            assertThat(passes).as("passes").isLessThanOrEqualTo(4L * moving / TREE + 64);
        }
        System.out.printf(
                "team: %d of %d connections moved in %d passes; longest silence of a stream: %d%n",
                moving, CONNECTIONS, passes, longest);
        assertThat(longest).as("passes in which a stream that goes on got nothing").isLessThan(32);
    }
}
