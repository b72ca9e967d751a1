// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.data.IpAddress;

/**
 * The versions of IP that scripts run over. A script speaks of TCP only, so it is the same over
 * both: the link of IPv6 carries as much more as its header is longer, and the MSS is 1460 on both.
 */
public enum IpVersion {
    V4(20, "198.18.0.1", "198.18.0.2"),
    V6(40, "2001:db8::1", "2001:db8::2");

    private static final int TCP_BYTES = 1480;

    private final int header;
    private final Endpoint local;
    private final Endpoint peer;

    IpVersion(int header, String local, String peer) {
        this.header = header;
        this.local = new Endpoint(0x0200c6120001L, IpAddress.of(local), 7_000);
        this.peer = new Endpoint(0x0200c6120002L, IpAddress.of(peer), 40_000);
    }

    static IpVersion of(IpAddress address) {
        return address.isIpv4() ? V4 : V6;
    }

    /** The subject's end. */
    public Endpoint local() {
        return local;
    }

    /** The script's end. */
    public Endpoint peer() {
        return peer;
    }

    /** MTU of the link and of the path, bytes: that of IPv4 is Ethernet's. */
    public int mtu() {
        return mtu(TCP_BYTES);
    }

    /** MTU that carries so many bytes behind the header. */
    int mtu(int bytes) {
        return header + bytes;
    }

    /** Bytes of the IP header, of a packet without options. */
    int header() {
        return header;
    }

    /** For messages. */
    @Override
    public String toString() {
        return this == V4 ? "IPv4" : "IPv6";
    }
}
