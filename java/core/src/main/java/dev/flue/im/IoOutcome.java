// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/** How far lists of an {@link IoKind} have come, to a {@link MeterDriver}. */
public enum IoOutcome {
    /** They came from above. Their bytes: of a posted receive, its room. */
    REQUESTED,
    /**
     * They completed with SUCCESS: data of the host was acknowledged by the peer, a receive filled
     * as far as it was. Their bytes: what was transferred, of the other lists too.
     */
    DONE,
    /** They completed with any other status. Their bytes: what was not transferred. */
    FAILED,
    /** They came back with their connection, in its block: likewise. Only sends do. */
    RETURNED
}
