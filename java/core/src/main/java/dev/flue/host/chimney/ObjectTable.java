// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.data.IpAddress;
import dev.flue.host.link.LongTable;
import dev.flue.offload.HandleTable;
import dev.flue.spi.Memory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Neighbors, paths and flows that a target has or is getting, and their handles. */
final class ObjectTable implements AutoCloseable {
    /** Handles for neighbors and paths, beside those of connections. */
    private static final int SHARED_HANDLES = 4096;

    private record PathKey(IpAddress source, IpAddress destination) {}

    private final HandleTable<OffloadedObject> handles;
    private final Map<IpAddress, NeighborObject> neighbors = new LinkedHashMap<>();
    private final Map<PathKey, PathObject> paths = new LinkedHashMap<>();
    private final LongTable<Flow> flows = new LongTable<>();
    private int present;

    ObjectTable(Memory memory, int maxConnections) {
        this.handles = new HandleTable<>(memory, maxConnections + SHARED_HANDLES);
    }

    /** The neighbor for a next hop, or null when the target has none and is getting none. */
    NeighborObject neighbor(IpAddress nextHop) {
        return neighbors.get(nextHop);
    }

    /** The path between two addresses, or null when the target has none and is getting none. */
    PathObject path(IpAddress source, IpAddress destination) {
        return paths.get(new PathKey(source, destination));
    }

    /** Give an object a handle with an empty slot (H-6); false when none is left. */
    boolean begin(OffloadedObject object) {
        object.handle = handles.allocate(object);
        if (object.handle == 0) {
            return false;
        }
        object.state = OffloadedObject.State.INITIATING;
        if (object instanceof NeighborObject neighbor) {
            neighbors.put(neighbor.nextHop, neighbor);
        } else if (object instanceof PathObject path) {
            path.neighbor.dependents++;
            paths.put(new PathKey(path.source, path.destination), path);
        } else if (object instanceof Flow flow) {
            flow.path.dependents++;
            flows.put(flow.handle, flow);
        }
        return true;
    }

    /** The target has it. */
    void arrived(OffloadedObject object) {
        object.state = OffloadedObject.State.PRESENT;
        if (object instanceof Flow) {
            present++;
        }
    }

    /** The target does not have it, or has no more. */
    void gone(OffloadedObject object) {
        boolean had =
                object.state == OffloadedObject.State.PRESENT
                        || object.state == OffloadedObject.State.TERMINATING;
        object.state = OffloadedObject.State.ABSENT;
        if (object instanceof NeighborObject neighbor) {
            neighbors.remove(neighbor.nextHop);
        } else if (object instanceof PathObject path) {
            path.neighbor.dependents--;
            paths.remove(new PathKey(path.source, path.destination));
        } else if (object instanceof Flow flow) {
            flow.path.dependents--;
            flows.remove(flow.handle);
            present -= had ? 1 : 0;
        }
        handles.free(object.handle);
        object.handle = 0;
    }

    /** What a handle stands for, or null. */
    OffloadedObject object(long handle) {
        return handles.get(handle);
    }

    /** The flow a handle stands for, or null. */
    Flow flow(long handle) {
        return handles.get(handle) instanceof Flow flow ? flow : null;
    }

    long token(OffloadedObject object) {
        return object.handle == 0 ? 0 : handles.token(object.handle);
    }

    /** Connections that a target has. */
    int present() {
        return present;
    }

    /** Connections that a target has or is getting. */
    int flowCount() {
        return flows.size();
    }

    boolean isEmpty() {
        return flows.size() == 0 && handles.held() == 0;
    }

    int handlesHeld() {
        return handles.held();
    }

    void forEachNeighbor(Consumer<NeighborObject> action) {
        neighbors.values().forEach(action);
    }

    void forEachPath(Consumer<PathObject> action) {
        paths.values().forEach(action);
    }

    void forEachFlow(Consumer<Flow> action) {
        flows.forEach(action);
    }

    @Override
    public void close() {
        handles.close();
    }
}
