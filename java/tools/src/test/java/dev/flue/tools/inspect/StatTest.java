// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.host.ConnectionInfo;
import dev.flue.im.DriverFigures;
import dev.flue.im.Latency;
import dev.flue.im.MeterDriver;
import dev.flue.im.MeterSettings;
import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpConst;
import dev.flue.spi.HeapMemory;
import dev.flue.testkit.NblPool;
import dev.flue.testkit.OffloadTrees;
import dev.flue.testkit.RecordingProtocol;
import dev.flue.testkit.RecordingTarget;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code flue stat} shows of a process with a meter and another driver. */
@Timeout(30)
class StatTest {
    private static final long SECOND = 1_000_000_000L;

    private final HeapMemory memory = new HeapMemory();
    private final RecordingTarget target = new RecordingTarget(memory);
    private final OffloadTrees trees = new OffloadTrees(memory, 64);
    private final NblPool nbls = new NblPool(memory, 64, 1000);
    private final RecordingProtocol protocol = new RecordingProtocol(memory);
    private final MeterDriver meter =
            new MeterDriver(
                    memory, new MiniportAdapter(memory, target), 16, new MeterSettings(1, 2, 64));
    private final Binding binding =
            new Binding(memory, protocol, new MiniportAdapter(memory, meter.upper()));
    private long segments = 70;
    private long now = SECOND;

    private final Inspectable source =
            new Inspectable() {
                @Override
                public void query(Consumer<List<ConnectionInfo>> done) {
                    throw new AssertionError("no query is needed");
                }

                @Override
                public Map<String, Long> held() {
                    return Map.of("engine.connections", 2L);
                }

                @Override
                public Map<String, Long> counters() {
                    return Map.of("segments_in", segments);
                }

                @Override
                public String arena() {
                    return "nic 0000:00:06.0/2 and hugepages node 0";
                }

                @Override
                public List<PortReport> portReports() {
                    return List.of(
                            new PortReport("tap", "down", List.of(), List.of(), Map.of()),
                            new PortReport(
                                    "dpdk:x",
                                    "up",
                                    List.of("tso"),
                                    List.of("tso", "lro"),
                                    frames()));
                }

                private Map<String, Long> frames() {
                    return Map.of("rx_frames", segments / 10);
                }

                @Override
                public List<DriverReport> driverReports() {
                    DriverFigures shaper =
                            new DriverFigures(
                                    Map.of("stray calls", 0L), Map.of("held bytes", 12345L));
                    return List.of(
                            DriverReport.of("meter1", meter),
                            new DriverReport("shaper2", shaper, 0, List.of(), null, null));
                }
            };

    private long offload(int port) {
        long handle = trees.handle();
        long root = trees.block(StateType.TCP, handle);
        new TcpConst(memory).wrap(root + StateOffsets.TCP_CONST).localPort(port).remotePort(443);
        meter.upper().doWork(now);
        binding.initiateOffload(root);
        meter.upper().doWork(now);
        return handle;
    }

    private void send(long handle, int lists, long nanos) {
        for (int i = 0; i < lists; i++) {
            binding.tcpOffloadSend(handle, nbls.allocate(new byte[1000]));
        }
        now += nanos;
        meter.upper().doWork(now);
    }

    private StatSample sample() {
        return StatSample.parse(StatSample.lines(source, 4711, now));
    }

