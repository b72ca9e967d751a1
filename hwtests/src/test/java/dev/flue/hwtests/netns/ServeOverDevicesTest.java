// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.testkit.RequiresRoot;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One transfer with everything in it over each DPDK device that no other class is about. All that a
 * server must do over them: the classes below {@link ServeOverDevice}, in the profile linux-long.
 */
@RequiresRoot
class ServeOverDevicesTest extends ServeFixture {
    private ServeDevice device;

    @Override
    List<String> portOptions() {
        return device.options();
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PACKET_SOCKET_WITHOUT_OFFLOADS")
    void aFileFetchedThroughHandOversIsTheOneServedAndNothingStaysHeld(ServeDevice over)
            throws Exception {
        device = over;
        device.require();
        device.prepare(namespace, withPrefix(address.replaceFirst("2$", "1")));
        Path received = temp.resolve("received");
        try (FlueServer server = serve("--upload-every", "1", "--drivers", "verifier")) {
            Commands.run(curl("middle.bin", received));
            assertEqualFiles(received, "middle.bin");
            server.awaitHoldsNothing();
            assertThat(server.counter("chimney.connections_initiated")).isGreaterThan(10);
            assertOffloads(server.stat());
            assertThat(server.terminate()).isEqualTo(143);
            assertThat(server.printed())
                    .doesNotContain("breach")
                    .doesNotContain("Exception")
                    .doesNotContain("warning");
        }
    }

    private void assertOffloads(String stat) {
        assertThat(stat).contains("\"port\":\"dpdk:net_", "\"link\":\"up\"");
        switch (device) {
            case TAP_WITHOUT_OFFLOADS:
                assertThat(stat)
                        .contains(
                                "\"offloads_in_use\":[],\"offloads_offered\":[\"tx-ip-checksum\",");
                break;
            case XDP_SOCKET:
                assertThat(stat).contains("\"offloads_in_use\":[],\"offloads_offered\":[]");
                break;
            default:
                // Cutting and sums are the kernel's, as for what it sends itself.
                assertThat(stat)
                        .contains(
                                "\"offloads_in_use\":[\"tx-tcp-checksum\",\"tso\",\"multi-segment\",");
        }
    }
}
