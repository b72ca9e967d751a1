// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.host.tcp.ConnectionSnapshot;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import dev.flue.offload.TcpStateExt;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Queries: reads the state of offloaded connections, at most 64 an operation (contract 17). */
final class Querier {
    private static final int BLOCKS_PER_CONNECTION = 3;
    private static final int MICROS_PER_TICK = 1_000;
    private static final int SRTT_SCALE = 8;

    /** One connection of one job. */
    private record Item(QueryJob job, ConnectionSnapshot snapshot, Flow flow) {}

    private final ChimneyContext context;
    private final Terminator terminator;
    private final TcpDelegated delegated;
    private final TcpStateExt ext;
    private final ArrayDeque<Item> waiting = new ArrayDeque<>();
    private final ArrayDeque<QueryJob> finished = new ArrayDeque<>();
    private final Map<Long, Item> running = new HashMap<>();
    private int operations;

    Querier(ChimneyContext context, Terminator terminator) {
        this.context = context;
        this.terminator = terminator;
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
        while (!waiting.isEmpty() && context.blocks.available() >= BLOCKS_PER_CONNECTION) {
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
                && context.blocks.available() >= BLOCKS_PER_CONNECTION) {
            Item item = waiting.poll();
            long block = tree.connection(item.flow());
            delegated.wrap(block + StateOffsets.TCP_DELEGATED).clear();
            delegated.recognizedOptions(TcpDelegated.OPTION_EXT);
            ext.wrap(block + StateOffsets.TCP_EXT).clear();
            running.put(block, item);
        }
        operations++;
        context.binding.queryOffload(tree.finish());
    }

    void complete(long root) {
        operations--;
        completeBranch(root);
        context.blocks.freeTree(root);
    }

    private void completeBranch(long first) {
        for (long at = first; at != 0; at = context.block.wrap(at).nextBlock()) {
            completeBranch(context.block.wrap(at).dependentBlockList());
            Item item = running.remove(at);
            if (item != null) {
                finish(item, at);
            }
        }
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
