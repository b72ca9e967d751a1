// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.spi.AllocationFaults;
import dev.flue.spi.Memory;

/** Blocks with room for all their state, and the object each one is about. */
final class BlockPool implements AutoCloseable {
    /** Behind a path's structures: its two addresses. */
    static final int ADDRESSES = 256;

    private final RecordPool pool;
    private final AllocationFaults faults;
    private final OffloadedObject[] owners;
    private final ProtocolOffloadBlockList block;

    BlockPool(Memory memory, int capacity) {
        this.pool = new RecordPool(memory, StateOffsets.BLOCK_BYTES, capacity);
        this.faults = AllocationFaults.of(memory);
        this.owners = new OffloadedObject[capacity];
        this.block = new ProtocolOffloadBlockList(memory);
    }

    /**
     * A fresh block.
     *
     * @param owner the object it is about
     * @param handle 0 = a placeholder
     * @return 0 when all are out; {@link #free} blocks tell how many are left
     */
    long allocate(OffloadedObject owner, StateType type, long handle) {
        long ref = pool.allocate();
        if (ref != 0) {
            owners[pool.index(ref)] = owner;
            block.wrap(ref).clear(type);
            block.offloadHandle(handle);
        }
        return ref;
    }

    OffloadedObject owner(long ref) {
        return owners[pool.index(ref)];
    }

    /** Asked before blocks are taken: that many are there then. */
    int available() {
        return faults.fails() ? 0 : pool.capacity() - pool.held();
    }

    int held() {
        return pool.held();
    }

    void free(long ref) {
        owners[pool.index(ref)] = null;
        pool.free(ref);
    }

    /** Free a block, its dependents and its next ones: at most three levels deep. */
    void freeTree(long root) {
        long at = root;
        while (at != 0) {
            block.wrap(at);
            long dependents = block.dependentBlockList();
            long next = block.nextBlock();
            freeTree(dependents);
            free(at);
            at = next;
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
