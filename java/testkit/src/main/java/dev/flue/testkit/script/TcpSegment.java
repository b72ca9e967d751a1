// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A TCP segment as a script speaks of it. Builds frames of either version of IP, with right
 * checksums, and takes frames apart, checking theirs.
 */
final class TcpSegment {
    static final int FIN = 0x01;
    static final int SYN = 0x02;
    static final int RST = 0x04;
    static final int PSH = 0x08;
    static final int ACK = 0x10;
    static final int URG = 0x20;
    static final int ECE = 0x40;
    static final int CWR = 0x80;

    private static final int END = 0;
    private static final int NOP = 1;
    private static final int MSS = 2;
    private static final int WINDOW_SCALE = 3;
    private static final int SACK_PERMITTED = 4;
    private static final int SACK = 5;
    private static final int TIMESTAMPS = 8;

    private static final int TCP = 20;
    private static final int CHECKSUM_AT = 16;
    private static final int PROTOCOL_TCP = 6;
    private static final int HOP_LIMIT = 64;

    int seq;
    int ack;
    int flags;
    int window;
    int urgentPointer;
    byte[] payload = new byte[0];
    boolean timestamps;
    int tsVal;
    int tsEcr;

    /** Edges of SACK blocks, left and right in turn. */
    int[] sack = {};

    /** Of a SYN; -1 = not there. */
    int mss = -1;

    int windowScale = -1;
    boolean sackPermitted;

    /** Options as they are to stand there, instead of all those above; null = those above. */
    byte[] rawOptions;

    boolean wrongChecksum;

    /** TOS or traffic class of the IP header, ECN bits included. */
    int trafficClass;

    /** TTL or hop limit of a segment that was received. */
    int hops;

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** The frame from one end to the other. */
    byte[] toFrame(Endpoint from, Endpoint to) {
        byte[] options = options();
        ByteBuffer out = ByteBuffer.allocate(TCP + options.length + payload.length);
        out.putShort((short) from.port()).putShort((short) to.port());
        out.putInt(seq).putInt(ack);
        out.put((byte) ((TCP + options.length) / 4 << 4)).put((byte) flags);
        out.putShort((short) window).putShort((short) 0).putShort((short) urgentPointer);
        out.put(options).put(payload);
        byte[] frame = IpFrame.build(from, to, PROTOCOL_TCP, HOP_LIMIT, out.array(), CHECKSUM_AT);
        IpFrame.setTrafficClass(frame, trafficClass);
        if (wrongChecksum) {
            frame[frame.length - out.capacity() + CHECKSUM_AT] ^= 1;
        }
        return frame;
    }

    /**
     * The segment in a frame.
     *
     * @return null when it is no TCP segment between these two
     * @throws IllegalArgumentException when it is one, and malformed
     */
    static TcpSegment parse(byte[] frame, Endpoint from, Endpoint to) {
        byte[] bytes = IpFrame.payload(frame, from, to, PROTOCOL_TCP);
        if (bytes == null) {
            return null;
        }
        IpFrame.check(bytes.length >= TCP, "a cut TCP header");
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if ((in.getShort(0) & 0xffff) != from.port() || (in.getShort(2) & 0xffff) != to.port()) {
            return null;
        }
        int header = (in.get(12) & 0xf0) >> 2;
        IpFrame.check(header >= TCP && header <= bytes.length, "lengths");
        TcpSegment segment = new TcpSegment();
        segment.seq = in.getInt(4);
        segment.ack = in.getInt(8);
        segment.flags = in.get(13) & 0xff;
        segment.window = in.getShort(14) & 0xffff;
        segment.urgentPointer = in.getShort(18) & 0xffff;
        segment.trafficClass = IpFrame.trafficClass(frame);
        segment.hops = IpFrame.hops(frame);
        segment.parseOptions(in, TCP, header);
        segment.payload = Arrays.copyOfRange(bytes, header, bytes.length);
        return segment;
    }

    /** What options it has, by kind and in their order, for a comparison; padding is no option. */
    String optionKinds() {
        StringBuilder text = new StringBuilder(16);
        text.append(mss >= 0 ? "m" : "").append(windowScale >= 0 ? "w" : "");
        text.append(sackPermitted ? "p" : "").append(timestamps ? "t" : "");
        return text.append("s".repeat(sack.length / 2)).toString();
    }

    private byte[] options() {
        ByteBuffer out = ByteBuffer.allocate(80);
        if (rawOptions != null) {
            out.put(rawOptions);
        } else {
            putOptions(out);
        }
        byte[] options = new byte[(out.position() + 3) / 4 * 4];
        out.get(0, options);
        return options;
    }

    private void putOptions(ByteBuffer out) {
        if (mss >= 0) {
            out.put((byte) MSS).put((byte) 4).putShort((short) mss);
        }
        if (windowScale >= 0) {
            out.put((byte) NOP).put((byte) WINDOW_SCALE).put((byte) 3).put((byte) windowScale);
        }
        if (sackPermitted) {
            out.put((byte) NOP).put((byte) NOP).put((byte) SACK_PERMITTED).put((byte) 2);
        }
        if (timestamps) {
            out.put((byte) NOP).put((byte) NOP).put((byte) TIMESTAMPS).put((byte) 10);
            out.putInt(tsVal).putInt(tsEcr);
        }
        if (sack.length > 0) {
            out.put((byte) NOP).put((byte) NOP).put((byte) SACK);
            out.put((byte) (2 + Integer.BYTES * sack.length));
            for (int edge : sack) {
                out.putInt(edge);
            }
        }
    }

    private void parseOptions(ByteBuffer segment, int start, int end) {
        int at = start;
        while (at < end && segment.get(at) != END) {
            if (segment.get(at) == NOP) {
                at++;
                continue;
            }
            IpFrame.check(at + 1 < end, "a cut option");
            int length = segment.get(at + 1) & 0xff;
            IpFrame.check(length >= 2 && at + length <= end, "an option of a wrong length");
            parseOption(segment, at, length);
            at += length;
        }
        for (; at < end; at++) {
            IpFrame.check(segment.get(at) == 0, "padding that is not zero");
        }
    }

    private void parseOption(ByteBuffer segment, int at, int length) {
        switch (segment.get(at)) {
            case MSS -> {
                IpFrame.check(length == 4 && has(SYN), "an MSS without a SYN");
                mss = segment.getShort(at + 2) & 0xffff;
            }
            case WINDOW_SCALE -> {
                IpFrame.check(length == 3 && has(SYN), "a window scale without a SYN");
                windowScale = segment.get(at + 2);
            }
            case SACK_PERMITTED -> {
                IpFrame.check(length == 2 && has(SYN), "SACK permitted without a SYN");
                sackPermitted = true;
            }
            case TIMESTAMPS -> {
                IpFrame.check(length == 10, "timestamps of a wrong length");
                timestamps = true;
                tsVal = segment.getInt(at + 2);
                tsEcr = segment.getInt(at + 6);
            }
            case SACK -> {
                IpFrame.check(length > 2 && length % 8 == 2, "SACK of a wrong length");
                sack = new int[(length - 2) / Integer.BYTES];
                segment.slice(at + 2, length - 2).asIntBuffer().get(sack);
            }
            default -> IpFrame.check(false, "the option " + segment.get(at));
        }
    }
}
