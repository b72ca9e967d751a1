// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import java.util.function.Supplier;

/** A port that takes connections, of one of our addresses or of all. */
public final class TcpListener {
    private final TcpLayer layer;
    private final IpAddress address;
    private final int port;
    private final int backlog;
    private final Supplier<ConnectionHandler> handlers;
    private int opening;

    /** When the last of its cookies is too old; none was sent yet at first. */
    long cookiesUntil = Long.MIN_VALUE;

    private boolean open = true;

    TcpListener(
            TcpLayer layer,
            IpAddress address,
            int port,
            int backlog,
            Supplier<ConnectionHandler> handlers) {
        this.layer = layer;
        this.address = address;
        this.port = port;
        this.backlog = backlog;
        this.handlers = handlers;
    }

    /** Whether it takes connections to one of our addresses. */
    boolean takes(IpAddress local) {
        return address == null || address.equals(local);
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
