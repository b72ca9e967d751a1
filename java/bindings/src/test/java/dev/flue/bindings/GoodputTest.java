// SPDX-License-Identifier: Apache-2.0
package dev.flue.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.CongestionAlgorithm;
import dev.flue.testkit.LinkFaults;
import dev.flue.testkit.sim.ConnPlan;
import dev.flue.testkit.sim.EndPlan;
import dev.flue.testkit.sim.Goodput;
import dev.flue.testkit.sim.GoodputModel;
import dev.flue.testkit.sim.HostPlan;
import dev.flue.testkit.sim.SimPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Goodput over loss, round trip and congestion control, of engine and host stack, in virtual time:
 * a table in docs/ that a change in behaviour changes, and the models of the RFCs.
 */
@RequiresFlue
class GoodputTest {
    private static final Path TABLE =
            Path.of(System.getProperty("flue.root", "../.."), "docs/performance/goodput.md");
    private static final int MTU = 1_500;

    /** Of a full segment over IPv4 with timestamps. */
    private static final int PAYLOAD = MTU - 40 - 12;

    private static final int[] LOSSES = {0, 1_000, 10_000, 30_000, 100_000};
    private static final long[] RTTS = {1_000_000, 10_000_000, 50_000_000};
    private static final long[] MODEL_RTTS = {10_000_000, 50_000_000};
    private static final int[] MODEL_LOSSES = {1_000, 10_000, 30_000};
    private static final int BUFFER = 4 << 20;
    private static final long BITS_PER_SECOND = 1_000_000_000;
    private static final double TOLERANCE = 0.15;

    private static SimPlan plan(
            boolean engine, CongestionAlgorithm congestion, int lossPpm, long rtt, long seed) {
        HostPlan host =
                new HostPlan(
                        engine,
                        MTU,
                        BUFFER,
                        BUFFER,
                        HostPlan.SIMPLE.sendChunk(),
                        0,
                        true,
                        true,
                        true,
                        false,
                        congestion,
                        HostPlan.SIMPLE.ackDelayMicros());
        LinkFaults back = LinkFaults.delay(rtt / 2).withBottleneck(BITS_PER_SECOND, 0);
        return new SimPlan(
                seed,
                4,
                List.of(host, host),
                List.of(back.withDrop(lossPpm), back),
                List.of(ConnPlan.SIMPLE),
                List.of(EndPlan.SIMPLE, EndPlan.SIMPLE),
                List.of(),
                List.of());
    }

    private static double measure(SimPlan plan, long segments) {
        long bytes = segments * PAYLOAD;
        return Goodput.measure(NativeSimNetwork::new, plan, bytes / 4, bytes);
    }

    // ---- The table.

    private static final int TABLE_SEGMENTS = 4_000;

    /** With -Dflue.goodput.write=true the table is written, otherwise compared. */
    @Test
    void theTableInTheDocumentationIsWhatTheTcpsReach() throws IOException {
        String table = table();
        if (Boolean.getBoolean("flue.goodput.write")) {
            Files.writeString(TABLE, table);
        }
        assertThat(Files.readString(TABLE))
                .as("docs/performance/goodput.md; -Dflue.goodput.write=true writes it anew")
                .isEqualTo(table);
    }

    private static String table() {
        StringBuilder out = new StringBuilder(INTRODUCTION);
        for (long rtt : RTTS) {
            for (int loss : LOSSES) {
                out.append(row(loss, rtt));
            }
        }
        return out.append(LEGEND).toString();
    }

    private static String row(int loss, long rtt) {
        StringBuilder out = new StringBuilder();
        out.append(String.format("| %d ms | %s %% |", rtt / 1_000_000, percent(loss)));
        for (boolean engine : new boolean[] {true, false}) {
            for (CongestionAlgorithm each : CongestionAlgorithm.values()) {
                double rate = measure(plan(engine, each, loss, rtt, 1), TABLE_SEGMENTS);
                out.append(String.format(" %.1f |", megabits(rate)));
            }
        }
        if (loss == 0) {
            return out.append(" | | | |").append(System.lineSeparator()).toString();
        }
        double p = loss / 1e6;
        double seconds = rtt / 1e9;
        double mathis = GoodputModel.goodput(GoodputModel.mathisWindow(p), seconds, p, PAYLOAD);
        double pftk = GoodputModel.pftkRate(p, seconds, timeout(seconds)) * PAYLOAD * (1 - p);
        double reno = model(CongestionAlgorithm.RENO, p, seconds);
        double cubic = model(CongestionAlgorithm.CUBIC, p, seconds);
        return out.append(
                        String.format(
                                " %.1f | %.1f | %.1f | %.1f |%n",
                                megabits(mathis), megabits(pftk), megabits(reno), megabits(cubic)))
                .toString();
    }

    private static String percent(int ppm) {
        return ppm % 10_000 == 0 ? Integer.toString(ppm / 10_000) : Double.toString(ppm / 10_000.0);
    }

    private static double megabits(double bytes) {
        return bytes * 8 / 1e6;
    }

