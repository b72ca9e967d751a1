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

    /** Of a SYN; -1 = not there. */
    int mss = -1;

    int windowScale = -1;

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
        return IpFrame.build(from, to, PROTOCOL_TCP, HOP_LIMIT, out.array(), CHECKSUM_AT);
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
        segment.flags = in.get(13) & 0x3f;
        segment.window = in.getShort(14) & 0xffff;
        segment.urgentPointer = in.getShort(18) & 0xffff;
        segment.parseOptions(in, TCP, header);
        segment.payload = Arrays.copyOfRange(bytes, header, bytes.length);
        return segment;
    }

    private byte[] options() {
        ByteBuffer out = ByteBuffer.allocate(40);
        if (mss >= 0) {
            out.put((byte) 2).put((byte) 4).putShort((short) mss);
        }
        if (windowScale >= 0) {
            out.put((byte) 1).put((byte) 3).put((byte) 3).put((byte) windowScale);
        }
        if (timestamps) {
            out.put((byte) 1).put((byte) 1).put((byte) 8).put((byte) 10);
            out.putInt(tsVal).putInt(tsEcr);
        }
        byte[] options = new byte[out.position()];
        out.get(0, options);
        return options;
    }

    private void parseOptions(ByteBuffer frame, int start, int end) {
        int at = start;
        while (at < end && frame.get(at) != 0) {
            int kind = frame.get(at);
            if (kind == 1) {
                at++;
                continue;
            }
            IpFrame.check(at + 1 < end, "a cut option");
            int length = frame.get(at + 1) & 0xff;
            IpFrame.check(length >= 2 && at + length <= end, "an option of a wrong length");
            switch (kind) {
                case 2 -> mss = frame.getShort(at + 2) & 0xffff;
                case 3 -> windowScale = frame.get(at + 2);
                case 8 -> {
                    timestamps = true;
                    tsVal = frame.getInt(at + 2);
                    tsEcr = frame.getInt(at + 6);
                }
                default -> {}
            }
            at += length;
        }
    }
}
