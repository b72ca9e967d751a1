// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/** Received IPv4 packets: checks the header, puts fragments together, hands on. */
final class Ipv4Input {
    /** What an IPv4 address has above its 32 bits. */
    private static final long MAPPED = 0xffffL << 32;

    private static final int OFFSET_MASK = 0x1fff;
    private static final int MORE = 0x2000;

    private final IpLayer ip;
    private final RouteTable routes;
    private final Reassembler reassembler;
    private final Icmp icmp;
    private final IpCounters counters;
    private final Datagram d = new Datagram();

    Ipv4Input(IpLayer ip, Reassembler reassembler, Icmp icmp, IpCounters counters) {
        this.ip = ip;
        this.routes = ip.routes();
        this.reassembler = reassembler;
        this.icmp = icmp;
        this.counters = counters;
    }

    void receive(ByteBuffer buffer, int at, int length, long now) {
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
        if (!addresses(buffer, at)) {
            counters.notOurs++;
            return;
        }
        if (!options(buffer, at, header)) {
            counters.headerErrors++;
            return;
        }
        d.buffer = buffer;
        d.at = at + header;
        d.length = total - header;
        d.protocol = Ipv4.protocol(buffer, at);
        d.hopLimit = Ipv4.ttl(buffer, at);
        d.ecn = buffer.get(at + 1) & 3;
        if (Ipv4.fragment(buffer, at)) {
            fragment(Ipv4.id(buffer, at), Net.u16(buffer, at + 6), now);
        } else {
            deliver(now);
        }
    }

    /** Whether it is for us, from an address that one host can have. */
    private boolean addresses(ByteBuffer buffer, int at) {
        Routes own = routes.ipv4();
        d.sourceHi = 0;
        d.sourceLo = MAPPED | Ipv4.source(buffer, at) & 0xffffffffL;
        d.local = own == null ? null : own.address();
        return own != null
                && own.address().toIpv4() == Ipv4.destination(buffer, at)
                && !routes.group(d.sourceHi, d.sourceLo)
                && !d.local.is(d.sourceHi, d.sourceLo);
    }

    /**
     * A source route is what counts of them.
     *
     * @return false when the packet is not for us, or its route cannot be
     */
    private boolean options(ByteBuffer buffer, int at, int header) {
        d.route = null;
        d.options = header > Ipv4.HEADER;
        if (!d.options) {
            return true;
        }
        int start = at + Ipv4.HEADER;
        SourceRoute.Kind kind = SourceRoute.look(buffer, start, at + header);
        if (kind == SourceRoute.Kind.COMPLETE) {
            d.route = SourceRoute.back(buffer, start, at + header, d.source(), d.local);
        } else if (kind == SourceRoute.Kind.NONE) {
            counters.optionsIgnored++;
        }
        return kind == SourceRoute.Kind.COMPLETE || kind == SourceRoute.Kind.NONE;
    }

    private void fragment(int id, int field, long now) {
        boolean more = (field & MORE) != 0;
        if (more && d.length % 8 != 0) {
            counters.headerErrors++;
            return;
        }
        Reassembler.Key key = new Reassembler.Key(d.source(), d.local, id, d.protocol);
        int offset = (field & OFFSET_MASK) * 8;
        Reassembler.Packet packet = reassembler.add(key, d, offset, more, d.protocol, now);
        if (packet != null) {
            d.options = packet.options;
            d.buffer = packet.buffer;
            d.at = Reassembler.HEADROOM;
            d.length = packet.length;
            deliver(now);
        }
    }

    private void deliver(long now) {
        switch (d.protocol) {
            case Ipv4.PROTOCOL_TCP -> ip.sink().segment(d, now);
            case Ipv4.PROTOCOL_ICMP -> icmp.receive(d, now);
            default -> counters.unknownProtocols++;
        }
    }
}
