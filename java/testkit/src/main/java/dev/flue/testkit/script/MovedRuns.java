// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.script;

import dev.flue.testkit.script.WireTrace.Sent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One script, run plain on either side of a hand-over and then again and again with a move after
 * each of its events in turn: every segment in, every segment out, every act of the application.
 *
 * <p>A moved run has to hold every expectation of the script, at its time, with nothing sent
 * beyond; and its segments have to be those of a plain run, in their order, with the same place and
 * length in the stream, acknowledgment, flags and kinds of options. Three things may differ:
 *
 * <ul>
 *   <li>At the instant of a move, and only then, a pure ACK may go out that acknowledges something
 *       not acknowledged before: the delayed ACK that the giver owes (H-7, T-67). It stands for the
 *       next ACK of the plain run that acknowledges no more.
 *   <li>For 100 ms after an engine got the connection a duplicate ACK may be missing, or come late,
 *       once for each that is missing: the engine gives what is on its way through the host the
 *       time to fill the hole. A segment that came in the middle of a move back, behind a hole, may
 *       draw none: the stack takes it for one that the engine has answered.
 *   <li>Where stack and engine legally differ in a plain run, each segment has to be that of the
 *       stack whose turn it was: of the giver up to the move, of the taker after it.
 * </ul>
 */
public final class MovedRuns {
    /** What a script of more events does after so many is the same again and again. */
    private static final int MOST_EVENTS = 80;

    /** How a connection moves. */
    public enum Route {
        STACK_TO_ENGINE(false, 1),
        ENGINE_TO_STACK(true, 1),
        STACK_TO_ENGINE_AND_BACK(false, 2),
        ENGINE_TO_ENGINE(true, 2);

        private final boolean startsOffloaded;
        private final int moves;

        Route(boolean startsOffloaded, int moves) {
            this.startsOffloaded = startsOffloaded;
            this.moves = moves;
        }
    }

    private final WireScript script;
    private final int[] start;
    private final Function<Boolean, ? extends MovableSubject> subjects;
    private final WireTrace[] plain = new WireTrace[2];
    private int runs;
    private int moved;

    /**
     * @param start iss and irs
     * @param subjects makes a fresh subject whose connection starts offloaded, or not
     */
    public MovedRuns(
            WireScript script, int[] start, Function<Boolean, ? extends MovableSubject> subjects) {
        this.script = script;
        this.start = start;
        this.subjects = subjects;
    }

    /** Moved runs so far. */
    public int runs() {
        return runs;
    }

    /** Those of them in which each move that was wanted came through. */
    public int moved() {
        return moved;
    }

    /**
     * Run the script along a route, once for each event.
     *
     * @throws AssertionError with the event, when a moved run is not what it has to be
     */
    public void along(Route route) {
        int side = route.startsOffloaded ? 1 : 0;
        int events = Math.min(plain(side).events(), MOST_EVENTS);
        for (int n = 1; n <= events; n++) {
            String what = " [" + route + " after event " + n + "]";
            try {
                once(route, n);
            } catch (AssertionError e) {
                throw new AssertionError(script.name() + what + " " + e.getMessage(), e);
            }
        }
    }

    private WireTrace plain(int side) {
        if (plain[side] == null) {
            try (MovableSubject subject = subjects.apply(side == 1)) {
                plain[side] = WireScriptRunner.run(script, subject, start[0], start[1]);
            }
        }
        return plain[side];
    }

    private void once(Route route, int n) {
        try (MovableSubject subject = subjects.apply(route.startsOffloaded)) {
            Moves moves = new Moves(subject, n, route.moves);
            WireTrace trace = WireScriptRunner.run(script, subject, start[0], start[1], moves);
            runs++;
            moved += moves.done() == route.moves ? 1 : 0;
            compare(route, n, trace);
        }
    }

    private void compare(Route route, int n, WireTrace trace) {
        int giver = route.startsOffloaded ? 1 : 0;
        List<String> is = identities(trace.sent());
        int before = (int) trace.sent().stream().filter(s -> s.event() <= n).count();
        List<String> first = identities(plain(giver).sent());
        List<String> second = identities(plain(1 - giver).sent());
        boolean same =
                same(is, first, trace)
                        || same(is, second, trace)
                        || same(is, spliced(first, second, before), trace);
        if (!same) {
            throw new AssertionError(
                    "sent\n    "
                            + String.join("\n    ", is)
                            + "\n  and not, as the giver\n    "
                            + String.join("\n    ", first)
                            + "\n  nor as the taker\n    "
                            + String.join("\n    ", second));
        }
    }

    private static List<String> identities(List<Sent> sent) {
        return sent.stream().map(Sent::identity).toList();
    }

    private static List<String> spliced(List<String> first, List<String> second, int at) {
        List<String> out = new ArrayList<>(first.subList(0, Math.min(at, first.size())));
        out.addAll(second.subList(Math.min(at, second.size()), second.size()));
        return out;
    }

    /**
     * Equal, but that each ACK which is excused may stand in place of its like at another place, or
     * in addition to all there are, and but for those that are missing.
     */
    private static boolean same(List<String> is, List<String> wanted, WireTrace trace) {
        if (is.equals(wanted)) {
            return true;
        }
        List<Sent> excused = trace.sent().stream().filter(Sent::excused).toList();
        List<String> rest = new ArrayList<>(is);
        List<String> left = new ArrayList<>(wanted);
        for (Sent each : excused) {
            rest.remove(each.identity());
        }
        if (without(trace.missing(), 0, is, left) || without(trace.missing(), 0, rest, left)) {
            return true;
        }
        for (Sent each : excused) {
            left.remove(each.identity());
        }
        return without(trace.missing(), 0, rest, left);
    }

    /** Whether some choice of the ACKs that are missing makes these equal. */
    private static boolean without(
            List<Long> missing, int from, List<String> is, List<String> wanted) {
        if (from == missing.size()) {
            return is.equals(wanted);
        }
        String like = " len 0 ack " + missing.get(from) + " ";
        for (int i = 0; i < wanted.size(); i++) {
            if (wanted.get(i).contains(like)) {
                List<String> fewer = new ArrayList<>(wanted);
                fewer.remove(i);
                if (without(missing, from + 1, is, fewer)) {
                    return true;
                }
            }
        }
        return false;
    }
}
