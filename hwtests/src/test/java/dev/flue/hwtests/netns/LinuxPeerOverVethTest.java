// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import dev.flue.testkit.RequiresRoot;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel's TCP as the peer over a veth, which DPDK's net_af_packet takes frames from. */
@RequiresRoot
@Timeout(600)
class LinuxPeerOverVethTest {
    private static final int BULK = 3 << 20;

    @ParameterizedTest(name = "{0}, IPv6 {1}")
    @CsvSource({"OFFLOADED, true", "MOVING, false"})
    void bulkMessagesAndShortConnectionsWithoutAFault(String mode, boolean ipv6) throws Exception {
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(LinuxPeer.installed(), "python3 is not installed");
        assumeTrue(Commands.installed("ethtool"), "ethtool is not installed");
        assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
        assumeTrue(Capture.unavailabilityCause().isEmpty(), Capture.unavailabilityCause());
        try (Scene scene = Scene.overVeth(mode, ipv6)) {
            long packets =
                    scene.assertWithoutFaults(
                            () -> {
                                scene.bothWays(BULK);
                                scene.fromKernel("requests", "--count", "200");
                                scene.fromKernel("short", "--count", "100");
                                scene.fromFlue("short", "100 16");
                            });
            assertThat(packets).isGreaterThan(4 * BULK / 1448);
            scene.assertClean();
        }
    }
}
