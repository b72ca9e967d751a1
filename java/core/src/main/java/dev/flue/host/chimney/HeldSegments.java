// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.link.BufferPool;
import dev.flue.offload.NetBufferList;
import java.nio.ByteBuffer;

/**
 * Segments of one connection that wait until its initiate or terminate is done (H-13, H-28). They
 * are copies, TCP header first, in buffers that can be forwarded as they are. Bounded.
 */
final class HeldSegments {
    static final int MAX_SEGMENTS = 256;

    private final BufferPool pool;
    private long head;
    private long tail;
    private int count;

    HeldSegments(BufferPool pool) {
        this.pool = pool;
    }

    int count() {
        return count;
    }

    /**
     * Copy a segment into a buffer of its own; 0 when there is none.
     *
     * @param marked IP said that it met congestion
     */
    static long copy(BufferPool pool, ByteBuffer buffer, int at, int length, boolean marked) {
        long copy = length <= pool.dataBytes() ? pool.allocate() : 0;
        if (copy != 0) {
            pool.buffer(copy).put(BufferPool.dataAt(copy), buffer, at, length);
            pool.range(copy, 0, length);
            pool.flags(copy, marked ? NetBufferList.FLAG_MARKED : 0);
        }
        return copy;
    }

    /** Keep a copy; false when there is no room. */
    boolean hold(ByteBuffer buffer, int at, int length, boolean marked) {
        long copy = count < MAX_SEGMENTS ? copy(pool, buffer, at, length, marked) : 0;
        if (copy == 0) {
            return false;
        }
        append(copy);
        return true;
    }

    /** Keep a buffer that came back. */
    void append(long segment) {
        pool.next(segment, 0);
        if (tail == 0) {
            head = segment;
        } else {
            pool.next(tail, segment);
        }
        tail = segment;
        count++;
    }

    /** The first one, out of the list; 0 when it is empty. The caller owns it. */
    long poll() {
        long first = head;
        if (first != 0) {
            head = pool.next(first);
            count--;
            if (head == 0) {
                tail = 0;
            }
            pool.next(first, 0);
        }
        return first;
    }

    void clear() {
        pool.freeChain(head);
        head = 0;
        tail = 0;
        count = 0;
    }
}
