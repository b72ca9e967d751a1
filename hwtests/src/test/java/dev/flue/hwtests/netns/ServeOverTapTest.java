// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;

/** Over a TAP interface. */
@RequiresRoot
class ServeOverTapTest extends ServeScenarios {
    @BeforeAll
    static void needsTun() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
    }

    @Override
    List<String> portOptions() {
        return List.of("--tap", "flue0");
    }
}
