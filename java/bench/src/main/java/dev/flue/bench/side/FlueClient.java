// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.data.BurstHandler;
import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.LoanedBuffer;
import dev.flue.data.OffloadConnection;
import dev.flue.data.SendClaim;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** The client beside {@link FlueServer}. Measures nothing before every connection is offloaded. */
final class FlueClient implements ClientEnd {
    /** Connections that are being opened at a time. */
    private static final int WAVE = 256;

    /** First requests of many connections, or large messages, between two turns. */
    private static final int MANY = 64;

    /** Bytes of small messages between two turns: as many as Netty has between two flushes. */
    private static final int BATCH_BYTES = NettyClient.BATCH_BYTES;

    private static final long LIMIT_NANOS = 30_000_000_000L;

    /** One connection. */
    private final class Peer implements ConnectionHandler {
        private final BurstHandler handler = this::take;
        private final int index;
        private final Echo echo;
        private OffloadConnection connection;
        private boolean connected;
        private boolean ended;
        private String closed;

        Peer(int index, Echo echo) {
            this.index = index;
            this.echo = echo;
        }

        @Override
        public void onConnected(OffloadConnection value) {
            connected = true;
        }

        @Override
        public void onReadable(OffloadConnection value) {
            value.poll(handler, Integer.MAX_VALUE);
            if (value.endOfStream()) {
                ended = true;
                value.close();
            }
        }

        private void take(LoanedBuffer loan) {
            if (echo.answer(index, loan.buffer()) && echo.goesOn()) {
                request();
            }
        }

        void request() {
            if (!connection.tryClaim(bytes, claim)) {
                throw new IllegalStateException("no room for a request");
            }
            echo.request(index, claim.buffer());
            claim.commit();
        }

        @Override
        public void onClosed(OffloadConnection value, String cause) {
            closed = cause;
        }
    }

    private final FlueNode node;
    private final Runnable turn;
    private final SendClaim claim = new SendClaim();
    private final ByteBuffer large = ByteBuffer.allocateDirect(1 << 20);
    private int bytes;

    /**
     * @param turn this end's, and the other's when they share a thread
     */
    FlueClient(FlueNode node, Runnable turn) {
        this.node = node;
        this.turn = turn;
    }

    @Override
    public Outcome run(Workload workload, String host, int port, long nanos) throws IOException {
        bytes = workload.bytes();
        Echo echo = new Echo(workload, nanos);
        List<Peer> peers = connect(workload.connections(), IpAddress.of(host), port, echo);
        try {
            if (workload.kind() == Workload.Kind.STREAM) {
                return stream(peers.get(0), nanos);
            }
            echo.begin();
            for (Peer peer : peers) {
                peer.request();
                // Now and then: what is asked goes out, and yet all have asked before many ask
                // again.
                if ((peer.index & MANY - 1) == MANY - 1) {
                    turn.run();
                }
            }
            until("every answer", () -> echo.outstanding() == 0);
            return echo.outcome();
        } finally {
            for (Peer peer : peers) {
                if (peer.closed == null && !peer.ended) {
                    peer.connection.abort();
                }
            }
            until("the end of every connection", () -> node.stack().connectionCount() == 0);
        }
    }

    private List<Peer> connect(int count, IpAddress address, int port, Echo echo)
            throws IOException {
        List<Peer> peers = new ArrayList<>();
        while (peers.size() < count) {
            int from = peers.size();
            for (int i = from; i < Math.min(count, from + WAVE); i++) {
                Peer peer = new Peer(i, echo);
                peer.connection = node.stack().connect(address, port, peer);
                peers.add(peer);
            }
            until("connections", () -> ready(peers, from));
        }
        return peers;
    }

    /** Without garbage: it is asked in each turn, and a collection copies all that is open. */
    private static boolean ready(List<Peer> peers, int from) {
        for (int i = from; i < peers.size(); i++) {
            if (!ready(peers.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean ready(Peer peer) {
        if (peer.closed != null) {
            throw new IllegalStateException("no connection: " + peer.closed);
        }
        return peer.connected && peer.connection.offloaded();
    }

    private Outcome stream(Peer peer, long nanos) throws IOException {
        Words words = new Words();
        OffloadConnection connection = peer.connection;
        boolean claims = bytes <= connection.maxClaim();
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos && peer.closed == null) {
            if (claims) {
                messages(connection, words);
            } else {
                send(peer, words);
            }
        }
        if (peer.closed == null) {
            connection.shutdownOutput();
        }
        until("the end of the stream", () -> peer.ended || peer.closed != null);
        long took = System.nanoTime() - start;
        return new Outcome(words.bytes() / bytes, took, words.bytes(), words.sum(), 0, 0);
    }

    /** As many as there is room for, but no more than go out at a time; then they go. */
    private void messages(OffloadConnection connection, Words words) {
        int most = Math.max(MANY, BATCH_BYTES / bytes);
        for (int i = 0; i < most && connection.tryClaim(bytes, claim); i++) {
            words.write(claim.buffer(), bytes);
            claim.commit();
        }
        turn.run();
    }

    /** More than one claim can have: a write that is taken in pieces. */
    private void send(Peer peer, Words words) throws IOException {
        words.write(large.clear(), bytes);
        large.flip();
        until(
                "room for a write",
                () -> {
                    if (peer.closed == null) {
                        peer.connection.send(large);
                    }
                    return !large.hasRemaining() || peer.closed != null;
                });
    }

    private void until(String what, BooleanSupplier condition) throws IOException {
        long start = System.nanoTime();
        int turns = 0;
        while (!condition.getAsBoolean()) {
            turn.run();
            if ((++turns & 0xffff) == 0 && System.nanoTime() - start > LIMIT_NANOS) {
                throw new IOException("in vain waited for " + what + "; " + node);
            }
        }
    }

    @Override
    public void close() {
        node.close();
    }
}
