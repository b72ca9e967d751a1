// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.data.IpAddress;
import dev.flue.host.link.EthernetLink;

/** The versions of IP that tests run over, and the addresses they use there. */
public enum Ip {
    V4("198.18.0.1", "198.18.0.2", EthernetLink.TYPE_IPV4),
    V6("2001:db8::1", "2001:db8::2", EthernetLink.TYPE_IPV6);

    /** Of the stack under test, or of the client. */
    public final IpAddress first;

    /** Of its peer, or of the server. */
    public final IpAddress second;

    /** Of frames. */
    public final int etherType;

    Ip(String first, String second, int etherType) {
        this.first = IpAddress.of(first);
        this.second = IpAddress.of(second);
        this.etherType = etherType;
    }

    /** Bytes of IP and TCP headers without options. */
    public int headers() {
        return this == V4 ? 40 : 60;
    }
}
