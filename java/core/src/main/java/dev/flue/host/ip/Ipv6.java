// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;

/** The IPv6 header (RFC 8200): where its fields are, and how ours looks. */
public final class Ipv6 {
    /** Bytes of the header, extension headers apart. */
    public static final int HEADER = 40;

    /** What every link carries in one piece. */
    public static final int LEAST_MTU = 1280;

    /** Next header: hop-by-hop options. */
    public static final int HOP_BY_HOP = 0;

    public static final int ROUTING = 43;
    public static final int FRAGMENT = 44;
    public static final int ICMPV6 = 58;
    public static final int NO_NEXT_HEADER = 59;
    public static final int DESTINATION_OPTIONS = 60;

    /** Hop limit of what we send. */
    public static final int HOP_LIMIT = 64;

    private static final int FLOW_LABEL = 0xfffff;
    private static final int CLASS_AND_LABEL = 0xfffffff;

    private Ipv6() {}

    /** The flow label as {@link #build} takes it, with a traffic class. */
    public static int label(int flowLabel, int trafficClass) {
        return trafficClass << 20 | flowLabel & FLOW_LABEL;
    }

    public static int version(ByteBuffer buffer, int at) {
        return Net.u8(buffer, at) >>> 4;
    }

    /** Bytes behind the header. */
    public static int payloadLength(ByteBuffer buffer, int at) {
        return Net.u16(buffer, at + 4);
    }

    public static int nextHeader(ByteBuffer buffer, int at) {
        return Net.u8(buffer, at + 6);
    }

    public static int hopLimit(ByteBuffer buffer, int at) {
        return Net.u8(buffer, at + 7);
    }

    public static int flowLabel(ByteBuffer buffer, int at) {
        return Net.u32(buffer, at) & FLOW_LABEL;
    }

    public static IpAddress source(ByteBuffer buffer, int at) {
        return Net.address6(buffer, at + 8);
    }

    public static IpAddress destination(ByteBuffer buffer, int at) {
        return Net.address6(buffer, at + 24);
    }

    /** Write a header. */
    public static void build(
            ByteBuffer buffer,
            int at,
            int payloadLength,
            int flowLabel,
            int nextHeader,
            int hopLimit,
            IpAddress source,
            IpAddress destination) {
        Net.put32(buffer, at, 6 << 28 | flowLabel & CLASS_AND_LABEL);
        Net.put16(buffer, at + 4, payloadLength);
        buffer.put(at + 6, (byte) nextHeader);
        buffer.put(at + 7, (byte) hopLimit);
        Net.putAddress6(buffer, at + 8, source);
        Net.putAddress6(buffer, at + 24, destination);
    }
}
