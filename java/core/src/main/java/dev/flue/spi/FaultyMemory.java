// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

import java.nio.ByteBuffer;

/**
 * Another memory, of which one allocation fails: a region, or something out of a pool. What is made
 * with it runs short there and nowhere else. One thread.
 */
public final class FaultyMemory implements Memory, AllocationFaults {
    private final Memory memory;
    private final long failing;
    private final int inARow;
    private long allocations;
    private boolean armed;

    /**
     * @param failing number of the allocation that fails, from 1 on
     * @param inARow how many fail from there on
     */
    public FaultyMemory(Memory memory, long failing, int inARow) {
        this.memory = memory;
        this.failing = failing;
        this.inARow = inARow;
    }

    /** Count from now on. */
    public void arm() {
        armed = true;
    }

    /** Whether the allocation that was to fail was asked for. */
    public boolean failed() {
        return allocations >= failing;
    }

    @Override
    public String toString() {
        return "allocation " + failing + " of " + allocations + " failed";
    }

    @Override
    public boolean fails() {
        if (armed) {
            allocations++;
        }
        return armed && allocations >= failing && allocations < failing + inARow;
    }

    @Override
    public Region allocate(long bytes) {
        if (fails()) {
            throw new OutOfMemoryError("allocation " + allocations + " fails");
        }
        return memory.allocate(bytes);
    }

    @Override
    public ByteBuffer buffer(int regionId) {
        return memory.buffer(regionId);
    }

    @Override
    public String kind() {
        return memory.kind();
    }
}
