// SPDX-License-Identifier: Apache-2.0
package dev.flue.testkit.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The gate of the build: rules, tests and docs/conformance.md agree. */
class ConformanceGateTest {
    private static final Path ROOT = Path.of(System.getProperty("flue.root"));

    private final ConformanceTable table = ConformanceTable.of(ROOT);

    @Test
    void everyRuleThatATestNamesExistsAndNoneIsBothExcusedAndTested() {
        assertThat(table.wrong()).isEmpty();
    }

    @Test
    void everyMustIsTestedOrExcused() {
        assumeStrict();
        assertThat(table.untested()).isEmpty();
    }

    @Test
    void theTableIsWhatTheGeneratorWrites() throws IOException {
        assumeStrict();
        assertThat(Files.readString(ROOT.resolve(ConformanceTable.FILE)))
                .as("%s is out of date; run: %s", ConformanceTable.FILE, ConformanceTable.COMMAND)
                .isEqualTo(table.text());
    }

    private static void assumeStrict() {
        assumeTrue(Boolean.getBoolean("conformance.strict"), "conformance.strict is off");
    }
}
