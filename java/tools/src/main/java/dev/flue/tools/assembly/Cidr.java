// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

import dev.flue.data.IpAddress;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An IP address with the length of its network's prefix.
 *
 * @param address of either version
 * @param prefix 1..30, or 1..126
 */
public record Cidr(IpAddress address, int prefix) {
    private static final int IPV4_BITS = 32;
    private static final int IPV6_BITS = 128;

    /**
     * "198.18.0.2/24", "2001:db8::2/64".
     *
     * @throws IllegalArgumentException with a sentence for people
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        String length = text.substring(slash + 1);
        if (slash < 0 || !length.matches("[1-9]\\d{0,2}")) {
            throw noCidr(text);
        }
        IpAddress address = IpAddress.of(text.substring(0, slash));
        int prefix = Integer.parseInt(length);
        if (prefix > (address.isIpv4() ? IPV4_BITS : IPV6_BITS) - 2) {
            throw noCidr(text);
        }
        Cidr cidr = new Cidr(address, prefix);
        if (!cidr.isOfOneHost()) {
            throw new IllegalArgumentException("'" + text + "' is no address of one host");
        }
        return cidr;
    }

    private static IllegalArgumentException noCidr(String text) {
        return new IllegalArgumentException(
                "'" + text + "' is not ADDRESS/PREFIX, such as 198.18.0.2/24 or 2001:db8::2/64");
    }

    /** Not of a network, a broadcast, a group, this host itself, or nothing at all. */
    private boolean isOfOneHost() {
        if (address.isMulticast() || address.isUnspecified() || address.equals(network())) {
            return false;
        }
        if (!address.isIpv4()) {
            return !address.is(0, 1) && !address.isLinkLocal();
        }
        int first = address.toIpv4() >>> 24;
        int hosts = (int) ~maskLo();
        return first != 0 && first != 127 && first < 224 && (address.toIpv4() & hosts) != hosts;
    }

    /** "198.18.0.2/24 and 2001:db8::2/64": for people. */
    public static String join(List<Cidr> cidrs) {
        return cidrs.stream().map(Cidr::toString).collect(Collectors.joining(" and "));
    }

    public boolean isIpv6() {
        return !address.isIpv4();
    }

    /** Whether an address is of the same version of IP. */
    public boolean sameVersion(IpAddress other) {
        return address.isIpv4() == other.isIpv4();
    }

    /** The address of the network itself. */
    public IpAddress network() {
        return IpAddress.of(address.hi() & maskHi(), address.lo() & maskLo());
    }

    /** The first address of the network that is not this one. */
    public Cidr neighbor() {
        IpAddress network = network();
        IpAddress first = IpAddress.of(network.hi(), network.lo() + 1);
        IpAddress second = IpAddress.of(network.hi(), network.lo() + 2);
        return new Cidr(first.equals(address) ? second : first, prefix);
    }

    public boolean contains(IpAddress other) {
        return sameVersion(other) && new Cidr(other, prefix).network().equals(network());
    }

    /** The prefix in the 128 bits that both versions are held in. */
    private int bits() {
        return address.isIpv4() ? IPV6_BITS - IPV4_BITS + prefix : prefix;
    }

    private long maskHi() {
        return mask(Math.min(64, bits()));
    }

    private long maskLo() {
        return mask(Math.max(0, bits() - 64));
    }

    private static long mask(int bits) {
        return bits == 0 ? 0 : -1L << 64 - bits;
    }

    @Override
    public String toString() {
        return address + "/" + prefix;
    }
}
