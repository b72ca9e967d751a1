// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flue.bench.figures.Spread;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is made of figures, before anybody believes them. */
class StatisticsTest {
    @Test
    void aSpreadIsMedianLeastAndMostAndLeavesOutWhatWasNotMeasured() {
        assertThat(Spread.of(3, 1, Double.NaN, 2)).isEqualTo(new Spread(3, 2, 1, 3));
        assertThat(Spread.of(4, 1)).isEqualTo(new Spread(2, 2.5, 1, 4));
        assertThat(Spread.of(Double.NaN)).hasToString("-");
        assertThat(Spread.of(10, 20, 30)).hasToString("20.0 (10.0 to 30.0)");
    }

    @Test
    void ratiosAreTakenRoundByRoundSoThatABadRoundIsBadForBoth() {
        double[] one = {10, 100, Double.NaN};
        double[] other = {5, 50, 1};
        assertThat(Spread.ofRatios(one, other)).isEqualTo(new Spread(2, 2, 2, 2));
    }

    @ParameterizedTest
    @CsvSource({
        "0.5, 0.50",
        "9.99, 9.99",
        "12.34, 12.3",
        "999, 999",
        "9996, 10.0 k",
        "123456, 123 k",
        "999600, 1.00 M",
        "18500000, 18.5 M"
    })
    void numbersHaveThreeDigits(double value, String text) {
        assertThat(Spread.number(value)).isEqualTo(text);
    }

    @Test
    void everyRoundHasAllContestantsSideBySideAndAnotherOneBegins() {
        List<Contestant> three = List.of(contestant("a"), contestant("b"), contestant("c"));
        List<Workload> two = Workload.ALL.subList(0, 2);
        List<Schedule.Turn> turns = Schedule.turns(2, two, three);
        assertThat(turns).hasSize(3 * 2 * 3);
        assertThat(new HashSet<>(turns)).hasSameSizeAs(turns);
        assertThat(turns.stream().map(turn -> turn.contestant().name()).limit(6))
                .containsExactly("a", "b", "c", "a", "b", "c");
        assertThat(turns.stream().map(turn -> turn.contestant().name()).skip(6).limit(3))
                .containsExactly("b", "c", "a");
        for (int i = 0; i < turns.size(); i += 3) {
            assertThat(turns.subList(i, i + 3))
                    .extracting(Schedule.Turn::workload)
                    .containsOnly(turns.get(i).workload());
        }
        assertThat(turns.stream().filter(turn -> !turn.counts())).hasSize(6);
    }

    @Test
    void whoCannotDoAWorkloadHasNoTurnInIt() {
        Contestant.End end = new Contestant.End(Kind.COPY, List.of(), "");
        Contestant loop = new Contestant("l", "", end, end, "", Set.of("stream-16k"), "");
        assertThat(Schedule.turns(1, Workload.ALL, List.of(loop)))
                .extracting(turn -> turn.workload().name())
                .containsExactly("stream-16k", "stream-16k");
    }

    @Test
    void whoIsWarmDoesNotGetBetterAnyMore() {
        WarmUp warmUp = new WarmUp(Workload.named("messages-64"));
        for (int rate : new int[] {10, 40, 90, 100}) {
            warmUp.add(rate(rate));
            assertThat(warmUp.over()).isFalse();
        }
        warmUp.add(rate(80));
        assertThat(warmUp.over()).as("one of the last two is far from the best").isFalse();
        warmUp.add(rate(95));
        warmUp.add(rate(96));
        assertThat(warmUp.stable()).isTrue();
        WarmUp never = new WarmUp(Workload.named("messages-64"));
        while (!never.over()) {
            never.add(rate(never.count() % 2 == 0 ? 1 : 10));
        }
        assertThat(never.stable()).isFalse();
    }

    @Test
    void whoStoodStillWhileItWasCompiledIsNotWarm() {
        WarmUp warmUp = new WarmUp(Workload.named("request-response"));
        for (int requests : new int[] {30_000, 90_000, 120_000, 110_000, 100}) {
            warmUp.add(new Outcome(requests, 120_000_000, 1, 1, 5_000, 9_000));
        }
        assertThat(warmUp.over()).as("though its median time is the same").isFalse();
    }

    @Test
    void whoDidLittleIsNotWarm() {
        WarmUp warmUp = new WarmUp(Workload.named("request-response"));
        for (int i = 0; i < 9; i++) {
            warmUp.add(new Outcome(10_000, 120_000_000, 1, 1, 5_000, 9_000));
        }
        assertThat(warmUp.over()).isFalse();
        warmUp.add(new Outcome(10_000, 120_000_000, 1, 1, 5_000, 9_000));
        assertThat(warmUp.stable()).isTrue();
    }

    private static Outcome rate(int thousands) {
        return new Outcome(thousands * 1_000L, 1_000, 1, 1, 0, 0);
    }

