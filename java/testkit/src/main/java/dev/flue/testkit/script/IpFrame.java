// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * An IP packet of either version in an Ethernet frame: builds and takes apart what one script's end
 * sends to the other, with checksums. Shares no code with the stacks that it is to find faults in.
 */
final class IpFrame {
    static final int ETHERTYPE_IPV4 = 0x0800;
    static final int ETHERTYPE_ARP = 0x0806;
    static final int ETHERTYPE_IPV6 = 0x86dd;
    static final int ETHERNET = 14;

    private static final int ICMP = 1;
    private static final int VERSION_4 = 0x45;
    private static final int DONT_FRAGMENT = 0x4000;

    private IpFrame() {}

    static int etherType(byte[] frame) {
        return (frame[12] & 0xff) << 8 | frame[13] & 0xff;
    }

    /**
     * Build a frame.
     *
     * @param payload what the packet carries
     * @param sumAt where in it the checksum belongs, that a pseudo header is part of but in ICMP of
     *     IPv4; is written
     */
    static byte[] build(
            Endpoint from, Endpoint to, int protocol, int hopLimit, byte[] payload, int sumAt) {
        IpVersion version = IpVersion.of(from.address());
        ByteBuffer frame = ByteBuffer.allocate(ETHERNET + version.header() + payload.length);
        putMac(frame, to.mac());
        putMac(frame, from.mac());
        if (version == IpVersion.V4) {
            frame.putShort((short) ETHERTYPE_IPV4).putShort((short) (VERSION_4 << 8));
            frame.putShort((short) (version.header() + payload.length));
            frame.putShort((short) 1).putShort((short) DONT_FRAGMENT);
            frame.put((byte) hopLimit).put((byte) protocol).putShort((short) 0);
        } else {
            frame.putShort((short) ETHERTYPE_IPV6).putInt(6 << 28);
            frame.putShort((short) payload.length).put((byte) protocol).put((byte) hopLimit);
        }
        putAddress(frame, from.address());
        putAddress(frame, to.address());
        frame.put(payload);
        if (version == IpVersion.V4) {
            int sum = checksum(frame.array(), ETHERNET, version.header(), 0);
            frame.putShort(ETHERNET + 10, (short) sum);
        }
        int start = pseudo(from.address(), to.address(), protocol, payload.length);
        start = protocol == ICMP ? 0 : start;
        int at = ETHERNET + version.header();
        frame.putShort(at + sumAt, (short) checksum(frame.array(), at, payload.length, start));
        return frame.array();
    }

    /**
     * What a packet between these two carries.
     *
     * @return null when the frame holds no packet of this protocol from one to the other
     * @throws IllegalArgumentException when it does, and is malformed or a checksum is wrong
     */
    static byte[] payload(byte[] bytes, Endpoint from, Endpoint to, int protocol) {
        IpVersion version = IpVersion.of(from.address());
        boolean four = version == IpVersion.V4;
        int at = ETHERNET + version.header();
        int type = four ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        if (bytes.length < at
                || etherType(bytes) != type
                || frame.get(ETHERNET + (four ? 9 : 6)) != protocol
                || !has(bytes, ETHERNET + (four ? 12 : 8), from.address())
                || !has(bytes, ETHERNET + (four ? 16 : 24), to.address())) {
            return null;
        }
        int first = frame.get(ETHERNET) & 0xff;
        check(four ? first == VERSION_4 : first >>> 4 == 6, "another version, or IPv4 options");
        int length = frame.getShort(ETHERNET + (four ? 2 : 4)) & 0xffff;
        length -= four ? version.header() : 0;
        check(length >= 0 && length <= bytes.length - at, "lengths");
        check(!four || checksum(bytes, ETHERNET, version.header(), 0) == 0, "a wrong IP checksum");
        check(
                !four || frame.getShort(ETHERNET + 6) == DONT_FRAGMENT,
                "no DF, or a fragment of one");
        int start = pseudo(from.address(), to.address(), protocol, length);
        check(checksum(bytes, at, length, start) == 0, "a wrong checksum behind the IP header");
        return Arrays.copyOfRange(bytes, at, at + length);
    }

    /** IPv4 TOS or IPv6 traffic class. */
    static int trafficClass(byte[] frame) {
        ByteBuffer in = ByteBuffer.wrap(frame);
        boolean four = etherType(frame) == ETHERTYPE_IPV4;
        return (four ? in.get(ETHERNET + 1) : in.getShort(ETHERNET) >>> 4) & 0xff;
    }

    /** Write the same into a frame that was built without. */
    static void setTrafficClass(byte[] frame, int value) {
        ByteBuffer out = ByteBuffer.wrap(frame);
        if (etherType(frame) == ETHERTYPE_IPV6) {
            out.putShort(ETHERNET, (short) (6 << 12 | value << 4));
            return;
        }
        out.put(ETHERNET + 1, (byte) value).putShort(ETHERNET + 10, (short) 0);
        int sum = checksum(frame, ETHERNET, IpVersion.V4.header(), 0);
        out.putShort(ETHERNET + 10, (short) sum);
    }

    /** IPv4 TTL or IPv6 hop limit. */
    static int hops(byte[] frame) {
        return frame[ETHERNET + (etherType(frame) == ETHERTYPE_IPV4 ? 8 : 7)] & 0xff;
    }

    /** Complain of what a subject sent. */
    static void check(boolean good, String what) {
        if (!good) {
            throw new IllegalArgumentException("the subject sent a segment with " + what);
        }
    }

    static void putMac(ByteBuffer frame, long mac) {
        frame.putShort((short) (mac >>> 32)).putInt((int) mac);
    }

    static void putAddress(ByteBuffer out, IpAddress address) {
        out.put(bytes(address));
    }

    /** The address as packets carry it: 4 bytes or 16. */
    static byte[] bytes(IpAddress address) {
        if (address.isIpv4()) {
            return ByteBuffer.allocate(Integer.BYTES).putInt(address.toIpv4()).array();
        }
        ByteBuffer out = ByteBuffer.allocate(2 * Long.BYTES);
        return out.putLong(address.hi()).putLong(address.lo()).array();
    }

    /** Whether these bytes of a frame are this address. */
    static boolean has(byte[] frame, int at, IpAddress address) {
        byte[] wanted = bytes(address);
        return frame.length >= at + wanted.length
                && Arrays.equals(frame, at, at + wanted.length, wanted, 0, wanted.length);
    }

    /** RFC 1071 over a piece of the frame; 0 when a right checksum is part of it. */
    private static int checksum(byte[] frame, int at, int length, int start) {
        long sum = start;
        for (int i = 0; i < length; i++) {
            int octet = frame[at + i] & 0xff;
            sum += (i & 1) == 0 ? octet << 8 : octet;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) ~sum & 0xffff;
    }

    /** Sum of a pseudo header; the same of both versions but for the length of addresses. */
    private static int pseudo(IpAddress from, IpAddress to, int protocol, int length) {
        int sum = protocol + length;
        for (IpAddress address : new IpAddress[] {from, to}) {
            ByteBuffer words = ByteBuffer.wrap(bytes(address));
            while (words.hasRemaining()) {
                sum += words.getShort() & 0xffff;
            }
        }
        return sum;
    }
}
