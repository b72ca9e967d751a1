// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import dev.flue.bench.figures.Spread;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What was measured: for each contestant and workload an outcome of each round, or a reason. */
final class Results {
    private record Cell(String contestant, String workload) {}

    private final int rounds;
    private int done;
    private final Map<Cell, Outcome[]> outcomes = new LinkedHashMap<>();
    private final Map<Cell, String> failures = new LinkedHashMap<>();

    Results(int rounds) {
        this.rounds = rounds;
        this.done = rounds;
    }

    /** There was no time for more than so many. */
    void cut(int value) {
        done = value;
    }

    /** Rounds that were run. */
    int done() {
        return done;
    }

    int rounds() {
        return rounds;
    }

    void add(Schedule.Turn turn, Outcome outcome) {
        if (turn.counts()) {
            outcomes.computeIfAbsent(cell(turn), key -> new Outcome[rounds])[turn.round() - 1] =
                    outcome;
        }
    }

    /** The last reason of each is kept. */
    void failed(Schedule.Turn turn, String reason) {
        failures.put(cell(turn), "round " + turn.round() + ": " + reason);
    }

    private static Cell cell(Schedule.Turn turn) {
        return new Cell(turn.contestant().name(), turn.workload().name());
    }

    /** "" = it never failed. */
    String failure(String contestant, Workload workload) {
        return failures.getOrDefault(new Cell(contestant, workload.name()), "");
    }

    /** A figure for each round; NaN where there is none. */
    double[] figures(String contestant, Workload workload, ToDoubleFunction<Outcome> figure) {
        Outcome[] all = outcomes.get(new Cell(contestant, workload.name()));
        double[] figures = new double[rounds];
        Arrays.fill(figures, Double.NaN);
        for (int i = 0; all != null && i < rounds; i++) {
            figures[i] = all[i] == null ? Double.NaN : figure.applyAsDouble(all[i]);
        }
        return figures;
    }

    /** Of the figure that the workload compares. */
    double[] figures(String contestant, Workload workload) {
        return figures(contestant, workload, workload::figure);
    }

    /** How many times better the one is than the other, round by round; more is better. */
    Spread ratio(String contestant, String against, Workload workload) {
        double[] one = figures(contestant, workload);
        double[] other = figures(against, workload);
        return workload.unit().moreIsBetter()
                ? Spread.ofRatios(one, other)
                : Spread.ofRatios(other, one);
    }

    /** What is left of its own rate in another workload, round by round. */
    Spread ofOwn(String contestant, Workload workload, Workload other) {
        return Spread.ofRatios(
                figures(contestant, workload, Outcome::perSecond),
                figures(contestant, other, Outcome::perSecond));
    }
}
