// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/**
 * References that both languages follow: region id in the upper 16 bits, byte offset in the lower
 * 48. 0 is NULL. Never an address.
 */
public final class Refs {
    /** No reference. */
    public static final long NULL = 0;

    private static final int OFFSET_BITS = 48;

    private Refs() {}

    public static long make(int region, long offset) {
        return (long) region << OFFSET_BITS | offset;
    }

    public static int region(long ref) {
        return (int) (ref >>> OFFSET_BITS);
    }

    /** Offset in the region's buffer. Regions are smaller than 2 GiB, so it fits an int. */
    public static int offset(long ref) {
        return (int) ref;
    }
}
