// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

/** A next hop, shared by the paths that lead over it. */
final class NeighborObject extends OffloadedObject {
    final int nextHop;
    final long mac;

    NeighborObject(int nextHop, long mac) {
        this.nextHop = nextHop;
        this.mac = mac;
    }
}
