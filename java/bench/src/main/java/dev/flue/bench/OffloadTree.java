// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench;

import dev.flue.bindings.NativeMemory;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.PathDelegated;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.offload.TcpStateExt;
import java.nio.ByteBuffer;

/**
 * Neighbor, path and one established connection of an {@link EngineSide}, made from nothing: both
 * sides of a pair are given states that fit each other.
 */
final class OffloadTree implements AutoCloseable {
    private static final int WINDOW = 1 << 20;
    private static final int SCALE = 7;
    private static final int TICK = 1;

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
        long addresses = blocks.allocate();
        ByteBuffer raw = memory.buffer(Refs.region(addresses));
        int at = Refs.offset(addresses);
        raw.putInt(at, Integer.reverseBytes(address(local)));
        raw.putInt(at + 4, Integer.reverseBytes(address(1 - local)));

        new NeighborConst(memory).wrap(neighbor + StateOffsets.NEIGHBOR_CONST).clear();
        new NeighborCached(memory)
                .wrap(neighbor + StateOffsets.NEIGHBOR_CACHED)
                .clear()
                .macAddress(peerMac);
        new NeighborDelegated(memory).wrap(neighbor + StateOffsets.NEIGHBOR_DELEGATED).clear();
        new PathConst(memory)
                .wrap(path + StateOffsets.PATH_CONST)
                .clear()
                .sourceAddress(addresses)
                .destinationAddress(addresses + 4);
        new PathCached(memory).wrap(path + StateOffsets.PATH_CACHED).clear().pathMtu(mtu);
        new PathDelegated(memory).wrap(path + StateOffsets.PATH_DELEGATED).clear();
        connection(memory, local, mtu);
    }

    private static int address(int end) {
        return 0xc6120001 + end;
    }

    private static int port(int end) {
        return 5001 + end;
    }

    private static int sequence(int end) {
        return 0x10000 << end;
    }

    private void connection(NativeMemory memory, int local, int mtu) {
        int remote = 1 - local;
        new TcpConst(memory)
                .wrap(tcp + StateOffsets.TCP_CONST)
                .clear()
                .flags(TcpConst.FLAG_WINDOW_SCALING)
                .localPort(port(local))
                .remotePort(port(remote))
                .windScale(SCALE << 4 | SCALE)
                .remoteMss(mtu - 40);
        new TcpCached(memory)
                .wrap(tcp + StateOffsets.TCP_CACHED)
                .clear()
                .initialRcvWnd(WINDOW)
                .ttlOrHopLimit(64);
        delegated
                .wrap(tcp + StateOffsets.TCP_DELEGATED)
                .clear()
                .recognizedOptions(TcpDelegated.OPTION_EXT)
                .state(TcpState.ESTABLISHED.code())
                .rcvNxt(sequence(remote))
                .rcvWnd(WINDOW)
                .sndUna(sequence(local))
                .sndNxt(sequence(local))
                .sndMax(sequence(local))
                .sndWnd(WINDOW)
                .maxSndWnd(WINDOW)
                .sendWl1(sequence(remote))
                .cwnd(WINDOW)
                .ssthresh(WINDOW)
                .srtt(8 * TICK)
                .rttvar(4 * TICK)
                .kaTimeoutDelta(TcpDelegated.TIMER_STOPPED)
                .retransmitTimeoutDelta(TcpDelegated.TIMER_STOPPED);
        new TcpStateExt(memory)
                .wrap(tcp + StateOffsets.TCP_EXT)
                .clear()
                .rcvAdv(sequence(remote) + WINDOW)
                .recover(sequence(local))
                .srttUs(1000)
                .rttvarUs(500)
                .minRttUs(1000)
                .rtoUs(200_000)
                .lastAckSent(sequence(remote))
                .sndWl2(sequence(local));
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
