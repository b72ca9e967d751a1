// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

/**
 * Options of one connection. A new value takes effect wherever the connection is: on the host stack
 * at once; in a target by an update of its CACHED variables (chimney 4.4), which goes down in the
 * next turn. Owned by the thread of the connection.
 */
public interface ConnectionOptions {
    /** Value of {@link #userTimeoutMillis()}: never give up for want of acknowledgments. */
    int UNLIMITED = -1;

    boolean keepAlive();

    /** Probe an idle peer. Off at first. */
    ConnectionOptions keepAlive(boolean on);

    int keepAliveIdleMillis();

    /** Idle time before the first probe, at least 1; two hours at first. */
    ConnectionOptions keepAliveIdleMillis(int millis);

    int keepAliveIntervalMillis();

    /** Time between probes that are not answered, at least 1; a second at first. */
    ConnectionOptions keepAliveIntervalMillis(int millis);

    int keepAliveCount();

    /** Probes without an answer that end the connection, 1..255; ten at first. */
    ConnectionOptions keepAliveCount(int count);

    int receiveBuffer();

    /**
     * Bytes that may be held unread, and the window: at least 2048, at most what the window scale
     * that was agreed on can express. The window that the peer was promised does not shrink.
     */
    ConnectionOptions receiveBuffer(int bytes);

    boolean noDelay();

    /** Off: small segments wait while data is in flight (Nagle). On at first. */
    ConnectionOptions noDelay(boolean on);

    int hopLimit();

    /** IPv4 TTL, IPv6 hop limit, 1..255; 64 at first. */
    ConnectionOptions hopLimit(int hops);

    int trafficClass();

    /** IPv4 TOS, IPv6 traffic class, 0..255; its two ECN bits are TCP's. 0 at first. */
    ConnectionOptions trafficClass(int value);

    boolean problemReports();

    /** Whether {@link ConnectionHandler#onProblem} is called. On at first (RFC 9293, SHLD-20). */
    ConnectionOptions problemReports(boolean on);

    int userTimeoutMillis();

    /**
     * How long one segment is sent again and again before the connection is given up (RFC 5482): 0
     * = by the count of retransmissions, as at first; {@link #UNLIMITED}.
     */
    ConnectionOptions userTimeoutMillis(int millis);
}
