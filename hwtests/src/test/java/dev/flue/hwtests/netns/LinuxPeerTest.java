// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The kernel's TCP as the peer of the engine, of the host stack, and of connections that move
 * between the two, over TAP, a bridge and a veth, with either version of IP.
 */
@RequiresRoot
@Timeout(600)
@ParameterizedClass(name = "{0}, IPv6 {1}")
@CsvSource({
    "OFFLOADED, false",
    "OFFLOADED, true",
    "HOST, true",
    "MOVING, false",
})
class LinuxPeerTest {
    private static final int BULK = 3 << 20;
    private static final int LITTLE = 200_000;

    private static Scene scene;

    @Parameter(0)
    String mode;

    @Parameter(1)
    boolean ipv6;

    @BeforeParameterizedClassInvocation
    static void setUp(String mode, boolean ipv6) throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(LinuxPeer.installed(), "python3 is not installed");
        for (String program : List.of("ip", "ss", "nft")) {
            assumeTrue(Commands.installed(program), program + " is not installed");
        }
        scene = Scene.overBridge(mode, ipv6);
    }

    @AfterParameterizedClassInvocation
    static void tearDown() throws IOException {
        if (scene != null) {
            scene.close();
            scene = null;
        }
    }

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        if (scene != null) {
            scene.assertClean();
        }
    }

    @Test
    void renoAndCubicOfThePeerBothCarryBulkBothWays() throws Exception {
        for (String algorithm : List.of("reno", "cubic")) {
            scene.bothWays(BULK, "--cc", algorithm);
            scene.fromKernel("echo", "--cc", algorithm, "--bytes", "" + BULK);
        }
    }

    @Test
    void congestionControlOfARouteCarriesBulkBothWays() throws Exception {
        scene.cable().route("congctl reno");
        scene.bothWays(LITTLE);
        scene.cable().route("");
    }

    @Test
    void aPeerWithoutSackTimestampsOrScalingIsUnderstood() throws Exception {
        for (String option : List.of("sack", "timestamps", "window_scaling")) {
            try {
                scene.cable().far().sysctl("net.ipv4.tcp_" + option, "0");
                scene.bothWays(LITTLE);
            } finally {
                scene.cable().far().sysctl("net.ipv4.tcp_" + option, "1");
            }
        }
    }

    @Test
    void aPeerWithNoOptionsAtAllGetsItsBytesThroughLoss() throws Exception {
        List<String> options = List.of("sack", "timestamps", "window_scaling");
        try {
            for (String option : options) {
                scene.cable().far().sysctl("net.ipv4.tcp_" + option, "0");
            }
            scene.cable().lose(10, scene.temp());
            scene.bothWays(LITTLE);
        } finally {
            scene.cable().mend();
            for (String option : options) {
                scene.cable().far().sysctl("net.ipv4.tcp_" + option, "1");
            }
        }
    }

    @Test
    void windowsThatCloseAgainAndAgainHoldNothingUpForEver() throws Exception {
        scene.fromKernel(
                "source",
                "--rcvbuf",
                "2304",
                "--chunk",
                "1500",
                "--pause",
                "1",
                "--bytes",
                "60000");
        scene.fromKernel("sink", "--port", "7010", "--bytes", "100000");
        scene.services("--rcvbuf", "2304", "--chunk", "1500", "--pause", "1");
        scene.fromFlue("send", "60000");
    }

    @Test
    void smallSegmentsCarryBulkBothWays() throws Exception {
        scene.cable().route("advmss 256");
        scene.bothWays(LITTLE);
        scene.cable().route("");
        String mtu = ipv6 ? "1280" : "576";
        scene.cable().far().ip("link set " + Cable.PEER + " mtu " + mtu);
        scene.bothWays(LITTLE);
        scene.cable().far().ip("link set " + Cable.PEER + " mtu 1500");
    }

    @Test
    void lossInBothDirectionsIsMended() throws Exception {
        scene.cable().lose(20, scene.temp());
        try {
            scene.bothWays(LITTLE);
            scene.fromKernel("echo", "--bytes", "" + LITTLE);
            scene.fromKernel("requests", "--count", "50");
            assertThat(scene.cable().lost()).isPositive();
        } finally {
            scene.cable().mend();
        }
    }

    @Test
    void marksOfCongestionAreAnsweredInBothDirections() throws Exception {
        assumeTrue(Capture.unavailabilityCause().isEmpty(), Capture.unavailabilityCause());
        String ip = ipv6 ? "ip6" : "ip";
        String mark = ip + " ecn ect0 numgen random mod 20 < 1 " + ip + " ecn set ce";
        scene.cable().far().sysctl("net.ipv4.tcp_ecn", "1");
        scene.cable().filter(mark, mark, scene.temp());
        try (Capture capture = new Capture(scene.cable().far(), Cable.PEER, scene.temp())) {
            scene.fromKernel("sink", "--bytes", "" + BULK);
            scene.fromKernel("source", "--bytes", "" + BULK);
            assumeTrue(capture.stop(), "the capture misses frames");
            String ofFlue = (ipv6 ? "ipv6" : "ip") + ".src == " + scene.flue();
            assumeTrue(
                    capture.count(ofFlue + " && tcp.flags.syn == 1 && tcp.flags.ece == 1") > 0,
                    "the host stack does not answer an offer of ECN");
            assertThat(capture.count(ofFlue + " && tcp.flags.syn == 0 && tcp.flags.ece == 1"))
                    .as("marks that Flue reports")
                    .isPositive();
            assertThat(capture.count(ofFlue + " && tcp.flags.syn == 0 && tcp.flags.cwr == 1"))
                    .as("marks that Flue's window answers")
                    .isPositive();
        } finally {
            scene.cable().mend();
            scene.cable().far().sysctl("net.ipv4.tcp_ecn", "2");
        }
    }

    @Test
    void smallMessagesGoToAndFro() throws Exception {
        scene.fromKernel("requests", "--count", "500", "--nodelay");
        scene.fromKernel("requests", "--count", "100");
    }

    @Test
    void shortConnectionsAreOpenedUsedAndClosedOrAborted() throws Exception {
        scene.fromKernel("short", "--count", "200");
        scene.services();
        scene.fromFlue("short", "200 16");
    }

    @Test
    void eitherSideMayEndItsDirectionFirst() throws Exception {
        scene.fromKernel("source", "--half", "--bytes", "" + BULK);
        String sent = scene.fromKernel("half", "--bytes", "" + BULK);
        String took = scene.host().awaitLine("half");
        assertThat(took).startsWith(BULK + " ");
        assertThat(sent).contains(took.substring(took.indexOf(' ') + 1));
    }

    @Test
    void anIdleConnectionIsKeptByProbesOfBothSidesUntilTheCableIsCut() throws Exception {
        scene.fromKernel("idle", "--port", "7011", "--pause", "1600", "--keepalive");
        assertThat(scene.host().awaitLine("watched")).endsWith("closed: ");
        LinuxPeer.Running idle =
                scene.peer().start("idle", scene.flue(), "--port", "7011", "--pause", "1000000");
        try {
            idle.awaitPrinted("idle");
            scene.cable().cut(scene.temp());
            assertThat(scene.host().awaitLine("watched")).doesNotEndWith("closed: ");
        } finally {
            scene.cable().mend();
            scene.peer().stop(idle);
        }
    }

    @Test
    void withoutLossTsharkFindsNoFault() throws Exception {
        assumeTrue(Capture.unavailabilityCause().isEmpty(), Capture.unavailabilityCause());
        long packets =
                scene.assertWithoutFaults(
                        () -> {
                            scene.bothWays(BULK);
                            scene.fromKernel("requests", "--count", "50");
                            scene.fromKernel("short", "--count", "50");
                        });
        assertThat(packets).isGreaterThan(4 * BULK / 1448);
    }
}
