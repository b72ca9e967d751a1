// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * CONST variables of a path (2.2). The addresses are references to 4 or 16 bytes in network order.
 */
public final class PathConst extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 24;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int SOURCE_ADDRESS = 8;
    static final int DESTINATION_ADDRESS = 16;

    public PathConst(Memory memory) {
        super(memory);
    }

    @Override
    public PathConst wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public PathConst length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public PathConst recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** Reference to our address. */
    public long sourceAddress() {
        return buffer.getLong(at + SOURCE_ADDRESS);
    }

    public PathConst sourceAddress(long value) {
        buffer.putLong(at + SOURCE_ADDRESS, value);
        return this;
    }

    /** Reference to the peer's address. */
    public long destinationAddress() {
        return buffer.getLong(at + DESTINATION_ADDRESS);
    }

    public PathConst destinationAddress(long value) {
        buffer.putLong(at + DESTINATION_ADDRESS, value);
        return this;
    }

    /** Zero it and write the header. */
    public PathConst clear() {
        clearState(BYTES);
        return this;
    }
}
