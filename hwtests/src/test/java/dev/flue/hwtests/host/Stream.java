// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.host;

import dev.flue.data.OffloadConnection;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Random;

/** Bytes to send that do not repeat: a random block in which a counter changes. */
final class Stream {
    private static final int BLOCK = 1 << 16;
    private static final int STEP = 4096;

    private final MessageDigest digest = Talk.sha256();
    private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
    private long left;
    private long counter;

    Stream(long bytes) {
        left = bytes;
        byte[] random = new byte[BLOCK];
        new Random(bytes).nextBytes(random);
        block.put(random).limit(0).position(0);
    }

    boolean done() {
        return left == 0 && !block.hasRemaining();
    }

    /** SHA-256 of all of it, in hex. Once, when it is done. */
    String hash() {
        return Talk.hex(digest);
    }

    /** What the connection takes now. @return bytes */
    int send(OffloadConnection connection) {
        if (!block.hasRemaining()) {
            fill();
        }
        return block.hasRemaining() ? connection.send(block) : 0;
    }

    private void fill() {
        int size = (int) Math.min(left, BLOCK);
        block.limit(size).position(0);
        for (int at = 0; at + Long.BYTES <= size; at += STEP) {
            block.putLong(at, counter++);
        }
        digest.update(block.duplicate());
        left -= size;
    }
}
