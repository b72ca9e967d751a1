// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.http;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.SendClaim;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Serves one directory to any number of connections, from the thread that turns the stack. Nothing
 * waits for a connection: each sends what it has room for and goes on when there is more. A read
 * from a disk that is slow does hold up the others.
 */
public final class HttpServer {
    /** A connection without a request is closed after this time. */
    static final long IDLE_NANOS = 75_000_000_000L;

    private static final long SWEEP_NANOS = 1_000_000_000L;

    private final FileResponder responder;
    private final InstantSource clock;
    private final long handOverBytes;
    private final SendClaim claim = new SendClaim();
    private final Set<HttpConnection> connections = new LinkedHashSet<>();
    private long nextSweep = Long.MIN_VALUE;
    private long now;
    private long requests;
    private long bytesSent;
    private long handOvers;

    /**
     * @param handOverBytes take a connection back from the target, and offload it again, each time
     *     it sent so many bytes; 0 = never
     * @throws IOException when {@code directory} cannot be served
     */
    public HttpServer(Path directory, InstantSource clock, long handOverBytes) throws IOException {
        this.responder = new FileResponder(new DocumentRoot(directory));
        this.clock = clock;
        this.handOverBytes = handOverBytes;
    }

    /** The handler of one new connection. */
    public ConnectionHandler newConnection() {
        HttpConnection connection = new HttpConnection(this);
        connections.add(connection);
        return connection;
    }

    /** Closes connections that ask for nothing. Once a turn; returns how much was done. */
    public int doWork(long nowNanos) {
        now = nowNanos;
        if (nextSweep != Long.MIN_VALUE && nowNanos < nextSweep) {
            return 0;
        }
        nextSweep = nowNanos + SWEEP_NANOS;
        int closed = 0;
        List<HttpConnection> all = new ArrayList<>(connections);
        for (HttpConnection connection : all) {
            if (connection.closeIfIdleSince(nowNanos - IDLE_NANOS)) {
                closed++;
            }
        }
        return closed;
    }

    public int connectionCount() {
        return connections.size();
    }

    public long requests() {
        return requests;
    }

    public long bytesSent() {
        return bytesSent;
    }

    /** Uploads asked for by {@code handOverBytes}. */
    public long handOvers() {
        return handOvers;
    }

    FileResponder responder() {
        return responder;
    }

    InstantSource clock() {
        return clock;
    }

    long handOverBytes() {
        return handOverBytes;
    }

    /** Of the last turn. */
    long now() {
        return now;
    }

    /** Shared by all connections: open only during one call. */
    SendClaim claim() {
        return claim;
    }

    void countRequest() {
        requests++;
    }

    void countSent(int bytes) {
        bytesSent += bytes;
    }

    void countHandOver() {
        handOvers++;
    }

    void closed(HttpConnection connection) {
        connections.remove(connection);
    }
}
