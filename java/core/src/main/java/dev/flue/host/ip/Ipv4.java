// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/** The IPv4 header (RFC 791): where its fields are, and how ours looks. */
public final class Ipv4 {
    /** Bytes of a header without options. */
    public static final int HEADER = 20;

    public static final int PROTOCOL_ICMP = 1;
    public static final int PROTOCOL_TCP = 6;

    /** TTL of what we send. */
    public static final int TTL = 64;

    static final int MORE_OR_OFFSET = 0x3fff;
    static final int DONT_FRAGMENT = 0x4000;

    private Ipv4() {}

    public static int version(ByteBuffer buffer, int at) {
        return Net.u8(buffer, at) >>> 4;
    }

    /** Bytes of the header, options included. */
    public static int headerLength(ByteBuffer buffer, int at) {
        return (buffer.get(at) & 0xf) * 4;
    }

    public static int totalLength(ByteBuffer buffer, int at) {
        return Net.u16(buffer, at + 2);
    }

    public static int id(ByteBuffer buffer, int at) {
        return Net.u16(buffer, at + 4);
    }

    /** Whether it is a piece of a packet. */
    public static boolean fragment(ByteBuffer buffer, int at) {
        return (Net.u16(buffer, at + 6) & MORE_OR_OFFSET) != 0;
    }

    public static int ttl(ByteBuffer buffer, int at) {
        return Net.u8(buffer, at + 8);
    }

    public static int protocol(ByteBuffer buffer, int at) {
        return Net.u8(buffer, at + 9);
    }

    /** Host byte order. */
    public static int source(ByteBuffer buffer, int at) {
        return Net.u32(buffer, at + 12);
    }

    /** Host byte order. */
    public static int destination(ByteBuffer buffer, int at) {
        return Net.u32(buffer, at + 16);
    }

    /** Change TTL and TOS of a header, and its checksum. */
    public static void dress(ByteBuffer buffer, int at, int ttl, int tos) {
        if (ttl == TTL && tos == 0) {
            return;
        }
        buffer.put(at + 1, (byte) tos);
        buffer.put(at + 8, (byte) ttl);
        buffer.putShort(at + 10, (short) 0);
        buffer.putShort(at + 10, Checksum.finish(Checksum.add(0, buffer, at, HEADER)));
    }

    /** Put a source route behind a header without options, where the room for it is. */
    static void route(ByteBuffer buffer, int at, SourceRoute route) {
        int header = HEADER + route.optionBytes();
        buffer.put(at, (byte) (0x40 | header / 4));
        Net.putAddress4(buffer, at + 16, route.firstHop());
        route.write(buffer, at + HEADER);
        buffer.putShort(at + 10, (short) 0);
        buffer.putShort(at + 10, Checksum.finish(Checksum.add(0, buffer, at, header)));
    }

    /** Write a header without options, DF set. */
    public static void build(
            ByteBuffer buffer,
            int at,
            int totalLength,
            int id,
            int protocol,
            IpAddress source,
            IpAddress destination) {
        buffer.put(at, (byte) 0x45);
        buffer.put(at + 1, (byte) 0);
        Net.put16(buffer, at + 2, totalLength);
        Net.put16(buffer, at + 4, id);
        Net.put16(buffer, at + 6, DONT_FRAGMENT);
        buffer.put(at + 8, (byte) TTL);
        buffer.put(at + 9, (byte) protocol);
        buffer.putShort(at + 10, (short) 0);
        Net.putAddress4(buffer, at + 12, source);
        Net.putAddress4(buffer, at + 16, destination);
        buffer.putShort(at + 10, Checksum.finish(Checksum.add(0, buffer, at, HEADER)));
    }
}
