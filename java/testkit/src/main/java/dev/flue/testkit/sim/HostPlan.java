// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.data.CongestionAlgorithm;

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
 * @param sack whether it offers and takes SACK
 * @param timestamps whether it offers and takes timestamps
 * @param scaling whether it offers and takes window scaling
 * @param ecn whether it asks for ECN
 * @param congestion the congestion control of its connections, in its engine too
 * @param ackDelayMicros how long an ACK of its stack may wait
 */
public record HostPlan(
        boolean engine,
        int mtu,
        int receiveBuffer,
        int sendBuffer,
        int sendChunk,
        int postedReceives,
        boolean sack,
        boolean timestamps,
        boolean scaling,
        boolean ecn,
        CongestionAlgorithm congestion,
        int ackDelayMicros) {
    /** The least interesting host. */
    public static final HostPlan SIMPLE =
            new HostPlan(
                    false,
                    1_500,
                    262_144,
                    262_144,
                    16_384,
                    0,
                    true,
                    true,
                    true,
                    false,
                    CongestionAlgorithm.CUBIC,
                    40_000);
}
