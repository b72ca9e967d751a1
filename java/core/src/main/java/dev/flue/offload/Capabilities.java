// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/**
 * What a miniport can do (section 8.1).
 *
 * @param chimney whether it takes connections at all
 * @param unavailabilityCause why not, in words a person can act on; "" when it does
 * @param ipv4 takes IPv4 connections
 * @param ipv6 takes IPv6 connections
 * @param sack takes connections with SACK
 * @param maxConnections TcpConnectionOffloadCapacity
 * @param maxReceiveWindow largest InitialRcvWnd, bytes
 * @param maxPathMtu largest path MTU, bytes
 * @param macAddress of the port, as a number
 * @param name for people: "engine on wire, heap arena"
 */
public record Capabilities(
        boolean chimney,
        String unavailabilityCause,
        boolean ipv4,
        boolean ipv6,
        boolean sack,
        int maxConnections,
        int maxReceiveWindow,
        int maxPathMtu,
        long macAddress,
        String name) {

    /** The same miniport, which for this cause takes no connections. */
    public Capabilities without(String cause) {
        return new Capabilities(
                false,
                cause,
                false,
                false,
                sack,
                0,
                maxReceiveWindow,
                maxPathMtu,
                macAddress,
                name);
    }
}
