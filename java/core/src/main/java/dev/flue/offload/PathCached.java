// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** CACHED variables of a path (2.2). */
public final class PathCached extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 12;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int PATH_MTU = 8;

    public PathCached(Memory memory) {
        super(memory);
    }

    @Override
    public PathCached wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public PathCached length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public PathCached recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** Bytes of an IP packet. */
    public int pathMtu() {
        return buffer.getInt(at + PATH_MTU);
    }

    public PathCached pathMtu(int value) {
        buffer.putInt(at + PATH_MTU, value);
        return this;
    }

    /** Zero it and write the header. */
    public PathCached clear() {
        clearState(BYTES);
        return this;
    }
}
