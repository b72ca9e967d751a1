// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * When data that came in order is acknowledged: at once, or after the next segment, or a little
 * later (RFC 9293, 3.8.6.3; RFC 5681, 4.2).
 */
final class AckDelay {
    /** Segments that are acknowledged at once, so that the peer's slow start gets on. */
    static final int QUICK = 16;

    /** When the ACK that waits is due; Long.MAX_VALUE = none waits. */
    long dueAt = Long.MAX_VALUE;

    private int quick = QUICK;

    /** Largest payload that came: a full-sized segment of this peer. */
    private int fullSized;

    /**
     * Data came in order.
     *
     * @param waiting bytes that were not acknowledged yet, these included
     * @return whether the ACK is due now
     */
    boolean due(int payload, int waiting) {
        fullSized = Math.max(fullSized, payload);
        if (quick > 0) {
            quick--;
            return true;
        }
        return waiting >= 2 * fullSized;
    }

    /** An ACK waits, from now on no longer than this. */
    void start(long now, long longest) {
        dueAt = Math.min(dueAt, now + longest);
    }

    boolean waits() {
        return dueAt != Long.MAX_VALUE;
    }

    /** An ACK was sent. */
    void stop() {
        dueAt = Long.MAX_VALUE;
    }

    /** The peer may be in slow start: a loss, a move. */
    void hurry() {
        quick = QUICK;
    }
}
