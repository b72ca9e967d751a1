// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.link.BufferPool;
import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.List;

/** Lists of buffers: those that a {@link FakeTarget} was given, and those it indicates. */
final class TargetLists {
    private final Memory memory;
    private final NetBufferList list;
    private final NetBuffer netBuffer;
    private final Mdl mdl;

    /** Those to be indicated. */
    final BufferPool indications;

    TargetLists(Memory memory) {
        this.memory = memory;
        this.list = new NetBufferList(memory);
        this.netBuffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
        this.indications = new BufferPool(memory, 4096, 16, 1024);
    }

    /** Take a chain apart. */
    void addAll(List<Long> to, long chain) {
        for (long nbl = chain; nbl != 0; nbl = list.wrap(nbl).next()) {
            to.add(nbl);
        }
    }

    /** Put one together again; its first, or 0. */
    long chain(List<Long> all) {
        for (int i = 0; i < all.size(); i++) {
            list.wrap(all.get(i)).next(i + 1 < all.size() ? all.get(i + 1) : 0);
        }
        return all.isEmpty() ? 0 : all.get(0);
    }

    void complete(long nbl, OffloadStatus status, int bytes) {
        list.wrap(nbl).status(status.code()).bytesTransferred(bytes);
    }

    /** It goes back by itself. */
    void alone(long nbl) {
        list.wrap(nbl).next(0);
    }

    /** Its first bytes are no longer among its data. */
    void cut(long nbl, int bytes) {
        netBuffer.wrap(list.wrap(nbl).firstNetBuffer());
        int left = netBuffer.dataLength() - bytes;
        netBuffer.dataOffset(netBuffer.dataOffset() + bytes).dataLength(left);
    }

    /** The same, and where its data begins is told in its MDL, too. */
    void advance(long nbl, int bytes) {
        cut(nbl, bytes);
        netBuffer.currentMdlOffset(netBuffer.currentMdlOffset() + bytes);
    }

    int length(long nbl) {
        return netBuffer.wrap(list.wrap(nbl).firstNetBuffer()).dataLength();
    }

    byte[] bytes(long nbl) {
        byte[] bytes = new byte[length(nbl)];
        int at = start(nbl);
        memory.buffer(Refs.region(mdl.data())).get(at, bytes);
        return bytes;
    }

    /** Write where its data begins. */
    void put(long nbl, byte[] data) {
        int at = start(nbl);
        memory.buffer(Refs.region(mdl.data())).put(at, data);
    }

    private int start(long nbl) {
        netBuffer.wrap(list.wrap(nbl).firstNetBuffer());
        mdl.wrap(netBuffer.currentMdl());
        return Refs.offset(mdl.data()) + netBuffer.currentMdlOffset();
    }

    /** A list that holds these bytes. */
    long indication(byte[] data) {
        long nbl = indications.allocate();
        ByteBuffer buffer = indications.buffer(nbl);
        buffer.put(BufferPool.dataAt(nbl), data, 0, data.length);
        indications.range(nbl, 0, data.length);
        return nbl;
    }

    /** A list that holds these bytes, which fit into one buffer, in MDLs of {@code piece} each. */
    long indication(byte[] data, int piece) {
        long nbl = indication(data);
        long first = netBuffer.wrap(list.wrap(nbl).firstNetBuffer()).mdlChain();
        int bytes = Math.min(piece, data.length);
        long start = mdl.wrap(first).data();
        mdl.byteCount(bytes);
        // The further MDLs lie behind the data, in the same buffer.
        long at = start + (data.length + 7 & ~7);
        for (int done = bytes; done < data.length; done += piece, at += Mdl.BYTES) {
            mdl.next(at);
            mdl.wrap(at).next(0).data(start + done).byteCount(Math.min(piece, data.length - done));
        }
        return nbl;
    }

    /** Those of a chain come back; how many. */
    int free(long chain) {
        int count = 0;
        for (long nbl = chain; nbl != 0; count++) {
            long next = list.wrap(nbl).next();
            indications.free(nbl);
            nbl = next;
        }
        return count;
    }
}
