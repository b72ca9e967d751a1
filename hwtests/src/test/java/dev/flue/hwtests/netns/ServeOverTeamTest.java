// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.testkit.RequiresRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code flue serve} over two TAP interfaces that a bridge joins. */
@RequiresRoot
class ServeOverTeamTest extends ServeFixture {
    @BeforeAll
    static void needsTun() {
        assumeTrue(Files.exists(Path.of("/dev/net/tun")), "there is no /dev/net/tun");
    }

    @Override
    List<String> portOptions() {
        return List.of("--tap", "flue0,flue1", "--drivers", "verifier,team,verifier");
    }

    @BeforeEach
    void joinByABridge() throws IOException, InterruptedException {
        // With an address of its own: else it has a port's, and another one when that is deleted.
        namespace.ip("link add name br0 address 02:00:c6:12:00:01 type bridge mcast_snooping 0");
        namespace.ip("addr add " + withPrefix(address.replaceFirst("2$", "1")) + " dev br0");
        namespace.ip("link set br0 up");
        for (String tap : List.of("flue0", "flue1")) {
            namespace.ip("tuntap add " + tap + " mode tap");
            namespace.ip("link set " + tap + " master br0 up");
        }
    }

    @Test
    void anInterfaceThatIsDeletedIsSaidAndTransfersGoOnOverTheOther() throws Exception {
        Path received = temp.resolve("received");
        try (FlueServer server = serve()) {
            Process curl =
                    Commands.start(
                            curl("middle.bin", received, "--limit-rate", "8M"),
                            temp.resolve("curl.out"));
            try {
                Commands.await("the transfer runs", () -> Files.exists(received));
                namespace.ip("link delete flue0");
                Commands.await(
                        "it is said",
                        () -> server.printed().contains("port tap:flue0: its interface was"));
                assertThat(curl.waitFor(100, TimeUnit.SECONDS)).isTrue();
                assertThat(curl.exitValue()).isZero();
            } finally {
                curl.destroyForcibly();
            }
            assertEqualFiles(received, "middle.bin");
            Commands.run(curl("small.bin", received));
            assertEqualFiles(received, "small.bin");
            server.awaitHoldsNothing();
            assertThat(server.terminate()).isEqualTo(143);
            assertThat(server.printed()).doesNotContain("breach").doesNotContain("Exception");
        }
    }

    @Test
    void aTeamBeginsWithALinkThatIsDownAndUsesItWhenItIsUp() throws Exception {
        Path received = temp.resolve("received");
        namespace.ip("link set flue0 down");
        try (FlueServer server = serve()) {
            Commands.run(curl("small.bin", received));
            assertEqualFiles(received, "small.bin");
            namespace.ip("link set flue0 up");
            namespace.ip("link set flue1 down");
            Commands.await(
                    "it is said",
                    () -> server.printed().contains("port tap:flue1: its link is down"));
            Commands.run(curl("middle.bin", received));
            assertEqualFiles(received, "middle.bin");
            server.awaitHoldsNothing();
            assertThat(server.printed()).doesNotContain("breach").doesNotContain("Exception");
        }
    }
}
