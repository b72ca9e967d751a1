// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;

/** A pair of addresses of one version of IP, shared by the connections between them. */
final class PathObject extends OffloadedObject {
    final NeighborObject neighbor;
    final IpAddress source;
    final IpAddress destination;
    final int mtu;

    PathObject(NeighborObject neighbor, IpAddress source, IpAddress destination, int mtu) {
        this.neighbor = neighbor;
        this.source = source;
        this.destination = destination;
        this.mtu = mtu;
    }
}
