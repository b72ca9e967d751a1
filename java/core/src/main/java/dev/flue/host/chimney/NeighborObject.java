// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;

/** A next hop, shared by the paths that lead over it. */
final class NeighborObject extends OffloadedObject {
    final IpAddress nextHop;

    /** What the target has, or gets with the update that waits. */
    long mac;

    NeighborObject(IpAddress nextHop, long mac) {
        this.nextHop = nextHop;
        this.mac = mac;
    }
}
