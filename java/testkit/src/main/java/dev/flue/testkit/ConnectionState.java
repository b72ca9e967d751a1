// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import dev.flue.offload.TcpState;

/**
 * What a test wants to hand over as an established connection that never had a handshake. Fields
 * are set by their names; sequence numbers are the next ones on either side.
 */
public final class ConnectionState {
    public TcpState state = TcpState.ESTABLISHED;
    public int localPort;
    public int remotePort;

    /** RSS hash; 0 = none. */
    public int flowHash;

    /** Whether window scaling was agreed. */
    public boolean scaled;

    /** Shift of the windows the peer announces. */
    public int sendScale;

    /** Shift of the windows we announce. */
    public int receiveScale;

    public boolean timestamps;

    /** Whether selective acknowledgments were agreed. */
    public boolean sack;

    /** Whether explicit congestion notification was agreed. */
    public boolean ecn;

    public int remoteMss = 1460;

    /** Next byte to send, all before it acknowledged. */
    public int sendNext = 1;

    /** Next byte to receive, all before it consumed. */
    public int receiveNext = 1;

    /** Bytes. */
    public int sendWindow = 65_535;

    /** Bytes. */
    public int receiveWindow = 65_535;

    /** Bytes. */
    public int congestionWindow = 14_600;

    /** Bytes. */
    public int slowStartThreshold = Integer.MAX_VALUE;

    public int roundTripMicros = 1_000;
    public int timeoutMicros = 200_000;

    /** TS.Recent. */
    public int timestampRecent;

    /** TsTime: what our own timestamps show now. */
    public int timestampTime = 1_000_000;

    public ConnectionState ports(int local, int remote) {
        localPort = local;
        remotePort = remote;
        return this;
    }

    public ConnectionState sequence(int send, int receive) {
        sendNext = send;
        receiveNext = receive;
        return this;
    }
}
