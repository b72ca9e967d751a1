// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/**
 * A flyweight: reads and writes a record in a region in place. Wrap it over a reference, use it,
 * wrap it over the next one; it never allocates after its constructor. Not thread-safe, and not to
 * be kept where somebody else may wrap it.
 */
public abstract class Record {
    private static final int MAC_FIELD = 32;
    private static final int MAC_SHIFT = 16;

    private final Memory memory;
    private long ref;

    /** The region's buffer, little-endian; absolute access only. */
    protected ByteBuffer buffer;

    /** Offset of the record in {@link #buffer}. */
    protected int at;

    protected Record(Memory memory) {
        this.memory = memory;
    }

    /**
     * Point at the record at {@code ref}.
     *
     * @throws IllegalArgumentException when ref is 0 or names no region
     */
    public abstract Record wrap(long ref);

    /** The reference last wrapped. */
    public final long ref() {
        return ref;
    }

    protected final Memory memory() {
        return memory;
    }

    protected final void position(long newRef) {
        buffer = memory.buffer(Refs.region(newRef));
        at = Refs.offset(newRef);
        ref = newRef;
    }

    /** Zero a state structure of so many bytes and write the length into its header. */
    final void clearState(int bytes) {
        zero(bytes);
        buffer.putInt(at, bytes);
    }

    /** Zero a structure that begins with an object header, and write that: revision 1, size. */
    final void clearObject(int bytes) {
        zero(bytes);
        buffer.put(at + 1, (byte) 1);
        buffer.putShort(at + Short.BYTES, (short) bytes);
    }

    /** Zero so many bytes, a multiple of four. */
    final void zero(int bytes) {
        for (int i = 0; i < bytes; i += Integer.BYTES) {
            buffer.putInt(at + i, 0);
        }
    }

    /** The MAC in the first six of the 32 bytes at {@code offset}, as a number. */
    final long macAt(int offset) {
        return Long.reverseBytes(buffer.getLong(at + offset)) >>> MAC_SHIFT;
    }

    /** Write a MAC given as a number, zero the other 26 bytes. */
    final void macAt(int offset, long mac) {
        buffer.putLong(at + offset, Long.reverseBytes(mac << MAC_SHIFT));
        for (int i = Long.BYTES; i < MAC_FIELD; i += Long.BYTES) {
            buffer.putLong(at + offset + i, 0);
        }
    }
}
