// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** DELEGATED variables of a path (2.2): none but the header. */
public final class PathDelegated extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 8;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;

    public PathDelegated(Memory memory) {
        super(memory);
    }

    @Override
    public PathDelegated wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public PathDelegated length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public PathDelegated recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** Zero it and write the header. */
    public PathDelegated clear() {
        clearState(BYTES);
        return this;
    }
}
