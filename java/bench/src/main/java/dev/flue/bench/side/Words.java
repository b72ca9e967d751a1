// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * The payload: every eight bytes are a word that is made when it is sent and added up when it came,
 * so that both sides of every contestant touch each byte, and lost or changed bytes show. What
 * comes may be cut anywhere. One thread.
 */
final class Words {
    private static final long STEP = 0x9E3779B97F4A7C15L;

    /** From so many bytes on a view is worth making. */
    private static final int VIEW = 512;

    private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private long next = 1;
    private long bytes;
    private long sum;
    private long started;
    private int missing = Long.BYTES;

    // All loops count in locals and index the buffer: a relative access moves the position with
    // each word, and that would be measured too. So would the checks of a byte buffer, which take
    // twice as long as those of a view of longs.

    /** Fill from the position on, {@code length} bytes, a multiple of 8; the position moves. */
    void write(ByteBuffer to, int length) {
        if (length >= VIEW) {
            writeView(longs(to), length >> 3);
        } else {
            writeShort(to.order(ByteOrder.nativeOrder()), to.position(), length);
        }
        to.position(to.position() + length);
        bytes += length;
    }

    private void writeShort(ByteBuffer to, int at, int length) {
        long word = next;
        long added = 0;
        for (int i = 0; i < length; i += Long.BYTES) {
            to.putLong(at + i, word);
            added += word;
            word += STEP;
        }
        next = word;
        sum += added;
    }

    private void writeView(LongBuffer to, int words) {
        long word = next;
        long added = 0;
        for (int i = 0; i < words; i++) {
            to.put(i, word);
            added += word;
            word += STEP;
        }
        next = word;
        sum += added;
    }

    /** Add up what remains in the buffer; the position moves. */
    void read(ByteBuffer from) {
        bytes += from.remaining();
        while (missing < Long.BYTES && from.hasRemaining()) {
            byteOf(from);
        }
        int words = from.remaining() >> 3;
        if (words << 3 >= VIEW) {
            sum += sumOfView(longs(from), words);
        } else {
            sum += sumOfShort(from.order(ByteOrder.nativeOrder()), from.position(), words);
        }
        from.position(from.position() + (words << 3));
        while (from.hasRemaining()) {
            byteOf(from);
        }
    }

    private static long sumOfShort(ByteBuffer from, int at, int words) {
        long added = 0;
        for (int i = 0; i < words; i++) {
            added += from.getLong(at + (i << 3));
        }
        return added;
    }

    private static long sumOfView(LongBuffer from, int words) {
        long added = 0;
        for (int i = 0; i < words; i++) {
            added += from.get(i);
        }
        return added;
    }

    private static LongBuffer longs(ByteBuffer of) {
        return of.slice().order(ByteOrder.nativeOrder()).asLongBuffer();
    }

    /** One byte of a word that is cut: they come in the order in which they lie in memory. */
    private void byteOf(ByteBuffer from) {
        long value = from.get() & 0xffL;
        int place = Long.BYTES - missing;
        started |= value << Byte.SIZE * (LITTLE ? place : missing - 1);
        if (--missing == 0) {
            sum += started;
            started = 0;
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
