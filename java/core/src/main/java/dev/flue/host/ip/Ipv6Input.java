// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/**
 * Received IPv6 packets (RFC 8200): checks the header, walks extension headers, puts fragments
 * together, hands on. What it does not know it answers as section 4.2 and 4.3 ask.
 */
final class Ipv6Input {
    private static final int NEXT_HEADER_AT = 6;
    private static final int MAX_EXTENSIONS = 16;
    private static final int FRAGMENT_HEADER = 8;
    private static final int MORE = 1;
    private static final int PAD1 = 0;

    /** What the two highest bits of an unknown option ask for. */
    private static final int SKIP = 0;

    private static final int DISCARD = 1;
    private static final int DISCARD_AND_TELL = 2;

    private final IpLayer ip;
    private final RouteTable routes;
    private final Reassembler reassembler;
    private final Icmpv6 icmp;
    private final IpCounters counters;
    private final Datagram d = new Datagram();

    /** The packet in hand, for messages about it. */
    private ByteBuffer packet;

    private int packetAt;
    private int packetLength;

    Ipv6Input(IpLayer ip, Reassembler reassembler, Icmpv6 icmp, IpCounters counters) {
        this.ip = ip;
        this.routes = ip.routes();
        this.reassembler = reassembler;
        this.icmp = icmp;
        this.counters = counters;
    }

    /**
     * @param linkSource MAC address the frame came from
     * @param unicast whether the frame came to our own MAC address
     */
    void receive(
            ByteBuffer buffer, int at, int length, long linkSource, boolean unicast, long now) {
        counters.packetsIn++;
        counters.packetsIn6++;
        if (length < Ipv6.HEADER
                || Ipv6.version(buffer, at) != 6
                || Ipv6.payloadLength(buffer, at) > length - Ipv6.HEADER) {
            counters.headerErrors++;
            return;
        }
        if (!addresses(buffer, at, unicast)) {
            counters.notOurs++;
            return;
        }
        d.linkSource = linkSource;
        d.hopLimit = Ipv6.hopLimit(buffer, at);
        d.ecn = Net.u32(buffer, at) >>> 20 & 3;
        d.options = false;
        d.route = null;
        packet(buffer, at, Ipv6.HEADER + Ipv6.payloadLength(buffer, at), false, now);
    }

    /** Whether it is for us, from an address that one host can have, or from nobody yet. */
    private boolean addresses(ByteBuffer buffer, int at, boolean unicast) {
        d.sourceHi = Net.u64(buffer, at + 8);
        d.sourceLo = Net.u64(buffer, at + 16);
        long hi = Net.u64(buffer, at + 24);
        long lo = Net.u64(buffer, at + 32);
        // An IPv4 address in disguise would be taken for the peer of an IPv4 connection.
        if (IpAddress.isIpv4(d.sourceHi, d.sourceLo) || IpAddress.isIpv4(hi, lo)) {
            return false;
        }
        d.toGroup = hi >>> 56 == 0xff;
        d.local = d.toGroup ? icmp.discovery().group(hi, lo) : routes.ours(hi, lo);
        boolean toMany = d.sourceHi >>> 56 == 0xff;
        boolean loopback = d.sourceHi == 0 && d.sourceLo == 1;
        return d.local != null
                && !toMany
                && !loopback
                && (unicast || d.toGroup)
                && routes.ours(d.sourceHi, d.sourceLo) == null;
    }

    private void packet(ByteBuffer buffer, int at, int length, boolean whole, long now) {
        packet = buffer;
        packetAt = at;
        packetLength = length;
        int next = Ipv6.nextHeader(buffer, at);
        int pointer = NEXT_HEADER_AT;
        int header = at + Ipv6.HEADER;
        int end = at + length;
        for (int i = 0; i < MAX_EXTENSIONS; i++) {
            if (!extension(next) || next == Ipv6.HOP_BY_HOP && i > 0) {
                upper(next, pointer, header, end, now);
                return;
            }
            int bytes = next == Ipv6.FRAGMENT ? FRAGMENT_HEADER : 8 + extensionBytes(header, end);
            if (header + bytes > end) {
                counters.headerErrors++;
                return;
            }
            if (next == Ipv6.FRAGMENT) {
                fragment(header, end, whole, now);
                return;
            }
            d.options = true;
            if (!accepted(next, header, bytes, now)) {
                return;
            }
            pointer = header - at;
            next = Net.u8(buffer, header);
            header += bytes;
        }
        counters.headerErrors++;
    }

