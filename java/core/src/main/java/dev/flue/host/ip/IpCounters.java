// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import java.util.Map;

/** What the IP layer counted since the stack was made. Written by the stack's thread. */
public final class IpCounters {
    /** Packets received. */
    public long packetsIn;

    /** Of {@link #packetsIn}: IPv6. */
    public long packetsIn6;

    /** Packets sent. */
    public long packetsOut;

    /** Of {@link #packetsOut}: IPv6. */
    public long packetsOut6;

    /** Packets dropped: length, version, checksum or TTL wrong. */
    public long headerErrors;

    /** Packets dropped: for another address, a broadcast, or from an impossible source. */
    public long notOurs;

    /** Fragments dropped; nothing is reassembled. */
    public long fragmentsDropped;

    /** Packets with IP options, which are accepted and not looked at. */
    public long optionsIgnored;

    /** Packets of a protocol that is not spoken here. */
    public long unknownProtocols;

    /** Packets dropped on sending: no way to the destination. */
    public long noRoute;

    /** ICMP messages received that were sound. */
    public long icmpIn;

    /** Echo requests answered. */
    public long icmpEchoes;

    /** ICMP messages dropped: checksum, length. */
    public long icmpErrors;

    /** "Too big" messages that lowered a path MTU. */
    public long pathMtuDecreases;

    /** Every counter by its name. */
    public void addTo(Map<String, Long> map) {
        map.put("packetsIn", packetsIn);
        map.put("packetsOut", packetsOut);
        map.put("headerErrors", headerErrors);
        map.put("notOurs", notOurs);
        map.put("fragmentsDropped", fragmentsDropped);
        map.put("optionsIgnored", optionsIgnored);
        map.put("unknownProtocols", unknownProtocols);
        map.put("noRoute", noRoute);
        map.put("icmpIn", icmpIn);
        map.put("icmpEchoes", icmpEchoes);
        map.put("icmpErrors", icmpErrors);
        map.put("pathMtuDecreases", pathMtuDecreases);
    }
}
