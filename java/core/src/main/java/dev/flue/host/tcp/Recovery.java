// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.tcp;

import dev.flue.offload.TcpStateExt;

/**
 * What a connection whose peer sends SACKs knows of what it has in flight: the scoreboard, RACK,
 * the probe of the tail, and what to restore if a loss turns out to be none. {@link LossRecovery}
 * works on it.
 */
final class Recovery {
    /** What the second timer of the data runs for. */
    enum Timer {
        NONE,
        /** More may be lost then (RFC 8985, 6.2). */
        REORDER,
        /** Nothing was heard: send a probe (RFC 8985, 7). */
        PROBE
    }

    final Scoreboard board = new Scoreboard();
    final Rack rack = new Rack();

    Timer timer = Timer.NONE;
    long timerAt = Long.MAX_VALUE;

    // ---- Tail loss probe.

    /** A probe is out, and what became of it is not known. */
    boolean probing;

    /** TLP.end_seq. */
    int probeEnd;

    /** TLP.is_retrans: it sent old data again. */
    boolean probeAgain;

    /** A round trip was measured since the last probe. */
    boolean measured = true;

    /** Where the last new segment begins. */
    int tailFrom;

    // ---- Undo (RFC 4015, 3708).

    /** A cut may be taken back. */
    boolean undoable;

    /** SND.UNA then. */
    int undoFrom;

    /** Bytes sent again since then that the peer did not say it had already. */
    int undoBytes;

    /** When the first of them was sent; 0 = none was. */
    long firstAgainAt;

    /** SND.UNA did not move since then. */
    boolean unanswered;

    private int priorCwnd;
    private int priorSsthresh;
    private final int[] priorWords = new int[TcpStateExt.CC_WORDS];

    void stopTimer() {
        timer = Timer.NONE;
        timerAt = Long.MAX_VALUE;
    }

    /** Before a cut. */
    void remember(Congestion cc, int una) {
        priorCwnd = cc.cwnd;
        priorSsthresh = cc.ssthresh;
        for (int i = 0; i < priorWords.length; i++) {
            priorWords[i] = cc.control.word(i);
        }
        undoable = true;
        undoFrom = una;
        undoBytes = 0;
        firstAgainAt = 0;
        unanswered = true;
    }

    /** Nothing was lost: as if there had been no cut. */
    void restore(Congestion cc) {
        cc.cwnd = Math.max(cc.cwnd, priorCwnd);
        cc.ssthresh = Math.max(cc.ssthresh, priorSsthresh);
        for (int i = 0; i < priorWords.length; i++) {
            cc.control.word(i, priorWords[i]);
        }
        undoable = false;
    }

    /** Bytes were sent again. */
    void again(int bytes, long now) {
        undoBytes += bytes;
        firstAgainAt = firstAgainAt == 0 ? now : firstAgainAt;
    }

    /** Nothing is in flight that anything is known of. */
    void forget(int una) {
        board.clear(una);
        stopTimer();
        probing = false;
        undoable = false;
    }
}
