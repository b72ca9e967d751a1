// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.bindings.Arena;
import dev.flue.bindings.NativePort;
import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import dev.flue.data.IpAddress;
import dev.flue.tools.http.HttpGet;
import dev.flue.tools.http.HttpServer;
import dev.flue.tools.http.HttpUrl;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.ToolException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A port that an operator takes away in mid-transfer and gives back, over a wire in memory. */
@Timeout(240)
class PortDeviceTest {
    private static final int BYTES = 8 << 20;
    private static final IpAddress SERVER = IpAddress.ofIpv4(0xc6120002);
    private static final IpAddress CLIENT = IpAddress.ofIpv4(0xc6120001);

    @TempDir private Path directory;
    private final byte[] content = new byte[BYTES];
    private final Wire wire =
            new Wire(WireConfig.builder().ports(2).mtu(1500).buffers(4096).build());
    private final List<String> answers = new ArrayList<>();
    private Assembly server;
    private Assembly client;
    private HttpServer http;
    private DutyCycle cycle;
    private String refusal = "";

    @BeforeEach
    void serve() throws Exception {
        new Random(BYTES).nextBytes(content);
        Files.write(directory.resolve("file"), content);
        http = new HttpServer(directory, InstantSource.system(), 0);
    }

    private void build(boolean ownThread) {
        long mac = StackSettings.macOf(SERVER);
        PortSource source =
                new PortSource(
                        "wire0",
                        List.of(wire.port(0, mac)),
                        (times, asked) -> asked ? again(mac) : List.of());
        server = new Assembly(List.of(source), null, settings(SERVER, ownThread));
        long other = StackSettings.macOf(CLIENT);
        client = new Assembly(List.of(wire.port(1, other)), settings(CLIENT, false), "");
        server.stack().listen(80, 16, http::newConnection);
        cycle = new DutyCycle(List.of(server, client, http::doWork));
    }

    private List<NativePort> again(long mac) {
        if (!refusal.isEmpty()) {
            throw new ToolException(refusal);
        }
        return List.of(wire.port(0, mac));
    }

    private static StackSettings settings(IpAddress address, boolean ownThread) {
        return new StackSettings(
                List.of(new Cidr(address, 24)),
                List.of(),
                StackSettings.macOf(address),
                1500,
                64,
                Arena.HEAP,
                new Polling(ownThread),
                1,
                List.of("verifier"),
                7);
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
        wire.close();
    }

    private void until(BooleanSupplier done) {
        assertThat(cycle.runUntil(done, TimeUnit.SECONDS.toNanos(100))).isTrue();
    }

    private HttpGet get() {
        HttpGet get = new HttpGet(HttpUrl.parse("http://198.18.0.2/file"), piece -> {});
        client.stack().connect(SERVER, 80, get);
        return get;
    }

    private String link() {
        return server.portReports().get(0).link();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTransferGoesOnWhenItsPortIsBackAndIsOffloadedAgain(boolean ownThread) throws Exception {
        build(ownThread);
        List<String> breaches = new ArrayList<>();
        server.drivers().onBreach(breach -> breaches.add(breach.sentence()));
        HttpGet get = get();
        for (int i = 1; i <= 3; i++) {
            long enough = (long) i * BYTES / 5;
            until(() -> get.bytes() >= enough && server.stack().offloadedCount() == 1);
            long initiated = server.counters().get("chimney.connections_initiated");
            server.remove("wire0", answers::add);
            until(() -> !answers.isEmpty());
            assertThat(answers).containsExactly("");
            assertThat(link()).isEqualTo("removed");
            assertThat(server.stack().offloadedCount()).isZero();
            assertThat(server.stack().connectionCount()).isEqualTo(1);
            answers.clear();
            server.add("wire0", answers::add);
            until(() -> !answers.isEmpty() && link().equals("up"));
            assertThat(answers).containsExactly("");
            answers.clear();
            assertThat(server.counters().get("chimney.connections_initiated"))
                    .as("what earlier engines counted is still there")
                    .isGreaterThanOrEqualTo(initiated);
        }
        until(get::finished);
        assertThat(get.problem()).isEmpty();
        assertThat(get.digest()).isEqualTo(MessageDigest.getInstance("SHA-256").digest(content));
        assertThat(server.counters().get("chimney.connections_initiated"))
                .isGreaterThanOrEqualTo(4);
        assertThat(breaches).isEmpty();
    }

    @Test
    void whatCannotBeDoneIsAnsweredWithASentence() {
        build(false);
        server.remove("other", answers::add);
        server.add("wire0", answers::add);
        assertThat(answers)
                .containsExactly("it has no port other; it has wire0", "wire0 is there already");
        answers.clear();
        server.remove("wire0", answers::add);
        server.add("wire0", answers::add);
        until(() -> answers.size() == 2);
        server.remove("wire0", answers::add);
        assertThat(answers)
                .containsExactly(
                        "another request for wire0 is under way", "", "wire0 is removed already");
        answers.clear();
        refusal = "no such device";
        server.add("wire0", answers::add);
        until(() -> !answers.isEmpty());
        assertThat(answers).containsExactly("no such device");
        assertThat(link()).as("it is not tried again unasked").isEqualTo("removed");
        refusal = "";
        answers.clear();
        server.add("wire0", answers::add);
        until(() -> link().equals("up"));
    }
}
