// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/** What an engine holds; all 0 in an engine at rest. The order is that of flue_engine_held(). */
public enum EngineResource {
    NEIGHBORS,
    PATHS,
    CONNECTIONS,
    /** Entries of the flow table. */
    FLOWS,
    /** Pieces of send data queued. */
    SEND_PIECES,
    /** Receive-indication lists that are out. */
    RECEIVE_LISTS,
    /** Raw-frame lists that are out. */
    FRAME_LISTS,
    /** Timers armed. */
    TIMERS,
    /** Reachability queries that wait for the host's answer. */
    REACHABILITY_QUERIES,
    /** Connections with a scoreboard of what they lost. */
    LOSS_EPISODES,
    /** Runs of these scoreboards. */
    SCOREBOARD_RUNS,
    /** Connections that need more than their context, and have a record for it. */
    EXTRA_RECORDS,
    /** Sets of CONST and CACHED values; connections share them. */
    PROFILES,
    /** Objects whose state lies in NIC memory. */
    NIC_OBJECTS
}
