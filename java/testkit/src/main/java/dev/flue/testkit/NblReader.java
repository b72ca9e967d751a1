// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.spi.Memory;

/** Copies the data out of any NBL, whoever made it. Holds no memory of its own. One thread. */
public final class NblReader {
    private static final int MAX_PIECES = 4096;

    private final Memory memory;
    private final NetBufferList nbl;
    private final NetBuffer nb;
    private final Mdl mdl;

    public NblReader(Memory memory) {
        this.memory = memory;
        this.nbl = new NetBufferList(memory);
        this.nb = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
    }

    /** The data of all NBs of an NBL, in their order. */
    public byte[] bytes(long ref) {
        int total = 0;
        int pieces = 0;
        for (long b = nbl.wrap(ref).firstNetBuffer(); b != 0; b = nb.next()) {
            total += nb.wrap(b).dataLength();
            if (++pieces > MAX_PIECES) {
                throw new IllegalArgumentException("an NBL with an endless chain of NBs");
            }
        }
        byte[] out = new byte[total];
        int at = 0;
        for (long b = nbl.wrap(ref).firstNetBuffer(); b != 0; b = nb.wrap(b).next()) {
            at += copy(b, out, at);
        }
        return out;
    }

    private int copy(long netBuffer, byte[] out, int at) {
        nb.wrap(netBuffer);
        int left = nb.dataLength();
        int skip = nb.currentMdlOffset();
        long piece = nb.currentMdl();
        int to = at;
        while (left > 0) {
            if (piece == 0) {
                throw new IllegalArgumentException(left + " bytes more than the MDL chain holds");
            }
            mdl.wrap(piece);
            int n = Math.min(left, mdl.byteCount() - skip);
            memory.buffer((int) (mdl.data() >>> 48)).get((int) mdl.data() + skip, out, to, n);
            to += n;
            left -= n;
            skip = 0;
            piece = mdl.next();
        }
        return to - at;
    }
}
