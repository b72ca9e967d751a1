// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.data.IpAddress;
import java.util.List;

/**
 * What a host stack and its target are made with.
 *
 * @param address of the stack, with its network
 * @param gateway null = none
 * @param mac of the port
 * @param mtu largest IP packet, bytes
 * @param maxConnections offloaded at a time; more stay on the host stack
 * @param hugepages context areas in hugepages instead of ordinary pages
 * @param ownThread the engine polls on a thread of its own instead of inside the duty cycle
 * @param drivers intermediate drivers, from the target upwards, by name
 * @param seed of everything random
 */
public record StackSettings(
        Cidr address,
        IpAddress gateway,
        long mac,
        int mtu,
        int maxConnections,
        boolean hugepages,
        boolean ownThread,
        List<String> drivers,
        long seed) {

    /** A locally administered MAC address made of an IP address: 02:00:c6:12:00:02. */
    public static long macOf(IpAddress address) {
        return 0x0200_0000_0000L | address.lo() & 0xffff_ffffL;
    }
}
