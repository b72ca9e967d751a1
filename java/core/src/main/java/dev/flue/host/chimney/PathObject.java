// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

/** A destination, shared by the connections to it. */
final class PathObject extends OffloadedObject {
    final NeighborObject neighbor;
    final int destination;
    final int mtu;

    PathObject(NeighborObject neighbor, int destination, int mtu) {
        this.neighbor = neighbor;
        this.destination = destination;
        this.mtu = mtu;
    }
}
