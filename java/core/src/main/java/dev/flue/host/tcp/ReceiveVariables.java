// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/** RCV.* of a connection (RFC 9293, 3.3.1), and its timestamps (RFC 7323). */
final class ReceiveVariables {
    /** The peer's initial sequence number. */
    int irs;

    /** Next expected. */
    int nxt;

    /** Promised right edge: one past the last byte the peer may send. Never goes back. */
    int adv;

    /** Our window scale. */
    int shift;

    /** Bytes by which rounding up has moved the right edge beyond the buffer. */
    int rounded;

    /** RCV.NXT of the last ACK sent (Last.ACK.sent). */
    int lastAckSent;

    /** Timestamps were agreed on. */
    boolean timestamps;

    /** TS.Recent. */
    int tsRecent;

    /** TS.Recent when a target was given the connection: what came since is no older. */
    int tsGiven;

    /** When TS.Recent was taken, milliseconds of the stack's clock. */
    long tsRecentAt;

    /** Our timestamps are the stack's milliseconds plus this (StackDelta). */
    int tsDelta;

    /** SACK was agreed on. */
    boolean sack;

    /** What our SACK options say. */
    final SackBlocks sacks = new SackBlocks();

    /** When our ACKs are due. */
    final AckDelay delay = new AckDelay();
}
