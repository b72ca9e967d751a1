// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

/**
 * What hinders a connection and does not end it: it may be over with the next segment. Told by
 * {@link ConnectionHandler#onProblem} (RFC 9293, 3.9.1.8; ICMP of both versions of IP).
 */
public enum ConnectionProblem {
    /** The same segment was sent again and again, and nothing came back; it goes on being sent. */
    NO_ACKNOWLEDGMENT,

    /** A router has no way to the peer's network. */
    NETWORK_UNREACHABLE,

    /** The last router does not get to the peer. */
    HOST_UNREACHABLE,

    /** The peer's host says that it does not speak TCP. */
    PROTOCOL_UNREACHABLE,

    /** The peer's host says that nobody listens there. */
    PORT_UNREACHABLE,

    /** A hop of the source route could not be reached. */
    SOURCE_ROUTE_FAILED,

    /** Somebody on the way does not let our packets pass. */
    PROHIBITED,

    /** A packet passed more routers than it may. */
    TIME_EXCEEDED,

    /** The peer's host had not all fragments of a packet in time. */
    REASSEMBLY_TIME_EXCEEDED,

    /** Somebody did not understand the header of a packet. */
    PARAMETER_PROBLEM
}
