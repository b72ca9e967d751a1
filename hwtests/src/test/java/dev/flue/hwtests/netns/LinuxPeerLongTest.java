// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The kernel's TCP as the peer at length. Only in the profile linux-long. System properties: {@code
 * flue.long.mib} each way, {@code flue.long.connections}.
 */
@RequiresRoot
@Tag("linux-long")
class LinuxPeerLongTest {
    private static final long BYTES = Long.getLong("flue.long.mib", 1024) << 20;
    private static final int CONNECTIONS = Integer.getInteger("flue.long.connections", 10_000);

    @BeforeAll
    static void needs() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(LinuxPeer.installed(), "python3 is not installed");
        assumeTrue(Commands.installed("nft"), "nft is not installed");
        Commands.patience(TimeUnit.HOURS.toSeconds(1));
    }

    /** Over a cable that loses one of fifty segments in both directions. */
    @ParameterizedTest(name = "{0}, IPv6 {1}")
    @CsvSource({"OFFLOADED, false", "MOVING, true", "HOST, false"})
    void aGibibyteEachWayIsEqualThroughLoss(String mode, boolean ipv6) throws Exception {
        try (Scene scene = Scene.overBridge(mode, ipv6)) {
            scene.cable().lose(20, scene.temp());
            say(mode + " through loss, to Flue", scene.fromKernel("sink", "--bytes", "" + BYTES));
            say(mode + " through loss, of Flue", scene.fromKernel("source", "--bytes", "" + BYTES));
            assertThat(scene.cable().lost()).isGreaterThan(BYTES / 1448 / 100);
            scene.cable().mend();
            scene.assertClean();
        }
    }

    @ParameterizedTest(name = "{0}, IPv6 {1}")
    @CsvSource({"OFFLOADED, false", "OFFLOADED, true"})
    void withoutLossTsharkFindsNoFaultInAGibibyteEachWay(String mode, boolean ipv6)
            throws Exception {
        assumeTrue(Capture.unavailabilityCause().isEmpty(), Capture.unavailabilityCause());
        try (Scene scene = Scene.overBridge(mode, ipv6)) {
            String bytes = Long.toString(BYTES);
            long packets =
                    scene.assertWithoutFaults(
                            () -> {
                                say(mode + " to Flue", scene.fromKernel("sink", "--bytes", bytes));
                                say(
                                        mode + " of Flue",
                                        scene.fromKernel("source", "--bytes", bytes));
                            });
            say(mode, "of " + packets + " packets tshark selects none");
            assertThat(packets).isGreaterThan(2 * BYTES / 1448);
            scene.assertClean();
        }
    }

    /** Half of them opened by the kernel, half by Flue; a moving one moves every 500 bytes. */
    @ParameterizedTest(name = "{0}, IPv6 {1}")
    @CsvSource({"OFFLOADED, false", "OFFLOADED, true", "HOST, false", "MOVING move=500, true"})
    void tenThousandConnectionsAreOpenedUsedAndClosed(String mode, boolean ipv6) throws Exception {
        try (Scene scene = Scene.overBridge(mode, ipv6)) {
            String half = Integer.toString(CONNECTIONS / 2);
            say(mode + " short", scene.fromKernel("short", "--count", half, "--parallel", "32"));
            scene.services();
            say(mode + " short of Flue", scene.fromFlue("short", half + " 32"));
            scene.assertClean();
        }
    }

    private static void say(String what, String text) {
        System.out.println(what + ": " + text.strip());
    }
}
