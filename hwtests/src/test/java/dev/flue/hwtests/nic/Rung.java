// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.nic;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import dev.flue.hwtests.netns.Commands;
import dev.flue.hwtests.netns.FlueServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What tests on a NIC need, and the reason why they are skipped where it is missing. */
final class Rung {
    private Rung() {}

    /** Skips the test with a reason that is printed, unless the condition holds. */
    static void require(boolean condition, String reason) {
        if (!condition) {
            System.out.println("nic: skipped: " + reason);
        }
        assumeTrue(condition, reason);
    }

    /** What every test on a NIC needs. */
    static void requireCommon() {
        require("root".equals(System.getProperty("user.name")), "it takes root");
        require(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        require(Flue.dpdkAvailable(), "no DPDK: " + Flue.dpdkUnavailabilityCause());
        for (String program : List.of("ip", "curl", "ethtool", "python3", "tcpdump", "tshark")) {
            require(Commands.installed(program), program + " is not installed");
        }
    }

    /** A script of hwtests/guest. */
    static Path script(String name) {
        Path scripts = Path.of(System.getProperty("flue.root", ".."), "hwtests", "guest");
        return scripts.resolve(name).toAbsolutePath().normalize();
    }

    /** What an emulated machine needs; fetched where it is missing. */
    static void requireGuest() throws Exception {
        require(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        String problem = "";
        try {
            System.out.print(Commands.run(List.of("bash", script("prepare.sh").toString())));
        } catch (AssertionError e) {
            problem = e.getMessage();
        }
        require(problem.isEmpty(), problem);
    }
}
