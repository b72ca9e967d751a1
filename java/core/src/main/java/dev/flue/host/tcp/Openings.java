// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.IpAddress;
import dev.flue.data.OpenOptions;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.ip.SourceRoute;
import dev.flue.host.link.LongTable;
import dev.flue.offload.TcpState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Passive and active opens (RFC 9293, 3.9.1.1): who listens where, and from where we connect. */
final class Openings {
    /** The source of a connection that never gets out. */
    private static final IpAddress NO_IPV4 = IpAddress.ofIpv4(0);

    private static final IpAddress NO_IPV6 = IpAddress.of(0, 0);

    private final TcpLayer layer;
    private final ConnectionTable table;
    private final IpLayer ip;
    private final Secrets secrets;
    private final LongTable<TcpListener> listeners = new LongTable<>();

    Openings(TcpLayer layer, ConnectionTable table, IpLayer ip, Secrets secrets) {
        this.layer = layer;
        this.table = table;
        this.ip = ip;
        this.secrets = secrets;
    }

    /**
     * Take connections on a port. Connections that have the port already are not touched, in
     * whatever state they are (MUST-41, MUST-42).
     *
     * @param address one of ours; null = all of them
     */
    TcpListener listen(
            IpAddress address, int port, int backlog, Supplier<ConnectionHandler> handlers) {
        if (port < 1 || port > 0xffff || backlog < 1) {
            throw new IllegalArgumentException("port " + port + ", backlog " + backlog);
        }
        if (address != null) {
            checkOurs(address);
        }
        if (listeners.get(port) != null) {
            throw new IllegalStateException("port " + port + " is taken");
        }
        TcpListener listener = new TcpListener(layer, address, port, backlog, handlers);
        listeners.put(port, listener);
        return listener;
    }

    /** Who takes connections to an address and a port, or null. */
    TcpListener listener(IpAddress address, int port) {
        TcpListener listener = listeners.get(port);
        return listener != null && listener.takes(address) ? listener : null;
    }

    /** Whether there is such a connection, or somebody who takes connections there. */
    boolean claims(IpAddress local, int localPort, long remoteHi, long remoteLo, int remotePort) {
        return listener(local, localPort) != null
                || table.get(remoteHi, remoteLo, remotePort, local, localPort) != null;
    }

    /** Nobody takes connections there any more; those half open end in silence. */
    void closed(TcpListener listener) {
        listeners.remove(listener.port());
        List<TcpConnection> halfOpen = new ArrayList<>();
        table.forEach(
                each -> {
                    if (each.listener == listener && each.state == TcpState.SYN_RCVD) {
                        halfOpen.add(each);
                    }
                });
        halfOpen.forEach(each -> each.finish(""));
    }

    /** Open a connection; its SYN goes out in the next flush. */
    TcpConnection connect(
            IpAddress address, int port, ConnectionHandler handler, OpenOptions options) {
        int most = layer.settings().maxConnections();
        if (layer.connectionCount() >= most) {
            throw new IllegalStateException("all " + most + " connections are in use");
        }
        List<IpAddress> hops = options.sourceRoute();
        SourceRoute route = hops.isEmpty() ? null : SourceRoute.loose(hops, address);
        IpAddress source = source(address, options.localAddress());
        int local = options.localPort();
        if (local == 0) {
            local = freePort(source, address, port);
        } else if (table.get(address, port, source, local) != null) {
            throw new IllegalStateException(
                    "there is a connection from port " + local + " to this peer");
        }
        TcpConnection connection = new TcpConnection(layer, null, source, local, address, port);
        connection.handler = handler;
        connection.activeOpen = true;
        connection.route = route;
        connection.routeNamed = route != null;
        connection.needsIpOptions = route != null;
        layer.add(connection);
        layer.markDirty(connection);
        layer.counters().activeOpens++;
        return connection;
    }

    /** MUST-43, MUST-44: the address that was named, or the one that IP says. */
    private IpAddress source(IpAddress address, IpAddress named) {
        if (named != null) {
            checkOurs(named);
            if (named.isIpv4() != address.isIpv4()) {
                throw new IllegalArgumentException(
                        named + " and " + address + " do not go together");
            }
            return named;
        }
        IpAddress source = ip.routes().source(address);
        if (source == null) {
            source = address.isIpv4() ? NO_IPV4 : NO_IPV6;
        }
        return source;
    }

    private void checkOurs(IpAddress address) {
        if (ip.routes().ours(address.hi(), address.lo()) == null) {
            throw new IllegalArgumentException(address + " is none of our addresses");
        }
    }

    private int freePort(IpAddress source, IpAddress address, int port) {
        for (int tries = secrets.portRange(); tries > 0; tries--) {
            int local = secrets.port(source, address, port);
            if (listeners.get(local) == null && table.get(address, port, source, local) == null) {
                return local;
            }
        }
        throw new IllegalStateException("no port is left for connections to this peer");
    }
}
