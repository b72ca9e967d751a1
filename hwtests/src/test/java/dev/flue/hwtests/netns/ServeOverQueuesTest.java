// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Over a DPDK device of two queue pairs, an engine on each, while connections come and go. */
@RequiresRoot
class ServeOverQueuesTest extends ServeFixture {
    private static final int CLIENTS = 8;

    @BeforeAll
    static void needsDpdk() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
    }

    @Override
    List<String> portOptions() {
        return List.of(
                "--port", "net_tap0,iface=flue0", "--queues", "2", "--drivers", "verifier,team");
    }

    @Test
    void connectionsOfBothEnginesGetEveryByte() throws Exception {
        try (FlueServer server = serve("--upload-every", "1")) {
            List<Process> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                List<String> command = curl("middle.bin", temp.resolve("received" + i));
                clients.add(Commands.start(command, temp.resolve("curl" + i)));
            }
            for (int i = 0; i < CLIENTS; i++) {
                assertThat(clients.get(i).waitFor()).as("curl").isZero();
                assertEqualFiles(temp.resolve("received" + i), "middle.bin");
            }
            server.awaitHoldsNothing();
            assertThat(server.counter("chimney.connections_initiated")).isGreaterThan(CLIENTS);
            assertThat(server.counter("group.segments_lost")).isZero();
            assertThat(server.counter("group.segments_taken"))
                    .isEqualTo(server.counter("group.segments_passed"));
            assertThat(server.terminate()).isEqualTo(143);
            assertThat(server.printed()).doesNotContain("breach").doesNotContain("Exception");
        }
    }
}
