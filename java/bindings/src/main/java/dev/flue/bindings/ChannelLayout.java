// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A channel's region, as flue_channel.h draws it: header, submission ring, up-ring. Entries are 64
 * bytes; heads and tails only grow; the slot of n is n &amp; (capacity - 1).
 */
final class ChannelLayout {
    static final int ENTRY_BYTES = 64;

    // struct flue_channel_header
    static final int MAGIC = 0;
    static final int VERSION = 4;
    static final int SUB_CAPACITY = 8;
    static final int UP_CAPACITY = 12;
    static final int SUB_OFFSET = 16;
    static final int UP_OFFSET = 24;
    static final int SUB_TAIL = 64;
    static final int NEWEST_FORWARD = 72;
    static final int SUB_HEAD = 128;
    static final int UP_TAIL = 192;
    static final int UP_HEAD = 256;
    static final int ENGINE_NOW = 320;
    static final int ENGINE_PASSES = 328;
    static final int ENGINE_STOPPED = 336;
    static final int ENGINE_SLEEPS = 340;
    static final int HEADER_BYTES = 512;

    static final int MAGIC_VALUE = 0x466c7543;
    static final int ABI_VERSION = 1;

    // struct flue_submission
    static final int SUB_ENTRY_OP = 0;
    static final int SUB_ENTRY_ARG0 = 4;
    static final int SUB_ENTRY_TOKEN = 8;
    static final int SUB_ENTRY_REF = 16;
    static final int SUB_ENTRY_ARG1 = 24;

    // struct flue_up
    static final int UP_ENTRY_OP = 0;
    static final int UP_ENTRY_ARG0 = 4;
    static final int UP_ENTRY_HANDLE = 8;
    static final int UP_ENTRY_REF = 16;
    static final int UP_ENTRY_ARG1 = 24;

    // enum flue_submission_op
    static final int SUB_INITIATE = 1;
    static final int SUB_QUERY = 2;
    static final int SUB_UPDATE = 3;
    static final int SUB_INVALIDATE = 4;
    static final int SUB_TERMINATE = 5;
    static final int SUB_SEND = 6;
    static final int SUB_RECEIVE = 7;
    static final int SUB_DISCONNECT = 8;
    static final int SUB_FORWARD = 9;
    static final int SUB_RECEIVE_RETURN = 10;
    static final int SUB_VERDICT = 11;
    static final int SUB_FRAME_SEND = 12;
    static final int SUB_FRAME_RETURN = 13;
    static final int SUB_OID_REQUEST = 14;
    static final int SUB_OFFLOAD_EVENT_VERDICT = 15;

    // enum flue_up_op
    static final int UP_INITIATE_COMPLETE = 1;
    static final int UP_QUERY_COMPLETE = 2;
    static final int UP_UPDATE_COMPLETE = 3;
    static final int UP_INVALIDATE_COMPLETE = 4;
    static final int UP_TERMINATE_COMPLETE = 5;
    static final int UP_SEND_COMPLETE = 6;
    static final int UP_RECEIVE_COMPLETE = 7;
    static final int UP_DISCONNECT_COMPLETE = 8;
    static final int UP_FORWARD_COMPLETE = 9;
    static final int UP_RECEIVE_INDICATE = 10;
    static final int UP_EVENT = 11;
    static final int UP_STATUS = 12;
    static final int UP_FRAME = 13;
    static final int UP_FRAME_SEND_COMPLETE = 14;
    static final int UP_OID_REQUEST_COMPLETE = 15;
    static final int UP_OFFLOAD_EVENT = 16;

    private static final VarHandle LONG =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private ChannelLayout() {}

    static long getAcquire(ByteBuffer buffer, int at) {
        return (long) LONG.getAcquire(buffer, at);
    }

    static void setRelease(ByteBuffer buffer, int at, long value) {
        LONG.setRelease(buffer, at, value);
    }

    static int getIntAcquire(ByteBuffer buffer, int at) {
        return (int) INT.getAcquire(buffer, at);
    }

    /**
     * That this really is a channel, of our version and of a size that fits its region.
     *
     * @throws FlueException it is not
     */
    static void check(ByteBuffer buffer) {
        int magic = buffer.getInt(MAGIC);
        int version = buffer.getInt(VERSION);
        if (magic != MAGIC_VALUE || version != ABI_VERSION) {
            throw new FlueException(
                    "the native library speaks version "
                            + version
                            + " of the channel layout and this jar version "
                            + ABI_VERSION
                            + "; use jars of one release",
                    0);
        }
        checkRing(buffer, buffer.getLong(SUB_OFFSET), buffer.getInt(SUB_CAPACITY));
        checkRing(buffer, buffer.getLong(UP_OFFSET), buffer.getInt(UP_CAPACITY));
    }

    private static void checkRing(ByteBuffer buffer, long offset, int capacity) {
        boolean fits =
                offset >= HEADER_BYTES
                        && offset % ENTRY_BYTES == 0
                        && Integer.bitCount(capacity) == 1
                        && offset + (long) capacity * ENTRY_BYTES <= buffer.capacity();
        if (!fits) {
            throw new FlueException(
                    "a ring of " + capacity + " entries at " + offset + " of a channel is broken",
                    0);
        }
    }
}
