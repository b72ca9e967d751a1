// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.testkit.Simulation;
import java.nio.ByteBuffer;

/**
 * How fast one connection sends for ever over a lossy link in virtual time: bytes that arrive, and
 * nothing else is looked at. Deterministic.
 */
public final class Goodput {
    private static final int PORT = 7_000;
    private static final int CHUNK = 65_536;
    private static final long TIME_LIMIT = 100 * 3_600_000_000_000L;

    /** Sends as much as there is room for. */
    private static final class Source implements ConnectionHandler {
        private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);
        private OffloadConnection connection;

        @Override
        public void onConnected(OffloadConnection newConnection) {
            connection = newConnection;
            connection.options().noDelay(true);
            onWritable(connection);
        }

        @Override
        public void onWritable(OffloadConnection ready) {
            int taken;
            do {
                taken = ready.send(chunk.clear());
            } while (taken == CHUNK);
        }
    }

    /** Takes everything. */
    private static final class Sink implements ConnectionHandler {
        private long received;

        @Override
        public void onReadable(OffloadConnection ready) {
            int taken;
            do {
                taken = ready.receive((buffer, offset, length) -> length, Integer.MAX_VALUE);
                received += taken;
            } while (taken > 0);
        }
    }

    private Goodput() {}

    /**
     * Bytes a second that arrive at the second host.
     *
     * @param plan hosts and links; the rest of it is not used
     * @param warmBytes what arrives before the measurement
     * @param bytes what is measured
     */
    public static double measure(
            SimNetwork.Factory factory, SimPlan plan, long warmBytes, long bytes) {
        SimNetwork network = factory.create(plan, null);
        Source source = new Source();
        Sink sink = new Sink();
        Simulation simulation =
                new Simulation(0).timeLimit(TIME_LIMIT).stepLimit(Long.MAX_VALUE / 2);
        simulation.wire(network::nextEvent, network::traceHash);
        for (int host = 0; host < 2; host++) {
            var stack = network.stack(host);
            simulation.add("stack " + host, stack::doWork, stack::nextDeadline);
            network.setFaults(host, 1 - host, plan.links().get(host));
            stack.neighbor(JavaSimNetwork.address(plan, 1 - host), JavaSimNetwork.mac(1 - host));
        }
        network.stack(1).listen(PORT, 1, () -> sink);
        network.stack(0).connect(JavaSimNetwork.address(plan, 1), PORT, source);
        simulation.until("it is warm", () -> sink.received >= warmBytes);
        long start = simulation.now();
        long before = sink.received;
        simulation.until("all arrived", () -> sink.received >= before + bytes);
        double seconds = (simulation.now() - start) / 1e9;
        double rate = (sink.received - before) / seconds;
        source.connection.abort();
        network.stack(0).close();
        network.stack(1).close();
        network.close();
        return rate;
    }
}
