// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/**
 * A connection of a run.
 *
 * @param from the host that opens it, 0 or 1
 * @param startNanos when
 */
public record ConnPlan(int from, long startNanos) {
    /** From the first host, at once. */
    public static final ConnPlan SIMPLE = new ConnPlan(0, 0);
}
