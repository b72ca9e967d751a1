// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.OffloadHandle;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.spi.Memory;
import java.util.ArrayList;
import java.util.List;

/** Builds trees of block lists as a host stack does, for tests of drivers and targets. */
public final class OffloadTrees implements AutoCloseable {
    private final RecordPool blocks;
    private final RecordPool handles;
    private final ProtocolOffloadBlockList block;
    private final OffloadHandle handle;
    private final TcpConst tcp;
    private final TcpDelegated delegated;

    public OffloadTrees(Memory memory, int capacity) {
        this.blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, capacity);
        this.handles = new RecordPool(memory, OffloadHandle.BYTES, capacity);
        this.block = new ProtocolOffloadBlockList(memory);
        this.handle = new OffloadHandle(memory);
        this.tcp = new TcpConst(memory);
        this.delegated = new TcpDelegated(memory);
    }

    /** A handle with an empty slot: a new object. */
    public long handle() {
        long ref = handles.allocate();
        handle.wrap(ref).ndisReserved(0).miniportOffloadContext(0);
        return ref;
    }

    public void freeHandle(long ref) {
        handles.free(ref);
    }

    /** The token in the handle's slot; 0 = not offloaded. */
    public long token(long handleRef) {
        return handle.wrap(handleRef).miniportOffloadContext();
    }

    public void token(long handleRef, long value) {
        handle.wrap(handleRef).miniportOffloadContext(value);
    }

    /** A block that refers to, or creates, the object of a handle; its dependents under it. */
    public long block(StateType type, long handleRef, long... dependents) {
        long ref = blocks.allocate();
        long first = chain(dependents);
        block.wrap(ref).clear(type);
        if (type == StateType.TCP) {
            tcp.wrap(ref + StateOffsets.TCP_CONST).clear();
            delegated.wrap(ref + StateOffsets.TCP_DELEGATED).clear();
            delegated.state(TcpState.ESTABLISHED.code()).retransmitTimeoutDelta(-1);
        }
        block.offloadHandle(handleRef).dependentBlockList(first);
        return ref;
    }

    /** A block without an object. */
    public long placeholder(StateType type, long... dependents) {
        return block(type, 0, dependents);
    }

    /** Links blocks of one layer; the first, or 0. */
    public long chain(long... row) {
        for (int i = 0; i + 1 < row.length; i++) {
            block.wrap(row[i]).nextBlock(row[i + 1]);
        }
        return row.length == 0 ? 0 : row[0];
    }

    public ProtocolOffloadBlockList at(long ref) {
        block.wrap(ref);
        return block;
    }

    public int status(long ref) {
        return block.wrap(ref).status();
    }

    /** All blocks of a tree, depth first. */
    public List<Long> all(long root) {
        List<Long> out = new ArrayList<>();
        collect(root, out);
        return out;
    }

    private void collect(long first, List<Long> out) {
        long next;
        for (long ref = first; ref != 0; ref = next) {
            out.add(ref);
            collect(block.wrap(ref).dependentBlockList(), out);
            next = block.wrap(ref).nextBlock();
        }
    }

    /** Give the blocks of a tree back; handles stay. */
    public void free(long root) {
        all(root).forEach(blocks::free);
    }

    public int blocksHeld() {
        return blocks.held();
    }

    public int handlesHeld() {
        return handles.held();
    }

    @Override
    public void close() {
        blocks.close();
        handles.close();
    }
}
