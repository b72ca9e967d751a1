// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.util.Arrays;
import java.util.BitSet;

/**
 * One end of a conversation as the wire shows it: what it sent, and what it may know by what came
 * to it. Numbers are relative: 0 is this end's SYN; of what came, 0 is the peer's SYN.
 */
final class WireHalf {
    final String name;

    // What it sent.
    boolean synSent;
    int iss;
    int mss = -1;
    int shift = -1;
    boolean sackPermitted;
    boolean timestamps;
    long sndMax;
    long fin = -1;
    byte[] content = new byte[4096];
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
            if (place >= sndMax) {
                content[index + i] = value;
            } else if (place >= stable && content[index + i] != value) {
                return place;
            }
        }
        return -1;
    }
}
