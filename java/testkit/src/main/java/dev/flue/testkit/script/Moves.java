// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

/** Moves a connection after the n-th event of a run: to the other side, or there and back. */
public final class Moves {
    /** Nothing moves. */
    public static final Moves NONE = new Moves(null, 0, 0);

    /** How long an engine waits for what may be on its way through the host, and a little. */
    private static final long SETTLING_NANOS = 102_000_000L;

    private final MovableSubject subject;
    private final int after;
    private final int wanted;
    private int before;
    private int asked;
    private int seen;
    private long at = Long.MIN_VALUE;

    /**
     * @param after which event
     * @param wanted how many moves, one as soon as the one before it is through
     */
    public Moves(MovableSubject subject, int after, int wanted) {
        this.subject = subject;
        this.after = after;
        this.wanted = wanted;
    }

    /** The n-th event happened. */
    void event(int n, long now) {
        if (subject != null && n == after) {
            before = subject.moves();
            seen = before;
            ask(now);
        }
    }

    private void ask(long now) {
        asked++;
        at = now;
        subject.move();
    }

    /** Part of the duty cycle: sees that a move is through, and asks for the next. */
    int doWork(long now) {
        if (asked == 0 || subject.moves() == seen) {
            return 0;
        }
        seen = subject.moves();
        at = now;
        if (asked < wanted) {
            ask(now);
        }
        return 1;
    }

    /** Whether a move was asked for, or came through, at this very instant. */
    boolean at(long now) {
        return at == now;
    }

    /**
     * Whether a hole that showed at {@code since} may go unreported: the engine has not had the
     * connection for long, or the segment came in the middle of the move.
     */
    boolean settling(long since, long now) {
        return asked > 0
                && subject.moves() != before
                && (subject.offloaded() ? now - at <= SETTLING_NANOS : since == at);
    }

    /** How many came through. */
    public int done() {
        return asked == 0 ? 0 : subject.moves() - before;
    }
}
