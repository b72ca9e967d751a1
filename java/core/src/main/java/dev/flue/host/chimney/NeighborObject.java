// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;

/** A next hop, shared by the paths that lead over it. */
final class NeighborObject extends OffloadedObject {
    final IpAddress nextHop;
    final long mac;

    NeighborObject(IpAddress nextHop, long mac) {
        this.nextHop = nextHop;
        this.mac = mac;
    }
}
