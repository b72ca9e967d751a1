// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/** NDIS_MINIPORT_OFFLOAD_BLOCK_LIST: a block as a target sees it (3.1). */
public final class MiniportOffloadBlockList extends OffloadBlockList {
    static final int MINIPORT_OFFLOAD_CONTEXT = 48;
    static final int NDIS_OFFLOAD_HANDLE = 56;

    public MiniportOffloadBlockList(Memory memory) {
        super(memory);
    }

    @Override
    public MiniportOffloadBlockList wrap(long ref) {
        position(ref);
        return this;
    }

    /** Slot that holds the token of the target below; 0 = placeholder. */
    public long miniportOffloadContext() {
        return buffer.getLong(at + MINIPORT_OFFLOAD_CONTEXT);
    }

    public MiniportOffloadBlockList miniportOffloadContext(long value) {
        buffer.putLong(at + MINIPORT_OFFLOAD_CONTEXT, value);
        return this;
    }

    /** Handle to give back in indications. */
    public long ndisOffloadHandle() {
        return buffer.getLong(at + NDIS_OFFLOAD_HANDLE);
    }

    public MiniportOffloadBlockList ndisOffloadHandle(long value) {
        buffer.putLong(at + NDIS_OFFLOAD_HANDLE, value);
        return this;
    }
}
