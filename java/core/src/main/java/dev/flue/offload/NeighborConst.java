// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** CONST variables of a neighbor (2.1). macAddress = DlSourceAddress; all zero = the port's own. */
public final class NeighborConst extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 44;

    static final int LENGTH = 0;
    private static final int MAC_AT = 8;
    static final int RECOGNIZED_OPTIONS = 4;
    static final int VLAN_ID = 40;

    public NeighborConst(Memory memory) {
        super(memory);
    }

    @Override
    public NeighborConst wrap(long ref) {
        position(ref);
        return this;
    }

    /** Bytes of the structure, this header included. */
    public int length() {
        return buffer.getInt(at + LENGTH);
    }

    public NeighborConst length(int value) {
        buffer.putInt(at + LENGTH, value);
        return this;
    }

    /** Reserved; in TCP DELEGATED: {@link TcpDelegated#OPTION_EXT}. */
    public int recognizedOptions() {
        return buffer.getInt(at + RECOGNIZED_OPTIONS);
    }

    public NeighborConst recognizedOptions(int value) {
        buffer.putInt(at + RECOGNIZED_OPTIONS, value);
        return this;
    }

    /** Lower 12 bits; 0 = not significant. */
    public int vlanId() {
        return buffer.getInt(at + VLAN_ID);
    }

    public NeighborConst vlanId(int value) {
        buffer.putInt(at + VLAN_ID, value);
        return this;
    }

    /** Zero it and write the header. */
    public NeighborConst clear() {
        clearState(BYTES);
        return this;
    }

    /** The MAC, as a number. */
    public long macAddress() {
        return macAt(MAC_AT);
    }

    /** Write a MAC given as a number, zero the other 26 bytes. */
    public NeighborConst macAddress(long mac) {
        macAt(MAC_AT, mac);
        return this;
    }
}
