// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.host.link.Reachability;
import dev.flue.offload.NeighborCached;
import dev.flue.offload.NeighborDelegated;
import dev.flue.offload.OffloadBlockList;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateOffsets;
import dev.flue.offload.StateType;
import java.util.ArrayList;
import java.util.List;

/**
 * What the target and the host know of a next hop's reachability, put together (6.4): the target's
 * questions are answered (H-33), and the target is asked before the host probes (H-34).
 */
final class ReachabilityWatch {
    /** From a question to the look at what became of it: DELAY_FIRST_PROBE_TIME. */
    static final long CHECK_NANOS = 5_000_000_000L;

    private static final long NANOS_PER_TICK = 1_000_000;

    /** The NicReachabilityDelta of an entry that is asked about with no earlier one to compare. */
    private static final int NO_DELTA = 0;

    /** A neighbor to look at. */
    private static final class Check {
        final NeighborObject neighbor;
        final long at;
        final int indicated;

        Check(NeighborObject neighbor, long at, int indicated) {
            this.neighbor = neighbor;
            this.at = at;
            this.indicated = indicated;
        }
    }

    private final ChimneyContext context;
    private final Terminator terminator;
    private final NeighborCached cached;
    private final NeighborDelegated delegated;
    private final List<Check> checks = new ArrayList<>();
    private final List<Check> asked = new ArrayList<>();

    ReachabilityWatch(ChimneyContext context, Terminator terminator) {
        this.context = context;
        this.terminator = terminator;
        this.cached = new NeighborCached(context.memory);
        this.delegated = new NeighborDelegated(context.memory);
    }

    /** No query of it runs. */
    boolean idle() {
        return asked.isEmpty();
    }

    /** Nothing is asked and nothing will be. */
    boolean settled() {
        return asked.isEmpty() && checks.isEmpty();
    }

    /** When {@link #run} has something to do, or Long.MAX_VALUE. */
    long nextDeadline() {
        long next = Long.MAX_VALUE;
        for (int i = 0; i < checks.size(); i++) {
            next = Math.min(next, checks.get(i).at);
        }
        return next;
    }

    /** The target asks: the answer is written before this returns (H-33). */
    void indicated(long block) {
        long handle = context.block.wrap(block).offloadHandle();
        cached.wrap(block + StateOffsets.NEIGHBOR_CACHED);
        if (!(context.objects.object(handle) instanceof NeighborObject neighbor)) {
            context.counters.strays++;
            cached.hostReachabilityDelta(0);
            return;
        }
        context.counters.reachabilityQueries++;
        if (context.neighbors.state(neighbor.nextHop) == Reachability.REACHABLE) {
            int ticks = context.reachabilityDelta(neighbor.nextHop);
            cached.hostReachabilityDelta(Math.max(1, ticks));
            return;
        }
        cached.hostReachabilityDelta(0);
        delegated.wrap(block + StateOffsets.NEIGHBOR_DELEGATED);
        if (!watched(neighbor)) {
            int indicated = delegated.nicReachabilityDelta();
            checks.add(new Check(neighbor, context.now + CHECK_NANOS, indicated));
            context.stirred = true;
        }
    }

    private boolean watched(NeighborObject neighbor) {
        return checks.stream().anyMatch(check -> check.neighbor == neighbor)
                || asked.stream().anyMatch(check -> check.neighbor == neighbor);
    }

    /** Something is about to be sent on an offloaded connection over it (H-34). */
    void beforeSend(NeighborObject neighbor) {
        if (context.neighbors.state(neighbor.nextHop) == Reachability.DELAY
                && neighbor.queries == 0
                && neighbor.state == State.PRESENT
                && context.blocks.available() > 0) {
            ask(new Check(neighbor, context.now, NO_DELTA));
        }
    }

    /** Ask about the neighbors whose time has come; queries sent. */
    int run() {
        int sent = 0;
        for (int i = checks.size() - 1; i >= 0; i--) {
            Check check = checks.get(i);
            if (check.neighbor.state != State.PRESENT) {
                checks.remove(i);
            } else if (context.now >= check.at && context.blocks.available() > 0) {
                checks.remove(i);
                ask(check);
                sent++;
            }
        }
        return sent;
    }

    private void ask(Check check) {
        NeighborObject neighbor = check.neighbor;
        long block =
                context.blocks.allocate(neighbor, StateType.NEIGHBOR_DELEGATED, neighbor.handle);
        delegated.wrap(block + OffloadBlockList.BYTES).clear();
        neighbor.queries++;
        asked.add(check);
        context.stirred = true;
        context.binding.queryOffload(block);
    }

    /** Whether a query that completed is one of these: a lone neighbor that is named. */
    boolean owns(long root) {
        return context.block.wrap(root).offloadHandle() != 0
                && context.block.dependentBlockList() == 0
                && context.blocks.owner(root) instanceof NeighborObject;
    }

    /** What the target knows now decides: the host's entry is refreshed, or the host probes. */
    void complete(long root) {
        NeighborObject neighbor = (NeighborObject) context.blocks.owner(root);
        boolean success = context.block.wrap(root).status() == OffloadStatus.SUCCESS.code();
        int delta = delegated.wrap(root + OffloadBlockList.BYTES).nicReachabilityDelta();
        context.blocks.freeTree(root);
        neighbor.queries--;
        Check check = null;
        for (int i = 0; i < asked.size() && check == null; i++) {
            check = asked.get(i).neighbor == neighbor ? asked.remove(i) : null;
        }
        if (!success) {
            context.counters.queryFailures++;
            terminator.doom(neighbor, "the target could not be queried");
        } else if (check != null) {
            decide(neighbor, delta, check.indicated);
        }
        terminator.checkIdle(neighbor);
    }

    private void decide(NeighborObject neighbor, int delta, int indicated) {
        long ago = context.neighbors.confirmedAgo(neighbor.nextHop, context.now) / NANOS_PER_TICK;
        boolean fresher =
                indicated == NO_DELTA
                        ? Integer.toUnsignedLong(delta) < ago
                        : Integer.compareUnsigned(delta, indicated) < 0;
        if (fresher) {
            context.neighbors.confirm(neighbor.nextHop);
        } else {
            context.counters.reachabilityProbes++;
            context.neighbors.probe(neighbor.nextHop);
        }
    }
}
