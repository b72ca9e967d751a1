// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import java.nio.ByteBuffer;

/** Sends a number of bytes, then FIN; checks what comes in. The byte at n is a function of n. */
final class PatternEnd implements ConnectionHandler {
    private long toSend;
    private final int salt;
    private final int peerSalt;
    private final ByteBuffer chunk = ByteBuffer.allocateDirect(16_384);
    OffloadConnection connection;
    long sent;
    long received;
    boolean ended;
    boolean wasOffloaded;
    String closed;
    private boolean shutDown;
    private boolean wrong;

    PatternEnd(long toSend, int salt, int peerSalt) {
        this.toSend = toSend;
        this.salt = salt;
        this.peerSalt = peerSalt;
    }

    static byte at(long position, int salt) {
        long mixed = (position + salt) * 0x9E3779B97F4A7C15L;
        return (byte) (mixed >>> 56);
    }

    /** No more than it has sent so far, and the end of the stream. */
    void stop() {
        toSend = sent;
        if (connection != null) {
            onWritable(connection);
        }
    }

    boolean done() {
        if (wrong) {
            throw new AssertionError("a byte before " + received + " is wrong");
        }
        if (closed != null && !closed.isEmpty()) {
            throw new AssertionError("closed: " + closed);
        }
        return ended && shutDown;
    }

    @Override
    public void onConnected(OffloadConnection newConnection) {
        connection = newConnection;
        onWritable(newConnection);
        onReadable(newConnection);
    }

    @Override
    public void onOffloadChanged(OffloadConnection changed) {
        wasOffloaded |= changed.offloaded();
    }

    @Override
    public void onWritable(OffloadConnection writable) {
        while (sent < toSend && !shutDown) {
            int length = (int) Math.min(Math.min(chunk.capacity(), toSend - sent), 1 + sent % 9973);
            chunk.clear();
            for (int i = 0; i < length; i++) {
                chunk.put(i, at(sent + i, salt));
            }
            chunk.limit(length);
            int taken = writable.send(chunk);
            sent += taken;
            if (taken < length) {
                return;
            }
        }
        if (!shutDown) {
            shutDown = true;
            writable.shutdownOutput();
        }
    }

    @Override
    public void onReadable(OffloadConnection readable) {
        while (readable.receive(this::check, Integer.MAX_VALUE) > 0) {
            // All there is.
        }
        ended |= readable.endOfStream();
    }

    private int check(ByteBuffer buffer, int offset, int length) {
        for (int i = 0; i < length; i++) {
            wrong |= buffer.get(offset + i) != at(received + i, peerSalt);
        }
        received += length;
        return length;
    }

    @Override
    public void onClosed(OffloadConnection gone, String cause) {
        closed = cause;
    }
}
