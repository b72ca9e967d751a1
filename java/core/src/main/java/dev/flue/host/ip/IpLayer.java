// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.EthernetLink;
import dev.flue.host.link.NeighborCache;
import java.nio.ByteBuffer;

/**
 * IPv4 of one interface: checks what comes in, puts headers on what goes out. Fragments are dropped
 * and counted. A packet is built in a frame of the link, from {@link #payloadAt} on. One thread.
 */
public final class IpLayer {
    /** Our packet ids: the upper half belongs to offload targets (H-46). */
    private static final int ID_MASK = 0x7fff;

    /** What an IPv4 address has above its 32 bits. */
    private static final long MAPPED = 0xffffL << 32;

    private final EthernetLink link;
    private final NeighborCache neighbors;
    private final RouteTable routes;
    private final int mtu;
    private final PathMtus pathMtus;
    private final IpCounters counters;
    private final Icmp icmp;
    private final Datagram datagram = new Datagram();
    private SegmentSink sink;
    private int nextId;
    private int hopLimit = Ipv4.TTL;
    private int trafficClass;

    /**
     * @param firstId of our packets; its lower 15 bits count
     */
    public IpLayer(
            EthernetLink link,
            NeighborCache neighbors,
            RouteTable routes,
            int mtu,
            int firstId,
            IpCounters counters) {
        this.link = link;
        this.neighbors = neighbors;
        this.routes = routes;
        this.mtu = mtu;
        this.nextId = firstId;
        this.counters = counters;
        this.pathMtus = new PathMtus(mtu);
        this.icmp = new Icmp(this, pathMtus, counters);
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

    /** Largest packet that reaches a destination. */
    public int pathMtu(IpAddress destination, long now) {
        return pathMtus.get(destination, now);
    }

    /** One packet: {@code length} bytes after the Ethernet header, padding included. */
    public void receive(ByteBuffer buffer, int at, int length, long now) {
        counters.packetsIn++;
        if (length < Ipv4.HEADER || Ipv4.version(buffer, at) != 4) {
            counters.headerErrors++;
            return;
        }
        int header = Ipv4.headerLength(buffer, at);
        int total = Ipv4.totalLength(buffer, at);
        if (header < Ipv4.HEADER
                || total < header
                || total > length
                || Ipv4.ttl(buffer, at) == 0
                || Checksum.finish(Checksum.add(0, buffer, at, header)) != 0) {
            counters.headerErrors++;
            return;
        }
        Datagram d = datagram;
        d.sourceHi = 0;
        d.sourceLo = MAPPED | Ipv4.source(buffer, at) & 0xffffffffL;
        d.local = local4(buffer, at);
        if (d.local == null
                || routes.group(d.sourceHi, d.sourceLo)
                || d.local.is(d.sourceHi, d.sourceLo)) {
            counters.notOurs++;
            return;
        }
        if (Ipv4.fragment(buffer, at)) {
            counters.fragmentsDropped++;
            return;
        }
        d.options = header > Ipv4.HEADER;
        if (d.options) {
            counters.optionsIgnored++;
        }
        d.buffer = buffer;
        d.at = at + header;
        d.length = total - header;
        d.protocol = Ipv4.protocol(buffer, at);
        d.hopLimit = Ipv4.ttl(buffer, at);
        switch (d.protocol) {
            case Ipv4.PROTOCOL_TCP -> sink.segment(d, now);
            case Ipv4.PROTOCOL_ICMP -> icmp.receive(d, now);
            default -> counters.unknownProtocols++;
        }
    }

    private IpAddress local4(ByteBuffer buffer, int at) {
        Routes ipv4 = routes.ipv4();
        boolean ours = ipv4 != null && ipv4.address().toIpv4() == Ipv4.destination(buffer, at);
        return ours ? ipv4.address() : null;
    }

    /** An upper layer made progress: packets to this destination get to its next hop. */
    public void confirm(IpAddress destination) {
        IpAddress hop = routes.nextHop(destination);
        if (hop != null) {
            neighbors.confirm(hop);
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

    /** Whether there is a way to an address that one host can have. */
    public boolean reaches(IpAddress destination) {
        return routes.reaches(destination);
    }

    /** TTL and TOS, hop limit and traffic class, of the next packet only. */
    public void dress(int hops, int tos) {
        hopLimit = hops;
        trafficClass = tos;
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
        if (!reaches(destination)) {
            counters.noRoute++;
            free(frame);
            return;
        }
        int total = headerBytes(destination) + length;
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        if (destination.isIpv4()) {
            int id = nextId++ & ID_MASK;
            Ipv4.build(buffer(frame), at, total, id, protocol, source, destination);
            Ipv4.dress(buffer(frame), at, hopLimit, trafficClass);
        } else {
            int label = Ipv6.label(flowLabel, trafficClass);
            Ipv6.build(buffer(frame), at, length, label, protocol, hopLimit, source, destination);
            counters.packetsOut6++;
        }
        dress(Ipv4.TTL, 0);
        counters.packetsOut++;
        neighbors.transmit(frame, routes.nextHop(destination), total);
    }
}
