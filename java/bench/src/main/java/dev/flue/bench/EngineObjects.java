// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.bindings.EngineConfig;
import dev.flue.bindings.NativeMemory;
import dev.flue.bindings.Wire;
import dev.flue.bindings.WireConfig;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpDelegated;
import dev.flue.testkit.ConnectionState;
import dev.flue.testkit.StateBlocks;

/**
 * Idle connections on one path of one engine, and state operations on one or more of them at a
 * time: submit the tree, take turns until it completes, look at every status. Nothing is allocated
 * after the constructor.
 */
final class EngineObjects implements AutoCloseable {
    private static final long MAC = 0x0200c6120001L;
    private static final int MTU = 1500;
    private static final int FIRST_PORT = 10_000;
    private static final int TURNS = 100_000;
    private static final long TURN_NANOS = 1_000;

    private final Wire wire;
    private final EngineSide side;
    private final RecordPool blocks;
    private final ProtocolOffloadBlockList block;
    private final OffloadHandle handle;
    private final TcpDelegated delegated;
    private final StateBlocks state;
    private final TcpCached cached;
    private final long neighbor;
    private final long path;
    private final long neighborHandle;
    private final long pathHandle;
    private final long[] handles;
    // Whole state, for initiate and terminate; one structure, for query and update.
    private final long[] whole;
    private final long[] partial;
    private long now = 1_000_000;

    EngineObjects(int connections) {
        NativeMemory memory = NativeMemory.heap();
        EngineConfig config = EngineConfig.builder().maxConnections(1024).build();
        wire = new Wire(WireConfig.builder().mtu(MTU).build());
        side = new EngineSide(wire.port(0, MAC), config, 1, 64);
        block = side.block;
        handle = new OffloadHandle(memory);
        delegated = new TcpDelegated(memory);
        cached = new TcpCached(memory);
        state = new StateBlocks(memory);
        blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, 2 * connections + 2);
        neighbor = blocks.allocate();
        path = blocks.allocate();
        neighborHandle = side.handles.allocate(side);
        pathHandle = side.handles.allocate(side);
        state.neighbor(neighbor, 0, MAC + 1);
        state.path(path, new byte[] {10, 0, 0, 1}, new byte[] {10, 0, 0, 2}, MTU);
        handles = new long[connections];
        whole = new long[connections];
        partial = new long[connections];
        for (int i = 0; i < connections; i++) {
            handles[i] = side.handles.allocate(side);
            whole[i] = blocks.allocate();
            partial[i] = blocks.allocate();
            state.connection(whole[i], new ConnectionState().ports(FIRST_PORT + i, FIRST_PORT));
        }
    }

    /** Hand {@code count} connections over, in one tree below neighbor and path. */
    int initiate(int first, int count) {
        for (int i = first; i < first + count; i++) {
            handle.wrap(handles[i]).miniportOffloadContext(0);
            delegated.wrap(whole[i] + StateOffsets.TCP_DELEGATED);
            delegated.sendDataHead(0).sendDataTail(0).bufferedData(0);
        }
        link(StateType.TCP, whole, first, count, true);
        side.binding.initiateOffload(neighbor);
        return complete(whole, first, count);
    }

    int terminate(int first, int count) {
        link(StateType.TCP, whole, first, count, false);
        side.binding.terminateOffload(neighbor);
        return complete(whole, first, count);
    }

    /** DELEGATED state of each. */
    int query(int first, int count) {
        for (int i = first; i < first + count; i++) {
            delegated.wrap(partial[i] + ProtocolOffloadBlockList.BYTES).clear();
        }
        link(StateType.TCP_DELEGATED, partial, first, count, false);
        side.binding.queryOffload(neighbor);
        return complete(partial, first, count);
    }

    /** CACHED state of each: another hop limit. */
    int update(int first, int count) {
        for (int i = first; i < first + count; i++) {
            cached.wrap(partial[i] + ProtocolOffloadBlockList.BYTES).clear();
            cached.initialRcvWnd(65_535).ttlOrHopLimit(32 + (int) (now & 31));
        }
        link(StateType.TCP_CACHED, partial, first, count, false);
        side.binding.updateOffload(neighbor);
        return complete(partial, first, count);
    }

    /**
     * @param named whether neighbor and path are the objects themselves or placeholders
     */
    private void link(StateType type, long[] of, int first, int count, boolean named) {
        block.wrap(neighbor).clear(StateType.NEIGHBOR);
        block.offloadHandle(named ? neighborHandle : 0).dependentBlockList(path);
        block.wrap(path).clear(StateType.IP4);
        block.offloadHandle(named ? pathHandle : 0).dependentBlockList(of[first]);
        for (int i = first; i < first + count; i++) {
            block.wrap(of[i]).clear(type);
            block.offloadHandle(handles[i]).nextBlock(i + 1 < first + count ? of[i + 1] : 0);
        }
    }

    private int complete(long[] of, int first, int count) {
        int before = side.operationsComplete;
        for (int i = 0; side.operationsComplete == before; i++) {
            now += TURN_NANOS;
            side.turn(now);
            if (i > TURNS) {
                throw new IllegalStateException("no end: " + side.target.counters());
            }
        }
        for (int i = first; i < first + count; i++) {
            int status = block.wrap(of[i]).status();
            if (status != OffloadStatus.SUCCESS.code()) {
                throw new IllegalStateException(i + ": " + OffloadStatus.of(status));
            }
        }
        return side.operationsComplete;
    }

    @Override
    public void close() {
        side.close();
        blocks.close();
        wire.close();
    }
}
