// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** Where the state structures lie behind a block list, from the start of the block. */
public final class StateOffsets {
    public static final int NEIGHBOR_CONST = 152;
    public static final int NEIGHBOR_CACHED = 200;
    public static final int NEIGHBOR_DELEGATED = 248;
    public static final int PATH_CONST = 152;
    public static final int PATH_CACHED = 176;
    public static final int PATH_DELEGATED = 192;
    public static final int TCP_CONST = 152;
    public static final int TCP_CACHED = 176;
    public static final int TCP_DELEGATED = 224;
    public static final int TCP_EXT = 352;

    /** Bytes that hold a block of any type with all its structures. */
    public static final int BLOCK_BYTES = 896;

    private StateOffsets() {}
}
