// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.Records;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Shrinks a plan that fails: connections, moves and changes are left out one by one, then every
 * number of every part is made the simplest one, or half, as long as the run still fails.
 */
public final class SimMinimizer {
    private static final LinkFaults NO_FAULTS = SimPlan.SIMPLE_LINK;
    private static final int SEEDS = 3;

    private static final String HOSTS = "hosts";
    private static final String LINKS = "links";
    private static final String CONNECTIONS = "connections";
    private static final String ENDS = "ends";
    private static final String MOVES = "moves";
    private static final String MTUS = "mtus";

    private final Predicate<SimPlan> fails;
    private final int mostRuns;
    private int runs;

    /**
     * @param fails runs a plan
     * @param mostRuns after so many runs what was found by then is the result
     */
    public SimMinimizer(Predicate<SimPlan> fails, int mostRuns) {
        this.fails = fails;
        this.mostRuns = mostRuns;
    }

    /** How often it ran a plan. */
    public int runs() {
        return runs;
    }

    /** The smallest plan found that still fails; the plan itself when it does not fail. */
    public SimPlan minimize(SimPlan plan) {
        if (!tried(plan)) {
            return plan;
        }
        SimPlan best = plan;
        SimPlan before;
        do {
            before = best;
            best = once(best);
        } while (!best.equals(before) && runs < mostRuns);
        return best;
    }

    /** Each thing once: what may go is gone, what may not stays and is not tried again. */
    private SimPlan once(SimPlan plan) {
        SimPlan best = plan;
        List<SimPlan> candidates = smaller(best);
        for (int i = 0; i < candidates.size() && runs < mostRuns; ) {
            SimPlan each = candidates.get(i);
            if (!each.equals(best) && tried(each)) {
                best = each;
                candidates = smaller(best);
            } else {
                i++;
            }
        }
        return best;
    }

    private boolean tried(SimPlan plan) {
        runs++;
        return fails.test(plan);
    }

    /** Plans with one thing less, those with much less first. */
    private static List<SimPlan> smaller(SimPlan plan) {
        List<SimPlan> out = new ArrayList<>();
        for (int i = 0; plan.connections().size() > 1 && i < plan.connections().size(); i++) {
            SimPlan less = withoutConnection(plan, i);
            // Without it the faults hit other frames: perhaps those of another seed hit as well.
            for (int seed = 0; seed < SEEDS; seed++) {
                out.add(Records.with(less, "seed", plan.seed() + seed));
            }
        }
        for (int i = 0; i < plan.moves().size(); i++) {
            out.add(Records.with(plan, MOVES, without(plan.moves(), i)));
        }
        for (int i = 0; i < plan.mtus().size(); i++) {
            out.add(Records.with(plan, MTUS, without(plan.mtus(), i)));
        }
        simpler(plan.links(), NO_FAULTS, each -> out.add(Records.with(plan, LINKS, each)));
        simpler(plan.hosts(), HostPlan.SIMPLE, each -> out.add(Records.with(plan, HOSTS, each)));
        simpler(plan.ends(), EndPlan.SIMPLE, each -> out.add(Records.with(plan, ENDS, each)));
        simpler(
                plan.connections(),
                ConnPlan.SIMPLE,
                each -> out.add(Records.with(plan, CONNECTIONS, each)));
        simpler(plan.moves(), MovePlan.SIMPLE, each -> out.add(Records.with(plan, MOVES, each)));
        simpler(plan.mtus(), MtuPlan.SIMPLE, each -> out.add(Records.with(plan, MTUS, each)));
        return out;
    }

    private interface Sink<R> {
        void add(List<R> list);
    }

    /** Lists with one part simpler: all of it at once, then value by value. */
    private static <R extends Record> void simpler(List<R> list, R simple, Sink<R> sink) {
        for (int i = 0; i < list.size(); i++) {
            int at = i;
            R part = list.get(i);
            if (part.equals(simple)) {
                continue;
            }
            sink.add(with(list, at, each -> simple));
            int components = part.getClass().getRecordComponents().length;
            for (int c = 0; c < components; c++) {
                Object own = Records.get(part, c);
                Object usual = Records.get(simple, c);
                if (own.equals(usual)) {
                    continue;
                }
                int component = c;
                sink.add(with(list, at, each -> Records.with(each, component, usual)));
                Object half = halfway(own, usual);
                if (half != null) {
                    sink.add(with(list, at, each -> Records.with(each, component, half)));
                }
            }
        }
    }

    /** Between the two, nearer to the usual one; null when nothing is. */
    private static Object halfway(Object own, Object usual) {
        if (own instanceof Integer a && usual instanceof Integer b) {
            // Halves of what means "no limit" are limits, and no simpler.
            int half = b == Integer.MAX_VALUE ? a : b + (a - b) / 2;
            return half == a || half == b ? null : (Object) half;
        }
        if (own instanceof Long a && usual instanceof Long b) {
            long half = b + (a - b) / 2;
            return half == a || half == b ? null : (Object) half;
        }
        return null;
    }

    private static <R> List<R> with(List<R> list, int at, UnaryOperator<R> change) {
        List<R> copy = new ArrayList<>(list);
        copy.set(at, change.apply(copy.get(at)));
        return copy;
    }

    private static <R> List<R> without(List<R> list, int at) {
        List<R> copy = new ArrayList<>(list);
        copy.remove(at);
        return copy;
    }

    private static SimPlan withoutConnection(SimPlan plan, int gone) {
        List<EndPlan> ends = new ArrayList<>(plan.ends());
        ends.remove(2 * gone + 1);
        ends.remove(2 * gone);
        List<MovePlan> moves = new ArrayList<>();
        for (MovePlan move : plan.moves()) {
            int now = move.connection() > gone ? move.connection() - 1 : move.connection();
            if (move.connection() != gone) {
                moves.add(new MovePlan(move.event(), move.every(), now, move.end()));
            }
        }
        return new SimPlan(
                plan.seed(),
                plan.ipVersion(),
                plan.hosts(),
                plan.links(),
                without(plan.connections(), gone),
                ends,
                moves,
                plan.mtus());
    }
}
