// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.host.link.ArpCache;
import dev.flue.host.link.BufferPool;
import dev.flue.host.link.EthernetLink;
import java.nio.ByteBuffer;

/**
 * IPv4 of one interface: checks what comes in, puts headers on what goes out. Fragments are dropped
 * and counted. A packet is built in a frame of the link, from {@link #payloadAt} on. One thread.
 */
public final class IpLayer {
    /** Our packet ids: the upper half belongs to offload targets (H-46). */
    private static final int ID_MASK = 0x7fff;

    private final EthernetLink link;
    private final ArpCache arp;
    private final Routes routes;
    private final int mtu;
    private final PathMtus pathMtus;
    private final IpCounters counters;
    private final Icmp icmp;
    private SegmentSink sink;
    private int nextId;

    /**
     * @param firstId of our packets; its lower 15 bits count
     */
    public IpLayer(
            EthernetLink link,
            ArpCache arp,
            Routes routes,
            int mtu,
            int firstId,
            IpCounters counters) {
        this.link = link;
        this.arp = arp;
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

    public int address() {
        return routes.address();
    }

    public Routes routes() {
        return routes;
    }

    public int mtu() {
        return mtu;
    }

    /** Largest packet that reaches a destination. */
    public int pathMtu(int destination, long now) {
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
        int source = Ipv4.source(buffer, at);
        if (Ipv4.destination(buffer, at) != address()
                || routes.group(source)
                || source == address()) {
            counters.notOurs++;
            return;
        }
        if (Ipv4.fragment(buffer, at)) {
            counters.fragmentsDropped++;
            return;
        }
        boolean options = header > Ipv4.HEADER;
        if (options) {
            counters.optionsIgnored++;
        }
        switch (Ipv4.protocol(buffer, at)) {
            case Ipv4.PROTOCOL_TCP ->
                    sink.segment(source, buffer, at + header, total - header, options, now);
            case Ipv4.PROTOCOL_ICMP ->
                    icmp.receive(source, buffer, at + header, total - header, now);
            default -> counters.unknownProtocols++;
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

    /** Where what IP carries starts, in {@link #buffer}. */
    public static int payloadAt(long frame) {
        return BufferPool.dataAt(frame) + EthernetLink.PAYLOAD + Ipv4.HEADER;
    }

    /** Whether there is a way to an address that one host can have. */
    public boolean reaches(int destination) {
        return routes.nextHop(destination) != 0 && !routes.group(destination);
    }

    /** Put the header on and send. Takes the frame. */
    public void send(long frame, int destination, int protocol, int length, long now) {
        int nextHop = routes.nextHop(destination);
        if (!reaches(destination)) {
            counters.noRoute++;
            free(frame);
            return;
        }
        int total = Ipv4.HEADER + length;
        int at = BufferPool.dataAt(frame) + EthernetLink.PAYLOAD;
        int id = nextId++ & ID_MASK;
        Ipv4.build(buffer(frame), at, total, id, protocol, address(), destination);
        counters.packetsOut++;
        arp.transmit(frame, nextHop, total, now);
    }
}
