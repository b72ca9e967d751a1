// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LogLineTest {
    @Test
    void aWarningIsOneLineInTheFormOfTheCommand() {
        LogRecord line = new LogRecord(Level.WARNING, "{0} refused\na connection");
        line.setParameters(new Object[] {"target"});
        assertThat(new LogLine().format(line))
                .isEqualTo("flue: warning: target refused a connection" + System.lineSeparator());
    }

    @Test
    void whatWasThrownAndWhereStandsInTheSameLine() {
        LogRecord line = new LogRecord(Level.WARNING, "a handler failed");
        line.setThrown(new IllegalStateException("gone"));
        assertThat(new LogLine().format(line))
                .startsWith(
                        "flue: warning: a handler failed: java.lang.IllegalStateException: gone")
                .contains(" at " + LogLineTest.class.getName())
                .hasLineCount(1);
    }
}
