// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.host.link.BufferPool;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Segments that came before their turn, sorted and without overlap. At most {@link #MAX_SEGMENTS}
 * of them, all inside the window; what does not fit is dropped, the peer sends it again.
 */
final class Reassembly {
    static final int MAX_SEGMENTS = 256;

    private static final int FIRST = 8;

    private final BufferPool pool;
    private int[] starts = {};
    private int[] lengths = {};
    private long[] buffers = {};
    private int count;
    private boolean finKnown;
    private int finAt;

    Reassembly(BufferPool pool) {
        this.pool = pool;
    }

    boolean isEmpty() {
        return count == 0;
    }

    int segments() {
        return count;
    }

    /** First byte of a segment. */
    int start(int index) {
        return starts[index];
    }

    /** Bytes of a segment. */
    int length(int index) {
        return lengths[index];
    }

    /** Take a segment out; its data begins where that of the buffer does. */
    long take(int index) {
        long taken = buffers[index];
        drop(index);
        return taken;
    }

    /** The segment that holds a byte; -1 = none does. */
    int find(int sequence) {
        for (int i = 0; i < count && Seq.leq(starts[i], sequence); i++) {
            if (Seq.lt(sequence, starts[i] + lengths[i])) {
                return i;
            }
        }
        return -1;
    }

    /** Whether a segment, not the first one, begins where the one before it ends. */
    boolean follows(int index) {
        return starts[index - 1] + lengths[index - 1] == starts[index];
    }

    /** First byte of the segments without a gap that a segment is one of. */
    int blockStart(int index) {
        int first = index;
        while (first > 0 && starts[first - 1] + lengths[first - 1] == starts[first]) {
            first--;
        }
        return starts[first];
    }

    /** One past the last byte of the segments without a gap that a segment is one of. */
    int blockEnd(int index) {
        int last = index;
        while (last + 1 < count && starts[last] + lengths[last] == starts[last + 1]) {
            last++;
        }
        return starts[last] + lengths[last];
    }

    /** Whether every byte of a piece is here. */
    boolean holds(int sequence, int length) {
        int index = find(sequence);
        return index >= 0 && Seq.leq(sequence + length, blockEnd(index));
    }

    /** Remember where the peer's FIN lies. */
    void fin(int sequence) {
        finKnown = true;
        finAt = sequence;
    }

    /** Whether the peer's FIN is next. */
    boolean finIs(int sequence) {
        return finKnown && finAt == sequence;
    }

    /** Whether the peer's FIN was seen and lies at or behind {@code from} and before {@code to}. */
    boolean finIsWithin(int from, int to) {
        return finKnown && Seq.within(finAt, from, to);
    }

    /** The FIN goes elsewhere. */
    void forgetFin() {
        finKnown = false;
    }

    /** Where the peer's FIN lies, once it was seen. */
    int finAt() {
        return finAt;
    }

    /** Keep a piece; false when there is no room. Where pieces overlap, the first one stays. */
    boolean insert(int sequence, ByteBuffer from, int at, int length) {
        int start = sequence;
        int end = sequence + length;
        int index = 0;
        while (index < count && Seq.leq(starts[index], start)) {
            start = Seq.max(start, starts[index] + lengths[index]);
            index++;
        }
        while (index < count && Seq.geq(end, starts[index] + lengths[index])) {
            remove(index);
        }
        if (index < count && Seq.gt(end, starts[index])) {
            end = starts[index];
        }
        if (Seq.geq(start, end)) {
            return true;
        }
        int bytes = Seq.distance(start, end);
        if (count == MAX_SEGMENTS || bytes > pool.dataBytes()) {
            return false;
        }
        long buffer = pool.allocate();
        if (buffer == 0) {
            return false;
        }
        int skip = Seq.distance(sequence, start);
        pool.buffer(buffer).put(BufferPool.dataAt(buffer), from, at + skip, bytes);
        add(index, start, bytes, buffer);
        return true;
    }

    private void add(int index, int start, int length, long buffer) {
        if (count == starts.length) {
            int size = Math.max(FIRST, count * 2);
            starts = Arrays.copyOf(starts, size);
            lengths = Arrays.copyOf(lengths, size);
            buffers = Arrays.copyOf(buffers, size);
        }
        System.arraycopy(starts, index, starts, index + 1, count - index);
        System.arraycopy(lengths, index, lengths, index + 1, count - index);
        System.arraycopy(buffers, index, buffers, index + 1, count - index);
        starts[index] = start;
        lengths[index] = length;
        buffers[index] = buffer;
        count++;
    }

    private void remove(int index) {
        pool.free(buffers[index]);
        drop(index);
    }

    private void drop(int index) {
        count--;
        System.arraycopy(starts, index + 1, starts, index, count - index);
        System.arraycopy(lengths, index + 1, lengths, index, count - index);
        System.arraycopy(buffers, index + 1, buffers, index, count - index);
    }

    /**
     * Move what now is in order to the receive queue.
     *
     * @param next RCV.NXT
     * @param queue where to; null = throw it away
     * @return bytes moved
     */
    int drain(int next, ReceiveQueue queue) {
        int moved = 0;
        while (count > 0 && Seq.leq(starts[0], next + moved)) {
            int skip = Seq.distance(starts[0], next + moved);
            int bytes = lengths[0] - skip;
            if (bytes > 0) {
                long buffer = buffers[0];
                int at = BufferPool.dataAt(buffer) + skip;
                int stored = queue == null ? bytes : queue.append(pool.buffer(buffer), at, bytes);
                moved += stored;
                if (stored < bytes) {
                    return moved;
                }
            }
            remove(0);
        }
        return moved;
    }

    void clear() {
        while (count > 0) {
            remove(count - 1);
        }
        finKnown = false;
    }
}
