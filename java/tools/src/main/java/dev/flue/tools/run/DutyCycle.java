// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.run;

import dev.flue.bindings.EngineIdle;
import dev.flue.spi.IdlePolicy;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Turns its parts, one after the other, on the calling thread, and idles when none had work. */
public final class DutyCycle {
    private static final long PARK_MAX_NANOS = 250_000;

    private final List<Turn> parts;
    private final EngineIdle policy;

    public DutyCycle(List<Turn> parts) {
        this(parts, EngineIdle.BACKOFF);
    }

    /**
     * {@code policy}: of this thread; it cannot sleep until an interrupt, and backs off instead.
     */
    public DutyCycle(List<Turn> parts, EngineIdle policy) {
        this.parts = List.copyOf(parts);
        this.policy = policy;
    }

    /** Until {@code done}, which is asked after each round. */
    public void runUntil(BooleanSupplier done) {
        IdlePolicy idle = new IdlePolicy(PARK_MAX_NANOS);
        while (!done.getAsBoolean()) {
            int work = round();
            if (work > 0 || policy == EngineIdle.BACKOFF || policy == EngineIdle.INTERRUPT) {
                idle.idle(work);
            } else if (policy == EngineIdle.YIELD) {
                Thread.yield();
            } else {
                Thread.onSpinWait();
            }
        }
    }

    /**
     * Until {@code done} or for {@code nanos}.
     *
     * @return whether it got done
     */
    public boolean runUntil(BooleanSupplier done, long nanos) {
        long start = System.nanoTime();
        runUntil(() -> done.getAsBoolean() || System.nanoTime() - start > nanos);
        return done.getAsBoolean();
    }

    private int round() {
        int work = 0;
        for (Turn part : parts) {
            work += part.doWork(System.nanoTime());
        }
        return work;
    }
}
