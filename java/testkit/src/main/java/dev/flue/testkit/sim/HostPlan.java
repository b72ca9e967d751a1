// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

/**
 * One of the two hosts of a run.
 *
 * @param engine whether its connections go to its engine as soon as they are established; moves may
 *     take them away, or bring those of another host there
 * @param mtu bytes of an IP packet; what the host announces as MSS follows from it
 * @param receiveBuffer of a connection, bytes
 * @param sendBuffer of a connection, bytes
 * @param sendChunk bytes of one send buffer
 * @param postedReceives of each connection in the engine
 */
public record HostPlan(
        boolean engine,
        int mtu,
        int receiveBuffer,
        int sendBuffer,
        int sendChunk,
        int postedReceives) {
    /** The least interesting host. */
    public static final HostPlan SIMPLE = new HostPlan(false, 1_500, 262_144, 262_144, 16_384, 0);
}
