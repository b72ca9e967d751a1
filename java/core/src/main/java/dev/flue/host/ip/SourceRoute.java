// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import dev.flue.host.link.Net;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The way that IPv4 packets go to a destination by hops that are named (RFC 791, 3.1; RFC 1122,
 * 3.2.1.8). Packets are sent to the first hop; the option holds the others, and the destination
 * last. Immutable.
 *
 * <p>IPv6 has none: its routing header of type 0 is no more (RFC 5095).
 */
public final class SourceRoute {
    /** No more addresses fit in the options of a header. */
    static final int MOST_ADDRESSES = 9;

    private static final int END = 0;
    private static final int NO_OPERATION = 1;
    private static final int LOOSE = 131;
    private static final int STRICT = 137;
    private static final int FIRST_POINTER = 4;
    private static final int ADDRESS_BYTES = 4;

    private final int type;
    private final List<IpAddress> hops;
    private final IpAddress destination;

    private SourceRoute(int type, List<IpAddress> hops, IpAddress destination) {
        this.type = type;
        this.hops = List.copyOf(hops);
        this.destination = destination;
    }

    /**
     * The loose route by some hops.
     *
     * @throws IllegalArgumentException when one of the addresses is not of IPv4, or they are too
     *     many
     */
    public static SourceRoute loose(List<IpAddress> hops, IpAddress destination) {
        boolean four = destination.isIpv4() && hops.stream().allMatch(IpAddress::isIpv4);
        if (!four || hops.isEmpty() || hops.size() > MOST_ADDRESSES - 1) {
            throw new IllegalArgumentException("no source route to " + destination + " by " + hops);
        }
        return new SourceRoute(LOOSE, hops, destination);
    }

    /** Whom packets are sent to. */
    public IpAddress firstHop() {
        return hops.get(0);
    }

    /** Bytes of the option and what fills it up to whole words. */
    public int optionBytes() {
        return 3 + hops.size() * ADDRESS_BYTES + 1;
    }

    /** Write the option and its padding behind a header without options. */
    void write(ByteBuffer buffer, int at) {
        buffer.put(at, (byte) type);
        buffer.put(at + 1, (byte) (optionBytes() - 1));
        buffer.put(at + 2, (byte) FIRST_POINTER);
        int end = at + 3;
        for (int i = 1; i < hops.size(); i++, end += ADDRESS_BYTES) {
            Net.putAddress4(buffer, end, hops.get(i));
        }
        Net.putAddress4(buffer, end, destination);
        buffer.put(end + ADDRESS_BYTES, (byte) END);
    }

    /** What the options of a received header say of its route. */
    enum Kind {
        /** There is none. */
        NONE,
        /** It ends here. */
        COMPLETE,
        /** It goes on: the packet is not for us, and we are no router. */
        UNDER_WAY,
        /** It cannot be. */
        BROKEN
    }

    /** Look for a route among the options from {@code at} to {@code end}. */
    static Kind look(ByteBuffer buffer, int at, int end) {
        int option = find(buffer, at, end);
        if (option < 0) {
            return Kind.NONE;
        }
        int length = Net.u8(buffer, option + 1);
        int pointer = length < 3 ? 0 : Net.u8(buffer, option + 2);
        boolean whole = length % ADDRESS_BYTES == 3 && pointer >= FIRST_POINTER;
        boolean aligned = pointer % ADDRESS_BYTES == 0;
        if (!whole || !aligned || find(buffer, option + length, end) >= 0) {
            return Kind.BROKEN;
        }
        return pointer > length ? Kind.COMPLETE : Kind.UNDER_WAY;
    }

    /**
     * The first option of either type, or -1. What is behind an option that cannot be is not looked
     * at.
     */
    private static int find(ByteBuffer buffer, int from, int end) {
        int at = from;
        while (at < end && Net.u8(buffer, at) != END) {
            int kind = Net.u8(buffer, at);
            int length = 1;
            if (kind != NO_OPERATION) {
                length = at + 1 < end ? Net.u8(buffer, at + 1) : 0;
                if (length < 2 || at + length > end) {
                    return -1;
                }
                if (kind == LOOSE || kind == STRICT) {
                    return at;
                }
            }
            at += length;
        }
        return -1;
    }

    /**
     * The way back: what a completed route recorded, from its end, and then its source. Where that
     * is no way of its own, because the source or we are all there is of it, there is none.
     *
     * @param source of the packet
     * @param own our address that it came to
     * @return null = none
     */
    static SourceRoute back(ByteBuffer buffer, int at, int end, IpAddress source, IpAddress own) {
        int option = find(buffer, at, end);
        if (option < 0) {
            return null;
        }
        List<IpAddress> hops = new ArrayList<>();
        int last = option + Net.u8(buffer, option + 1);
        for (int i = option + 3; i < last; i += ADDRESS_BYTES) {
            hops.add(Net.address4(buffer, i));
        }
        Collections.reverse(hops);
        while (!hops.isEmpty() && hops.get(0).equals(own)) {
            hops.remove(0);
        }
        // A sender that was on the list itself (RFC 1122, 3.2.1.8 c, case B).
        while (!hops.isEmpty() && hops.get(hops.size() - 1).equals(source)) {
            hops.remove(hops.size() - 1);
        }
        return hops.isEmpty() ? null : new SourceRoute(Net.u8(buffer, option), hops, source);
    }

    /**
     * Whom the packet of a header was for in the end: the last of its route, or the one it names.
     */
    static IpAddress destination(ByteBuffer buffer, int header, int end) {
        int option = find(buffer, header + Ipv4.HEADER, end);
        if (option >= 0 && look(buffer, header + Ipv4.HEADER, end) == Kind.UNDER_WAY) {
            return Net.address4(buffer, option + Net.u8(buffer, option + 1) - ADDRESS_BYTES);
        }
        return IpAddress.ofIpv4(Ipv4.destination(buffer, header));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SourceRoute route
                && type == route.type
                && hops.equals(route.hops)
                && destination.equals(route.destination);
    }

    @Override
    public int hashCode() {
        return hops.hashCode() * 31 + destination.hashCode();
    }

    @Override
    public String toString() {
        return hops + " to " + destination;
    }
}