    /** RTO of a steady round trip: its floor of 200 ms, which the variance is then. */
    private static double timeout(double rttSeconds) {
        return rttSeconds + 0.2;
    }

    // ---- The models.

    private static final int[] MODEL_SEGMENTS = {60_000, 20_000, 20_000};
    private static final int MODEL_SEEDS = 4;

    @Test
    void theEngineReachesWhatTheModelsOfRenoSay() {
        compare(CongestionAlgorithm.RENO, MODEL_SEEDS);
    }

    @Test
    void theEngineReachesWhatTheModelsOfCubicSay() {
        compare(CongestionAlgorithm.CUBIC, MODEL_SEEDS);
    }

    @Test
    @Tag("long")
    void manySeedsReachWhatTheModelsSay() {
        compare(CongestionAlgorithm.RENO, 20);
        compare(CongestionAlgorithm.CUBIC, 20);
    }

    private static void compare(CongestionAlgorithm congestion, int seeds) {
        List<String> outside = new ArrayList<>();
        for (long rtt : MODEL_RTTS) {
            for (int i = 0; i < MODEL_LOSSES.length; i++) {
                int loss = MODEL_LOSSES[i];
                // The same number of segments each time: times add up, rates do not.
                double time = 0;
                for (int seed = 1; seed <= seeds; seed++) {
                    time += 1 / measure(plan(true, congestion, loss, rtt, seed), MODEL_SEGMENTS[i]);
                }
                double ratio = seeds / time / model(congestion, loss / 1e6, rtt / 1e9);
                String cell =
                        String.format(
                                "%s, %s %%, %d ms: %.2f of the model",
                                congestion, percent(loss), rtt / 1_000_000, ratio);
                System.out.println(cell);
                if (Math.abs(ratio - 1) > TOLERANCE) {
                    outside.add(cell);
                }
            }
        }
        assertThat(outside).as("cells that are not within 15 %% of the model").isEmpty();
    }

    private static double model(CongestionAlgorithm congestion, double loss, double rtt) {
        double window =
                congestion == CongestionAlgorithm.RENO
                        ? GoodputModel.renoWindow(loss)
                        : GoodputModel.cubicWindow(loss, rtt);
        return GoodputModel.goodput(window, rtt, loss, PAYLOAD);
    }

    private static final String INTRODUCTION =
            """
            # Goodput in virtual time

            One connection sends for ever over a link of the simulator of 1 Gbit/s, whose queue has no end and which loses
            each frame of data with the same probability, independently; windows of 4 MiB, MSS 1460, timestamps, SACK.
            Mbit/s of payload that arrives: 4,000 segments, after 1,000 that are not counted, so a figure at 0.1 % is one
            of four losses or so. The run is deterministic: a change in behaviour is a diff here.

            ```
            mvn -pl java/bindings -am test -Dtest=GoodputTest -Dsurefire.failIfNoSpecifiedTests=false -Dflue.goodput.write=true
            ```

            | round trip | loss | engine Reno | engine CUBIC | Java Reno | Java CUBIC | Mathis | PFTK | Reno model | CUBIC model |
            |---|---|---|---|---|---|---|---|---|---|
            """;

    private static final String LEGEND =
            """

            * **Mathis**: MSS/RTT * sqrt(3/2)/sqrt(p). The constant is the one without delayed ACKs: both TCPs count bytes
              (RFC 3465), so how many segments an ACK stands for makes no difference to a large window. Of a small one the
              last segment of an odd number would wait for its ACK while nothing else is under way, which is why both
              receivers acknowledge each segment for a while once one has come out of order.
            * **PFTK**: the full formula with timeouts, T0 = RTT + 200 ms. It is of a Reno that meets a timeout whenever there
              are not three duplicate ACKs; with SACK, RACK and tail loss probes there are few, so it is a lower bound.
            * At 10 % both are below Mathis: a recovery, in which the window does not grow, comes every few round trips; and
              where a segment that was sent again is lost, too, with all that is under way beside it, nothing draws an ACK.
              RFC 8985 has no probe in a recovery, so 200 ms pass: with the engine's Reno 24 times in 10,000 segments, at
              3 % three times in 100,000. At 1 ms that is nearly half of the time.
            * **Reno model**, **CUBIC model**: what the RFCs say, round by round, under the random losses of this link
              (`GoodputModel`, which lists the rules). The formula of Mathis, and that of RFC 9438, 5.1, which is the same at
              these losses and round trips, have one loss in 1/p segments, always at the top of the saw tooth. Random losses
              come earlier and later. Of large windows Reno's constant is 1.31 then instead of 1.22. CUBIC is often beyond
              the window of the last loss, from where on it grows as fast as Reno (4.3), and after a loss it keeps 0.7: 1.41.
              Of small windows both are less, as a window has whole segments, and a recovery takes a round trip.
            * Without loss the link is the limit, and at 50 ms the window, 4 MiB a round trip, after slow start.
            * The models know neither slow start nor timeouts.
            * That the engine is within 15 % of the models at 0.1, 1 and 3 %, 10 and 50 ms, over many more segments and
              several seeds, is a test (`GoodputTest`), which prints each cell.
            """;
}
