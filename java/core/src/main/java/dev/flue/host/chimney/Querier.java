// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.host.tcp.ConnectionSnapshot;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.offload.TcpStateExt;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Queries: reads the state of offloaded connections, and of the neighbor and the paths they depend
 * on, at most 64 connections an operation (contract 17).
 */
final class Querier {
    private static final int MICROS_PER_TICK = 1_000;
    private static final int SRTT_SCALE = 8;

    /** The structure of a neighbor or path that is asked for lies right behind its block. */
    private static final int STRUCTURE = OffloadBlockList.BYTES;

    /** One connection of one job. */
    private record Item(QueryJob job, ConnectionSnapshot snapshot, Flow flow) {}

    private final ChimneyContext context;
    private final Terminator terminator;
    private final NeighborDelegated neighborDelegated;
    private final PathCached pathCached;
    private final TcpDelegated delegated;
    private final TcpStateExt ext;
    private final ArrayDeque<Item> waiting = new ArrayDeque<>();
    private final ArrayDeque<QueryJob> finished = new ArrayDeque<>();
    private final Map<Long, Item> running = new HashMap<>();
    private int operations;

    /** Of the branch of a completed query that is read; -1 and 0 = it was not asked for. */
    private long reachableAgo;

    private int pathMtu;

    Querier(ChimneyContext context, Terminator terminator) {
        this.context = context;
        this.terminator = terminator;
        this.neighborDelegated = new NeighborDelegated(context.memory);
        this.pathCached = new PathCached(context.memory);
        this.delegated = new TcpDelegated(context.memory);
        this.ext = new TcpStateExt(context.memory);
    }

    boolean idle() {
        return operations == 0 && waiting.isEmpty() && finished.isEmpty();
    }

    /** Whether {@link #run} has something to do at once. */
    boolean due() {
        return !waiting.isEmpty() || !finished.isEmpty();
    }

    /** Take a snapshot of all connections; {@code done} is called out of a later turn. */
    void query(Consumer<List<ConnectionSnapshot>> done) {
        List<ConnectionSnapshot> snapshots = new ArrayList<>();
        context.tcp.forEach(connection -> snapshots.add(new ConnectionSnapshot(connection)));
        QueryJob job = new QueryJob(snapshots, done);
        for (ConnectionSnapshot snapshot : snapshots) {
            IpAddress remote = snapshot.connection.remoteAddress();
            snapshot.pathMtu = context.ip.pathMtu(remote, context.now);
            if (snapshot.connection.flow() instanceof Flow flow && flow.handle != 0) {
                snapshot.tcpToken = context.objects.token(flow);
                snapshot.pathToken = context.objects.token(flow.path);
                snapshot.neighborToken = context.objects.token(flow.path.neighbor);
                if (flow.state == State.PRESENT && !flow.uploading) {
                    flow.queries++;
                    job.open++;
                    waiting.add(new Item(job, snapshot, flow));
                }
            }
        }
        if (job.open == 0) {
            finished.add(job);
        }
    }

    /** Tell results, send what waits; work done. */
    int run() {
        int work = 0;
        for (QueryJob job = finished.poll(); job != null; job = finished.poll()) {
            job.done.accept(job.snapshots);
            work++;
        }
        while (!waiting.isEmpty()
                && context.blocks.available() >= ChimneyContext.BLOCKS_PER_CONNECTION) {
            send();
            work++;
        }
        return work;
    }

    /** One operation: connections of one neighbor, as they stand in the queue. */
    private void send() {
        NeighborObject neighbor = waiting.peek().flow().path.neighbor;
        Tree tree = new Tree(context.memory, context.blocks, neighbor);
        while (!waiting.isEmpty()
                && !tree.full()
                && waiting.peek().flow().path.neighbor == neighbor
                && context.blocks.available() >= ChimneyContext.BLOCKS_PER_CONNECTION) {
            Item item = waiting.poll();
            name(tree, item.flow().path);
            long block = tree.connection(item.flow());
            delegated.wrap(block + StateOffsets.TCP_DELEGATED).clear();
            delegated.recognizedOptions(TcpDelegated.OPTION_EXT);
            ext.wrap(block + StateOffsets.TCP_EXT).clear();
            running.put(block, item);
        }
        operations++;
        context.binding.queryOffload(tree.finish());
    }

