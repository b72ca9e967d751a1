// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code flue serve} must do for Linux clients, over whatever port a subclass names. */
@Timeout(240)
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"198.18.0.2", "2001:db8::2"})
abstract class ServeScenarios {
    private static final int BIG = 64 << 20;
    private static final int MIDDLE = 24 << 20;
    private static final int SMALL = 1 << 20;

    /** Of the server: the version of IP that everything goes over. */
    @Parameter String address;

    @TempDir Path temp;
    Path directory;
    Namespace namespace;

    /** The options that name the port. */
    abstract List<String> portOptions();

    @BeforeEach
    void makeNamespaceAndFiles() throws IOException, InterruptedException {
        assumeTrue(FlueServer.isBuilt(), "the launcher is not built: run mvn package first");
        for (String program : List.of("ip", "curl")) {
            assumeTrue(Commands.installed(program), program + " is not installed");
        }
        directory = Files.createDirectory(temp.resolve("www"));
        writeRandom("big.bin", BIG);
        writeRandom("middle.bin", MIDDLE);
        writeRandom("small.bin", SMALL);
        namespace = new Namespace();
    }

    @AfterEach
    void removeNamespace() throws IOException {
        if (namespace != null) {
            namespace.close();
        }
    }

    private void writeRandom(String name, int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        Files.write(directory.resolve(name), bytes);
    }

    FlueServer serve(String... more) throws IOException, InterruptedException {
        List<String> options = new ArrayList<>(portOptions());
        options.addAll(List.of("--address", withPrefix(address), "--listen", "8080"));
        options.addAll(List.of(more));
        return new FlueServer(
                namespace, directory, temp.resolve("serve.out"), options.toArray(new String[0]));
    }

    List<String> curl(String file, Path to, String... options) {
        List<String> command =
                namespace.inside("curl", "-sS", "-f", "--max-time", "100", "-o", to.toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-g", "http://" + inUrl() + ":8080/" + file));
        return command;
    }

    static String withPrefix(String address) {
        return address + (address.contains(":") ? "/64" : "/24");
    }

    private String inUrl() {
        return address.contains(":") ? "[" + address + "]" : address;
    }

    private static String sha256(Path file) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        return HexFormat.of().formatHex(digest);
    }

    void assertEqualFiles(Path received, String served) throws Exception {
        assertThat(sha256(received)).isEqualTo(sha256(directory.resolve(served)));
    }

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
        assumeTrue(Commands.installed("tshark"), "tshark is not installed");
        Path received = temp.resolve("received");
        Path capture = temp.resolve("capture.pcapng");
        // A probe of the kernel for a lost tail would find a tail that is only late.
        namespace.sysctl("net.ipv4.tcp_early_retrans", "0");
        try (FlueServer server = serve("--upload-every", "1", "--pcap", capture.toString())) {
            Commands.run(curl("middle.bin", received));
            assertEqualFiles(received, "middle.bin");
            server.awaitHoldsNothing();
            assertThat(server.terminate()).isEqualTo(143);
            Matcher handOvers = Pattern.compile("(\\d+) hand-overs").matcher(server.printed());
            assertThat(handOvers.find()).as(server.printed()).isTrue();
            assertThat(Integer.parseInt(handOvers.group(1))).isGreaterThan(10);
        }
        assertThat(
                        Commands.run(
                                List.of(
                                        "tshark",
                                        "-r",
                                        capture.toString(),
                                        "-Y",
                                        "tcp",
                                        "-c",
                                        "50")))
                .as("the capture has TCP in it")
                .contains(address);
        Judge judge = new Judge(capture, address);
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
