// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * Whose a segment of TCP is, where two stacks share an address. Addresses are 16 bytes as two
 * numbers in network order, those of IPv4 as ::ffff:a.b.c.d.
 */
@FunctionalInterface
public interface TcpClaims {
    /** Whether the host stack has this connection, or takes connections to the local port. */
    boolean claims(
            long localHi,
            long localLo,
            int localPort,
            long remoteHi,
            long remoteLo,
            int remotePort);
}
