// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.conformance;

import dev.flue.data.OffloadConnection;
import dev.flue.testkit.Simulation;

/**
 * Moves a connection to the other side right after one of its operations, or after each, and back
 * as soon as it is there. An operation is a send, a receive that took something, or the end of
 * sending.
 */
final class ForcedMoves {
    /** As the number of the operation: after each. */
    static final long EACH = 0;

    // A move that has not happened after so many turns of anybody will not: it is refused.
    private static final int PATIENCE = 400;

    private final Simulation simulation;
    private final TransferEnd end;
    private final long after;
    private long operations;
    private boolean moving;

    ForcedMoves(Simulation simulation, TransferEnd end, long after) {
        this.simulation = simulation;
        this.end = end;
        this.after = after;
        end.afterOperation(this::operation);
    }

    /** Operations so far. */
    long operations() {
        return operations;
    }

    private void operation() {
        operations++;
        if ((after == EACH || operations == after) && !moving) {
            moving = true;
            // Once the turn is over in which it happened.
            simulation.afterEvents(1, () -> move(true));
        }
    }

    private void move(boolean andBack) {
        OffloadConnection connection = end.connection();
        if (connection == null || end.closed()) {
            moving = false;
            return;
        }
        int before = end.offloadChanges();
        if (connection.offloaded()) {
            connection.upload();
        } else {
            connection.offload();
        }
        await(before, andBack, PATIENCE);
    }

    private void await(int before, boolean andBack, int patience) {
        if (end.offloadChanges() == before && patience > 0 && !end.closed()) {
            simulation.afterEvents(1, () -> await(before, andBack, patience - 1));
        } else if (andBack) {
            move(false);
        } else {
            moving = false;
        }
    }
}
