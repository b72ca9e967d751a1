// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import java.nio.ByteBuffer;

/** Who takes what IP received for TCP. */
public interface SegmentSink {
    /**
     * One segment whose IP header was sound and named us.
     *
     * @param at first byte of the TCP header
     * @param options whether the IP header had options
     */
    void segment(int source, ByteBuffer buffer, int at, int length, boolean options, long now);

    /**
     * An ICMP error about a segment that we sent.
     *
     * @param type of the ICMP message
     * @param code of the ICMP message
     * @param sequence of the segment it is about
     * @return whether it can be true: a connection of ours could have sent that segment
     */
    boolean icmpError(
            int type, int code, int destination, int sourcePort, int destinationPort, int sequence);

    /** A path now takes no packets above this size. */
    void pathMtu(int destination, int mtu);
}
