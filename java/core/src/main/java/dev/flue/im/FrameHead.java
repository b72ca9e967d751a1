// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/**
 * The first bytes of an ordinary frame in one piece: where they lie, or, of a frame whose headers
 * are scattered, copied. Never writes to the frame.
 */
final class FrameHead {
    /** As many as an ICMP error with options and all that it quotes needs. */
    static final int BYTES = 256;

    private static final int MAX_MDLS = 64;

    private final Memory memory;
    private final NetBufferList list;
    private final NetBuffer nb;
    private final Mdl mdl;
    private final ByteBuffer scratch = ByteBuffer.allocate(BYTES);

    private ByteBuffer buffer = scratch;
    private int at;
    private int length;

    FrameHead(Memory memory) {
        this.memory = memory;
        this.list = new NetBufferList(memory);
        this.nb = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
    }

    FrameHead wrap(long frame) {
        nb.wrap(list.wrap(frame).firstNetBuffer());
        int offset = nb.currentMdlOffset();
        int wanted = Math.min(nb.dataLength(), BYTES);
        mdl.wrap(nb.currentMdl());
        if (mdl.byteCount() - offset >= wanted) {
            buffer = memory.buffer(Refs.region(mdl.data()));
            at = Refs.offset(mdl.data()) + offset;
            length = wanted;
        } else {
            gather(offset, wanted);
        }
        return this;
    }

    private void gather(int firstOffset, int wanted) {
        buffer = scratch;
        at = 0;
        length = 0;
        int offset = firstOffset;
        for (int i = 0; i < MAX_MDLS && length < wanted; i++) {
            int piece = Math.min(wanted - length, mdl.byteCount() - offset);
            if (piece > 0) {
                ByteBuffer from = memory.buffer(Refs.region(mdl.data()));
                scratch.put(length, from, Refs.offset(mdl.data()) + offset, piece);
                length += piece;
            }
            offset = Math.max(0, offset - mdl.byteCount());
            if (mdl.next() == 0) {
                return;
            }
            mdl.wrap(mdl.next());
        }
    }

    /** Whether there are {@code count} bytes from {@code index} on. */
    boolean has(int index, int count) {
        return index + count <= length;
    }

    int u8(int index) {
        return buffer.get(at + index) & 0xff;
    }

    int u16(int index) {
        return u8(index) << 8 | u8(index + 1);
    }

    int u32(int index) {
        return u16(index) << 16 | u16(index + 2);
    }

    long u48(int index) {
        return (long) u16(index) << 32 | u32(index + 2) & 0xffff_ffffL;
    }

    long u64(int index) {
        return (long) u32(index) << 32 | u32(index + 4) & 0xffff_ffffL;
    }
}
