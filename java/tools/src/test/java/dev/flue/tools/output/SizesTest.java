// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "64KiB, 65536",
        "64k, 65536",
        "1 MiB, 1048576",
        "2G, 2147483648"
    })
    void readsSizesAsPeopleWriteThem(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-1", "1.5MiB", "1XB", "999999999999999999T"})
    void refusesWhatIsNoSizeWithASentence(String text) {
        assertThatThrownBy(() -> Sizes.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @ParameterizedTest
    @CsvSource({"17, 17 B", "67108864, 64 MiB", "1610612736, 1.5 GiB"})
    void writesSizesAsPeopleReadThem(long bytes, String text) {
        assertThat(Sizes.format(bytes)).isEqualTo(text);
    }

    @Test
    void drawsProgressAtMostTenTimesASecondAndWipesItAtTheEnd() {
        ByteArrayOutputStream drawn = new ByteArrayOutputStream();
        PrintStream terminal = new PrintStream(drawn, true, StandardCharsets.UTF_8);
        try (Progress progress = Progress.on(terminal, "carry", 100)) {
            for (int i = 0; i <= 100; i++) {
                progress.update(i, i * 10_000_000L);
            }
        }
        String text = drawn.toString(StandardCharsets.UTF_8);
        assertThat(text.split("\r")).hasSize(1 + 11 + 1);
        assertThat(text).contains("] 50% 50 B").endsWith("\r\u001b[K");
        try (Progress none = Progress.on(null, "carry", 100)) {
            none.update(1, 1);
        }
    }
}
