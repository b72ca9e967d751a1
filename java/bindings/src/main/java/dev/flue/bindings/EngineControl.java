// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.nio.ByteBuffer;

/**
 * What {@link NativeOffloadTarget} needs of the engine behind its channel: the functions of
 * flue_engine.h. Results below 0 are negative error numbers.
 */
interface EngineControl {
    /** The channel's region. */
    ByteBuffer channel();

    /** Pieces of send data that the engine keeps at a time. */
    int maxSends();

    /** One pass. Called only while neither {@link #destroy} nor another poll can run. */
    int poll(long nowNanos, int budget);

    /** Of its port: flue_port_link(). Under the same condition as {@link #poll}. */
    int link();

    long nextDeadline();

    int start(int cpu, EngineIdle idle);

    /** There is something to read for a thread that sleeps. */
    void wake();

    int stop();

    /** Become a member of a group; inline, and before anything is offloaded. */
    int join(EngineGroup group, int index);

    long held(int which);

    ArenaInfo arena();

    /** The counters' region (flue_observe.h). */
    ByteBuffer counters();

    /** Stops its thread and frees everything. Idempotent. */
    void destroy();
}
