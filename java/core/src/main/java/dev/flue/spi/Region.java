// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

import java.nio.ByteBuffer;

/** A piece of memory that both languages can name by its id. */
public interface Region extends AutoCloseable {
    /** 1..1023. */
    int id();

    /** The whole region: direct, little-endian, shared. Absolute access only. */
    ByteBuffer buffer();

    /**
     * End its use. The id stops resolving; the memory itself stays readable (as zeroes) for whoever
     * still holds the buffer. Idempotent.
     */
    @Override
    void close();
}
