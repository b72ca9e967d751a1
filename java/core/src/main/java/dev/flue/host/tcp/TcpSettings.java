// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.CongestionAlgorithm;

/**
 * What TCP of a stack is told once.
 *
 * @param maxConnections at a time, TIME_WAIT apart
 * @param receiveBuffer bytes a connection may hold unread; also the window
 * @param sendBuffer bytes a connection may hold unacknowledged
 * @param sendChunk bytes of one send buffer
 * @param firstPort of those that connections get who name none
 * @param lastPort likewise
 * @param seed of everything random
 * @param mslNanos maximum segment lifetime
 * @param rtoMinNanos floor of the retransmission timeout
 * @param synCookies when SYNs are answered with cookies
 * @param features what is agreed on, and how data is sent
 */
public record TcpSettings(
        int maxConnections,
        int receiveBuffer,
        int sendBuffer,
        int sendChunk,
        int firstPort,
        int lastPort,
        long seed,
        long mslNanos,
        long rtoMinNanos,
        SynCookieUse synCookies,
        Features features) {
    /**
     * What is agreed on with a peer that wants it too, and how data is sent.
     *
     * @param sack selective acknowledgments (RFC 2018)
     * @param timestamps RFC 7323
     * @param windowScaling RFC 7323
     * @param ecn asked for when we open (RFC 3168); answered always
     * @param congestion of new connections
     * @param ackDelayNanos how long an ACK may wait for the next segment
     */
    public record Features(
            boolean sack,
            boolean timestamps,
            boolean windowScaling,
            boolean ecn,
            CongestionAlgorithm congestion,
            long ackDelayNanos) {}
}
