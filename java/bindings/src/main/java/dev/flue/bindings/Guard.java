// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands before a C object: lets calls in while it is open, none once it is closed, and makes the
 * closer wait for those inside. Calls are short, so the wait spins. Any thread; no allocation.
 */
final class Guard {
    private static final int CLOSED = Integer.MIN_VALUE;

    private final String what;
    private final AtomicInteger inside = new AtomicInteger();

    /** {@code what}: names the object in messages. */
    Guard(String what) {
        this.what = what;
    }

    /**
     * Begin a call; {@link #exit} ends it.
     *
     * @throws IllegalStateException when the object is closed
     */
    void enter() {
        if (inside.getAndIncrement() < 0) {
            inside.getAndDecrement();
            throw closed();
        }
    }

    void exit() {
        inside.getAndDecrement();
    }

    boolean isClosed() {
        return inside.get() < 0;
    }

    IllegalStateException closed() {
        return new IllegalStateException(what + " is closed");
    }

    /** Let nobody in from now on, and wait until all are out. False when it was closed before. */
    boolean close() {
        int before = inside.getAndAccumulate(CLOSED, (count, bit) -> count | bit);
        if (before < 0) {
            return false;
        }
        while (inside.get() != CLOSED) {
            Thread.onSpinWait();
        }
        return true;
    }
}
