// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** CACHED variables of a neighbor (2.1). macAddress = DlDestinationAddress, the next hop. */
public final class NeighborCached extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 44;

    static final int LENGTH = 0;
    private static final int MAC_AT = 8;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int HOST_REACHABILITY_DELTA = 40;

    public NeighborCached(Memory memory) {
        super(memory);
    }

    @Override
    public NeighborCached wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public NeighborCached length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public NeighborCached recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** Ticks since the host last confirmed reachability. */
    public int hostReachabilityDelta() {
        return buffer.getInt(at + HOST_REACHABILITY_DELTA);
    }

    public NeighborCached hostReachabilityDelta(int value) {
        buffer.putInt(at + HOST_REACHABILITY_DELTA, value);
        return this;
    }

    /** Zero it and write the header. */
    public NeighborCached clear() {
        clearState(BYTES);
        return this;
    }

    /** The MAC, as a number. */
    public long macAddress() {
        return macAt(MAC_AT);
    }

    /** Write a MAC given as a number, zero the other 26 bytes. */
    public NeighborCached macAddress(long mac) {
        macAt(MAC_AT, mac);
        return this;
    }
}
