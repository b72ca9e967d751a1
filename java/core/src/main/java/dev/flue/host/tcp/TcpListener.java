// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionHandler;
import java.util.function.Supplier;

/** A port that takes connections. */
public final class TcpListener {
    private final TcpLayer layer;
    private final int port;
    private final int backlog;
    private final Supplier<ConnectionHandler> handlers;
    private int opening;
    private boolean open = true;

    TcpListener(TcpLayer layer, int port, int backlog, Supplier<ConnectionHandler> handlers) {
        this.layer = layer;
        this.port = port;
        this.backlog = backlog;
        this.handlers = handlers;
    }

    public int port() {
        return port;
    }

    /** Take no more connections; those accepted live on, half-open ones end. Idempotent. */
    public void close() {
        if (open) {
            open = false;
            layer.closed(this);
        }
    }

    boolean full() {
        return opening >= backlog;
    }

    void opening(int change) {
        opening += change;
    }

    ConnectionHandler newHandler() {
        return handlers.get();
    }
}
