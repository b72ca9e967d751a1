// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * What TCP of a stack is told once.
 *
 * @param maxConnections at a time, TIME_WAIT apart
 * @param receiveBuffer bytes a connection may hold unread; also the window
 * @param sendBuffer bytes a connection may hold unacknowledged
 * @param sendChunk bytes of one send buffer
 * @param seed of everything random
 * @param mslNanos maximum segment lifetime
 * @param rtoMinNanos floor of the retransmission timeout
 * @param synCookies when SYNs are answered with cookies
 */
public record TcpSettings(
        int maxConnections,
        int receiveBuffer,
        int sendBuffer,
        int sendChunk,
        long seed,
        long mslNanos,
        long rtoMinNanos,
        SynCookieUse synCookies) {}
