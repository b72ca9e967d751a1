// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.bindings.NativeMemory;
import dev.flue.im.TeamDriver;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpDelegated;
import dev.flue.testkit.ConnectionState;
import dev.flue.testkit.StateBlocks;

/**
 * Neighbor, path and one established connection of an {@link EngineSide}, made from nothing: both
 * sides of a pair are given states that fit each other.
 */
final class OffloadTree implements AutoCloseable {
    private static final int WINDOW = 1 << 20;
    private static final int SCALE = 7;
    private static final int HEADERS = 40;

    final long neighborHandle;
    final long pathHandle;
    final long tcpHandle;

    private final EngineSide side;
    private final RecordPool blocks;
    private final long neighbor;
    private final long path;
    private final long tcp;
    private final ProtocolOffloadBlockList block;
    private final TcpDelegated delegated;
    private final OffloadHandle handle;

    /**
     * @param local 0 or 1: which end this is; addresses, ports and sequence numbers follow from it
     */
    OffloadTree(EngineSide side, int local, long peerMac, int mtu) {
        NativeMemory memory = NativeMemory.heap();
        this.side = side;
        this.block = side.block;
        this.delegated = new TcpDelegated(memory);
        this.handle = new OffloadHandle(memory);
        blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, 4);
        neighbor = blocks.allocate();
        path = blocks.allocate();
        tcp = blocks.allocate();
        neighborHandle = side.handles.allocate(side);
        pathHandle = side.handles.allocate(side);
        tcpHandle = side.handles.allocate(side);
        StateBlocks state = new StateBlocks(memory);
        state.neighbor(neighbor, 0, peerMac);
        state.path(path, address(local), address(1 - local), mtu);
        state.connection(tcp, connection(local, mtu));
    }

    /** 198.18.0.1 and .2. */
    private static byte[] address(int end) {
        return new byte[] {(byte) 198, 18, 0, (byte) (1 + end)};
    }

    private static int port(int end) {
        return 5001 + end;
    }

    private static int sequence(int end) {
        return 0x10000 << end;
    }

    /** Of a team's engines the first one's, at both ends: those that a cable joins. */
    private static ConnectionState connection(int local, int mtu) {
        int remote = 1 - local;
        ConnectionState c = new ConnectionState();
        c.ports(port(local), port(remote)).sequence(sequence(local), sequence(remote));
        c.scaled = true;
        c.sendScale = SCALE;
        c.receiveScale = SCALE;
        c.remoteMss = mtu - HEADERS;
        c.flowHash = TeamDriver.BUCKETS;
        c.sendWindow = WINDOW;
        c.receiveWindow = WINDOW;
        c.congestionWindow = WINDOW;
        c.slowStartThreshold = WINDOW;
        return c;
    }

    /** Submit an initiate of what has no token yet, with the state that lies in the blocks. */
    void initiate() {
        block.wrap(neighbor).clear(StateType.NEIGHBOR);
        block.offloadHandle(neighborHandle).dependentBlockList(path);
        block.wrap(path).clear(StateType.IP4);
        block.offloadHandle(pathHandle).dependentBlockList(tcp);
        block.wrap(tcp).clear(StateType.TCP);
        block.offloadHandle(tcpHandle);
        // What a terminate left here; this connection never has any.
        delegated.wrap(tcp + StateOffsets.TCP_DELEGATED).sendDataHead(0).sendDataTail(0);
        delegated.bufferedData(0);
        side.binding.initiateOffload(neighbor);
    }

    /** Submit a terminate of the connection; neighbor and path stay. */
    void terminate() {
        block.wrap(tcp).clear(StateType.TCP);
        block.offloadHandle(tcpHandle);
        side.binding.terminateOffload(tcp);
    }

    /** After a terminate: the handle's slot is empty again (H-6). */
    void forgetToken() {
        handle.wrap(tcpHandle).miniportOffloadContext(0);
    }

    /** Status of the three blocks, for people. */
    String statuses() {
        return status(neighbor) + " " + status(path) + " " + status(tcp);
    }

    boolean succeeded() {
        return status(tcp) == OffloadStatus.SUCCESS;
    }

    private OffloadStatus status(long ref) {
        return OffloadStatus.of(block.wrap(ref).status());
    }

    @Override
    public void close() {
        blocks.close();
    }
}
