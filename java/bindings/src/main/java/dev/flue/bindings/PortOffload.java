// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a port's device can do in our stead. Each has a twin in software that makes the same frames,
 * which works where the device does not offer it or it is switched off as the port is opened.
 *
 * @see NativePort#offloads()
 */
public enum PortOffload {
    /** Fills in the header checksum of IPv4. */
    TX_IP_CHECKSUM("tx-ip-checksum"),
    TX_TCP_CHECKSUM("tx-tcp-checksum"),
    /** Says which header checksums of IPv4 are good. */
    RX_IP_CHECKSUM("rx-ip-checksum"),
    RX_TCP_CHECKSUM("rx-tcp-checksum"),
    /** Cuts a packet of up to 64 KiB into segments. */
    TSO("tso"),
    /** Sends a frame that lies in several places. */
    MULTI_SEGMENT("multi-segment"),
    VLAN_INSERT("vlan-insert"),
    VLAN_STRIP("vlan-strip"),
    /** Receives a frame into several buffers. */
    SCATTER("scatter"),
    /** Reads lent payload where it lies. */
    ZERO_COPY("zero-copy"),
    /** Brings a connection to the queue of its engine; offered with several queues only. */
    FLOW_RULES("flow-rules");

    private final String text;

    PortOffload(String text) {
        this.text = text;
    }

    /** The name that people see, as of the native library. */
    @Override
    public String toString() {
        return text;
    }

    /** Bits as in {@code enum flue_port_offload}: the order here is the order there. */
    static int bits(Collection<PortOffload> offloads) {
        int bits = 0;
        for (PortOffload offload : offloads) {
            bits |= 1 << offload.ordinal();
        }
        return bits;
    }

    static Set<PortOffload> of(int bits) {
        Set<PortOffload> set = EnumSet.noneOf(PortOffload.class);
        for (PortOffload offload : values()) {
            if ((bits & 1 << offload.ordinal()) != 0) {
                set.add(offload);
            }
        }
        return set;
    }
}
