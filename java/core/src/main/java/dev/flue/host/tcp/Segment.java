// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.data.IpAddress;
import dev.flue.host.ip.Checksum;
import dev.flue.host.ip.Datagram;
import dev.flue.host.ip.SourceRoute;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/**
 * A received segment, decoded: SEG.SEQ and friends. Reused for every segment. Trimming to the
 * window changes seq, payload and flags in place.
 */
public final class Segment {
    /** Bytes of a header without options. */
    public static final int HEADER = 20;

    private static final int OPTION_END = 0;
    private static final int OPTION_NOP = 1;
    private static final int OPTION_MSS = 2;
    private static final int OPTION_WINDOW_SCALE = 3;
    private static final int OPTION_SACK_PERMITTED = 4;
    private static final int OPTION_SACK = 5;
    private static final int OPTION_TIMESTAMPS = 8;
    private static final int MAX_SHIFT = 14;

    /** Whom it came from: first 8 bytes of the address. */
    long sourceHi;

    /** Whom it came from: last 8 bytes of the address. */
    long sourceLo;

    /** Which of our addresses it came to. */
    IpAddress local;

    int sourcePort;
    int destinationPort;
    int seq;
    int ack;
    int flags;

    /** The network marked it (RFC 3168, CE). */
    boolean marked;

    int window;

    /** From {@link #seq} to the end of urgent data, when URG is set; trimming leaves it. */
    int urgentPointer;

    ByteBuffer buffer;
    int payloadAt;
    int payloadLength;

    /** The option's value; 0 = not there. */
    int mss;

    /** The option's value; -1 = not there. */
    int windowShift;

    boolean sackPermitted;
    boolean timestamps;
    int tsVal;
    int tsEcr;

    /** Blocks of the SACK option. */
    int sackBlocks;

    final int[] sackStarts = new int[SackBlocks.MAX];
    final int[] sackEnds = new int[SackBlocks.MAX];

    /** The way back that IP says, or null. */
    SourceRoute route;

    /** The IP header had options, or extension headers (H-2). */
    boolean ipOptions;

    /** Decode what IP received; false when the header cannot be right, or the checksum is not. */
    boolean parse(Datagram d) {
        sourceHi = d.sourceHi;
        sourceLo = d.sourceLo;
        local = d.local;
        ipOptions = d.options;
        marked = d.ecn == Ecn.EXPERIENCED;
        route = d.route;
        long sum = Checksum.add(d.pseudoSum(), d.buffer, d.at, d.length);
        return parse(d.buffer, d.at, d.length) && Checksum.finish(sum) == 0;
    }

    /** Decode a segment that was held; its checksum was right. */
    boolean parse(TcpConnection c, ByteBuffer from, int at, int length, boolean metCongestion) {
        sourceHi = c.remoteAddress.hi();
        sourceLo = c.remoteAddress.lo();
        local = c.localAddress;
        ipOptions = false;
        marked = metCongestion;
        route = null;
        return parse(from, at, length);
    }

    /**
     * Decode a segment.
     *
     * @param at first byte of the TCP header
     * @param length of the segment, header included
     * @return false when the header cannot be right; the checksum is not looked at
     */
    private boolean parse(ByteBuffer from, int at, int length) {
        if (length < HEADER) {
            return false;
        }
        int header = (from.get(at + 12) >>> 4 & 0xf) * 4;
        if (header < HEADER || header > length) {
            return false;
        }
        buffer = from;
        sourcePort = Net.u16(from, at);
        destinationPort = Net.u16(from, at + 2);
        seq = Net.u32(from, at + 4);
        ack = Net.u32(from, at + 8);
        flags = from.get(at + 13) & 0xff;
        window = Net.u16(from, at + 14);
        urgentPointer = Net.u16(from, at + 18);
        payloadAt = at + header;
        payloadLength = length - header;
        parseOptions(from, at + HEADER, at + header);
        return true;
    }

    /** An option with an impossible length ends the options; the segment itself stands. */
    private void parseOptions(ByteBuffer from, int start, int end) {
        mss = 0;
        windowShift = -1;
        sackPermitted = false;
        sackBlocks = 0;
        timestamps = false;
        tsVal = 0;
        tsEcr = 0;
        int at = start;
        while (at < end) {
            int kind = Net.u8(from, at);
            if (kind == OPTION_END) {
                return;
            }
            if (kind == OPTION_NOP) {
                at++;
                continue;
            }
            int length = at + 1 < end ? Net.u8(from, at + 1) : 0;
            if (length < 2 || length > end - at) {
                return;
            }
            option(from, at, kind, length);
            at += length;
        }
    }

    private void option(ByteBuffer from, int at, int kind, int length) {
        if (kind == OPTION_TIMESTAMPS && length == 10) {
            timestamps = true;
            tsVal = Net.u32(from, at + 2);
            tsEcr = Net.u32(from, at + 6);
        } else if (syn() && kind == OPTION_MSS && length == 4) {
            mss = Net.u16(from, at + 2);
        } else if (syn() && kind == OPTION_WINDOW_SCALE && length == 3) {
            windowShift = Math.min(MAX_SHIFT, Net.u8(from, at + 2));
        } else if (syn() && kind == OPTION_SACK_PERMITTED && length == 2) {
            sackPermitted = true;
        } else if (kind == OPTION_SACK && length % SackBlocks.BLOCK == 2) {
            sackBlocks = Math.min(length / SackBlocks.BLOCK, SackBlocks.MAX);
            for (int i = 0; i < sackBlocks; i++) {
                sackStarts[i] = Net.u32(from, at + 2 + SackBlocks.BLOCK * i);
                sackEnds[i] = Net.u32(from, at + 6 + SackBlocks.BLOCK * i);
            }
        }
    }

    /** Whom it came from, as an object of its own. */
    IpAddress source() {
        return IpAddress.of(sourceHi, sourceLo);
    }

    boolean syn() {
        return (flags & TcpFlags.SYN) != 0;
    }

    boolean fin() {
        return (flags & TcpFlags.FIN) != 0;
    }

    boolean rst() {
        return (flags & TcpFlags.RST) != 0;
    }

    boolean urgent() {
        return (flags & TcpFlags.URG) != 0;
    }

    boolean hasAck() {
        return (flags & TcpFlags.ACK) != 0;
    }

    /** SEG.LEN: SYN and FIN count. */
    int length() {
        return payloadLength + (syn() ? 1 : 0) + (fin() ? 1 : 0);
    }

    /** Take bytes off the front of the payload. */
    void trimFront(int bytes) {
        seq += bytes;
        payloadAt += bytes;
        payloadLength -= bytes;
    }

    /** Keep only the first bytes of the payload; a FIN behind them goes. */
    void trimBack(int keep) {
        payloadLength = keep;
        flags &= ~TcpFlags.FIN;
    }
}
