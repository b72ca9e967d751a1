// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** In a VLAN, over a TAP interface, for a kernel that is in the same one. */
@RequiresRoot
class ServeInVlanTest extends ServeFixture {
    private static final String TAP = "flue0";

    @BeforeAll
    static void needsTun() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
    }

    @Override
    List<String> portOptions() {
        return List.of("--tap", TAP);
    }

    private FlueServer serveInVlan(String... more) throws IOException, InterruptedException {
        String[] all = java.util.Arrays.copyOf(more, more.length + 4);
        all[more.length] = "--kernel-address";
        all[more.length + 1] = "none";
        all[more.length + 2] = "--drivers";
        all[more.length + 3] = "verifier,vlan:id=42:priority=5,verifier";
        FlueServer server = serve(all);
        namespace.ip("link set " + TAP + " up");
        return server;
    }

    private String kernelSide() {
        return withPrefix(address.replaceFirst("2$", "1"));
    }

    /** Fetches a file while its connection is handed over and back, and looks at all frames. */
    private void fetch(FlueServer server, Path capture) throws Exception {
        Path received = temp.resolve("received");
        Commands.run(curl("middle.bin", received));
        assertEqualFiles(received, "middle.bin");
        server.awaitHoldsNothing();
        assertThat(server.counter("chimney.connections_initiated")).isGreaterThan(10);
        assertThat(server.terminate()).isEqualTo(143);
        assertThat(server.printed()).doesNotContain("breach").doesNotContain("Exception");
        if (Commands.installed("tshark")) {
            String from = (address.contains(":") ? "ipv6" : "ip") + ".src == " + address;
            assertThat(frames(capture, from + " && vlan.id == 42 && vlan.priority == 5"))
                    .isNotEmpty();
            assertThat(frames(capture, from + " && !(vlan.id == 42 && vlan.priority == 5)"))
                    .isEmpty();
        }
    }

    private static String frames(Path capture, String filter) throws Exception {
        return Commands.run(List.of("tshark", "-r", capture.toString(), "-c", "5000", "-Y", filter))
                .lines()
                .filter(line -> !line.startsWith("Running as user"))
                .findFirst()
                .orElse("");
    }

    @Test
    void aKernelWithAnInterfaceOfTheVlanFetchesAndOneWithoutDoesNot() throws Exception {
        Path capture = temp.resolve("capture.pcapng");
        try (FlueServer server = serveInVlan("--upload-every", "1", "--pcap", capture.toString())) {
            assumeTrue(canMakeVlan(), "this kernel has no VLAN interfaces");
            namespace.ip("link set " + TAP + ".42 up");
            namespace.ip("addr add " + kernelSide() + " dev " + TAP + ".42");
            fetch(server, capture);
        }
    }

    private boolean canMakeVlan() throws IOException, InterruptedException {
        try {
            namespace.ip("link add link " + TAP + " name " + TAP + ".42 type vlan id 42");
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    /** For kernels without such interfaces: {@code vlan.py} is one. */
    @Test
    void aKernelBehindASwitchPortOfTheVlanFetches() throws Exception {
        assumeTrue(Commands.installed("python3"), "python3 is not installed");
        Path capture = temp.resolve("capture.pcapng");
        Path script = temp.resolve("vlan.py");
        try (InputStream in = ServeInVlanTest.class.getResourceAsStream("vlan.py")) {
            Files.copy(in, script);
        }
        Process port = null;
        try (FlueServer server = serveInVlan("--upload-every", "1", "--pcap", capture.toString())) {
            Path output = temp.resolve("vlan.out");
            port =
                    Commands.start(
                            namespace.inside("python3", script.toString(), TAP, "peer0", "42"),
                            output);
            Commands.await("the switch port is there", () -> contains(output, "ready"));
            namespace.ip("link set peer0 up");
            namespace.ip("addr add " + kernelSide() + " dev peer0");
            fetch(server, capture);
        } finally {
            if (port != null) {
                port.destroyForcibly().waitFor();
            }
        }
    }

    private static boolean contains(Path file, String text) {
        try {
            return Files.readString(file).contains(text);
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aKernelOutsideTheVlanReachesNothing() throws Exception {
        try (FlueServer server = serveInVlan()) {
            namespace.ip("addr add " + kernelSide() + " dev " + TAP);
            Path received = temp.resolve("received");
            assertThatThrownBy(
                            () ->
                                    Commands.run(
                                            curl("small.bin", received, "--connect-timeout", "2")))
                    .isInstanceOf(AssertionError.class);
            assertThat(received).doesNotExist();
            assertThat(server.printed()).hasLineCount(1);
        }
    }
}
