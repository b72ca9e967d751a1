// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.nio.ByteBuffer;

/** Frames that nobody sent: TCP over IPv4 between two ends, with right checksums. */
final class Forge {
    private static final int ETHERNET = 14;
    private static final int IP = 20;
    private static final int TCP = 20;

    final int port;
    private final int peerPort;
    private int iss;
    private int peerIss;
    private int seq;
    private int ack;
    private int flags = WireSegment.ACK;
    private int window = 1_000;
    private byte[] payload = new byte[0];
    private byte[] options = new byte[0];

    private Forge(int port, int peerPort, int iss, int peerIss) {
        this.port = port;
        this.peerPort = peerPort;
        this.iss = iss;
        this.peerIss = peerIss;
    }

    /** A segment of end 0 or 1; sequence numbers of both wrap within the first bytes. */
    static Forge from(int end) {
        return end == 0 ? new Forge(1_000, 2_000, -3, -9) : new Forge(2_000, 1_000, -9, -3);
    }

    /** By the numbers of another life, whose SYNs came so much later. */
    Forge later(int own, int peer) {
        iss += own;
        peerIss += peer;
        return this;
    }

    /** Relative to the SYNs. */
    Forge at(int newSeq, int newAck) {
        seq = newSeq;
        ack = newAck;
        return this;
    }

    Forge flags(int value) {
        flags = value;
        return this;
    }

    Forge window(int value) {
        window = value;
        return this;
    }

    /** So many bytes of a stream, wherever they lie in it; salt 0 is the true one. */
    Forge data(int length, int salt) {
        payload = new byte[length];
        for (int i = 0; i < length; i++) {
            payload[i] = (byte) ((seq + i) * 31 + salt);
        }
        return this;
    }

    Forge options(int... bytes) {
        ByteBuffer more = ByteBuffer.allocate(options.length + bytes.length);
        more.put(options);
        for (int each : bytes) {
            more.put((byte) each);
        }
        options = more.array();
        return this;
    }

    Forge mss(int value) {
        return options(2, 4, value >> 8, value);
    }

    Forge shift(int value) {
        return options(1, 3, 3, value);
    }

    Forge sackPermitted() {
        return options(1, 1, 4, 2);
    }

    Forge timestamps(int value, int echo) {
        options(1, 1, 8, 10, value >> 24, value >> 16, value >> 8, value);
        return options(echo >> 24, echo >> 16, echo >> 8, echo);
    }

    /** One block, relative to the peer's SYN. */
    Forge sack(int... edges) {
        options(1, 1, 5, 2 + 4 * edges.length);
        for (int each : edges) {
            int edge = peerIss + each;
            options(edge >> 24, edge >> 16, edge >> 8, edge);
        }
        return this;
    }

    byte[] frame() {
        int length = TCP + options.length + payload.length;
        ByteBuffer out = ByteBuffer.allocate(ETHERNET + IP + length);
        out.position(12).putShort((short) 0x0800);
        out.putShort((short) 0x4500).putShort((short) (IP + length)).putShort((short) 1);
        out.putShort((short) 0x4000).put((byte) 64).put((byte) 6).putShort((short) 0);
        out.putInt(0xc6120000 + port).putInt(0xc6120000 + peerPort);
        out.putShort((short) port).putShort((short) peerPort).putInt(iss + seq);
        out.putInt((flags & WireSegment.ACK) != 0 ? peerIss + ack : 0);
        out.put((byte) ((TCP + options.length) / 4 << 4)).put((byte) flags);
        out.putShort((short) window).putInt(0).put(options).put(payload);
        out.putShort(ETHERNET + 10, sum(out, ETHERNET, IP, 0));
        int pseudo = 6 + length;
        for (int i = 12; i < IP; i += 2) {
            pseudo += out.getShort(ETHERNET + i) & 0xffff;
        }
        out.putShort(ETHERNET + IP + 16, sum(out, ETHERNET + IP, length, pseudo));
        return out.array();
    }

    private static short sum(ByteBuffer bytes, int at, int length, int start) {
        int sum = start;
        for (int i = 0; i < length; i++) {
            int octet = bytes.get(at + i) & 0xff;
            sum += i % 2 == 0 ? octet << 8 : octet;
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (short) ~(sum + (sum >>> 16));
    }
}
