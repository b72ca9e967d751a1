// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.nio.ByteBuffer;

/** The producer's end of a channel's submission ring. One thread; nothing is allocated. */
final class SubmissionRing {
    private final ByteBuffer buffer;
    private final int offset;
    private final int capacity;
    private long tail;
    private long headSeen;

    /** {@code buffer}: of a channel that {@link ChannelLayout#check} found good. */
    SubmissionRing(ByteBuffer buffer) {
        this.buffer = buffer;
        this.offset = (int) buffer.getLong(ChannelLayout.SUB_OFFSET);
        this.capacity = buffer.getInt(ChannelLayout.SUB_CAPACITY);
        this.tail = ChannelLayout.getAcquire(buffer, ChannelLayout.SUB_TAIL);
        this.headSeen = ChannelLayout.getAcquire(buffer, ChannelLayout.SUB_HEAD);
    }

    /** Write one entry and publish it. False when the ring is full. */
    boolean offer(int op, int arg0, long token, long ref, long arg1) {
        if (tail - headSeen >= capacity) {
            headSeen = ChannelLayout.getAcquire(buffer, ChannelLayout.SUB_HEAD);
            if (tail - headSeen >= capacity) {
                return false;
            }
        }
        int at = offset + ((int) tail & (capacity - 1)) * ChannelLayout.ENTRY_BYTES;
        buffer.putInt(at + ChannelLayout.SUB_ENTRY_OP, op);
        buffer.putInt(at + ChannelLayout.SUB_ENTRY_ARG0, arg0);
        buffer.putLong(at + ChannelLayout.SUB_ENTRY_TOKEN, token);
        buffer.putLong(at + ChannelLayout.SUB_ENTRY_REF, ref);
        buffer.putLong(at + ChannelLayout.SUB_ENTRY_ARG1, arg1);
        tail++;
        if (op == ChannelLayout.SUB_FORWARD) {
            buffer.putLong(ChannelLayout.NEWEST_FORWARD, tail);
        }
        ChannelLayout.setRelease(buffer, ChannelLayout.SUB_TAIL, tail);
        return true;
    }

    /** The engine has not read everything yet. */
    boolean pending() {
        headSeen = ChannelLayout.getAcquire(buffer, ChannelLayout.SUB_HEAD);
        return tail != headSeen;
    }
}
