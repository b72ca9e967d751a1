// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

/**
 * Where an engine's context areas lie.
 *
 * @param kind "heap" or "hugepages"
 * @param node NUMA node of the hugepages; -1 = not known
 * @param usedBytes taken by objects
 * @param sizeBytes in all
 * @param nic place of the NIC memory with the state objects; "" = they lie with the rest
 * @param nicUsedBytes of it, taken by objects
 * @param nicSizeBytes of it, this engine's
 */
public record ArenaInfo(
        String kind,
        int node,
        long usedBytes,
        long sizeBytes,
        String nic,
        long nicUsedBytes,
        long nicSizeBytes) {

    /**
     * For people: {@code heap}, {@code hugepages node 0}, {@code nic 0000:00:06.0/2 and hugepages
     * node 0}.
     */
    public String where() {
        return (nic.isEmpty() ? "" : "nic " + nic + " and ")
                + kind
                + (node < 0 ? "" : " node " + node);
    }
}
