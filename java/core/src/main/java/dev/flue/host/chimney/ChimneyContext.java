// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.NeighborCache;
import dev.flue.host.link.Unfinished;
import dev.flue.host.tcp.HandOver;
import dev.flue.host.tcp.TcpLayer;
import dev.flue.offload.Binding;
import dev.flue.offload.Capabilities;
import dev.flue.offload.NetBufferList;
import dev.flue.offload.ProtocolOffloadBlockList;
import dev.flue.offload.Refs;
import dev.flue.spi.Memory;

/** What the parts of the offload side share. One thread. */
final class ChimneyContext {
    /** Blocks that can be under way at a time; what finds none waits. */
    private static final int MAX_BLOCKS = 4096;

    /** A connection's block, its path's and its neighbor's. */
    static final int BLOCKS_PER_CONNECTION = 3;

    /** For what is asked of the target as a whole. */
    private static final int SHARED_BLOCKS = 64;

    private static final long NANOS_PER_TICK = 1_000_000;

    final Memory memory;
    final Binding binding;
    final TcpLayer tcp;
    final IpLayer ip;
    final NeighborCache neighbors;
    final ChimneyCounters counters;
    final ObjectTable objects;
    final BlockPool blocks;
    final HandOver handOver;
    final Refusals refusals = new Refusals();
    final ReceiveReturns returns;
    final ProtocolOffloadBlockList block;
    final NetBufferList list;

    /** Source MAC of our frames; 0 = the port's own. */
    final long sourceMac;

    /** The target was told our parameters once. */
    boolean parametersSet;

    /**
     * An operation waits, or is under way: set by whoever lets the first one wait, taken back when
     * all are done. As long as it is false a turn looks at none of them.
     */
    boolean stirred = true;

    Capabilities capabilities;
    long now;

    ChimneyContext(
            Memory memory,
            Binding binding,
            TcpLayer tcp,
            IpLayer ip,
            NeighborCache neighbors,
            int maxConnections,
            long sourceMac,
            ChimneyCounters counters,
            Unfinished unfinished) {
        this.memory = memory;
        this.binding = binding;
        this.tcp = tcp;
        this.ip = ip;
        this.neighbors = neighbors;
        this.counters = counters;
        this.sourceMac = sourceMac;
        this.objects = new ObjectTable(memory, maxConnections);
        unfinished.made(objects::close);
        long most = (long) BLOCKS_PER_CONNECTION * maxConnections + SHARED_BLOCKS;
        this.blocks = new BlockPool(memory, (int) Math.min(MAX_BLOCKS, most));
        unfinished.made(blocks::close);
        this.handOver = new HandOver(memory, tcp);
        this.block = new ProtocolOffloadBlockList(memory);
        this.list = new NetBufferList(memory);
        this.returns = new ReceiveReturns(memory, binding);
        this.capabilities = binding.miniport().capabilities();
    }

    /** Write a 32-bit number. */
    void putInt(long ref, int value) {
        memory.buffer(Refs.region(ref)).putInt(Refs.offset(ref), value);
    }

    /** HostReachabilityDelta of a next hop: ticks since it last proved itself (H-10). */
    int reachabilityDelta(IpAddress hop) {
        return (int) Math.min(Integer.MAX_VALUE, neighbors.confirmedAgo(hop, now) / NANOS_PER_TICK);
    }

    /**
     * Hand the held segments of a connection that is back to TCP, in order.
     *
     * @param told whether a target had the connection: what it held, it told the peer of
     */
    void replay(Flow flow, boolean told) {
        for (long segment = flow.held.poll(); segment != 0; segment = flow.held.poll()) {
            BufferPool pool = tcp.segments();
            int at = BufferPool.dataAt(segment);
            boolean marked = (pool.flags(segment) & NetBufferList.FLAG_MARKED) != 0;
            tcp.replay(
                    flow.connection, pool.buffer(segment), at, pool.length(segment), marked, told);
            pool.free(segment);
        }
    }
}