    private static boolean extension(int next) {
        return next == Ipv6.HOP_BY_HOP
                || next == Ipv6.DESTINATION_OPTIONS
                || next == Ipv6.ROUTING
                || next == Ipv6.FRAGMENT;
    }

    private int extensionBytes(int header, int end) {
        return header + 2 > end ? end : 8 * Net.u8(packet, header + 1);
    }

    /** Whether an extension header lets the packet go on. */
    private boolean accepted(int type, int header, int bytes, long now) {
        counters.optionsIgnored++;
        if (type != Ipv6.ROUTING) {
            return options(header + 2, header + bytes, now);
        }
        // No type of routing is known here, type 0 least of all (RFC 5095).
        boolean arrived = Net.u8(packet, header + 3) == 0;
        if (!arrived) {
            problem(Icmpv6.ERRONEOUS_FIELD, header + 2, now);
        }
        return arrived;
    }

    private boolean options(int start, int end, long now) {
        int at = start;
        while (at < end) {
            int type = Net.u8(packet, at);
            if (type == PAD1) {
                at++;
                continue;
            }
            int next = at + 1 < end ? at + 2 + Net.u8(packet, at + 1) : end + 1;
            if (next > end) {
                counters.headerErrors++;
                return false;
            }
            int action = type >>> 6;
            if (action != SKIP) {
                if (action == DISCARD_AND_TELL || action != DISCARD && !d.toGroup) {
                    problem(Icmpv6.UNKNOWN_OPTION, at, now);
                }
                counters.headerErrors++;
                return false;
            }
            at = next;
        }
        return true;
    }

    private void upper(int protocol, int pointer, int at, int end, long now) {
        d.buffer = packet;
        d.at = at;
        d.length = end - at;
        d.protocol = protocol;
        if (protocol == Ipv6.ICMPV6) {
            icmp.receive(d, now);
        } else if (protocol == Ipv4.PROTOCOL_TCP) {
            boolean nobody = d.sourceHi == 0 && d.sourceLo == 0;
            if (d.toGroup || nobody) {
                counters.notOurs++;
            } else {
                ip.sink().segment(d, now);
            }
        } else if (protocol != Ipv6.NO_NEXT_HEADER) {
            counters.unknownProtocols++;
            if (!d.toGroup) {
                problem(Icmpv6.UNKNOWN_NEXT_HEADER, packetAt + pointer, now);
            }
        }
    }

    private void fragment(int header, int end, boolean whole, long now) {
        if (whole) {
            counters.headerErrors++;
            return;
        }
        int next = Net.u8(packet, header);
        int field = Net.u16(packet, header + 2);
        int offset = field & ~7;
        boolean more = (field & MORE) != 0;
        d.buffer = packet;
        d.at = header + FRAGMENT_HEADER;
        d.length = end - d.at;
        if (more && d.length % 8 != 0) {
            problem(Icmpv6.ERRONEOUS_FIELD, packetAt + 4, now);
            counters.headerErrors++;
            return;
        }
        if (offset + d.length > 0xffff) {
            problem(Icmpv6.ERRONEOUS_FIELD, header + 2, now);
            counters.headerErrors++;
            return;
        }
        IpAddress source = d.source();
        int id = Net.u32(packet, header + 4);
        Reassembler.Packet done;
        if (offset == 0 && !more) {
            // Alone, whatever else is under way with its id (RFC 6946).
            done = Reassembler.whole(d, next);
        } else {
            Reassembler.Key key = new Reassembler.Key(source, d.local, id, 0);
            done = reassembler.add(key, d, offset, more, next, now);
        }
        if (done != null) {
            d.options = done.options;
            int hops = d.hopLimit;
            Ipv6.build(done.buffer, 0, done.length, 0, done.protocol, hops, source, d.local);
            packet(done.buffer, 0, Ipv6.HEADER + done.length, true, now);
        }
    }

    private void problem(int code, int at, long now) {
        icmp.problem(d, code, at - packetAt, packet, packetAt, packetLength, now);
    }
}
