// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What code allocates, by the JVM's own count. */
public final class Allocations {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int MOST_RUNS = 60;

    private Allocations() {}

    /**
     * Runs it until a run allocates nothing: code that the compiler has not come to yet may.
     *
     * @return the fewest bytes that a run allocated on this thread, of at most {@value #MOST_RUNS}
     */
    public static long leastOf(Runnable run) {
        long thread = Thread.currentThread().getId();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < MOST_RUNS && least > 0; i++) {
            long before = THREADS.getThreadAllocatedBytes(thread);
            run.run();
            least = Math.min(least, THREADS.getThreadAllocatedBytes(thread) - before);
        }
        return least;
    }
}
