// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;

/**
 * NDIS_OFFLOAD_HANDLE (3.3): a driver's handle on one offloaded object. The driver below writes its
 * token into {@code miniportOffloadContext}; {@code ndisReserved} belongs to the owner of the
 * handle.
 */
public final class OffloadHandle extends Record {
    /** Size in memory, bytes. */
    public static final int BYTES = 16;

    static final int NDIS_RESERVED = 0;
    static final int MINIPORT_OFFLOAD_CONTEXT = 8;

    public OffloadHandle(Memory memory) {
        super(memory);
    }

    @Override
    public OffloadHandle wrap(long ref) {
        position(ref);
        return this;
    }

    /** The owner's. */
    public long ndisReserved() {
        return buffer.getLong(at + NDIS_RESERVED);
    }

    public OffloadHandle ndisReserved(long value) {
        buffer.putLong(at + NDIS_RESERVED, value);
        return this;
    }

    /** Token of the driver below; 0 = not offloaded. */
    public long miniportOffloadContext() {
        return buffer.getLong(at + MINIPORT_OFFLOAD_CONTEXT);
    }

    public OffloadHandle miniportOffloadContext(long value) {
        buffer.putLong(at + MINIPORT_OFFLOAD_CONTEXT, value);
        return this;
    }
}
