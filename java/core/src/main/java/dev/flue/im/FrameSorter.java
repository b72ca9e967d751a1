// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

/**
 * Whose a frame from the network is, where the host stack and the kernel are behind the same MAC
 * address, and perhaps behind the same IP address: what of TCP the host stack claims is its own,
 * what it alone has the address for, and what errors say about its connections; answers to who
 * asked for a next hop are both's; the rest is the kernel's. Allocates nothing.
 */
final class FrameSorter {
    static final int NOBODY = 0;
    static final int HOST = 1;
    static final int KERNEL = 2;
    static final int BOTH = HOST | KERNEL;

    private static final int ETHERNET = 14;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_ARP = 0x0806;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int ARP_BYTES = 28;
    private static final int ARP_REQUEST = 1;
    private static final long MAPPED = 0xffffL << 32;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int FRAGMENT_OFFSET = 0x1fff;
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int ICMPV6 = 58;
    private static final int ICMP_BYTES = 8;
    private static final int PORTS = 4;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int MAX_EXTENSIONS = 16;
    private static final int LAST_ERROR = 4;
    private static final int LISTENER_QUERY = 130;
    private static final int SOLICITATION = 135;
    private static final int ADVERTISEMENT = 136;

    private final long mac;
    private final AddressSet own;
    private final AddressSet shared;
    private final FragmentTable fragments = new FragmentTable();
    private TcpClaims claims = (localHi, localLo, localPort, hi, lo, remotePort) -> false;
    private FrameHead frame;
    private long now;

    // Of the packet in hand.
    private long sourceHi;
    private long sourceLo;
    private long localHi;
    private long localLo;

    /**
     * @param mac of both
     * @param own addresses that the host stack alone has
     * @param shared addresses that both have
     */
    FrameSorter(long mac, AddressSet own, AddressSet shared) {
        this.mac = mac;
        this.own = own;
        this.shared = shared;
    }

    void claims(TcpClaims value) {
        claims = value;
    }

    /**
     * Of a frame from the network: NOBODY, which is one that we sent ourselves, HOST, KERNEL or
     * BOTH.
     */
    int arrived(FrameHead head, long nowNanos) {
        frame = head;
        now = nowNanos;
        if (!frame.has(0, ETHERNET)) {
            return KERNEL;
        }
        if (frame.u48(6) == mac) {
            return NOBODY;
        }
        return switch (frame.u16(12)) {
            case TYPE_ARP -> arp();
            case TYPE_IPV4 -> group() ? KERNEL : ipv4();
            case TYPE_IPV6 -> ipv6();
            default -> KERNEL;
        };
    }

    /**
     * Whether a frame of the kernel's is of a connection of the host stack's, or would become one.
     */
    boolean clashes(FrameHead head) {
        frame = head;
        if (!frame.has(0, ETHERNET)) {
            return false;
        }
        int type = frame.u16(12);
        int segment = type == TYPE_IPV4 ? segment4(ETHERNET) : 0;
        if (type == TYPE_IPV6 && frame.has(ETHERNET, IPV6_BYTES) && frame.u8(ETHERNET + 6) == TCP) {
            addresses6(ETHERNET);
            segment = ETHERNET + IPV6_BYTES;
        }
        // Seen from the kernel the source is what is local.
        return segment != 0
                && frame.has(segment, PORTS)
                && claims.claims(
                        sourceHi,
                        sourceLo,
                        frame.u16(segment),
                        localHi,
                        localLo,
                        frame.u16(segment + 2));
    }

    private boolean group() {
        return (frame.u8(0) & 1) != 0;
    }

    private int arp() {
        if (!frame.has(ETHERNET, ARP_BYTES) || frame.u16(ETHERNET + 6) != ARP_REQUEST) {
            return BOTH;
        }
        return asked(0, MAPPED | frame.u32(ETHERNET + 24) & 0xffff_ffffL);
    }

    /** Who is asked for an address answers; what others ask may be news for both. */
    private int asked(long hi, long lo) {
        if (own.contains(hi, lo)) {
            return HOST;
        }
        return shared.contains(hi, lo) ? KERNEL : BOTH;
    }

    // ---- IPv4.

    /** The addresses of the packet there, and where its segment begins; 0 = it has none here. */
    private int segment4(int at) {
        if (!addresses4(at)) {
            return 0;
        }
        boolean first = (frame.u16(at + 6) & FRAGMENT_OFFSET) == 0;
        return first && frame.u8(at + 9) == TCP ? at + headerBytes(at) : 0;
    }

    private int headerBytes(int at) {
        return 4 * (frame.u8(at) & 0xf);
    }

