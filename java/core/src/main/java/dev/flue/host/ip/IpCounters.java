// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import java.util.Map;

/** What the IP layer counted since the stack was made. Written by the stack's thread. */
public final class IpCounters {
    /** Packets received. */
    public long packetsIn;

    /** Packets sent. */
    public long packetsOut;

    /** Packets dropped: length, version, checksum, TTL or an extension header wrong. */
    public long headerErrors;

    /** Packets dropped: for another address, a broadcast, or from an impossible source. */
    public long notOurs;

    /** Fragments received. */
    public long fragmentsIn;

    /** Packets put together from fragments. */
    public long packetsReassembled;

    /** Packets whose fragments overlapped, did not all come, or found no room. */
    public long reassemblyFailures;

    /** IPv4 options and IPv6 extension headers, which are accepted and not acted upon. */
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

    /** ICMPv6 parameter problems sent. */
    public long problemsOut;

    /** Neighbor solicitations and advertisements received that were sound. */
    public long discoveryIn;

    /** Neighbor solicitations sent. */
    public long solicitationsOut;

    /** Neighbor advertisements sent. */
    public long advertisementsOut;

    /** Addresses of ours that another host had already, and that were given up. */
    public long duplicateAddresses;

    /** "Too big" messages that lowered a path MTU. */
    public long pathMtuDecreases;

    /** Every counter by its name. */
    public void addTo(Map<String, Long> map) {
        map.put("packetsIn", packetsIn);
        map.put("packetsOut", packetsOut);
        map.put("headerErrors", headerErrors);
        map.put("notOurs", notOurs);
        map.put("fragmentsIn", fragmentsIn);
        map.put("packetsReassembled", packetsReassembled);
        map.put("reassemblyFailures", reassemblyFailures);
        map.put("optionsIgnored", optionsIgnored);
        map.put("unknownProtocols", unknownProtocols);
        map.put("noRoute", noRoute);
        map.put("icmpIn", icmpIn);
        map.put("icmpEchoes", icmpEchoes);
        map.put("icmpErrors", icmpErrors);
        map.put("problemsOut", problemsOut);
        map.put("discoveryIn", discoveryIn);
        map.put("solicitationsOut", solicitationsOut);
        map.put("advertisementsOut", advertisementsOut);
        map.put("duplicateAddresses", duplicateAddresses);
        map.put("pathMtuDecreases", pathMtuDecreases);
    }
}
