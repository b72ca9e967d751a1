// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.LongToIntFunction;
import java.util.function.Supplier;

/**
 * Runs duty cycles and a wire on one virtual clock. An instant is worked until nobody has anything
 * left to do at it; then the clock jumps to the next deadline. No thread, no sleep, no real clock:
 * the same actors give the same run, and {@link #traceHash} says whether they did.
 *
 * <p>A run that can't end fails, and the failure says who was waiting for what.
 */
public final class Simulation {
    /** Something with a duty cycle: a host stack, an application, a fault that strikes later. */
    public interface Actor {
        /**
         * @param nowNanos virtual time
         * @return how much was done; 0 = nothing
         */
        int doWork(long nowNanos);

        /** When it is to be called next, or Long.MAX_VALUE when only others can wake it. */
        long nextDeadline();
    }

    /** A run that was stopped; its message says where everybody stood. */
    public static final class StoppedException extends AssertionError {
        private static final long serialVersionUID = 1L;

        StoppedException(String message) {
            super(message);
        }
    }

    private static final long MAX_ROUNDS_AT_ONE_INSTANT = 500_000;
    private static final int MAX_LATE_ROUNDS = 1_000;
    private static final long NUDGE_NANOS = 1_000;
    private static final String GOES_ROUND =
            "goes round, somebody is due all the time and does nothing";
    private static final long HASH_FACTOR = 0x9E3779B97F4A7C15L;

    private final List<String> names = new ArrayList<>();
    private final List<Actor> actors = new ArrayList<>();
    private final List<Supplier<String>> notes = new ArrayList<>();
    private final List<Strike> strikes = new ArrayList<>();
    private LongSupplier wireNext = () -> Long.MAX_VALUE;
    private LongSupplier wireHash = () -> 0;
    private long now;
    private long stepLimit = 20_000_000;
    private long timeLimit = 3_600_000_000_000L;
    private long steps;
    private long events;
    private long hash = 1;

    private record Strike(long event, Runnable action) {}

    /**
     * @param startNanos what the clock shows at first
     */
    public Simulation(long startNanos) {
        this.now = startNanos;
    }

    /** Turns come in the order of adding. */
    public Simulation add(String name, Actor actor) {
        names.add(name);
        actors.add(actor);
        return this;
    }

    /** A duty cycle given by its two methods. */
    public Simulation add(String name, LongToIntFunction doWork, LongSupplier nextDeadline) {
        return add(
                name,
                new Actor() {
                    @Override
                    public int doWork(long nowNanos) {
                        return doWork.applyAsInt(nowNanos);
                    }

                    @Override
                    public long nextDeadline() {
                        return nextDeadline.getAsLong();
                    }
                });
    }

    /**
     * The wire between the actors.
     *
     * @param nextEvent when somebody will have a frame to receive, or Long.MAX_VALUE
     * @param traceHash hash over what it delivered
     */
    public Simulation wire(LongSupplier nextEvent, LongSupplier traceHash) {
        wireNext = nextEvent;
        wireHash = traceHash;
        return this;
    }

    /** Something to print when a run fails. */
    public Simulation note(Supplier<String> note) {
        notes.add(note);
        return this;
    }

    /** Rounds over all actors before a run is given up; 20 million unless set. */
    public Simulation stepLimit(long limit) {
        stepLimit = limit;
        return this;
    }

    /** Virtual nanoseconds one call may take before it is given up; an hour unless set. */
    public Simulation timeLimit(long nanos) {
        timeLimit = nanos;
        return this;
    }

    public long now() {
        return now;
    }

    /** Rounds over all actors so far. */
    public long steps() {
        return steps;
    }

    /** Turns so far in which an actor did something: the events that a run is counted in. */
    public long events() {
        return events;
    }

    /** Equal for equal runs: who did how much when, and what the wire delivered. */
    public long traceHash() {
        return hash ^ Long.rotateLeft(wireHash.getAsLong(), 32);
    }

    /** Do something between two turns, once the n-th event from now has happened. */
    public Simulation afterEvents(long n, Runnable action) {
        strikes.add(new Strike(events + n, action));
        return this;
    }

