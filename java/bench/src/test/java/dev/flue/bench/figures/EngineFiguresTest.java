// SPDX-License-Identifier: Apache-2.0
package dev.flue.bench.figures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the program in C says becomes figures, and whatever goes wrong a reason. */
class EngineFiguresTest {
    private static final String SAID =
            "{\"unit\":\"TSC\",\"calibration\":{\"tsc_ghz\":2.5,\"copy_64\":2},\"results\":[\n"
                    + "{\"kernel\":\"receive\",\"bytes\":64,\"acks\":\"each\",\"flows\":1,"
                    + "\"checksum\":\"port\",\"loss\":0,\"p10\":90,\"p50\":100,\"p90\":120,\"quiet\":7},"
                    + "{\"kernel\":\"receive\",\"bytes\":64,\"acks\":\"each\",\"flows\":1,"
                    + "\"checksum\":\"port\",\"loss\":1,\"p50\":200,\"quiet\":98},"
                    + "{\"name\":\"state-pairs\",\"unit\":\"/s\",\"p50\":1.5e6},{\"more\":[null,true,\"a \\\"word\\\"\"]}]}";

    @Test
    void aLineIsNamedByWhatItIsAbout() {
        Figures figures = EngineFigures.of(SAID);
        String name = EngineFigures.name("receive", 64, "each", 1, "port");
        assertThat(figures.figures())
                .containsOnlyKeys(name, name + "-loss1", EngineFigures.PAIRS)
                .containsEntry(name, new Spread(1, 100, 90, 120));
        assertThat(figures.units()).containsEntry(name, "cycles");
        assertThat(figures.facts()).containsEntry("tsc_ghz", "2.5").containsEntry("copy_64", "2");
        assertThat(figures.facts())
                .containsEntry(
                        "undisturbed, percent of a line's repetitions",
                        "7 to 98, 53 on the average");
        assertThat(figures.of("nothing").count()).isZero();
    }

    @Test
    void aMillionConnectionsAndPairsHaveNamesAndTheirRatesFollowTheirCycles() {
        Figures pairs =
                EngineFigures.of(
                        "{\"pair_p10\":800,\"pair_p50\":1000,\"pair_p90\":2000,"
                                + "\"pairs_per_second\":2e6}");
        assertThat(pairs.figures())
                .containsEntry(EngineFigures.PAIRS, new Spread(1, 2e6, 1e6, 2.5e6));
        Figures million =
                EngineFigures.of(
                        "{\"flows\":1000000,\"contexts_and_table_bytes\":335544320,"
                                + "\"receive_64_burst\":{\"p10\":400,\"p50\":500,\"p90\":1000,"
                                + "\"segments_per_second\":5e6}}");
        assertThat(million.and(pairs).figures())
                .containsEntry(EngineFigures.MEMORY, new Spread(1, 320, 320, 320))
                .containsEntry(EngineFigures.SEGMENTS, new Spread(1, 5e6, 2.5e6, 6.25e6))
                .containsKey(EngineFigures.PAIRS);
    }

    @Test
    void ofSeveralRunsTheMediansAreASpread() {
        Figures one = EngineFigures.of(SAID);
        Figures two = EngineFigures.of(SAID.replace("\"p50\":100", "\"p50\":140"));
        String name = EngineFigures.name("receive", 64, "each", 1, "port");
        assertThat(Figures.together(List.of(one, Figures.none("broke"), two, two)).of(name))
                .isEqualTo(new Spread(3, 140, 100, 140));
        assertThat(Figures.together(List.of(Figures.none("a"), Figures.none("b"))).missing())
                .isEqualTo("b");
    }

    @Test
    void aQuotientOfTwoSpreadsIsBetweenTheLeastAndTheMostItCanBe() {
        assertThat(new Spread(1, 10, 8, 12).over(new Spread(1, 5, 4, 8)))
                .isEqualTo(new Spread(1, 2, 1, 3));
        assertThat(new Spread(1, 10, 8, 12).times(0.5)).isEqualTo(new Spread(1, 5, 4, 6));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{", "[]", "{}", "{\"results\":[}", "{\"results\":[]} x", "{\"a\":b}"})
    void whatIsNoneOfItIsRefused(String said) {
        assertThatThrownBy(() -> EngineFigures.of(said))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aProgramThatFailsOrIsNotThereLeavesAReason() {
        assertThat(EngineFigures.run(Path.of("/bin/false")).missing()).contains("ended with 1");
        assertThat(EngineFigures.run(Path.of("/no/such/program")).missing()).contains("/no/such");
        assertThat(EngineFigures.run(Path.of("/bin/echo")).missing()).contains("no JSON");
    }
}
