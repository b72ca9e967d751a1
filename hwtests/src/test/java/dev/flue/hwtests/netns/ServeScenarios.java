// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What {@code flue serve} must do for Linux clients, over whatever port a subclass names. */
abstract class ServeScenarios extends ServeFixture {
    @Test
    void aLargeFileArrivesByteForByteOnAnOffloadedConnection() throws Exception {
        Path received = temp.resolve("received");
        try (FlueServer server = serve()) {
            Process curl =
                    Commands.start(
                            curl("big.bin", received, "--limit-rate", "40M"),
                            temp.resolve("curl.out"));
            try {
                Commands.await(
                        "a connection is offloaded",
                        () -> server.conns().contains("\"offloaded\":true") || !curl.isAlive());
                assertThat(curl.waitFor(100, TimeUnit.SECONDS)).isTrue();
                assertThat(curl.exitValue()).isZero();
            } finally {
                curl.destroyForcibly();
            }
            assertEqualFiles(received, "big.bin");
            server.awaitHoldsNothing();
        }
    }

    @Test
    void fiftyClientsAtOnceAllGetTheirBytes() throws Exception {
        List<Process> clients = new ArrayList<>();
        try (FlueServer server = serve()) {
            for (int i = 0; i < 50; i++) {
                Path received = temp.resolve("received" + i);
                clients.add(Commands.start(curl("small.bin", received), temp.resolve("curl" + i)));
            }
            for (int i = 0; i < 50; i++) {
                assertThat(clients.get(i).waitFor(100, TimeUnit.SECONDS)).isTrue();
                assertThat(clients.get(i).exitValue())
                        .as(Files.readString(temp.resolve("curl" + i)))
                        .isZero();
                assertEqualFiles(temp.resolve("received" + i), "small.bin");
            }
            server.awaitHoldsNothing();
        } finally {
            clients.forEach(Process::destroyForcibly);
        }
    }

    @Test
    void aRangeIsThatPartOfTheFile() throws Exception {
        Path received = temp.resolve("received");
        byte[] served = Files.readAllBytes(directory.resolve("small.bin"));
        try (FlueServer server = serve()) {
            Commands.run(curl("small.bin", received, "-r", "1000-500999"));
            assertThat(received)
                    .hasBinaryContent(java.util.Arrays.copyOfRange(served, 1000, 501_000));
            Commands.run(curl("small.bin", received, "-r", "-7"));
            assertThat(received)
                    .hasBinaryContent(java.util.Arrays.copyOfRange(served, SMALL - 7, SMALL));
            server.awaitHoldsNothing();
        }
    }

    @Test
    void handOversInMidStreamAreInvisibleOnTheWire() throws Exception {
        Path received = temp.resolve("received");
        assumeTrue(Capture.unavailabilityCause().isEmpty(), Capture.unavailabilityCause());
        Path own = temp.resolve("capture.pcapng");
        Judge judge;
        // A probe of the kernel for a lost tail would find a tail that is only late.
        namespace.sysctl("net.ipv4.tcp_early_retrans", "0");
        // What the kernel saw, and when: a process without a processor does not see how long.
        try (FlueServer server = serve("--upload-every", "1", "--pcap", own.toString());
                Capture capture = new Capture(namespace, kernelDevice(), temp)) {
            Commands.run(curl("middle.bin", received));
            assertEqualFiles(received, "middle.bin");
            server.awaitHoldsNothing();
            assumeTrue(capture.stop(), "tcpdump missed frames: the capture says nothing");
            judge = capture.judge(address);
            assertThat(server.terminate()).isEqualTo(143);
            Matcher handOvers = Pattern.compile("(\\d+) hand-overs").matcher(server.printed());
            assertThat(handOvers.find()).as(server.printed()).isTrue();
            assertThat(Integer.parseInt(handOvers.group(1))).isGreaterThan(10);
        }
        assertThat(Commands.run(List.of("tshark", "-r", own.toString(), "-Y", "tcp", "-c", "50")))
                .as("the server's own capture has TCP in it")
                .contains(address);
        assertThat(judge.faults()).isEmpty();
        assumeTrue(judge.clean(), "this machine stalls: the capture says nothing");
    }

    @Test
    void nothingStaysHeldOfAClientThatIsKilled() throws Exception {
        Path received = temp.resolve("received");
        try (FlueServer server = serve()) {
            for (int i = 0; i < 3; i++) {
                Files.deleteIfExists(received);
                Process curl =
                        Commands.start(
                                curl("big.bin", received, "--limit-rate", "4M"),
                                temp.resolve("curl.out"));
                try {
                    Commands.await("the transfer runs", () -> size(received) > 0);
                } finally {
                    curl.destroyForcibly().waitFor();
                }
                server.awaitHoldsNothing();
            }
            Commands.run(curl("small.bin", received));
            assertEqualFiles(received, "small.bin");
        }
    }

    @Test
    void sigtermDuringTransfersEndsCleanly() throws Exception {
        Path received = temp.resolve("received");
        Process curl = null;
        try (FlueServer server = serve()) {
            curl =
                    Commands.start(
                            curl("big.bin", received, "--limit-rate", "4M"),
                            temp.resolve("curl.out"));
            Commands.await("the transfer runs", () -> size(received) > 0);
            assertThat(server.terminate()).isEqualTo(143);
            assertThat(server.printed())
                    .contains("all connections given back")
                    .doesNotContain("Exception")
                    .doesNotContain("warning");
            assertThat(server.hasSocket()).isFalse();
        } finally {
            if (curl != null) {
                curl.destroyForcibly().waitFor();
            }
        }
    }

    private static long size(Path file) {
        try {
            return Files.exists(file) ? Files.size(file) : 0;
        } catch (IOException e) {
            return 0;
        }
    }
}
