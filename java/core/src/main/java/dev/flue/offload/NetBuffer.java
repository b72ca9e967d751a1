// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** Data in a chain of {@link Mdl}s: dataLength bytes from dataOffset on. 64 bytes. */
public final class NetBuffer extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 64;

    static final int NEXT = 0;
    static final int MDL_CHAIN = 8;
    static final int CURRENT_MDL = 16;
    static final int CURRENT_MDL_OFFSET = 24;
    static final int DATA_OFFSET = 28;
    static final int DATA_LENGTH = 32;

    public NetBuffer(Memory memory) {
        super(memory);
    }

    @Override
    public NetBuffer wrap(long ref) {
        position(ref);
        return this;
    }

    /** Next NB of the NBL, or 0. */
    public long next() {
        return buffer.getLong(at + NEXT);
    }

    public NetBuffer next(long value) {
        buffer.putLong(at + NEXT, value);
        return this;
    }

    /** First MDL. */
    public long mdlChain() {
        return buffer.getLong(at + MDL_CHAIN);
    }

    public NetBuffer mdlChain(long value) {
        buffer.putLong(at + MDL_CHAIN, value);
        return this;
    }

    /** MDL in which the data starts. */
    public long currentMdl() {
        return buffer.getLong(at + CURRENT_MDL);
    }

    public NetBuffer currentMdl(long value) {
        buffer.putLong(at + CURRENT_MDL, value);
        return this;
    }

    /** Where in it, bytes. */
    public int currentMdlOffset() {
        return buffer.getInt(at + CURRENT_MDL_OFFSET);
    }

    public NetBuffer currentMdlOffset(int value) {
        buffer.putInt(at + CURRENT_MDL_OFFSET, value);
        return this;
    }

    /** The same from the chain's start. */
    public int dataOffset() {
        return buffer.getInt(at + DATA_OFFSET);
    }

    public NetBuffer dataOffset(int value) {
        buffer.putInt(at + DATA_OFFSET, value);
        return this;
    }

    /** Bytes. */
    public int dataLength() {
        return buffer.getInt(at + DATA_LENGTH);
    }

    public NetBuffer dataLength(int value) {
        buffer.putInt(at + DATA_LENGTH, value);
        return this;
    }
}
