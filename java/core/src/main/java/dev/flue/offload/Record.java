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
}
