// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.host.chimney.ChimneyCounters;
import dev.flue.host.ip.IpCounters;
import dev.flue.host.link.LinkCounters;
import dev.flue.host.tcp.TcpCounters;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a host stack counted, layer by layer. The objects are live: they go on counting. */
public final class HostStackCounters {
    /** Frames and ARP. */
    public final LinkCounters link = new LinkCounters();

    /** IPv4 and ICMP. */
    public final IpCounters ip = new IpCounters();

    /** TCP of connections that are not offloaded. */
    public final TcpCounters tcp = new TcpCounters();

    /** Offloads, uploads, and data of offloaded connections. */
    public final ChimneyCounters chimney = new ChimneyCounters();

    HostStackCounters() {}

    /** Every counter by its name, now. */
    public Map<String, Long> asMap() {
        Map<String, Long> map = new LinkedHashMap<>();
        link.addTo(map);
        ip.addTo(map);
        tcp.addTo(map);
        chimney.addTo(map);
        return map;
    }
}
