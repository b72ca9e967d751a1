// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.side;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.bench.figures.EngineFigures;
import dev.flue.bench.figures.Figures;
import dev.flue.bench.figures.JmhFigures;
import dev.flue.bench.figures.Spread;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page, the JSON and the pictures of a run that was never run. */
class PageTest {
    private static final long SECOND = 1_000_000_000;

    private final Workload echo = Workload.named("request-response");
    private final Workload stream = Workload.named("stream-16k");
    private final Workload many = Workload.named("echo-10000");
    private final Workload few = Workload.named("echo-100");
    private final Run run = run();

    private Run run() {
        Contestant flue = StatisticsTest.contestant(Contestants.MEMIF);
        Contestant nio = StatisticsTest.contestant(Contestants.NIO_SPINNING);
        Contestant netty = StatisticsTest.contestant(Contestants.NETTY);
        Contestant absent = StatisticsTest.contestant("z").without("it is not there");
        Results results = new Results(3);
        results.cut(2);
        for (int round = 0; round <= 2; round++) {
            results.add(turn(round, echo, flue), new Outcome(500_000, SECOND, 64, 1, 2_000, 3_000));
            results.add(turn(round, echo, nio), new Outcome(50_000, SECOND, 64, 1, 12_000, 30_000));
            results.add(turn(round, few, flue), new Outcome(1_000_000, SECOND, 64, 1, 1, 2));
            results.add(turn(round, many, flue), new Outcome(600_000, SECOND, 64, 1, 1, 2));
            results.add(turn(round, many, nio), new Outcome(50_000, SECOND, 64, 1, 1, 2));
        }
        results.add(turn(2, stream, nio), new Outcome(10, SECOND, SECOND, 1, 0, 0));
        results.failed(turn(1, stream, nio), "it \"broke\"");
        return new Run(
                "flue bench",
                Map.of("processor", "a fast one", "load before", "0.1 0.2 0.3"),
                "reno",
                300,
                List.of(echo, stream, few, many),
                List.of(flue, nio, netty, absent),
                results,
                new Figures(
                        Map.of(
                                EngineFigures.name("receive", 64, "each", 1, "port"),
                                new Spread(3, 112, 56, 224),
                                EngineFigures.name("receive", 64, "each", 32, "port"),
                                new Spread(3, 150, 140, 160)),
                        Map.of(),
                        Map.of("copy_64", "2"),
                        ""),
                new Figures(
                        Map.of(
                                JmhFigures.TREE,
                                new Spread(5, 400_000, 1, 1e6),
                                "SendBenchmark.x" + JmhFigures.ALLOCATED,
                                new Spread(5, .01, 0, .1),
                                "BurstBenchmark.y",
                                new Spread(5, 9, 9, 9),
                                "BurstBenchmark.y" + JmhFigures.ALLOCATED,
                                new Spread(5, 24, 8, 24)),
                        Map.of(),
                        Map.of(),
                        ""));
    }

    private static Schedule.Turn turn(int round, Workload workload, Contestant contestant) {
        return new Schedule.Turn(round, workload, contestant);
    }

