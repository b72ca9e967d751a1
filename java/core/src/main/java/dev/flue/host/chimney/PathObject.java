// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.offload.StateType;

/** A pair of addresses of one version of IP, shared by the connections between them. */
final class PathObject extends OffloadedObject {
    /** What it depends on in the target. */
    NeighborObject neighbor;

    /** Where it moves to with the update that waits or runs (H-17); null = nowhere. */
    NeighborObject moving;

    /** The update that runs is the move. */
    boolean inMove;

    final IpAddress source;
    final IpAddress destination;

    /** What the target has, or gets with the update that waits. */
    int mtu;

    PathObject(NeighborObject neighbor, IpAddress source, IpAddress destination, int mtu) {
        this.neighbor = neighbor;
        this.source = source;
        this.destination = destination;
        this.mtu = mtu;
    }

    /** Whether the neighbor it is to move to will not be there. */
    boolean leadsNowhere() {
        return moving != null && (moving.state == State.ABSENT || moving.invalid || moving.doomed);
    }

    /** Type of a block that carries its CACHED structure. */
    StateType cachedType() {
        return destination.isIpv4() ? StateType.IP4_CACHED : StateType.IP6_CACHED;
    }
}
