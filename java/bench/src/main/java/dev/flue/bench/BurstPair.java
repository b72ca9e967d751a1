// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;

/**
 * Application to application: two host stacks over two engines on a wire without faults, drivers
 * between each stack and its engine, one offloaded connection, virtual time, one thread.
 */
final class BurstPair implements AutoCloseable {
    private static final int PORT = 7000;
    private static final int TURNS = 100_000;

    /** Sends by claims, keeps what it receives until its next turn. */
    private static final class End implements ConnectionHandler {
        final SendClaim claim = new SendClaim();
        final LoanedBuffer kept = new LoanedBuffer();
        final BurstHandler handler = this::take;
        OffloadConnection connection;
        long received;

        @Override
        public void onConnected(OffloadConnection value) {
            connection = value;
        }

        @Override
        public void onReadable(OffloadConnection value) {
            value.poll(handler, Integer.MAX_VALUE);
        }

        private void take(LoanedBuffer loan) {
            received += loan.length();
            if (kept.isOpen()) {
                kept.release();
            }
            loan.moveTo(kept);
        }
    }

    private final StackPair stacks;
    private final End client = new End();
    private final End server = new End();
    private final int burst;
    private final int bytes;

    /**
     * @param between drivers between each stack and its engine
     * @param burst claims in one turn
     * @param bytes of each
     */
    BurstPair(int between, int burst, int bytes) {
        this.burst = burst;
        this.bytes = bytes;
        stacks = new StackPair(between, 64);
        stacks.server().listen(PORT, 4, () -> server);
        stacks.client().connect(IpAddress.of("198.18.0.2"), PORT, client);
        for (int i = 0; !offloaded(client) || !offloaded(server); i++) {
            turn(i);
        }
    }

    private static boolean offloaded(End end) {
        return end.connection != null && end.connection.offloaded();
    }

    private void turn(int count) {
        if (count > TURNS) {
            throw new IllegalStateException(
                    "no end after " + TURNS + " turns: " + stacks.counters());
        }
        stacks.turn();
    }

    /** Claim, fill and commit one burst; returns when it was received and acknowledged. */
    long exchange() {
        long goal = server.received + (long) burst * bytes;
        int room = client.connection.sendRoom();
        for (int i = 0; i < burst; i++) {
            if (!client.connection.tryClaim(bytes, client.claim)) {
                throw new IllegalStateException("no room for a claim");
            }
            client.claim.buffer().putLong(goal);
            client.claim.commit();
        }
        for (int i = 0; server.received < goal || client.connection.sendRoom() < room; i++) {
            turn(i);
        }
        return server.received;
    }

    @Override
    public void close() {
        stacks.close();
    }
}
