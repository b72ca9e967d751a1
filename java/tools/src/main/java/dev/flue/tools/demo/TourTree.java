// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadBlockList;
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
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/** The block lists of a {@link Tour}: three blocks, written anew for each operation. */
final class TourTree implements AutoCloseable {
    private static final int NEIGHBOR = 0;
    private static final int PATH = 1;
    private static final int TCP = 2;
    private static final int LEVELS = 3;
    private static final int ADDRESSES_AT = 384;
    private static final int WINDOW = 65_535;
    private static final int MSS = 1460;
    private static final int SEQUENCE = 1_000_000;
    private static final long FIRST_MAC = 0x0200_c612_0064L;
    private static final long SECOND_MAC = 0x0200_c612_0065L;

    private final Memory memory;
    private final RecordPool blocks;
    private final RecordPool handles;
    private final ProtocolOffloadBlockList block;
    private final OffloadHandle handle;
    private final long[] blockOf = new long[LEVELS];
    private final long[] handleOf = new long[LEVELS];

    TourTree(Memory memory) {
        this.memory = memory;
        this.blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, LEVELS);
        this.handles = new RecordPool(memory, OffloadHandle.BYTES, LEVELS);
        this.block = new ProtocolOffloadBlockList(memory);
        this.handle = new OffloadHandle(memory);
        for (int i = 0; i < LEVELS; i++) {
            blockOf[i] = blocks.allocate();
            handleOf[i] = handles.allocate();
            handle.wrap(handleOf[i]).ndisReserved(0).miniportOffloadContext(0);
        }
    }

    /** All three new, with their whole state. */
    long initiate() {
        long root = all(StateType.NEIGHBOR, StateType.IP4, StateType.TCP);
        new NeighborConst(memory).wrap(blockOf[NEIGHBOR] + StateOffsets.NEIGHBOR_CONST).clear();
        new NeighborCached(memory)
                .wrap(blockOf[NEIGHBOR] + StateOffsets.NEIGHBOR_CACHED)
                .clear()
                .macAddress(FIRST_MAC);
        new NeighborDelegated(memory)
                .wrap(blockOf[NEIGHBOR] + StateOffsets.NEIGHBOR_DELEGATED)
                .clear();
        long source = blockOf[PATH] + ADDRESSES_AT;
        ByteBuffer buffer = memory.buffer(Refs.region(source));
        buffer.put(Refs.offset(source), new byte[] {(byte) 198, 18, 0, 3});
        buffer.put(Refs.offset(source) + 4, new byte[] {(byte) 198, 18, 0, 100});
        new PathConst(memory)
                .wrap(blockOf[PATH] + StateOffsets.PATH_CONST)
                .clear()
                .sourceAddress(source)
                .destinationAddress(source + 4);
        new PathCached(memory).wrap(blockOf[PATH] + StateOffsets.PATH_CACHED).clear().pathMtu(1500);
        new PathDelegated(memory).wrap(blockOf[PATH] + StateOffsets.PATH_DELEGATED).clear();
        connection();
        return root;
    }

    private void connection() {
        new TcpConst(memory)
                .wrap(blockOf[TCP] + StateOffsets.TCP_CONST)
                .clear()
                .localPort(7000)
                .remotePort(7100)
                .remoteMss(MSS);
        new TcpCached(memory)
                .wrap(blockOf[TCP] + StateOffsets.TCP_CACHED)
                .clear()
                .initialRcvWnd(WINDOW)
                .ttlOrHopLimit(64);
        new TcpDelegated(memory)
                .wrap(blockOf[TCP] + StateOffsets.TCP_DELEGATED)
                .clear()
                .state(TcpState.ESTABLISHED.code())
                .rcvNxt(SEQUENCE)
                .rcvWnd(WINDOW)
                .sndUna(SEQUENCE)
                .sndNxt(SEQUENCE)
                .sndMax(SEQUENCE)
                .sndWnd(WINDOW)
                .maxSndWnd(WINDOW)
                .sendWl1(SEQUENCE - 1)
                .cwnd(10 * MSS)
                .ssthresh(Integer.MAX_VALUE)
                .srtt(8)
                .rttvar(4)
                .kaTimeoutDelta(TcpDelegated.TIMER_STOPPED)
                .retransmitTimeoutDelta(TcpDelegated.TIMER_STOPPED);
    }

    /** Everything that the target knows of all three. */
    long query() {
        long root = all(StateType.NEIGHBOR, StateType.IP4, StateType.TCP);
        new TcpDelegated(memory).wrap(blockOf[TCP] + StateOffsets.TCP_DELEGATED).clear();
        return root;
    }

    /** Another MAC address, as after a gratuitous ARP. */
    long updateNeighbor() {
        long root = lone(NEIGHBOR, StateType.NEIGHBOR_CACHED);
        new NeighborCached(memory)
                .wrap(root + OffloadBlockList.BYTES)
                .clear()
                .macAddress(SECOND_MAC);
        return root;
    }

    /** A smaller MTU, as after an ICMP message. */
    long updatePath() {
        long root = lone(PATH, StateType.IP4_CACHED);
        new PathCached(memory).wrap(root + OffloadBlockList.BYTES).clear().pathMtu(1280);
        return root;
    }

    /** Keepalive, as after a socket option. */
    long updateConnection() {
        long root = lone(TCP, StateType.TCP_CACHED);
        new TcpCached(memory)
                .wrap(root + OffloadBlockList.BYTES)
                .clear()
                .initialRcvWnd(WINDOW)
                .ttlOrHopLimit(64)
                .flags(TcpCached.FLAG_KEEP_ALIVE_ENABLED)
                .kaProbeCount(5)
                .kaTimeout(7_200_000)
                .kaInterval(1_000);
        return root;
    }

    long invalidate() {
        return all(StateType.NONE, StateType.NONE, StateType.NONE);
    }

    long terminate() {
        long root = all(StateType.NEIGHBOR, StateType.IP4, StateType.TCP);
        new TcpDelegated(memory).wrap(blockOf[TCP] + StateOffsets.TCP_DELEGATED).clear();
        return root;
    }

    private long all(StateType... types) {
        for (int i = 0; i < LEVELS; i++) {
            block.wrap(blockOf[i]).clear(types[i]);
            block.offloadHandle(handleOf[i]);
            block.dependentBlockList(i + 1 < LEVELS ? blockOf[i + 1] : 0);
        }
        return blockOf[NEIGHBOR];
    }

    private long lone(int level, StateType type) {
        block.wrap(blockOf[level]).clear(type);
        block.offloadHandle(handleOf[level]);
        return blockOf[level];
    }

    /** Every block of the operation has SUCCESS. */
    boolean succeeded(long root) {
        boolean all = true;
        for (long at = root; at != 0; at = block.wrap(at).dependentBlockList()) {
            all &= block.wrap(at).status() == OffloadStatus.SUCCESS.code();
        }
        return all;
    }

    @Override
    public void close() {
        blocks.close();
        handles.close();
    }
}
