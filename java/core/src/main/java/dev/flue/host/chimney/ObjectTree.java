// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.host.link.Net;
import dev.flue.host.tcp.TcpConnection;
import java.util.ArrayList;
import java.util.List;

/** Walks what a target has, neighbors first, for people. */
public final class ObjectTree {
    /** Makes a node out of an object and the nodes of its dependents. */
    @FunctionalInterface
    public interface NodeMaker<T> {
        T make(String kind, String name, long token, String state, List<T> dependents);
    }

    private ObjectTree() {}

    /** One node for each neighbor. */
    public static <T> List<T> of(OffloadManager manager, NodeMaker<T> maker) {
        ObjectTable objects = manager.objects();
        List<T> roots = new ArrayList<>();
        objects.forEachNeighbor(
                neighbor -> {
                    List<T> paths = new ArrayList<>();
                    objects.forEachPath(
                            path -> {
                                if (path.neighbor == neighbor) {
                                    paths.add(path(objects, path, maker));
                                }
                            });
                    String name = neighbor.nextHop + " " + Net.mac(neighbor.mac);
                    roots.add(node(objects, neighbor, "neighbor", name, paths, maker));
                });
        return roots;
    }

    private static <T> T path(ObjectTable objects, PathObject path, NodeMaker<T> maker) {
        List<T> connections = new ArrayList<>();
        objects.forEachFlow(
                flow -> {
                    if (flow.path == path) {
                        TcpConnection c = flow.connection;
                        String name = c.localPort() + " - " + c.remotePort();
                        connections.add(node(objects, flow, "tcp", name, List.of(), maker));
                    }
                });
        String name = path.destination + " mtu " + path.mtu;
        return node(objects, path, "path", name, connections, maker);
    }

    private static <T> T node(
            ObjectTable objects,
            OffloadedObject object,
            String kind,
            String name,
            List<T> dependents,
            NodeMaker<T> maker) {
        return maker.make(kind, name, objects.token(object), object.condition(), dependents);
    }
}
