// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.EngineIdle;
import dev.flue.bindings.FlueException;
import dev.flue.bindings.NativeOffloadTarget;
import java.util.List;
import java.util.logging.Logger;

/**
 * Who polls the engines, where, and what they do when there is nothing to do.
 *
 * @param ownThread each engine polls on a thread of its own instead of inside the duty cycle
 * @param idle of these threads, and of the duty cycle as far as it can
 * @param cpus that the engines' threads are tied to, in turn; empty = none
 * @param ringEntries of an engine's submission ring; the ring back has four times as many
 */
public record Polling(boolean ownThread, EngineIdle idle, List<Integer> cpus, int ringEntries) {
    /** Entries of a submission ring that nobody has asked for otherwise. */
    public static final int RING_ENTRIES = 4096;

    private static final Logger LOG = Logger.getLogger(Polling.class.getName());
    private static final int NOT_SUPPORTED = 95;

    /** With nothing chosen but this. */
    public Polling(boolean ownThread) {
        this(ownThread, EngineIdle.BACKOFF, List.of(), RING_ENTRIES);
    }

    /**
     * Gives each engine its thread, if there are to be any.
     *
     * @param first number of the first of them among all engines
     */
    void start(List<NativeOffloadTarget> targets, int first) {
        for (int i = 0; ownThread && i < targets.size(); i++) {
            int cpu = cpus.isEmpty() ? -1 : cpus.get((first + i) % cpus.size());
            try {
                targets.get(i).start(cpu, idle);
            } catch (FlueException e) {
                if (idle != EngineIdle.INTERRUPT || e.errno() != NOT_SUPPORTED) {
                    throw e;
                }
                LOG.warning(
                        "--idle interrupt: "
                                + e.getMessage()
                                + "; its engine spins, yields and then parks instead");
                targets.get(i).start(cpu, EngineIdle.BACKOFF);
            }
        }
    }
}
