// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.Checksum;
import dev.flue.host.ip.IpLayer;
import dev.flue.host.ip.Ipv4;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/** Builds segments in frames and gives them to IP. Every segment carries ACK and window. */
final class SegmentWriter {
    /** Bytes of the timestamps option as it is sent. */
    static final int TIMESTAMP_BYTES = 12;

    private static final int MAX_WINDOW = 0xffff;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** How far, in window units, rounding up may go beyond the buffer. */
    private static final int ROUNDING_UNITS = 256;

    private final TcpLayer layer;
    private final IpLayer ip;
    private final TcpCounters counters;
    private int sackAge;

    SegmentWriter(TcpLayer layer, IpLayer ip, TcpCounters counters) {
        this.layer = layer;
        this.ip = ip;
        this.counters = counters;
    }

    /** The connection's timestamp clock: milliseconds. */
    static int timestamp(TcpConnection c, long now) {
        return (int) (now / NANOS_PER_MILLI) + c.rcv.tsDelta;
    }

    /**
     * Build and send one segment.
     *
     * @param dataOffset of the payload, from SND.UNA
     * @return false when there was no frame for it
     */
    boolean send(
            TcpConnection c, int sequence, int flags, int dataOffset, int dataLength, long now) {
        long frame = ip.allocate();
        if (frame == 0) {
            layer.awaitBuffers(c);
            return false;
        }
        ByteBuffer buffer = ip.buffer(frame);
        int at = IpLayer.payloadAt(frame, c.remoteAddress, c.route);
        boolean syn = (flags & TcpFlags.SYN) != 0;
        boolean ack = (flags & TcpFlags.ACK) != 0;
        int end = at + Segment.HEADER;
        end = syn ? synOptions(c, buffer, end, ack, now) : options(c, buffer, end, dataLength, now);
        boolean fresh = dataLength > 0 && sequence == c.snd.max && c.snd.wnd > 0;
        int all = syn || !ack ? flags : flags | c.ecn.flags(fresh);
        header(buffer, at, c.localPort, c.remotePort, sequence, end - at, all);
        Net.put32(buffer, at + 8, ack ? c.rcv.nxt : 0);
        Net.put16(buffer, at + 14, syn ? synWindow(c) : window(c));
        if (dataLength > 0) {
            c.sendQueue.copy(dataOffset, dataLength, buffer, end);
        }
        if (ack) {
            c.rcv.lastAckSent = c.rcv.nxt;
            c.rcv.delay.stop();
            c.ackPending = false;
        }
        boolean mayBeUrgent = (flags & (TcpFlags.SYN | TcpFlags.RST)) == 0;
        int urgent = mayBeUrgent ? c.urgent.pointer(sequence) : 0;
        if (urgent > 0) {
            buffer.put(at + 13, (byte) (flags | TcpFlags.URG));
            Net.put16(buffer, at + 18, urgent);
        }
        counters.countOut(c.remoteAddress.isIpv4());
        ip.dress(c.options.hopLimit(), c.ecn.dress(c.options.trafficClass(), fresh));
        ip.via(c.route);
        finish(frame, at, c.localAddress, c.remoteAddress, c.flowLabel, end - at + dataLength, now);
        return true;
    }

    /** The header but for its acknowledgment and window; no checksum yet. */
    static void header(
            ByteBuffer buffer,
            int at,
            int localPort,
            int remotePort,
            int sequence,
            int headerLength,
            int flags) {
        Net.put16(buffer, at, localPort);
        Net.put16(buffer, at + 2, remotePort);
        Net.put32(buffer, at + 4, sequence);
        buffer.put(at + 12, (byte) (headerLength << 2));
        buffer.put(at + 13, (byte) flags);
        buffer.putInt(at + 16, 0);
    }

    static void timestamps(ByteBuffer buffer, int at, int value, int echo) {
        Net.put32(buffer, at, 0x0101080a);
        Net.put32(buffer, at + 4, value);
        Net.put32(buffer, at + 8, echo);
    }

    private int options(TcpConnection c, ByteBuffer buffer, int at, int dataLength, long now) {
        int end = at;
        int blocks = SackBlocks.MAX;
        if (c.rcv.timestamps) {
            timestamps(buffer, at, timestamp(c, now), c.rcv.tsRecent);
            end = at + TIMESTAMP_BYTES;
            blocks = SackBlocks.MAX_WITH_TIMESTAMPS;
        }
        if (!c.rcv.sack) {
            return end;
        }
        // The segment size leaves no room for them: they go where there is some.
        int room = Math.max(0, c.snd.mss - dataLength - SackBlocks.HEADER);
        blocks = Math.min(blocks, room / SackBlocks.BLOCK);
        return c.rcv.sacks.write(c.reassembly, sackAge, buffer, end, blocks);
    }

