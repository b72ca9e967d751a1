// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;

/**
 * Our addresses, of one version of IP or both, and the ways from them. One interface. What it
 * returns was made at the start: look-ups allocate nothing.
 */
public final class RouteTable {
    private final Routes ipv4;
    private Routes ipv6;
    private IpAddress linkLocal;

    /**
     * @param ipv4 null = not spoken
     * @param ipv6 null = not spoken
     * @param linkLocal our address in fe80::/10; null when IPv6 is not spoken
     */
    public RouteTable(Routes ipv4, Routes ipv6, IpAddress linkLocal) {
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
        this.linkLocal = linkLocal;
    }

    /** fe80::/64 with the interface identifier that a MAC address gives (RFC 4291, appendix A). */
    public static IpAddress linkLocal(long mac) {
        long identifier = (mac & 0xffffff000000L) << 16 | 0xfffeL << 24 | mac & 0xffffffL;
        return IpAddress.of(0xfe80L << 48, identifier ^ 0x0200_0000_0000_0000L);
    }

    /** Our IPv4 address and its network, or null. */
    public Routes ipv4() {
        return ipv4;
    }

    /** Our IPv6 address and its network, or null. */
    public Routes ipv6() {
        return ipv6;
    }

    /** Our address on the link, or null. */
    public IpAddress linkLocal() {
        return linkLocal;
    }

    /** Another host has one of our IPv6 addresses: it is not ours any more. */
    void giveUp(IpAddress address) {
        if (address.equals(linkLocal)) {
            linkLocal = null;
        } else if (ipv6 != null && address.equals(ipv6.address())) {
            ipv6 = null;
        }
    }

    /** The one of our addresses that these 16 bytes are, or null. */
    public IpAddress ours(long hi, long lo) {
        if (ipv4 != null && ipv4.address().is(hi, lo)) {
            return ipv4.address();
        }
        if (ipv6 != null && ipv6.address().is(hi, lo)) {
            return ipv6.address();
        }
        return linkLocal != null && linkLocal.is(hi, lo) ? linkLocal : null;
    }

    /** Which of our addresses speaks to a destination; null = none can. */
    public IpAddress source(IpAddress destination) {
        if (destination.isLinkLocal()) {
            return linkLocal;
        }
        Routes routes = routes(destination);
        return routes == null ? null : routes.address();
    }

    /** Who takes a packet for this destination next; null = there is no way. */
    public IpAddress nextHop(IpAddress destination) {
        if (destination.isLinkLocal()) {
            return linkLocal == null ? null : destination;
        }
        Routes routes = routes(destination);
        return routes == null ? null : routes.nextHop(destination);
    }

    /** Whether an address stands for many, or for nobody. */
    public boolean group(long hi, long lo) {
        Routes routes = IpAddress.isIpv4(hi, lo) ? ipv4 : ipv6;
        return routes != null && routes.group(hi, lo);
    }

    /** Whether there is a way to an address that one host can have. */
    public boolean reaches(IpAddress destination) {
        return nextHop(destination) != null && !group(destination.hi(), destination.lo());
    }

    private Routes routes(IpAddress destination) {
        return destination.isIpv4() ? ipv4 : ipv6;
    }
}
