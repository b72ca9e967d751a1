// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionHandler;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;
import dev.flue.host.Listener;
import java.util.function.BooleanSupplier;

/** Flue by the burst API: what comes is read where it lies, an echo claimed and copied. */
final class FlueServer implements ServerEnd {
    private static final int FIRST_PORT = 7000;
    private static final int BACKLOG = 1024;
    private static final long END_NANOS = 2_000_000_000L;

    /** One connection. */
    private final class Peer implements ConnectionHandler {
        private final boolean echo = workload.kind() == Workload.Kind.ECHO;
        private final Words words = tally.connection();
        private final BurstHandler handler = this::take;
        private OffloadConnection connection;

        @Override
        public void onConnected(OffloadConnection value) {
            connection = value;
            open++;
        }

        @Override
        public void onReadable(OffloadConnection value) {
            value.poll(handler, Integer.MAX_VALUE);
            if (value.endOfStream()) {
                value.close();
            }
        }

        private void take(LoanedBuffer loan) {
            words.read(loan.buffer());
            if (echo) {
                if (!connection.tryClaim(loan.length(), claim)) {
                    throw new IllegalStateException("no room for an echo");
                }
                claim.buffer().put(loan.buffer());
                claim.commit();
            }
        }

        @Override
        public void onClosed(OffloadConnection value, String cause) {
            open--;
        }
    }

    private final FlueNode node;
    private final SendClaim claim = new SendClaim();
    private final Tally tally = new Tally();
    private Workload workload;
    private Listener listener;
    private int port = FIRST_PORT;
    private int open;

    FlueServer(FlueNode node) {
        this.node = node;
    }

    @Override
    public int listen(Workload next) {
        workload = next;
        tally.begin();
        listener = node.stack().listen(++port, BACKLOG, Peer::new);
        return port;
    }

    @Override
    public void run(BooleanSupplier stopped) {
        while (!stopped.getAsBoolean()) {
            node.turn();
        }
        listener.close();
        long end = System.nanoTime();
        while (open > 0 && System.nanoTime() - end < END_NANOS) {
            node.turn();
        }
    }

    @Override
    public Outcome outcome() {
        return tally.outcome(workload);
    }

    @Override
    public void close() {
        node.close();
    }
}
