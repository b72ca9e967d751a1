// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/**
 * The MTU of a link shrinks in mid-run: longer packets vanish, and some time later the sender hears
 * of it, as if a router had said so.
 *
 * @param atNanos when
 * @param from the host that sends over the link
 * @param mtu bytes of an IP packet from now on
 * @param toldNanos how long after that the sender hears of it
 */
public record MtuPlan(long atNanos, int from, int mtu, long toldNanos) {
    /** The least interesting change. */
    public static final MtuPlan SIMPLE = new MtuPlan(0, 0, 1_500, 0);
}
