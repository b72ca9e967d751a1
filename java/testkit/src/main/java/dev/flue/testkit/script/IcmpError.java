// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.nio.ByteBuffer;

/** What a router says about a packet: ICMP or ICMPv6, with the packet's beginning in it. */
final class IcmpError {
    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;
    private static final int UNREACHABLE = 3;
    private static final int HOST_UNREACHABLE = 1;
    private static final int FRAGMENTATION_NEEDED = 4;
    private static final int SOURCE_QUENCH = 4;
    private static final int UNREACHABLE_V6 = 1;
    private static final int PACKET_TOO_BIG = 2;
    private static final int CHECKSUM_AT = 2;
    private static final int HEAD = 8;
    private static final int QUOTED_OF_TCP = 8;
    private static final int HOP_LIMIT = 64;

    private IcmpError() {}

    /**
     * It did not fit the next link.
     *
     * @param frame with the packet
     * @param router who says so
     * @param sender of the frame
     * @param bytes that fit, behind the IP header
     */
    static byte[] tooBig(byte[] frame, Endpoint router, Endpoint sender, int bytes) {
        IpVersion version = IpVersion.of(sender.address());
        return version == IpVersion.V4
                ? error(
                        frame,
                        router,
                        sender,
                        UNREACHABLE,
                        FRAGMENTATION_NEEDED,
                        version.mtu(bytes))
                : error(frame, router, sender, PACKET_TOO_BIG, 0, version.mtu(bytes));
    }

    /** There is no way to its destination now. */
    static byte[] unreachable(byte[] frame, Endpoint router, Endpoint sender) {
        return IpVersion.of(sender.address()) == IpVersion.V4
                ? error(frame, router, sender, UNREACHABLE, HOST_UNREACHABLE, 0)
                : error(frame, router, sender, UNREACHABLE_V6, 0, 0);
    }

    /** There is too much of it; IPv6 has no such message, and gets one of an unknown type. */
    static byte[] quench(byte[] frame, Endpoint router, Endpoint sender) {
        int type = IpVersion.of(sender.address()) == IpVersion.V4 ? SOURCE_QUENCH : 100;
        return error(frame, router, sender, type, 0, 0);
    }

    private static byte[] error(
            byte[] frame, Endpoint router, Endpoint sender, int type, int code, int argument) {
        IpVersion version = IpVersion.of(sender.address());
        int quoted = version.header() + QUOTED_OF_TCP;
        ByteBuffer out = ByteBuffer.allocate(HEAD + quoted);
        out.put((byte) type).put((byte) code).putInt(HEAD / 2, argument);
        out.put(HEAD, frame, IpFrame.ETHERNET, quoted);
        int protocol = version == IpVersion.V4 ? ICMP : ICMPV6;
        return IpFrame.build(router, sender, protocol, HOP_LIMIT, out.array(), CHECKSUM_AT);
    }
}
