// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;

/** What TCP asks of the offload side. Calls come on the stack's thread. */
public interface Chimney {
    /** A connection was established; policy decides whether to offload it. */
    void established(TcpConnection connection);

    /** The application wants it offloaded. */
    void offload(TcpConnection connection);

    /** The application wants it back. */
    void upload(TcpConnection connection);

    /** As many bytes moved as its policy waits for. */
    void reconsider(TcpConnection connection);

    /**
     * Options of a connection that is not here changed.
     *
     * @param flags TcpCached.FLAG_* that say which
     */
    void optionsChanged(TcpConnection connection, int flags);

    /** Data, or the end of it, waits in the send queue of a connection that is not here. */
    void flush(TcpConnection connection);

    /** The application took received data of a connection that is not here. */
    void consumed(TcpConnection connection);

    /**
     * A segment came here for a connection that is not here. Its checksum is right.
     *
     * @param marked IP said that it met congestion (RFC 3168)
     */
    void segment(TcpConnection connection, ByteBuffer buffer, int at, int length, boolean marked);

    /** The application aborted a connection that is not here. */
    void abort(TcpConnection connection);

    /** A connection that only waited for its offload is gone. */
    void cancelled(TcpConnection connection);

    /** Received data is used up. */
    void giveBack(long netBufferList);

    /** A path now takes no packets above this size. */
    void pathMtu(IpAddress destination, int mtu);
}
