// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.IpAddress;
import java.nio.ByteBuffer;

/** A received packet whose IP header was sound and named us, decoded. Reused for every packet. */
public final class Datagram {
    /** First 8 bytes of the sender's address; an IPv4 address as {@link IpAddress} holds it. */
    public long sourceHi;

    /** Last 8 bytes of the sender's address. */
    public long sourceLo;

    /** Which of our addresses it came to, or which group we are in. */
    public IpAddress local;

    /** MAC address its frame came from; of IPv6 packets. */
    public long linkSource;

    /** Whether it came to a group. */
    public boolean toGroup;

    /** Where it lies; gone after the call. */
    public ByteBuffer buffer;

    /** First byte behind the IP headers. */
    public int at;

    /** Bytes behind the IP headers. */
    public int length;

    /** Whose bytes they are: the protocol, or the last next header. */
    public int protocol;

    /** TTL or hop limit it came with. */
    public int hopLimit;

    /** The two ECN bits it came with (RFC 3168). */
    public int ecn;

    /** Whether the IPv4 header had options, or IPv6 extension headers (H-2). */
    public boolean options;

    /** The way back, when it came by a route that its sender named; else null. */
    public SourceRoute route;

    /** The sender's address, as an object of its own. */
    public IpAddress source() {
        return IpAddress.of(sourceHi, sourceLo);
    }

    /** The sum of its pseudo header. */
    public long pseudoSum() {
        return Checksum.addPseudo(0, sourceHi, sourceLo, local, protocol, length);
    }
}
