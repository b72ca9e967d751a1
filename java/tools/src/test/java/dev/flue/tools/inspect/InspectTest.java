// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.data.IpAddress;
import dev.flue.host.ConnectionInfo;
import dev.flue.offload.TcpState;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class InspectTest {
    private static final ConnectionInfo OFFLOADED =
            new ConnectionInfo(
                    IpAddress.of("198.18.0.2"),
                    8080,
                    IpAddress.of("198.18.0.1"),
                    40000,
                    TcpState.ESTABLISHED,
                    true,
                    "",
                    1,
                    2,
                    0x8000000000000003L,
                    12,
                    1280,
                    14480,
                    250,
                    4,
                    5,
                    6);
    private static final ConnectionInfo NOT_OFFLOADED =
            new ConnectionInfo(
                    IpAddress.of("198.18.0.2"),
                    8080,
                    IpAddress.of("198.18.0.1"),
                    40001,
                    TcpState.CLOSE_WAIT,
                    false,
                    "the \"arena\" is full",
                    0,
                    0,
                    0,
                    -1,
                    1500,
                    14480,
                    0,
                    0,
                    0,
                    0);

    // Not a JUnit temporary directory: its long name may not fit into a socket address.
    private Path directory;
    private SocketDirectory sockets;
    private boolean answers = true;
    private Consumer<List<ConnectionInfo>> pending;
    private int queries;

    private final Inspectable source =
            new Inspectable() {
                @Override
                public void query(Consumer<List<ConnectionInfo>> done) {
                    queries++;
                    pending = done;
                    if (answers) {
                        done.accept(List.of(OFFLOADED, NOT_OFFLOADED));
                    }
                }

                @Override
                public Map<String, Long> held() {
                    return Map.of("engine_connections", 1L);
                }

                @Override
                public Map<String, Long> counters() {
                    return Map.of("engine_segments_in", 77L);
                }

                @Override
                public String arena() {
                    return "nic 0000:00:06.0/2 and hugepages node 0";
                }

                @Override
                public List<PortReport> portReports() {
                    return List.of();
                }

                @Override
                public List<DriverReport> driverReports() {
                    return List.of();
                }
            };

    @BeforeEach
    void makeDirectory() throws IOException {
        directory = Files.createTempDirectory(Path.of("/tmp"), "flue-test");
        sockets = new SocketDirectory(List.of(directory.resolve("flue")));
    }

    @AfterEach
    void removeDirectory() throws IOException {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private String ask(InspectServer server, boolean json) throws Exception {
        Inspector inspector = new Inspector(sockets, TimeUnit.SECONDS.toNanos(20));
        Path socket = inspector.processes().get(4711L);
        CompletableFuture<String> answer =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return inspector.ask(socket, json ? "conns json" : "conns text");
                            } catch (IOException e) {
                                throw new java.io.UncheckedIOException(e);
                            }
                        });
        while (!answer.isDone()) {
            server.doWork(System.nanoTime());
            Thread.onSpinWait();
        }
        return answer.get();
    }

    @Test
    void tellsEveryConnectionAsJson() throws Exception {
        try (InspectServer server = InspectServer.open(source, sockets, 4711)) {
            String pid = Long.toString(ProcessHandle.current().pid());
            assertThat(ask(server, true))
                    .isEqualTo(
                            "{\"version\":1,\"pid\":"
                                    + pid
                                    + ",\"arena\":\"nic 0000:00:06.0/2 and hugepages node 0\","
                                    + "\"connections\":["
                                    + "{\"local\":\"198.18.0.2:8080\",\"remote\":\"198.18.0.1:40000\","
                                    + "\"state\":\"ESTABLISHED\",\"offloaded\":true,\"cause\":\"\","
                                    + "\"neighbor_token\":\"0x1\",\"path_token\":\"0x2\","
                                    + "\"tcp_token\":\"0x8000000000000003\","
                                    + "\"neighbor_reachable_ago_ms\":12,\"path_mtu\":1280,"
                                    + "\"cwnd\":14480,"
                                    + "\"srtt_us\":250,\"retransmits\":4,\"bytes_in\":5,"
                                    + "\"bytes_out\":6,"
                                    + "\"lies_in\":\"nic 0000:00:06.0/2 and hugepages node 0\"},"
                                    + "{\"local\":\"198.18.0.2:8080\",\"remote\":\"198.18.0.1:40001\","
                                    + "\"state\":\"CLOSE_WAIT\",\"offloaded\":false,"
                                    + "\"cause\":\"the \\\"arena\\\" is full\","
                                    + "\"neighbor_token\":null,\"path_token\":null,"
                                    + "\"tcp_token\":null,\"path_mtu\":1500,\"cwnd\":14480,\"srtt_us\":0,"
                                    + "\"retransmits\":0,\"bytes_in\":0,\"bytes_out\":0,\"lies_in\":\"host stack\"}],"
                                    + "\"held\":{\"engine_connections\":1},"
                                    + "\"counters\":{\"engine_segments_in\":77}}\n");
        }
    }

    @Test
    void tellsEveryConnectionAsText() throws Exception {
        try (InspectServer server = InspectServer.open(source, sockets, 4711)) {
            assertThat(ask(server, false))
                    .contains("2 connections")
                    .contains("198.18.0.1:40000")
                    .contains("LIES IN")
                    .contains("6  nic 0000:00:06.0/2 and hugepages node 0\n")
                    .contains("0  host stack\n")
                    .contains("no: the \"arena\" is full")
                    .contains("held: engine_connections=1");
        }
    }

    @Test
    void isForItsUserAloneAndGoesAwayWithItsProcess() throws IOException {
        try (InspectServer server = InspectServer.open(source, sockets, 4711)) {
            Path flue = directory.resolve("flue");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(flue)))
                    .isEqualTo("rwx------");
            Path socket = flue.resolve("4711.sock");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-------");
            server.doWork(0);
        }
        assertThat(sockets.sockets()).isEmpty();
    }

    @Test
    void refusesADirectoryThatIsALinkOfSomebodyElse() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
        SocketDirectory linked = new SocketDirectory(List.of(link));
        assertThatThrownBy(() -> linked.socketFor(1)).isInstanceOf(IOException.class);
    }

    @Test
    void removesTheSocketOfAProcessThatIsGone() throws IOException {
        Path stale = sockets.socketFor(4712);
        try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(stale));
        }
        assertThat(stale).exists();
        assertThat(new Inspector(sockets, 1).processes()).isEmpty();
        assertThat(stale).doesNotExist();
    }

    @Test
    void theSocketOfAProcessThatDoesNotListenYetIsLeftAlone() throws Exception {
        Path beginning = SocketDirectory.beforeItListens(sockets.socketFor(4711));
        try (ServerSocketChannel bound = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            bound.bind(UnixDomainSocketAddress.of(beginning));
        }
        assertThat(new Inspector(sockets, 1).processes()).isEmpty();
        assertThat(beginning).exists();
        try (InspectServer server = InspectServer.open(source, sockets, 4711)) {
            assertThat(new Inspector(sockets, 1).processes()).containsOnlyKeys(4711L);
            assertThat(beginning).doesNotExist();
            assertThat(ask(server, true)).contains("connections");
        }
    }

    @Test
    void aClientThatNeverReadsOrAsksDoesNotHoldUpTheOthers() throws Exception {
        try (InspectServer server = InspectServer.open(source, sockets, 4711);
                SocketChannel silent = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            silent.connect(UnixDomainSocketAddress.of(sockets.socketFor(4711)));
            assertThat(ask(server, true)).contains("connections");
        }
    }

    @Test
    void oneQueryAtATimeIsUnderWayAlsoWhenItsClientHasGone() throws IOException {
        answers = false;
        try (InspectServer server = InspectServer.open(source, sockets, 4711)) {
            for (int i = 0; i < 2; i++) {
                SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
                client.connect(UnixDomainSocketAddress.of(sockets.socketFor(4711)));
                client.write(ByteBuffer.wrap("conns json\n".getBytes(StandardCharsets.US_ASCII)));
                server.doWork(i * 10_000_000L);
                server.doWork(i * 10_000_000L + 5_000_000L);
                client.close();
            }
            assertThat(queries).isEqualTo(1);
            pending.accept(List.of());
            server.doWork(40_000_000L);
            assertThat(queries).isEqualTo(2);
        }
    }

    @Test
    void answersAnotherRequestWithAnError() throws IOException {
        try (InspectServer server = InspectServer.open(source, sockets, 4711);
                SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(sockets.socketFor(4711)));
            client.write(ByteBuffer.wrap("what?\n".getBytes(StandardCharsets.US_ASCII)));
            for (int i = 0; i < 3; i++) {
                server.doWork(i * 10_000_000L);
            }
            ByteBuffer answer = ByteBuffer.allocate(64);
            client.read(answer);
            assertThat(new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII))
                    .startsWith("error: ");
        }
    }
}