    /**
     * Ask for the path and its neighbor too. Not while the path moves: whose dependent it is when
     * the query gets there is open.
     */
    private void name(Tree tree, PathObject path) {
        long block = tree.path(path);
        context.block.wrap(block);
        if (context.block.offloadHandle() != 0 || path.inMove) {
            return;
        }
        if (askable(path)) {
            context.block.type(path.cachedType().code());
            context.block.offloadHandle(path.handle);
            pathCached.wrap(block + STRUCTURE).clear();
            path.queries++;
        }
        NeighborObject neighbor = tree.neighbor;
        context.block.wrap(tree.root());
        if (context.block.offloadHandle() == 0 && askable(neighbor)) {
            context.block.type(StateType.NEIGHBOR_DELEGATED.code());
            context.block.offloadHandle(neighbor.handle);
            neighborDelegated.wrap(tree.root() + STRUCTURE).clear();
            neighbor.queries++;
        }
    }

    /** Queries may run beside anything but initiate and terminate (4.8). */
    private static boolean askable(OffloadedObject object) {
        return object.state == State.PRESENT && !object.invalid;
    }

    void complete(long root) {
        operations--;
        reachableAgo = -1;
        pathMtu = 0;
        completeBranch(root);
        context.blocks.freeTree(root);
    }

    private void completeBranch(long first) {
        for (long at = first; at != 0; at = context.block.wrap(at).nextBlock()) {
            OffloadedObject object = context.blocks.owner(at);
            if (!(object instanceof Flow)) {
                finishShared(object, at);
            }
            completeBranch(context.block.wrap(at).dependentBlockList());
            Item item = running.remove(at);
            if (item != null) {
                finish(item, at);
            }
        }
    }

    /** A neighbor or a path, asked for or a placeholder: what is read of it goes to those above. */
    private void finishShared(OffloadedObject object, long block) {
        pathMtu = object instanceof PathObject ? 0 : pathMtu;
        if (context.block.wrap(block).offloadHandle() == 0) {
            return;
        }
        object.queries--;
        if (context.block.status() != OffloadStatus.SUCCESS.code()) {
            context.counters.queryFailures++;
            terminator.doom(object, "the target could not be queried");
        } else if (object instanceof PathObject) {
            pathMtu = pathCached.wrap(block + STRUCTURE).pathMtu();
        } else {
            int delta = neighborDelegated.wrap(block + STRUCTURE).nicReachabilityDelta();
            reachableAgo = Integer.toUnsignedLong(delta);
        }
        terminator.checkIdle(object);
    }

    private void finish(Item item, long block) {
        Flow flow = item.flow();
        flow.queries--;
        if (context.block.wrap(block).status() == OffloadStatus.SUCCESS.code()) {
            read(item.snapshot(), block);
        } else {
            // H-18: what cannot be queried comes back.
            context.counters.queryFailures++;
            terminator.upload(flow, "the target could not be queried");
        }
        if (--item.job().open == 0) {
            finished.add(item.job());
        }
    }

    private void read(ConnectionSnapshot snapshot, long block) {
        TcpDelegated d = delegated.wrap(block + StateOffsets.TCP_DELEGATED);
        TcpState state = TcpState.of(d.state());
        if (state != null) {
            snapshot.state = state;
        }
        snapshot.reachableAgo = reachableAgo;
        snapshot.pathMtu = pathMtu == 0 ? snapshot.pathMtu : pathMtu;
        snapshot.cwnd = Integer.toUnsignedLong(d.cwnd());
        snapshot.srttMicros = (long) d.srtt() * MICROS_PER_TICK / SRTT_SCALE;
        boolean extended = (d.recognizedOptions() & TcpDelegated.OPTION_EXT) != 0;
        TcpStateExt e = ext.wrap(block + StateOffsets.TCP_EXT);
        if (extended && e.version() == TcpStateExt.CURRENT_VERSION) {
            snapshot.srttMicros = e.srttUs();
            snapshot.retransmits = Integer.toUnsignedLong(e.retransmits());
            snapshot.bytesIn = e.bytesIn();
            snapshot.bytesOut = e.bytesOut();
        }
    }
}
