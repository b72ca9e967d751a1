// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.link.Net;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborConst;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.PathCached;
import dev.flue.offload.PathConst;
import dev.flue.offload.PathDelegated;
import dev.flue.offload.Refs;
import dev.flue.offload.StateOffsets;
import java.nio.ByteBuffer;

/** Writes the state of neighbors and paths behind their blocks. */
final class StateWriter {
    private final ChimneyContext context;
    private final NeighborConst neighborConst;
    private final NeighborCached neighborCached;
    private final NeighborDelegated neighborDelegated;
    private final PathConst pathConst;
    private final PathCached pathCached;
    private final PathDelegated pathDelegated;

    StateWriter(ChimneyContext context) {
        this.context = context;
        this.neighborConst = new NeighborConst(context.memory);
        this.neighborCached = new NeighborCached(context.memory);
        this.neighborDelegated = new NeighborDelegated(context.memory);
        this.pathConst = new PathConst(context.memory);
        this.pathCached = new PathCached(context.memory);
        this.pathDelegated = new PathDelegated(context.memory);
    }

    /** Host and NIC know the same of its reachability (H-10). */
    void neighbor(long block, NeighborObject neighbor) {
        int ticks = context.reachabilityDelta(neighbor.nextHop);
        neighborConst.wrap(block + StateOffsets.NEIGHBOR_CONST).clear();
        neighborConst.macAddress(context.sourceMac).vlanId(0);
        neighborCached.wrap(block + StateOffsets.NEIGHBOR_CACHED).clear();
        neighborCached.macAddress(neighbor.mac).hostReachabilityDelta(ticks);
        neighborDelegated.wrap(block + StateOffsets.NEIGHBOR_DELEGATED).clear();
        neighborDelegated.nicReachabilityDelta(ticks);
    }

    /** The addresses lie in the block's record too. */
    void path(long block, PathObject path) {
        long source = block + BlockPool.ADDRESSES;
        ByteBuffer buffer = context.memory.buffer(Refs.region(block));
        long destination = source + Net.putAddress(buffer, Refs.offset(source), path.source);
        Net.putAddress(buffer, Refs.offset(destination), path.destination);
        pathConst.wrap(block + StateOffsets.PATH_CONST).clear();
        pathConst.sourceAddress(source).destinationAddress(destination);
        pathCached.wrap(block + StateOffsets.PATH_CACHED).clear().pathMtu(path.mtu);
        pathDelegated.wrap(block + StateOffsets.PATH_DELEGATED).clear();
    }
}
