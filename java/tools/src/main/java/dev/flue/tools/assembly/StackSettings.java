// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.bindings.Arena;
import dev.flue.data.IpAddress;
import java.util.List;

/**
 * What a host stack and its target are made with.
 *
 * @param addresses of the stack, with their networks: one of IPv4, one of IPv6, or either
 * @param gateways to other networks, at most one of each version
 * @param mac of the port
 * @param mtu largest IP packet, bytes
 * @param maxConnections offloaded at a time; more stay on the host stack
 * @param arena where context areas lie
 * @param polling who polls the engines
 * @param queues of the one device whose ports they are; 1 = each port is a device
 * @param drivers intermediate drivers, from the target upwards, by name
 * @param seed of everything random
 */
public record StackSettings(
        List<Cidr> addresses,
        List<IpAddress> gateways,
        long mac,
        int mtu,
        int maxConnections,
        Arena arena,
        Polling polling,
        int queues,
        List<String> drivers,
        long seed) {

    /** A locally administered MAC address made of an IP address: 02:00:c6:12:00:02. */
    public static long macOf(IpAddress address) {
        return 0x0200_0000_0000L | address.lo() & 0xffff_ffffL;
    }
}
