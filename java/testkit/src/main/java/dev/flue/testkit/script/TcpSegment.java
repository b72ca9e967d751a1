// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.nio.ByteBuffer;

/**
 * A TCP segment in an IPv4 packet in an Ethernet frame, as a script speaks of it. Builds frames
 * with right checksums and takes frames apart, checking theirs.
 */
final class TcpSegment {
    static final int FIN = 0x01;
    static final int SYN = 0x02;
    static final int RST = 0x04;
    static final int PSH = 0x08;
    static final int ACK = 0x10;
    static final int URG = 0x20;

    static final int ETHERTYPE_IPV4 = 0x0800;

    private static final int ETHERNET = 14;
    private static final int IPV4 = 20;
    private static final int TCP = 20;
    private static final int PROTOCOL_TCP = 6;

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
        int tcpLength = TCP + options.length + payload.length;
        ByteBuffer frame = ByteBuffer.allocate(ETHERNET + IPV4 + tcpLength);
        putMac(frame, to.mac());
        putMac(frame, from.mac());
        frame.putShort((short) ETHERTYPE_IPV4);
        frame.putShort((short) 0x4500).putShort((short) (IPV4 + tcpLength));
        frame.putShort((short) 1).putShort((short) 0x4000);
        frame.put((byte) 64).put((byte) PROTOCOL_TCP).putShort((short) 0);
        frame.putInt(from.address()).putInt(to.address());
        frame.putShort((short) from.port()).putShort((short) to.port());
        frame.putInt(seq).putInt(ack);
        frame.put((byte) ((TCP + options.length) / 4 << 4)).put((byte) flags);
        frame.putShort((short) window).putShort((short) 0).putShort((short) urgentPointer);
        frame.put(options).put(payload);
        frame.putShort(ETHERNET + 10, (short) checksum(frame, ETHERNET, IPV4, 0));
        frame.putShort(ETHERNET + IPV4 + 16, (short) tcpChecksum(frame, tcpLength));
        return frame.array();
    }

    /**
     * The segment in a frame.
     *
     * @return null when it is no IPv4 TCP segment between these two
     * @throws IllegalArgumentException when it is one, and malformed
     */
    static TcpSegment parse(byte[] bytes, Endpoint from, Endpoint to) {
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        if (bytes.length < ETHERNET + IPV4 + TCP
                || (frame.getShort(12) & 0xffff) != ETHERTYPE_IPV4
                || frame.get(ETHERNET + 9) != PROTOCOL_TCP
                || frame.getInt(ETHERNET + 12) != from.address()
                || frame.getInt(ETHERNET + 16) != to.address()
                || (frame.getShort(ETHERNET + IPV4) & 0xffff) != from.port()
                || (frame.getShort(ETHERNET + IPV4 + 2) & 0xffff) != to.port()) {
            return null;
        }
        int total = frame.getShort(ETHERNET + 2) & 0xffff;
        int tcpLength = total - IPV4;
        int header = (frame.get(ETHERNET + IPV4 + 12) & 0xf0) >> 2;
        check(frame.get(ETHERNET) == 0x45, "an IPv4 header with options, or none");
        check(total <= bytes.length - ETHERNET && header >= TCP && header <= tcpLength, "lengths");
        check(checksum(frame, ETHERNET, IPV4, 0) == 0, "a wrong IP checksum");
        check(tcpChecksum(frame, tcpLength) == 0, "a wrong TCP checksum");
        TcpSegment segment = new TcpSegment();
        int at = ETHERNET + IPV4;
        segment.seq = frame.getInt(at + 4);
        segment.ack = frame.getInt(at + 8);
        segment.flags = frame.get(at + 13) & 0x3f;
        segment.window = frame.getShort(at + 14) & 0xffff;
        segment.urgentPointer = frame.getShort(at + 18) & 0xffff;
        segment.parseOptions(frame, at + TCP, at + header);
        segment.payload = new byte[tcpLength - header];
        frame.get(at + header, segment.payload);
        return segment;
    }

    private static void check(boolean good, String what) {
        if (!good) {
            throw new IllegalArgumentException("the subject sent a segment with " + what);
        }
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
            check(at + 1 < end, "a cut option");
            int length = frame.get(at + 1) & 0xff;
            check(length >= 2 && at + length <= end, "an option of a wrong length");
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

    private static void putMac(ByteBuffer frame, long mac) {
        frame.putShort((short) (mac >>> 32)).putInt((int) mac);
    }

    /** RFC 1071 over a piece of the frame; 0 when a right checksum is part of it. */
    private static int checksum(ByteBuffer frame, int at, int length, int start) {
        long sum = start;
        for (int i = 0; i < length; i++) {
            int octet = frame.get(at + i) & 0xff;
            sum += (i & 1) == 0 ? octet << 8 : octet;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) ~sum & 0xffff;
    }

    private static int tcpChecksum(ByteBuffer frame, int tcpLength) {
        int pseudo = PROTOCOL_TCP + tcpLength;
        for (int i = 0; i < 8; i += 2) {
            pseudo += frame.getShort(ETHERNET + 12 + i) & 0xffff;
        }
        return checksum(frame, ETHERNET + IPV4, tcpLength, pseudo);
    }
}
