// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** One contiguous piece of memory. 32 bytes. */
public final class Mdl extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 32;

    static final int NEXT = 0;
    static final int DATA = 8;
    static final int BYTE_COUNT = 16;

    public Mdl(Memory memory) {
        super(memory);
    }

    @Override
    public Mdl wrap(long ref) {
        position(ref);
        return this;
    }

    /** Next MDL, or 0. */
    public long next() {
        return buffer.getLong(at + NEXT);
    }

    public Mdl next(long value) {
        buffer.putLong(at + NEXT, value);
        return this;
    }

    /** Reference of the first byte. */
    public long data() {
        return buffer.getLong(at + DATA);
    }

    public Mdl data(long value) {
        buffer.putLong(at + DATA, value);
        return this;
    }

    /** Bytes. */
    public int byteCount() {
        return buffer.getInt(at + BYTE_COUNT);
    }

    public Mdl byteCount(int value) {
        buffer.putInt(at + BYTE_COUNT, value);
        return this;
    }
}
