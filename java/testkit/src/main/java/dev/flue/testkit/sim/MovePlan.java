// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/**
 * A connection goes to the other side (stack to engine, engine to stack) at one of its ends.
 *
 * @param event after so many events of the run
 * @param every and again after so many more, again and again; 0 = once
 * @param connection number of the connection
 * @param end 0 = the end that opened it, 1 = the other
 */
public record MovePlan(long event, long every, int connection, int end) {
    /** The first connection's first end, after the first event. */
    public static final MovePlan SIMPLE = new MovePlan(1, 0, 0, 0);
}
