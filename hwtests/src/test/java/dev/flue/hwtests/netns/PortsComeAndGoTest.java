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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ports of {@code flue serve} that lose their link, are deleted and made again, or are removed and
 * added by an operator, in mid-transfer: what was offloaded goes on with the host stack, over
 * another port or over the same one once it is back, and is offloaded again; no byte is lost, no
 * connection reset.
 */
@RequiresRoot
@Timeout(300)
class PortsComeAndGoTest {
    /** How a port leaves, and what brings it back. */
    private enum Way {
        LINK,
        DEVICE,
        OPERATOR
    }

    private static final int MORE_BYTES = 256 << 10;

    @TempDir private Path temp;
    private Path directory;
    private Path received;
    private Namespace namespace;
    private boolean bridged;
    private Process curl;

    @BeforeEach
    void makeNamespace() throws IOException, InterruptedException {
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
        for (String program : List.of("ip", "curl")) {
            assumeTrue(Commands.installed(program), program + " is not installed");
        }
        directory = Files.createDirectory(temp.resolve("www"));
        received = temp.resolve("received");
        namespace = new Namespace();
    }

    @AfterEach
    void removeNamespace() throws IOException {
        if (namespace != null) {
            namespace.close();
        }
    }

    @Test
    void theOnlyPortGoesAndComesBackAndTheTransferGoesOnOverIt() throws Exception {
        overOnePort(3, 6 << 20, "4M");
    }

    @Test
    void membersOfATeamGoAndComeBackAndTheTransferNeverStops() throws Exception {
        overTwoPorts(4, 6 << 20, "4M");
    }

    @Tag("linux-long")
    @Test
    void theOnlyPortGoesAndComesBackTwentyTimes() throws Exception {
        overOnePort(20, 32 << 20, "8M");
    }

    @Tag("linux-long")
    @Test
    void membersOfATeamGoAndComeBackTwentyTimes() throws Exception {
        overTwoPorts(20, 32 << 20, "8M");
    }

    private void overOnePort(int times, int bytes, String rate) throws Exception {
        namespace.ip("tuntap add flue0 mode tap");
        List<String> options = List.of("--tap", "flue0", "--drivers", "verifier");
        run(options, "198.18.0.2", times, bytes, rate);
    }

    private void overTwoPorts(int times, int bytes, String rate) throws Exception {
        bridged = true;
        // With an address of its own: else it has a port's, and another one when that is deleted.
        namespace.ip("link add name br0 address 02:00:c6:12:00:01 type bridge mcast_snooping 0");
        namespace.ip("addr add 2001:db8::1/64 dev br0");
        namespace.ip("link set br0 up");
        for (String tap : List.of("flue0", "flue1")) {
            make(tap);
        }
        List<String> options =
                List.of("--tap", "flue0,flue1", "--drivers", "verifier,team,verifier");
        run(options, "2001:db8::2", times, bytes, rate);
    }

    private void run(List<String> ports, String address, int times, int bytes, String rate)
            throws Exception {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        Files.write(directory.resolve("file"), content);
        List<String> options = new ArrayList<>(ports);
        options.addAll(List.of("--address", ServeFixture.withPrefix(address)));
        try (FlueServer server =
                new FlueServer(
                        namespace,
                        directory,
                        temp.resolve("serve.out"),
                        options.toArray(new String[0]))) {
            try {
                startCurl(address, rate);
                for (int i = 0; i < times; i++) {
                    awaitMidTransfer(server, address, rate);
                    String tap = bridged ? "flue" + i % 2 : "flue0";
                    away(server, tap, Way.values()[i / (bridged ? 2 : 1) % Way.values().length]);
                }
                awaitMidTransfer(server, address, rate);
                assertReceived();
            } finally {
                curl.destroyForcibly().waitFor();
            }
            server.awaitHoldsNothing();
            assertThat(server.counter("stack.resetsOut")).isZero();
            assertThat(server.terminate()).isEqualTo(143);
            assertThat(server.printed()).doesNotContain("breach", "Exception", "internal error");
        }
    }

    private void startCurl(String address, String rate) throws IOException {
        String host = address.contains(":") ? "[" + address + "]" : address;
        List<String> command =
                namespace.inside("curl", "-sS", "-f", "-g", "--limit-rate", rate, "-o");
        command.addAll(List.of(received.toString(), "http://" + host + ":8080/file"));
        Files.deleteIfExists(received);
        curl = Commands.start(command, temp.resolve("curl"));
    }

    /** Until a connection is offloaded and bytes arrive; the next transfer when one has ended. */
    private void awaitMidTransfer(FlueServer server, String address, String rate) throws Exception {
        do {
            if (!curl.isAlive()) {
                assertReceived();
                startCurl(address, rate);
            }
            Commands.await(
                    "it is offloaded",
                    () -> server.conns().contains("\"offloaded\":true") || !curl.isAlive());
            long enough = size() + MORE_BYTES;
            Commands.await("bytes arrive", () -> size() >= enough || !curl.isAlive());
        } while (!curl.isAlive());
    }

    private void assertReceived() throws Exception {
        assertThat(curl.waitFor(200, TimeUnit.SECONDS)).isTrue();
        assertThat(curl.exitValue()).as(Files.readString(temp.resolve("curl"))).isZero();
        assertThat(Files.mismatch(received, directory.resolve("file"))).isEqualTo(-1);
    }

    private void away(FlueServer server, String tap, Way way) throws Exception {
        switch (way) {
            case LINK -> {
                namespace.ip("link set " + tap + " down");
                awaitLink(server, tap, "down");
                namespace.ip("link set " + tap + " up");
            }
            case DEVICE -> {
                namespace.ip("link delete " + tap);
                awaitLink(server, tap, "gone");
                make(tap);
            }
            case OPERATOR -> {
                server.port("remove " + tap);
                awaitLink(server, tap, "removed");
                server.port("add " + tap);
            }
        }
        awaitLink(server, tap, "up");
        if (bridged) {
            // Never is there no way: the other one leaves next.
            namespace.awaitForwarding(List.of(tap));
        }
    }

    private void make(String tap) throws IOException, InterruptedException {
        namespace.ip("tuntap add " + tap + " mode tap");
        if (bridged) {
            namespace.ip("link set " + tap + " master br0 up");
        }
    }

    private static void awaitLink(FlueServer server, String tap, String link)
            throws InterruptedException {
        String wanted = "\"port\":\"tap:" + tap + "\",\"link\":\"" + link + "\"";
        Commands.await(tap + " is " + link, () -> server.stat().contains(wanted));
    }

    private long size() {
        try {
            return Files.exists(received) ? Files.size(received) : 0;
        } catch (IOException e) {
            return 0;
        }
    }
}
