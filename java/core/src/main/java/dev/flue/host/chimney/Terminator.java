// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.host.tcp.OffloadPhase;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.offload.NetBuffer;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpStateExt;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Terminates: brings connections back, and ends paths and neighbors with their last dependent, in
 * the same request where they can be (H-20).
 */
final class Terminator {
    /** A terminate that failed is tried once more, after the events of chimney 4.7. */
    private static final int MAX_FAILURES = 2;

    private final ChimneyContext context;
    private final TcpDelegated delegated;
    private final TcpStateExt ext;
    private final NetBuffer netBuffer;
    private final ArrayDeque<Flow> waiting = new ArrayDeque<>();
    private final List<PathObject> idlePaths = new ArrayList<>();
    private final List<NeighborObject> idleNeighbors = new ArrayList<>();
    private final List<Tree> trees = new ArrayList<>();
    private int running;

    Terminator(ChimneyContext context) {
        this.context = context;
        this.delegated = new TcpDelegated(context.memory);
        this.ext = new TcpStateExt(context.memory);
        this.netBuffer = new NetBuffer(context.memory);
    }

    boolean idle() {
        return waiting.isEmpty() && idlePaths.isEmpty() && idleNeighbors.isEmpty() && running == 0;
    }

    /** Bring a connection back; a no-op when it is on its way back. */
    void upload(Flow flow, String cause) {
        if (flow.state == State.INITIATING) {
            flow.uploadWanted = true;
            flow.cause = cause;
        } else if (flow.state == State.PRESENT && !flow.uploading) {
            flow.uploading = true;
            flow.cause = cause;
            flow.connection.phase(OffloadPhase.UPLOADING);
            waiting.add(flow);
            context.stirred = true;
        }
    }

    /** Bring back those connections. */
    void uploadWhere(Predicate<Flow> which, String cause) {
        context.objects.forEachFlow(
                flow -> {
                    if (which.test(flow)) {
                        upload(flow, cause);
                    }
                });
    }

    /** It has to go, and all that depends on it (H-18, H-23). */
    void doom(OffloadedObject object, String cause) {
        object.doomed = true;
        context.objects.forEachFlow(
                flow -> {
                    if (flow == object || flow.path == object || flow.path.neighbor == object) {
                        upload(flow, cause);
                    }
                });
        checkIdle(object);
    }

    /** It, or what depended on it, changed: it may have lost its last dependent. */
    void checkIdle(OffloadedObject object) {
        if (object instanceof PathObject path) {
            checkIdle(path);
        } else if (object instanceof NeighborObject neighbor) {
            checkIdle(neighbor);
        }
    }

    /** A flow, or a path, is gone: those below may have lost their last dependent. */
    void checkIdle(PathObject path) {
        if (path.state == State.PRESENT && path.dependents == 0 && !idlePaths.contains(path)) {
            idlePaths.add(path);
            context.stirred = true;
        }
        checkIdle(path.neighbor);
    }

    private void checkIdle(NeighborObject neighbor) {
        if (neighbor.state == State.PRESENT
                && neighbor.dependents == 0
                && !idleNeighbors.contains(neighbor)) {
            idleNeighbors.add(neighbor);
            context.stirred = true;
        }
    }

    /** Send what may go; trees sent. */
    int run() {
        if (waiting.isEmpty() && idlePaths.isEmpty() && idleNeighbors.isEmpty()) {
            return 0;
        }
        for (int left = waiting.size(); left > 0; left--) {
            Flow flow = waiting.poll();
            if (!add(flow)) {
                waiting.add(flow);
            }
        }
        addIdlePaths();
        addIdleNeighbors();
        int sent = trees.size();
        for (Tree tree : trees) {
            includeWhole(tree);
            running++;
            context.binding.terminateOffload(tree.finish());
        }
        trees.clear();
        return sent;
    }

    /** H-21: not before its operations are done; nor before its abortive disconnect is. */
    private boolean add(Flow flow) {
        if (!flow.idle()
                || flow.aborting
                || context.blocks.available() < ChimneyContext.BLOCKS_PER_CONNECTION) {
            return false;
        }
        Tree tree = treeFor(flow.path.neighbor);
        if (tree.full()) {
            return false;
        }
        long block = tree.connection(flow);
        delegated.wrap(block + StateOffsets.TCP_DELEGATED).clear();
        delegated.recognizedOptions(TcpDelegated.OPTION_EXT);
        ext.wrap(block + StateOffsets.TCP_EXT).clear();
        flow.state = State.TERMINATING;
        return true;
    }

    private Tree treeFor(NeighborObject neighbor) {
        for (Tree tree : trees) {
            if (tree.neighbor == neighbor) {
                return tree;
            }
        }
        Tree tree = new Tree(context.memory, context.blocks, neighbor);
        trees.add(tree);
        return tree;
    }

