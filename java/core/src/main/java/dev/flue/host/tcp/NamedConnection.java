// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;

/** What a connection is known by: its ends, and what the application has attached to it. */
abstract class NamedConnection extends ConnectionFront {
    final IpAddress localAddress;
    final IpAddress remoteAddress;
    final int localPort;
    final int remotePort;
    private Object attachment;

    NamedConnection(
            TcpLayer layer,
            IpAddress localAddress,
            int localPort,
            IpAddress remoteAddress,
            int remotePort) {
        super(layer);
        this.localAddress = localAddress;
        this.localPort = localPort;
        this.remoteAddress = remoteAddress;
        this.remotePort = remotePort;
    }

    @Override
    public final IpAddress localAddress() {
        return localAddress;
    }

    @Override
    public final int localPort() {
        return localPort;
    }

    @Override
    public final IpAddress remoteAddress() {
        return remoteAddress;
    }

    @Override
    public final int remotePort() {
        return remotePort;
    }

    @Override
    public final Object attachment() {
        return attachment;
    }

    @Override
    public final void attachment(Object value) {
        attachment = value;
    }

    @Override
    public final String toString() {
        String local = localAddress + ":" + localPort;
        return local + " - " + remoteAddress + ":" + remotePort + " " + state();
    }
}
