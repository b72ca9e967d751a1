// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpState;

/** What is known of one connection at one moment; filled in while a query runs. */
public final class ConnectionSnapshot {
    public final TcpConnection connection;
    public TcpState state;
    public boolean offloaded;
    public String cause;
    public long neighborToken;
    public long pathToken;
    public long tcpToken;

    /** Milliseconds since a target last saw packets get to the neighbor; -1 = it was not asked. */
    public long reachableAgo = -1;

    public int pathMtu;
    public long cwnd;
    public long srttMicros;
    public long retransmits;
    public long bytesIn;
    public long bytesOut;

    /** As the host stack knows it. */
    public ConnectionSnapshot(TcpConnection c) {
        connection = c;
        state = c.state;
        offloaded = c.offloaded();
        cause = c.offloadCause();
        cwnd = c.congestion.cwnd;
        srttMicros = c.rtt.srttUs;
        retransmits = c.retransmits;
        bytesIn = c.bytesIn;
        bytesOut = c.bytesOut;
    }
}
