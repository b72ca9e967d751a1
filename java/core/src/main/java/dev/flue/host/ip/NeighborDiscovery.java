// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.NeighborCache;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Neighbor discovery (RFC 4861) without routers: answers for our IPv6 addresses, asks for others,
 * tells the {@link NeighborCache} what it hears, and joins the groups that takes (RFC 3810).
 *
 * <p>Addresses are used at once while it is asked once, for a second, whether somebody else has
 * them (RFC 4862, in the optimistic way of RFC 4429); one that somebody has is given up. One
 * thread.
 */
final class NeighborDiscovery implements NeighborCache.Resolver {
    /** Bytes of a solicitation or advertisement without options. */
    static final int MESSAGE = 24;

    static final long DETECTION_NANOS = 1_000_000_000L;

    private static final int HOPS = 255;
    private static final int LINK_ADDRESS_OPTION = 8;
    private static final int SOURCE_LINK_ADDRESS = 1;
    private static final int TARGET_LINK_ADDRESS = 2;
    private static final int SOLICITED = 1 << 30;
    private static final int OVERRIDE = 1 << 29;
    private static final int LISTENER_REPORT = 143;
    private static final int JOIN = 4;
    private static final int RECORD = 20;
    private static final int ROUTER_ALERT = 0x0502;
    private static final int PAD = 0x0100;
    private static final long GROUP_MAC = 0x3333_0000_0000L;
    private static final IpAddress NOBODY = IpAddress.of(0, 0);
    private static final IpAddress ALL_NODES = IpAddress.of(0xff02L << 48, 1);
    private static final IpAddress ALL_ROUTERS_OF_GROUPS = IpAddress.of(0xff02L << 48, 0x16);

    private final EthernetLink link;
    private final NeighborCache neighbors;
    private final RouteTable routes;
    private final boolean detects;
    private final IpCounters counters;
    private final List<IpAddress> groups = new ArrayList<>();
    private boolean started;
    private long tentativeUntil = Long.MIN_VALUE;
    private long now;

    NeighborDiscovery(
            EthernetLink link,
            NeighborCache neighbors,
            RouteTable routes,
            boolean detects,
            IpCounters counters) {
        this.link = link;
        this.neighbors = neighbors;
        this.routes = routes;
        this.detects = detects;
        this.counters = counters;
        if (routes.linkLocal() != null) {
            join(routes.linkLocal());
            join(routes.ipv6().address());
        }
    }

    /** The group in which an address is asked for (RFC 4291, 2.7.1). */
    static IpAddress solicitedNode(IpAddress address) {
        return IpAddress.of(0xff02L << 48, 0x1_ff00_0000L | address.lo() & 0xff_ffffL);
    }

    /** The MAC address of a group (RFC 2464, 7). */
    static long groupMac(IpAddress group) {
        return GROUP_MAC | group.lo() & 0xffff_ffffL;
    }

    private void join(IpAddress address) {
        IpAddress group = solicitedNode(address);
        if (!groups.contains(group)) {
            groups.add(group);
        }
    }

    /** The group we are in that these 16 bytes are, or null. Allocates nothing. */
    IpAddress group(long hi, long lo) {
        if (ALL_NODES.is(hi, lo)) {
            return routes.linkLocal() == null ? null : ALL_NODES;
        }
        for (int i = 0; i < groups.size(); i++) {
            if (groups.get(i).is(hi, lo)) {
                return groups.get(i);
            }
        }
        return null;
    }

    /** Whether frames to this MAC address are for a group we are in. */
    boolean listensTo(long mac) {
        if (mac == groupMac(ALL_NODES)) {
            return !groups.isEmpty();
        }
        for (int i = 0; i < groups.size(); i++) {
            if (groupMac(groups.get(i)) == mac) {
                return true;
            }
        }
        return false;
    }

    /** Tell the time; the first time, ask for our own addresses and join our groups. */
    void now(long time) {
        now = time;
        if (started || groups.isEmpty()) {
            return;
        }
        started = true;
        if (detects) {
            tentativeUntil = now + DETECTION_NANOS;
            solicit(NOBODY, routes.linkLocal(), 0);
            solicit(NOBODY, routes.ipv6().address(), 0);
        }
        report();
    }

    private boolean tentative() {
        return now < tentativeUntil;
    }

    // ---- Out.

    @Override
    public void solicit(IpAddress hop, long mac) {
        IpAddress source = routes.source(hop);
        if (source != null) {
            solicit(source, hop, mac);
        }
    }

    private void solicit(IpAddress source, IpAddress target, long mac) {
        IpAddress group = solicitedNode(target);
        boolean named = !source.isUnspecified() && !tentative();
        counters.solicitationsOut++;
        message(
                Icmpv6.SOLICITATION,
                0,
                source,
                mac == 0 ? group : target,
                mac == 0 ? groupMac(group) : mac,
                target,
                named ? SOURCE_LINK_ADDRESS : 0);
    }

    /**
     * @param flags first 4 bytes behind the checksum
     * @param option that names our MAC address; 0 = none
     */
    private void message(
            int type,
            int flags,
            IpAddress source,
            IpAddress destination,
            long mac,
            IpAddress target,
            int option) {
        long frame = link.allocate();
        if (frame == 0) {
            return;
        }
        ByteBuffer buffer = link.frames().buffer(frame);
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        int message = at + Ipv6.HEADER;
        int length = MESSAGE + (option == 0 ? 0 : LINK_ADDRESS_OPTION);
        Ipv6.build(buffer, at, length, 0, Ipv6.ICMPV6, HOPS, source, destination);
        Net.put16(buffer, message, type << 8);
        Net.put32(buffer, message + 4, flags);
        Net.putAddress6(buffer, message + 8, target);
        if (option != 0) {
            buffer.put(message + MESSAGE, (byte) option);
            buffer.put(message + MESSAGE + 1, (byte) 1);
            Net.putMac(buffer, message + MESSAGE + 2, link.mac());
        }
        Icmpv6.sum(buffer, message, length, source, destination);
        link.transmit(frame, mac, EthernetLink.TYPE_IPV6, Ipv6.HEADER + length);
    }

