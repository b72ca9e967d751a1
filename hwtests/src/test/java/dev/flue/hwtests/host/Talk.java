// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.host;

import dev.flue.data.ConnectionHandler;
import dev.flue.data.OffloadConnection;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * One connection: hands it over and back as it moves bytes, when that is asked for, and leaves what
 * is said to subclasses.
 */
abstract class Talk implements ConnectionHandler {
    private final long moveEvery;
    private long sinceMove;
    private boolean offloadAgain;

    /**
     * @param moveEvery take it back, and offload it again, after so many bytes; 0 = never
     */
    Talk(long moveEvery) {
        this.moveEvery = moveEvery;
    }

    /** As far as it goes now: read, write, end. */
    abstract void advance(OffloadConnection connection);

    @Override
    public void onConnected(OffloadConnection connection) {
        advance(connection);
    }

    @Override
    public final void onReadable(OffloadConnection connection) {
        advance(connection);
    }

    @Override
    public final void onWritable(OffloadConnection connection) {
        advance(connection);
    }

    @Override
    public final void onOffloadChanged(OffloadConnection connection) {
        if (!connection.offloaded() && offloadAgain) {
            offloadAgain = false;
            connection.offload();
        }
    }

    /** Bytes went through, in any direction. */
    final void moved(OffloadConnection connection, int bytes) {
        sinceMove += bytes;
        if (moveEvery > 0 && sinceMove >= moveEvery && !offloadAgain && connection.offloaded()) {
            sinceMove = 0;
            move(connection);
        }
    }

    /** To the other TCP; a subclass may have another way to go. */
    void move(OffloadConnection connection) {
        offloadAgain = true;
        HostProgram.countMove();
        connection.upload();
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** The {@code length} bytes at {@code offset}. */
    static ByteBuffer piece(ByteBuffer buffer, int offset, int length) {
        return buffer.duplicate().limit(offset + length).position(offset);
    }
}
