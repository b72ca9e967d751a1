// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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

    private static final VarHandle WORD =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private long next = 1;
    private long bytes;
    private long sum;
    private long started;
    private int missing = Long.BYTES;

    // All loops count in locals and index the buffer: a relative access moves the position with
    // each word, and that would be measured too. So would the checks of a byte buffer, which take
    // longer than those of a view or a handle. The two whose names end in Loop are compiled by
    // themselves (Match): in what calls them they came out well in one process, badly in the next.

    /** Fill from the position on, {@code length} bytes, a multiple of 8; the position moves. */
    void write(ByteBuffer to, int length) {
        int words = length >> 3;
        if (length >= VIEW) {
            writeLoop(longs(to), words, next);
        } else {
            writeShort(to.order(ByteOrder.nativeOrder()), to.position(), length, next);
        }
        to.position(to.position() + length);
        bytes += length;
        // What an arithmetic series comes to; both factors' product is even.
        sum += words * next + (words * (words - 1L) >> 1) * STEP;
        next += words * STEP;
    }

    private static void writeShort(ByteBuffer to, int at, int length, long first) {
        long word = first;
        for (int i = 0; i < length; i += Long.BYTES) {
            to.putLong(at + i, word);
            word += STEP;
        }
    }

    private static void writeLoop(LongBuffer to, int words, long first) {
        long word = first;
        for (int i = 0; i < words; i++) {
            to.put(i, word);
            word += STEP;
        }
    }

    /** Add up what remains in the buffer; the position moves. */
    void read(ByteBuffer from) {
        bytes += from.remaining();
        while (missing < Long.BYTES && from.hasRemaining()) {
            byteOf(from);
        }
        int words = from.remaining() >> 3;
        sum += sumLoop(from, from.position(), words);
        from.position(from.position() + (words << 3));
        while (from.hasRemaining()) {
            byteOf(from);
        }
    }

    /** Four sums: in one each addition would wait for the one before. */
    private static long sumLoop(ByteBuffer from, int start, int words) {
        long first = 0;
        long second = 0;
        long third = 0;
        long fourth = 0;
        int at = start;
        int end = start + (words << 3);
        for (; at < end - 3 * Long.BYTES; at += 4 * Long.BYTES) {
            first += (long) WORD.get(from, at);
            second += (long) WORD.get(from, at + Long.BYTES);
            third += (long) WORD.get(from, at + 2 * Long.BYTES);
            fourth += (long) WORD.get(from, at + 3 * Long.BYTES);
        }
        for (; at < end; at += Long.BYTES) {
            first += (long) WORD.get(from, at);
        }
        return first + second + third + fourth;
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
