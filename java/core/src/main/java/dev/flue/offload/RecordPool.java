// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.Memory;
import dev.flue.spi.Region;

/**
 * A fixed number of equal records in a region of its own, handed out and taken back. One thread.
 * Nothing is allocated after the constructor.
 */
public final class RecordPool implements AutoCloseable {
    private final Region region;
    private final int regionId;
    private final int recordBytes;
    private final int[] free;
    private final boolean[] out;
    private int freeCount;

    /**
     * @param recordBytes a multiple of 8
     * @param count records; recordBytes * count must stay below 2^31
     */
    public RecordPool(Memory memory, int recordBytes, int count) {
        if (recordBytes <= 0 || recordBytes % 8 != 0 || count <= 0) {
            throw new IllegalArgumentException(count + " records of " + recordBytes + " bytes");
        }
        this.recordBytes = recordBytes;
        this.region = memory.allocate(Math.multiplyFull(recordBytes, count));
        this.regionId = region.id();
        this.free = new int[count];
        this.out = new boolean[count];
        for (int i = 0; i < count; i++) {
            free[i] = count - 1 - i;
        }
        this.freeCount = count;
    }

    /** A record, its bytes as the last user left them; 0 when all are out. */
    public long allocate() {
        if (freeCount == 0) {
            return Refs.NULL;
        }
        int index = free[--freeCount];
        out[index] = true;
        return Refs.make(regionId, Math.multiplyFull(index, recordBytes));
    }

    /**
     * Take a record back.
     *
     * @throws IllegalArgumentException when it is not of this pool, or not out: misuse
     */
    public void free(long ref) {
        int index = index(ref);
        if (!out[index]) {
            throw new IllegalArgumentException("record " + index + " given back twice");
        }
        out[index] = false;
        free[freeCount++] = index;
    }

    /** Its number, 0..capacity-1: for tables beside the pool. */
    public int index(long ref) {
        int index = find(ref);
        if (index < 0) {
            throw new IllegalArgumentException("no record of this pool: " + Long.toHexString(ref));
        }
        return index;
    }

    /** The same; -1 when it is no record of this pool. */
    public int find(long ref) {
        int offset = Refs.offset(ref);
        int index = offset / recordBytes;
        boolean record = index < free.length && index * recordBytes == offset;
        return record && Refs.region(ref) == regionId ? index : -1;
    }

    /** Whether the reference lies in this pool's region. */
    public boolean owns(long ref) {
        return Refs.region(ref) == regionId && Refs.offset(ref) / recordBytes < free.length;
    }

    public int capacity() {
        return free.length;
    }

    /** Records handed out. */
    public int held() {
        return free.length - freeCount;
    }

    @Override
    public void close() {
        region.close();
    }
}
