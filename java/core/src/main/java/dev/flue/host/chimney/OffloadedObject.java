// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

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

    /** Objects one layer up that are not absent. */
    int dependents;

    /** Whether an initiate or a terminate of it runs: nothing else may start (H-3, H-4). */
    boolean busy() {
        return state == State.INITIATING || state == State.TERMINATING;
    }
}
