// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.NeighborCache;
import java.nio.ByteBuffer;

/**
 * IPv4 and IPv6 of one interface: checks what comes in, puts headers on what goes out. A packet is
 * built in a frame of the link, from {@link #payloadAt} on. One thread.
 */
public final class IpLayer {
    /** Our packet ids: the upper half belongs to offload targets (H-46). */
    private static final int ID_MASK = 0x7fff;

    private final EthernetLink link;
    private final NeighborCache neighbors;
    private final RouteTable routes;
    private final int mtu;
    private final PathMtus pathMtus;
    private final IpCounters counters;
    private final Reassembler reassembler;
    private final NeighborDiscovery discovery;
    private final Ipv4Input input4;
    private final Ipv6Input input6;
    private SegmentSink sink;
    private int nextId;
    private int hopLimit = Ipv4.TTL;
    private int trafficClass;
    private SourceRoute route;

    /**
     * @param firstId of our packets; its lower 15 bits count
     * @param detectDuplicates whether to ask, at the start, who else has our IPv6 addresses
     */
    public IpLayer(
            EthernetLink link,
            NeighborCache neighbors,
            RouteTable routes,
            int mtu,
            int firstId,
            boolean detectDuplicates,
            IpCounters counters) {
        this.link = link;
        this.neighbors = neighbors;
        this.routes = routes;
        this.mtu = mtu;
        this.nextId = firstId;
        this.counters = counters;
        this.pathMtus = new PathMtus(mtu);
        this.reassembler = new Reassembler(counters);
        this.discovery = new NeighborDiscovery(link, neighbors, routes, detectDuplicates, counters);
        neighbors.ipv6Resolver(discovery);
        this.input4 = new Ipv4Input(this, reassembler, new Icmp(this, counters), counters);
        Icmpv6 icmpv6 = new Icmpv6(this, discovery, counters);
        this.input6 = new Ipv6Input(this, reassembler, icmpv6, counters);
    }

    /** Who gets segments; set once, before the first packet. */
    public void sink(SegmentSink value) {
        sink = value;
    }

    SegmentSink sink() {
        return sink;
    }

    public IpCounters counters() {
        return counters;
    }

    /** Our addresses and the ways from them. */
    public RouteTable routes() {
        return routes;
    }

    public int mtu() {
        return mtu;
    }

    /** Say unasked where our IPv6 addresses are. */
    public void announce() {
        discovery.announce();
    }

    /** Largest packet that reaches a destination. */
    public int pathMtu(IpAddress destination, long now) {
        return pathMtus.get(destination, now);
    }

    /**
     * A router could not pass on a packet of ours.
     *
     * @param reported next-hop MTU it named; 0 = an old router that names none
     */
    public void tooBig(IpAddress destination, int reported, int packetLength, long now) {
        int smaller = pathMtus.tooBig(destination, reported, packetLength, now);
        if (smaller != 0) {
            counters.pathMtuDecreases++;
            sink.pathMtu(destination, smaller);
        }
    }

    /** An IPv4 packet: {@code length} bytes after the Ethernet header, padding included. */
    public void receive4(ByteBuffer buffer, int at, int length, long now) {
        input4.receive(buffer, at, length, now);
    }

    /**
     * An IPv6 packet.
     *
     * @param linkSource MAC address its frame came from
     * @param unicast whether its frame came to our own MAC address
     */
    public void receive6(
            ByteBuffer buffer, int at, int length, long linkSource, boolean unicast, long now) {
        input6.receive(buffer, at, length, linkSource, unicast, now);
    }

    /** Whether frames to the MAC address of this group are wanted. */
    public boolean listensTo(long groupMac) {
        return discovery.listensTo(groupMac);
    }

    /** Let the clock know the time before anything else of a turn. */
    public void now(long time) {
        discovery.now(time);
    }

    /** Drop fragments whose packets never got whole; packets dropped. */
    public int runTimers(long now) {
        return reassembler.expire(now);
    }

    /** When {@link #runTimers} has something to do next, or Long.MAX_VALUE. */
    public long nextDeadline() {
        return reassembler.nextDeadline();
    }

    /** An upper layer made progress: packets to this destination get to its next hop. */
    public void confirm(IpAddress destination) {
        IpAddress hop = routes.nextHop(destination);
        if (hop != null) {
            neighbors.confirm(hop);
        }
    }

    /**
     * An upper layer makes no progress: whether packets get to the next hop of this destination is
     * to be asked (RFC 9293, MUST-20).
     */
    public void doubt(IpAddress destination) {
        IpAddress hop = routes.nextHop(destination);
        if (hop != null) {
            neighbors.probe(hop);
        }
    }

    /** A frame to build a packet in; 0 = none left now. */
    public long allocate() {
        return link.allocate();
    }

    /** Frames that {@link #allocate} can still give. */
    public int framesAvailable() {
        return link.frames().available();
    }

    /** Give back a frame that will not be sent. */
    public void free(long frame) {
        link.frames().free(frame);
    }

    public ByteBuffer buffer(long frame) {
        return link.frames().buffer(frame);
    }

    /** Bytes of the IP header in packets to a destination. */
    public static int headerBytes(IpAddress destination) {
        return destination.isIpv4() ? Ipv4.HEADER : Ipv6.HEADER;
    }

    /** Where what IP carries to a destination starts, in {@link #buffer}. */
    public static int payloadAt(long frame, IpAddress destination) {
        return BufferPool.dataAt(frame) + EthernetLink.PAYLOAD + headerBytes(destination);
    }

    /** The same in a packet that goes by a route; null = it does not. */
    public static int payloadAt(long frame, IpAddress destination, SourceRoute route) {
        return payloadAt(frame, destination) + (route == null ? 0 : route.optionBytes());
    }

    /** Whether there is a way to an address that one host can have. */
    public boolean reaches(IpAddress destination) {
        return routes.reaches(destination);
    }

    /** TTL and TOS, hop limit and traffic class, of the next packet only. */
    public void dress(int hops, int tos) {
        hopLimit = hops;
        trafficClass = tos;
    }

    /** The route of the next packet only; null = none. */
    public void via(SourceRoute value) {
        route = value;
    }

    /**
     * Put the header on and send. Takes the frame.
     *
     * @param flowLabel of IPv6
     */
    public void send(
            long frame,
            IpAddress source,
            IpAddress destination,
            int protocol,
            int flowLabel,
            int length,
            long now) {
        SourceRoute by = route;
        route = null;
        IpAddress hop = by == null ? destination : by.firstHop();
        if (!reaches(hop)) {
            counters.noRoute++;
            free(frame);
            return;
        }
        int total = headerBytes(destination) + (by == null ? 0 : by.optionBytes()) + length;
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        if (destination.isIpv4()) {
            int id = nextId++ & ID_MASK;
            Ipv4.build(buffer(frame), at, total, id, protocol, source, destination);
            Ipv4.dress(buffer(frame), at, hopLimit, trafficClass);
            if (by != null) {
                Ipv4.route(buffer(frame), at, by);
            }
        } else {
            int label = Ipv6.label(flowLabel, trafficClass);
            Ipv6.build(buffer(frame), at, length, label, protocol, hopLimit, source, destination);
            counters.packetsOut6++;
        }
        dress(Ipv4.TTL, 0);
        counters.packetsOut++;
        neighbors.transmit(frame, routes.nextHop(hop), total);
    }
}
