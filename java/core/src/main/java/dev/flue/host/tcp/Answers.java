// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/** Segments that answer one without a connection: RSTs, and SYN,ACKs of which nothing is kept. */
final class Answers {
    private static final int MSS_BYTES = 4;
    private static final int MAX_WINDOW = 0xffff;

    private final SegmentWriter writer;
    private final TcpLayer layer;
    private final IpLayer ip;

    Answers(SegmentWriter writer, TcpLayer layer, IpLayer ip) {
        this.writer = writer;
        this.layer = layer;
        this.ip = ip;
    }

    /** RST as RFC 9293, 3.10.7.1 wants it for a segment that nobody expects. */
    void reset(Segment s, long now) {
        long frame = ip.allocate();
        if (frame == 0) {
            return;
        }
        ByteBuffer buffer = ip.buffer(frame);
        int at = IpLayer.payloadAt(frame, s.source(), s.route);
        boolean answersAck = s.hasAck();
        int flags = TcpFlags.RST | (answersAck ? 0 : TcpFlags.ACK);
        int sequence = answersAck ? s.ack : 0;
        int end = at + Segment.HEADER;
        SegmentWriter.header(
                buffer, at, s.destinationPort, s.sourcePort, sequence, end - at, flags);
        Net.put32(buffer, at + 8, answersAck ? 0 : s.seq + s.length());
        Net.put16(buffer, at + 14, 0);
        send(frame, s, at, end, now);
    }

    /**
     * SYN,ACK of a cookie: it offers what the SYN offered and a timestamp can bring back.
     *
     * @param stamp our timestamp, when the SYN has one
     */
    void cookie(Segment s, int number, int stamp, long now) {
        long frame = ip.allocate();
        if (frame == 0) {
            return;
        }
        ByteBuffer buffer = ip.buffer(frame);
        IpAddress remote = s.source();
        int at = IpLayer.payloadAt(frame, remote, s.route);
        int end = at + Segment.HEADER;
        Net.put32(buffer, end, 0x02040000 | ip.mtu() - SegmentWriter.headers(remote));
        end += MSS_BYTES;
        if (s.timestamps) {
            Net.put32(buffer, end, s.sackPermitted ? 0x0402080a : 0x0101080a);
            Net.put32(buffer, end + 4, stamp);
            Net.put32(buffer, end + 8, s.tsVal);
            end += SegmentWriter.TIMESTAMP_BYTES;
            if (s.windowShift >= 0) {
                Net.put32(buffer, end, 0x01030300 | writer.ownShift());
                end += 4;
            }
        }
        int flags = TcpFlags.SYN | TcpFlags.ACK;
        SegmentWriter.header(buffer, at, s.destinationPort, s.sourcePort, number, end - at, flags);
        Net.put32(buffer, at + 8, s.seq + 1);
        Net.put16(buffer, at + 14, Math.min(MAX_WINDOW, layer.settings().receiveBuffer()));
        send(frame, s, at, end, now);
    }

    private void send(long frame, Segment s, int at, int end, long now) {
        layer.counters().countOut(s.local.isIpv4());
        ip.via(s.route);
        writer.finish(frame, at, s.local, s.source(), 0, end - at, now);
    }
}
