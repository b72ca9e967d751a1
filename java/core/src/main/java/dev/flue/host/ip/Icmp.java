// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.ConnectionProblem;
import dev.flue.data.IpAddress;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/**
 * ICMP (RFC 792): answers echo requests, passes errors about our segments on. Source quench and
 * everything else is ignored (RFC 6633, RFC 9293 MUST-55).
 */
final class Icmp {
    static final int ECHO_REPLY = 0;
    static final int UNREACHABLE = 3;
    static final int ECHO_REQUEST = 8;
    static final int TIME_EXCEEDED = 11;
    static final int PARAMETER_PROBLEM = 12;

    private static final int NET = 0;
    private static final int PROTOCOL = 2;
    private static final int PORT = 3;
    private static final int SOURCE_ROUTE = 5;
    private static final int NET_UNKNOWN = 6;
    private static final int NET_PROHIBITED = 9;
    private static final int HOST_PROHIBITED = 10;
    private static final int NET_TOS = 11;
    private static final int PROHIBITED = 13;

    /** Code of {@link #UNREACHABLE}: too big and DF set. */
    static final int TOO_BIG = 4;

    private static final int HEADER = 8;
    private static final int PORTS_AND_SEQUENCE = 8;

    private final IpLayer ip;
    private final IpCounters counters;

    Icmp(IpLayer ip, IpCounters counters) {
        this.ip = ip;
        this.counters = counters;
    }

    void receive(Datagram d, long now) {
        ByteBuffer buffer = d.buffer;
        int at = d.at;
        if (d.length < HEADER || Checksum.finish(Checksum.add(0, buffer, at, d.length)) != 0) {
            counters.icmpErrors++;
            return;
        }
        counters.icmpIn++;
        int type = Net.u8(buffer, at);
        switch (type) {
            case ECHO_REQUEST -> answer(d, now);
            case UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM ->
                    error(type, buffer, at, d.length, now);
            default -> {}
        }
    }

    private void answer(Datagram d, long now) {
        int options = d.route == null ? 0 : d.route.optionBytes();
        long frame = d.length > ip.mtu() - Ipv4.HEADER - options ? 0 : ip.allocate();
        if (frame == 0) {
            return;
        }
        IpAddress source = d.source();
        ByteBuffer to = ip.buffer(frame);
        int start = IpLayer.payloadAt(frame, source, d.route);
        to.put(start, d.buffer, d.at, d.length);
        to.put(start, (byte) ECHO_REPLY);
        to.putShort(start + 2, (short) 0);
        to.putShort(start + 2, Checksum.finish(Checksum.add(0, to, start, d.length)));
        counters.icmpEchoes++;
        ip.via(d.route);
        ip.send(frame, d.local, source, Ipv4.PROTOCOL_ICMP, 0, d.length, now);
    }

    /** The message quotes the packet it is about: IP header and 8 bytes at least. */
    private void error(int type, ByteBuffer buffer, int at, int length, long now) {
        int quoted = at + HEADER;
        int left = length - HEADER;
        if (left < Ipv4.HEADER) {
            return;
        }
        int header = Ipv4.headerLength(buffer, quoted);
        IpAddress local = IpAddress.ofIpv4(Ipv4.source(buffer, quoted));
        if (Ipv4.version(buffer, quoted) != 4
                || header < Ipv4.HEADER
                || left < header + PORTS_AND_SEQUENCE
                || ip.routes().ours(local.hi(), local.lo()) == null
                || Ipv4.protocol(buffer, quoted) != Ipv4.PROTOCOL_TCP) {
            return;
        }
        IpAddress remote = SourceRoute.destination(buffer, quoted, quoted + header);
        int tcp = quoted + header;
        int code = Net.u8(buffer, at + 1);
        boolean unreachable = type == UNREACHABLE;
        boolean tooBig = unreachable && code == TOO_BIG;
        boolean hard = unreachable && (code == PROTOCOL || code == PORT);
        boolean plausible =
                ip.sink()
                        .icmpError(
                                tooBig ? null : problem(type, code),
                                hard,
                                local,
                                remote,
                                Net.u16(buffer, tcp),
                                Net.u16(buffer, tcp + 2),
                                Net.u32(buffer, tcp + 4));
        if (plausible && tooBig) {
            int packet = Ipv4.totalLength(buffer, quoted);
            ip.tooBig(remote, Net.u16(buffer, at + 6), packet, now);
        }
    }

    private static ConnectionProblem problem(int type, int code) {
        if (type == TIME_EXCEEDED) {
            return code == 0
                    ? ConnectionProblem.TIME_EXCEEDED
                    : ConnectionProblem.REASSEMBLY_TIME_EXCEEDED;
        }
        if (type == PARAMETER_PROBLEM) {
            return ConnectionProblem.PARAMETER_PROBLEM;
        }
        return switch (code) {
            case NET, NET_UNKNOWN, NET_TOS -> ConnectionProblem.NETWORK_UNREACHABLE;
            case PROTOCOL -> ConnectionProblem.PROTOCOL_UNREACHABLE;
            case PORT -> ConnectionProblem.PORT_UNREACHABLE;
            case SOURCE_ROUTE -> ConnectionProblem.SOURCE_ROUTE_FAILED;
            case NET_PROHIBITED, HOST_PROHIBITED, PROHIBITED -> ConnectionProblem.PROHIBITED;
            default -> ConnectionProblem.HOST_UNREACHABLE;
        };
    }
}
