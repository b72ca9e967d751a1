// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

import java.nio.ByteBuffer;

/** Where regions come from, and the table that resolves their ids. Resolving is wait-free. */
public interface Memory {
    /**
     * A zeroed region.
     *
     * @param bytes 1..2^31-1
     * @throws OutOfMemoryError when there is none
     */
    Region allocate(long bytes);

    /**
     * The buffer of a region: direct, little-endian, absolute access only.
     *
     * @throws IllegalArgumentException when the id names no open region
     */
    ByteBuffer buffer(int regionId);

    /** "heap", "hugepages", "java": for people. */
    String kind();
}
