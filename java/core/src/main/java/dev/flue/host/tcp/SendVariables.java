// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** SND.* of a connection (RFC 9293, 3.3.1). */
final class SendVariables {
    /** Initial sequence number. */
    int iss;

    /** Oldest not acknowledged. */
    int una;

    /** Next to send; behind {@link #max} after a timeout. */
    int nxt;

    /** Highest ever sent, plus one. */
    int max;

    /** The peer's window, bytes from una. */
    int wnd;

    /** Largest window the peer ever offered. */
    int maxWnd;

    /** Sequence and acknowledgment number of the segment that last changed the window. */
    int wl1;

    int wl2;

    /** Window scaling was agreed on; otherwise both scales are 0. */
    boolean scaling;

    /** The peer's window scale. */
    int shift;

    /** Most payload of one of our segments, options taken off. */
    int mss;

    /** What the peer announced. */
    int peerMss;

    /** Our FIN was sent; it lies at max - 1. */
    boolean finSent;

    boolean finAcked;

    /** A zero-window probe lies beyond the window: max is ahead of what the peer has to take. */
    boolean probed;
}
