// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.Allocations;
import dev.flue.testkit.DriverRow;
import dev.flue.testkit.conformance.NetworkConfig;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sends and receives pass four drivers in a row, in every order, without an allocation: from
 * application to application, through a shaper that holds some, with verifiers at both ends.
 */
@RequiresFlue
class DriverRowAllocationTest {
    private static final int PORT = 80;
    private static final int BYTES = 500;
    private static final int TURNS = 500;
    private static final int POSTS = 2;
    private static final long TURN_NANOS = 20_000;

    private final Streamer client = new Streamer(BYTES);
    private final Streamer server = new Streamer(BYTES);
    private long now;

    static List<List<DriverRow.Kind>> rows() {
        return DriverRow.ofLength(4);
    }

    /** Rows with an even number keep receives posted, the others are indicated to. */
    @ParameterizedTest
    @MethodSource("rows")
    void aSendAndAReceiveAllocateNothing(List<DriverRow.Kind> row) {
        NetworkConfig config = NetworkConfig.simple(1);
        int posts = rows().indexOf(row) % 2 == 0 ? POSTS : 0;
        try (DriverRowNetwork network = new DriverRowNetwork(config, row, posts)) {
            network.stack(1).listen(PORT, 4, () -> server);
            network.stack(0).connect(config.address(1), PORT, client);
            turns(network);
            assertThat(client.offloaded() && server.offloaded()).isTrue();
            long before = client.received;
            long least = Allocations.leastOf(() -> turns(network));
            assertThat(least).as("bytes in %d turns", TURNS).isZero();
            assertThat(client.received - before).isGreaterThan(50_000);
            assertThat(server.received).isGreaterThan(50_000);
            network.stack(0).close();
            network.stack(1).close();
        }
    }

    private void turns(DriverRowNetwork network) {
        for (int turn = 0; turn < TURNS; turn++) {
            now += TURN_NANOS;
            client.send();
            server.send();
            network.stack(0).doWork(now);
            network.stack(1).doWork(now);
        }
    }
}
