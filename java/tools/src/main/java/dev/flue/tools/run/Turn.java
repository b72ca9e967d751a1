// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.run;

/** Part of a duty cycle. */
@FunctionalInterface
public interface Turn {
    /**
     * One turn; never blocks.
     *
     * @param nowNanos monotonic time
     * @return how much was done; 0 = idle
     */
    int doWork(long nowNanos);
}
