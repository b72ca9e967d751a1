// SPDX-License-Identifier: Apache-2.0
package dev.flue.host;

import dev.flue.data.IpAddress;
import dev.flue.host.tcp.ConnectionSnapshot;
import dev.flue.host.tcp.TcpConnection;
import dev.flue.offload.TcpState;

/**
 * One connection at one moment. Of an offloaded one the numbers come from the target.
 *
 * @param localAddress ours
 * @param localPort ours
 * @param remoteAddress the peer's
 * @param remotePort the peer's
 * @param state by RFC 9293
 * @param offloaded whether a target has it
 * @param cause why it is not offloaded, for people; "" when it is
 * @param neighborToken of the target; 0 when it is not offloaded
 * @param pathToken of the target; 0 when it is not offloaded
 * @param tcpToken of the target; 0 when it is not offloaded
 * @param reachableAgoMillis since the target last saw packets get to the neighbor; -1 = no target
 *     was asked
 * @param pathMtu of its path: what the target sends by when it is offloaded
 * @param cwnd bytes
 * @param srttMicros 0 = not measured yet
 * @param retransmits segments sent again since it was established
 * @param bytesIn payload received in order since it was established
 * @param bytesOut payload acknowledged since it was established
 */
public record ConnectionInfo(
        IpAddress localAddress,
        int localPort,
        IpAddress remoteAddress,
        int remotePort,
        TcpState state,
        boolean offloaded,
        String cause,
        long neighborToken,
        long pathToken,
        long tcpToken,
        long reachableAgoMillis,
        int pathMtu,
        long cwnd,
        long srttMicros,
        long retransmits,
        long bytesIn,
        long bytesOut) {
    static ConnectionInfo of(ConnectionSnapshot s) {
        TcpConnection c = s.connection;
        return new ConnectionInfo(
                c.localAddress(),
                c.localPort(),
                c.remoteAddress(),
                c.remotePort(),
                s.state,
                s.offloaded,
                s.cause,
                s.neighborToken,
                s.pathToken,
                s.tcpToken,
                s.reachableAgo,
                s.pathMtu,
                s.cwnd,
                s.srttMicros,
                s.retransmits,
                s.bytesIn,
                s.bytesOut);
    }
}
