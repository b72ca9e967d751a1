// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import java.util.Locale;

/** What a target can have of us: a neighbor, a path, a connection. */
abstract class OffloadedObject {
    /** Where it is in its life. Only {@link #PRESENT} objects may be named in an operation. */
    enum State {
        ABSENT,
        INITIATING,
        PRESENT,
        TERMINATING
    }

    State state = State.ABSENT;

    /** Our offload handle for it; 0 while it is absent. */
    long handle;

    /** Objects one layer up that are not absent, and paths that are about to move here. */
    int dependents;

    /** Queries of it under way; a terminate waits for them (H-21). */
    int queries;

    /** An update of it runs: no second one (H-15), no terminate (H-21). */
    boolean updating;

    /** An invalidate of it runs: no terminate (H-21). */
    boolean invalidating;

    /** It was invalidated: no update any more (H-15), only its terminate (H-23). */
    boolean invalid;

    /** It goes as soon as nothing depends on it, and nothing new may (H-18, H-23). */
    boolean doomed;

    /** Whether an initiate or a terminate of it runs: nothing else may start (H-3, H-4). */
    boolean busy() {
        return state == State.INITIATING || state == State.TERMINATING;
    }

    /** Whether no operation on it runs that a terminate has to wait for (H-21). */
    boolean idle() {
        return queries == 0 && !updating && !invalidating;
    }

    /** Whether another object may start to depend on it now. */
    boolean open() {
        return state == State.PRESENT && !updating && !invalidating && !invalid && !doomed;
    }

    /** For people. */
    String condition() {
        if (state != State.PRESENT) {
            return state.name().toLowerCase(Locale.ROOT);
        }
        if (invalid) {
            return "invalid";
        }
        return updating ? "updating" : "offloaded";
    }
}
