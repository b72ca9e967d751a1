// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.ConnectionProblem;
import dev.flue.data.IpAddress;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/**
 * ICMPv6 (RFC 4443): answers echo requests, passes errors about our segments on, tells who sent
 * what is not known here, and gives neighbor discovery what is its own. Router advertisements and
 * redirects are ignored: the gateway is configured.
 */
final class Icmpv6 {
    /** Codes of a parameter problem. */
    static final int ERRONEOUS_FIELD = 0;

    static final int UNKNOWN_NEXT_HEADER = 1;
    static final int UNKNOWN_OPTION = 2;

    static final int UNREACHABLE = 1;
    static final int TOO_BIG = 2;
    static final int TIME_EXCEEDED = 3;
    static final int PARAMETER_PROBLEM = 4;
    static final int ECHO_REQUEST = 128;
    static final int ECHO_REPLY = 129;
    static final int LISTENER_QUERY = 130;
    static final int SOLICITATION = 135;
    static final int ADVERTISEMENT = 136;

    private static final int HEADER = 8;
    private static final int PORTS_AND_SEQUENCE = 8;
    private static final int NO_ROUTE = 0;
    private static final int PROHIBITED = 1;
    private static final int PORT_UNREACHABLE = 4;
    private static final int POLICY = 5;
    private static final int REJECTED = 6;

    /** Parameter problems in a second, at most (RFC 4443, 2.4 f). */
    private static final int PROBLEMS_PER_SECOND = 100;

    private static final long SECOND_NANOS = 1_000_000_000L;

    private final IpLayer ip;
    private final NeighborDiscovery discovery;
    private final IpCounters counters;
    private long problemSecond = Long.MIN_VALUE;
    private int problems;

    Icmpv6(IpLayer ip, NeighborDiscovery discovery, IpCounters counters) {
        this.ip = ip;
        this.discovery = discovery;
        this.counters = counters;
    }

    NeighborDiscovery discovery() {
        return discovery;
    }

    void receive(Datagram d, long now) {
        long sum = Checksum.add(d.pseudoSum(), d.buffer, d.at, d.length);
        if (d.length < HEADER || Checksum.finish(sum) != 0) {
            counters.icmpErrors++;
            return;
        }
        counters.icmpIn++;
        int type = Net.u8(d.buffer, d.at);
        switch (type) {
            case ECHO_REQUEST -> answer(d, now);
            case UNREACHABLE, TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM -> error(type, d, now);
            case SOLICITATION, ADVERTISEMENT -> discovery.receive(type, d, now);
            case LISTENER_QUERY -> discovery.report();
            default -> {}
        }
    }

    private void answer(Datagram d, long now) {
        IpAddress remote = d.source();
        IpAddress local = d.toGroup ? ip.routes().source(remote) : d.local;
        boolean fits = d.length <= ip.mtu() - Ipv6.HEADER;
        long frame = local != null && fits && !remote.isUnspecified() ? ip.allocate() : 0;
        if (frame == 0) {
            return;
        }
        ByteBuffer to = ip.buffer(frame);
        int start = IpLayer.payloadAt(frame, remote);
        to.put(start, d.buffer, d.at, d.length);
        to.put(start, (byte) ECHO_REPLY);
        counters.icmpEchoes++;
        send(frame, local, remote, d.length, now);
    }

    private void send(long frame, IpAddress local, IpAddress remote, int length, long now) {
        sum(ip.buffer(frame), IpLayer.payloadAt(frame, remote), length, local, remote);
        ip.send(frame, local, remote, Ipv6.ICMPV6, 0, length, now);
    }

    /** Write the checksum of a message. */
    static void sum(ByteBuffer buffer, int at, int length, IpAddress local, IpAddress remote) {
        buffer.putShort(at + 2, (short) 0);
        long sum = Checksum.addPseudo(0, local, remote, Ipv6.ICMPV6, length);
        buffer.putShort(at + 2, Checksum.finish(Checksum.add(sum, buffer, at, length)));
    }

