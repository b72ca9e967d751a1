// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.Allocations;
import dev.flue.testkit.conformance.NetworkConfig;
import org.junit.jupiter.api.Test;

/** Application to application over two engines: nothing is allocated per send, receive or turn. */
@RequiresFlue
class DataPathAllocationTest {
    private static final int PORT = 7000;
    private static final int BYTES = 4096;
    private static final int TURNS = 20_000;

    private long now;

    @Test
    void sendReceiveAndTurnAllocateNothing() {
        try (NativeNetwork network = new NativeNetwork(NetworkConfig.simple(1))) {
            Streamer client = new Streamer(BYTES);
            Streamer server = new Streamer(BYTES);
            network.stack(1).listen(PORT, 4, () -> server);
            network.stack(0).connect(NetworkConfig.simple(1).address(1), PORT, client);
            turns(network, client, server);
            assertThat(client.offloaded()).isTrue();
            assertThat(server.offloaded()).isTrue();
            long least = Allocations.leastOf(() -> turns(network, client, server));
            assertThat(client.received).isGreaterThan(10_000_000);
            assertThat(server.received).isGreaterThan(10_000_000);
            assertThat(least).as("bytes in %d turns", TURNS).isZero();
            network.stack(0).close();
            network.stack(1).close();
        }
    }

    private void turns(NativeNetwork network, Streamer a, Streamer b) {
        for (int turn = 0; turn < TURNS; turn++) {
            now += 10_000;
            a.send();
            b.send();
            network.stack(0).doWork(now);
            network.stack(1).doWork(now);
        }
    }
}
