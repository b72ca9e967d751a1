// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.nio.ByteBuffer;

/** The consumer's end of a channel's up-ring: a cursor. One thread; nothing is allocated. */
final class UpRing {
    private final ByteBuffer buffer;
    private final int offset;
    private final int capacity;
    private long head;
    private long end;

    // The entry that next() read.
    int op;
    int arg0;
    long handle;
    long ref;
    long arg1;

    /** {@code buffer}: of a channel that {@link ChannelLayout#check} found good. */
    UpRing(ByteBuffer buffer) {
        this.buffer = buffer;
        this.offset = (int) buffer.getLong(ChannelLayout.UP_OFFSET);
        this.capacity = buffer.getInt(ChannelLayout.UP_CAPACITY);
        this.head = ChannelLayout.getAcquire(buffer, ChannelLayout.UP_HEAD);
        this.end = head;
    }

    /** Begin a turn: what is there now, at most a ringful, is what {@link #next} gives. */
    void begin() {
        end = ChannelLayout.getAcquire(buffer, ChannelLayout.UP_TAIL);
        if (end - head > capacity) {
            throw new IllegalStateException("the up-ring's tail left its head behind");
        }
    }

    /**
     * Read the next entry of this turn and give its slot back, so that whatever its handler does,
     * it is not delivered twice. False at the end of the turn.
     */
    boolean next() {
        if (head >= end) {
            return false;
        }
        int at = offset + ((int) head & (capacity - 1)) * ChannelLayout.ENTRY_BYTES;
        op = buffer.getInt(at + ChannelLayout.UP_ENTRY_OP);
        arg0 = buffer.getInt(at + ChannelLayout.UP_ENTRY_ARG0);
        handle = buffer.getLong(at + ChannelLayout.UP_ENTRY_HANDLE);
        ref = buffer.getLong(at + ChannelLayout.UP_ENTRY_REF);
        arg1 = buffer.getLong(at + ChannelLayout.UP_ENTRY_ARG1);
        head++;
        ChannelLayout.setRelease(buffer, ChannelLayout.UP_HEAD, head);
        return true;
    }

    /** There are entries nobody has read. */
    boolean pending() {
        return ChannelLayout.getAcquire(buffer, ChannelLayout.UP_TAIL) != head;
    }
}
