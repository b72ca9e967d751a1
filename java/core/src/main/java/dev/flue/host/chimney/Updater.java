// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.PathCached;
import dev.flue.offload.StateType;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Updates (4.4): new CACHED values of objects, and paths that move to another neighbor. What
 * changes is noted in the object and sent in the next turn; what changes again before, or while an
 * operation of the object runs, is sent once, afterwards (H-15). A connection never moves to
 * another path (H-16). What cannot be updated is terminated (H-18).
 */
final class Updater {
    /** The CACHED structure of an update lies right behind its block. */
    private static final int CACHED = OffloadBlockList.BYTES;

    private final ChimneyContext context;
    private final Terminator terminator;
    private final NeighborCached neighborCached;
    private final PathCached pathCached;
    private final Set<OffloadedObject> waiting = new LinkedHashSet<>();
    private final List<Tree> moves = new ArrayList<>();
    private int running;

    Updater(ChimneyContext context, Terminator terminator) {
        this.context = context;
        this.terminator = terminator;
        this.neighborCached = new NeighborCached(context.memory);
        this.pathCached = new PathCached(context.memory);
    }

    boolean idle() {
        return waiting.isEmpty() && running == 0;
    }

    /** ARP or neighbor discovery found another MAC address for a next hop (H-17). */
    void mac(NeighborObject neighbor, long mac) {
        if (neighbor.mac != mac) {
            neighbor.mac = mac;
            waiting.add(neighbor);
        }
    }

    /** Packets of another size get through from now on. */
    void mtu(PathObject path, int mtu) {
        if (path.mtu != mtu) {
            path.mtu = mtu;
            waiting.add(path);
        }
    }

    /** The options of a connection changed; {@code flags}: TcpCached.FLAG_* that say so. */
    void options(Flow flow, int flags) {
        flow.updateFlags |= flags;
        waiting.add(flow);
    }

    /** Another next hop leads to the destination of a path, which no move of it runs to (H-17). */
    void move(PathObject path, NeighborObject to) {
        stay(path);
        if (to != path.neighbor) {
            path.moving = to;
            to.dependents++;
            waiting.add(path);
        }
    }

    /** A move that waited is off. */
    void stay(PathObject path) {
        NeighborObject to = path.moving;
        if (to != null) {
            path.moving = null;
            to.dependents--;
            terminator.checkIdle(to);
        }
    }

    /** The path is gone, and no update of it runs: so is its move. */
    void forget(OffloadedObject object) {
        waiting.remove(object);
        if (object instanceof PathObject path) {
            stay(path);
        }
    }

    // ---- The turn.

    /** Send what may go; operations sent. */
    int run() {
        if (waiting.isEmpty()) {
            return 0;
        }
        int sent = 0;
        List<OffloadedObject> over = new ArrayList<>();
        for (Iterator<OffloadedObject> it = waiting.iterator(); it.hasNext(); ) {
            OffloadedObject object = it.next();
            if (object.state == State.ABSENT
                    || object.state == State.TERMINATING
                    || object.invalid) {
                it.remove();
                over.add(object);
            } else if (object instanceof PathObject path && path.leadsNowhere()) {
                it.remove();
                over.add(object);
                terminator.doom(path, "its new next hop could not be offloaded");
            } else if (ready(object)) {
                it.remove();
                sent += send(object);
            }
        }
        over.forEach(this::forget);
        for (Tree tree : moves) {
            running++;
            sent++;
            context.binding.updateOffload(tree.root());
        }
        moves.clear();
        return sent;
    }

    private boolean ready(OffloadedObject object) {
        boolean leaving = object instanceof Flow flow && flow.uploading;
        boolean target =
                !(object instanceof PathObject path) || path.moving == null || path.moving.open();
        return object.state == State.PRESENT
                && !object.updating
                && !object.invalidating
                && !leaving
                && target
                && context.blocks.available() >= ChimneyContext.BLOCKS_PER_CONNECTION;
    }

    private int send(OffloadedObject object) {
        object.updating = true;
        context.counters.updates++;
        if (object instanceof PathObject path && path.moving != null) {
            path.inMove = true;
            Tree tree = moveTo(path.moving);
            long block = tree.path(path);
            tree.name(block, path.handle);
            cached(block, path);
            return 0;
        }
        long block = context.blocks.allocate(object, StateType.NONE, object.handle);
        cached(block, object);
        running++;
        context.binding.updateOffload(block);
        return 1;
    }

    /** The new neighbor is named and carries nothing: what hangs under it moves to it. */
    private Tree moveTo(NeighborObject neighbor) {
        for (Tree tree : moves) {
            if (tree.neighbor == neighbor) {
                return tree;
            }
        }
        Tree tree = new Tree(context.memory, context.blocks, neighbor);
        tree.name(tree.root(), neighbor.handle);
        moves.add(tree);
        return tree;
    }

    private void cached(long block, OffloadedObject object) {
        if (object instanceof NeighborObject neighbor) {
            context.block.wrap(block).type(StateType.NEIGHBOR_CACHED.code());
            neighborCached.wrap(block + CACHED).clear();
            neighborCached.macAddress(neighbor.mac);
            neighborCached.hostReachabilityDelta(context.reachabilityDelta(neighbor.nextHop));
        } else if (object instanceof PathObject path) {
            context.block.wrap(block).type(path.cachedType().code());
            pathCached.wrap(block + CACHED).clear().pathMtu(path.mtu);
        } else if (object instanceof Flow flow) {
            context.block.wrap(block).type(StateType.TCP_CACHED.code());
            context.handOver.exportCached(flow.connection, block + CACHED, flow.updateFlags);
            flow.updateFlags = 0;
        }
    }

    // ---- Completion.

    void complete(long root) {
        running--;
        long paths = context.block.wrap(root).dependentBlockList();
        for (long at = paths; at != 0; at = context.block.wrap(at).nextBlock()) {
            finish(at);
        }
        if (paths == 0) {
            finish(root);
        }
        context.blocks.freeTree(root);
    }

    private void finish(long block) {
        OffloadedObject object = context.blocks.owner(block);
        boolean success = context.block.wrap(block).status() == OffloadStatus.SUCCESS.code();
        object.updating = false;
        if (object instanceof PathObject path && path.inMove) {
            moved(path, success);
        }
        if (!success) {
            context.counters.updateFailures++;
            terminator.doom(object, "the target could not be updated");
        }
        terminator.checkIdle(object);
    }

    private void moved(PathObject path, boolean success) {
        NeighborObject left = success ? path.neighbor : path.moving;
        if (success) {
            path.neighbor = path.moving;
            context.counters.moves++;
        }
        path.inMove = false;
        path.moving = null;
        left.dependents--;
        terminator.checkIdle(left);
    }
}