    @Test
    void tellsTotalsAndEveryConnectionAsText() {
        send(offload(80), 3, 120);
        offload(81);
        String text = new StatReport(sample(), false, 20).toText();
        assertThat(text.lines().map(line -> line.strip().replaceAll(" +", " ")))
                .startsWith("process 4711, since it started", "segments_in 70")
                .contains(
                        "held engine.connections 2",
                        "port tap, link down",
                        "offloads in use none",
                        "port dpdk:x, link up",
                        "offloads in use tso",
                        "offloads offered tso, lro",
                        "rx_frames 7",
                        "meter1",
                        "send requested 3",
                        "send requested bytes 3000",
                        "send done bytes 3000",
                        "offloads 2",
                        "now histograms 1",
                        "sends took p50 120ns, p90 120ns, p99 120ns, p99.9 120ns, max 120ns",
                        "LOCAL REMOTE SENDS FAILED SENT RECEIVED p50 p99 p99.9 max",
                        "?:80 ?:443 3 0 3000 0 120ns 120ns 120ns 120ns",
                        "?:81 ?:443 0 0 0 0 - - - -",
                        "shaper2",
                        "now held bytes 12345")
                .doesNotContain("send failed 0", "stray calls 0");
    }

    @Test
    void showsAsManyConnectionsAsAskedForAndSaysHowManyMore() {
        offload(80);
        send(offload(81), 1, 5);
        offload(82);
        String text = new StatReport(sample(), false, 1).toText();
        assertThat(text).contains("?:81").doesNotContain("?:80").contains("and 2 more connections");
        assertThat(new StatReport(sample(), false, 1).toJson())
                .contains("?:81")
                .doesNotContain("?:80")
                .contains("\"connection_count\":3");
    }

    @Test
    void tellsAllOfItAsJson() {
        send(offload(80), 2, 100);
        String json = new StatReport(sample(), false, 20).toJson();
        assertThat(json)
                .startsWith(
                        "{\"version\":1,\"pid\":4711,\"per_second\":false,"
                                + "\"held\":{\"engine.connections\":2},"
                                + "\"counters\":{\"segments_in\":70},"
                                + "\"ports\":[{\"port\":\"tap\",\"link\":\"down\","
                                + "\"offloads_in_use\":[],\"offloads_offered\":[],"
                                + "\"counters\":{}},"
                                + "{\"port\":\"dpdk:x\",\"link\":\"up\","
                                + "\"offloads_in_use\":[\"tso\"],"
                                + "\"offloads_offered\":[\"tso\",\"lro\"],"
                                + "\"counters\":{\"rx_frames\":7}}],"
                                + "\"drivers\":[{\"driver\":\"meter1\",\"levels\":{")
                .contains("\"send done\":2,\"send done bytes\":2000,\"send failed\":0")
                .contains(
                        "\"sends\":{\"count\":2,\"p50_ns\":100,\"p90_ns\":100,"
                                + "\"p99_ns\":100,\"p99.9_ns\":100,\"max_ns\":100}")
                .contains("{\"number\":1,\"local\":\"?:80\",\"remote\":\"?:443\"")
                .endsWith(
                        "{\"driver\":\"shaper2\",\"levels\":{\"held bytes\":12345},"
                                + "\"counters\":{\"stray calls\":0}}]}\n");
    }

    @Test
    void anIntervalGivesRatesOfWhatIsCountedAndLevelsAsTheyAre() {
        long old = offload(80);
        send(old, 5, 0);
        StatSample before = sample();
        segments += 500;
        send(old, 4, 2 * SECOND);
        send(offload(81), 2, 0);
        StatSample rates = sample().since(before);
        assertThat(rates.counters()).containsEntry("segments_in", 250L);
        assertThat(rates.ports().get(1).counts()).containsEntry("rx_frames", 25L);
        assertThat(rates.levels()).containsEntry("engine.connections", 2L);
        StatSample.Driver driver = rates.drivers().get(0);
        assertThat(driver.counters())
                .containsEntry("send done", 3L)
                .containsEntry("send done bytes", 3000L);
        assertThat(driver.connections())
                .extracting(each -> each.local() + " " + each.counters().get("send done bytes"))
                .containsExactly("?:80 2000", "?:81 1000");
        assertThat(rates.drivers().get(1).levels()).containsEntry("held bytes", 12345L);
        assertThat(new StatReport(rates, true, 20).toText()).startsWith("process 4711, per second");
    }

