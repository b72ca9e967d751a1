// SPDX-License-Identifier: Apache-2.0
package dev.flue.spi;

import java.util.concurrent.locks.LockSupport;

/** What a duty cycle does when it found no work: spin, then yield, then park. One thread. */
public final class IdlePolicy {
    private static final int SPINS = 64;
    private static final int YIELDS = 64;
    private static final long PARK_MIN_NANOS = 10_000;

    private final long parkMaxNanos;
    private int idleTurns;
    private long parkNanos = PARK_MIN_NANOS;

    /**
     * @param parkMaxNanos longest park, the price in latency of the first event after silence
     */
    public IdlePolicy(long parkMaxNanos) {
        this.parkMaxNanos = Math.max(PARK_MIN_NANOS, parkMaxNanos);
    }

    /** After each turn. {@code work}: what the turn returned. */
    public void idle(int work) {
        if (work > 0) {
            idleTurns = 0;
            parkNanos = PARK_MIN_NANOS;
        } else if (idleTurns < SPINS) {
            idleTurns++;
            Thread.onSpinWait();
        } else if (idleTurns < SPINS + YIELDS) {
            idleTurns++;
            Thread.yield();
        } else {
            LockSupport.parkNanos(parkNanos);
            parkNanos = Math.min(parkMaxNanos, parkNanos * 2);
        }
    }
}
