// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.Memory;

/**
 * Visits the blocks of a tree depth-first, breadth-next (chimney 3.7), without recursion and
 * bounded like a {@link Binding}'s walk. One walk at a time; reused, allocates nothing.
 *
 * <p>The links of a block are read when the walk leaves it, so its visitor may change everything
 * else in it.
 */
final class BlockWalk {
    private static final int LEVELS = 3;

    private final MiniportOffloadBlockList block;
    private final long[] path = new long[LEVELS];
    private long at;
    private long root;
    private int level;
    private int visited;

    BlockWalk(Memory memory) {
        this.block = new MiniportOffloadBlockList(memory);
    }

    void start(long rootBlock) {
        root = rootBlock;
        at = 0;
        level = 0;
        visited = 0;
    }

    /**
     * The next block, or 0 after the last one.
     *
     * @throws IllegalArgumentException when the tree is endless or has more than three levels
     */
    long next() {
        if (at == 0) {
            at = root;
        } else if (!descend()) {
            advance();
        }
        if (at != 0 && ++visited > Binding.MAX_BLOCKS) {
            throw new IllegalArgumentException(
                    "H-5: block list of more than 2^20 blocks, or a cycle");
        }
        return at;
    }

    /** How far up the one that {@link #next} gave last stands: 0 = in the row of the root. */
    int level() {
        return level;
    }

    /** The block that the one {@link #next} gave last depends on, or 0. */
    long under() {
        return level == 0 ? 0 : path[level - 1];
    }

    /** Give every block of a tree this status. */
    void fill(long rootBlock, OffloadStatus status) {
        start(rootBlock);
        for (long ref = next(); ref != 0; ref = next()) {
            block.wrap(ref).status(status.code());
        }
    }

    private boolean descend() {
        long dependent = block.wrap(at).dependentBlockList();
        if (dependent == 0) {
            return false;
        }
        if (level + 1 >= LEVELS) {
            throw new IllegalArgumentException("H-5: block list of more than three levels");
        }
        path[level++] = at;
        at = dependent;
        return true;
    }

    private void advance() {
        long next = block.wrap(at).nextBlock();
        while (next == 0 && level > 0) {
            at = path[--level];
            next = block.wrap(at).nextBlock();
        }
        at = next;
    }
}
