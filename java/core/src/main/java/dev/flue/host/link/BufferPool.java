// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import dev.flue.offload.Mdl;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.spi.AllocationFaults;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Buffers that can travel: each is one record of NBL, NB, MDL and data, linked when handed out.
 *
 * <pre>
 *   0 NBL (128) | 128 NB (64) | 192 MDL (32) | 224 data
 * </pre>
 *
 * <p>A buffer is named by the reference of its NBL. The pool starts small and grows by doubling, a
 * region at a time, up to its limit; it allocates nothing else. When memory is out it makes do with
 * what it has, and asks again when a buffer was given back. One thread.
 */
public final class BufferPool implements AutoCloseable {
    /** Where the data of a buffer starts, from its NBL. */
    public static final int DATA = NetBufferList.BYTES + NetBuffer.BYTES + Mdl.BYTES;

    /** Records begin with a cache line of their own. */
    private static final int LINE = 64;

    private static final int MAX_REGIONS = 1024;
    private static final int MAX_REGION_BYTES = 1 << 30;

    private final Memory memory;
    private final AllocationFaults faults;
    private final int dataBytes;
    private final int recordBytes;
    private final int limit;
    private final List<RecordPool> pools = new ArrayList<>();
    private final RecordPool[] poolOfRegion = new RecordPool[MAX_REGIONS];
    private final NetBufferList list;
    private final NetBuffer netBuffer;
    private final Mdl mdl;
    private int capacity;
    private int held;

    /** Growing failed; not tried again before a buffer comes back. */
    private boolean starved;

    /**
     * @param dataBytes of one buffer
     * @param first buffers to start with
     * @param limit most buffers ever
     */
    public BufferPool(Memory memory, int dataBytes, int first, int limit) {
        this.memory = memory;
        this.faults = AllocationFaults.of(memory);
        this.dataBytes = dataBytes;
        this.recordBytes = DATA + dataBytes + LINE - 1 & -LINE;
        this.limit = limit;
        this.list = new NetBufferList(memory);
        this.netBuffer = new NetBuffer(memory);
        this.mdl = new Mdl(memory);
        grow(Math.min(first, limit));
    }

    /** A buffer with no data in it; 0 when the limit is reached, or memory is out. */
    public long allocate() {
        if (faults.fails()) {
            return 0;
        }
        long ref = take();
        if (ref == 0 && capacity < limit && !starved) {
            growIfPossible();
            ref = take();
        }
        if (ref != 0) {
            held++;
            link(ref);
        }
        return ref;
    }

    private void growIfPossible() {
        try {
            grow(Math.min(capacity, limit - capacity));
        } catch (OutOfMemoryError memoryIsOut) {
            starved = true;
        }
    }

    private long take() {
        for (int i = pools.size() - 1; i >= 0; i--) {
            long ref = pools.get(i).allocate();
            if (ref != 0) {
                return ref;
            }
        }
        return 0;
    }

    private void link(long ref) {
        long nb = ref + NetBufferList.BYTES;
        long descriptor = nb + NetBuffer.BYTES;
        list.wrap(ref).next(0).firstNetBuffer(nb).context(0).sourceHandle(0);
        list.status(0).bytesTransferred(0).receiveBytesTransferred(0).receiveNoPush(0).flags(0);
        netBuffer.wrap(nb).next(0).mdlChain(descriptor).currentMdl(descriptor);
        netBuffer.currentMdlOffset(0).dataOffset(0).dataLength(0);
        mdl.wrap(descriptor).next(0).data(ref + DATA).byteCount(dataBytes);
    }

    /** Take a buffer back. Misuse (not of this pool, twice) throws IllegalArgumentException. */
    public void free(long ref) {
        RecordPool pool = poolOfRegion[Refs.region(ref)];
        if (pool == null) {
            throw new IllegalArgumentException("no buffer here: " + Long.toHexString(ref));
        }
        pool.free(ref);
        held--;
        starved = false;
    }

    /** Take back every buffer of a chain. */
    public void freeChain(long head) {
        long ref = head;
        while (ref != 0) {
            long next = list.wrap(ref).next();
            free(ref);
            ref = next;
        }
    }

    /** Whether a reference is of a buffer here. */
    public boolean owns(long ref) {
        return poolOfRegion[Refs.region(ref)] != null;
    }

    /** The memory a buffer's data lies in, at {@link #dataAt}. */
    public ByteBuffer buffer(long ref) {
        return memory.buffer(Refs.region(ref));
    }

    public static int dataAt(long ref) {
        return Refs.offset(ref) + DATA;
    }

    /** Let the buffer hold {@code length} bytes from {@code offset} on. */
    public void range(long ref, int offset, int length) {
        netBuffer.wrap(ref + NetBufferList.BYTES);
        netBuffer.dataOffset(offset).currentMdlOffset(offset).dataLength(length);
        mdl.wrap(ref + NetBufferList.BYTES + NetBuffer.BYTES).byteCount(offset + length);
    }

    /** Flags of the list, {@link NetBufferList#flags()}; 0 after {@link #allocate}. */
    public int flags(long ref) {
        return list.wrap(ref).flags();
    }

    public void flags(long ref, int value) {
        list.wrap(ref).flags(value);
    }

    /** First byte of the range, from the start of the data. */
    public int offset(long ref) {
        return netBuffer.wrap(ref + NetBufferList.BYTES).dataOffset();
    }

    /** Bytes in the range. */
    public int length(long ref) {
        return netBuffer.wrap(ref + NetBufferList.BYTES).dataLength();
    }

    /** The list of a buffer, until this pool is asked for anything else. */
    public NetBufferList list(long ref) {
        return list.wrap(ref);
    }

    public long next(long ref) {
        return list.wrap(ref).next();
    }

    public void next(long ref, long value) {
        list.wrap(ref).next(value);
    }

    /** Bytes one buffer can hold. */
    public int dataBytes() {
        return dataBytes;
    }

    /** Buffers that can still be handed out. */
    public int available() {
        return (starved ? capacity : limit) - held;
    }

    /** Buffers handed out. */
    public int held() {
        return held;
    }

    @Override
    public void close() {
        for (RecordPool pool : pools) {
            pool.close();
        }
    }

    private void grow(int wanted) {
        int count = Math.max(1, Math.min(wanted, MAX_REGION_BYTES / recordBytes));
        RecordPool pool = new RecordPool(memory, recordBytes, count);
        long probe = pool.allocate();
        poolOfRegion[Refs.region(probe)] = pool;
        pool.free(probe);
        pools.add(pool);
        capacity += count;
    }
}