    /**
     * Run until the condition holds.
     *
     * @param what the condition in words, for the failure
     * @throws StoppedException when nothing is left to do, or at a limit
     */
    public void until(String what, BooleanSupplier condition) {
        long deadline = now + timeLimit;
        long limit = steps + stepLimit;
        while (!condition.getAsBoolean()) {
            if (workInstant(what, condition, limit)) {
                return;
            }
            advance(what, deadline);
        }
    }

    /** Nothing will ever happen any more, unless somebody from outside does something. */
    public boolean idle() {
        return nextEvent() == Long.MAX_VALUE;
    }

    /** Run for some time; what is due at its end is done. Being idle is no failure here. */
    public void run(long nanos) {
        String what = "the time is over";
        long end = now + nanos;
        long limit = steps + stepLimit;
        int late = 0;
        while (true) {
            workInstant(what, () -> false, limit);
            long next = nextEvent();
            late = next <= now ? late + 1 : 0;
            if (late > MAX_LATE_ROUNDS) {
                throw stopped(GOES_ROUND, what);
            }
            next = Math.max(next, now + (late > 0 ? NUDGE_NANOS : 0));
            if (next > end) {
                break;
            }
            now = next;
        }
        if (now < end) {
            now = end;
            workInstant(what, () -> false, limit);
        }
    }

    /** Rounds at this instant until one does nothing. True when the condition came to hold. */
    private boolean workInstant(String what, BooleanSupplier condition, long limit) {
        for (long rounds = 0; round() > 0; rounds++) {
            if (condition.getAsBoolean()) {
                return true;
            }
            if (rounds > MAX_ROUNDS_AT_ONE_INSTANT) {
                throw stopped("is busy without end at one instant", what);
            }
            if (steps > limit) {
                throw stopped("used up its " + stepLimit + " steps", what);
            }
        }
        return condition.getAsBoolean();
    }

    private long round() {
        long work = 0;
        steps++;
        for (int i = 0; i < actors.size(); i++) {
            int done = actors.get(i).doWork(now);
            if (done > 0) {
                work += done;
                events++;
                hash = (hash ^ now) * HASH_FACTOR;
                hash = (hash ^ (long) i << 32 ^ done) * HASH_FACTOR;
                hash ^= hash >>> 29;
                work += strike();
            }
        }
        return work;
    }

    private int strike() {
        int struck = 0;
        for (int i = 0; i < strikes.size(); i++) {
            if (strikes.get(i).event <= events) {
                strikes.remove(i--).action.run();
                struck++;
            }
        }
        return struck;
    }

    private void advance(String what, long deadline) {
        long next = nextEvent();
        if (next == Long.MAX_VALUE) {
            throw stopped("is stuck, nothing is due any more", what);
        }
        int late = 0;
        while (next <= now) {
            if (++late > MAX_LATE_ROUNDS) {
                throw stopped(GOES_ROUND, what);
            }
            now += NUDGE_NANOS;
            if (round() > 0) {
                return;
            }
            next = nextEvent();
        }
        if (next > deadline) {
            throw stopped("took " + seconds(timeLimit) + " of virtual time", what);
        }
        now = next == Long.MAX_VALUE ? now : next;
    }

    private long nextEvent() {
        long next = wireNext.getAsLong();
        for (Actor actor : actors) {
            next = Math.min(next, actor.nextDeadline());
        }
        return next;
    }

    private StoppedException stopped(String how, String what) {
        StringBuilder text = new StringBuilder(256);
        text.append("the simulation ").append(how).append(" at ").append(seconds(now));
        text.append("; it waits until ").append(what);
        text.append(String.format("%n  %d steps, %d events, trace %016x", steps, events, hash));
        for (int i = 0; i < actors.size(); i++) {
            text.append(String.format("%n  %s: ", names.get(i)));
            text.append(due(actors.get(i).nextDeadline()));
        }
        text.append(String.format("%n  wire: ")).append(due(wireNext.getAsLong()));
        for (Supplier<String> note : notes) {
            text.append(String.format("%n  ")).append(note.get());
        }
        return new StoppedException(text.toString());
    }

    private static String due(long deadline) {
        return deadline == Long.MAX_VALUE ? "nothing due" : "due at " + seconds(deadline);
    }

    private static String seconds(long nanos) {
        return String.format("%.6f s", nanos / 1e9);
    }
}
