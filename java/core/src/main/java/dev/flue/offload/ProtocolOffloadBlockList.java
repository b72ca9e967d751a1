// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** NDIS_PROTOCOL_OFFLOAD_BLOCK_LIST: the same bytes as a host stack sees them (3.2). */
public final class ProtocolOffloadBlockList extends OffloadBlockList {
    static final int OFFLOAD_HANDLE = 56;

    public ProtocolOffloadBlockList(Memory memory) {
        super(memory);
    }

    @Override
    public ProtocolOffloadBlockList wrap(long ref) {
        position(ref);
        return this;
    }

    /** The {@link OffloadHandle} of the object; 0 = placeholder. */
    public long offloadHandle() {
        return buffer.getLong(at + OFFLOAD_HANDLE);
    }

    public ProtocolOffloadBlockList offloadHandle(long value) {
        buffer.putLong(at + OFFLOAD_HANDLE, value);
        return this;
    }
}