    private Shown shown(int number, String name) {
        return run.shown().stream()
                .filter(each -> each.number() == number && each.name().startsWith(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aFigureIsReachedWhenItsMedianIs() {
        Shown latency = shown(1, "flue-memif");
        assertThat(latency.measured()).isEqualTo(new Spread(2, 6, 6, 6));
        assertThat(latency.reached()).isTrue();
        Shown echoes = shown(8, "flue-memif : nio-spinning, echo");
        assertThat(echoes.measured().median()).isEqualTo(12);
        assertThat(echoes.reached()).isTrue();
        Shown own = shown(8, "flue-memif, own");
        assertThat(own.measured().median()).isEqualTo(0.6);
        assertThat(own.reached()).isFalse();
        assertThat(shown(4, "receive 64").measured()).isEqualTo(new Spread(3, 1, 0.5, 2));
        assertThat(shown(4, "receive 64").reached()).isTrue();
        assertThat(shown(7, "pairs, Java").reached()).isFalse();
        // The worst of all is what counts.
        assertThat(shown(10, "allocation").measured().median()).isEqualTo(24);
        assertThat(shown(10, "allocation").reached()).isFalse();
    }

    @Test
    void everyFigureHasANameOfItsOwn() {
        assertThat(run.shown())
                .extracting(each -> each.number() + each.name())
                .doesNotHaveDuplicates();
    }

    @Test
    void nothingIsReachedThatWasNotMeasuredAndTheReasonIsSaid() {
        assertThat(run.shown()).filteredOn(each -> !each.known()).noneMatch(Shown::reached);
        assertThat(shown(1, "flue-ring").measuredText()).contains("flue-ring: there is none");
        assertThat(shown(2, "flue-memif").measuredText()).contains("messages-64 was not asked for");
        assertThat(shown(5, "16,384").measuredText()).contains("no such line");
        assertThat(shown(6, "memory").verdict()).isEqualTo("-");
    }

    @Test
    void thePageHasRatiosFirstThenPicturesThenTheMethodThenEveryFigure() {
        String text = Page.markdown(run, Map.of("bench-x.svg", "what x is"), "");
        assertThat(text)
                .contains("| The nio-spinning | at least 6.00× | 6.00× (6.00 to 6.00) | **yes** |")
                .contains("| at least 0.70× | 0.60× (0.60 to 0.60) | no |")
                .contains("![what x is](bench-x.svg)")
                .contains("Then 2 rounds (of 3: there was no time for more)")
                .contains("| 500 k (500 k to 500 k) | 2.00 (2.00 to 2.00) | 3.00 (3.00 to 3.00) |")
                .contains("(failed in round 1: it \"broke\") | 10.0 (10.0 to 10.0) | 8.00")
                .contains("- The z: it is not there", "- The nio-spinning, stream-16k: failed in")
                .contains("| BurstBenchmark.y | 9.00 (9.00 to 9.00) | , 24.0 B per operation |")
                .contains("| processor | a fast one |", "| load before | 0.1 0.2 0.3 |", "reno")
                .contains("| calibration: copy_64 | 2 |");
        List<Integer> places = new ArrayList<>();
        for (String title : List.of("# Measured", "## Ratios", "## Pictures", "## Method")) {
            places.add(text.indexOf(title + "\n"));
        }
        places.set(0, 0);
        places.add(text.indexOf("\n### Not measured here"));
        places.add(text.indexOf("\n### The machine"));
        places.add(text.indexOf("\n### " + echo.title()));
        assertThat(places).isSorted().doesNotContain(-1);
        assertThat(Page.markdown(run, Map.of(), "no fonts")).contains("None: no fonts.");
    }

    @Test
    void theJsonHasEveryRoundsFigureAndNullWhereThereIsNone() {
        assertThat(PageJson.of(run))
                .startsWith("{\"command\":\"flue bench\",\"machine\":{")
                .contains("\"p50_nanos\":[2000.0,2000.0,null]")
                .contains(
                        "\"per_second\":[null,10.0,null],\"failed\":\"round 1: it \\\"broke\\\"\"")
                .contains(
                        "\"reach\":6.0,\"median\":6.0,\"least\":6.0,\"most\":6.0,\"reached\":true")
                .contains("\"reached\":false,\"missing\":\"no such line\"")
                .contains("\"skipped\":{\"z\":\"it is not there\"}");
    }

    @Test
    void everyPictureIsXmlAndOneWithoutFiguresIsLeftOut(@TempDir Path directory) throws Exception {
        Map<String, String> pictures = Pictures.draw(directory, run);
        assertThat(pictures)
                .containsOnlyKeys(
                        "bench-shows.svg",
                        "bench-request-response.svg",
                        "bench-stream-16k.svg",
                        "bench-echo.svg",
                        "bench-engine.svg");
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        for (String each : pictures.keySet()) {
            assertThat(
                            factory.newDocumentBuilder()
                                    .parse(directory.resolve(each).toFile())
                                    .getDocumentElement()
                                    .getTagName())
                    .isEqualTo("svg");
        }
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
