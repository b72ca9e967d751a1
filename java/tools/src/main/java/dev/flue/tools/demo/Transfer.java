// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.data.IpAddress;
import dev.flue.host.Listener;
import dev.flue.host.UserHostStack;
import dev.flue.tools.output.Progress;
import dev.flue.tools.run.DutyCycle;
import dev.flue.tools.run.ToolException;
import dev.flue.tools.run.Turn;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** One connection between two stacks that carries content both ways at once. */
final class Transfer {
    private static final long CONNECT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Peer client;
    private final Peer server;
    private final List<Turn> parts;
    private final BooleanSupplier stop;
    private final List<Turn> besides = new ArrayList<>();
    private long lastProgress;
    private long lastBytes;

    /**
     * Connects to the server's address, and waits until both ends are offloaded when {@code
     * offload}.
     */
    Transfer(
            Stage stage,
            IpAddress address,
            int port,
            Content up,
            Content down,
            BooleanSupplier stop) {
        this.parts = stage.parts();
        this.stop = stop;
        client = new Peer(up, down.size());
        server = new Peer(down, up.size());
        UserHostStack serverStack = stage.server();
        Listener listener = serverStack.listen(port, 1, () -> server);
        stage.client().connect(address, port, client);
        runUntil(
                () -> client.connected() && server.connected() || client.closed(),
                "the connection was not established");
        listener.close();
        if (client.closed()) {
            throw new ToolException("the connection was refused: " + client.cause());
        }
        if (stage.offloads()) {
            runUntil(
                    () -> client.offloaded() && server.offloaded(),
                    "a connection was not offloaded");
        }
    }

    Peer client() {
        return client;
    }

    Peer server() {
        return server;
    }

    /** Give this its turns while it carries. */
    void meanwhile(Turn turn) {
        besides.add(turn);
    }

    /** Carries everything; returns the time it took. */
    long carry(String label, long total) {
        long start = System.nanoTime();
        lastProgress = start;
        client.start();
        server.start();
        try (Progress progress = Progress.onStandardError(label, total)) {
            new DutyCycle(withProgress(progress)).runUntil(this::ended);
        }
        check(client.complete() && server.complete(), "the transfer ended early");
        return System.nanoTime() - start;
    }

    /** Ends it in order, from both sides. */
    void close() {
        client.shutdownOutput();
        server.shutdownOutput();
        runUntil(() -> client.closed() && server.closed(), "the connection did not close");
    }

    /** Compares both directions; returns the hashes, up and down, or says which differs. */
    List<String> verify() {
        return List.of(
                same("client to server", client.sentDigest(), server.receivedDigest()),
                same("server to client", server.sentDigest(), client.receivedDigest()));
    }

    private static String same(String direction, byte[] sent, byte[] received) {
        if (!Peer.equal(sent, received)) {
            throw new ToolException("bytes differ, " + direction);
        }
        return HexFormat.of().formatHex(sent);
    }

    private List<Turn> withProgress(Progress progress) {
        List<Turn> all = new ArrayList<>(parts);
        all.addAll(besides);
        all.add(
                now -> {
                    long bytes = client.received() + server.received();
                    if (bytes != lastBytes) {
                        lastBytes = bytes;
                        lastProgress = now;
                    }
                    progress.update(bytes, now);
                    return 0;
                });
        return all;
    }

    private boolean ended() {
        boolean stalled = System.nanoTime() - lastProgress > STALL_NANOS;
        check(!stalled, "nothing moved for 30 s");
        return client.complete() && server.complete() && client.settled() && server.settled()
                || client.closed()
                || server.closed()
                || stop.getAsBoolean();
    }

    private void runUntil(BooleanSupplier done, String otherwise) {
        boolean reached =
                new DutyCycle(parts)
                        .runUntil(() -> done.getAsBoolean() || stop.getAsBoolean(), CONNECT_NANOS);
        check(reached, otherwise);
    }

    private void check(boolean condition, String otherwise) {
        if (stop.getAsBoolean()) {
            throw new ToolException("stopped");
        }
        if (!condition) {
            throw new ToolException(otherwise + reasons());
        }
    }

    private String reasons() {
        String ofClient = client.cause();
        String ofServer = server.cause();
        return (ofClient.isEmpty() ? "" : "; client: " + ofClient)
                + (ofServer.isEmpty() ? "" : "; server: " + ofServer);
    }
}
