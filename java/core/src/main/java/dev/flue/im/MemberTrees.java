// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.spi.Memory;

/**
 * Builds, out of one tree from above, one tree for each member: blocks of the team's own, in the
 * same order and shape, each only where its member needs it. One operation at a time; reused.
 *
 * <p>Each block knows the one above that it stands for, and the entry it names, until it is freed.
 */
final class MemberTrees implements AutoCloseable {
    private static final int LEVELS = 3;
    private static final int PLACEHOLDER = 0;
    private static final long NEW = 1L << 32;

    private final RecordPool pool;
    private final OffloadEntries entries;
    private final ProtocolOffloadBlockList block;
    private final int members;
    private final long[] above = new long[LEVELS];
    private final long[] root;
    private final long[][] at;
    private final long[][] last;

    MemberTrees(Memory memory, OffloadEntries entries, int members, int blocks) {
        this.entries = entries;
        this.members = members;
        this.block = new ProtocolOffloadBlockList(memory);
        this.root = new long[members];
        this.at = new long[members][LEVELS];
        this.last = new long[members][LEVELS];
        this.pool = new RecordPool(memory, StateOffsets.BLOCK_BYTES, blocks);
    }

    int available() {
        return pool.capacity() - pool.held();
    }

    int capacity() {
        return pool.capacity();
    }

    int held() {
        return pool.held();
    }

    boolean owns(long ref) {
        return pool.owns(ref);
    }

    // ---- Building.

    void start() {
        for (int member = 0; member < members; member++) {
            root[member] = 0;
            clear(member, 0);
            last[member][0] = 0;
        }
    }

    /** The next block of the tree above, at this level: what follows belongs to it. */
    void enter(int level, long ref) {
        above[level] = ref;
        for (int member = 0; member < members; member++) {
            clear(member, level);
        }
    }

    /** No block from this level on, and nothing on it. */
    private void clear(int member, int level) {
        for (int i = level; i < LEVELS; i++) {
            at[member][i] = 0;
            if (i > level) {
                last[member][i] = 0;
            }
        }
    }

    /** The block at a member for the one above entered last at this level; 0 = none. */
    long at(int member, int level) {
        return at[member][level];
    }

    /** Whether that one names nothing. */
    boolean placeholder(int member, int level) {
        return block.wrap(at[member][level]).protocolReserved1() == PLACEHOLDER;
    }

    /**
     * A block for the one entered last at this level. What it depends on is there, or the level is
     * 0.
     */
    long add(int member, int level, StateType type) {
        long ref = pool.allocate();
        block.wrap(ref).clear(type);
        block.protocolReserved0(above[level]);
        if (last[member][level] != 0) {
            block.wrap(last[member][level]).nextBlock(ref);
        } else if (level == 0) {
            root[member] = ref;
        } else {
            block.wrap(at[member][level - 1]).dependentBlockList(ref);
        }
        last[member][level] = ref;
        at[member][level] = ref;
        return ref;
    }

    /** It names the object of this entry; {@code brings} it, or refers to it. */
    void name(long ref, int entry, boolean brings) {
        block.wrap(ref).offloadHandle(entries.handle(entry));
        block.protocolReserved1((brings ? NEW : 0) | entry + 1);
        entries.use(entry);
    }

    /** What was built for a member; 0 = nothing. */
    long root(int member) {
        return root[member];
    }

    /** A lone block. */
    long alone(StateType type, int entry) {
        long ref = pool.allocate();
        block.wrap(ref).clear(type);
        name(ref, entry, false);
        return ref;
    }

    // ---- Reading, when it comes back.

    /** The block above that a block stands for; 0 = none. */
    long above(long ref) {
        return block.wrap(ref).protocolReserved0();
    }

    /** The entry that a block names; -1 = a placeholder. */
    int entry(long ref) {
        return (int) block.wrap(ref).protocolReserved1() - 1;
    }

    boolean brings(long ref) {
        return (block.wrap(ref).protocolReserved1() & NEW) != 0;
    }

    /** The block is done with. */
    void free(long ref) {
        pool.free(ref);
    }

    @Override
    public void close() {
        pool.close();
    }
}
