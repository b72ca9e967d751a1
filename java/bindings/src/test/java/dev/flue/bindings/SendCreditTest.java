// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.testkit.Rule;
import dev.flue.testkit.conformance.ConformanceRun;
import dev.flue.testkit.conformance.NetworkConfig;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** More sends that no peer acknowledges than the up-ring has entries. */
@RequiresFlue
class SendCreditTest {
    private static final int PORT = 80;
    private static final int SILENT = 48;
    private static final int BYTES = 64;
    private static final long SOON_NANOS = 10_000_000;

    /** Counts what comes. */
    private static final class End implements ConnectionHandler {
        OffloadConnection connection;
        long received;

        @Override
        public void onConnected(OffloadConnection value) {
            connection = value;
        }

        @Override
        public void onReadable(OffloadConnection value) {
            value.receive(
                    (buffer, offset, length) -> {
                        received += length;
                        return length;
                    },
                    Integer.MAX_VALUE);
        }

        void send() {
            assertThat(connection.send(ByteBuffer.allocate(BYTES))).isEqualTo(BYTES);
        }
    }

    private final List<End> clients = new ArrayList<>();
    private final List<End> servers = new ArrayList<>();

    private End accept() {
        End end = new End();
        servers.add(end);
        return end;
    }

    private void connect(ConformanceRun run, NetworkConfig config) {
        run.network().stack(1).listen(PORT, SILENT + 1, this::accept);
        for (int i = 0; i <= SILENT; i++) {
            End client = new End();
            clients.add(client);
            run.network().stack(0).connect(config.address(1), PORT, client);
        }
        run.until(
                "all are offloaded",
                () ->
                        clients.stream().allMatch(c -> c.connection != null)
                                && run.network().stack(0).offloadedCount() == clients.size()
                                && run.network().stack(1).offloadedCount() == clients.size());
    }

    @Test
    @Rule("T-82")
    void peersThatSayNothingKeepNobodyElseFromSending() {
        NetworkConfig config = NetworkConfig.simple(11);
        try (ConformanceRun run =
                new ConformanceRun(
                        each -> new NativeNetwork(each, engine -> engine.upCapacity(64)), config)) {
            connect(run, config);
            run.network().setDrop(1_000_000);
            clients.subList(0, SILENT).forEach(End::send);
            long begin = run.simulation().now();
            NativeOffloadTarget target = ((NativeNetwork) run.network()).target(0);
            run.until(
                    "all of it is the engine's",
                    () ->
                            target.held(EngineResource.SEND_PIECES) == SILENT
                                    && target.submissionsWaiting() == 0);
            run.network().setDrop(0);
            clients.get(SILENT).send();
            run.until("what the last one sent came", () -> received() >= BYTES);
            assertThat(run.simulation().now() - begin).isLessThan(SOON_NANOS);
            run.until("everything came", () -> received() == (SILENT + 1L) * BYTES);
            clients.forEach(c -> c.connection.shutdownOutput());
            servers.forEach(s -> s.connection.shutdownOutput());
            run.finish();
        }
    }

    private long received() {
        return servers.stream().mapToLong(s -> s.received).sum();
    }
}