    private boolean addresses4(int at) {
        if (!frame.has(at, IPV4_BYTES) || frame.u8(at) >>> 4 != 4 || headerBytes(at) < IPV4_BYTES) {
            return false;
        }
        sourceHi = 0;
        sourceLo = MAPPED | frame.u32(at + 12) & 0xffff_ffffL;
        localHi = 0;
        localLo = MAPPED | frame.u32(at + 16) & 0xffff_ffffL;
        return true;
    }

    private int ipv4() {
        if (!addresses4(ETHERNET)) {
            return KERNEL;
        }
        if (own.contains(localHi, localLo)) {
            return HOST;
        }
        int protocol = frame.u8(ETHERNET + 9);
        int fragment = frame.u16(ETHERNET + 6);
        boolean begins = (fragment & FRAGMENT_OFFSET) == 0;
        int at = ETHERNET + headerBytes(ETHERNET);
        if (protocol != TCP) {
            return protocol == ICMP && begins ? icmp(at) : KERNEL;
        }
        int id = frame.u16(ETHERNET + 4);
        if (!begins) {
            return later(id);
        }
        return (fragment & MORE_FRAGMENTS) != 0 ? first(id, tcp(at)) : tcp(at);
    }

    private int tcp(int at) {
        boolean claimed =
                frame.has(at, PORTS)
                        && claims.claims(
                                localHi,
                                localLo,
                                frame.u16(at + 2),
                                sourceHi,
                                sourceLo,
                                frame.u16(at));
        return claimed ? HOST : KERNEL;
    }

    /** An error quotes the packet that it is about, which is one of ours, or the kernel's. */
    private int icmp(int at) {
        if (!frame.has(at, ICMP_BYTES)) {
            return KERNEL;
        }
        return switch (frame.u8(at)) {
            case 3, 4, 11, 12 -> quoted(segment4(at + ICMP_BYTES));
            default -> KERNEL;
        };
    }

    private int quoted(int segment) {
        boolean claimed =
                segment != 0
                        && frame.has(segment, PORTS)
                        && claims.claims(
                                sourceHi,
                                sourceLo,
                                frame.u16(segment),
                                localHi,
                                localLo,
                                frame.u16(segment + 2));
        return claimed ? HOST : KERNEL;
    }

    // ---- Fragments.

    private int first(int id, int to) {
        fragments.put(sourceHi, sourceLo, localHi, localLo, id, to, now);
        return to;
    }

    /** One that came before the first one goes to both: whose it is not drops it in the end. */
    private int later(int id) {
        int to = fragments.get(sourceHi, sourceLo, localHi, localLo, id, now);
        return to == 0 ? BOTH : to;
    }

    // ---- IPv6.

    private void addresses6(int at) {
        sourceHi = frame.u64(at + 8);
        sourceLo = frame.u64(at + 16);
        localHi = frame.u64(at + 24);
        localLo = frame.u64(at + 32);
    }

    private int ipv6() {
        if (!frame.has(ETHERNET, IPV6_BYTES)) {
            return KERNEL;
        }
        addresses6(ETHERNET);
        if (own.contains(localHi, localLo)) {
            return HOST;
        }
        int next = frame.u8(ETHERNET + 6);
        int at = ETHERNET + IPV6_BYTES;
        for (int i = 0; i < MAX_EXTENSIONS && extension(next) && frame.has(at, 8); i++) {
            if (next == FRAGMENT) {
                return fragment6(at);
            }
            next = frame.u8(at);
            at += 8 + 8 * frame.u8(at + 1);
        }
        if (next == ICMPV6) {
            return icmp6(at);
        }
        return next == TCP && !group() ? tcp(at) : KERNEL;
    }

    private int fragment6(int at) {
        if (frame.u8(at) != TCP || group()) {
            return KERNEL;
        }
        int id = frame.u32(at + 4);
        return (frame.u16(at + 2) & ~7) == 0 ? first(id, tcp(at + 8)) : later(id);
    }

    private static boolean extension(int next) {
        return next == HOP_BY_HOP
                || next == ROUTING
                || next == FRAGMENT
                || next == DESTINATION_OPTIONS;
    }

    private int icmp6(int at) {
        if (!frame.has(at, ICMP_BYTES)) {
            return KERNEL;
        }
        int type = frame.u8(at);
        if (type == SOLICITATION && frame.has(at, ICMP_BYTES + 16)) {
            return asked(frame.u64(at + 8), frame.u64(at + 16));
        }
        if (type == ADVERTISEMENT || type == LISTENER_QUERY) {
            return BOTH;
        }
        int quoted = at + ICMP_BYTES;
        if (type > LAST_ERROR || !frame.has(quoted, IPV6_BYTES) || frame.u8(quoted + 6) != TCP) {
            return KERNEL;
        }
        addresses6(quoted);
        return quoted(quoted + IPV6_BYTES);
    }
}
