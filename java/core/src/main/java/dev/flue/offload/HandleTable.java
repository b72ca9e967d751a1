// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

import dev.flue.spi.AllocationFaults;
import dev.flue.spi.Memory;
import java.util.Arrays;

/**
 * The offload handles of one driver, and the object that each stands for. An indication brings the
 * reference of a handle; {@link #get} finds the object in one array read. One thread.
 *
 * @param <T> what a handle stands for: a connection, a path, an offload entry
 */
public final class HandleTable<T> implements AutoCloseable {
    private final RecordPool pool;
    private final AllocationFaults faults;
    private final OffloadHandle handle;
    private final Object[] owners;

    public HandleTable(Memory memory, int capacity) {
        this.pool = new RecordPool(memory, OffloadHandle.BYTES, capacity);
        this.faults = AllocationFaults.of(memory);
        this.handle = new OffloadHandle(memory);
        this.owners = new Object[capacity];
    }

    /** A handle with an empty slot (H-6) that stands for {@code owner}; 0 when all are taken. */
    public long allocate(T owner) {
        long ref = faults.fails() ? 0 : pool.allocate();
        if (ref != 0) {
            handle.wrap(ref).ndisReserved(0).miniportOffloadContext(0);
            owners[pool.index(ref)] = owner;
        }
        return ref;
    }

    /** What the handle stands for, or null when it is not of this table or was freed. */
    @SuppressWarnings("unchecked")
    public T get(long ref) {
        int index = pool.find(ref);
        if (index >= 0) {
            return (T) owners[index];
        }
        // Into the middle of a handle: misuse.
        return pool.owns(ref) ? (T) owners[pool.index(ref)] : null;
    }

    /** The token the driver below wrote; 0 = not offloaded. */
    public long token(long ref) {
        return handle.wrap(ref).miniportOffloadContext();
    }

    public void free(long ref) {
        owners[pool.index(ref)] = null;
        pool.free(ref);
    }

    public int held() {
        return pool.held();
    }

    @Override
    public void close() {
        Arrays.fill(owners, null);
        pool.close();
    }
}