    /** Say which groups we are in, for switches that look (RFC 3810). */
    void report() {
        long frame = groups.isEmpty() ? 0 : link.allocate();
        if (frame == 0) {
            return;
        }
        IpAddress source = routes.linkLocal() == null ? NOBODY : routes.linkLocal();
        IpAddress to = ALL_ROUTERS_OF_GROUPS;
        ByteBuffer buffer = link.frames().buffer(frame);
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        int length = 8 + groups.size() * RECORD;
        Ipv6.build(buffer, at, 8 + length, 0, Ipv6.HOP_BY_HOP, 1, source, to);
        int option = at + Ipv6.HEADER;
        Net.put16(buffer, option, Ipv6.ICMPV6 << 8);
        Net.put16(buffer, option + 2, ROUTER_ALERT);
        Net.put16(buffer, option + 4, 0);
        Net.put16(buffer, option + 6, PAD);
        int message = option + 8;
        Net.put16(buffer, message, LISTENER_REPORT << 8);
        Net.put32(buffer, message + 4, groups.size());
        int record = message + 8;
        for (IpAddress group : groups) {
            Net.put32(buffer, record, JOIN << 24);
            Net.putAddress6(buffer, record + 4, group);
            record += RECORD;
        }
        Icmpv6.sum(buffer, message, length, source, to);
        link.transmit(frame, groupMac(to), EthernetLink.TYPE_IPV6, Ipv6.HEADER + 8 + length);
    }

    // ---- In.

    /** A solicitation or advertisement whose checksum is right (RFC 4861, 7.1). */
    void receive(int type, Datagram d, long time) {
        now = time;
        ByteBuffer buffer = d.buffer;
        boolean solicitation = type == Icmpv6.SOLICITATION;
        boolean sound = d.hopLimit == HOPS && d.length >= MESSAGE && Net.u8(buffer, d.at + 1) == 0;
        int wanted = solicitation ? SOURCE_LINK_ADDRESS : TARGET_LINK_ADDRESS;
        long mac = sound ? linkAddress(buffer, d.at + MESSAGE, d.at + d.length, wanted) : -1;
        IpAddress target = sound ? Net.address6(buffer, d.at + 8) : NOBODY;
        if (mac < 0 || target.isMulticast() || target.isUnspecified()) {
            counters.icmpErrors++;
            return;
        }
        if (solicitation) {
            solicited(d, target, mac);
        } else {
            advertised(d, target, mac);
        }
    }

    /** The MAC address in an option; 0 = there is none, -1 = the options are malformed. */
    private static long linkAddress(ByteBuffer buffer, int start, int end, int wanted) {
        long mac = 0;
        int at = start;
        while (at < end) {
            int length = at + 1 < end ? 8 * Net.u8(buffer, at + 1) : 0;
            if (length == 0 || length > end - at) {
                return -1;
            }
            if (Net.u8(buffer, at) == wanted && length == LINK_ADDRESS_OPTION) {
                mac = Net.mac(buffer, at + 2);
                if (mac == 0 || EthernetLink.multicast(mac)) {
                    return -1;
                }
            }
            at += length;
        }
        return mac;
    }

    private void solicited(Datagram d, IpAddress target, long mac) {
        IpAddress source = d.source();
        boolean detection = source.isUnspecified();
        if (detection && (mac != 0 || !d.toGroup)) {
            counters.icmpErrors++;
            return;
        }
        counters.discoveryIn++;
        boolean forUs = routes.ours(target.hi(), target.lo()) != null;
        if (!detection && mac != 0) {
            neighbors.learn(source, mac, forUs);
        }
        if (!forUs) {
            return;
        }
        if (detection && tentative()) {
            duplicate(target);
            return;
        }
        // One that is not sure of its address names no MAC address: the frame came from one.
        long asker = mac != 0 ? mac : d.linkSource;
        advertise(target, detection ? ALL_NODES : source, asker, !detection);
    }

    private void advertise(IpAddress target, IpAddress to, long mac, boolean solicited) {
        long toMac = to.isMulticast() ? groupMac(to) : mac;
        int flags = (solicited ? SOLICITED : 0) | (tentative() ? 0 : OVERRIDE);
        counters.advertisementsOut++;
        message(Icmpv6.ADVERTISEMENT, flags, target, to, toMac, target, TARGET_LINK_ADDRESS);
    }

    /** Say unasked where our addresses are (RFC 4861, 7.2.6), those of them that are sure. */
    void announce() {
        if (started && !tentative()) {
            announce(routes.linkLocal());
            announce(routes.ipv6() == null ? null : routes.ipv6().address());
        }
    }

    private void announce(IpAddress address) {
        if (address != null) {
            advertise(address, ALL_NODES, 0, false);
        }
    }

    private void advertised(Datagram d, IpAddress target, long mac) {
        int flags = Net.u32(d.buffer, d.at + 4);
        boolean solicited = (flags & SOLICITED) != 0;
        if (solicited && d.toGroup) {
            counters.icmpErrors++;
            return;
        }
        counters.discoveryIn++;
        if (routes.ours(target.hi(), target.lo()) != null) {
            if (tentative()) {
                duplicate(target);
            }
            return;
        }
        neighbors.answered(target, mac, solicited, (flags & OVERRIDE) != 0);
    }

    private void duplicate(IpAddress address) {
        counters.duplicateAddresses++;
        routes.giveUp(address);
    }
}
