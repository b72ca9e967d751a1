// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flue.bindings.Flue;
import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That both ends of every contestant carry the same bytes, in every workload's way. */
class EndsTest {
    private static final long NANOS = 1_000_000;
    private static final Workload ECHO_MANY =
            new Workload("test", "", Workload.Kind.ECHO, 20, 64, Workload.Unit.REQUESTS);

    private static Workload workload(String name) {
        return name.equals("echo-20") ? ECHO_MANY : Workload.named(name);
    }

    @ParameterizedTest
    @CsvSource({
        "NIO_BLOCKING, request-response",
        "NIO_BLOCKING, echo-20",
        "NIO_BLOCKING, stream-1m",
        "NIO_SPINNING, request-response",
        "NIO_SPINNING, echo-20",
        "NIO_SPINNING, messages-64",
        "NETTY, request-response",
        "NETTY, echo-20",
        "NETTY, messages-64",
        "NETTY, stream-1m"
    })
    void whatTheKernelCarriesArrives(Kind kind, String name) throws Exception {
        Workload workload = workload(name);
        AtomicBoolean stopped = new AtomicBoolean();
        try (ServerEnd server = kind.open(true, 0, "").server();
                ClientEnd client = kind.open(false, 0, "").client()) {
            int port = server.listen(workload);
            CompletableFuture<Void> served =
                    CompletableFuture.runAsync(
                            () -> {
                                try {
                                    server.run(stopped::get);
                                } catch (java.io.IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            });
            Outcome sent = client.run(workload, "127.0.0.1", port, NANOS);
            stopped.set(true);
            served.get();
            same(sent, server.outcome(), workload);
        }
    }

    @Test
    void whatFlueCarriesArrives() throws Exception {
        assumeTrue(Flue.isAvailable(), Flue.unavailabilityCause());
        Wire wire = new Wire(WireConfig.builder().mtu(FlueNode.MTU).build());
        long serverMac = FlueNode.mac(FlueNode.SERVER);
        FlueNode far = new FlueNode(wire.port(0, serverMac), FlueNode.SERVER, -1);
        FlueNode near =
                new FlueNode(wire.port(1, FlueNode.mac(FlueNode.CLIENT)), FlueNode.CLIENT, -1);
        Runnable turn =
                () -> {
                    near.turn();
                    far.turn();
                };
        try (FlueServer server = new FlueServer(far);
                FlueClient client = new FlueClient(near, turn)) {
            for (String name :
                    new String[] {"request-response", "echo-20", "messages-64", "stream-1m"}) {
                Workload workload = workload(name);
                int port = server.listen(workload);
                Outcome sent = client.run(workload, FlueNode.SERVER, port, NANOS);
                server.run(() -> true);
                same(sent, server.outcome(), workload);
            }
        }
        wire.close();
    }

    private static void same(Outcome sent, Outcome received, Workload workload) {
        assertThat(sent.operations()).isPositive();
        assertThat(sent.bytes()).isPositive().isEqualTo(received.bytes());
        assertThat(sent.sum()).isEqualTo(received.sum());
        // The clock ran from the first message to the end, also where events come between.
        assertThat(sent.nanos()).isGreaterThanOrEqualTo(NANOS);
        if (workload.kind() == Workload.Kind.ECHO) {
            assertThat(sent.p50()).isPositive();
        }
    }
}
