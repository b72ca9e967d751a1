// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

/**
 * An IP address of either version. Immutable; 128 bits, an IPv4 address is held as ::ffff:a.b.c.d
 * (RFC 4291, 2.5.5.2), so that one look-up serves both.
 */
public final class IpAddress implements Comparable<IpAddress> {
    private static final long MAPPED = 0xffffL << 32;
    private static final long MAPPED_MASK = -1L << 32;
    private static final int GROUPS = 8;

    private final long hi;
    private final long lo;

    private IpAddress(long hi, long lo) {
        this.hi = hi;
        this.lo = lo;
    }

    /** The address whose first and last 8 bytes, in network order, are these numbers. */
    public static IpAddress of(long hi, long lo) {
        return new IpAddress(hi, lo);
    }

    /** The IPv4 address that is this number in host byte order. */
    public static IpAddress ofIpv4(int address) {
        return new IpAddress(0, MAPPED | address & 0xffffffffL);
    }

    /**
     * "198.18.0.1" or "2001:db8::1" (RFC 4291, 2.2). Never asks a name server.
     *
     * @throws IllegalArgumentException with a sentence for people
     */
    public static IpAddress of(String text) {
        IpAddress address = text.indexOf(':') < 0 ? parse4(text) : parse6(text);
        if (address == null) {
            throw new IllegalArgumentException("'" + text + "' is not an IP address");
        }
        return address;
    }

    /** First 8 bytes, as a number in network order. */
    public long hi() {
        return hi;
    }

    /** Last 8 bytes, as a number in network order. */
    public long lo() {
        return lo;
    }

    public boolean isIpv4() {
        return isIpv4(hi, lo);
    }

    /** Whether the address of these 16 bytes is an IPv4 address. */
    public static boolean isIpv4(long hi, long lo) {
        return hi == 0 && (lo & MAPPED_MASK) == MAPPED;
    }

    /** Host byte order; meaningless when it is no IPv4 address. */
    public int toIpv4() {
        return (int) lo;
    }

    /** An IPv6 address that means something on its link only: fe80::/10. */
    public boolean isLinkLocal() {
        return hi >>> 54 == 0xfe80L >>> 6;
    }

    /** Stands for a group of hosts: 224.0.0.0/4, ff00::/8. */
    public boolean isMulticast() {
        return isIpv4() ? toIpv4() >>> 28 == 0xe : hi >>> 56 == 0xff;
    }

    /** Stands for nobody: 0.0.0.0, ::. */
    public boolean isUnspecified() {
        return hi == 0 && (lo == 0 || lo == MAPPED);
    }

    /** Whether it is the address of these 16 bytes. */
    public boolean is(long otherHi, long otherLo) {
        return hi == otherHi && lo == otherLo;
    }

    /** With a port, for people: "198.18.0.1:80", "[2001:db8::1]:80". */
    public String withPort(int port) {
        return isIpv4() ? this + ":" + port : "[" + this + "]:" + port;
    }

    @Override
    public int compareTo(IpAddress other) {
        int first = Long.compareUnsigned(hi, other.hi);
        return first != 0 ? first : Long.compareUnsigned(lo, other.lo);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof IpAddress that && hi == that.hi && lo == that.lo;
    }

    @Override
    public int hashCode() {
        long mixed = (hi * 0x9E3779B97F4A7C15L ^ lo) * 0xBF58476D1CE4E5B9L;
        return (int) (mixed >>> 32);
    }

    /** As RFC 5952 writes it. */
    @Override
    public String toString() {
        return isIpv4() ? format4(toIpv4()) : format6();
    }

    private static String format4(int address) {
        return (address >>> 24)
                + "."
                + (address >>> 16 & 0xff)
                + "."
                + (address >>> 8 & 0xff)
                + "."
                + (address & 0xff);
    }

    private int group(int index) {
        long half = index < GROUPS / 2 ? hi : lo;
        return (int) (half >>> 48 - 16 * (index % 4)) & 0xffff;
    }

    /** The first of the longest runs of at least two zero groups is left out. */
    private String format6() {
        int start = -1;
        int longest = 1;
        int run = 0;
        for (int i = 0; i < GROUPS; i++) {
            run = group(i) == 0 ? run + 1 : 0;
            if (run > longest) {
                longest = run;
                start = i + 1 - run;
            }
        }
        StringBuilder text = new StringBuilder();
        int i = 0;
        while (i < GROUPS) {
            if (i == start) {
                text.append("::");
                i += longest;
                continue;
            }
            if (i > 0 && i != start + longest || i > 0 && start < 0) {
                text.append(':');
            }
            text.append(Integer.toHexString(group(i++)));
        }
        return text.toString();
    }

    /** Four decimal numbers, nothing else; null when they are not there. */
    private static IpAddress parse4(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 4) {
            return null;
        }
        int address = 0;
        for (String part : parts) {
            boolean number = part.matches("0|[1-9]\\d{0,2}") && Integer.parseInt(part) <= 0xff;
            if (!number) {
                return null;
            }
            address = address << 8 | Integer.parseInt(part);
        }
        return ofIpv4(address);
    }

    private static IpAddress parse6(String text) {
        int gap = text.indexOf("::");
        if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) {
            return null;
        }
        int[] before = groups(gap < 0 ? text : text.substring(0, gap), gap < 0);
        int[] after = groups(gap < 0 ? "" : text.substring(gap + 2), true);
        if (before == null || after == null) {
            return null;
        }
        int given = before.length + after.length;
        if (gap < 0 ? given != GROUPS : given >= GROUPS) {
            return null;
        }
        int[] all = new int[GROUPS];
        System.arraycopy(before, 0, all, 0, before.length);
        System.arraycopy(after, 0, all, GROUPS - after.length, after.length);
        return new IpAddress(half(all, 0), half(all, GROUPS / 2));
    }

    private static long half(int[] groups, int from) {
        long half = 0;
        for (int i = 0; i < GROUPS / 2; i++) {
            half = half << 16 | groups[from + i];
        }
        return half;
    }

    /** Groups between colons; the last may be an IPv4 address. Null when one is none. */
    private static int[] groups(String text, boolean last) {
        if (text.isEmpty()) {
            return new int[0];
        }
        String[] parts = text.split(":", -1);
        boolean dotted = last && parts[parts.length - 1].indexOf('.') >= 0;
        int[] groups = new int[parts.length + (dotted ? 1 : 0)];
        int plain = dotted ? parts.length - 1 : parts.length;
        for (int i = 0; i < plain; i++) {
            if (!parts[i].matches("[0-9a-fA-F]{1,4}")) {
                return null;
            }
            groups[i] = Integer.parseInt(parts[i], 16);
        }
        if (dotted) {
            IpAddress tail = parse4(parts[plain]);
            if (tail == null) {
                return null;
            }
            groups[plain] = tail.toIpv4() >>> 16;
            groups[plain + 1] = tail.toIpv4() & 0xffff;
        }
        return groups;
    }
}
