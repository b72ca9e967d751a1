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

    // Both loops count in locals and index the buffer. A relative access moves the position with
    // each word, and that would be measured too.

    /** Fill from the position on, {@code length} bytes, a multiple of 8; the position moves. */
    void write(ByteBuffer to, int length) {
        int at = to.position();
        long word = next;
        long added = 0;
        for (int i = 0; i < length; i += Long.BYTES) {
            to.putLong(at + i, word);
            added += word;
            word += 0x9E3779B97F4A7C15L;
        }
        next = word;
        sum += added;
        to.position(at + length);
        bytes += length;
    }

    /** Add up what remains in the buffer, big-endian; the position moves. */
    void read(ByteBuffer from) {
        bytes += from.remaining();
        while (missing < Long.BYTES && from.hasRemaining()) {
            byteOf(from);
        }
        long added = 0;
        int at = from.position();
        int words = from.remaining() >> 3;
        for (int i = 0; i < words; i++) {
            added += from.getLong(at + (i << 3));
        }
        from.position(at + (words << 3));
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
