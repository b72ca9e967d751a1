// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import dev.flue.jni.flue_engine_config;
import java.util.List;

/**
 * What link and network addresses an engine takes: more of them are refused by the status that
 * names the cause.
 *
 * @param vlanIds of the interface, at most 8, 1..4094; none = neighbors of any VLAN are taken
 * @param maxVlans non-zero VLANs in use at a time, 0..64
 * @param maxSourceMacs source MACs in use besides the port's own, 0..16; more than 0 only where the
 *     port receives frames to other addresses
 * @param maxLocalAddresses source addresses of paths in use, 1..4096
 */
public record AddressLimits(
        List<Integer> vlanIds, int maxVlans, int maxSourceMacs, int maxLocalAddresses) {
    private static final int MAX_VLAN_IDS = 8;

    /** Any of 16 VLANs, no other source MAC, 256 local addresses. */
    public static final AddressLimits DEFAULT = new AddressLimits(List.of(), 16, 0, 256);

    /**
     * @throws IllegalArgumentException more than 8 VLAN ids
     */
    public AddressLimits {
        vlanIds = List.copyOf(vlanIds);
        if (vlanIds.size() > MAX_VLAN_IDS) {
            throw new IllegalArgumentException(
                    vlanIds.size() + " VLAN ids; an interface has at most " + MAX_VLAN_IDS);
        }
    }

    void fill(flue_engine_config c) {
        for (int i = 0; i < vlanIds.size(); i++) {
            c.vlan_ids(i, vlanIds.get(i));
        }
        c.max_vlans(maxVlans);
        c.max_source_macs(maxSourceMacs);
        c.max_local_addresses(maxLocalAddresses);
    }
}
