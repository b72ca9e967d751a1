// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.ConnectionProblem;
import dev.flue.data.OffloadConnection;
import dev.flue.host.UserHostStack;
import dev.flue.host.chimney.OffloadParameters;
import dev.flue.testkit.Rule;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What an application sees of the edges of TCP while the engine has its connection. */
@RequiresFlue
class EngineEdgeTest {
    private static final int PORT = 80;

    /** Reads what it is told to, and keeps what it hears. */
    private static final class End implements ConnectionHandler {
        OffloadConnection connection;
        boolean reads = true;
        String closed;
        final ByteArrayOutputStream received = new ByteArrayOutputStream();
        final List<Integer> urgent = new ArrayList<>();
        final List<ConnectionProblem> problems = new ArrayList<>();

        @Override
        public void onConnected(OffloadConnection value) {
            connection = value;
        }

        @Override
        public void onReadable(OffloadConnection value) {
            if (reads) {
                read();
            }
        }

        void read() {
            connection.receive(
                    (buffer, offset, length) -> {
                        for (int i = 0; i < length; i++) {
                            received.write(buffer.get(offset + i));
                        }
                        return length;
                    },
                    Integer.MAX_VALUE);
        }

        @Override
        public void onUrgent(OffloadConnection value) {
            urgent.add(value.urgent());
        }

        @Override
        public void onProblem(OffloadConnection value, ConnectionProblem problem) {
            problems.add(problem);
        }

        @Override
        public void onClosed(OffloadConnection value, String cause) {
            closed = cause;
        }

        boolean offloaded() {
            return connection != null && connection.offloaded();
        }
    }

    private final End client = new End();
    private final End server = new End();

    /** Both ends of a connection, each in the engine of its host. */
    private void connect(ConformanceRun run, NetworkConfig config) {
        run.network().stack(1).listen(PORT, 4, () -> server);
        run.network().stack(0).connect(config.address(1), PORT, client);
        run.until("both are offloaded", () -> client.offloaded() && server.offloaded());
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    @Test
    @Rule({"9293/MUST-30", "9293/MUST-31", "9293/MUST-32", "9293/MUST-33", "9293/MUST-62", "T-116"})
    void urgentDataComesUpWithItsNoticeAndItsAmountAndNothingOfTheStreamIsLost() {
        NetworkConfig config = NetworkConfig.simple(7);
        try (ConformanceRun run = new ConformanceRun(NativeNetwork::new, config)) {
            connect(run, config);
            server.reads = false;
            byte[] first = bytes(5_000);
            assertThat(client.connection.send(ByteBuffer.wrap(first))).isEqualTo(first.length);
            run.until("it came", () -> server.connection.available() == first.length);
            assertThat(server.offloaded()).isTrue();
            byte[] urgent = bytes(100_000);
            ByteBuffer left = ByteBuffer.wrap(urgent);
            run.until(
                    "the sender is back, and took it",
                    () -> client.connection.sendUrgent(left) >= 0 && !left.hasRemaining());
            run.until("the receiver is back", () -> !server.offloaded());
            assertThat(server.connection.offloadCause()).contains("URGENT");
            run.until("it is told of", () -> !server.urgent.isEmpty());
            assertThat(server.urgent.get(0))
                    .as("from the next byte to be read to its end")
                    .isBetween(first.length + 1, first.length + urgent.length);
            int all = first.length + urgent.length;
            run.until("everything came", () -> server.connection.available() == all);
            assertThat(server.connection.urgent()).isEqualTo(all);
            server.read();
            assertThat(server.connection.urgent()).isZero();
            byte[] received = server.received.toByteArray();
            assertThat(received).startsWith(first).endsWith(urgent);
            client.connection.shutdownOutput();
            server.connection.shutdownOutput();
            run.finish();
        }
    }

    @Test
    @Rule("9293/SHLD-3")
    void dataThatACloseThrowsAwayIsToldOfByAReset() {
        NetworkConfig config = NetworkConfig.simple(8);
        try (ConformanceRun run = new ConformanceRun(NativeNetwork::new, config)) {
            connect(run, config);
            byte[] last = bytes(50_000);
            assertThat(client.connection.send(ByteBuffer.wrap(last))).isEqualTo(last.length);
            client.connection.close();
            run.until("all of it came", () -> server.received.size() == last.length);
            assertThat(server.closed).isNull();
            server.connection.send(ByteBuffer.wrap(bytes(1000)));
            run.until("the peer knows", () -> server.closed != null);
            assertThat(server.closed).isEqualTo("connection reset by peer");
            run.until("it is over", () -> client.closed != null);
            assertThat(client.closed).isEmpty();
            assertThat(server.received.toByteArray()).isEqualTo(last);
            run.finish();
        }
    }

    @Test
    @Rule({"9293/MUST-20", "9293/SHLD-9", "9293/SHLD-10", "9293/MUST-47"})
    void anEngineThatHearsNothingGivesTheConnectionBackAndTheApplicationIsTold() {
        NetworkConfig config = NetworkConfig.simple(9);
        OffloadParameters three = new OffloadParameters(2, 40, 15, 3, 200, 3, 500, 30_000);
        try (ConformanceRun run =
                new ConformanceRun(
                        each ->
                                new NativeNetwork(
                                        each,
                                        UnaryOperator.identity(),
                                        stack -> stack.offloadParameters(three)),
                        config)) {
            connect(run, config);
            run.network().setDrop(1_000_000);
            client.connection.send(ByteBuffer.wrap(bytes(100)));
            run.until("it is back", () -> !client.offloaded());
            run.until("the application is told", () -> !client.problems.isEmpty());
            assertThat(client.problems).containsExactly(ConnectionProblem.NO_ACKNOWLEDGMENT);
            assertThat(client.closed).isNull();
            UserHostStack stack = run.network().stack(0);
            run.until("the host gives it up", () -> client.closed != null);
            assertThat(client.closed).isEqualTo("timed out");
            assertThat(stack.connectionCount()).isZero();
            run.network().setDrop(0);
            server.connection.abort();
            run.finish();
        }
    }
}