    @Test
    void aRatioAboveOneIsBetterWhetherMoreOrLessIsBetter() {
        Workload latency = Workload.named("request-response");
        Workload messages = Workload.named("messages-64");
        Results results = new Results(1);
        results.add(turn(0, latency, "a"), new Outcome(1, 1, 1, 1, 1, 1));
        results.add(turn(1, latency, "a"), new Outcome(1, 1, 1, 1, 2_000, 9_000));
        results.add(turn(1, latency, "b"), new Outcome(1, 1, 1, 1, 8_000, 9_000));
        results.add(turn(1, messages, "a"), new Outcome(300, 1_000, 1, 1, 0, 0));
        results.add(turn(1, messages, "b"), new Outcome(100, 1_000, 1, 1, 0, 0));
        assertThat(results.ratio("a", "b", latency).median()).isEqualTo(4);
        assertThat(results.ratio("a", "b", messages).median()).isEqualTo(3);
        assertThat(results.ratio("a", "nobody", messages).count()).isZero();
    }

    @Test
    void anOutcomeGoesFromProcessToProcessAsALine() {
        Outcome outcome = new Outcome(1, 2, 3, -4, 5, 6);
        assertThat(Outcome.of(outcome.line())).isEqualTo(outcome);
        assertThatThrownBy(() -> Outcome.of("operations=1 nanos=2"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Outcome.of("what")).isInstanceOf(IllegalArgumentException.class);
        assertThat(new Outcome(1, 0, 1, 1, 0, 0).perSecond()).isNaN();
        assertThat(new Outcome(5, 1_000_000_000, 125_000_000, 1, 0, 0).gigabitsPerSecond())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 13, 64, 1001, 4096})
    void wordsAddUpToTheSameHoweverTheyAreCutAndAChangedByteShows(int piece) {
        Words written = new Words();
        ByteBuffer bytes = ByteBuffer.allocateDirect(4096);
        written.write(bytes, bytes.capacity());
        assertThat(summed(bytes, piece).sum()).isEqualTo(written.sum());
        assertThat(summed(bytes, piece).bytes()).isEqualTo(written.bytes()).isEqualTo(4096);
        bytes.put(1000, (byte) ~bytes.get(1000));
        assertThat(summed(bytes, piece).sum()).isNotEqualTo(written.sum());
    }

    private static Words summed(ByteBuffer bytes, int piece) {
        Words read = new Words();
        for (int at = 0; at < bytes.capacity(); at += piece) {
            read.read(bytes.slice(at, Math.min(piece, bytes.capacity() - at)));
        }
        return read;
    }

    @Test
    void anEchoThatComesBackChangedIsNotCounted() {
        Echo echo = new Echo(Workload.named("request-response"), Long.MAX_VALUE);
        echo.begin();
        ByteBuffer request = ByteBuffer.allocate(64);
        echo.request(0, request);
        assertThat(echo.outstanding()).isEqualTo(1);
        assertThat(echo.answer(0, request.slice(0, 60))).isFalse();
        assertThat(echo.answer(0, request.slice(60, 4))).isTrue();
        assertThat(echo.outstanding()).isZero();
        assertThat(echo.outcome().operations()).isEqualTo(1);
        echo.request(0, request.clear());
        request.put(5, (byte) ~request.get(5));
        assertThat(echo.answer(0, request.flip())).isTrue();
        assertThatThrownBy(echo::outcome).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void optionsHaveDefaultsAndAWrongOneIsNamed() {
        SideOptions quick = SideOptions.of("--quick", "--output", "x", "--rounds", "3");
        assertThat(quick.rounds()).isEqualTo(3);
        assertThat(quick.millis()).isLessThan(SideOptions.of().millis());
        assertThat(SideOptions.of("--workloads", "stream-1m, messages-64").workloads())
                .extracting(Workload::name)
                .containsExactly("stream-1m", "messages-64");
        for (String wrong :
                Set.of(
                        "--rounds",
                        "--rounds 0",
                        "--millis x",
                        "--what",
                        "--workloads x",
                        "--parts x")) {
            assertThatThrownBy(() -> SideOptions.of(wrong.split(" ")))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void quickLeavesOutVethAndOnlyThoseNamedTakePart() {
        List<Contestant> all = List.of(contestant("netty"), contestant("netty-veth"));
        assertThat(SideOptions.of("--quick").chosen(all))
                .extracting(Contestant::takesPart)
                .containsExactly(true, false);
        assertThat(SideOptions.of("--quick", "--contestants", "netty-veth").chosen(all))
                .extracting(Contestant::takesPart)
                .containsExactly(false, true);
        assertThatThrownBy(() -> SideOptions.of("--contestants", "nobody").chosen(all))
                .hasMessageContaining("netty-veth");
    }

    private static Schedule.Turn turn(int round, Workload workload, String contestant) {
        return new Schedule.Turn(round, workload, contestant(contestant));
    }

    static Contestant contestant(String name) {
        Contestant.End end = new Contestant.End(Kind.NETTY, List.of(), "");
        return new Contestant(name, "The " + name, end, end, "", Set.of(), "");
    }
}
