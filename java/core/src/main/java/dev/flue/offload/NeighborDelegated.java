// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** DELEGATED variables of a neighbor (2.1). */
public final class NeighborDelegated extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 12;

    static final int LENGTH = 0;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int NIC_REACHABILITY_DELTA = 8;

    public NeighborDelegated(Memory memory) {
        super(memory);
    }

    @Override
    public NeighborDelegated wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public NeighborDelegated length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public NeighborDelegated recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** Ticks since the target last confirmed reachability. */
    public int nicReachabilityDelta() {
        return buffer.getInt(at + NIC_REACHABILITY_DELTA);
    }

    public NeighborDelegated nicReachabilityDelta(int value) {
        buffer.putInt(at + NIC_REACHABILITY_DELTA, value);
        return this;
    }

    /** Zero it and write the header. */
    public NeighborDelegated clear() {
        clearState(BYTES);
        return this;
    }
}