    /** The message quotes the packet it is about; ours have no extension headers. */
    private void error(int type, Datagram d, long now) {
        ByteBuffer buffer = d.buffer;
        int quoted = d.at + HEADER;
        if (d.length < HEADER + Ipv6.HEADER + PORTS_AND_SEQUENCE
                || Ipv6.version(buffer, quoted) != 6
                || Ipv6.nextHeader(buffer, quoted) != Ipv4.PROTOCOL_TCP) {
            return;
        }
        IpAddress source = Ipv6.source(buffer, quoted);
        IpAddress remote = Ipv6.destination(buffer, quoted);
        IpAddress local = ip.routes().ours(source.hi(), source.lo());
        if (local == null || local.isIpv4() || remote.isIpv4()) {
            return;
        }
        int code = Net.u8(buffer, d.at + 1);
        boolean hard =
                type == UNREACHABLE && code == PORT_UNREACHABLE
                        || type == PARAMETER_PROBLEM && code == UNKNOWN_NEXT_HEADER;
        int tcp = quoted + Ipv6.HEADER;
        boolean plausible =
                ip.sink()
                        .icmpError(
                                type == TOO_BIG ? null : told(type, code),
                                hard,
                                local,
                                remote,
                                Net.u16(buffer, tcp),
                                Net.u16(buffer, tcp + 2),
                                Net.u32(buffer, tcp + 4));
        int mtu = Net.u32(buffer, d.at + 4);
        // Less than every link must carry is a lie (RFC 8201, 4).
        if (plausible && type == TOO_BIG && (mtu < 0 || mtu >= Ipv6.LEAST_MTU)) {
            int reported = mtu < 0 ? Integer.MAX_VALUE : mtu;
            ip.tooBig(remote, reported, Ipv6.payloadLength(buffer, quoted), now);
        }
    }

    private static ConnectionProblem told(int type, int code) {
        if (type == TIME_EXCEEDED) {
            return code == 0
                    ? ConnectionProblem.TIME_EXCEEDED
                    : ConnectionProblem.REASSEMBLY_TIME_EXCEEDED;
        }
        if (type == PARAMETER_PROBLEM) {
            return code == UNKNOWN_NEXT_HEADER
                    ? ConnectionProblem.PROTOCOL_UNREACHABLE
                    : ConnectionProblem.PARAMETER_PROBLEM;
        }
        return switch (code) {
            case NO_ROUTE -> ConnectionProblem.NETWORK_UNREACHABLE;
            case PORT_UNREACHABLE -> ConnectionProblem.PORT_UNREACHABLE;
            case PROHIBITED, POLICY, REJECTED -> ConnectionProblem.PROHIBITED;
            default -> ConnectionProblem.HOST_UNREACHABLE;
        };
    }

    /**
     * Tell the sender of a packet what is wrong with it, if not too often.
     *
     * @param d who sent it, and to which of our addresses
     * @param pointer from the start of the packet to what is wrong
     * @param length of the packet; as much of it is quoted as every link carries
     */
    void problem(
            Datagram d, int code, int pointer, ByteBuffer packet, int at, int length, long now) {
        IpAddress remote = d.source();
        IpAddress local = d.toGroup ? ip.routes().source(remote) : d.local;
        if (local == null || remote.isUnspecified() || !allowed(now)) {
            return;
        }
        long frame = ip.allocate();
        if (frame == 0) {
            return;
        }
        ByteBuffer to = ip.buffer(frame);
        int start = IpLayer.payloadAt(frame, remote);
        int quoted = Math.min(length, Ipv6.LEAST_MTU - Ipv6.HEADER - HEADER);
        to.put(start, (byte) PARAMETER_PROBLEM);
        to.put(start + 1, (byte) code);
        Net.put32(to, start + 4, pointer);
        to.put(start + HEADER, packet, at, quoted);
        counters.problemsOut++;
        send(frame, local, remote, HEADER + quoted, now);
    }

    private boolean allowed(long now) {
        long second = Math.floorDiv(now, SECOND_NANOS);
        if (second != problemSecond) {
            problemSecond = second;
            problems = 0;
        }
        return problems++ < PROBLEMS_PER_SECOND;
    }
}