    @Test
    void aConnectionThatWasThereAndNotAmongTheBusiestGetsNoRate() {
        send(offload(80), 5, 0);
        StatSample full = sample();
        StatSample.Driver first = full.drivers().get(0);
        StatSample.Driver blind =
                new StatSample.Driver(
                        first.label(),
                        1,
                        first.counters(),
                        first.levels(),
                        List.of(),
                        new Latency[2]);
        StatSample before = new StatSample(1, now, Map.of(), Map.of(), List.of(), List.of(blind));
        assertThat(sample().since(before).drivers().get(0).connections()).isEmpty();
    }

    @Test
    void timesHaveThreeDigitsAndAUnit() {
        assertThat(List.of(0L, 999L, 1_000L, 12_345L, 999_499L, 999_500L, 60_000_000_000L))
                .extracting(StatReport::time)
                .containsExactly("0ns", "999ns", "1.00us", "12.3us", "999us", "1.00ms", "60.0s");
    }

    @Test
    void whatIsNoSampleIsRefusedAndWhatIsNewerIsLeftOut() {
        String lines = StatSample.lines(source, 1, 2);
        assertThat(StatSample.parse(lines + "weather\train\n")).isNotNull();
        for (String each : List.of("", "flue-stat\t2\n", "flue-stat\t1\ncounter\ta\tx\n")) {
            assertThatThrownBy(() -> StatSample.parse(each))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        for (String each :
                List.of("counter\ta", "port\ta\tup\t", "connection\t1\ta\tb", "sends\t1")) {
            assertThatThrownBy(() -> StatSample.parse("flue-stat\t1\n" + each + "\n"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    // ---- Through a socket.

    private interface Looking {
        void with(Inspector inspector, Path socket, SocketDirectory sockets) throws Exception;
    }

    private static void inDirectory(Looking looking) throws Exception {
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "flue-stat");
        try {
            SocketDirectory sockets = new SocketDirectory(List.of(directory.resolve("flue")));
            Inspector inspector = new Inspector(sockets, TimeUnit.SECONDS.toNanos(20));
            looking.with(inspector, sockets.socketFor(4711), sockets);
        } finally {
            List<Path> files = new ArrayList<>();
            try (var all = Files.walk(directory)) {
                all.forEach(files::add);
            }
            for (int i = files.size() - 1; i >= 0; i--) {
                Files.delete(files.get(i));
            }
        }
    }

    private static CompletableFuture<StatSample> asking(Inspector inspector, Path socket) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return inspector.stat(socket);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
    }

    @Test
    void aProcessAnswersWithoutAQuery() throws Exception {
        offload(80);
        inDirectory(
                (inspector, socket, sockets) -> {
                    try (InspectServer server = InspectServer.open(source, sockets, 4711)) {
                        CompletableFuture<StatSample> answer = asking(inspector, socket);
                        while (!answer.isDone()) {
                            server.doWork(System.nanoTime());
                            Thread.onSpinWait();
                        }
                        assertThat(answer.get().counters()).containsEntry("segments_in", 70L);
                        assertThat(answer.get().pid()).isEqualTo(ProcessHandle.current().pid());
                        assertThat(answer.get().drivers().get(0).connections()).hasSize(1);
                    }
                });
    }

    @Test
    void anOlderProcessIsSaidToBeOne() throws Exception {
        inDirectory(
                (inspector, socket, sockets) -> {
                    try (ServerSocketChannel old =
                            ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                        old.bind(UnixDomainSocketAddress.of(socket));
                        CompletableFuture<StatSample> answer = asking(inspector, socket);
                        try (SocketChannel client = old.accept()) {
                            client.read(ByteBuffer.allocate(64));
                            String error = "error: unknown request\n";
                            client.write(
                                    ByteBuffer.wrap(error.getBytes(StandardCharsets.US_ASCII)));
                        }
                        assertThatThrownBy(answer::join)
                                .hasMessageContaining("does not know 'stat'")
                                .hasMessageContaining("another version");
                    }
                });
    }
}
