// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.chimney.OffloadedObject.State;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.StateType;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Invalidates (4.5): stops a target from sending over a neighbor or a path, and over all that
 * depends on it, or on one connection, at once. Everything invalidated is terminated afterwards
 * (H-23).
 */
final class Invalidator {
    private final ChimneyContext context;
    private final Terminator terminator;
    private final Set<OffloadedObject> waiting = new LinkedHashSet<>();
    private int running;

    Invalidator(ChimneyContext context, Terminator terminator) {
        this.context = context;
        this.terminator = terminator;
    }

    boolean idle() {
        return waiting.isEmpty() && running == 0;
    }

    /** Nothing may be sent over it any more; a no-op when it is on its way already. */
    void invalidate(OffloadedObject object) {
        boolean there = object.state == State.INITIATING || object.state == State.PRESENT;
        if (there && !object.invalid && !object.invalidating) {
            object.doomed = true;
            waiting.add(object);
        }
    }

    /** Send what may go; operations sent. */
    int run() {
        if (waiting.isEmpty()) {
            return 0;
        }
        int sent = 0;
        for (Iterator<OffloadedObject> it = waiting.iterator(); it.hasNext(); ) {
            OffloadedObject object = it.next();
            if (object.state == State.ABSENT || object.state == State.TERMINATING) {
                it.remove();
            } else if (object.state == State.PRESENT && context.blocks.available() > 0) {
                it.remove();
                send(object);
                sent++;
            }
        }
        return sent;
    }

    /** A lone block without any state structure (H-19). */
    private void send(OffloadedObject object) {
        object.invalidating = true;
        object.invalid = true;
        running++;
        context.counters.invalidates++;
        context.binding.invalidateOffload(
                context.blocks.allocate(object, StateType.NONE, object.handle));
    }

    /** Whether it worked or not: what is invalid comes back, and then goes (H-18, H-23). */
    void complete(long root) {
        running--;
        OffloadedObject object = context.blocks.owner(root);
        if (context.block.wrap(root).status() != OffloadStatus.SUCCESS.code()) {
            context.counters.invalidateFailures++;
        }
        context.blocks.freeTree(root);
        object.invalidating = false;
        terminator.doom(object, cause(object));
    }

    private static String cause(OffloadedObject object) {
        if (object instanceof NeighborObject) {
            return "its next hop is not reachable";
        }
        return object instanceof PathObject ? "its path is not valid" : "it was invalidated";
    }
}
