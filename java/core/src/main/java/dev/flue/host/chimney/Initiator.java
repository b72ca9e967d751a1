// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.host.link.BufferPool;
import dev.flue.host.tcp.HandOver;
import dev.flue.host.tcp.OffloadPhase;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Initiates: collects requests, and once a turn builds one tree for each neighbor out of those that
 * may go. A request waits while its connection still owes something (H-7), and while an initiate or
 * a terminate of its neighbor or path runs (H-3).
 */
final class Initiator {
    /** More unread data than this stays here. */
    private static final int UNREAD_BYTES = 4096;

    private static final int UNREAD_FIRST = 4;
    private static final int UNREAD_MAX = 1024;

    /** What to do with a request now. */
    private enum Verdict {
        GO,
        WAIT,
        DROP
    }

    private final ChimneyContext context;
    private final StateWriter writer;
    private final TcpDelegated delegated;
    private final BufferPool unread;
    private final Terminator terminator;
    private final FlowIo io;
    private final OffloadPolicy policy;
    private final ArrayDeque<Flow> requests = new ArrayDeque<>();
    private final List<Tree> trees = new ArrayList<>();
    private int running;

    Initiator(ChimneyContext context, Terminator terminator, FlowIo io, OffloadPolicy policy) {
        this.policy = policy;
        this.context = context;
        this.terminator = terminator;
        this.io = io;
        this.writer = new StateWriter(context);
        this.delegated = new TcpDelegated(context.memory);
        this.unread = new BufferPool(context.memory, UNREAD_BYTES, UNREAD_FIRST, UNREAD_MAX);
    }

    boolean idle() {
        return requests.isEmpty() && running == 0;
    }

    /** Somebody wants this connection offloaded. */
    void request(TcpConnection connection) {
        Flow flow = new Flow(connection, context.tcp.segments());
        connection.flow(flow);
        connection.phase(OffloadPhase.REQUESTED);
        connection.offloadCause("its offload waits for its turn");
        requests.add(flow);
    }

    /** No, after all. */
    void cancel(TcpConnection connection, String cause) {
        if (connection.phase() == OffloadPhase.REQUESTED) {
            requests.remove((Flow) connection.flow());
            drop(connection, cause);
        }
    }

    void cancelAll(String cause) {
        cancelWhere(connection -> true, cause);
    }

    void cancelWhere(Predicate<TcpConnection> which, String cause) {
        for (Flow flow : new ArrayList<>(requests)) {
            if (which.test(flow.connection)) {
                cancel(flow.connection, cause);
            }
        }
    }

    /** Requests that wait. */
    int waiting() {
        return requests.size();
    }

    private static void drop(TcpConnection connection, String cause) {
        connection.flow(null);
        connection.phase(OffloadPhase.HOST);
        connection.offloadCause(cause);
    }

    /** Send what may go; trees sent. */
    int run() {
        if (requests.isEmpty()) {
            return 0;
        }
        for (int left = requests.size(); left > 0; left--) {
            Flow flow = requests.poll();
            switch (prepare(flow)) {
                case GO -> {}
                case WAIT -> requests.add(flow);
                case DROP -> {}
            }
        }
        int sent = trees.size();
        for (Tree tree : trees) {
            send(tree);
        }
        trees.clear();
        return sent;
    }

    private Verdict prepare(Flow flow) {
        TcpConnection c = flow.connection;
        String unfit = unfit(c);
        if (unfit != null) {
            drop(c, unfit);
            return Verdict.DROP;
        }
        context.handOver.settle(c);
        IpAddress nextHop = context.ip.routes().nextHop(c.remoteAddress());
        long mac = context.neighbors.mac(nextHop);
        if (mac == 0
                || !HandOver.settled(c)
                || context.blocks.available() < ChimneyContext.BLOCKS_PER_CONNECTION
                || !c.sendQueue().makeLendable()) {
            return Verdict.WAIT;
        }
        NeighborObject neighbor = context.objects.neighbor(nextHop);
        PathObject path = context.objects.path(c.localAddress(), c.remoteAddress());
        Tree tree = treeOf(neighbor);
        boolean ownNeighbor = tree != null && neighbor.state == State.INITIATING;
        boolean ownPath = tree != null && path != null && tree.paths().contains(path);
        boolean closed = !ownNeighbor && neighbor != null && !neighbor.open();
        boolean pathClosed = !ownPath && path != null && !path.open();
        boolean changed = neighbor != null && neighbor.mac != mac;
        boolean elsewhere = path != null && (path.neighbor != neighbor || path.moving != null);
        if (closed || pathClosed || changed || elsewhere || tree != null && tree.full()) {
            return Verdict.WAIT;
        }
        if (tree == null) {
            tree = newTree(neighbor, nextHop, mac);
        }
        return tree != null && add(tree, path, flow) ? Verdict.GO : Verdict.WAIT;
    }

