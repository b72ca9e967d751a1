// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code flue serve --kernel-tap}: the kernel keeps its ping, its neighbors and its TCP on a port
 * that Flue serves on, with the same addresses.
 */
@RequiresRoot
@Timeout(600)
class BumpInTheWireTest {
    @TempDir private Path temp;
    private Path directory;

    @BeforeAll
    static void needsTheCommand() {
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
    }

    @BeforeEach
    void makeDirectory() throws IOException {
        directory = Files.createDirectory(temp.resolve("www"));
    }

    @Test
    void theKernelKeepsPingNeighborsAndTcpWhileFlueServesOnTheSameAddresses() throws Exception {
        run(BumpScene.Port.TAP, 4 << 20, 1 << 20, 50);
    }

    @ParameterizedTest
    @EnumSource(BumpScene.Port.class)
    @Tag("linux-long")
    void theSameAtLength(BumpScene.Port port) throws Exception {
        run(port, 100 << 20, 50 << 20, 10_000);
    }

    private void run(BumpScene.Port port, int served, int bulk, int messages) throws Exception {
        port.require();
        assumeTrue(Capture.unavailabilityCause().isEmpty(), Capture.unavailabilityCause());
        byte[] content = new byte[served];
        new Random(served).nextBytes(content);
        Files.write(directory.resolve("file"), content);
        try (BumpScene scene =
                        new BumpScene(
                                port,
                                directory,
                                temp,
                                "--upload-every",
                                "1",
                                "--drivers",
                                "verifier");
                Capture capture = Capture.ofEverything(scene.far, BumpScene.FAR, temp)) {
            String mac = BumpScene.mac(scene.near, BumpScene.KERNEL);
            assertThat(mac)
                    .as("the kernel speaks from this port with its MAC address")
                    .isEqualTo(
                            port == BumpScene.Port.TAP
                                    ? "02:00:c6:12:00:02"
                                    : BumpScene.mac(scene.near, "nic0"));
            pings(scene);
            trafficOfBoth(scene, bulk, messages);
            pings(scene);
            scene.server.awaitHoldsNothing();
            assertCounted(scene, served);
            assertThat(capture.stop()).isTrue();
            assertThat(scene.server.terminate()).isEqualTo(143);
            assertThat(scene.server.printed()).doesNotContain("breach", "Exception", "warning");
            assertWire(capture, mac);
        }
    }

    /** Of both versions of IP, opened by either side; each has to find the other's MAC address. */
    private static void pings(BumpScene scene) throws Exception {
        scene.near.ip("neigh flush all");
        scene.far.ip("neigh flush all");
        for (String address : List.of(BumpScene.near4(), BumpScene.near6())) {
            Commands.run(scene.far.inside("ping", "-c", "2", "-i", "0.2", "-W", "20", address));
        }
        scene.near.ip("neigh flush all");
        scene.far.ip("neigh flush all");
        for (String address : List.of(BumpScene.far4(), BumpScene.far6())) {
            Commands.run(scene.near.inside("ping", "-c", "2", "-i", "0.2", "-W", "20", address));
        }
    }

    /** Small messages and bulk over the kernel's sockets, opened by either side, and downloads. */
    private void trafficOfBoth(BumpScene scene, int bulk, int messages) throws Exception {
        String count = Integer.toString(messages);
        String bytes = Integer.toString(bulk);
        List<LinuxPeer.Running> clients = new ArrayList<>();
        scene.nearPrograms.serve(BumpScene.near4());
        scene.farPrograms.serve(BumpScene.far6());
        for (String kind : List.of("requests", "sink", "source")) {
            clients.add(
                    scene.farPrograms.start(
                            kind, BumpScene.near4(), "--count", count, "--bytes", bytes));
            clients.add(
                    scene.nearPrograms.start(
                            kind, BumpScene.far6(), "--count", count, "--bytes", bytes));
        }
        for (String url : List.of(BumpScene.near4(), "[" + BumpScene.near6() + "]")) {
            Path received = temp.resolve("received");
            Commands.run(
                    scene.far.inside(
                            "curl",
                            "-sS",
                            "-f",
                            "-g",
                            "--max-time",
                            "90",
                            "-o",
                            received.toString(),
                            "http://" + url + ":8080/file"));
            assertThat(Files.mismatch(received, directory.resolve("file"))).isEqualTo(-1);
        }
        for (LinuxPeer.Running each : clients) {
            assertThat(each.process().waitFor(200, TimeUnit.SECONDS)).isTrue();
            assertThat(each.process().exitValue()).as(each.printed()).isZero();
        }
    }

    private static void assertCounted(BumpScene scene, int served) {
        assertThat(scene.server.counter("chimney.connections_initiated"))
                .isGreaterThan(2L * served / (1 << 20) - 2);
        assertThat(scene.server.counter("stack.resetsOut")).isZero();
        assertThat(scene.server.stat())
                .contains("\"driver\":\"kernel\"", "\"frames to the kernel\":")
                .contains("\"frames clashing\":0", "\"frames reflected\":0");
    }

    /** Nobody reset what ran, nobody answered twice, and all of it came from one MAC address. */
    private static void assertWire(Capture capture, String mac) throws Exception {
        String near = "(ip.addr == " + BumpScene.near4() + " || ipv6.addr == " + BumpScene.near6();
        String from = "(ip.src == " + BumpScene.near4() + " || ipv6.src == " + BumpScene.near6();
        // The kernel resets what asks for a connection that has long ended, as it should.
        assertThat(capture.list("tcp.flags.reset == 1 && (tcp.port == 8080 || tcp.flags.ack == 1)"))
                .isEmpty();
        assertThat(capture.list(from + ") && eth.src != " + mac)).isEmpty();
        assertThat(capture.count(near + ") && tcp.port == 8080")).isPositive();
        assertThat(capture.count(near + ") && tcp.port == 7009")).isPositive();
        String asked = "arp.opcode == 1 && arp.dst.proto_ipv4 == " + BumpScene.near4();
        String answered = "arp.opcode == 2 && arp.src.proto_ipv4 == " + BumpScene.near4();
        assertThat(capture.count(answered)).isPositive().isLessThanOrEqualTo(capture.count(asked));
        String solicited = "icmpv6.nd.ns.target_address == " + BumpScene.near6();
        String advertised = "icmpv6.nd.na.target_address == " + BumpScene.near6();
        assertThat(capture.count(advertised + " && icmpv6.nd.na.flag.s == 1"))
                .isPositive()
                .isLessThanOrEqualTo(capture.count(solicited));
        assertThat(capture.count("icmp.type == 0 || icmpv6.type == 129")).isEqualTo(16);
    }
}
