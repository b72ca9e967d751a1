// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpState;
import java.nio.ByteBuffer;

/**
 * Urgent data of a connection (RFC 9293, 3.8.5): where it ends in either direction. The data itself
 * goes the way of all data. Ends are places in the streams, counted as {@code bytesOut} and {@code
 * bytesIn} are: sequence numbers of either side may wrap over data that nobody read.
 */
final class UrgentData {
    private static final int MAX_POINTER = 0xffff;

    private final TcpConnection connection;

    /** End of the urgent data we send (SND.UP); 0 = none. */
    private long sendEnd;

    /** End of the urgent data that came (RCV.UP); 0 = none. */
    private long receiveEnd;

    UrgentData(TcpConnection connection) {
        this.connection = connection;
    }

    /** Everything up to the end of these bytes is urgent. A target cannot send that. */
    int send(ByteBuffer source) {
        if (!connection.onHost()) {
            connection.sending.awaitReturn();
            connection.layer.chimney().upload(connection);
            return 0;
        }
        int taken = connection.sending.send(source);
        if (taken > 0) {
            sendEnd = connection.bytesOut + connection.sendQueue.bytes();
            // The peer hears of it also when its window is closed (RFC 9293, 3.8.6.1).
            connection.ackPending = connection.state.code() >= TcpState.ESTABLISHED.code();
        }
        return taken;
    }

    /**
     * The urgent pointer of a segment: how far behind its first byte the urgent data ends
     * (MUST-62).
     *
     * @return 0 = the segment is not urgent
     */
    int pointer(int sequence) {
        if (sendEnd <= connection.bytesOut) {
            return 0;
        }
        int before = Seq.distance(connection.snd.una, sequence);
        long left = sendEnd - connection.bytesOut - before;
        return (int) Math.max(0, Math.min(left, MAX_POINTER));
    }

    /** Urgent data of ours that is not acknowledged, or of the peer's that is not read. */
    boolean underWay() {
        return sendEnd > connection.bytesOut || left() > 0;
    }

    /** A segment says that urgent data ends here; told when that is ahead of what was known. */
    void received(int end) {
        if (connection.finReceived || connection.discards()) {
            return;
        }
        long place = connection.bytesIn + Seq.distance(connection.rcv.nxt, end);
        if (place > read() && (left() == 0 || place > receiveEnd)) {
            receiveEnd = place;
            connection.layer.raise(connection, TcpConnection.EVENT_URGENT);
        }
    }

    /** Bytes from the next one to be read to the end of the urgent data; 0 = none is ahead. */
    int left() {
        return (int) Math.max(0, Math.min(receiveEnd - read(), Integer.MAX_VALUE));
    }

    /** Bytes that the application has taken. */
    private long read() {
        return connection.bytesIn - connection.receiveQueue.bytes();
    }
}
