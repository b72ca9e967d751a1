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
                    + "\"checksum\":\"port\",\"loss\":0,\"p10\":90,\"p50\":100,\"p90\":120},"
                    + "{\"kernel\":\"receive\",\"bytes\":64,\"acks\":\"each\",\"flows\":1,"
                    + "\"checksum\":\"port\",\"loss\":1,\"p50\":200},"
                    + "{\"name\":\"state-pairs\",\"unit\":\"/s\",\"p50\":1.5e6,\"more\":[null,true,"
                    + "\"a \\\"word\\\"\"]},{\"name\":\"nothing\"}]}";

    @Test
    void aLineIsNamedByWhatItIsAboutOrByItsName() {
        Figures figures = EngineFigures.of(SAID);
        String name = EngineFigures.name("receive", 64, "each", 1, "port");
        assertThat(figures.figures())
                .containsOnlyKeys(name, name + "-loss1", "state-pairs")
                .containsEntry(name, new Spread(1, 100, 90, 120))
                .containsEntry("state-pairs", new Spread(1, 1.5e6, 1.5e6, 1.5e6));
        assertThat(figures.units())
                .containsEntry("state-pairs", "/s")
                .containsEntry(name, "cycles");
        assertThat(figures.facts()).containsEntry("tsc_ghz", "2.5").containsEntry("copy_64", "2");
        assertThat(figures.of("nothing").count()).isZero();
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
