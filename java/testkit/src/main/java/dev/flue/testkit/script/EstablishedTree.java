// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

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
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.offload.TcpStateExt;
import dev.flue.spi.Memory;

/** The block lists of one established connection, as a host stack would hand it over. */
final class EstablishedTree implements AutoCloseable {
    private static final int BLOCKS = 3;
    private static final int NEIGHBOR = 0;
    private static final int PATH = 1;
    private static final int TCP = 2;
    private static final int PATH_MTU = 1500;
    private static final int RECEIVE_WINDOW = 65_535;
    private static final int INITIAL_SEGMENTS = 10;
    private static final int RTT_MICROS = 1_000;
    private static final int RTO_MICROS = 200_000;

    private final RecordPool blocks;
    private final RecordPool handles;
    private final RecordPool addresses;
    private final Memory memory;
    private final ProtocolOffloadBlockList block;
    private final OffloadHandle handle;
    private final Endpoint local;
    private final Endpoint peer;
    private final long[] blockOf = new long[BLOCKS];
    private final long[] handleOf = new long[BLOCKS];

    EstablishedTree(Memory memory, Endpoint local, Endpoint peer) {
        this.memory = memory;
        this.local = local;
        this.peer = peer;
        this.blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, BLOCKS);
        this.handles = new RecordPool(memory, OffloadHandle.BYTES, BLOCKS);
        this.addresses = new RecordPool(memory, Long.BYTES, 2);
        this.block = new ProtocolOffloadBlockList(memory);
        this.handle = new OffloadHandle(memory);
    }

    /** A tree that offloads the connection. */
    long initiate(ScriptConnection c) {
        for (int i = 0; i < BLOCKS; i++) {
            handleOf[i] = handles.allocate();
            handle.wrap(handleOf[i]).ndisReserved(0).miniportOffloadContext(0);
            blockOf[i] = blocks.allocate();
        }
        link(StateType.NEIGHBOR, StateType.IP4, StateType.TCP);
        new NeighborConst(memory)
                .wrap(blockOf[NEIGHBOR] + StateOffsets.NEIGHBOR_CONST)
                .clear()
                .macAddress(local.mac());
        new NeighborCached(memory)
                .wrap(blockOf[NEIGHBOR] + StateOffsets.NEIGHBOR_CACHED)
                .clear()
                .macAddress(peer.mac());
        new NeighborDelegated(memory)
                .wrap(blockOf[NEIGHBOR] + StateOffsets.NEIGHBOR_DELEGATED)
                .clear();
        new PathConst(memory)
                .wrap(blockOf[PATH] + StateOffsets.PATH_CONST)
                .clear()
                .sourceAddress(address(local.address()))
                .destinationAddress(address(peer.address()));
        new PathCached(memory)
                .wrap(blockOf[PATH] + StateOffsets.PATH_CACHED)
                .clear()
                .pathMtu(PATH_MTU);
        new PathDelegated(memory).wrap(blockOf[PATH] + StateOffsets.PATH_DELEGATED).clear();
        fillConst(c);
        fillDelegated(c);
        return blockOf[NEIGHBOR];
    }

    /** The same tree, to take it back. */
    long terminate() {
        link(StateType.NEIGHBOR, StateType.IP4, StateType.TCP_DELEGATED);
        new TcpDelegated(memory).wrap(delegated()).clear();
        return blockOf[NEIGHBOR];
    }

    private void link(StateType... types) {
        for (int i = 0; i < BLOCKS; i++) {
            block.wrap(blockOf[i]).clear(types[i]);
            block.offloadHandle(handleOf[i]);
            block.dependentBlockList(i + 1 < BLOCKS ? blockOf[i + 1] : 0);
        }
    }

    private long address(int value) {
        long ref = addresses.allocate();
        memory.buffer((int) (ref >>> 48)).putInt((int) ref, Integer.reverseBytes(value));
        return ref;
    }

    private void fillConst(ScriptConnection c) {
        int flags = c.timestamps() ? TcpConst.FLAG_TIMESTAMPS : 0;
        flags |= c.scale() >= 0 ? TcpConst.FLAG_WINDOW_SCALING : 0;
        new TcpConst(memory)
                .wrap(blockOf[TCP] + StateOffsets.TCP_CONST)
                .clear()
                .flags(flags)
                .remotePort(peer.port())
                .localPort(local.port())
                .windScale(Math.max(0, c.scale()))
                .remoteMss(c.mss());
        new TcpCached(memory)
                .wrap(blockOf[TCP] + StateOffsets.TCP_CACHED)
                .clear()
                .initialRcvWnd(RECEIVE_WINDOW)
                .ttlOrHopLimit(64);
    }

    private void fillDelegated(ScriptConnection c) {
        int sendWindow = c.window() << Math.max(0, c.scale());
        new TcpDelegated(memory)
                .wrap(delegated())
                .clear()
                .recognizedOptions(TcpDelegated.OPTION_EXT)
                .state(TcpState.ESTABLISHED.code())
                .rcvNxt(c.irs() + 1)
                .rcvWnd(RECEIVE_WINDOW)
                .sndUna(c.iss() + 1)
                .sndNxt(c.iss() + 1)
                .sndMax(c.iss() + 1)
                .sndWnd(sendWindow)
                .maxSndWnd(sendWindow)
                .sendWl1(c.irs())
                .cwnd(INITIAL_SEGMENTS * c.mss())
                .ssthresh(Integer.MAX_VALUE)
                .srtt(8)
                .rttvar(2)
                .tsRecent(c.timestamp())
                .tsTime(1_000_000)
                .kaTimeoutDelta(TcpDelegated.TIMER_STOPPED)
                .retransmitTimeoutDelta(TcpDelegated.TIMER_STOPPED);
        new TcpStateExt(memory)
                .wrap(blockOf[TCP] + StateOffsets.TCP_EXT)
                .clear()
                .version(TcpStateExt.CURRENT_VERSION)
                .rcvAdv(c.irs() + 1 + RECEIVE_WINDOW)
                .recover(c.iss() + 1)
                .srttUs(RTT_MICROS)
                .rttvarUs(RTT_MICROS / 2)
                .rtoUs(RTO_MICROS)
                .lastAckSent(c.irs() + 1)
                .sndWl2(c.iss() + 1);
    }

    void checkOffloaded() {
        for (int i = 0; i < BLOCKS; i++) {
            int status = block.wrap(blockOf[i]).status();
            if (status != OffloadStatus.SUCCESS.code()) {
                throw new AssertionError(
                        "the target refused block " + i + ": " + OffloadStatus.of(status));
            }
        }
    }

    boolean offloaded() {
        return handleOf[TCP] != 0 && handle.wrap(handleOf[TCP]).miniportOffloadContext() != 0;
    }

    boolean tcpSucceeded() {
        return block.wrap(blockOf[TCP]).status() == OffloadStatus.SUCCESS.code();
    }

    /** The send data that a terminate handed back; 0 = none. */
    long takeSendChain() {
        return block.wrap(blockOf[TCP]).netBufferListChain();
    }

    long tcpHandle() {
        return handleOf[TCP];
    }

    long delegated() {
        return blockOf[TCP] + StateOffsets.TCP_DELEGATED;
    }

    @Override
    public void close() {
        blocks.close();
        handles.close();
        addresses.close();
    }
}
