// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.run;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a duty cycle end in order when the JVM is told to go (SIGTERM, SIGINT): the JVM's exit
 * waits, for a bounded time, until the thread that runs the cycle has given everything back.
 *
 * <pre>{@code
 * try (Shutdown shutdown = Shutdown.install()) {
 *     cycle.runUntil(shutdown::requested);
 *     assembly.close();
 * }
 * }</pre>
 */
public final class Shutdown implements AutoCloseable {
    private static final long EXIT_WAIT_SECONDS = 15;

    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook = new Thread(this::exiting, "flue-shutdown");
    private volatile boolean requested;

    private Shutdown() {}

    public static Shutdown install() {
        Shutdown shutdown = new Shutdown();
        Runtime.getRuntime().addShutdownHook(shutdown.hook);
        return shutdown;
    }

    /** The JVM is on its way out. Any thread. */
    public boolean requested() {
        return requested;
    }

    /** Everything is given back: the JVM may go. */
    @Override
    public void close() {
        finished.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The JVM began to exit this moment: the hook finds everything done.
            }
        }
    }

    private void exiting() {
        requested = true;
        try {
            if (!finished.await(EXIT_WAIT_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("flue: connections were not all given back in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends what was begun when the JVM is already on its way out. */
    public void check() {
        if (requested) {
            throw new ToolException("stopped");
        }
    }
}