    /** Why a connection cannot be offloaded at all now, or null. */
    static String unfit(TcpConnection c) {
        TcpState state = c.state();
        if (c.over()) {
            return "it is closed";
        }
        if (state.code() < TcpState.ESTABLISHED.code() || state.code() > TcpState.LAST_ACK.code()) {
            return "its state is " + state;
        }
        if (c.needsIpOptions()) {
            return "its packets carry IP options";
        }
        if (c.hasUrgentData()) {
            return "it has urgent data under way";
        }
        return null;
    }

    private Tree treeOf(NeighborObject neighbor) {
        for (Tree tree : trees) {
            if (tree.neighbor == neighbor) {
                return tree;
            }
        }
        return null;
    }

    private Tree newTree(NeighborObject known, IpAddress nextHop, long mac) {
        NeighborObject neighbor = known;
        if (neighbor == null) {
            neighbor = new NeighborObject(nextHop, mac);
            if (!context.objects.begin(neighbor)) {
                return null;
            }
        }
        Tree tree = new Tree(context.memory, context.blocks, neighbor);
        if (neighbor.state == State.INITIATING) {
            tree.name(tree.root(), neighbor.handle);
            writer.neighbor(tree.root(), neighbor);
        }
        trees.add(tree);
        return tree;
    }

    /**
     * Initiate a neighbor without anything on it: paths are going to move there.
     *
     * @return null when no handle or block is left now
     */
    NeighborObject alone(IpAddress nextHop, long mac) {
        NeighborObject neighbor = new NeighborObject(nextHop, mac);
        if (context.blocks.available() == 0 || !context.objects.begin(neighbor)) {
            return null;
        }
        Tree tree = new Tree(context.memory, context.blocks, neighbor);
        tree.name(tree.root(), neighbor.handle);
        writer.neighbor(tree.root(), neighbor);
        running++;
        context.binding.initiateOffload(tree.root());
        return neighbor;
    }

    private boolean add(Tree tree, PathObject known, Flow flow) {
        TcpConnection c = flow.connection;
        PathObject path = known;
        boolean newPath = path == null;
        if (newPath) {
            int mtu = context.ip.pathMtu(c.remoteAddress(), context.now);
            path = new PathObject(tree.neighbor, c.localAddress(), c.remoteAddress(), mtu);
            if (!context.objects.begin(path)) {
                return false;
            }
        }
        flow.path = path;
        if (!context.objects.begin(flow)) {
            if (newPath) {
                context.objects.gone(path);
            }
            return false;
        }
        long pathBlock = tree.path(path);
        if (newPath) {
            writer.path(pathBlock, path);
            // An offloaded neighbor that gets a path is a linker.
            tree.name(tree.root(), tree.neighbor.handle);
        }
        tree.name(pathBlock, path.handle);
        long block = tree.connection(flow);
        long chain = c.sendQueue().lend(flow.handle);
        context.block.wrap(block).netBufferListChain(chain);
        flow.finHandedOver = c.finQueued();
        context.handOver.export(c, block, chain, c.sendQueue().lastLent(), context.now);
        passUnread(flow, block);
        c.phase(OffloadPhase.INITIATING);
        c.offloadCause("its offload is under way");
        context.counters.initiates++;
        return true;
    }

    /** A little unread data goes with the connection, if the policy wants that (H-11). */
    private void passUnread(Flow flow, long block) {
        TcpConnection c = flow.connection;
        int bytes = c.receiveQueue().bytes();
        boolean some = bytes > 0 && bytes <= UNREAD_BYTES && !c.peerFinished();
        long copy = some && policy.passesUnreadData(c) ? unread.allocate() : 0;
        if (copy == 0) {
            return;
        }
        int at = BufferPool.dataAt(copy);
        int copied = c.receiveQueue().withhold(unread.buffer(copy), at, UNREAD_BYTES);
        if (copied == 0) {
            unread.free(copy);
            return;
        }
        unread.range(copy, 0, copied);
        delegated.wrap(block + StateOffsets.TCP_DELEGATED).bufferedData(copy);
        flow.buffered = copy;
    }

    /** Only now is it known whose the data is. */
    private void settleUnread(Flow flow, boolean taken) {
        if (flow.buffered == 0) {
            return;
        }
        unread.free(flow.buffered);
        flow.buffered = 0;
        if (taken) {
            flow.connection.receiveQueue().forgo();
            flow.refused = true;
        } else {
            flow.connection.receiveQueue().regain();
            flow.connection.readable();
        }
    }

    /** Buffers that hold unread data for a target. */
    int unreadHeld() {
        return unread.held();
    }

