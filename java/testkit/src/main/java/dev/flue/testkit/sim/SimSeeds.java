// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.sim;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Runs many seeds, or those of a list, and tells all that failed at the end. */
public final class SimSeeds {
    /** What many runs add up to. */
    public static final class Total {
        public final Map<String, Integer> runsByPair = new TreeMap<>();
        public long runs;
        public long segments;
        public long moves;
        public long retransmittedBytes;
        public long longestNanos;
        private final List<String> failures = new ArrayList<>();

        private void add(SimPlan plan, SimRun.Result result) {
            runsByPair.merge(plan.pair(), 1, Integer::sum);
            segments += result.segments();
            moves += result.moves();
            retransmittedBytes += result.retransmittedBytes();
            longestNanos = Math.max(longestNanos, result.virtualNanos());
        }

        @Override
        public String toString() {
            return String.format(
                    "%d runs, %d failed; %d segments, %d bytes sent again, %d moves, longest %.0f s",
                    runs, failures.size(), segments, retransmittedBytes, moves, longestNanos / 1e9);
        }

        /**
         * Nothing failed.
         *
         * @throws AssertionError with the first failures and all their plans
         */
        public void assertClean() {
            if (!failures.isEmpty()) {
                int shown = Math.min(failures.size(), SHOWN);
                throw new AssertionError(
                        failures.size()
                                + " runs failed"
                                + System.lineSeparator()
                                + String.join(System.lineSeparator(), failures.subList(0, shown)));
            }
        }
    }

    private static final int SHOWN = 10;
    private static final int GIVE_UP = 100;

    private SimSeeds() {}

    /**
     * Run the seeds from..from+count-1.
     *
     * @param twiceEvery every so many-th seed is run twice, and both runs must be the same
     * @param progress hears how far it came, every {@code report} seeds
     */
    public static Total run(
            SimNetwork.Factory factory,
            long from,
            long count,
            int twiceEvery,
            int report,
            Consumer<String> progress) {
        Total total = new Total();
        for (long seed = from; seed < from + count && total.failures.size() < GIVE_UP; seed++) {
            one(total, Long.toString(seed), factory, seed % twiceEvery == 0);
            if ((seed - from + 1) % report == 0) {
                progress.accept("seeds " + from + ".." + seed + ": " + total);
            }
        }
        return total;
    }

    /** Run each plan of a list: a plan or a seed a line, what it once found behind a #. */
    public static Total runList(SimNetwork.Factory factory, Class<?> beside, String resource) {
        Total total = new Total();
        for (String line : read(beside, resource)) {
            String plan = line.replaceAll("#.*", "").trim();
            if (!plan.isEmpty()) {
                one(total, plan, factory, false);
            }
        }
        return total;
    }

    private static void one(Total total, String text, SimNetwork.Factory factory, boolean twice) {
        total.runs++;
        try {
            SimPlan plan = SimPlan.parse(text);
            SimRun.Result result = SimRun.run(plan, factory);
            total.add(plan, result);
            if (twice && !SimRun.run(plan, factory).equals(result)) {
                throw new AssertionError("two runs of one plan differ; replay: " + plan);
            }
        } catch (AssertionError e) {
            total.failures.add(text + ": " + e.getMessage());
        }
    }

    private static List<String> read(Class<?> beside, String resource) {
        try (InputStream in = beside.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + resource);
            }
            InputStreamReader reader = new InputStreamReader(in, StandardCharsets.UTF_8);
            return new BufferedReader(reader).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
