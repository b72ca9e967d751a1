// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.Spread;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The measurements of a run: everybody warms up until that changes nothing any more, then come the
 * rounds. Whoever fails is named and the others go on; whoever fails often is not asked again. One
 * thread.
 */
final class Rounds {
    private static final int FAILURES = 3;

    /** Of the time that there is, this much at most goes into warming up. */
    private static final double WARM_UP_SHARE = 0.45;

    private final Match match;
    private final SideOptions options;
    private final List<Contestant> present;
    private final Results results;
    private final Map<String, Integer> failures = new HashMap<>();
    private long start;
    private long parts;
    private long warm;

    /**
     * @param present those who take part
     */
    Rounds(Match match, SideOptions options, List<Contestant> present) {
        this.match = match;
        this.options = options;
        this.present = present;
        this.results = new Results(options.rounds());
    }

    Results run() {
        List<Schedule.Turn> turns = Schedule.turns(options.rounds(), options.workloads(), present);
        parts =
                turns.stream()
                        .filter(turn -> !turn.counts())
                        .mapToLong(turn -> WarmUp.parts(turn.workload()))
                        .sum();
        begin();
        int round = 0;
        long begun = System.nanoTime();
        for (Schedule.Turn turn : turns) {
            if (turn.round() > round) {
                long took = System.nanoTime() - begun;
                begun = System.nanoTime();
                // The round that warmed up says nothing about how long one takes.
                if (round > 0 && begun - start + took > limit()) {
                    System.out.println("no time for another round");
                    results.cut(round);
                    break;
                }
                round = turn.round();
            }
            if (failures.getOrDefault(turn.contestant().name(), 0) < FAILURES) {
                take(turn);
            }
        }
        return results;
    }

    /** All processes, before the clock runs; who cannot be started will say so when it is asked. */
    private void begin() {
        for (Contestant each : present) {
            try {
                match.begin(each);
            } catch (IOException e) {
                System.out.println(each.name() + " does not start: " + e.getMessage());
            }
        }
        start = System.nanoTime();
    }

    private long limit() {
        return TimeUnit.SECONDS.toNanos(options.seconds());
    }

    private void take(Schedule.Turn turn) {
        String said;
        try {
            said = turn.counts() ? measured(turn) : warmedUp(turn);
        } catch (IOException | IllegalArgumentException e) {
            results.failed(turn, e.getMessage());
            failures.merge(turn.contestant().name(), 1, Integer::sum);
            said = "failed: " + e.getMessage();
        }
        System.out.printf(
                Locale.ROOT,
                "%-8s %-17s %-22s %s%n",
                turn.counts() ? "round " + turn.round() : "warm-up",
                turn.workload().name(),
                turn.contestant().name(),
                said);
    }

    private String measured(Schedule.Turn turn) throws IOException {
        Outcome outcome =
                match.measure(
                        turn.contestant(),
                        turn.workload(),
                        TimeUnit.MILLISECONDS.toNanos(options.millis()));
        results.add(turn, outcome);
        return said(turn.workload(), turn.workload().figure(outcome));
    }

    private String warmedUp(Schedule.Turn turn) throws IOException {
        WarmUp warmUp = new WarmUp(turn.workload());
        warm += WarmUp.parts(turn.workload());
        double last = Double.NaN;
        while (!warmUp.over() && (warmUp.count() == 0 || timeToWarmUp())) {
            Outcome outcome = match.measure(turn.contestant(), turn.workload(), warmUp.nanos());
            last = turn.workload().figure(outcome);
            warmUp.add(outcome);
        }
        return said(turn.workload(), last)
                + (warmUp.stable() ? ", stable after " : ", not stable after ")
                + warmUp.count();
    }

    /**
     * Everybody has a share, of as many parts as the workload takes, and what those before left of
     * theirs.
     */
    private boolean timeToWarmUp() {
        return System.nanoTime() - start < WARM_UP_SHARE * limit() * warm / parts;
    }

    private static String said(Workload workload, double figure) {
        return Spread.number(figure) + " " + workload.unit().label();
    }
}
