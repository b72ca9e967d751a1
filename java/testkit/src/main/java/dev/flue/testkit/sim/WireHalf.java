// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.util.Arrays;
import java.util.BitSet;

/**
 * One end of a conversation as the wire shows it: what it sent, and what it may know by what came
 * to it. Numbers are relative: 0 is this end's SYN; of what came, 0 is the peer's SYN.
 *
 * <p>It is one life of that end. A SYN that comes when it is over, be it an old one that the wire
 * had kept, opens a listening port again: that is the next life, with numbers of its own. The peer
 * goes on speaking of the life whose SYN came to it first.
 */
final class WireHalf {
    private static final long FIRST_TIMEOUT_NANOS = 1_000_000_000L;

    final String name;

    /** Whom it speaks of; by its SYN, once that came. */
    WireHalf peer;

    /** What begins with the SYN that came when this was over; null while none came. */
    WireHalf next;

    private WireHalf previous;

    // What it sent.
    boolean synSent;
    int iss;
    private long synAt;
    private long synDue;
    int mss = -1;
    int shift = -1;
    boolean sackPermitted;
    boolean timestamps;
    long sndMax;
    long fin = -1;
    boolean finishesLast;
    private byte[] content = new byte[4096];
    private final BitSet seen = new BitSet();
    int tsMax;
    boolean tsSent;
    int tsEcrMax;
    boolean tsEcrSent;
    long ackSent;
    long edgeSent;
    boolean edgeKnown;
    boolean resetSent;

    // What came to it.
    final BitSet came = new BitSet();
    long ackSeen;
    long edgeSeen;
    int tsSeen;
    boolean tsKnown;
    boolean resetSeen;

    // What it surely took in, one instant later.
    long ackSure;
    long ackPending;
    long ackPendingAt;

    WireHalf(String name) {
        this.name = name;
    }

    /** Everything below came. */
    long contiguous() {
        return came.nextClearBit(0);
    }

    /** The FIN of the peer came, and all before it. */
    boolean peerFinished() {
        return peer.fin >= 0 && contiguous() > peer.fin;
    }

    /**
     * Nothing is left of it: reset, never answered and given up, or closed both ways by whoever
     * does not have to wait. Whoever sent its FIN first is in TIME-WAIT, and takes no old SYN (RFC
     * 9293, 3.10.7.4).
     */
    private boolean over(long now) {
        boolean givenUp = ackSeen == 0 && now > synDue;
        boolean closed = finishesLast && ackSeen > fin && peerFinished();
        return resetSeen || resetSent || givenUp || closed;
    }

    /** Its SYN was sent, again perhaps: the next one is due after twice the time (RFC 6298). */
    void synSent(long now, int number) {
        synDue = now + (synSent ? 2 * (now - synAt) : FIRST_TIMEOUT_NANOS);
        synAt = now;
        if (!synSent) {
            synSent = true;
            iss = number;
        }
    }

    /** A SYN comes to it. */
    void meet(long now, WireSegment syn) {
        if (synSent && !syn.has(WireSegment.ACK) && over(now)) {
            next = new WireHalf(name);
            next.peer = peer;
            next.previous = this;
        }
        if (!came.get(0)) {
            peer = peer.lifeOf(syn);
        }
    }

    /** The life of this end that sent this SYN. */
    private WireHalf lifeOf(WireSegment syn) {
        WireHalf life = this;
        while (life.next != null) {
            life = life.next;
        }
        while (life.previous != null && !(life.synSent && life.iss == syn.seq())) {
            life = life.previous;
        }
        return life;
    }

    /** Something it sent is not known to have arrived. */
    boolean outstanding() {
        return synSent && sndMax > ackSeen;
    }

    /** The largest acknowledgment it surely knew before this instant. */
    long surelyAcknowledged(long now) {
        if (ackPending > ackSure && now > ackPendingAt) {
            ackSure = ackPending;
        }
        return ackSure;
    }

    /**
     * Remember what was sent at this place for the first time.
     *
     * @return place of the first byte that differs from what was sent there before, or -1
     */
    long note(WireSegment segment, long start, long stable) {
        int length = segment.payloadLength();
        int index = (int) start - 1;
        if (index + length > content.length) {
            content = Arrays.copyOf(content, Math.max(index + length, 2 * content.length));
        }
        for (int i = 0; i < length; i++) {
            long place = start + i;
            byte value = segment.frame[segment.payloadAt() + i];
            if (!seen.get(index + i)) {
                seen.set(index + i);
                content[index + i] = value;
            } else if (place >= stable && content[index + i] != value) {
                return place;
            }
        }
        return -1;
    }
}
