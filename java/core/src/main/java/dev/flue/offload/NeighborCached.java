// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** CACHED variables of a neighbor (2.1). macAddress = DlDestinationAddress, the next hop. */
public final class NeighborCached extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 44;

    static final int LENGTH = 0;
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
        for (int i = 0; i < BYTES; i += Integer.BYTES) {
            buffer.putInt(at + i, 0);
        }
        buffer.putInt(at, BYTES);
        return this;
    }

    /** Copy the MAC in the first six bytes of the address at {@code field} out, as a number. */
    public long macAddress() {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = mac << 8 | buffer.get(at + 8 + i) & 0xff;
        }
        return mac;
    }

    /** Write a MAC given as a number, zero the other 26 bytes. */
    public NeighborCached macAddress(long mac) {
        for (int i = 0; i < 32; i++) {
            buffer.put(at + 8 + i, i < 6 ? (byte) (mac >>> 8 * (5 - i)) : 0);
        }
        return this;
    }
}