    /** The next segments are so many ACKs away from telling of the newest segment first. */
    void sackAge(int age) {
        sackAge = age;
    }

    /** Bytes of IP and TCP headers without options. */
    static int headers(IpAddress remote) {
        return IpLayer.headerBytes(remote) + Segment.HEADER;
    }

    /** A SYN offers everything; a SYN,ACK what the SYN offered. */
    private int synOptions(TcpConnection c, ByteBuffer buffer, int at, boolean answer, long now) {
        int end = at;
        Net.put32(buffer, end, 0x02040000 | ip.mtu() - headers(c.remoteAddress));
        end += 4;
        TcpSettings.Features ours = layer.settings().features();
        boolean timestamps = answer ? c.rcv.timestamps : ours.timestamps();
        boolean sack = answer ? c.rcv.sack : ours.sack();
        if (timestamps) {
            Net.put32(buffer, end, sack ? 0x0402080a : 0x0101080a);
            Net.put32(buffer, end + 4, timestamp(c, now));
            Net.put32(buffer, end + 8, answer ? c.rcv.tsRecent : 0);
            end += TIMESTAMP_BYTES;
        } else if (sack) {
            Net.put32(buffer, end, 0x01010402);
            end += 4;
        }
        if (answer ? c.snd.scaling : ours.windowScaling()) {
            Net.put32(buffer, end, 0x01030300 | ownShift());
            end += 4;
        }
        return end;
    }

    /** The scale we offer: the smallest that lets the receive buffer be announced. */
    int ownShift() {
        return shiftFor(layer.settings().receiveBuffer());
    }

    static int shiftFor(int receiveBuffer) {
        int shift = 0;
        while (shift < 14 && receiveBuffer >>> shift > MAX_WINDOW) {
            shift++;
        }
        return shift;
    }

    private int synWindow(TcpConnection c) {
        int window = Math.min(MAX_WINDOW, layer.settings().receiveBuffer());
        c.rcv.adv = c.rcv.nxt + window;
        return window;
    }

    /** The right edge that free buffer space allows, and the window field can say. */
    static int edge(TcpConnection c) {
        int space = c.receiveBuffer() - c.receiveQueue.held();
        space = Math.min(space, MAX_WINDOW << c.rcv.shift);
        return Seq.max(c.rcv.adv, c.rcv.nxt + Math.max(0, space));
    }

    /**
     * The window field. The right edge moves on only by a worthwhile step (RFC 9293, 3.8.6.2.2) and
     * never back: what the scale cannot express is rounded up, within bounds.
     */
    private int window(TcpConnection c) {
        ReceiveVariables rcv = c.rcv;
        int buffer = c.receiveBuffer();
        int edge = edge(c);
        int step = Math.min(Math.max(c.snd.mss, 1), buffer / 2);
        int promised = Seq.distance(rcv.adv, edge) >= step ? edge : rcv.adv;
        int window = Math.max(0, Seq.distance(rcv.nxt, promised));
        int unit = 1 << rcv.shift;
        if (promised != rcv.adv) {
            rcv.rounded = 0;
        }
        int field = Math.min(window + unit - 1 >>> rcv.shift, MAX_WINDOW);
        int excess = (field << rcv.shift) - window;
        if (rcv.rounded + excess > ROUNDING_UNITS * unit) {
            field = window >>> rcv.shift;
        } else if (excess > 0) {
            rcv.rounded += excess;
        }
        rcv.adv = Seq.max(rcv.adv, rcv.nxt + (field << rcv.shift));
        return field;
    }

    /** Write the checksum of a segment that starts at {@code at}, and give it to IP. */
    void finish(
            long frame,
            int at,
            IpAddress local,
            IpAddress remote,
            int flowLabel,
            int length,
            long now) {
        ByteBuffer buffer = ip.buffer(frame);
        long sum = Checksum.addPseudo(0, local, remote, Ipv4.PROTOCOL_TCP, length);
        buffer.putShort(at + 16, Checksum.finish(Checksum.add(sum, buffer, at, length)));
        ip.send(frame, local, remote, Ipv4.PROTOCOL_TCP, flowLabel, length, now);
    }
}
