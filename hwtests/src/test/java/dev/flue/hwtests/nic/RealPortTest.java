// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.nic;

import dev.flue.hwtests.netns.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same on a port of this machine, cabled to an interface of the kernel's, both named. */
@Tag("linux-nic")
@Timeout(600)
class RealPortTest {
    @TempDir Path temp;

    @BeforeAll
    static void requirements() {
        Rung.require(!named("PORT").isEmpty(), "FLUE_HWTEST_PORT names no port");
        Rung.require(
                !named("PEER").isEmpty(),
                "FLUE_HWTEST_PEER names no interface that is cabled to " + named("PORT"));
        Rung.require(
                Files.exists(Path.of("/sys/class/net", named("PEER"))),
                "FLUE_HWTEST_PEER: there is no interface " + named("PEER"));
        Rung.requireCommon();
    }

    private static String named(String what) {
        return System.getenv().getOrDefault("FLUE_HWTEST_" + what, "");
    }

    @Test
    void theCommandServesAndFetchesOverThePort() throws Exception {
        String options = "--port '" + named("PORT") + "'";
        if (!named("DPDK_ARGS").isEmpty()) {
            options += " --dpdk-args '" + named("DPDK_ARGS") + "'";
        }
        Commands.patience(200);
        try (Peer peer = Peer.at(named("PEER"));
                Shell shell = Shell.here(temp)) {
            new PortScenario(named("PORT"), shell, peer, options, temp).run();
        }
    }
}