    private void addIdlePaths() {
        for (int i = idlePaths.size() - 1; i >= 0; i--) {
            PathObject path = idlePaths.get(i);
            boolean room =
                    path.idle()
                            && context.blocks.available() >= ChimneyContext.BLOCKS_PER_CONNECTION;
            if (path.state != State.PRESENT || path.dependents > 0) {
                idlePaths.remove(i);
            } else if (room) {
                idlePaths.remove(i);
                treeFor(path.neighbor).path(path);
            }
        }
    }

    private void addIdleNeighbors() {
        for (int i = idleNeighbors.size() - 1; i >= 0; i--) {
            NeighborObject neighbor = idleNeighbors.get(i);
            if (neighbor.state != State.PRESENT || neighbor.dependents > 0) {
                idleNeighbors.remove(i);
            } else if (neighbor.idle()
                    && context.blocks.available() >= ChimneyContext.BLOCKS_PER_CONNECTION) {
                idleNeighbors.remove(i);
                treeFor(neighbor);
            }
        }
    }

    /** Name the paths, and then the neighbor, all of whose dependents go with this tree. */
    private void includeWhole(Tree tree) {
        int paths = 0;
        for (PathObject path : tree.paths()) {
            if (path.state == State.PRESENT
                    && path.idle()
                    && path.dependents == tree.connections(path)) {
                path.state = State.TERMINATING;
                tree.name(tree.path(path), path.handle);
                paths++;
            }
        }
        NeighborObject neighbor = tree.neighbor;
        if (neighbor.state == State.PRESENT && neighbor.idle() && neighbor.dependents == paths) {
            neighbor.state = State.TERMINATING;
            tree.name(tree.root(), neighbor.handle);
        }
    }

    // ---- Completion.

    /** Connections first, so that what lies below them is free of dependents. */
    void complete(long root) {
        running--;
        completeBranch(root);
        context.blocks.freeTree(root);
    }

    private void completeBranch(long first) {
        for (long at = first; at != 0; at = context.block.wrap(at).nextBlock()) {
            context.block.wrap(at);
            boolean named = context.block.offloadHandle() != 0;
            completeBranch(context.block.dependentBlockList());
            if (named) {
                finish(at);
            }
        }
    }

    private void finish(long block) {
        OffloadedObject object = context.blocks.owner(block);
        boolean success = context.block.wrap(block).status() == OffloadStatus.SUCCESS.code();
        if (object instanceof Flow flow) {
            finishFlow(flow, block, success);
            return;
        }
        if (!success) {
            context.counters.terminateFailures++;
            if (object.dependents > 0) {
                object.state = State.PRESENT;
                return;
            }
        }
        context.objects.gone(object);
        if (object instanceof PathObject path) {
            checkIdle(path);
        }
    }

    private void finishFlow(Flow flow, long block, boolean success) {
        TcpConnection c = flow.connection;
        if (!success) {
            context.counters.terminateFailures++;
            if (++flow.terminateFailures < MAX_FAILURES) {
                flow.state = State.PRESENT;
                waiting.add(flow);
                return;
            }
        }
        c.sendQueue().takeBack();
        long buffered = success ? bufferedData(block) : 0;
        takeBuffered(c, buffered);
        PathObject path = flow.path;
        context.objects.gone(flow);
        context.refusals.relent();
        context.counters.uploaded++;
        c.flow(null);
        c.offloadCause(flow.cause);
        if (c.over()) {
            flow.held.clear();
            boolean reset = flow.abortWanted && success;
            if (reset && context.handOver.takeBack(c, block, context.now)) {
                c.abortNow();
            } else {
                c.phase(OffloadPhase.HOST);
                c.finish("");
            }
        } else if (!success || !context.handOver.takeBack(c, block, context.now)) {
            flow.held.clear();
            c.phase(OffloadPhase.HOST);
            c.finish("the target lost its state");
        } else if (c.resetIfDataLost()) {
            flow.held.clear();
        } else {
            c.returned();
            context.replay(flow, true);
        }
        checkIdle(path);
    }

    private long bufferedData(long block) {
        return delegated.wrap(block + StateOffsets.TCP_DELEGATED).bufferedData();
    }

    /** Received data the application did not get yet: it stays where it lies (H-24). */
    private void takeBuffered(TcpConnection c, long first) {
        long at = first;
        while (at != 0) {
            long next = context.list.wrap(at).next();
            int length = netBuffer.wrap(context.list.firstNetBuffer()).dataLength();
            if (c.over() || c.discards()) {
                context.returns.add(at);
            } else {
                c.receiveQueue().appendLent(at, length);
                c.readable();
            }
            at = next;
        }
    }
}
