// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/** Reads what an NBL holds: its length, its shape, and a few bytes as a sample. Never writes. */
final class NblView {
    /** More NBs or MDLs than this in one NBL are not looked at. */
    private static final int MAX_PARTS = 4096;

    private final Memory memory;
    private final NetBufferList list;
    private final NetBuffer buffer;
    private final Mdl mdl;

    NblView(Memory memory) {
        this.memory = memory;
        this.list = new NetBufferList(memory);
        this.buffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
    }

    /** The list itself. */
    NetBufferList list(long ref) {
        return list.wrap(ref);
    }

    /** Bytes in all its NBs. */
    int length(long ref) {
        int length = 0;
        int parts = 0;
        long at = list.wrap(ref).firstNetBuffer();
        while (at != 0 && parts++ < MAX_PARTS) {
            length += buffer.wrap(at).dataLength();
            at = buffer.next();
        }
        return length;
    }

    /** NBs in it, 2 for more than one. */
    int buffers(long ref) {
        long first = list.wrap(ref).firstNetBuffer();
        if (first == 0) {
            return 0;
        }
        return buffer.wrap(first).next() == 0 ? 1 : 2;
    }

    /** Reference of the first data byte; 0 when there is none. */
    long firstByte(long ref) {
        return byteAt(ref, 0, 1);
    }

    /**
     * The bytes from {@code skip} on, at most eight and not beyond the MDL they begin in.
     *
     * @return how many; {@link #sampled} has them
     */
    int sample(long ref, int skip) {
        long at = byteAt(ref, skip, 0);
        return at == 0 ? 0 : sampleAt(at, available);
    }

    /** The same at a place remembered by {@link #firstByte}. */
    int sampleAt(long data, int bytes) {
        int count = Math.min(bytes, Long.BYTES);
        ByteBuffer region = memory.buffer(Refs.region(data));
        int offset = Refs.offset(data);
        sampled = 0;
        for (int i = 0; i < count; i++) {
            sampled |= (region.get(offset + i) & 0xffL) << Byte.SIZE * i;
        }
        return count;
    }

    /** Last sample, first byte lowest. */
    long sampled;

    private int available;

    private long byteAt(long ref, int skip, int least) {
        long first = list.wrap(ref).firstNetBuffer();
        if (first == 0) {
            return 0;
        }
        int length = buffer.wrap(first).dataLength();
        int offset = buffer.currentMdlOffset() + skip;
        long at = buffer.currentMdl();
        if (length - skip < least) {
            return 0;
        }
        for (int parts = 0; at != 0 && parts < MAX_PARTS; parts++) {
            int count = mdl.wrap(at).byteCount();
            if (offset < count) {
                available = Math.min(count - offset, length - skip);
                return available <= 0 ? 0 : mdl.data() + offset;
            }
            offset -= count;
            at = mdl.next();
        }
        return 0;
    }
}
