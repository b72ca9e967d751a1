// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.nio.ByteBuffer;

/**
 * The payload: every eight bytes are a word that is made when it is sent and added up when it came,
 * so that both sides of every contestant touch each byte, and lost or changed bytes show. What
 * comes may be cut anywhere. One thread.
 */
final class Words {
    private long next = 1;
    private long bytes;
    private long sum;
    private long started;
    private int missing = Long.BYTES;

    /** Fill from the position on, {@code length} bytes, a multiple of 8; the position moves. */
    void write(ByteBuffer to, int length) {
        for (int i = 0; i < length; i += Long.BYTES) {
            to.putLong(next);
            sum += next;
            next += 0x9E3779B97F4A7C15L;
        }
        bytes += length;
    }

    /** Add up what remains in the buffer, big-endian; the position moves. */
    void read(ByteBuffer from) {
        bytes += from.remaining();
        while (missing < Long.BYTES && from.hasRemaining()) {
            byteOf(from);
        }
        long added = 0;
        while (from.remaining() >= Long.BYTES) {
            added += from.getLong();
        }
        sum += added;
        while (from.hasRemaining()) {
            byteOf(from);
        }
    }

    private void byteOf(ByteBuffer from) {
        started = started << 8 | from.get() & 0xff;
        if (--missing == 0) {
            sum += started;
            missing = Long.BYTES;
        }
    }

    long bytes() {
        return bytes;
    }

    long sum() {
        return sum;
    }
}