    void close() {
        unread.close();
    }

    private void send(Tree tree) {
        if (tree.connections() == 0) {
            // Handles ran out half-way: nothing to offload, nothing to keep.
            context.blocks.free(tree.root());
            if (tree.neighbor.state == State.INITIATING) {
                context.objects.gone(tree.neighbor);
            }
            return;
        }
        running++;
        context.binding.initiateOffload(tree.root());
    }

    // ---- Completion.

    /** Every block has its status now. */
    void complete(long root) {
        running--;
        OffloadedObject neighbor = context.blocks.owner(root);
        OffloadStatus neighborStatus = settle(root, OffloadStatus.SUCCESS);
        List<Flow> flows = new ArrayList<>();
        List<OffloadStatus> statuses = new ArrayList<>();
        long path = context.block.wrap(root).dependentBlockList();
        while (path != 0) {
            OffloadStatus pathStatus = settle(path, neighborStatus);
            long connection = context.block.wrap(path).dependentBlockList();
            while (connection != 0) {
                flows.add((Flow) context.blocks.owner(connection));
                statuses.add(worse(statusOf(connection), pathStatus));
                connection = context.block.wrap(connection).nextBlock();
            }
            path = context.block.wrap(path).nextBlock();
        }
        context.blocks.freeTree(root);
        for (int i = 0; i < flows.size(); i++) {
            finish(flows.get(i), statuses.get(i));
        }
        if (flows.isEmpty()) {
            aloneComplete((NeighborObject) neighbor, neighborStatus);
        }
    }

    /** It is there for the paths that move to it, or it is not. */
    private void aloneComplete(NeighborObject neighbor, OffloadStatus status) {
        if (neighbor.state == State.INITIATING) {
            context.refusals.refused(status, context.capabilities.name(), context.now);
            context.objects.gone(neighbor);
        }
        terminator.checkIdle(neighbor);
    }

    /**
     * A neighbor or path: there or not there. An object that was there before stays.
     *
     * @return why its dependents cannot be there; SUCCESS when they can
     */
    private OffloadStatus settle(long block, OffloadStatus below) {
        OffloadedObject object = context.blocks.owner(block);
        if (object.state != State.INITIATING) {
            return OffloadStatus.SUCCESS;
        }
        OffloadStatus status = worse(statusOf(block), below);
        if (succeeded(status) && context.objects.token(object) != 0) {
            context.objects.arrived(object);
            return OffloadStatus.SUCCESS;
        }
        return succeeded(status) ? OffloadStatus.FAILURE : status;
    }

    private OffloadStatus statusOf(long block) {
        OffloadStatus status = OffloadStatus.of(context.block.wrap(block).status());
        return status == null ? OffloadStatus.FAILURE : status;
    }

    private static boolean succeeded(OffloadStatus status) {
        return status == OffloadStatus.SUCCESS || status == OffloadStatus.OFFLOAD_PARTIAL_SUCCESS;
    }

    /** A dependent of something that failed has no better reason than that. */
    private static OffloadStatus worse(OffloadStatus own, OffloadStatus below) {
        return below != OffloadStatus.SUCCESS ? below : own;
    }

    private void finish(Flow flow, OffloadStatus status) {
        TcpConnection c = flow.connection;
        if (succeeded(status) && context.objects.token(flow) != 0) {
            context.objects.arrived(flow);
            context.counters.offloaded++;
            context.refusals.relent();
            c.phase(OffloadPhase.OFFLOADED);
            settleUnread(flow, true);
            io.start(flow);
            io.consumed(flow);
            if (flow.uploadWanted) {
                terminator.upload(flow, flow.cause);
            }
            return;
        }
        OffloadStatus reason = succeeded(status) ? OffloadStatus.FAILURE : status;
        context.counters.refused++;
        String target = context.capabilities.name();
        PathObject path = flow.path;
        settleUnread(flow, false);
        context.objects.gone(flow);
        c.sendQueue().takeBack();
        c.flow(null);
        c.phase(OffloadPhase.HOST);
        c.offloadCause(context.refusals.refused(reason, target, context.now));
        context.handOver.thaw(c);
        if (flow.abortWanted) {
            flow.held.clear();
            c.abortNow();
        } else {
            context.replay(flow, false);
        }
        dropAbsent(path);
        terminator.checkIdle(path);
    }

    /** A path or neighbor that was refused goes when the last of its flows is through. */
    private void dropAbsent(PathObject path) {
        if (path.state == State.INITIATING && path.dependents == 0) {
            NeighborObject neighbor = path.neighbor;
            context.objects.gone(path);
            if (neighbor.state == State.INITIATING && neighbor.dependents == 0) {
                context.objects.gone(neighbor);
            }
        }
    }
}
