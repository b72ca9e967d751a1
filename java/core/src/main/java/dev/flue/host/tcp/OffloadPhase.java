// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** Who has a connection. */
public enum OffloadPhase {
    /** The host stack. */
    HOST,
    /** The host stack; an offload waits for its turn. */
    REQUESTED,
    /** Its initiate runs: its state is frozen here. */
    INITIATING,
    /** The target. */
    OFFLOADED,
    /** Its terminate runs, or waits for other operations of it. */
    UPLOADING
}
