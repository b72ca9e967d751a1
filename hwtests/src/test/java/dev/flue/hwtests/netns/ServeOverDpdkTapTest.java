// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;

/** Over DPDK's net_tap: received mbufs lent up, sent buffers attached to mbufs. */
@RequiresRoot
class ServeOverDpdkTapTest extends ServeScenarios {
    @BeforeAll
    static void needsDpdk() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(Flue.dpdkAvailable(), Flue.dpdkUnavailabilityCause());
    }

    @Override
    List<String> portOptions() {
        return List.of("--port", "net_tap0,iface=flue0");
    }
}
