// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import dev.flue.data.ReceiveHandler;
import java.nio.ByteBuffer;

/**
 * Sends a piece whenever it is told to and there is room, takes whatever comes; allocates nothing.
 */
final class Streamer implements ConnectionHandler {
    private final ReceiveHandler taking = (buffer, offset, length) -> length;
    private final ByteBuffer data;
    private OffloadConnection connection;
    long received;

    Streamer(int bytes) {
        data = ByteBuffer.allocateDirect(bytes);
    }

    @Override
    public void onConnected(OffloadConnection newConnection) {
        connection = newConnection;
    }

    @Override
    public void onReadable(OffloadConnection readable) {
        received += readable.receive(taking, Integer.MAX_VALUE);
    }

    void send() {
        if (connection != null && connection.sendRoom() > 0) {
            data.clear();
            connection.send(data);
        }
    }

    boolean offloaded() {
        return connection != null && connection.offloaded();
    }
}
