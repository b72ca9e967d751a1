// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.ip;

import dev.flue.data.ConnectionProblem;
import dev.flue.data.IpAddress;

/** Who takes what IP received for TCP. */
public interface SegmentSink {
    /** One segment; the datagram is gone after the call. */
    void segment(Datagram datagram, long now);

    /**
     * An ICMP error about a segment that we sent.
     *
     * @param problem what it says, for the application; null = the packet was too big
     * @param hard whether it says that nobody will ever listen there: port or protocol unreachable
     * @param local our address
     * @param remote whom the segment was for
     * @param localPort ours
     * @param remotePort the peer's
     * @param sequence of the segment it is about
     * @return whether it can be true: a connection of ours could have sent that segment
     */
    boolean icmpError(
            ConnectionProblem problem,
            boolean hard,
            IpAddress local,
            IpAddress remote,
            int localPort,
            int remotePort,
            int sequence);

    /** A path now takes no packets above this size. */
    void pathMtu(IpAddress destination, int mtu);
}
