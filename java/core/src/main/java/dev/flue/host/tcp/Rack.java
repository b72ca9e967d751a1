// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

/**
 * RACK: what was sent before something that has arrived, and longer ago than a round trip and a
 * little, is lost (RFC 8985, 6.2). Nanoseconds; the state of one connection.
 */
final class Rack implements Scoreboard.Arrivals {
    /** Segments behind a hole that tell of a loss as long as no reordering was seen. */
    static final int DUPLICATES = 3;

    /** Recoveries for which a wider window holds. */
    private static final int PERSIST = 16;

    private static final long MILLISECOND = 1_000_000;

    /** Something arrived yet: the members below have a meaning. */
    boolean known;

    /** RACK.xmit_ts: when the most recently sent of what arrived was sent. */
    long sentAt;

    /** RACK.end_seq: one past its last byte. */
    int end;

    /** RACK.rtt: how long that took. */
    long rtt;

    /** RACK.fack: one past the highest byte that arrived. */
    int fack;

    /** Something arrived behind what was sent later. */
    boolean reordering;

    /** RACK.reo_wnd_mult. */
    int mult = 1;

    /** RACK.reo_wnd_persist. */
    int persist;

    /** What came first of this ACK was sent how long ago, once; -1 = nothing of that kind came. */
    long sample;

    private boolean roundKnown;
    private int roundEnd;

    // The ACK that is being looked at.
    private long now;
    private long leastRtt;
    private long smoothedRtt;
    private boolean echoed;
    private long echoNanos;

    /** An ACK came. */
    void begin(long time, long minRtt, long srtt) {
        now = time;
        leastRtt = minRtt;
        smoothedRtt = srtt;
        echoed = false;
        sample = -1;
    }

    /** It echoes a segment that was sent at this time, to the millisecond. */
    void echo(long nanos) {
        echoed = true;
        echoNanos = nanos;
    }

    @Override
    public void arrived(int pieceEnd, long pieceSentAt, boolean again) {
        long took = now - pieceSentAt;
        if (!again) {
            sample = Math.max(sample, took);
        }
        boolean first = !known;
        if (first || Seq.gt(pieceEnd, fack)) {
            fack = pieceEnd;
        } else if (Seq.lt(pieceEnd, fack) && !again) {
            reordering = true;
        }
        // What arrived may be what was sent first, not what was sent again.
        boolean earlier = echoed && echoNanos < pieceSentAt - pieceSentAt % MILLISECOND;
        if (again && (earlier || took < leastRtt)) {
            return;
        }
        rtt = took;
        if (first || sentAfter(pieceSentAt, pieceEnd, sentAt, end)) {
            sentAt = pieceSentAt;
            end = pieceEnd;
        }
        known = true;
    }

    @Override
    public void ordered(int pieceEnd, long pieceSentAt) {
        if (!known) {
            rtt = smoothedRtt;
            fack = pieceEnd;
        }
        reordering |= Seq.lt(pieceEnd, fack);
        fack = Seq.max(fack, pieceEnd);
        if (!known || sentAfter(pieceSentAt, pieceEnd, sentAt, end)) {
            sentAt = pieceSentAt;
            end = pieceEnd;
        }
        known = true;
    }

    private static boolean sentAfter(long time, int sequence, long otherTime, int other) {
        return time > otherTime || time == otherTime && Seq.gt(sequence, other);
    }

    /** The peer had something twice: perhaps it was not lost but late. Once a round trip. */
    void duplicate(int una, int next) {
        if (roundKnown && Seq.geq(una, roundEnd)) {
            roundKnown = false;
        }
        if (!roundKnown) {
            roundKnown = true;
            roundEnd = next;
            mult = Math.min(mult + 1, 0xff);
            persist = PERSIST;
        }
    }

    /** Nothing is known. */
    void forget() {
        known = false;
        reordering = false;
        mult = 1;
        persist = 0;
        roundKnown = false;
    }

    /** A recovery ended. */
    void recovered() {
        persist = Math.max(0, persist - 1);
        if (persist == 0) {
            mult = 1;
        }
    }

    /** How much later than what was sent after it a segment may arrive. */
    private long window(boolean recovering, boolean duplicates, long srtt) {
        if (!reordering && (recovering || duplicates)) {
            return 0;
        }
        return Math.min(mult * leastRtt / 4, srtt);
    }

    /**
     * Mark what is lost.
     *
     * @param minRtt that was ever measured
     * @return nanoseconds until more of it may be; 0 = nothing waits for that
     */
    long detect(
            Scoreboard board, boolean recovering, boolean dups, long srtt, long minRtt, long time) {
        if (!known) {
            return 0;
        }
        leastRtt = minRtt;
        long allowed = rtt + window(recovering, dups, srtt);
        long wait = 0;
        for (int i = 0; i < board.runs(); i++) {
            boolean underWay = (board.flags(i) & (Scoreboard.SACKED | Scoreboard.LOST)) == 0;
            if (underWay && sentAfter(sentAt, end, board.sentAt(i), board.end(i))) {
                // What came was under way for a round trip, and this was sent before it.
                board.sentBefore(i, time - rtt);
                long left = board.sentAt(i) + allowed - time;
                if (left <= 0) {
                    board.lose(i);
                } else {
                    wait = Math.max(wait, left);
                }
            }
        }
        return wait;
    }

    /** A timeout: the first segment is lost, and what is older than a round trip (6.3). */
    void timeout(Scoreboard board, int mss, long srtt, long time) {
        board.loseFirst(mss);
        long allowed = rtt + window(true, true, srtt);
        for (int i = 0; i < board.runs(); i++) {
            if (!known || board.sentAt(i) + allowed <= time) {
                board.lose(i);
            }
        }
    }
}
