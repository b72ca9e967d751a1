// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.chimney.OffloadedObject.State;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Keeps the next hops of offloaded paths what the routes say: a path whose next hop changed moves
 * to the new neighbor, which is offloaded first when it is not there; the old one is terminated
 * when nothing depends on it any more (H-17).
 */
final class NextHops {
    private final ChimneyContext context;
    private final Initiator initiator;
    private final Updater updater;
    private final Terminator terminator;

    /** Paths whose next hop may have changed, or whose new one is not resolved. */
    private final Set<PathObject> doubtful = new LinkedHashSet<>();

    NextHops(ChimneyContext context, Initiator initiator, Updater updater, Terminator terminator) {
        this.context = context;
        this.initiator = initiator;
        this.updater = updater;
        this.terminator = terminator;
    }

    boolean idle() {
        return doubtful.isEmpty();
    }

    /** Routes changed: look at all paths in the next turn. */
    void changed() {
        context.objects.forEachPath(doubtful::add);
    }

    /** A next hop did not answer: nothing can move there. */
    void unreachable(IpAddress hop) {
        for (PathObject path : new ArrayList<>(doubtful)) {
            if (hop.equals(context.ip.routes().nextHop(path.destination))) {
                doubtful.remove(path);
                terminator.doom(path, "its next hop is not reachable");
            }
        }
    }

    /** Moves asked for. */
    int run() {
        if (doubtful.isEmpty()) {
            return 0;
        }
        int work = 0;
        List<PathObject> settled = new ArrayList<>();
        for (PathObject path : doubtful) {
            if (path.state == State.ABSENT || path.state == State.TERMINATING) {
                settled.add(path);
            } else if (path.state == State.PRESENT && !path.inMove && decide(path)) {
                settled.add(path);
                work++;
            }
        }
        settled.forEach(doubtful::remove);
        return work;
    }

    /** False: the new next hop is not resolved, or its object is on its way out. */
    private boolean decide(PathObject path) {
        IpAddress hop = context.ip.routes().nextHop(path.destination);
        if (hop == null) {
            terminator.doom(path, "there is no way to its peer any more");
            return true;
        }
        if (hop.equals(path.neighbor.nextHop)) {
            updater.stay(path);
            return true;
        }
        NeighborObject neighbor = context.objects.neighbor(hop);
        if (neighbor == null) {
            long mac = context.neighbors.mac(hop);
            if (mac == 0) {
                context.neighbors.probe(hop);
                return false;
            }
            neighbor = initiator.alone(hop, mac);
        } else if (neighbor.doomed || neighbor.state == State.TERMINATING) {
            return false;
        }
        if (neighbor == null) {
            return false;
        }
        updater.move(path, neighbor);
        return true;
    }
}
