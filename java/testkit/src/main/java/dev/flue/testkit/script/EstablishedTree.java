// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadHandle;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.RecordPool;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpDelegated;
import dev.flue.spi.Memory;
import dev.flue.testkit.ConnectionState;
import dev.flue.testkit.StateBlocks;

/** The block lists of one established connection, as a host stack would hand it over. */
final class EstablishedTree implements AutoCloseable {
    private static final int BLOCKS = 3;
    private static final int NEIGHBOR = 0;
    private static final int PATH = 1;
    private static final int TCP = 2;
    private static final int INITIAL_SEGMENTS = 10;

    private final RecordPool blocks;
    private final RecordPool handles;
    private final Memory memory;
    private final ProtocolOffloadBlockList block;
    private final OffloadHandle handle;
    private final StateBlocks state;
    private final TcpCached cached;
    private final IpVersion version;
    private final Endpoint local;
    private final Endpoint peer;
    private final long[] blockOf = new long[BLOCKS];
    private final long[] handleOf = new long[BLOCKS];

    EstablishedTree(Memory memory, IpVersion version) {
        this.memory = memory;
        this.version = version;
        this.local = version.local();
        this.peer = version.peer();
        this.blocks = new RecordPool(memory, StateOffsets.BLOCK_BYTES, BLOCKS);
        this.handles = new RecordPool(memory, OffloadHandle.BYTES, BLOCKS);
        this.block = new ProtocolOffloadBlockList(memory);
        this.handle = new OffloadHandle(memory);
        this.state = new StateBlocks(memory);
        this.cached = new TcpCached(memory);
    }

    /** A tree that offloads the connection. */
    long initiate(ScriptConnection c) {
        for (int i = 0; i < BLOCKS; i++) {
            handleOf[i] = handles.allocate();
            handle.wrap(handleOf[i]).ndisReserved(0).miniportOffloadContext(0);
            blockOf[i] = blocks.allocate();
        }
        link();
        state.neighbor(blockOf[NEIGHBOR], local.mac(), peer.mac());
        state.path(
                blockOf[PATH],
                IpFrame.bytes(local.address()),
                IpFrame.bytes(peer.address()),
                version.mtu());
        state.connection(blockOf[TCP], connection(c));
        cached(blockOf[TCP] + StateOffsets.TCP_CACHED, c.options());
        return blockOf[NEIGHBOR];
    }

    /** The same tree, to take it back. */
    long terminate() {
        link();
        new TcpDelegated(memory).wrap(delegated()).clear();
        return blockOf[NEIGHBOR];
    }

    /** A lone block that gives the connection what its application set. */
    long update(ScriptOptions options, boolean window) {
        long at = lone(TCP, StateType.TCP_CACHED);
        cached(at, options);
        if (window) {
            cached.flags(cached.flags() | TcpCached.FLAG_UPDATE_RCV_WND);
        }
        return blockOf[TCP];
    }

    /** A lone block that tells what the path carries, bytes of IP packets. */
    long updatePath(int mtu) {
        boolean four = version == IpVersion.V4;
        long at = lone(PATH, four ? StateType.IP4_CACHED : StateType.IP6_CACHED);
        new PathCached(memory).wrap(at).clear().pathMtu(mtu);
        return blockOf[PATH];
    }

    /** Where the CACHED state of a lone block goes. */
    private long lone(int which, StateType type) {
        block.wrap(blockOf[which]).clear(type);
        block.offloadHandle(handleOf[which]);
        return blockOf[which] + OffloadBlockList.BYTES;
    }

    private void cached(long at, ScriptOptions options) {
        int flags = options.nagle() ? TcpCached.FLAG_NAGLING_ENABLED : 0;
        flags |= options.keepAliveIdle() > 0 ? TcpCached.FLAG_KEEP_ALIVE_ENABLED : 0;
        cached.wrap(at).clear().flags(flags).initialRcvWnd(options.receiveBuffer());
        cached.kaTimeout(options.keepAliveIdle()).kaInterval(options.keepAliveInterval());
        cached.kaProbeCount(options.keepAliveCount()).maxRt(options.userTimeout());
        cached.ttlOrHopLimit(options.hopLimit()).tosOrTrafficClass(options.trafficClass());
    }

    private void link() {
        StateType path = version == IpVersion.V4 ? StateType.IP4 : StateType.IP6;
        StateType[] types = {StateType.NEIGHBOR, path, StateType.TCP};
        for (int i = 0; i < BLOCKS; i++) {
            block.wrap(blockOf[i]).clear(types[i]);
            block.offloadHandle(handleOf[i]);
            block.dependentBlockList(i + 1 < BLOCKS ? blockOf[i + 1] : 0);
        }
    }

    private ConnectionState connection(ScriptConnection c) {
        ConnectionState out = new ConnectionState();
        out.ports(local.port(), peer.port()).sequence(c.iss() + 1, c.irs() + 1);
        out.scaled = c.scale() >= 0;
        out.sendScale = Math.max(0, c.scale());
        out.timestamps = c.timestamps();
        out.remoteMss = c.mss();
        out.sendWindow = c.window() << out.sendScale;
        out.congestionWindow = INITIAL_SEGMENTS * c.mss();
        out.timestampRecent = c.timestamp();
        out.sack = c.sack();
        out.ecn = c.ecn();
        out.receiveWindow = c.options().receiveBuffer();
        return out;
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

    void checkUpdated(long updated) {
        int status = block.wrap(updated).status();
        if (status != OffloadStatus.SUCCESS.code()) {
            throw new AssertionError("the target refused an update: " + OffloadStatus.of(status));
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
    }
}
