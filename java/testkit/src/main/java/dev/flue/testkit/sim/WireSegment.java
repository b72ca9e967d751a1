// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A TCP segment as it was seen on the wire. Shares no code with the stacks it is to judge.
 * Immutable once parsed; keeps the frame.
 */
final class WireSegment {
    static final int FIN = 0x01;
    static final int SYN = 0x02;
    static final int RST = 0x04;
    static final int PSH = 0x08;
    static final int ACK = 0x10;
    static final int URG = 0x20;
    static final int ECE = 0x40;
    static final int CWR = 0x80;

    private static final int ETHERNET = 14;
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final int TCP_HEADER = 20;
    private static final int PROTOCOL_TCP = 6;
    private static final int MAX_SACK_BLOCKS = 4;

    final byte[] frame;
    final boolean ipv4;
    final int ipLength;

    /** Where the segment starts, and how long it is. */
    private final int at;

    private final int length;
    private final int header;

    /** Checksums are right and options well-formed. */
    boolean valid;

    int mss = -1;
    int shift = -1;
    boolean sackPermitted;
    boolean timestamps;
    int tsVal;
    int tsEcr;
    int sackCount;
    final int[] sackLeft = new int[MAX_SACK_BLOCKS];
    final int[] sackRight = new int[MAX_SACK_BLOCKS];

    private final ByteBuffer bytes;

    private WireSegment(byte[] frame, boolean ipv4, int at, int ipLength) {
        this.frame = frame;
        this.bytes = ByteBuffer.wrap(frame);
        this.ipv4 = ipv4;
        this.at = at;
        this.ipLength = ipLength;
        this.length = ETHERNET + ipLength - at;
        this.header = (frame[at + 12] & 0xf0) >> 2;
    }

    /** Null when the frame is no whole TCP segment: something else, a fragment, or cut. */
    static WireSegment parse(byte[] frame) {
        ByteBuffer in = ByteBuffer.wrap(frame);
        int type = frame.length < ETHERNET + IPV4_HEADER ? 0 : in.getShort(12) & 0xffff;
        int at;
        int ipLength;
        if (type == 0x0800) {
            at = ETHERNET + (frame[ETHERNET] & 0x0f) * 4;
            ipLength = in.getShort(ETHERNET + 2) & 0xffff;
            boolean fragment = (in.getShort(ETHERNET + 6) & 0x3fff) != 0;
            if (frame[ETHERNET] >>> 4 != 4 || frame[ETHERNET + 9] != PROTOCOL_TCP || fragment) {
                return null;
            }
        } else if (type == 0x86dd && frame.length >= ETHERNET + IPV6_HEADER) {
            at = ETHERNET + IPV6_HEADER;
            ipLength = IPV6_HEADER + (in.getShort(ETHERNET + 4) & 0xffff);
            if (frame[ETHERNET] >>> 4 != 6 || frame[ETHERNET + 6] != PROTOCOL_TCP) {
                return null;
            }
        } else {
            return null;
        }
        if (ETHERNET + ipLength > frame.length || at + TCP_HEADER > ETHERNET + ipLength) {
            return null;
        }
        WireSegment segment = new WireSegment(frame, type == 0x0800, at, ipLength);
        segment.valid =
                segment.header >= TCP_HEADER
                        && segment.header <= segment.length
                        && segment.checksumsRight()
                        && segment.parseOptions();
        return segment;
    }

    int sourcePort() {
        return bytes.getShort(at) & 0xffff;
    }

    int destinationPort() {
        return bytes.getShort(at + 2) & 0xffff;
    }

    int seq() {
        return bytes.getInt(at + 4);
    }

    int ack() {
        return bytes.getInt(at + 8);
    }

    int flags() {
        return frame[at + 13] & 0xff;
    }

    boolean has(int flag) {
        return (flags() & flag) != 0;
    }

    int window() {
        return bytes.getShort(at + 14) & 0xffff;
    }

    int optionBytes() {
        return header - TCP_HEADER;
    }

    int payloadAt() {
        return at + header;
    }

    int payloadLength() {
        return length - header;
    }

    /** Sequence space it takes. */
    int span() {
        return payloadLength() + (has(SYN) ? 1 : 0) + (has(FIN) ? 1 : 0);
    }

    /** The sender's address and port, for tables. */
    String source() {
        return endpoint(ipv4 ? ETHERNET + 12 : ETHERNET + 8, sourcePort());
    }

