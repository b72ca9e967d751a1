// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.PathDelegated;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpStateExt;
import dev.flue.spi.Memory;

/**
 * Writes the whole state of an object behind its block, as a host stack does for an initiate, in
 * records of {@link StateOffsets#BLOCK_BYTES}. The block list in front is left alone. Allocates
 * nothing after the constructor.
 */
public final class StateBlocks {
    /** Where a path's addresses lie: behind all its structures, in the same record. */
    private static final int LOCAL_ADDRESS_AT = 256;

    private static final int REMOTE_ADDRESS_AT = 272;
    private static final int HOP_LIMIT = 64;
    private static final int TICK_MICROS = 1_000;
    private static final int SRTT_SCALE = 8;
    private static final int RTTVAR_SCALE = 4;

    private final Memory memory;
    private final NeighborConst neighborConst;
    private final NeighborCached neighborCached;
    private final NeighborDelegated neighborDelegated;
    private final PathConst pathConst;
    private final PathCached pathCached;
    private final PathDelegated pathDelegated;
    private final TcpConst tcpConst;
    private final TcpCached tcpCached;
    private final TcpDelegated tcpDelegated;
    private final TcpStateExt tcpExt;

    public StateBlocks(Memory memory) {
        this.memory = memory;
        neighborConst = new NeighborConst(memory);
        neighborCached = new NeighborCached(memory);
        neighborDelegated = new NeighborDelegated(memory);
        pathConst = new PathConst(memory);
        pathCached = new PathCached(memory);
        pathDelegated = new PathDelegated(memory);
        tcpConst = new TcpConst(memory);
        tcpCached = new TcpCached(memory);
        tcpDelegated = new TcpDelegated(memory);
        tcpExt = new TcpStateExt(memory);
    }

    /**
     * A neighbor.
     *
     * @param sourceMac of our frames; 0 = the port's own
     * @param destinationMac of the next hop
     */
    public void neighbor(long block, long sourceMac, long destinationMac) {
        neighborConst.wrap(block + StateOffsets.NEIGHBOR_CONST).clear().macAddress(sourceMac);
        neighborCached
                .wrap(block + StateOffsets.NEIGHBOR_CACHED)
                .clear()
                .macAddress(destinationMac);
        neighborDelegated.wrap(block + StateOffsets.NEIGHBOR_DELEGATED).clear();
    }

    /** A path between two addresses of 4 or 16 bytes in network order. */
    public void path(long block, byte[] local, byte[] remote, int mtu) {
        int at = Refs.offset(block);
        memory.buffer(Refs.region(block)).put(at + LOCAL_ADDRESS_AT, local);
        memory.buffer(Refs.region(block)).put(at + REMOTE_ADDRESS_AT, remote);
        pathConst
                .wrap(block + StateOffsets.PATH_CONST)
                .clear()
                .sourceAddress(block + LOCAL_ADDRESS_AT)
                .destinationAddress(block + REMOTE_ADDRESS_AT);
        pathCached.wrap(block + StateOffsets.PATH_CACHED).clear().pathMtu(mtu);
        pathDelegated.wrap(block + StateOffsets.PATH_DELEGATED).clear();
    }

    /** A connection, with the extension of its state. */
    public void connection(long block, ConnectionState c) {
        int flags = c.timestamps ? TcpConst.FLAG_TIMESTAMPS : 0;
        flags |= c.sack ? TcpConst.FLAG_SACK : 0;
        flags |= c.scaled ? TcpConst.FLAG_WINDOW_SCALING : 0;
        tcpConst.wrap(block + StateOffsets.TCP_CONST)
                .clear()
                .flags(flags)
                .localPort(c.localPort)
                .remotePort(c.remotePort)
                .windScale(c.receiveScale << 4 | c.sendScale)
                .remoteMss(c.remoteMss)
                .hashValue(c.flowHash);
        tcpCached
                .wrap(block + StateOffsets.TCP_CACHED)
                .clear()
                .initialRcvWnd(c.receiveWindow)
                .ttlOrHopLimit(HOP_LIMIT);
        delegated(block, c);
        extension(block, c);
    }

    private void delegated(long block, ConnectionState c) {
        int ticks = Math.max(1, c.roundTripMicros / TICK_MICROS);
        tcpDelegated
                .wrap(block + StateOffsets.TCP_DELEGATED)
                .clear()
                .recognizedOptions(TcpDelegated.OPTION_EXT)
                .state(c.state.code())
                .rcvNxt(c.receiveNext)
                .rcvWnd(c.receiveWindow)
                .sndUna(c.sendNext)
                .sndNxt(c.sendNext)
                .sndMax(c.sendNext)
                .sndWnd(c.sendWindow)
                .maxSndWnd(c.sendWindow)
                .sendWl1(c.receiveNext - 1)
                .cwnd(c.congestionWindow)
                .ssthresh(c.slowStartThreshold)
                .srtt(SRTT_SCALE * ticks)
                .rttvar(RTTVAR_SCALE * ticks / 2)
                .tsRecent(c.timestampRecent)
                .tsTime(c.timestampTime)
                .kaTimeoutDelta(TcpDelegated.TIMER_STOPPED)
                .retransmitTimeoutDelta(TcpDelegated.TIMER_STOPPED);
    }

    private void extension(long block, ConnectionState c) {
        tcpExt.wrap(block + StateOffsets.TCP_EXT)
                .clear()
                .version(TcpStateExt.CURRENT_VERSION)
                .flags(c.ecn ? TcpStateExt.FLAG_ECN : 0)
                .rcvAdv(c.receiveNext + c.receiveWindow)
                .recover(c.sendNext)
                .srttUs(c.roundTripMicros)
                .rttvarUs(c.roundTripMicros / 2)
                .minRttUs(c.roundTripMicros)
                .rtoUs(c.timeoutMicros)
                .lastAckSent(c.receiveNext)
                .sndWl2(c.sendNext);
    }
}
