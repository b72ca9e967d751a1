// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel's TCP as the peer over a cable that loses, overtakes and doubles, and is long. */
@RequiresRoot
@Timeout(600)
class ReorderingTest {
    private static final long BYTES = 400_000;

    @ParameterizedTest(name = "{0}, IPv6 {1}")
    @CsvSource({"OFFLOADED, false", "HOST, false", "MOVING, true"})
    void everyByteArrivesOnceAndInOrder(String mode, boolean ipv6) throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(LinuxPeer.installed(), "python3 is not installed");
        assumeTrue(DelayLine.canBeBuilt(), "there is no C compiler");
        List<String> line =
                List.of(
                        "delay-us=1000",
                        "loss-ppm=5000",
                        "loss-back-ppm=5000",
                        "reorder-ppm=30000",
                        "late-us=2000",
                        "twice-ppm=10000",
                        "seed=7");
        try (Scene scene = Scene.overDelayLine(mode, ipv6, line)) {
            scene.bothWays(BYTES);
            scene.fromKernel("echo", "--bytes", "" + BYTES);
            scene.fromKernel("requests", "--count", "50");
            scene.fromKernel("short", "--count", "50");
            scene.assertClean();
            String did = scene.cable().stopLine();
            assertThat(did).doesNotContain("lost 0 ", "late 0 ", "doubled 0\n");
        }
    }
}
