// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.MiniportOffloadBlockList;
import dev.flue.spi.Memory;

/**
 * The IM call entries of one driver: one per state operation under way (chimney 7.2). An entry
 * keeps what the driver must give back unchanged, and its number travels in the root's ImReserved.
 * A fixed number; nothing is allocated after the constructor.
 */
final class CallEntries {
    /** High half of the number in ImReserved, to tell it from another driver's. */
    private static final long MARK = 0x494d_0000_0000L;

    private final MiniportOffloadBlockList block;
    private final long[] root;
    private final long[] imReserved0;
    private final long[] imReserved1;
    private final long[] sourceHandle;
    private final StateOperation[] operation;
    private final int[] face;
    private final FreeNumbers free;

    CallEntries(Memory memory, int capacity) {
        this.block = new MiniportOffloadBlockList(memory);
        this.root = new long[capacity];
        this.imReserved0 = new long[capacity];
        this.imReserved1 = new long[capacity];
        this.sourceHandle = new long[capacity];
        this.operation = new StateOperation[capacity];
        this.face = new int[capacity];
        this.free = new FreeNumbers(capacity);
    }

    int available() {
        return free.available();
    }

    int held() {
        return free.held();
    }

    /** Save what the root holds and put our number in its place. There must be a free entry. */
    void open(long rootBlock, StateOperation what, int fromFace) {
        int entry = free.take();
        block.wrap(rootBlock);
        root[entry] = rootBlock;
        operation[entry] = what;
        face[entry] = fromFace;
        imReserved0[entry] = block.imReserved0();
        imReserved1[entry] = block.imReserved1();
        sourceHandle[entry] = block.sourceHandle();
        block.imReserved0(MARK | entry);
    }

    /**
     * The entry of a completed operation.
     *
     * @return -1 when no such operation is under way: the driver below completed twice, or
     *     something that never went down
     */
    int find(long rootBlock, StateOperation what) {
        long number = block.wrap(rootBlock).imReserved0() ^ MARK;
        if (number < 0 || number >= root.length) {
            return -1;
        }
        int entry = (int) number;
        return root[entry] == rootBlock && operation[entry] == what ? entry : -1;
    }

    /** Number of the face above that the operation came from. */
    int face(int entry) {
        return face[entry];
    }

    long root(int entry) {
        return root[entry];
    }

    StateOperation operation(int entry) {
        return operation[entry];
    }

    long sourceHandle(int entry) {
        return sourceHandle[entry];
    }

    /** Restore ImReserved, forget the operation. */
    void close(int entry) {
        block.wrap(root[entry]).imReserved0(imReserved0[entry]).imReserved1(imReserved1[entry]);
        root[entry] = 0;
        operation[entry] = null;
        free.give(entry);
    }
}
