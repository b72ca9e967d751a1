// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import java.util.List;

/**
 * An offloaded object and those that depend on it: neighbors hold paths, paths hold connections.
 *
 * @param kind "neighbor", "path" or "tcp"
 * @param name for people: a MAC and address, two addresses, two ports
 * @param token of the target
 * @param state "offloaded", or what is under way with it
 * @param dependents one layer up
 */
public record OffloadTreeNode(
        String kind, String name, long token, String state, List<OffloadTreeNode> dependents) {
    public OffloadTreeNode {
        dependents = List.copyOf(dependents);
    }
}
