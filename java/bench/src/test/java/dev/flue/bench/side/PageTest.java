// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The page and the JSON of a run that was never run. */
class PageTest {
    private final Workload echo = Workload.named("request-response");
    private final Workload stream = Workload.named("stream-16k");
    private final Page page = page();

    private Page page() {
        Contestant flue = StatisticsTest.contestant(Contestants.MEMIF);
        Contestant nio = StatisticsTest.contestant(Contestants.NIO_SPINNING);
        Contestant absent = StatisticsTest.contestant("z").without("it is not there");
        Results results = new Results(2);
        for (int round = 0; round <= 2; round++) {
            Outcome fast = new Outcome(500_000, 1_000_000_000, 64, 1, 2_000, 3_000);
            Outcome slow = new Outcome(50_000, 1_000_000_000, 64, 1, 12_000, 30_000);
            results.add(new Schedule.Turn(round, echo, flue), fast);
            results.add(new Schedule.Turn(round, echo, nio), slow);
        }
        results.add(
                new Schedule.Turn(2, stream, nio),
                new Outcome(10, 1_000_000_000, 1_000_000_000, 1, 0, 0));
        results.failed(new Schedule.Turn(1, stream, nio), "it \"broke\"");
        return new Page(
                "flue bench",
                Map.of("processor", "a fast one"),
                "reno",
                "0.1 0.2 0.3",
                "2.0 1.0 0.5",
                400,
                List.of(echo, stream),
                List.of(flue, nio, absent),
                results);
    }

    @Test
    void thePageHasRatiosFirstThenFiguresThenWhoIsAbsentThenTheMachineAndTheMethod() {
        String text = page.markdown();
        assertThat(text)
                .contains("| The flue-memif | The nio-spinning | 6.00 (6.00 to 6.00) | 6.00 |")
                .contains("| 500 k (500 k to 500 k) | 2.00 (2.00 to 2.00) | 3.00 (3.00 to 3.00) |")
                .contains("(failed in round 1: it \"broke\") | 10.0 (10.0 to 10.0) | 8.00")
                .contains("- The z: it is not there")
                .contains("| processor | a fast one |", "| load before | 0.1 0.2 0.3 |", "reno");
        List<Integer> places = new ArrayList<>();
        for (String title : List.of("Ratios", echo.title(), "Not measured here", "The machine")) {
            places.add(text.indexOf("\n## " + title));
        }
        assertThat(places).isSorted().doesNotContain(-1);
    }

    @Test
    void theJsonHasEveryRoundsFigureAndNullWhereThereIsNone() {
        assertThat(page.json())
                .startsWith("{\"command\":\"flue bench\",\"machine\":{\"processor\":\"a fast one\"")
                .contains("\"p50_nanos\":[2000.0,2000.0]")
                .contains("\"per_second\":[null,10.0],\"failed\":\"round 1: it \\\"broke\\\"\"")
                .contains("\"skipped\":{\"z\":\"it is not there\"}");
    }

    @Test
    void whoNeedsMoreProcessorsOrDpdkIsSkippedWithAReason() {
        try (Networks networks = Networks.none("no namespaces")) {
            List<Contestant> two = Contestants.of(2, "", "no program", networks);
            assertThat(two.stream().filter(each -> each.threads() > 2))
                    .isNotEmpty()
                    .allMatch(each -> each.skipped().contains("this machine has 2 CPUs"));
            assertThat(two.stream().filter(each -> each.name().endsWith("-veth")))
                    .isNotEmpty()
                    .allMatch(each -> each.skipped().equals("no namespaces"));
            assertThat(two.stream().filter(each -> each.name().equals(Contestants.COPY)))
                    .allMatch(each -> each.skipped().equals("no program"));
            assertThat(two.stream().filter(each -> each.name().contains("kernel")))
                    .hasSize(5)
                    .allMatch(each -> each.skipped().equals("no namespaces"));
            assertThat(two.stream().filter(Contestant::takesPart)).hasSize(6);
            List<Contestant> noDpdk = Contestants.of(4, "no DPDK", "", networks);
            assertThat(noDpdk.stream().filter(Contestant::takesPart))
                    .hasSize(4)
                    .noneMatch(each -> each.name().contains("flue"));
        }
    }
}
