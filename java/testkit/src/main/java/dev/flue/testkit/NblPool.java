// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.RecordPool;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/**
 * NBLs with one NB, one MDL and room for data, in one record each, for tests and fakes. One thread.
 */
public final class NblPool implements AutoCloseable {
    private static final int NB = NetBufferList.BYTES;
    private static final int MDL = NB + NetBuffer.BYTES;
    private static final int DATA = MDL + Mdl.BYTES;

    private final Memory memory;
    private final RecordPool pool;
    private final int dataBytes;
    private final NblReader reader;
    private final NetBufferList nbl;
    private final NetBuffer nb;
    private final Mdl mdl;

    /**
     * @param dataBytes room for data in each
     */
    public NblPool(Memory memory, int count, int dataBytes) {
        this.memory = memory;
        this.dataBytes = dataBytes;
        this.pool = new RecordPool(memory, DATA + (dataBytes + 7) / 8 * 8, count);
        this.reader = new NblReader(memory);
        this.nbl = new NetBufferList(memory);
        this.nb = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
    }

    /** An NBL, all else zero, that holds these bytes; 0 when all are out. */
    public long allocate(byte[] data) {
        return allocate(data, 0, data.length);
    }

    /** An NBL that holds some of these bytes; 0 when all are out. */
    public long allocate(byte[] data, int offset, int length) {
        if (length > dataBytes) {
            throw new IllegalArgumentException(length + " bytes, room for " + dataBytes);
        }
        long ref = pool.allocate();
        if (ref == 0) {
            return 0;
        }
        ByteBuffer buffer = memory.buffer((int) (ref >>> 48));
        int at = (int) ref;
        for (int i = 0; i < DATA; i += Long.BYTES) {
            buffer.putLong(at + i, 0);
        }
        buffer.put(at + DATA, data, offset, length);
        nbl.wrap(ref).firstNetBuffer(ref + NB);
        nb.wrap(ref + NB).mdlChain(ref + MDL).currentMdl(ref + MDL).dataLength(length);
        mdl.wrap(ref + MDL).data(ref + DATA).byteCount(length);
        return ref;
    }

    /** Take one back, as it came, chained or not. */
    public void free(long ref) {
        pool.free(ref);
    }

    /** Take a chain back. */
    public void freeChain(long chain) {
        long next;
        for (long ref = chain; ref != 0; ref = next) {
            next = nbl.wrap(ref).next();
            pool.free(ref);
        }
    }

    public boolean owns(long ref) {
        return pool.owns(ref);
    }

    public int held() {
        return pool.held();
    }

    /** The data of all NBs of an NBL, whosever it is. */
    public byte[] bytes(long ref) {
        return reader.bytes(ref);
    }

    @Override
    public void close() {
        pool.close();
    }
}
