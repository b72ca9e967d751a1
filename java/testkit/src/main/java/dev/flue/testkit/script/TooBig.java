// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import java.nio.ByteBuffer;

/** What a router says when a packet does not fit its next link: ICMP or ICMPv6. */
final class TooBig {
    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;
    private static final int UNREACHABLE = 3;
    private static final int FRAGMENTATION_NEEDED = 4;
    private static final int PACKET_TOO_BIG = 2;
    private static final int CHECKSUM_AT = 2;
    private static final int HEAD = 8;
    private static final int QUOTED_OF_TCP = 8;
    private static final int HOP_LIMIT = 64;

    private TooBig() {}

    /**
     * The message about a packet.
     *
     * @param frame that did not fit
     * @param router who says so
     * @param sender of the frame
     * @param bytes that fit, behind the IP header
     */
    static byte[] about(byte[] frame, Endpoint router, Endpoint sender, int bytes) {
        IpVersion version = IpVersion.of(sender.address());
        int quoted = version.header() + QUOTED_OF_TCP;
        ByteBuffer out = ByteBuffer.allocate(HEAD + quoted);
        int mtu = version.header() + bytes;
        if (version == IpVersion.V4) {
            out.put((byte) UNREACHABLE).put((byte) FRAGMENTATION_NEEDED);
            out.putShort(6, (short) mtu);
        } else {
            out.put((byte) PACKET_TOO_BIG).putInt(4, mtu);
        }
        out.put(HEAD, frame, IpFrame.ETHERNET, quoted);
        int protocol = version == IpVersion.V4 ? ICMP : ICMPV6;
        return IpFrame.build(router, sender, protocol, HOP_LIMIT, out.array(), CHECKSUM_AT);
    }
}