    String destination() {
        return endpoint(ipv4 ? ETHERNET + 16 : ETHERNET + 24, destinationPort());
    }

    private String endpoint(int start, int port) {
        StringBuilder out = new StringBuilder(24);
        if (ipv4) {
            for (int i = 0; i < 4; i++) {
                out.append(i == 0 ? "" : ".").append(frame[start + i] & 0xff);
            }
        } else {
            boolean gap = false;
            for (int i = 0; i < 16; i += 2) {
                int word = bytes.getShort(start + i) & 0xffff;
                if (word != 0 || i == 14) {
                    out.append(i == 0 ? "" : ":").append(Integer.toHexString(word));
                } else if (!gap) {
                    out.append(':');
                    gap = true;
                }
            }
        }
        return out.append('.').append(port).toString();
    }

    private boolean checksumsRight() {
        int addresses = ipv4 ? ETHERNET + 12 : ETHERNET + 8;
        int words = ipv4 ? 8 : 32;
        long pseudo = sum(addresses, words) + PROTOCOL_TCP + length;
        boolean ip = !ipv4 || fold(sum(ETHERNET, at - ETHERNET)) == 0xffff;
        return ip && fold(pseudo + sum(at, length)) == 0xffff;
    }

    private long sum(int start, int count) {
        long sum = 0;
        int i = start;
        for (; i + 1 < start + count; i += 2) {
            sum += bytes.getShort(i) & 0xffff;
        }
        return i < start + count ? sum + ((frame[i] & 0xff) << 8) : sum;
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    private boolean parseOptions() {
        int i = at + TCP_HEADER;
        int end = at + header;
        while (i < end && frame[i] != 0) {
            if (frame[i] == 1) {
                i++;
                continue;
            }
            int size = i + 1 < end ? frame[i + 1] & 0xff : 0;
            if (size < 2 || i + size > end) {
                return false;
            }
            option(frame[i], i, size);
            i += size;
        }
        return true;
    }

    private void option(int kind, int i, int size) {
        if (kind == 2 && size == 4) {
            mss = bytes.getShort(i + 2) & 0xffff;
        } else if (kind == 3 && size == 3) {
            shift = Math.min(frame[i + 2] & 0xff, 14);
        } else if (kind == 4 && size == 2) {
            sackPermitted = true;
        } else if (kind == 5) {
            sackCount = Math.min((size - 2) / 8, MAX_SACK_BLOCKS);
            for (int n = 0; n < sackCount; n++) {
                sackLeft[n] = bytes.getInt(i + 2 + 8 * n);
                sackRight[n] = bytes.getInt(i + 6 + 8 * n);
            }
        } else if (kind == 8 && size == 10) {
            timestamps = true;
            tsVal = bytes.getInt(i + 2);
            tsEcr = bytes.getInt(i + 6);
        }
    }

    /** One line, numbers relative to these first sequence numbers. */
    String describe(int ownStart, int peerStart) {
        StringBuilder out = new StringBuilder(96);
        out.append(source()).append(" > ").append(destination()).append(' ');
        String names = "FSRPAUEC";
        for (int i = 0; i < names.length(); i++) {
            out.append((flags() & 1 << i) != 0 ? names.substring(i, i + 1) : "");
        }
        long from = (seq() - ownStart) & 0xffffffffL;
        out.append(' ').append(from).append(':').append(from + payloadLength());
        out.append('(').append(payloadLength()).append(')');
        if (has(ACK)) {
            out.append(" ack ").append((ack() - peerStart) & 0xffffffffL);
        }
        out.append(" win ").append(window());
        out.append(mss >= 0 ? " mss " + mss : "").append(shift >= 0 ? " shift " + shift : "");
        out.append(sackPermitted ? " sackOK" : "");
        for (int i = 0; i < sackCount; i++) {
            out.append(" sack ").append((sackLeft[i] - peerStart) & 0xffffffffL);
            out.append('-').append((sackRight[i] - peerStart) & 0xffffffffL);
        }
        if (timestamps) {
            out.append(" ts ").append(tsVal & 0xffffffffL).append('/').append(tsEcr & 0xffffffffL);
        }
        return out.append(valid ? "" : " damaged").toString();
    }

    /** The payload, a copy. */
    byte[] payload() {
        return Arrays.copyOfRange(frame, payloadAt(), payloadAt() + payloadLength());
    }
}
