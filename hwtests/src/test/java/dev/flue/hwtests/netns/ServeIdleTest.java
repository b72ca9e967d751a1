// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Engines on threads of their own that sleep, are tied to a processor, or spin. */
@RequiresRoot
class ServeIdleTest extends ServeFixture {
    private List<String> port = List.of("--tap", "flue0");

    @Override
    List<String> portOptions() {
        return port;
    }

    @Test
    void aPinnedEngineThatSleepsIsWokenByFramesAndBySubmissions() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
        boolean first = address.contains(".");
        port = first ? port : List.of("--port", "net_tap0,iface=flue0");
        Path received = temp.resolve("received");
        try (FlueServer server = serve("--idle", "interrupt", "--cpu", "0")) {
            Commands.run(curl("middle.bin", received));
            assertEqualFiles(received, "middle.bin");
            server.awaitHoldsNothing();
            if (!first) {
                assertThat(server.stat(true)).contains("\"xstats.tx_good_packets\":");
            }
            assertThat(server.stat()).doesNotContain("xstats");
            assertThat(server.terminate()).isEqualTo(143);
            assertThat(server.printed()).doesNotContain("warning").doesNotContain("Exception");
        }
    }

    @Test
    void aDeviceThatCannotInterruptIsNamedInAWarningAndServedAllTheSame() throws Exception {
        assumeTrue(address.contains("."), "once is enough");
        ServeDevice.PACKET_SOCKET.require();
        ServeDevice.PACKET_SOCKET.prepare(namespace, withPrefix(address.replaceFirst("2$", "1")));
        port = ServeDevice.PACKET_SOCKET.options();
        Path received = temp.resolve("received");
        try (FlueServer server = serve("--preset", "latency", "--idle", "interrupt")) {
            Commands.run(curl("small.bin", received));
            assertEqualFiles(received, "small.bin");
            server.awaitHoldsNothing();
            assertThat(server.terminate()).isEqualTo(143);
            assertThat(server.printed())
                    .contains("--idle interrupt: the device of this port cannot interrupt");
        }
    }
}
